"""A received call and the loss of its link (F6): it rings on, and can be answered by the next one.

Theory of operation
-------------------
A call that rings when its link dies is *cut*: its caller cannot be told anything, and hears its own
ringing. The phone rings on, for one of these to come:

    - A link to the same proxy. Answers find their way by their Via alone (RFC 3261 18.2.2): 180 is
      said again, with the Contact of this link, and from there the call is answered as any other.
    - Another INVITE of the same caller: a phone like this one repeats its own over its next link
      (F5), and a proxy may send the one that waits to where we are now. It takes the place of the
      first: there is one ringing, and one call.
    - `KEPT_S` without either. Then the call was missed, since the link was lost.

Whoever answers while the call is cut has answered: it is said as soon as there is a way. A refusal
is said by the transaction, over the next link to that proxy; what becomes of a 2xx without its ACK,
`unheard.py` says.

A caller who comes again although the call was answered has heard nothing of that: nobody has
acknowledged it. Then the next INVITE is answered at once. There is one call, and nobody rings
where somebody has already lifted.

Whatever the far end says in answer may still be sent over the link that is gone: the ACK of our 2xx
is not waited for longer than `ACK_S`. So may be the CANCEL of a caller who gives up. A caller who
knows early dialogs
(100rel, UPDATE) is asked by UPDATE whether it is still there, which tells it our new Contact too:
as long as it says so, the phone rings; 481 means that it has given up, or is about to come again.
With any other nobody rings on for longer than `UNSURE_S`.
"""

from __future__ import annotations

from firmware.agent import reasons
from firmware.agent.absence import KEPT_S
from firmware.agent.answering import answer, dialog_fields
from firmware.agent.call import RING_S_MAX, CallState
from firmware.agent.events import EndCause, Party, Tie
from firmware.agent.farewell import OweBye
from firmware.agent.identity import ANONYMOUS, are_of_one_caller, caller_of
from firmware.agent.line import Line
from firmware.agent.reading import or_none
from firmware.agent.received import REMIND_S, ReceivedCall
from firmware.agent.reliable import TAG
from firmware.agent.session_timer import updates
from firmware.agent.unheard import ACK_S
from firmware.agent.within import Within
from firmware.machine import earliest, is_due
from firmware.sip.message import Request, Response
from firmware.transaction.events import SendResponse

UNSURE_S = 60.0
"""How long it rings on once that was said again: a CANCEL may have gone by the old link."""

ASK_FIRST_S, ASK_S = 1.0, 5.0
"""When a caller is asked whether it still waits: once it has heard that it rings, and how often."""

GIVEN_UP_S = 2.0
"""How long it rings on for a caller who knows no such call any more: it may be coming again."""

WAITS = "waits"
"""What such an UPDATE is about."""


class OutlastingCall(ReceivedCall):
    """A call that somebody placed to here."""

    def __init__(
        self, number: int, line: Line, far: Party, port: int, key: str, invite: Request, now: float
    ) -> None:
        super().__init__(number, line, far, port, key, invite, now)
        self._proxy = line.proxy  # Whom the INVITE came from.
        self._rings_until = now + RING_S_MAX
        self._is_cut = False  # It rings, and nothing can be said to its caller.
        self._has_moved = False  # The link is not that which the INVITE came over.
        self._has_given_up = False  # The caller knows no such call any more.
        self._ask_waits_at: float | None = None  # When the caller is asked whether it is there.
        self._is_known_there = False  # The far end holds the dialog, and has shown it.

    def deadline(self) -> float | None:
        """Return when to repeat, to ask, to remind, or to give up."""
        return earliest((super().deadline(), self._ask_waits_at))

    def wake(self, now: float) -> list[object]:
        """Do what is due; a caller who may have given up unheard is asked."""
        out = super().wake(now)
        if is_due(self._ask_waits_at, now):
            self._ask_waits_at = now + ASK_S
            is_open = any(sent.about == WAITS for sent in self._open)
            asked = Within(self.line, "UPDATE", *dialog_fields(self.line), about=WAITS)
            out += [] if is_open else self._ask_within(asked)
        return out

    def awaits(self, invite: Request, line: Line) -> bool:
        """Tell whether an INVITE is that of the caller whom we ring on for, or have answered
        unheard."""
        if not self._may_come_again or self.line is not line:
            return False
        is_known = self._is_cut or self.far != ANONYMOUS
        again = is_known and are_of_one_caller(self._invite, invite)
        return self.repeats(invite) or again

    @property
    def _may_come_again(self) -> bool:
        match self.state:
            case CallState.OFFERED:
                return self._has_moved
            case CallState.ACCEPTED:
                return self._has_moved
            case CallState.CONFIRMED:
                return not self._is_known_there
            case _:
                return False

    def taken_over(self, key: str, invite: Request, now: float) -> list[object]:
        """Ring on for another INVITE, or answer it where that was done; the one before is over, if
        anybody still waits for it."""
        if self.state is not CallState.OFFERED:
            return self._answer_who_comes_again(key, invite, now)
        before = self.media, self.timer
        self.media, self.timer = self._new_session(self.media.port)
        if cannot := self._cannot_have(invite):
            self.media, self.timer = before
            status, fields = cannot
            return [SendResponse(key, answer(invite, status, *fields, tag=next(self.line.ids)))]
        old = self._refusal(487)
        self._begin(key, invite)
        self._proxy, self._has_moved, self._clock_at = self.line.proxy, False, self._rings_until
        self._ask_waits_at, self._has_given_up = None, False
        return [old, *self._far_is(caller_of(invite)), *self._ring_again(now)]

    def _answer_who_comes_again(self, key: str, invite: Request, now: float) -> list[object]:
        tag, old, accepted = next(self.line.ids), self.dialog, self._accepted
        if too_small := self.timer.too_small(invite):
            return [SendResponse(key, answer(invite, 422, *too_small, tag=tag))]
        was_said_here = self._unheard is None and self.line.proxy == self._proxy
        out = self._take_dialog(key, invite, tag, now)
        if old is None or self.dialog is old:
            return out
        self._key, self._invite, self._proxy = key, invite, self.line.proxy
        self._has_moved = self._is_known_there = False  # Until it acknowledges this one.
        if was_said_here:  # Our 2xx may be heard yet: they have crossed.
            out.append(OweBye(self.line, old, reasons.REPEATED, accepted))
        return [*out, *self._cancel_replacement()]

    def answer(self, now: float) -> list[object]:
        """Take the call, now or as soon as that can be said."""
        if self.state is CallState.OFFERED and self._is_cut:
            self._wants_answer = True
            return []
        out = super().answer(now)
        if out and self._has_moved:
            self._ack_by = now + ACK_S
        return out

    def hang_up(self, now: float) -> list[object]:
        """486, or BYE once our 2xx is acknowledged, or never will be."""
        out = super().hang_up(now)
        if self.state is CallState.LEAVING and self._unheard:
            self._ack_by = now + KEPT_S
        return out

    def acknowledged(self, ack: Request) -> list[object]:
        """Hear the ACK of a 2xx of ours: they know the dialog."""
        waited = self._accepted is not None
        out = super().acknowledged(ack)
        self._is_known_there |= waited and self._accepted is None
        return out

    def service_lost(self, now: float) -> list[object]:
        """A call that rings does so on; one that stands survives (F6)."""
        self._lose_link()
        match self.state:
            case CallState.OFFERED:
                return self._cut(now)
            case CallState.ACCEPTED:
                self._has_moved = True
                return self._bind(Tie.REFRESHING)
            case CallState.CONFIRMED:
                return self._survive()
            case CallState.LEAVING:
                return self._leave_unheard(now)
            case _:
                return []

    def service_settled(self, now: float) -> list[object]:
        """Say over a link to the same proxy that it rings."""
        out = super().service_settled(now)
        cut = self._is_cut and self.state is CallState.OFFERED
        if not cut or self.line.proxy != self._proxy:
            return out
        self._clock_at = min(self._rings_until, now + UNSURE_S)
        out += self._ring_again(now)
        if self.state is CallState.OFFERED and knows_early_dialogs(self._invite):
            self._ask_waits_at = now + ASK_FIRST_S
        return out

    def _was_answered(self, sent: Within, response: Response, now: float) -> list[object]:
        """Hear whether the caller still waits."""
        if sent.about != WAITS:
            return super()._was_answered(sent, response, now)
        if self.dialog and self.dialog.call_id == response.call_id and response.status < 300:
            self.dialog = self.dialog.refreshed(response)
        if self.state is not CallState.OFFERED or self._ask_waits_at is None:
            return []  # Nothing depends on it any more.
        if response.status == 481:
            self._ask_waits_at, self._clock_at = None, now + GIVEN_UP_S
            self._has_given_up = True
        elif response.status < 300:
            self._clock_at = min(self._rings_until, now + UNSURE_S)
        return []

    def _cut(self, now: float) -> list[object]:
        """Ring on; whoever is to be told so is told over the next link."""
        if not (self._is_cut or self._has_given_up):
            self._clock_at = min(self._rings_until, now + KEPT_S)
        self._is_cut = self._has_moved = True
        self._remind_at = self._ask_waits_at = None
        if self._reliable:
            self._reliable.rest()
        return self._bind(Tie.REFRESHING)

    def _ring_again(self, now: float) -> list[object]:
        """There is a way to the caller: say that it rings, or that it is answered."""
        self._is_cut = False
        self._remind_at = now + REMIND_S
        out = [*self._said_again(now), *self._bind(Tie.ANCHORED)]
        return [*out, *(self.answer(now) if self._wants_answer else [])]

    def _said_again(self, now: float) -> list[object]:
        """Say 180; one that waits for its PRACK is the same as before."""
        if self._reliable is None:
            return self._ringing(now)
        self._reliable = self._reliable.over(self.line.dialog_contact(), now)
        return self._reliable.start()

    def _not_replaced(self, status: int, wait_s: float, now: float) -> list[object]:
        """Go on without; a far end that is held is not heard, so what it says has to do: it never
        acknowledged the call, and knows none."""
        never_was = status == 481 and self._is_loose and not self._is_known_there
        if never_was and self.media.is_holding and not self._left_there:
            return self._give_up("the far end is gone", reasons.NOT_CONFIRMED)
        return super()._not_replaced(status, wait_s, now)

    def _bind(self, tie: Tie) -> list[object]:
        """A call that stands, and is tied to its far end, is held there."""
        self._is_known_there |= tie is Tie.ANCHORED and self.state is CallState.CONFIRMED
        return super()._bind(tie)

    def _never_confirmed(self) -> list[object]:
        """The PRACK may have gone by the link that is gone: it is only missed with its answer."""
        assert self._reliable is not None
        if not self._has_moved or self._reliable.offered:
            return super()._never_confirmed()
        self._reliable.rest()
        return []

    def _stop_ringing(self, state: CallState) -> None:
        super()._stop_ringing(state)
        self._ask_waits_at = None

    def _clock_rang(self, now: float) -> list[object]:
        match self.state:
            case CallState.OFFERED if self._has_given_up:
                return self.cancelled("")
            case CallState.OFFERED if self._is_cut:
                return [self._final(480), *self._end(EndCause.LINK_LOST)]
            case _:
                return super()._clock_rang(now)


def knows_early_dialogs(invite: Request) -> bool:
    """Tell whether a caller can say whether it still waits: others may know no dialog before it is
    answered, and say 481 to whatever comes (RFC 3311 4)."""
    return TAG in (or_none(lambda: invite.supported) or ()) and updates(invite)
