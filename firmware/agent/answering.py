"""What this phone says of itself in answers (RFC 3261 8.2, 11.2)."""

from __future__ import annotations

from firmware.agent.line import ALLOW, Line
from firmware.agent.summary import PACKAGE
from firmware.sip.message import Request, Response
from firmware.transaction.events import SendResponse

SDP = "application/sdp"

KNOWN_METHODS = frozenset(
    {
        *("INVITE", "ACK", "CANCEL", "BYE", "OPTIONS", "REGISTER", "UPDATE", "PRACK"),
        *("INFO", "MESSAGE", "NOTIFY", "SUBSCRIBE", "REFER", "PUBLISH"),
    }
)
"""Methods that some RFC defines: 405 refuses them, 501 what nobody has heard of (8.2.1, 21.5.2)."""

DIALOG_METHODS = frozenset({"BYE", "UPDATE", "INFO", "PRACK"})
"""Methods that make no sense outside a dialog."""


def answer(
    request: Request, status: int, *fields: tuple[str, object], tag: str = "", body: bytes = b""
) -> Response:
    """Answer with these fields besides the copied ones; a body is a session description."""
    response = request.answer(status, to_tag=tag)
    headers = response.headers
    content = (("Content-Type", SDP),) if body else ()
    for name, value in (*fields, *content):
        headers = headers.add(name, value)
    return Response(status, response.reason, headers, body)


def refuse_method(key: str, request: Request, tag: str = "") -> SendResponse:
    """Answer a method that is not for us."""
    if request.method == "NOTIFY":  # Of no subscription that there is (RFC 6665 4.1.3).
        return SendResponse(key, answer(request, 489, ("Allow-Events", PACKAGE.name), tag=tag))
    status = 405 if request.method in KNOWN_METHODS else 501
    return SendResponse(key, answer(request, status, ("Allow", ALLOW), tag=tag))


def capabilities(line: Line | None) -> tuple[tuple[str, object], ...]:
    """Return the fields of a 200 to OPTIONS (11.2)."""
    fields: tuple[tuple[str, object], ...] = (
        ("Allow", ALLOW),
        ("Accept", SDP),
        ("Accept-Encoding", "identity"),
        ("Accept-Language", "en"),
    )
    return fields if line is None else (*fields, line.supported, line.user_agent)


def dialog_fields(line: Line) -> tuple[tuple[str, object], ...]:
    """Return the fields of an answer that makes or refreshes a dialog (12.1.1)."""
    return (
        ("Contact", line.dialog_contact()),
        ("Allow", ALLOW),
        line.supported,
        line.user_agent,
    )
