"""An event package, and what NOTIFY says of a subscription to it (RFC 6665 4.1.3, 7)."""

from __future__ import annotations

from firmware.frozen import frozen
from firmware.sip.errors import RemoteProtocolError
from firmware.sip.fields import read_seconds
from firmware.sip.grammar import Parameters, unquote
from firmware.sip.message import Request


@frozen
class Package:
    """One of them: the word of its Event field, and the type of what NOTIFY carries."""

    name: str
    content: str

    def check(self, notify: Request) -> None:
        """Refuse a NOTIFY of something else: raises `RemoteProtocolError` (RFC 6665 4.1.3)."""
        event = (notify.headers.get("Event") or "").partition(";")[0].strip().lower()
        if event != self.name:
            raise RemoteProtocolError("no such event", 489, (("Allow-Events", self.name),))
        content = notify.content_type
        if notify.body and (content is None or content.name != self.content):
            raise RemoteProtocolError(f"not {self.content}", 415, (("Accept", self.content),))


@frozen
class Standing:
    """Where a subscription stands, as its NOTIFY says (RFC 6665 4.1.3)."""

    state: str  # "active", "pending", "terminated".
    reason: str = ""
    expires_s: int | None = None
    retry_after_s: int | None = None

    @classmethod
    def of(cls, notify: Request) -> Standing:
        """Read Subscription-State; where a notifier leaves it out, it tells of what it serves."""
        text = notify.headers.get("Subscription-State") or "active"
        state, semicolon, rest = text.partition(";")
        parameters = Parameters.parse(f"{semicolon}{rest}".strip())

        def seconds(name: str) -> int | None:
            value = parameters.get(name)
            return None if value is None else read_seconds(name, value)

        return cls(
            state.strip().lower(),
            unquote(parameters.get("reason") or "").lower(),
            seconds("expires"),
            seconds("retry-after"),
        )
