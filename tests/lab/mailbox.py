"""A lab's voice mail: who has how many messages, told to subscribers and to who never asked.

One mailbox for each user. Who is registered and has not subscribed is told by NOTIFY outside a
dialog (RFC 3842). It also says check-sync, which is such a NOTIFY.
"""

from __future__ import annotations

from firmware.sip.message import Request
from firmware.sip.uri import parse_uri
from tests.lab.notifier import Notifier, Post, Subscriber


class Mailboxes(Notifier):
    """All of them."""

    package = "message-summary"
    content = "application/simple-message-summary"
    name = "mailbox"

    def __init__(self, post: Post) -> None:
        super().__init__(post)
        self.number = ""  # Where messages are heard.
        self._counts: dict[str, list[int]] = {}  # New ones and old ones.

    def leave(self, user: str) -> None:
        """Somebody leaves a message."""
        self._counts.setdefault(user, [0, 0])[0] += 1
        self._news(user)

    def hear(self, user: str) -> None:
        """A user hears all messages: they are old ones now."""
        new, old = self._counts.get(user, (0, 0))
        self._counts[user] = [0, old + new]
        self._news(user)

    def resync(self, user: str, parameters: str = "") -> None:
        """Want a phone to fetch its configuration anew: `parameters` may be ";reboot=true"."""
        address = f"sip:{user}@{self._domain}"
        sender = f"<sip:{self._domain}>;tag={self._new_id(4)}"
        fields = self._fields(1, sender, f"<{address}>", self._new_id(8))
        headers = fields.set("Event", f"check-sync{parameters}")
        self._send(Request("NOTIFY", parse_uri(address), headers, b""))

    def _news(self, user: str) -> None:
        """Tell who has subscribed, else whoever is registered."""
        if self._tell(user):
            return
        address = f"sip:{user}@{self._domain}"
        sender = f"<sip:{self.name}@{self._domain}>;tag={self._new_id(4)}"
        fields = self._fields(1, sender, f"<{address}>", self._new_id(8))
        nobody = Subscriber(user, Request("NOTIFY", parse_uri(address), fields, b""), "")
        self._send(self._told(nobody, parse_uri(address), fields, "active"))

    def _body(self, subscriber: Subscriber) -> str:
        new, old = self._counts.get(subscriber.user, (0, 0))
        lines = [
            f"Messages-Waiting: {'yes' if new else 'no'}",
            *([f"Message-Account: sip:{self.number}@{self._domain}"] if self.number else []),
            f"Voice-Message: {new}/{old} (0/0)",
        ]
        return "".join(f"{line}\r\n" for line in lines)
