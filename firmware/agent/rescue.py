"""A call that outlives its link: F6 of the contract (RFC 3261 14, RFC 3891).

Theory of operation
-------------------
    ANCHORED --link lost--> REFRESHING --2xx--> ANCHORED
       |                        | any failure but 401, 407, 488
       +--481, 408, silence-----+---> REPLACING --2xx, or theirs--> ANCHORED
                                         |                              ^
                                         +--refused--> ADRIFT --theirs--+
                                                         | silence      |
                                                         +----> GONE ---+--> the end

- Sound goes its own way and never stops. The number of the call stays, whatever its dialog is.
- REFRESHING: a re-INVITE with the same session, as soon as the account's registrar has had its say
  on the new link. The dialog's routes lead over the new proxy (`Dialog.over`).
- One of ours that was lost on its way, since the far end was not at the new proxy yet, gives way to
  theirs: who sends an INVITE `CROSSING_S` after ours went out has not seen it.
- REPLACING: an INVITE with Replaces to where the far end lives. Both phones may have lost their
  proxy: who placed the call begins at once, the other after 2.1-4 s. When the two cross, the one
  who placed the call answers 491, and the other accepts.
- Whatever takes the dialog's place, the old one is owed a BYE. Where our 2xx to theirs went down
  with another link, they still name the old one: until they show that they know the new dialog,
  theirs for the old one takes its place again. A BYE of theirs in the old one while
  our INVITE is out may mean that it was accepted: its answer decides.
- ADRIFT: nobody could be asked, but there is sound. A far end that may yet be found is asked again,
  at ever longer intervals; one that says it knows no such dialog is not.
- Silence where the dialog seems well is a reason to ask: a BYE may have been lost with a proxy. So
  the far end is refreshed; 481 leads the way above. ADRIFT and silent is GONE: the screen says so,
  and a few seconds later the call is closed.
"""

from __future__ import annotations

from firmware.agent import reasons
from firmware.agent.absence import NOT_THERE_NOW
from firmware.agent.accepted import Accepted
from firmware.agent.answering import answer
from firmware.agent.call import RETRY_AFTER_S_MAX, CallState
from firmware.agent.dialog import Dialog
from firmware.agent.events import EndCause, Party, Tie, TieChanged
from firmware.agent.farewell import OweBye
from firmware.agent.line import Line
from firmware.agent.replacing import Replacement
from firmware.agent.standing import PATIENCE_S, StandingCall
from firmware.link.events import Proxy
from firmware.machine import earliest, is_due
from firmware.sip.message import Request, Response
from firmware.sip.replaces import Replaces
from firmware.transaction.events import (
    CancelLost,
    CancelRequest,
    RequestFailed,
    RequestFailure,
    RequestReceived,
    SendAck,
    SendRequest,
    SendResponse,
)

CALLEE_WAIT_S = (2.1, 4.0)
"""F6: who did not place the call leaves the first word to the other."""

AGAIN_S, AGAIN_S_MAX = 4.0, 64.0
"""Between attempts to find a far end that may be on its way to another proxy: doubling."""

CROSSING_S = 2.0
"""INVITEs that cross meet within this; one that is out for longer was lost on its way."""

DIALOG_LOST = frozenset({0, 408, 481})
"""Answers within a dialog that say that it is no more (12.2.1.2)."""

PROBE_S = 30.0
"""How often a silent far end whose dialog seems well is asked."""

GONE_S = 5.0
"""How long the screen says that the far end is gone before the call is closed."""

LOOSE = frozenset({Tie.REPLACING, Tie.ADRIFT, Tie.GONE})

LEGAL = {
    Tie.ANCHORED: {Tie.REFRESHING, Tie.REPLACING},
    Tie.REFRESHING: {Tie.ANCHORED, Tie.REPLACING, Tie.ADRIFT, Tie.GONE},
    Tie.REPLACING: {Tie.ANCHORED, Tie.REFRESHING, Tie.ADRIFT, Tie.GONE},
    Tie.ADRIFT: {Tie.ANCHORED, Tie.REFRESHING, Tie.GONE},
    Tie.GONE: {Tie.ANCHORED, Tie.REFRESHING, Tie.ADRIFT},
}


class RescuedCall(StandingCall):
    """A call that survives its link; `OutgoingCall` and `ReceivedCall` add how it begins."""

    def __init__(self, number: int, line: Line, far: Party, port: int, state: CallState) -> None:
        super().__init__(number, line, far, port, state)
        self.tie = Tie.ANCHORED
        self._replacement: Replacement | None = None  # The newest attempt,
        self._taken: Replacement | None = None  # and the last with a 2xx, which may come again.
        self._wants_replacement = False
        self._replace_at: float | None = None  # When the next attempt may begin.
        self._again_s = AGAIN_S
        self._lost_attempt: Request | None = None  # One that went down with its link,
        self._lost_at: Proxy | None = None  # and whom it had gone to.
        self._unconfirmed: Accepted | None = None  # The 2xx that opened a dialog of theirs.
        self._left_there = False  # They said BYE while our attempt was out.
        self._elder: Dialog | None = None  # Theirs took its place, and its ACK has not come.
        self._is_silent = False
        self._probe_at: float | None = None
        self._gone_by: float | None = None

    @property
    def is_done(self) -> bool:
        """Tell whether the call can be forgotten."""
        return super().is_done and not self._is_replacing and self._lost_attempt is None

    @property
    def wants_asking(self) -> bool:
        """Tell whether something is wanted of the far end, and may be asked for now."""
        if self.tie not in LOOSE:
            return super().wants_asking
        busy = self._asked or self._accepted or self._is_replacing or self._replace_at is not None
        return self._wants_replacement and not busy and self.state is CallState.CONFIRMED

    def is_named_by(self, replaces: Replaces) -> bool:
        """Tell whether a Replaces names our dialog, or the one whose place that took unheard."""
        return any(dialog.is_named_by(replaces) for dialog in (self.dialog, self._elder) if dialog)

    def deadline(self) -> float | None:
        """Return when to repeat, to ask again, or to give up."""
        return earliest((super().deadline(), self._replace_at, self._probe_at, self._gone_by))

    def wake(self, now: float) -> list[object]:
        """Do what is due."""
        out = super().wake(now)
        if is_due(self._replace_at, now):
            self._replace_at = None
        if is_due(self._probe_at, now):
            self._probe_at = None
            self._wants_refresh = self.tie is Tie.ANCHORED
        if is_due(self._gone_by, now):
            out += self._give_up("the far end is gone", reasons.NOTHING_HEARD)
        return out

    def ask(self, now: float) -> list[object]:
        """Refresh the dialog, or ask for another one."""
        if self.tie not in LOOSE:
            return super().ask(now)
        assert self.dialog is not None
        self._wants_replacement = False
        self._replacement = Replacement(self.line, self.dialog)
        return [self._send_replacement(self._replacement, now)]

    def owns(self, key: str) -> bool:
        """Tell whether a request is ours."""
        return super().owns(key) or self._attempt(key) is not None

    def response(self, key: str, response: Response, now: float) -> list[object]:
        """Hear the answer to an INVITE that replaces, or to one within the dialog."""
        replacement = self._attempt(key)
        if replacement is None:
            return super().response(key, response, now)
        if response.status < 200:
            return []
        if replacement is not self._replacement:
            return self._replaced(replacement, response, now)
        self._give_up_at = None
        if response.status < 300:
            return self._replaced(replacement, response, now)
        replacement.is_open = False
        challenged = self._is_loose and response.status in {401, 407}
        if challenged and replacement.challenged(response):
            return [self._send_replacement(replacement, now)]
        return self._not_replaced(response.status, self._wait_s(response), now)

    def failed(self, event: RequestFailed, now: float) -> list[object]:
        """Hear that no answer will come; of the link's loss, `service_lost` tells."""
        replacement = self._replacement
        if replacement is None or event.key != replacement.key:
            return super().failed(event, now)
        if event.failure is RequestFailure.LINK_LOST:
            self._lost_attempt, self._lost_at = event.invite, self.line.proxy
            return []
        replacement.is_open, self._give_up_at = False, None
        return self._not_replaced(0, 0.0, now)

    def request(self, event: RequestReceived, now: float) -> list[object]:
        """Answer a request within the dialog; an offer there shows that the far end holds it."""
        out = super().request(event, now)
        self._elder = None  # They know the dialog of now.
        if event.request.method in {"INVITE", "UPDATE"} and self._is_loose:
            return [*out, *self._cancel_replacement(), *self._anchor(now)]
        return out

    def acknowledged(self, ack: Request) -> list[object]:
        """Hear an ACK: they know the dialog of now."""
        out = super().acknowledged(ack)
        self._elder = self._elder if self._accepted else None
        return out

    def _reinvited(self, key: str, request: Request, now: float) -> list[object]:
        """Answer a re-INVITE; ours that was lost on its way is no reason to refuse it."""
        lost = self.tie is Tie.REFRESHING and self._asked and now >= self._asked_at + CROSSING_S
        given_up = self._abandon() if lost else []
        return [*given_up, *super()._reinvited(key, request, now)]

    def sounds(self, *, heard: bool, now: float) -> list[object]:
        """Hear that the far end has fallen silent, or is heard again (lesson 30)."""
        self._is_silent = not heard
        self._probe_at = None
        if self.state is not CallState.CONFIRMED:
            return []
        if heard:
            return self._bind(Tie.ADRIFT) if self.tie is Tie.GONE else []
        if self.tie is Tie.ANCHORED:
            self._wants_refresh = True
        return self._drift(now) if self.tie is Tie.ADRIFT else []

    def replaced_by(self, key: str, invite: Request, now: float) -> list[object]:
        """Take an INVITE of the far end in the place of our dialog (RFC 3891 3)."""
        tag = next(self.line.ids)
        if self._is_caller and self._is_replacing:
            return [SendResponse(key, answer(invite, 491, tag=tag))]
        if too_small := self.timer.too_small(invite):
            return [SendResponse(key, answer(invite, 422, *too_small, tag=tag))]
        assert self.dialog is not None
        assert invite.replaces is not None
        unheard = None if self.dialog.is_named_by(invite.replaces) else self._elder
        if self._accepted and unheard is None:
            later = ("Retry-After", self.line.random.randint(0, RETRY_AFTER_S_MAX))
            return [SendResponse(key, answer(invite, 500, later, tag=tag))]
        old, accepted = self.dialog, self._accepted
        out = self._take_dialog(key, invite, tag, now)
        if self.dialog is old:
            return out
        self._elder = unheard or old
        return [*out, OweBye(self.line, old, reasons.REPEATED, accepted)]

    def _take_dialog(self, key: str, invite: Request, tag: str, now: float) -> list[object]:
        """Accept an INVITE in the place of our dialog; that stays where no session can be had."""
        before = self.dialog, self._accepted
        self.dialog, self._accepted = Dialog.opened_by_them(invite, tag, self.line.hop), None
        out = self._accept(key, invite, now)
        if self._accepted is None:
            self.dialog, self._accepted = before
            return out
        self._owns_call_id, self._unconfirmed = False, self._accepted
        out += self._abandon() if self._asked else []  # Nothing in the old dialog is of use.
        return [*out, *self._anchor(now)]

    def service_settled(self, now: float) -> list[object]:
        """CANCEL an INVITE with Replaces that went down with its link, at the same proxy (F5)."""
        self.timer.resume(now)
        lost, self._lost_attempt = self._lost_attempt, None
        if lost is None or self.line.proxy != self._lost_at:
            return []
        return [CancelLost(lost, "" if self.has_ended else reasons.REPEATED)]

    # The link is lost.

    def _lose_link(self) -> None:
        super()._lose_link()
        self._replacement = self._taken = self._replace_at = self._probe_at = None
        self._again_s = AGAIN_S

    def _survive(self) -> list[object]:
        """The call stands: it is tied to its far end anew as soon as there is a link."""
        self._wants_refresh, self._wants_replacement = True, False
        return self._bind(Tie.REFRESHING)

    def _take_session(self, response: Response, now: float) -> list[object]:
        self._elder = None
        return [*self._anchor(now), *super()._take_session(response, now)]

    def _denied(self, status: int, now: float) -> list[object]:
        """Decide what a refusal within the dialog means for the dialog."""
        out = super()._denied(status, now)
        if status == 488 or (self.tie is Tie.ANCHORED and status not in DIALOG_LOST):
            return [*out, *self._anchor(now)]  # Who does not like our session holds the dialog.
        if status in {401, 407}:
            return [*out, *self._drift(now)]
        self._wants_replacement = True
        wait_s = 0.0 if self._is_caller else self.line.random.uniform(*CALLEE_WAIT_S)
        self._replace_at = now + wait_s if wait_s else None
        return [*out, *self._bind(Tie.REPLACING)]

    # The INVITE that replaces.

    def _attempt(self, key: str) -> Replacement | None:
        attempts = (self._replacement, self._taken)
        return next((one for one in attempts if one is not None and one.key == key), None)

    @property
    def _is_replacing(self) -> bool:
        return self._replacement is not None and self._replacement.is_open

    @property
    def _is_loose(self) -> bool:
        return self.state is CallState.CONFIRMED and self.tie in LOOSE

    def _send_replacement(self, replacement: Replacement, now: float) -> SendRequest:
        replacement.is_open = True
        sent = replacement.send(self.media.offer(self.line.host, anew=True))
        replacement.media = self.media.fork()  # Theirs in the old dialog changes nothing here.
        self._out_key, self._give_up_at = replacement.key, now + PATIENCE_S
        return sent

    def _replaced(self, replacement: Replacement, response: Response, now: float) -> list[object]:
        """Acknowledge a 2xx; the first is the call from now on, any other is ended."""
        if ack := replacement.known_ack(response):
            return [SendAck(ack)]
        opened = replacement.opened(response)
        if opened is None:
            return self._not_replaced(488, 0.0, now) if replacement is self._replacement else []
        dialog, ack = opened
        self._taken = replacement
        if self.state is not CallState.CONFIRMED or not replacement.names(self.dialog):
            return [SendAck(ack), OweBye(self.line, dialog, reasons.ELSEWHERE)]
        assert replacement.media is not None
        if replacement.media.take_answer(response):
            ended = [SendAck(ack), OweBye(self.line, dialog, reasons.NO_SESSION)]
            return [*ended, *self._not_replaced(488, 0.0, now)]
        assert self.dialog is not None
        self.media = replacement.media
        old, self.dialog = self.dialog, dialog
        self._owns_call_id, self._left_there = True, False
        self._accepted = None  # An ACK in the old dialog is nothing to wait for any more.
        self.timer.granted(response, now)
        tied = self._anchor(now)
        farewell = OweBye(self.line, old, reasons.REPEATED)
        return [SendAck(ack), farewell, *tied, *self._media_news()]

    def _not_replaced(self, status: int, wait_s: float, now: float) -> list[object]:
        """Go on without: until the next attempt, where there is hope, or as long as it sounds."""
        if self.state is not CallState.CONFIRMED:
            return []
        if self._left_there:
            self._enter(CallState.TERMINATED)
            return self._end(EndCause.HUNG_UP_THERE)
        if not self._is_loose:
            return []  # Theirs has shown meanwhile that they hold the dialog.
        self.media.withdraw()
        if not wait_s and status in NOT_THERE_NOW:
            wait_s, self._again_s = self._again_s, min(2 * self._again_s, AGAIN_S_MAX)
        self._wants_replacement = wait_s > 0
        self._replace_at = now + wait_s if wait_s else None
        return [] if status == 491 else self._drift(now)

    def _drift(self, now: float) -> list[object]:
        """Nobody can be asked: as long as there is sound, there is a call."""
        if not self._is_silent:
            return self._bind(Tie.ADRIFT)
        out = self._bind(Tie.GONE)
        self._gone_by = self._gone_by or now + GONE_S
        return out

    def _bye_came(self, key: str, request: Request) -> list[object]:
        if not self._is_replacing:
            return super()._bye_came(key, request)
        self._left_there = True
        return [SendResponse(key, answer(request, 200))]

    def _leave(self, reason: str = "") -> list[object]:
        """End the dialog, and the attempt to have another one."""
        return [*self._cancel_replacement(), *super()._leave(reason)]

    def _cancel_replacement(self) -> list[object]:
        replacement = self._replacement
        open_key = replacement.key if replacement and replacement.is_open else ""
        return [CancelRequest(open_key)] if open_key else []

    def _anchor(self, now: float) -> list[object]:
        """They hold the dialog; who is not heard all the same is asked again."""
        self._probe_at = now + PROBE_S if self._is_silent else None
        return self._bind(Tie.ANCHORED)

    def _bind(self, tie: Tie) -> list[object]:
        """The one door through which the tie changes; the old one's waits are forgotten."""
        if tie is self.tie:
            return []
        assert tie in LEGAL[self.tie], f"{self.tie} -> {tie}"
        self.tie = tie
        self._gone_by = None
        if tie in LOOSE:
            self.timer.pause()  # Nothing can be refreshed, and sound decides.
        if tie is Tie.ANCHORED:
            self._wants_refresh = False
            self._wants_replacement, self._replace_at, self._again_s = False, None, AGAIN_S
        return [TieChanged(self.number, tie)]

    def _enter(self, state: CallState) -> None:
        """With the call end all waits for its far end."""
        super()._enter(state)
        if state is CallState.TERMINATED:
            self._ask_at = self._replace_at = self._probe_at = self._gone_by = None
