"""A message summary: what a mailbox says of itself (RFC 3842 5.2, RFC 6665 8.2.2)."""

from __future__ import annotations

import re

from firmware.agent.target import party_of
from firmware.frozen import frozen
from firmware.sip.address import NameAddress
from firmware.sip.errors import RemoteProtocolError
from firmware.sip.fields import read_seconds
from firmware.sip.grammar import Parameters, unquote
from firmware.sip.message import Request
from firmware.sip.uri import parse_uri

PACKAGE = "message-summary"
SUMMARY = "application/simple-message-summary"

BODY_BYTES_MAX = 4096
"""Far more than the lines that count; what mailboxes add about each message is passed over."""

COUNT_MAX = 9999
"""No screen shows more messages."""

_COUNTS = re.compile(r"(\d{1,9})\s*/\s*(\d{1,9})")


@frozen
class MessageSummary:
    """What waits; `new` is 0 too where the mailbox does not count."""

    waiting: bool
    new: int = 0
    old: int = 0
    mailbox: str = ""  # The number or address where messages are heard, "" where it is not said.

    @classmethod
    def parse(cls, body: bytes) -> MessageSummary:
        """Read the body of a NOTIFY; raises `RemoteProtocolError` where it tells nothing."""
        fields: dict[str, str] = {}
        for line in body[:BODY_BYTES_MAX].decode("utf-8", "replace").splitlines():
            name, colon, value = line.partition(":")
            if colon:
                fields.setdefault(name.strip().lower(), value.strip())
        waiting = fields.get("messages-waiting", "").lower()
        if waiting not in {"yes", "no"}:
            raise RemoteProtocolError("Messages-Waiting is missing")
        counts = _COUNTS.match(fields.get("voice-message", ""))
        new, old = (min(int(count), COUNT_MAX) for count in counts.groups()) if counts else (0, 0)
        return cls(waiting == "yes", new, old, _number(fields.get("message-account", "")))


def _number(account: str) -> str:
    """Return a mailbox as it is dialled; one that cannot be read is none."""
    try:
        return party_of(NameAddress(parse_uri(account))).number if account else ""
    except RemoteProtocolError:
        return ""


def check_summary(notify: Request) -> None:
    """Refuse a NOTIFY that is no message summary: raises `RemoteProtocolError` (RFC 6665 4.1.3)."""
    package = (notify.headers.get("Event") or "").partition(";")[0].strip().lower()
    if package != PACKAGE:
        raise RemoteProtocolError("no such event", 489, (("Allow-Events", PACKAGE),))
    content = notify.content_type
    if notify.body and (content is None or content.name != SUMMARY):
        raise RemoteProtocolError("not a message summary", 415, (("Accept", SUMMARY),))


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
