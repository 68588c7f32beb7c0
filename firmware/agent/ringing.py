"""A placed call while far ends ring: what they say and ask before one of them answers.

`early.py` keeps their dialogs and sessions; here are the messages. A session that came reliably, or
that a far end has changed by UPDATE, is there; any other INVITE or offer comes too early and is
answered with 491, since our own offer is open (RFC 3261 14.2, RFC 3311 5.2).
"""

from __future__ import annotations

from firmware.agent.answering import answer, capabilities, dialog_fields
from firmware.agent.asking import OPEN_MAX, AskingCall
from firmware.agent.call import CallState
from firmware.agent.early import Early, EarlyDialogs
from firmware.agent.events import Party, RemoteRinging
from firmware.agent.identity import answerer_of, caller_of
from firmware.agent.line import Line
from firmware.agent.media import NotAcceptableError
from firmware.agent.reliable import sequence_of
from firmware.agent.within import Within
from firmware.sip.message import Request, Response
from firmware.transaction.events import RequestReceived, SendResponse

UNANSWERED = frozenset({CallState.CALLING, CallState.RINGING})


class RingingCall(AskingCall):
    """A call whose INVITE may be out; `OutgoingCall` sends it."""

    def __init__(self, number: int, line: Line, far: Party, port: int) -> None:
        super().__init__(number, line, far, port, CallState.CALLING)
        self._invite: Request | None = None
        self._early = EarlyDialogs(self.media, self.line)

    def holds(self, request: Request) -> bool:
        """Tell whether a request belongs to the dialog, or to an early one."""
        if super().holds(request):
            return True
        return self.state in UNANSWERED and self._early.holder_of(request) is not None

    def request(self, event: RequestReceived, now: float) -> list[object]:
        """Answer a request within the dialog, or within an early one."""
        early = self._early.holder_of(event.request)
        if self.dialog is not None or early is None:
            return super().request(event, now)
        key, request = event.key, event.request
        if not early.dialog.accepts(request):
            return [SendResponse(key, answer(request, 500))]
        early.dialog = early.dialog.learn(request)
        match request.method:
            case "INVITE":
                return [SendResponse(key, answer(request, 491))]
            case "UPDATE":
                return [
                    *self._far_is(caller_of(request)),
                    *self._updated_early(early, key, request),
                ]
            case "BYE":
                early.is_over = True
                return [SendResponse(key, answer(request, 200))]  # The INVITE will tell the rest.
            case "OPTIONS":
                return [SendResponse(key, answer(request, 200, *capabilities(self.line)))]
            case _:
                return self._other_request(key, request, now)

    def _updated_early(self, early: Early, key: str, request: Request) -> list[object]:
        if not request.body:
            return [SendResponse(key, answer(request, 200, *dialog_fields(self.line)))]
        if not early.has_answer:
            return [SendResponse(key, answer(request, 491))]
        try:
            body = early.answer(request.body, self.line.host)
        except NotAcceptableError as error:
            return [SendResponse(key, answer(request, error.status, *error.fields))]
        ok = answer(request, 200, *dialog_fields(self.line), body=body)
        return [SendResponse(key, ok), *self._hear(early)]

    def _forget_early(self) -> None:
        """Another INVITE goes out: whoever rang for the last one does so no more."""
        self.media = self._early.offered
        self._early = EarlyDialogs(self.media, self.line)

    def _provisional(self, response: Response) -> list[object]:
        """Hear that somebody rings, or says why it takes so long."""
        out: list[object] = []
        early = self._early.heard(self._invite_sent(), response)
        sequence = sequence_of(response)
        if early is not None and sequence is not None:
            if len(self._open) >= OPEN_MAX or not early.takes(sequence):
                return []
            out += self._ask_within(self._prack(early, sequence))
        waits = self.state in UNANSWERED
        if waits and early and early.hear(response, reliably=sequence is not None):
            out += self._hear(early)
        if waits and (far := answerer_of(response)):
            out += self._far_is(far)
        if response.status == 180 and self.state is CallState.CALLING:
            self._enter_patiently(CallState.RINGING)
            out.append(RemoteRinging(self.number))
        return out

    def _hear(self, early: Early) -> list[object]:
        """Of several the last one is heard."""
        self.media = early.media
        return self._media_news()

    def _prack(self, early: Early, sequence: int) -> Within:
        invited = self._invite_sent().cseq
        acknowledged = ("RAck", f"{sequence} {invited}")
        return Within(self.line, "PRACK", acknowledged, tag=early.dialog.remote.tag or "")

    def _ask_within(self, sent: Within) -> list[object]:
        """Send a request in the early dialog that it is for, while there is one."""
        if not sent.tag or (self.dialog and self.dialog.remote.tag == sent.tag):
            return super()._ask_within(sent)
        early = self._early.of(sent.tag)
        if self.dialog is not None or early is None:
            return []  # Another far end has answered, or another INVITE has gone out.
        early.dialog, out = sent.send(early.dialog)
        self._open.append(sent)
        return [out]

    def _invite_sent(self) -> Request:
        assert self._invite is not None
        return self._invite

    def _enter_patiently(self, state: CallState) -> None:
        """Change the state while the person waits on: their patience is of the call, not of it."""
        patience = self._clock_at
        self._enter(state)
        self._clock_at = patience
