"""Digits of a call as INFO requests, both ways (RFC 6086; `media.dtmf` knows their bodies).

An INFO of ours that fails, for whatever reason, is reported and never repeated: it may have been
heard, and a second one doubles the digit (F5).
"""

from __future__ import annotations

from functools import partial

from firmware.agent.account import DigitMethod
from firmware.agent.answering import answer
from firmware.agent.events import DigitFailed, DigitReceived
from firmware.agent.line import Line
from firmware.agent.reading import or_none
from firmware.agent.within import Within
from firmware.agent.words import call_reason
from firmware.media.dtmf import PLAIN, RELAY, info_body, parse_info
from firmware.sip.fields import MediaType
from firmware.sip.message import Request, Response
from firmware.transaction.events import SendResponse

ACCEPT = ("Accept", f"{RELAY}, {PLAIN}")


def goes_by_sound(line: Line) -> bool:
    """Tell whether a digit goes with the sound, as an event or as tones."""
    return line.account.digits is not DigitMethod.INFO


def goes_by_info(line: Line) -> bool:
    """Tell whether a digit goes as an INFO."""
    return line.account.digits is not DigitMethod.RTP


def digit_request(line: Line, digit: str) -> Within:
    """Return the INFO that sends a digit."""
    content_type, body = info_body(digit)
    return Within(line, "INFO", ("Content-Type", content_type), body=body, about=digit)


def digit_answered(call: int, digit: str, response: Response) -> list[object]:
    """Hear how the INFO of a digit ended."""
    if response.status < 300:
        return []
    return [DigitFailed(call, digit, call_reason(response))]


def informed(call: int, key: str, request: Request) -> list[object]:
    """Answer an INFO of theirs, and tell its digit; without a body it says nothing (RFC 6086)."""
    if "Info-Package" in request.headers:
        return [SendResponse(key, answer(request, 469, ("Recv-Info", "")))]
    if not request.body:
        return [SendResponse(key, answer(request, 200))]
    content: MediaType | None = or_none(partial(getattr, request, "content_type"))
    found = parse_info(content.name, request.body) if content else None
    if found is None:
        status = 400 if content and content.name in {RELAY, PLAIN} else 415
        return [SendResponse(key, answer(request, status, ACCEPT))]
    return [SendResponse(key, answer(request, 200)), DigitReceived(call, *found)]
