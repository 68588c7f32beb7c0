"""What the phone may say, given all that it has heard: the reference of the second world.

The book follows every dialog from the phone's own end of the wire. Each request that is heard gets
an expectation of its answer; each message that is said is looked at; after every step nothing may
be owed. It demands only what the phone can know.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable

from firmware.agent.events import (
    CallAnswered,
    CallEnded,
    Dialling,
    EndCause,
    HoldChanged,
    MediaChanged,
    MediaEnded,
    Tie,
    TieChanged,
)
from firmware.agent.outlasting import GIVEN_UP_S
from firmware.agent.rescue import LOOSE
from firmware.media.plan import MediaPlan
from firmware.sip.message import Response
from tests.simulator.peers.dialog import ACK_S, Stage
from tests.simulator.peers.ledger import TIMEOUT_S
from tests.simulator.peers.pages import port_of
from tests.simulator.peers.saying import Saying
from tests.simulator.peers.sdp import Sound

SLACK_S = 1.0
KEPT = 200
"""Dialogs that are remembered when they are over."""


class Book(Saying):
    """The whole book: what the person hears and wants, and what has to hold after each step."""

    # What the person hears and wants.

    def told(self, said: object) -> None:
        """The phone tells the outside something."""
        match said:
            case MediaChanged(call, plan):
                self.ports[call] = port = plan.local_port
                self.held = self.held if port in self.plans else {**self.held, port: False}
                assert self.plans.get(plan.local_port) != plan, "the same sound is told twice"
                self.plans[plan.local_port] = plan
            case Dialling(call):
                self._dialling = call
            case CallAnswered(call) if call not in self.ports:
                self._answering = call
            case MediaEnded(call):
                del self.plans[self.ports[call]]
            case HoldChanged(call, on):
                self.held[self.ports[call]] = on
            case CallEnded() if said.call:
                self._ended.append(said)
            case TieChanged(call, tie):
                self._tied(call, tie)
            case _:
                pass

    def _tied(self, call: int, tie: Tie) -> None:
        for dialog in self.of_call(call):
            dialog.is_loose = tie is not Tie.ANCHORED
            dialog.is_refreshing = tie is Tie.REFRESHING
            if tie in LOOSE:
                dialog.timer.since = None
            if tie is Tie.GONE:
                dialog.may_end = "the far end is gone"

    def hung_up(self, call: int) -> None:
        """The person ends a call; a dialog that stands may be ended, an INVITE is cancelled."""
        for dialog in self.of_call(call):
            dialog.has_left = True
            dialog.may_end = "the person has left"

    def given_up(self, call: int) -> None:
        """The person gives up a call that nobody has answered yet: its INVITE is cancelled."""
        port = self.ports.get(call)
        for branch, sent in self.ledger.sent.items():
            offer = self._offers.get(branch)
            if offer is not None and not sent.final and port_of(offer) == port:
                sent.is_unwanted = not self._replacing.get(sent.request.call_id)
                self._fade(sent.request)

    def sounds(self, call: int, *, heard: bool) -> None:
        """The phone is told that a far end has fallen silent, or is heard again."""
        for dialog in self.of_call(call):
            stands = dialog.is_caller or dialog.was_acked or dialog.unacked is None
            dialog.silent_at = None if heard or not stands else self.now

    # After a step.

    def after_step(self, living: Iterable[int]) -> None:
        """Nothing is owed; the sound is what was agreed."""
        self.ledger.after_step()
        for dialog in self.dialogs:
            if dialog.stage is Stage.EARLY and dialog.is_caller:
                assert not dialog.pracks_due, f"no PRACK of {dialog.pracks_due}"
            ended = dialog.stage is not Stage.OVER and dialog.has_left
            waits = not self.is_settled or dialog.unacked is not None
            assert not ended or waits, "a call that was left goes on"
        self._sounds_right()
        for said in self._ended:
            self._ends_for_a_reason(said)
        self._ended.clear()
        self._heard = None

    def _sounds_right(self) -> None:
        for dialog in self._up():
            port = self._port_of(dialog)
            plan = self.plans.get(port)
            if dialog.sound is None or dialog.has_left:
                continue
            assert plan is not None, "a call without its sound"
            _compare(plan, dialog.sound)
            held = self.held.get(port, False)
            assert dialog.turned in {None, held}, f"told that it holds: {held}"
            dialog.turned = None
        for dialog in self.dialogs:
            early = self._early.get(dialog.call_id)
            plan = self.plans.get(self._port_of(dialog))
            if dialog.stage is Stage.EARLY and dialog.is_caller and early and plan:
                _compare(plan, early)

    def _ends_for_a_reason(self, ended: CallEnded) -> None:
        heard = self._heard
        match ended.cause:
            case EndCause.CANCELLED_THERE if heard is None:
                gave_up = [d.gave_up_at for d in self.dialogs if d.gave_up_at is not None]
                waited_s = [self.now - at for at in gave_up]
                assert any(abs(s - GIVEN_UP_S) < SLACK_S for s in waited_s), "out of the blue"
            case EndCause.HUNG_UP_THERE | EndCause.CANCELLED_THERE | EndCause.ANSWERED_ELSEWHERE:
                assert heard is not None, f"{ended.cause} out of the blue"
            case EndCause.REFUSED:
                assert isinstance(heard, Response), "refused by nobody"
                assert ended.status == heard.status, f"{ended.status} is told, not {heard.status}"
            case _:
                pass

    def look(self, now: float) -> None:
        """Time has passed: what the timers ask for is done (RFC 4028 10, 13.3.1.4)."""
        self.now = now
        self._expire()
        self.ledger.look(now)
        for dialog in self._up():
            end_at, refresh_at = dialog.timer.end_at, dialog.timer.refresh_at
            assert end_at is None or now <= end_at + SLACK_S, "a session that has run out goes on"
            if refresh_at is None or dialog.asked or dialog.unacked is not None:
                continue
            waits = now < dialog.wait_until + SLACK_S
            asked = waits or dialog.refreshed_at >= refresh_at - SLACK_S
            assert asked or now <= refresh_at + SLACK_S, f"{dialog.call_id} is not refreshed"
        self._look_into_silence(now)
        self._look_after_leaving(now)
        old = self.dialogs[:-KEPT]
        self.dialogs = [d for d in old if d.stage is not Stage.OVER] + self.dialogs[-KEPT:]
        for dialog in self.dialogs:
            waits = dialog.stage is Stage.EARLY and dialog.own_sequence is not None
            waits = waits and not dialog.is_moved
            waited_s = now - dialog.own_sequence_at if waits else 0.0
            assert waited_s < TIMEOUT_S + SLACK_S, "a call without its PRACK goes on"

    def _look_after_leaving(self, now: float) -> None:
        """Who is left before the ACK of the phone's 2xx hears BYE all the same (15)."""
        for dialog in self._up():
            patience_s = ACK_S if dialog.is_moved else TIMEOUT_S
            late = now > dialog.accepted_at + patience_s + SLACK_S and self.is_settled
            assert not (late and dialog.has_left), f"{dialog.call_id} was left, and goes on"

    def _look_into_silence(self, now: float) -> None:
        """Who falls silent is asked as soon as that may be: a BYE may have been lost (F6)."""
        for dialog in self._up():
            busy = dialog.asked or dialog.unacked is not None or dialog.is_loose
            if busy or dialog.has_left or not self.is_settled or dialog.silent_at is None:
                continue
            late = now > max(dialog.silent_at, dialog.wait_until) + SLACK_S
            assert not late, f"the silence of {dialog.call_id} is not looked into"


def _compare(plan: MediaPlan, sound: Sound) -> None:
    """What is heard and sent is what both ends have agreed on."""
    told = (plan.remote.host, plan.remote.port, plan.direction.value, plan.sends.codec.name)
    assert told[:3] == (sound.host, sound.port, sound.direction), f"{told}, not {sound}"
    assert sound.codec.startswith(plan.sends.codec.name.upper()), f"{told}, not {sound}"
    for key, wanted in ((plan.key_out, sound.key_out), (plan.key_in, sound.key_in)):
        assert bool(key) == bool(wanted), "encrypted by halves"
        if key is not None:
            assert wanted.split()[0] == key.suite.value, "a key of another suite"
            assert wanted.endswith(_base64(key.material)), "another key than was agreed"


def _base64(material: bytes) -> str:
    return b64encode(material).decode()
