"""A call that asks and tells within its dialog, besides INVITE and BYE (RFC 3261 12.2)."""

from __future__ import annotations

from firmware.agent import reasons
from firmware.agent.answering import answer, dialog_fields
from firmware.agent.call import CallState
from firmware.agent.call_digits import (
    digit_answered,
    digit_request,
    goes_by_info,
    goes_by_sound,
    informed,
)
from firmware.agent.events import DigitFailed, Party
from firmware.agent.identity import answerer_of
from firmware.agent.line import Line
from firmware.agent.rescue import DIALOG_LOST
from firmware.agent.unheard import UnheardCall
from firmware.agent.within import Within
from firmware.machine import earliest
from firmware.media.events import SayDigit
from firmware.sip.message import Request, Response
from firmware.transaction.events import RequestFailed, RequestFailure, SendResponse

OPEN_MAX = 32
"""Requests of one call that wait for their answers: a number typed into a deaf far end."""

ESTABLISHED = frozenset({CallState.ACCEPTED, CallState.CONFIRMED})
"""Where both ends have a dialog, and neither is about to leave it."""


class AskingCall(UnheardCall):
    """A call that may stand, with our requests in it."""

    def __init__(self, number: int, line: Line, far: Party, port: int, state: CallState) -> None:
        super().__init__(number, line, far, port, state)
        self._open: list[Within] = []  # Requests without their answers.
        self._wants_update = False  # The session timer asks for a refresh.

    @property
    def wants_asking(self) -> bool:
        """Tell whether something is wanted of the far end, and may be asked for now."""
        return super().wants_asking or (self._wants_update and self._may_ask)

    @property
    def _may_ask(self) -> bool:
        return self.state is CallState.CONFIRMED and not (self._asked or self._accepted)

    def ask(self, now: float) -> list[object]:
        """Ask by INVITE, or refresh the session by UPDATE."""
        self._wants_update = False
        if super().wants_asking:
            return super().ask(now)
        return self._ask_within(Within(self.line, "UPDATE", *self._refreshing_fields()))

    def deadline(self) -> float | None:
        """Return when to repeat, to ask, to refresh, or to give up."""
        running = self.timer.deadline() if self.state is CallState.CONFIRMED else None
        return earliest((super().deadline(), running))

    def wake(self, now: float) -> list[object]:
        """Do what is due (RFC 4028 10)."""
        out = super().wake(now)
        if self.state is not CallState.CONFIRMED:
            return out
        if self.timer.has_expired(now):
            return [*out, *self._give_up("the other side is gone", reasons.SESSION_EXPIRED)]
        if self.timer.refresh_is_due(now):
            self._wants_update = self._peer_updates
            self._wants_refresh = self._wants_refresh or not self._peer_updates
        return out

    def owns(self, key: str) -> bool:
        """Tell whether a request is ours."""
        return self._sent_as(key) is not None or super().owns(key)

    def _take_session(self, response: Response, now: float) -> list[object]:
        self._wants_update = False  # The INVITE has refreshed it.
        return super()._take_session(response, now)

    def _lose_link(self) -> None:
        super()._lose_link()
        self.timer.pause()

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
        if sent.method == "UPDATE" and not sent.about:
            return self._was_refreshed(response, now)
        return self._was_answered(sent, response, now)

    def failed(self, event: RequestFailed, now: float) -> list[object]:
        """Hear that a request within the dialog will not be answered."""
        sent = self._sent_as(event.key)
        if sent is None:
            return super().failed(event, now)
        self._open.remove(sent)
        lost = event.failure is RequestFailure.LINK_LOST
        if (
            sent.method == "UPDATE" and not sent.about and not lost
        ):  # Over the next link all is refreshed anyway.
            self._wants_refresh = True
        if sent.method != "INFO":
            return []
        if not lost:
            self._doubt(0)
        return [DigitFailed(self.number, sent.about, "link lost" if lost else "no answer")]

    def _was_refreshed(self, response: Response, now: float) -> list[object]:
        """Hear the answer to our UPDATE; what cannot be had by UPDATE is asked for by INVITE."""
        if self.state is not CallState.CONFIRMED or self.dialog is None:
            return []
        if response.call_id != self.dialog.call_id:
            return []  # Of the dialog before.
        if response.status < 300:
            self.dialog = self.dialog.refreshed(response)
            self.timer.granted(response, now)
            return self._far_is(answerer_of(response) or self.far)
        if response.status == 422 and self.timer.raises(response):
            self._wants_update = True
        else:
            self._peer_updates = self._peer_updates and response.status not in {405, 501}
            self._wants_refresh = True
        return []

    def _refreshing_fields(self) -> tuple[tuple[str, object], ...]:
        return (*dialog_fields(self.line), *self.timer.fields())

    def _was_answered(self, sent: Within, response: Response, now: float) -> list[object]:
        if sent.method != "INFO":
            return []
        self._doubt(response.status)
        return digit_answered(self.number, sent.about, response)

    def _doubt(self, status: int) -> None:
        """The far end may hold no such dialog (12.2.1.2, RFC 5057 5.1): a refresh shows whether."""
        self._wants_refresh = self._wants_refresh or status in DIALOG_LOST

    def _other_request(self, key: str, request: Request, now: float) -> list[object]:
        if request.method == "INFO":
            return informed(self.number, key, request)
        if request.method == "PRACK":
            return [SendResponse(key, answer(request, 481))]  # RFC 3262 3: of no answer of ours.
        return super()._other_request(key, request, now)

    def _ask_within(self, sent: Within) -> list[object]:
        """Send a request, or send it again with credentials."""
        assert self.dialog is not None
        self.dialog, out = sent.send(self.dialog)
        self._open.append(sent)
        return [out]

    def _sent_as(self, key: str) -> Within | None:
        return next((sent for sent in self._open if sent.key == key), None)
