"""A message summary: what a mailbox says of itself (RFC 3842 5.2)."""

from __future__ import annotations

import re

from firmware.agent.package import Package
from firmware.agent.target import party_of
from firmware.frozen import frozen
from firmware.sip.address import NameAddress
from firmware.sip.errors import RemoteProtocolError
from firmware.sip.uri import parse_uri

PACKAGE = Package("message-summary", "application/simple-message-summary")

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
