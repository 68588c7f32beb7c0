"""Two calls by one person: put aside, dial, talk, swap, hang up one, and the other is back."""

from __future__ import annotations

import pytest

from firmware.agent.events import (
    Answer,
    CallAnswered,
    CallEnded,
    Dial,
    Dialling,
    EndCause,
    HangUp,
    Hold,
    HoldChanged,
    IncomingCall,
    MediaChanged,
    MediaEnded,
    Party,
    Reject,
    RemoteRinging,
    Resume,
    SendDigit,
)
from firmware.link.events import TestLink
from firmware.media.events import HushCall, MuteMicrophone, PlayTone, UseAudio
from firmware.media.tone_table import ToneKind
from firmware.phone.events import (
    DialTarget,
    HoldCall,
    HookLifted,
    HookReplaced,
    Report,
    SetRinger,
    Show,
    StartVoice,
)
from firmware.phone.kept import HistoryLog
from firmware.phone.settings import DELAY_S, ENDED_S, FLASH_S, FORGOTTEN_S
from firmware.phone.state import State
from tests.unit.media.ends import PLAN
from tests.unit.phone.rig import ANNA, Rig, of

FIRST, SECOND = 7, 8


def orders(out: list[object]) -> list[object]:
    told = Report | Show | PlayTone | StartVoice | UseAudio | HistoryLog
    return [item for item in out if not isinstance(item, told)]


def talking(*, lifted: bool = False) -> Rig:
    rig = Rig.registered()
    if lifted:
        rig.feed(HookLifted())
    rig.talking().feed(MediaChanged(FIRST, PLAN))
    return rig


def aside(*, lifted: bool = False) -> Rig:
    """The first call waits, and a number can be dialled."""
    rig = talking(lifted=lifted)
    rig.press("soft1")
    rig.feed(HoldChanged(FIRST, True))
    return rig


def calling(*, lifted: bool = False) -> Rig:
    rig = aside(lifted=lifted)
    rig.press(*"604#")
    rig.feed(Dialling(SECOND, 1, ANNA))
    return rig


def both(*, lifted: bool = False) -> Rig:
    """Anna is talked to, and the first call is held."""
    rig = calling(lifted=lifted)
    rig.feed(CallAnswered(SECOND), MediaChanged(SECOND, PLAN))
    return rig


def test_put_aside_dial_talk_swap_hang_up_and_the_other_is_back() -> None:
    rig = talking()
    assert orders(rig.press("soft1")) == [Hold(FIRST), TestLink(), HushCall(FIRST, True)]
    rig.feed(HoldChanged(FIRST, True))
    assert orders(rig.press(*"604#")) == [Dial(1, "604", wait_s=DELAY_S)]
    rig.feed(Dialling(SECOND, 1, ANNA), RemoteRinging(SECOND))
    assert rig.words.splitlines()[:4] == ["Ringing", "Anna Schmidt", "604", "On hold: 603 0:00"]
    rig.feed(CallAnswered(SECOND), MediaChanged(SECOND, PLAN))
    rig.pass_time(61)
    assert "Connected\nAnna Schmidt\n604\n1:01\n" in rig.words
    assert "On hold: 603 1:01\n[Swap] [End]" in rig.words
    hushed = [HushCall(FIRST, False), HushCall(SECOND, True)]
    assert orders(rig.press("soft1")) == [Hold(SECOND), Resume(FIRST), *hushed]
    rig.pass_time(4)
    assert rig.words.startswith("Connected\n603\n1:05\n")
    assert "On hold: Anna Schmidt 0:04" in rig.words
    assert orders(rig.press("soft2")) == [HangUp(FIRST), Resume(SECOND), HushCall(SECOND, False)]
    assert "Connected\nAnna Schmidt\n604\n1:05\n" in rig.words
    assert "[New call] [End]" in rig.words
    assert orders(rig.press("soft2")) == [HangUp(SECOND)]
    assert rig.phone.state is State.IDLE


def test_the_hold_key_swaps_too() -> None:
    rig = both()
    assert orders(rig.press("hold"))[:2] == [Hold(SECOND), Resume(FIRST)]
    rig.feed(HoldChanged(SECOND, True), HoldChanged(FIRST, False))
    assert orders(rig.press("hold"))[:2] == [Hold(FIRST), Resume(SECOND)]


def test_a_far_end_that_does_not_want_to_wait_waits_all_the_same() -> None:
    """Nobody hears what is said to the other one, whatever was agreed."""
    rig = talking()
    rig.press("soft1")
    assert not of(HushCall, rig.feed(HoldChanged(FIRST, False)))
    rig.press(*"604#")
    rig.feed(Dialling(SECOND, 1, ANNA), CallAnswered(SECOND))
    assert HushCall(FIRST, False) in rig.press("soft1")


def test_a_held_call_waits_while_a_number_is_dialled_beside_it() -> None:
    rig = talking()
    rig.press("hold")
    rig.feed(HoldChanged(FIRST, True))
    assert orders(rig.press("6")) == [TestLink()], "and no digit goes into the call"
    assert orders(rig.press(*"04#")) == [Dial(1, "604", wait_s=DELAY_S)]


def test_digits_are_sent_in_the_call_that_is_talked_in() -> None:
    assert orders(both().press("1")) == [SendDigit(SECOND, "1")]


@pytest.mark.parametrize("lifted", [True, False])
def test_back_without_a_number_takes_the_call_back(lifted: bool) -> None:
    rig = aside(lifted=lifted)
    assert "[Back]" in rig.words
    rig.press("6", "soft2")
    assert "[Back]" in rig.words
    assert orders(rig.press("soft2")) == [Resume(FIRST), HushCall(FIRST, False)]
    assert rig.words.startswith("Connected\n603\n")


def test_hanging_up_before_the_answer_takes_the_first_call_back() -> None:
    rig = calling()
    assert orders(rig.press("soft2"))[:2] == [HangUp(SECOND), Resume(FIRST)]
    assert rig.words.startswith("Connected\n603\n")


def test_why_the_second_call_did_not_come_about_is_read_and_heard_first() -> None:
    rig = calling()
    out = rig.feed(CallEnded(SECOND, EndCause.REFUSED, 486, "busy"))
    assert of(PlayTone, out) == [PlayTone(ToneKind.BUSY)]
    assert not of(Resume, out)
    assert rig.words.splitlines()[:4] == ["Call ended", "Anna Schmidt", "604", "busy"]
    out = rig.pass_time(ENDED_S)
    assert orders(out) == [Resume(FIRST), HushCall(FIRST, False)]
    assert of(PlayTone, out) == [PlayTone(None)]
    assert rig.words.startswith("Connected\n603\n")


@pytest.mark.parametrize(
    ("key", "order"), [("soft1", Resume(FIRST)), ("6", TestLink())], ids=["resume", "dial again"]
)
def test_whoever_has_read_it_goes_on_at_once(key: str, order: object) -> None:
    rig = calling()
    rig.feed(CallEnded(SECOND, EndCause.REFUSED, 486, "busy"))
    assert "[Resume]" in rig.words
    assert order in orders(rig.press(key))


def test_the_end_of_the_second_is_said_for_a_moment() -> None:
    rig = both()
    out = rig.feed(CallEnded(SECOND, EndCause.HUNG_UP_THERE))
    assert orders(out) == [Resume(FIRST), HushCall(FIRST, False)]
    assert "Anna Schmidt: hung up" in rig.words
    rig.pass_time(ENDED_S)
    assert "Anna" not in rig.words


def test_the_held_one_may_give_up() -> None:
    rig = both()
    rig.feed(MediaEnded(FIRST), CallEnded(FIRST, EndCause.HUNG_UP_THERE))
    assert rig.words.startswith("Connected\nAnna Schmidt")
    assert "603: hung up" in rig.words
    rig.pass_time(ENDED_S)
    assert "603" not in rig.words
    assert "[New call] [End]" in rig.words


@pytest.mark.parametrize("digits", ["", "6"])
@pytest.mark.parametrize("lifted", [True, False])
def test_the_held_one_may_give_up_while_a_number_is_dialled(digits: str, lifted: bool) -> None:
    rig = aside(lifted=lifted)
    rig.press(*digits)
    rig.feed(CallEnded(FIRST, EndCause.HUNG_UP_THERE))
    assert rig.phone.state is (State.DIALLING if digits or lifted else State.IDLE)


def test_the_held_one_may_give_up_while_the_end_of_the_other_is_read() -> None:
    rig = calling()
    rig.feed(CallEnded(SECOND, EndCause.REFUSED, 486, "busy"))
    rig.feed(CallEnded(FIRST, EndCause.HUNG_UP_THERE))
    rig.pass_time(ENDED_S)
    assert rig.phone.state is State.IDLE


@pytest.mark.parametrize("stage", [aside, calling, both])
def test_a_third_call_is_busy(stage: object) -> None:
    rig: Rig = stage()  # type: ignore[operator] # one of the three
    assert orders(rig.feed(IncomingCall(9, 1, Party("", "605")))) == [Reject(9)]


def test_there_is_no_third_call_from_here() -> None:
    rig = both()
    assert not orders(rig.feed(DialTarget("605")))
    assert "New call" not in rig.words


def test_a_program_does_it_too() -> None:
    rig = talking()
    rig.feed(HoldCall(True), HoldChanged(FIRST, True))
    assert orders(rig.feed(DialTarget("604"))) == [TestLink(), Dial(1, "604", wait_s=DELAY_S)]


def test_the_handset_that_is_put_back_leaves_the_call_and_nobody_is_heard() -> None:
    """The held one waits: the room would be heard, and nobody would listen."""
    rig = both(lifted=True)
    assert orders(rig.feed(HookReplaced())) == [HushCall(SECOND, True)]
    assert orders(rig.pass_time(FLASH_S)) == [HangUp(SECOND)]
    assert rig.words.startswith("On hold\n603\n")
    assert orders(rig.feed(HookLifted())) == [Resume(FIRST), HushCall(FIRST, False)]
    assert orders(rig.feed(HookReplaced())) == [HushCall(FIRST, True)]
    assert orders(rig.pass_time(FLASH_S)) == [HangUp(FIRST)]


def flash(rig: Rig, for_s: float = FLASH_S - 0.01) -> list[object]:
    """Put the handset back and lift it again."""
    return [*rig.feed(HookReplaced()), *rig.pass_time(for_s), *rig.feed(HookLifted())]


def test_a_flash_holds_the_call_for_a_new_one_and_another_flash_takes_it_back() -> None:
    rig = talking(lifted=True)
    out = flash(rig)
    assert orders(out) == [HushCall(FIRST, True), Hold(FIRST), TestLink()]
    assert of(PlayTone, out) == [PlayTone(ToneKind.DIAL)]
    rig.feed(HoldChanged(FIRST, True))
    assert orders(flash(rig)) == [Resume(FIRST), HushCall(FIRST, False)]
    assert rig.words.startswith("Connected\n603\n")
    flash(rig)
    assert orders(rig.press(*"604#")) == [Dial(1, "604", wait_s=DELAY_S)]


def test_a_flash_swaps_two_calls() -> None:
    rig = both(lifted=True)
    assert orders(flash(rig)) == [
        *(HushCall(SECOND, True), Hold(SECOND), Resume(FIRST)),
        HushCall(FIRST, False),
    ]
    assert rig.words.startswith("Connected\n603\n")


def test_a_flash_takes_the_call_that_waits() -> None:
    rig = talking(lifted=True)
    rig.feed(IncomingCall(SECOND, 1, ANNA))
    assert orders(flash(rig)) == [HushCall(FIRST, True), Hold(FIRST), Answer(SECOND)]


def test_longer_than_a_flash_the_handset_was_put_back() -> None:
    rig = talking(lifted=True)
    out = flash(rig, FLASH_S)
    assert orders(out) == [HushCall(FIRST, True), HangUp(FIRST), TestLink()]
    assert rig.phone.state is State.DIALLING, "and lifted again, for another call"


def test_a_call_that_ends_or_is_held_during_a_flash_is_not_hung_up() -> None:
    rig = talking(lifted=True)
    rig.feed(HookReplaced(), CallEnded(FIRST, EndCause.HUNG_UP_THERE))
    assert not of(HangUp, rig.pass_time(60))
    rig = talking(lifted=True)
    rig.feed(HookReplaced())
    assert Hold(FIRST) in rig.press("hold")
    assert not of(HangUp, rig.pass_time(60))
    assert Resume(FIRST) in rig.feed(HookLifted())


def test_what_the_keys_do_is_said_though_another_call_has_just_ended() -> None:
    rig = both()
    rig.feed(CallEnded(FIRST, EndCause.HUNG_UP_THERE))
    rig.press("soft1")
    rig.feed(HoldChanged(SECOND, True))
    assert "On hold: Anna Schmidt" in rig.words
    rig.press(*"605#")
    rig.feed(Dialling(9, 1, Party("", "605")), CallAnswered(9))
    assert "[Swap] [End]" in rig.words
    assert Resume(SECOND) in rig.press("soft1")


def test_a_call_on_hold_waits_for_the_handset() -> None:
    rig = talking(lifted=True)
    rig.press("hold")
    assert not orders(rig.feed(HookReplaced()))
    rig.pass_time(61)
    assert "On hold\n603\n1:01" in rig.words
    assert Resume(FIRST) in rig.feed(HookLifted())


def test_hold_is_at_once_whatever_the_far_end_says() -> None:
    rig = talking()
    assert HushCall(FIRST, True) in rig.press("hold")
    assert HushCall(FIRST, False) in rig.feed(HoldChanged(FIRST, False)), "it did not agree"
    assert HushCall(FIRST, True) in rig.press("hold")
    assert not of(HushCall, rig.feed(HoldChanged(FIRST, True)))
    assert HushCall(FIRST, False) in rig.press("hold")


def test_a_hold_that_is_taken_back_before_it_was_agreed_to_is_no_refusal() -> None:
    rig = talking()
    rig.press("hold", "hold")
    rig.feed(HoldChanged(FIRST, True))
    assert rig.words.startswith("Connected\n603\n")
    rig.feed(HoldChanged(FIRST, False))
    assert "did not agree" not in rig.words


def test_each_call_has_its_own_mute() -> None:
    rig = both()
    assert MuteMicrophone(True) in rig.press("mute")
    assert MuteMicrophone(False) in rig.press("hold")
    assert MuteMicrophone(True) in rig.press("hold")
    assert MuteMicrophone(False) in rig.press("soft2")


def test_a_call_that_rings_after_the_other_hears_nothing_before_it_is_answered() -> None:
    rig = talking()
    rig.feed(IncomingCall(SECOND, 1, ANNA))
    out = rig.feed(CallEnded(FIRST, EndCause.HUNG_UP_THERE))
    assert SetRinger(True) in out
    assert not of(HushCall, out)


def test_the_tone_of_a_call_that_is_held_too_long_ends_with_that_call() -> None:
    """Found by the simulator, seed 154."""
    rig = aside()
    for _ in range(4):  # Somebody is there.
        heard = rig.pass_time(FORGOTTEN_S / 4)
        rig.press("volume")
    assert PlayTone(ToneKind.CALL_WAITING) in heard
    out = rig.feed(CallEnded(FIRST, EndCause.HUNG_UP_THERE))
    assert rig.phone.state is State.IDLE
    assert of(PlayTone, out) == [PlayTone(None)]
