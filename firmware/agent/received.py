"""A call that comes in: ring, answer, refuse (RFC 3261 13.3, 9.2; RFC 3326)."""

from __future__ import annotations

from dataclasses import replace

from firmware.agent.alerting import answers_itself, ring_of
from firmware.agent.answering import answer, dialog_fields
from firmware.agent.asking import AskingCall
from firmware.agent.call import RING_S_MAX, CallState
from firmware.agent.dialog import Dialog
from firmware.agent.events import CallAnswered, EndCause, ForwardReason, IncomingCall, Party
from firmware.agent.forwarding import may_forward, moved
from firmware.agent.identity import tells_who_answers
from firmware.agent.line import Line
from firmware.agent.media import NotAcceptableError
from firmware.agent.reading import is_answered_elsewhere
from firmware.agent.reliable import SEQUENCE_MAX, TAG, Reliable
from firmware.agent.session_timer import Fields
from firmware.machine import earliest, is_due
from firmware.sip.message import Request
from firmware.transaction.events import SendResponse

REMIND_S = 60.0
"""A proxy gives up after three minutes without a provisional answer (13.3.1.1)."""


class ReceivedCall(AskingCall):
    """A call that somebody placed to here; `OutlastingCall` adds the loss of its link."""

    def __init__(
        self, number: int, line: Line, far: Party, port: int, key: str, invite: Request, now: float
    ) -> None:
        super().__init__(number, line, far, port, CallState.OFFERED)
        self._begin(key, invite)
        self._clock_at = now + RING_S_MAX
        self._remind_at: float | None = now + REMIND_S
        self._wants_answer = False  # The person has answered, and it cannot be said yet.

    def _begin(self, key: str, invite: Request) -> None:
        """Take an INVITE as the one that is to be answered."""
        line = self.line
        self.dialog = Dialog.opened_by_them(invite, next(line.ids), line.hop)
        self._key = key
        self._invite = invite
        self._sequence = line.random.randint(1, SEQUENCE_MAX) if TAG in invite.require else None
        self._reliable: Reliable | None = None  # A 180 of ours without its PRACK.
        self._is_settled = False  # The session is agreed before the call is answered.

    def start(self, now: float) -> list[object]:
        """Ring, unless the session that is offered cannot be had."""
        if cannot := self._cannot_have(self._invite):
            self.has_ended = True  # Before the person heard of it.
            status, fields = cannot
            return [self._final(status, *fields)]
        account, invite = self.line.account, self._invite
        incoming = IncomingCall(
            self.number,
            account.number,
            self.far,
            ring_of(invite),
            account.intercom if answers_itself(invite) else None,
            may_forward(invite, self.line),
        )
        return [*self._ringing(now), incoming]

    def _cannot_have(self, invite: Request) -> tuple[int, Fields] | None:
        """Return what refuses an INVITE whose session cannot be had; else its offer is taken."""
        if too_small := self.timer.too_small(invite):
            return 422, too_small
        try:
            if invite.body:
                self.media.answer(invite.body, self.line.host)
        except NotAcceptableError as error:
            return error.status, error.fields
        return None

    def is_offered_as(self, key: str) -> bool:
        """Tell whether the INVITE came in under this key and has no final answer yet."""
        return self.state is CallState.OFFERED and key == self._key

    def repeats(self, invite: Request) -> bool:
        """Tell whether another INVITE is this one on another path (8.2.2.2)."""
        mine = self._invite
        return (mine.call_id, mine.cseq.number, mine.from_.tag) == (
            invite.call_id,
            invite.cseq.number,
            invite.from_.tag,
        )

    def deadline(self) -> float | None:
        """Return when to repeat, to remind, or to give up."""
        repeating = self._reliable.deadline() if self._reliable else None
        return earliest((super().deadline(), self._remind_at, repeating))

    def wake(self, now: float) -> list[object]:
        """Do what is due; a long ringing is told again."""
        out = super().wake(now)
        if is_due(self._remind_at, now):
            self._remind_at = now + REMIND_S
            out += self._ringing(now)
        if self._reliable and self._reliable.is_hopeless(now):
            out += self._never_confirmed()
        elif self._reliable:
            out += self._reliable.wake(now)
        return out

    def _never_confirmed(self) -> list[object]:
        """64 x T1 without the PRACK (RFC 3262 3)."""
        return self.reject(504, EndCause.FAILED, "the caller does not confirm")

    def answer(self, now: float) -> list[object]:
        """Take the call."""
        if self.state is not CallState.OFFERED:
            return []
        if self._reliable and self._reliable.offered:
            self._wants_answer = True  # RFC 3262 3: no 2xx before the PRACK of an offer.
            return []
        out = self._accept(self._key, self._invite, now)
        assert self._accepted, "the offer was good when it came"
        self._stop_ringing(CallState.ACCEPTED)
        return [*out, *self._media_news(), CallAnswered(self.number)]

    def acknowledged(self, ack: Request) -> list[object]:
        """Hear the ACK of our 2xx: from now on we may say who has answered."""
        before, out = self.state, super().acknowledged(ack)
        if before is CallState.ACCEPTED and self.state is CallState.CONFIRMED:
            self._say_who_answers()
        return out

    def _say_who_answers(self) -> None:
        """Be who we are in this dialog, where the caller asked for somebody else (RFC 4916)."""
        assert self.dialog is not None
        line, tag = self.line, self.dialog.local.tag or ""
        if not tells_who_answers(self._invite, line.address_of_record):
            return
        self.dialog = replace(self.dialog, local=line.identity(tag))
        self._wants_update = self._peer_updates
        self._wants_refresh = self._wants_refresh or not self._peer_updates

    def reject(self, status: int, cause: EndCause, reason: str = "") -> list[object]:
        """Refuse the call with a final status."""
        if self.state is not CallState.OFFERED:
            return []
        refusal = self._final(status)
        return [refusal, *self._end(cause, status, reason)]

    def forward(self, target: str, reason: ForwardReason) -> list[object]:
        """Send the call on; to where no call can go, it is busy here."""
        if self.state is not CallState.OFFERED:
            return []
        fields = moved(target, reason, self.line)
        if not fields:
            return self.reject(486, EndCause.HUNG_UP_HERE)
        refusal = self._final(302, *fields)
        return [refusal, *self._end(EndCause.FORWARDED, 302, f"sent to {target}")]

    def cancelled(self, reason: str) -> list[object]:
        """The caller gave up, or somebody else answered (9.2, RFC 3326)."""
        elsewhere = is_answered_elsewhere(reason)
        cause = EndCause.ANSWERED_ELSEWHERE if elsewhere else EndCause.CANCELLED_THERE
        return [self._final(487), *self._end(cause)]

    def hang_up(self, now: float) -> list[object]:
        """486, or BYE once our 2xx is acknowledged (15)."""
        match self.state:
            case CallState.OFFERED:
                return self.reject(486, EndCause.HUNG_UP_HERE)
            case CallState.ACCEPTED:
                self._enter(CallState.LEAVING)
                return self._end(EndCause.HUNG_UP_HERE)
            case CallState.CONFIRMED:
                return self._hang_up_standing(now)
            case _:
                return []

    def _bye_came(self, key: str, request: Request) -> list[object]:
        """A BYE before our answer ends the early dialog, and the INVITE with it (15.1.2)."""
        if self.state is not CallState.OFFERED:
            return super()._bye_came(key, request)
        final = self._final(487)
        return [
            SendResponse(key, answer(request, 200)),
            final,
            *self._end(EndCause.CANCELLED_THERE),
        ]

    def _clock_rang(self, now: float) -> list[object]:
        return self.reject(480, EndCause.FAILED, "not answered")

    def _other_request(self, key: str, request: Request, now: float) -> list[object]:
        if request.method == "PRACK":
            return self._acknowledged_reliably(key, request, now)
        return super()._other_request(key, request, now)

    def _acknowledged_reliably(self, key: str, prack: Request, now: float) -> list[object]:
        """Hear the PRACK of our 180; it may carry the answer to our offer (RFC 3262 3, 5)."""
        reliable = self._reliable
        if reliable is None or not reliable.is_acknowledged_by(prack):
            return [SendResponse(key, answer(prack, 481))]
        self._reliable = None
        if prack.body and not reliable.offered:
            return [SendResponse(key, answer(prack, 491))]  # The offer of their INVITE is open.
        ok = SendResponse(key, answer(prack, 200))
        problem = self.media.take_answer(prack) if reliable.offered else ""
        if problem:
            return [ok, *self.reject(488, EndCause.FAILED, problem)]
        self._is_settled = self._is_settled or reliable.offered
        return [ok, *(self.answer(now) if self._wants_answer else [])]

    @property
    def _takes_offers(self) -> bool:
        ringing = self.state is CallState.OFFERED
        return self._is_settled if ringing else super()._takes_offers

    def _session_for(self, request: Request) -> tuple[bytes, bool]:
        if request is self._invite and self._is_settled:
            return b"", False  # The PRACK has brought the answer already (RFC 3261 13.2.1).
        return super()._session_for(request)

    def _media_news(self) -> list[object]:
        """Nobody is heard before the call is answered."""
        return [] if self.state is CallState.OFFERED else super()._media_news()

    def _ringing(self, now: float) -> list[object]:
        """Say that it rings: reliably where the caller requires it (RFC 3262 3)."""
        assert self.dialog is not None
        fields, tag = dialog_fields(self.line), self.dialog.local.tag or ""
        if self._sequence is None:
            return [SendResponse(self._key, answer(self._invite, 180, *fields, tag=tag))]
        if self._reliable:
            return []
        offers = not self._invite.body and not self._is_settled
        body = self._offer_anew() if offers else b""
        fields = (*fields, ("Require", TAG), ("RSeq", self._sequence))
        self._sequence += 1
        ringing = answer(self._invite, 180, *fields, tag=tag, body=body)
        settings = self.line.settings
        self._reliable = Reliable(self._key, ringing, settings, now, offered=offers)
        return self._reliable.start()

    def _final(self, status: int, *fields: tuple[str, object]) -> SendResponse:
        self._stop_ringing(CallState.TERMINATED)
        return self._refusal(status, *fields)

    def _refusal(self, status: int, *fields: tuple[str, object]) -> SendResponse:
        assert self.dialog is not None
        tag = self.dialog.local.tag or ""
        fields = (*fields, self.line.user_agent)
        return SendResponse(self._key, answer(self._invite, status, *fields, tag=tag))

    def _stop_ringing(self, state: CallState) -> None:
        self._enter(state)
        self._remind_at = None
        if self._reliable:
            self._reliable.rest()
