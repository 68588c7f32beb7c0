"""A call that asks and tells within its dialog, besides INVITE and BYE (RFC 3261 12.2)."""

from __future__ import annotations

from firmware.agent.call import CallState
from firmware.agent.call_digits import (
    digit_answered,
    digit_request,
    goes_by_info,
    goes_by_sound,
    informed,
)
from firmware.agent.events import DigitFailed, Party
from firmware.agent.line import Line
from firmware.agent.standing import StandingCall
from firmware.agent.within import Within
from firmware.media.events import SayDigit
from firmware.sip.message import Request, Response
from firmware.transaction.events import RequestFailed, RequestFailure

OPEN_MAX = 32
"""Requests of one call that wait for their answers: a number typed into a deaf far end."""

ESTABLISHED = frozenset({CallState.ACCEPTED, CallState.CONFIRMED})
"""Where both ends have a dialog, and neither is about to leave it."""


class AskingCall(StandingCall):
    """A call that may stand, with our requests in it."""

    def __init__(self, number: int, line: Line, far: Party, port: int, state: CallState) -> None:
        super().__init__(number, line, far, port, state)
        self._open: list[Within] = []  # Requests without their answers.

    def owns(self, key: str) -> bool:
        """Tell whether a request is ours."""
        return self._sent_as(key) is not None or super().owns(key)

    def send_digit(self, digit: str) -> list[object]:
        """Send a digit as the administrator wants it: with the sound, by INFO, or both."""
        out: list[object] = []
        if goes_by_sound(self.line) and self._told:
            out.append(SayDigit(self.number, digit))
        if not goes_by_info(self.line):
            return out
        if self.state not in ESTABLISHED or not self.line.is_up or len(self._open) >= OPEN_MAX:
            return [*out, DigitFailed(self.number, digit, "not possible now")]
        return [*out, *self._ask_within(digit_request(self.line, digit))]

    def response(self, key: str, response: Response, now: float) -> list[object]:
        """Hear an answer to a request within the dialog."""
        sent = self._sent_as(key)
        if sent is None:
            return super().response(key, response, now)
        if response.status < 200:
            return []
        self._open.remove(sent)
        if self.state is not CallState.TERMINATED and sent.goes_again(response):
            return self._ask_within(sent)
        return self._was_answered(sent, response)

    def failed(self, event: RequestFailed, now: float) -> list[object]:
        """Hear that a request within the dialog will not be answered."""
        sent = self._sent_as(event.key)
        if sent is None:
            return super().failed(event, now)
        self._open.remove(sent)
        if sent.method != "INFO":
            return []
        lost = event.failure is RequestFailure.LINK_LOST
        return [DigitFailed(self.number, sent.about, "link lost" if lost else "no answer")]

    def _was_answered(self, sent: Within, response: Response) -> list[object]:
        if sent.method != "INFO":
            return []
        return digit_answered(self.number, sent.about, response)

    def _other_request(self, key: str, request: Request, now: float) -> list[object]:
        if request.method == "INFO":
            return informed(self.number, key, request)
        return super()._other_request(key, request, now)

    def _ask_within(self, sent: Within) -> list[object]:
        """Send a request, or send it again with credentials."""
        assert self.dialog is not None
        self.dialog, out = sent.send(self.dialog)
        self._open.append(sent)
        return [out]

    def _sent_as(self, key: str) -> Within | None:
        return next((sent for sent in self._open if sent.key == key), None)
