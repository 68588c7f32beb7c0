"""Two calls: one is talked in, the other waits or is held (`call waiting`)."""

from __future__ import annotations

import pytest

from firmware.agent.events import (
    Answer,
    CallAnswered,
    CallEnded,
    EndCause,
    FarChanged,
    HangUp,
    Hold,
    HoldChanged,
    IncomingCall,
    MediaChanged,
    Party,
    Reject,
    Resume,
)
from firmware.media.events import HushCall, MuteMicrophone, PlayTone, UseAudio
from firmware.media.tone_table import ToneKind
from firmware.phone.events import AnswerCall, EndCall, HookReplaced, Report, SetRinger, Show
from firmware.phone.kept import HistoryLog
from firmware.phone.settings import ENDED_S, FLASH_S
from tests.unit.media.ends import PLAN
from tests.unit.phone.rig import ANNA, Rig, of

SECOND = 8


def waiting() -> Rig:
    """Somebody talks in call 7, and Anna calls."""
    rig = Rig.registered().talking()
    rig.feed(MediaChanged(7, PLAN))
    return rig.called()


def orders(out: list[object]) -> list[object]:
    told = Report | Show | PlayTone | HushCall | UseAudio | HistoryLog
    return [item for item in out if not isinstance(item, told)]


def both() -> Rig:
    """Call 7 is held, and Anna is talked to."""
    rig = waiting()
    rig.press("soft1")
    rig.feed(HoldChanged(7, True), CallAnswered(SECOND), MediaChanged(SECOND, PLAN))
    return rig


def test_a_second_call_is_offered_by_name_and_tone_and_does_not_ring() -> None:
    rig = Rig.registered().talking()
    out = rig.feed(IncomingCall(SECOND, 1, ANNA))
    assert of(PlayTone, out) == [PlayTone(ToneKind.CALL_WAITING)]
    assert not of(SetRinger, out)
    rig.pass_time(5)
    seen = "Call waiting\nAnna Schmidt\n604\nConnected: 603 0:05\n[Answer] [Reject]"
    assert rig.words == seen, "and so is who is talked to"


def test_rejecting_it_leaves_the_first_as_it_was() -> None:
    rig = waiting()
    out = rig.press("soft2")
    assert orders(out) == [Reject(SECOND)]
    assert of(PlayTone, out) == [PlayTone(None)]
    assert "Connected\n603" in rig.words


def test_a_caller_who_gives_up_is_gone_from_the_screen() -> None:
    rig = waiting()
    out = rig.feed(CallEnded(SECOND, EndCause.CANCELLED_THERE))
    assert of(PlayTone, out) == [PlayTone(None)]
    assert "Connected\n603" in rig.words


def test_answering_it_holds_the_first() -> None:
    rig = waiting()
    assert orders(rig.press("soft1")) == [Hold(7), Answer(SECOND)]
    rig.feed(HoldChanged(7, True), CallAnswered(SECOND))
    rig.pass_time(3)
    assert "Connected\nAnna Schmidt\n604\n0:03\nOn hold: 603 0:03\n" in rig.words


def test_a_program_answers_it_too() -> None:
    assert orders(waiting().feed(AnswerCall())) == [Hold(7), Answer(SECOND)]


def test_a_muted_microphone_is_not_muted_for_somebody_else() -> None:
    rig = waiting()
    rig.press("mute")
    assert orders(rig.press("soft1")) == [MuteMicrophone(False), Hold(7), Answer(SECOND)]


@pytest.mark.parametrize("there", [True, False])
def test_after_the_second_the_first_is_back(there: bool) -> None:
    rig = both()
    rig.pass_time(60)
    if there:
        assert orders(rig.feed(CallEnded(SECOND, EndCause.HUNG_UP_THERE))) == [Resume(7)]
        assert "Anna Schmidt: hung up" in rig.words
        rig.pass_time(ENDED_S)
    else:
        assert orders(rig.press("soft2")) == [HangUp(SECOND), Resume(7)]
    assert "Connected\n603\n1:0" in rig.words
    assert "Anna" not in rig.words
    assert orders(rig.press("soft2")) == [HangUp(7)]


def test_the_first_may_end_while_it_is_held() -> None:
    rig = both()
    rig.feed(FarChanged(7, Party("Gone", "1")), CallEnded(7, EndCause.HUNG_UP_THERE))
    assert "Connected\nAnna Schmidt" in rig.words
    rig.feed(CallEnded(SECOND, EndCause.HUNG_UP_THERE))
    assert "Call ended" in rig.words


@pytest.mark.parametrize("rig", [waiting(), both()])
def test_a_third_call_is_busy(rig: Rig) -> None:
    before = rig.words
    assert orders(rig.feed(IncomingCall(9, 1, Party("", "605")))) == [Reject(9)]
    assert rig.words == before


@pytest.mark.parametrize("event", [EndCall(), HookReplaced()])
def test_hanging_up_lets_the_waiting_call_ring(event: EndCall | HookReplaced) -> None:
    rig = waiting()
    out = [*rig.feed(event), *rig.pass_time(FLASH_S)]
    assert HangUp(7) in out
    assert SetRinger(True) in out
    assert "Incoming call\nAnna Schmidt" in rig.words
    assert Answer(SECOND) in rig.press("soft1")


def test_when_the_far_end_leaves_the_waiting_call_rings() -> None:
    rig = waiting()
    assert SetRinger(True) in rig.feed(CallEnded(7, EndCause.HUNG_UP_THERE))
    assert "Incoming call\nAnna Schmidt" in rig.words


@pytest.mark.parametrize("stage", ["dialled", "called"])
def test_nobody_is_offered_before_the_first_call_stands(stage: str) -> None:
    rig: Rig = getattr(Rig.registered(), stage)()
    assert orders(rig.feed(IncomingCall(9, 1, ANNA))) == [Reject(9)]
