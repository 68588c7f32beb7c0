"""Where a 3xx sends a call on to (RFC 3261 8.1.3.4).

The contacts are tried in the order of their q, none twice, and at most `TARGETS_MAX` of them in one
call. All of them are reached through the link's proxy, like everything else. 305 and 380 ask for
something else than another address, and are not followed.
"""

from __future__ import annotations

import re

from firmware.agent.line import Line
from firmware.agent.reading import or_none
from firmware.agent.target import BadTargetError, as_target
from firmware.sip.address import NameAddress
from firmware.sip.message import Response
from firmware.sip.uri import Uri

TARGETS_MAX = 5
"""Addresses that one call is sent on to: more is a loop, or a way to dial the world."""

NOT_ADDRESSES = frozenset({305, 380})

QUALITY = re.compile(r"[01](?:\.[0-9]{0,3})?")


class Redirects:
    """The addresses of one call: those that were tried and those that wait."""

    def __init__(self, first: Uri) -> None:
        self._tried = {_name(first)}
        self._waiting: list[Uri] = []
        self._diversions: list[NameAddress] = []  # Who has sent it on, the last one first.
        self._count = 0

    def learn(self, response: Response, line: Line) -> None:
        """Take the contacts of a 3xx; those that are read are enough."""
        if response.status in NOT_ADDRESSES:
            return
        contacts = or_none(lambda: response.contacts) or ()
        diversions = or_none(lambda: response.diversions) or ()
        self._diversions = [*diversions, *self._diversions][:TARGETS_MAX]
        for contact in sorted(contacts, key=_quality, reverse=True):
            try:
                self._waiting.append(as_target(contact.uri, line))
            except BadTargetError:
                continue  # An address of another kind: a web page, a mailbox.

    @property
    def fields(self) -> tuple[tuple[str, object], ...]:
        """The fields that tell the next one who has sent the call on (RFC 5806)."""
        return tuple(("Diversion", address) for address in self._diversions)

    def next(self) -> Uri | None:
        """Return where to call next; None where there is nobody left."""
        while self._waiting and self._count < TARGETS_MAX:
            uri = self._waiting.pop(0)
            if _name(uri) not in self._tried:
                self._tried.add(_name(uri))
                self._count += 1
                return uri
        return None


def _name(uri: Uri) -> str:
    return str(uri).lower()


def _quality(contact: NameAddress) -> float:
    text = contact.parameters.get("q") or ""
    return float(text) if QUALITY.fullmatch(text) else 1.0
