"""SIP status codes in a person's words (S1, F4): the reason text is a feature."""

from __future__ import annotations

from firmware.sip.message import Response

WORDS_MAX = 60
"""Characters of a peer's own text that are passed on: a screen line and a half."""

CALL_WORDS = {
    403: "call not allowed",
    404: "number not found",
    408: "no answer",
    410: "number gone",
    415: "no common media",
    480: "not available",
    482: "call loops",
    483: "call loops",
    484: "number incomplete",
    486: "busy",
    487: "cancelled",
    488: "no common media",
    500: "server error",
    503: "service not available",
    504: "server does not answer",
    600: "busy",
    603: "declined",
    604: "number not found",
    606: "no common media",
}

REGISTRATION_WORDS = {
    403: "refused by the registrar",
    404: "account not known",
    405: "registrar does not register",
    408: "registrar does not answer",
    500: "registrar fails",
    502: "registrar fails",
    503: "registrar does not serve",
    504: "registrar fails",
    606: "refused by the registrar",
}


def call_reason(response: Response) -> str:
    """Say why a call was refused."""
    if 300 <= response.status < 400:
        return "moved to another address"
    return CALL_WORDS.get(response.status) or phrase(response)


def registration_reason(response: Response) -> str:
    """Say why a REGISTER was refused, with the status for the administrator."""
    words = REGISTRATION_WORDS.get(response.status)
    return f"{words} ({response.status})" if words else phrase(response)


def phrase(response: Response) -> str:
    """Return the status with the peer's own phrase."""
    return f"{response.status} {plain(response.reason)}".strip()


def plain(text: str) -> str:
    """Return a peer's text as one short printable line."""
    line = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return line if len(line) <= WORDS_MAX else line[: WORDS_MAX - 1] + "…"
