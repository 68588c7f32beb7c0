"""Which transaction a message belongs to (RFC 3261 17.1.3, 17.2.3, 8.2.2.2)."""

from __future__ import annotations

from dataclasses import replace

from firmware.link.events import Address
from firmware.sip.grammar import Parameters
from firmware.sip.message import Request, Response
from firmware.sip.via import Via

BRANCH_COOKIE = "z9hG4bK"
"""Branches that begin so are unique in space and time (RFC 3261 8.1.1.7)."""

Key = tuple[str, ...]


def new_via(local: Address, identifier: str) -> Via:
    """Make the Via of a new transaction on this end of the link (RFC 3261 8.1.1.7, RFC 3581)."""
    parameters = Parameters().with_("branch", BRANCH_COOKIE + identifier).with_("rport", None)
    return Via(local.host, local.port, parameters=parameters)


def with_via(request: Request, via: Via) -> Request:
    """Return the request with this Via on top."""
    return replace(request, headers=request.headers.prepend("Via", via))


def is_for_us(response: Response, local: Address) -> bool:
    """Tell whether the one Via of a response is ours (RFC 3261 8.1.3.3, 18.1.2)."""
    vias = response.vias
    return len(vias) == 1 and (vias[0].host, vias[0].port) == (local.host, local.port)


def client_key(message: Request | Response) -> Key:
    """Return what a response shares with the request it answers (RFC 3261 17.1.3)."""
    return (message.via.branch, message.cseq.method)


def server_key(request: Request, method: str = "") -> Key:
    """Return what a request shares with its repetitions (RFC 3261 17.2.3).

    An ACK has the key of its INVITE; `method` asks for that of another request, as CANCEL does.
    """
    method = method or ("INVITE" if request.method == "ACK" else request.method)
    via = request.via
    if via.branch.startswith(BRANCH_COOKIE):
        return (via.branch, via.host.lower(), str(via.port or ""), method)
    # A peer of RFC 2543 makes no unique branch. The To tag is left out: an ACK has one that its
    # INVITE has not.
    from_tag = request.from_.tag or ""
    return (str(via), str(request.uri), from_tag, request.call_id, str(request.cseq.number), method)


def merge_key(request: Request) -> Key | None:
    """Return what the copies of one forked request share, or None within a dialog (8.2.2.2)."""
    if request.to.tag:
        return None
    cseq = request.cseq
    return (request.from_.tag or "", request.call_id, str(cseq.number), cseq.method)
