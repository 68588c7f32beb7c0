"""Without the handset: the speaker key in every state, and which way sound goes."""

from __future__ import annotations

import pytest

from firmware.agent.events import (
    Answer,
    CallAnswered,
    CallEnded,
    Dial,
    EndCause,
    HangUp,
    HoldChanged,
    IncomingCall,
    MediaChanged,
    Resume,
)
from firmware.media.events import AudioMode, HushCall, PlayTone, UseAudio
from firmware.media.tone_table import ToneKind
from firmware.phone.ear import SPEAKER_KEY
from firmware.phone.events import HookLifted, HookReplaced, SetRinger, TimeIs
from firmware.phone.phone import Phone
from firmware.phone.settings import ENDED_S, FLASH_S, PhoneSettings
from firmware.phone.state import State
from tests.unit.media.ends import PLAN
from tests.unit.phone.rig import ANNA, MONDAY, Rig, account, of, up


def in_mode(audio_mode: int = 0) -> Rig:
    """A registered phone whose speaker key leads where that parameter says."""
    rig = Rig()
    settings = PhoneSettings(audio_modes=SPEAKER_KEY[audio_mode])
    rig.phone = Phone(settings, 1, rig.now)
    rig.feed(TimeIs(MONDAY), up(rig.now), account(1, "Desk"))
    rig.out.clear()
    return rig


def talking(*, lifted: bool, audio_mode: int = 0) -> Rig:
    rig = in_mode(audio_mode)
    if lifted:
        rig.feed(HookLifted())
    rig.talking().feed(MediaChanged(7, PLAN))
    return rig


def mode(rig: Rig) -> AudioMode:
    """The way that sound goes."""
    return ([AudioMode.HANDSET] + [item.mode for item in of(UseAudio, rig.out)])[-1]


def test_who_lifts_is_heard_by_the_handset_and_who_does_not_hands_free() -> None:
    assert mode(talking(lifted=True)) is AudioMode.HANDSET
    assert mode(talking(lifted=False)) is AudioMode.HANDS_FREE
    assert mode(talking(lifted=False, audio_mode=1)) is AudioMode.HEADSET


def test_the_speaker_key_gives_the_dial_tone_and_takes_it_away() -> None:
    rig = in_mode()
    out = rig.press("speaker")
    assert of(PlayTone, out) == [PlayTone(ToneKind.DIAL)]
    assert mode(rig) is AudioMode.HANDS_FREE
    assert of(PlayTone, rig.press("speaker")) == [PlayTone(None)]
    assert rig.phone.state is State.IDLE


def test_the_speaker_key_dials_what_was_typed_and_answers_what_rings() -> None:
    rig = in_mode()
    rig.press(*"603")
    assert [dial.target for dial in of(Dial, rig.press("speaker"))] == ["603"]
    rig = in_mode().called()
    assert of(Answer, rig.press("speaker")) == [Answer(8)]
    rig.feed(CallAnswered(8))
    assert mode(rig) is AudioMode.HANDS_FREE


def test_from_the_ear_to_the_room_the_handset_is_put_back_and_the_call_goes_on() -> None:
    rig = talking(lifted=True)
    assert not of(HangUp, rig.press("speaker"))
    assert mode(rig) is AudioMode.HANDS_FREE
    out = [*rig.feed(HookReplaced()), *rig.pass_time(60)]
    assert not of(HangUp, out)
    assert not of(HushCall, out)
    assert not of(HangUp, rig.feed(HookLifted()))
    assert mode(rig) is AudioMode.HANDSET
    rig.feed(HookReplaced())
    assert of(HangUp, rig.pass_time(FLASH_S)) == [HangUp(7)]


def test_the_key_goes_back_to_a_lifted_handset_and_hangs_up_without_one() -> None:
    rig = talking(lifted=True)
    rig.press("speaker", "speaker")
    assert mode(rig) is AudioMode.HANDSET
    assert rig.phone.state is State.TALKING
    rig = talking(lifted=False)
    assert of(HangUp, rig.press("speaker")) == [HangUp(7)]
    assert rig.phone.state is State.IDLE


@pytest.mark.parametrize(
    ("audio_mode", "modes"),
    [
        (2, [AudioMode.HANDS_FREE, AudioMode.HEADSET, AudioMode.HANDS_FREE]),
        (3, [AudioMode.HEADSET, AudioMode.HANDS_FREE, AudioMode.HEADSET]),
    ],
)
@pytest.mark.parametrize("lifted", [True, False])
def test_two_modes_take_turns(audio_mode: int, modes: list[AudioMode], lifted: bool) -> None:
    rig = talking(lifted=lifted, audio_mode=audio_mode)
    heard = [] if lifted else [mode(rig)]
    while len(heard) < len(modes):
        assert not of(HangUp, rig.press("speaker"))
        heard.append(mode(rig))
    assert heard == modes


def test_the_key_saves_a_call_whose_handset_was_put_back_a_moment_ago() -> None:
    rig = talking(lifted=True)
    rig.feed(HookReplaced())
    assert HushCall(7, False) in rig.press("speaker")
    assert not of(HangUp, rig.pass_time(60))
    assert mode(rig) is AudioMode.HANDS_FREE


def test_a_call_on_hold_that_waits_for_the_handset_is_taken_back_by_the_key_too() -> None:
    rig = talking(lifted=True)
    rig.press("hold")
    rig.feed(HoldChanged(7, True), HookReplaced())
    assert Resume(7) in rig.press("speaker")
    assert mode(rig) is AudioMode.HANDS_FREE


def test_hanging_up_in_the_room_gives_no_dial_tone_and_the_next_call_rings() -> None:
    rig = in_mode()
    rig.press("speaker")
    rig.talking()
    assert of(PlayTone, rig.press("soft2")) == []
    assert rig.phone.state is State.IDLE
    assert SetRinger(True) in rig.feed(IncomingCall(8, 1, ANNA))


def test_who_is_hung_up_on_in_the_room_hears_it_for_a_moment() -> None:
    rig = in_mode()
    rig.press("speaker")
    rig.talking()
    out = rig.feed(CallEnded(7, EndCause.HUNG_UP_THERE))
    assert of(PlayTone, out) == [PlayTone(ToneKind.BUSY)]
    assert of(PlayTone, rig.pass_time(ENDED_S)) == [PlayTone(None)]
    assert rig.phone.state is State.IDLE
    assert SetRinger(True) in rig.feed(IncomingCall(8, 1, ANNA))


def test_a_waiting_call_that_rings_after_a_call_in_the_room_is_answered_by_lifting() -> None:
    rig = in_mode()
    rig.press("speaker")
    rig.talking()
    rig.called()
    rig.feed(CallEnded(7, EndCause.HUNG_UP_THERE))
    assert of(Answer, rig.feed(HookLifted())) == [Answer(8)]
    assert mode(rig) is AudioMode.HANDSET
