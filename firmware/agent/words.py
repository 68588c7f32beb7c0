"""SIP status codes in a person's words (S1, F4): the reason text is a feature."""

from __future__ import annotations

from firmware.sip.message import Response

WORDS_MAX = 60
"""Characters of a peer's own text that are passed on: a screen line and a half."""

CANNOT = "not possible there"
NO_MEDIA = "no common media"

CALL_WORDS = {
    305: "another proxy is demanded",
    380: "another service is offered",
    400: "not understood there",
    401: "signing in failed",
    402: "payment is required",
    403: "call not allowed",
    404: "no such number",
    405: CANNOT,
    406: CANNOT,
    407: "signing in failed",
    408: "no answer",
    410: "number gone",
    413: "message too long",
    414: "address too long",
    415: NO_MEDIA,
    416: "address not understood",
    420: CANNOT,
    421: CANNOT,
    422: "no common session timer",
    428: "caller not identified",
    433: "anonymous calls not taken",
    436: "caller not identified",
    437: "caller not identified",
    438: "caller not identified",
    470: "consent is needed",
    480: "not available",
    481: "call not known there",
    482: "call loops",
    483: "call loops",
    484: "number incomplete",
    485: "number ambiguous",
    486: "busy",
    487: "cancelled",
    488: NO_MEDIA,
    491: "both sides asked at once",
    493: "not deciphered there",
    494: "security not agreed",
    500: "server error",
    501: CANNOT,
    502: "gateway does not answer",
    503: "service not available",
    504: "server does not answer",
    505: CANNOT,
    513: "message too long",
    580: NO_MEDIA,
    600: "busy",
    603: "declined",
    604: "no such number",
    606: NO_MEDIA,
    607: "call not wanted",
    608: "rejected on the way",
}
"""Each fits a line of the screen."""

CLASS_WORDS = {
    3: "moved to nowhere known",
    4: "call refused",
    5: "server error",
    6: "call refused everywhere",
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
    return status_words(response.status)


def status_words(status: int) -> str:
    """Say what a final status other than 2xx means to a person."""
    return CALL_WORDS.get(status) or CLASS_WORDS[status // 100]


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
