"""Reading what a peer wrote where nothing hangs on it: an unreadable field is no field."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from typing import TypeVar

from firmware.agent.words import plain, status_words
from firmware.sip.errors import RemoteProtocolError
from firmware.sip.fields import Reason
from firmware.sip.grammar import split_list
from firmware.sip.message import Request, Response

T = TypeVar("T")

RETRY_AFTER_MAX_S = 86_400.0
"""A registrar that asks for more than a day is taken to mean a day: it may be a mistake."""


def or_none(read: Callable[[], T | None]) -> T | None:
    """Return what a typed header gives, or None where the peer wrote nonsense."""
    try:
        return read()
    except RemoteProtocolError:
        return None


def retry_after_s(response: Response) -> float:
    """Return how long a registrar wants us to wait; 0 where it does not say."""
    return min(float(or_none(lambda: response.retry_after) or 0), RETRY_AFTER_MAX_S)


def reason_text(request: Request) -> str:
    """Return the text of a Reason header as one short line (RFC 3326)."""
    reasons = or_none(lambda: request.reason_values) or ()
    texts = [plain(reason.text) for reason in reasons if reason.text]
    return next(iter(texts + _causes(reasons)), "")


def _causes(reasons: Iterable[Reason]) -> list[str]:
    """Say what the status codes among some reasons mean."""
    codes = [reason.cause or 0 for reason in reasons if reason.protocol.upper() == "SIP"]
    return [status_words(code) for code in codes if 300 <= code < 700]


def is_answered_elsewhere(reason: str) -> bool:
    """Tell whether a CANCEL's Reason says that another phone took the call.

    RFC 3326: a forking proxy cancels the other phones with the status that ended the ringing.
    """
    reasons = [or_none(partial(Reason.parse, text)) for text in split_list(reason)]
    return any(r is not None and r.protocol.upper() == "SIP" and r.cause == 200 for r in reasons)
