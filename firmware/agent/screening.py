"""What every request from the link is asked before anything is made of it (RFC 3261 8.2).

Requests come over the link only, and that link's proxy is the one whose certificate was verified
(T1): there is no other door that would need a list of who may knock.
"""

from __future__ import annotations

from collections.abc import Iterable

from firmware.agent.answering import SDP
from firmware.agent.line import Line
from firmware.sip.errors import RemoteProtocolError
from firmware.sip.message import Request
from firmware.sip.uri import SipUri

SUPPORTED = frozenset({"100rel", "replaces", "timer"})
"""Extensions that a request may require of this phone."""

OFFERING_METHODS = frozenset({"INVITE", "UPDATE", "PRACK"})
"""Methods whose body is a session description; other bodies are not read."""


def check(request: Request) -> None:
    """Refuse what no line could serve: raises `RemoteProtocolError` with the answer's status."""
    unknown = [tag for tag in request.require if tag not in SUPPORTED]
    if unknown:  # 8.2.2.3.
        unsupported = ("Unsupported", ", ".join(unknown))
        raise RemoteProtocolError("extension not supported", 420, (unsupported,))
    if request.body and request.method in OFFERING_METHODS:
        _check_content(request)


def find_line(request: Request, lines: Iterable[Line]) -> Line | None:
    """Return the line that the Request-URI names; None where it names this phone as a whole."""
    uri = request.uri
    if not isinstance(uri, SipUri):
        raise RemoteProtocolError("scheme not supported", 416)
    found = [line for line in lines if line.is_mine(uri)]
    if found:
        return _of_domain(found, request)
    if request.method == "OPTIONS" and not uri.user:
        return None  # A proxy asks whether the phone is there.
    raise RemoteProtocolError("not known here", 404)


def _of_domain(lines: list[Line], request: Request) -> Line:
    """Tell accounts of one user name at two registrars apart by whom the caller wanted."""
    wanted = request.to.uri
    host = wanted.host.lower() if isinstance(wanted, SipUri) else ""
    named = [line for line in lines if line.account.domain.lower() == host]
    return (named or lines)[0]


def _check_content(request: Request) -> None:
    """8.2.3: a session description, and not compressed."""
    coding = (request.headers.get("Content-Encoding") or "identity").strip().lower()
    if coding != "identity":
        accept = ("Accept-Encoding", "identity")
        raise RemoteProtocolError("content encoding not supported", 415, (accept,))
    content = request.content_type
    if content is None or content.name != SDP:
        raise RemoteProtocolError("media type not supported", 415, (("Accept", SDP),))
