"""Sending an incoming call on: 302 with Contact and Diversion (RFC 3261 21.3.3, RFC 5806).

A call that this account has sent on before, or that others have sent on too often, is not sent on
again: it would run in a circle.
"""

from __future__ import annotations

from firmware.agent.events import ForwardReason
from firmware.agent.line import Line
from firmware.agent.reading import or_none
from firmware.agent.target import BadTargetError, parse_target
from firmware.agent.writing import address_with
from firmware.sip.address import NameAddress
from firmware.sip.message import Request
from firmware.sip.uri import SipUri, Uri

DIVERSIONS_MAX = 5
"""Phones that have sent a call on, one after the other: nobody means more."""


def may_forward(invite: Request, line: Line) -> bool:
    """Tell whether a call may be sent on from here."""
    diversions = or_none(lambda: invite.diversions) or ()
    hops = max(len(diversions), len(invite.headers.all("History-Info")) - 1)
    return hops < DIVERSIONS_MAX and not any(_is_line(each.uri, line) for each in diversions)


def _is_line(uri: Uri, line: Line) -> bool:
    own = line.address_of_record
    same_user = isinstance(uri, SipUri) and uri.user == own.user
    return same_user and isinstance(uri, SipUri) and uri.host.lower() == own.host.lower()


def moved(target: str, reason: ForwardReason, line: Line) -> tuple[tuple[str, object], ...]:
    """Return the fields of the 302, none where the target is no address, or this account."""
    try:
        uri = parse_target(target, line)
    except BadTargetError:
        return ()
    if _is_line(uri, line):
        return ()
    diversion = address_with(NameAddress(line.address_of_record), "reason", reason.value)
    return (("Contact", NameAddress(uri)), ("Diversion", diversion))
