"""What a person does with the phone, and what it does for them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from firmware.agent.events import (
    Answer,
    CallAnswered,
    CallEnded,
    Delayed,
    Dial,
    Dialling,
    DigitFailed,
    EndCause,
    FarChanged,
    FarEndSounds,
    HangUp,
    Hold,
    HoldChanged,
    IncomingCall,
    Inviting,
    MediaChanged,
    MediaEnded,
    Party,
    RegistrationState,
    Reject,
    RemoteRinging,
    Repeating,
    Resume,
    SendDigit,
    Tie,
    TieChanged,
)
from firmware.link.events import LinkState, TestLink
from firmware.media.events import (
    FarEndHeard,
    FarEndSilent,
    HushCall,
    MuteMicrophone,
    PlayTone,
    QualityMeasured,
    SetVolume,
    SoundBegun,
    SoundFault,
    SoundReport,
    UseAudio,
    WrongKey,
)
from firmware.media.plan import Direction, Endpoint
from firmware.media.quality import Quality
from firmware.media.tone_table import ToneKind
from firmware.phone.beginning import HOWL_S, LEFT_S
from firmware.phone.events import (
    AnswerCall,
    DialTarget,
    EndCall,
    HoldCall,
    HookLifted,
    HookReplaced,
    LampPattern,
    OutageLogTrouble,
    ProblemsAre,
    Report,
    SetLamp,
    SetRinger,
    Show,
    StartVoice,
    StopVoice,
    WarningsChanged,
)
from firmware.phone.kept import HistoryLog
from firmware.phone.number import DIGITS_MAX
from firmware.phone.pages import PAGE_S
from firmware.phone.screen import CallScreen, DialScreen, IdleScreen, PageScreen
from firmware.phone.settings import DELAY_S, ENDED_S, FLASH_S
from firmware.phone.state import State
from firmware.phone.status import Status
from tests.unit.media.ends import PLAN, Heap, key
from tests.unit.phone.rig import (
    ANNA,
    ANY,
    EXPIRED,
    RESET,
    Rig,
    account,
    connecting,
    of,
    up,
    waiting,
)


def actions(out: list[object]) -> list[object]:
    """Leave out what only shows, tells and is kept."""
    told = Show | Report | SetLamp | SetRinger | UseAudio | HistoryLog
    return [item for item in out if not isinstance(item, told)]


# Dialling.


def test_digits_and_hash_dial_from_the_first_registered_account() -> None:
    rig = Rig.registered("Desk", "Home")
    rig.feed(account(1, "Desk", RegistrationState.REFUSED, "wrong password"))
    assert actions(rig.press(*"603")) == [TestLink()]  # D7: at the first digit.
    assert rig.words.splitlines()[:2] == ["Call from Home", "603"]
    assert actions(rig.press("#")) == [Dial(2, "603", wait_s=DELAY_S)]
    assert rig.words.startswith("Calling\n603")


def test_a_star_and_a_leading_hash_are_digits() -> None:
    rig = Rig.registered()
    rig.press("#", "*", "9")
    assert "#*9" in rig.words
    assert actions(rig.press("soft1")) == [Dial(1, "#*9", wait_s=DELAY_S)]


def test_digits_dial_themselves_after_the_digit_timeout() -> None:
    rig = Rig.registered()
    rig.press(*"60")
    assert not actions(rig.pass_time(3.9))
    rig.press("3")
    assert not actions(rig.pass_time(3.9))
    assert actions(rig.pass_time(0.2)) == [Dial(1, "603", wait_s=DELAY_S)]


def test_lifting_tests_the_link_and_waits_for_digits() -> None:
    rig = Rig.registered()
    assert actions(rig.feed(HookLifted())) == [TestLink(), PlayTone(ToneKind.DIAL)]  # D7.
    assert not actions(rig.pass_time(LEFT_S - 0.1))
    assert isinstance(rig.screen, DialScreen)


def test_lifting_after_digits_dials_them() -> None:
    rig = Rig.registered()
    rig.press(*"603")
    assert actions(rig.feed(HookLifted())) == [Dial(1, "603", wait_s=DELAY_S)]


def test_delete_takes_a_digit_and_the_last_one_leads_back() -> None:
    rig = Rig.registered()
    rig.press("6", "0", "soft2")
    assert "\n6\n" in rig.words
    rig.press("soft2")
    assert isinstance(rig.screen, IdleScreen)
    assert not actions(rig.pass_time(30))


def test_delete_off_the_hook_keeps_the_dial_tone() -> None:
    rig = Rig.registered()
    rig.feed(HookLifted())
    rig.press("6", "soft2", "soft2")
    assert isinstance(rig.screen, DialScreen)


def test_digits_are_bounded() -> None:
    rig = Rig.registered()
    rig.press(*"1" * (DIGITS_MAX + 5))
    assert actions(rig.press("soft1")) == [Dial(1, "1" * DIGITS_MAX, wait_s=DELAY_S)]


def test_replacing_the_handset_while_dialling_leads_back() -> None:
    rig = Rig.registered()
    rig.feed(HookLifted())
    rig.press(*"60")
    assert not actions(rig.feed(HookReplaced()))
    assert isinstance(rig.screen, IdleScreen)
    assert not actions(rig.pass_time(30))


def test_a_program_dials_too_but_not_into_a_call() -> None:
    rig = Rig.registered()
    assert actions(rig.feed(DialTarget("sip:x@example.org", 3))) == [
        TestLink(),
        Dial(3, "sip:x@example.org", wait_s=DELAY_S),
    ]
    assert not actions(rig.feed(DialTarget("603")))


# Sound.


def tones(out: list[object]) -> list[ToneKind | None]:
    return [item.kind for item in out if isinstance(item, PlayTone)]


def test_a_handset_beside_the_phone_howls_and_calls_ring_all_the_same() -> None:
    rig = Rig.registered()
    rig.feed(HookLifted())
    assert Reject(8) in rig.feed(IncomingCall(8, 1, ANNA)), "it is about to be used"
    assert tones(rig.pass_time(LEFT_S)) == [ToneKind.HOWLER]
    assert tones(rig.pass_time(HOWL_S)) == [None]
    assert SetRinger(True) in rig.feed(IncomingCall(9, 1, ANNA))
    assert Answer(9) in rig.press("soft1")


def test_a_key_ends_the_howling_and_dials() -> None:
    rig = Rig.registered()
    rig.feed(HookLifted())
    rig.pass_time(LEFT_S)
    assert tones(rig.press("6")) == [None]
    assert Dial(1, "603", wait_s=DELAY_S) in rig.press(*"03#")


def test_who_listens_aside_and_leaves_can_be_called_again() -> None:
    rig = Rig.registered()
    rig.press("speaker")
    assert tones(rig.pass_time(LEFT_S)) == [None]
    assert isinstance(rig.screen, IdleScreen)
    assert SetRinger(True) in rig.feed(IncomingCall(9, 1, ANNA))


def test_a_call_rings_though_the_handset_was_not_put_back_after_the_last_one() -> None:
    rig = Rig.registered()
    rig.feed(HookLifted())
    rig.press(*"603#")
    rig.feed(Dialling(7, 1, ANY), CallAnswered(7), CallEnded(7, EndCause.HUNG_UP_THERE))
    rig.pass_time(60)
    assert SetRinger(True) in rig.feed(IncomingCall(9, 1, ANNA))
    assert Answer(9) in rig.press("soft1")


def test_the_dial_tone_ends_with_the_first_digit() -> None:
    rig = Rig.registered()
    assert tones(rig.feed(HookLifted())) == [ToneKind.DIAL]
    assert tones(rig.press("6")) == [None]
    assert tones(rig.feed(HookReplaced())) == []


def test_who_dials_with_the_handset_on_the_hook_hears_no_dial_tone() -> None:
    assert tones(Rig.registered().press("6")) == []


def test_ringing_is_heard_until_the_far_end_is() -> None:
    rig = Rig.registered().dialled()
    assert tones(rig.feed(RemoteRinging(7))) == [ToneKind.RINGBACK]
    assert tones(rig.feed(MediaChanged(7, PLAN))) == [], "it may stay silent"
    assert tones(rig.feed(SoundReport(7, SoundBegun()))) == [None], "an announcement"
    assert tones(rig.feed(CallAnswered(7))) == []


def test_rfc3960_a_far_end_that_rings_in_the_place_of_one_that_was_heard_is_rung_for() -> None:
    rig = Rig.registered().ringing_there()
    rig.feed(MediaChanged(7, PLAN))
    rig.feed(SoundReport(7, SoundBegun()))
    fork = replace(PLAN, remote=Endpoint("192.0.2.77", 4000))
    assert tones(rig.feed(MediaChanged(7, fork))) == [ToneKind.RINGBACK]
    assert tones(rig.feed(SoundReport(7, SoundBegun()))) == [None]
    held = replace(fork, direction=Direction.RECVONLY)
    assert tones(rig.feed(MediaChanged(7, held))) == []


def test_rfc3960_early_sound_that_never_comes_leaves_the_ringing_until_the_answer() -> None:
    rig = Rig.registered().dialled()
    assert tones(rig.feed(MediaChanged(7, PLAN))) == [], "nobody has said that it rings"
    assert tones(rig.feed(RemoteRinging(7))) == [ToneKind.RINGBACK]
    rig.pass_time(30)
    assert tones(rig.feed(CallAnswered(7))) == [None]


@pytest.mark.parametrize(
    ("cause", "status", "tone"),
    [
        (EndCause.REFUSED, 486, ToneKind.BUSY),
        (EndCause.REFUSED, 600, ToneKind.BUSY),
        (EndCause.REFUSED, 404, ToneKind.UNOBTAINABLE),
        (EndCause.REFUSED, 484, ToneKind.UNOBTAINABLE),
        (EndCause.REFUSED, 503, ToneKind.CONGESTION),
        (EndCause.FAILED, 0, ToneKind.CONGESTION),
        (EndCause.LINK_LOST, 0, ToneKind.CONGESTION),
    ],
)
def test_a_tone_says_why_a_call_failed(cause: EndCause, status: int, tone: ToneKind) -> None:
    rig = Rig.registered().dialled()
    assert tones(rig.feed(CallEnded(7, cause, status))) == [tone]
    assert tones(rig.pass_time(ENDED_S)) == [None]


def test_a_far_end_that_hangs_up_is_heard_by_an_ear_only() -> None:
    assert tones(Rig.registered().talking().feed(CallEnded(7, EndCause.HUNG_UP_THERE))) == []
    rig = Rig.registered()
    rig.feed(HookLifted())
    rig.talking()
    assert tones(rig.feed(CallEnded(7, EndCause.HUNG_UP_THERE))) == [ToneKind.BUSY]
    assert tones(rig.feed(HookReplaced())) == [None]


def test_a_caller_who_gives_up_leaves_no_tone() -> None:
    rig = Rig.registered().called()
    assert tones(rig.feed(CallEnded(8, EndCause.CANCELLED_THERE))) == []


def test_mute_is_of_this_call_only() -> None:
    rig = Rig.registered().talking()
    rig.feed(MediaChanged(7, PLAN))
    assert actions(rig.press("mute")) == [MuteMicrophone(True)]
    assert "microphone off" in rig.words
    assert actions(rig.press("mute")) == [MuteMicrophone(False)]
    rig.press("mute")
    rig.feed(CallEnded(7, EndCause.HUNG_UP_THERE))
    assert "microphone off" not in rig.talking().words


def test_mute_means_nothing_without_a_call() -> None:
    rig = Rig.registered()
    assert not actions(rig.press("mute"))
    assert not actions(rig.dialled().press("mute"))


def test_up_and_down_are_the_volume_in_a_call_and_pages_without() -> None:
    rig = Rig.registered()
    assert not actions(rig.press("down"))
    rig.talking()
    assert of(SetVolume, rig.press("up", "down")) == [SetVolume(1), SetVolume(0)]


def test_digits_in_a_call_are_sent_in_it() -> None:
    rig = Rig.registered().talking()
    assert actions(rig.press(*"1#")) == [SendDigit(7, "1"), SendDigit(7, "#")]


def test_every_calls_sound_is_carried_out() -> None:
    rig = Rig.registered()
    assert StartVoice(3, PLAN) in rig.feed(MediaChanged(3, PLAN))
    assert StopVoice(3) in rig.feed(MediaEnded(3))


def test_the_lock_is_there_when_and_only_when_both_directions_are_encrypted() -> None:
    rig = Rig.registered().talking()
    assert "encrypted" not in rig.words
    for plan, secure in (
        (PLAN, True),
        (replace(PLAN, key_in=None), False),
        (replace(PLAN, key_out=None), False),
        (replace(PLAN, key_out=None, key_in=None), False),
    ):
        rig.feed(MediaChanged(7, plan))
        assert ("encrypted" in rig.words) is secure


def test_what_is_not_heard_has_no_quality() -> None:
    rig = Rig.registered().talking()
    good = QualityMeasured(Quality(), Heap().statistics)
    rig.feed(MediaChanged(7, PLAN), SoundReport(7, SoundBegun()), SoundReport(7, good))
    assert "quality 4 of 4" in rig.words
    rig.feed(SoundReport(7, FarEndSilent(0.0)))
    assert "quality 0 of 4" in rig.words
    rig.feed(SoundReport(7, FarEndHeard()))
    assert "quality 4 of 4" in rig.words


def test_what_is_wrong_with_the_sound_is_said_while_it_is_so() -> None:
    rig = Rig.registered().talking()
    rig.feed(MediaChanged(7, PLAN), SoundReport(7, FarEndSilent(0.0)))
    assert "nothing is heard from there" in rig.words
    rig.feed(SoundReport(7, FarEndHeard()))
    assert "nothing is heard" not in rig.words
    rig.feed(SoundReport(7, WrongKey()))
    assert "the keys differ" in rig.words
    rig.feed(MediaChanged(7, replace(PLAN, key_in=key(9))))
    assert "the keys differ" not in rig.words
    rig.feed(SoundFault(0, "the sound card is gone"))
    assert "the sound card is gone" in rig.words
    rig.feed(SoundFault(0, ""))
    assert "sound card" not in rig.words


def test_the_hold_key_holds_and_takes_back() -> None:
    rig = Rig.registered().talking()
    assert of(Hold, rig.press("hold")) == [Hold(7)]
    rig.feed(HoldChanged(7, True), MediaChanged(7, replace(PLAN, direction=Direction.SENDONLY)))
    assert rig.words.startswith("On hold\n603\n")
    assert of(Resume, rig.press("hold")) == [Resume(7)]
    rig.feed(HoldChanged(7, False), MediaChanged(7, PLAN))
    assert rig.words.startswith("Connected\n603\n")
    assert of(Hold, rig.feed(HoldCall(True))) == [Hold(7)]


def test_a_hold_that_was_refused_is_tried_again_by_the_next_press() -> None:
    rig = Rig.registered().talking()
    rig.press("hold")
    rig.feed(MediaChanged(7, PLAN))
    assert Report(HoldChanged(7, False)) in rig.feed(HoldChanged(7, False))
    assert rig.words.startswith("Connected\n603\n")
    assert "the other side did not agree" in rig.words
    assert of(Hold, rig.press("hold")) == [Hold(7)]
    assert "did not agree" not in rig.words


def test_a_call_that_outlives_its_link_says_so() -> None:
    """F6: "call kept" while it happens, and a sentence where nothing can be done."""
    rig = Rig.registered().talking()
    rig.feed(MediaChanged(7, PLAN))
    seen = []
    for tie in Tie:
        out = rig.feed(TieChanged(7, tie))
        assert Report(TieChanged(7, tie)) in out
        seen.append(rig.words)
    anchored, refreshing, replacing, adrift, gone = seen
    assert "call kept" not in anchored
    assert "\ncall kept\n" in refreshing
    assert "\ncall kept\n" in replacing
    assert "call kept while it is heard" in adrift
    assert "the far end is gone" in gone
    rig.feed(TieChanged(7, Tie.ANCHORED), TieChanged(8, Tie.GONE))
    assert rig.words == anchored, "another call's tie is not this one's"


def test_a_call_that_rings_outlives_its_link_and_says_so() -> None:
    rig = Rig.registered().called()
    rig.feed(waiting(rig.now, 4), TieChanged(8, Tie.REFRESHING))
    assert rig.words.startswith("Incoming call\nAnna Schmidt\n")
    assert "\ncall kept\n" in rig.words
    assert "try in 4 s" in rig.words
    assert rig.phone.state is State.RINGING
    assert of(Answer, rig.press("soft1")) == [Answer(8)]
    assert rig.words.startswith("Answering\nAnna Schmidt\n")
    assert "\ncall kept\n" in rig.words, "as soon as that can be said"
    rig.feed(TieChanged(8, Tie.ANCHORED), CallAnswered(8))
    assert rig.words.startswith("Connected\nAnna Schmidt\n")
    assert "call kept" not in rig.words


def test_a_caller_to_whom_no_way_leads_was_missed_for_the_link() -> None:
    rig = Rig.registered().called()
    rig.feed(TieChanged(8, Tie.REFRESHING), CallEnded(8, EndCause.LINK_LOST))
    assert rig.words.startswith("Call ended\nAnna Schmidt\n")
    assert "link lost" in rig.words
    rig.pass_time(10)
    assert "1 missed" in rig.words


def test_the_agent_hears_whether_the_far_end_is_heard() -> None:
    rig = Rig.registered().talking()
    out = rig.feed(SoundReport(7, FarEndSilent(0.0)), SoundReport(7, FarEndHeard()))
    assert of(FarEndSounds, out) == [FarEndSounds(7, heard=False), FarEndSounds(7, heard=True)]
    assert of(FarEndSounds, rig.feed(SoundReport(3, FarEndHeard()))) == [FarEndSounds(3, True)]


def test_a_call_held_by_the_far_end_can_be_held_too() -> None:
    rig = Rig.registered().talking()
    rig.feed(MediaChanged(7, replace(PLAN, direction=Direction.RECVONLY)))
    assert "held by the other side" in rig.words
    assert of(Hold, rig.press("hold")) == [Hold(7)]


def test_there_is_nothing_to_hold_before_an_answer() -> None:
    rig = Rig.registered()
    assert not rig.feed(HoldCall(True))
    rig.feed(IncomingCall(8, 1, ANNA))
    assert not rig.press("hold")


def test_another_calls_sound_is_not_this_ones() -> None:
    rig = Rig.registered().talking()
    rig.feed(MediaChanged(9, PLAN), SoundReport(9, WrongKey()), SoundFault(9, "no port"))
    assert "encrypted" not in rig.words
    assert "keys differ" not in rig.words
    assert "no port" not in rig.words


# Calls out.


def test_a_call_rings_is_answered_and_ended_by_the_far_end() -> None:
    rig = Rig.registered().ringing_there(Party("Bert", "603"))
    assert rig.words.splitlines()[:3] == ["Ringing", "Bert", "603"]
    rig.feed(CallAnswered(7))
    rig.pass_time(61)
    assert rig.words.splitlines()[:4] == ["Connected", "Bert", "603", "1:01"]
    rig.feed(CallEnded(7, EndCause.HUNG_UP_THERE))
    assert "ended after 1:01" in rig.words
    rig.pass_time(ENDED_S)
    assert isinstance(rig.screen, IdleScreen)


@pytest.mark.parametrize("stage", ["dialled", "ringing_there", "talking"])
@pytest.mark.parametrize("way", ["soft2", "hook", "program"])
def test_hanging_up_works_in_every_stage(stage: str, way: str) -> None:
    rig: Rig = getattr(Rig.registered(), stage)()
    if way == "soft2":
        out = rig.press("soft2")
    else:
        out = rig.feed(HookReplaced() if way == "hook" else EndCall())
    if (way, stage) == ("hook", "talking"):
        assert actions(out) == [HushCall(7, True)], "and nobody is heard until it was no flash"
        out = rig.pass_time(FLASH_S)
    silence = [PlayTone(None)] if stage == "ringing_there" else []
    assert actions(out) == [HangUp(7), *silence]
    assert isinstance(rig.screen, IdleScreen)
    assert not actions(rig.feed(CallEnded(7, EndCause.HUNG_UP_HERE)))


def test_hanging_up_by_key_off_the_hook_gives_the_dial_tone() -> None:
    rig = Rig.registered()
    rig.feed(HookLifted())
    rig.talking()
    assert actions(rig.press("soft2")) == [HangUp(7), PlayTone(ToneKind.DIAL)]
    assert isinstance(rig.screen, DialScreen)


def test_a_call_that_is_given_up_before_it_has_a_number_is_hung_up() -> None:
    rig = Rig.registered()
    rig.press(*"603", "#")
    rig.press("soft2")
    assert actions(rig.feed(Dialling(7, 1, Party("", "603")))) == [HangUp(7)]


def test_a_dial_that_never_became_a_call_says_why() -> None:
    rig = Rig.registered()
    rig.press(*"603", "#")
    rig.feed(CallEnded(0, EndCause.FAILED, 0, "not registered"))
    assert rig.words.splitlines() == ["Call ended", "603", "not registered"]


def test_what_another_call_says_is_not_heard() -> None:
    rig = Rig.registered().ringing_there()
    rig.feed(CallEnded(3, EndCause.HUNG_UP_THERE), CallAnswered(3), RemoteRinging(3))
    assert rig.words.startswith("Ringing")


def test_a_digit_after_the_end_starts_a_new_number() -> None:
    rig = Rig.registered().dialled().ended(EndCause.REFUSED, "busy")
    rig.press("5")
    assert "\n5\n" in rig.words


# Calls in.


def test_a_call_rings_and_flashes_until_it_is_answered() -> None:
    rig = Rig.registered("Desk", "Home")
    out = rig.feed(IncomingCall(8, 2, ANNA))
    assert [SetRinger(True), SetLamp(LampPattern.FLASHING)] == out[1:3]
    assert rig.words.splitlines() == [
        "Incoming call", "Anna Schmidt", "604", "for Home", "[Answer] [Reject]",
    ]  # fmt: skip
    out = rig.feed(HookLifted())
    assert actions(out) == [Answer(8)]
    assert SetRinger(False) in out
    assert SetLamp(LampPattern.OFF) in out
    rig.feed(CallAnswered(8))
    assert rig.words.startswith("Connected")


@pytest.mark.parametrize("way", ["soft1", "program"])
def test_a_call_is_answered_by_key_or_program(way: str) -> None:
    rig = Rig.registered().called()
    out = rig.press("soft1") if way == "soft1" else rig.feed(AnswerCall())
    assert actions(out) == [Answer(8)]


def test_a_call_is_rejected_by_key() -> None:
    rig = Rig.registered().called()
    out = rig.press("soft2")
    assert actions(out) == [Reject(8)]
    assert SetRinger(False) in out
    assert isinstance(rig.screen, IdleScreen)


def test_a_caller_who_gives_up_is_shown() -> None:
    rig = Rig.registered().called()
    out = rig.feed(CallEnded(8, EndCause.CANCELLED_THERE))
    assert SetRinger(False) in out
    assert "caller gave up" in rig.words


def test_a_call_answered_elsewhere_leaves_nothing_on_the_screen() -> None:
    rig = Rig.registered().called()
    rig.feed(CallEnded(8, EndCause.ANSWERED_ELSEWHERE))
    assert isinstance(rig.screen, IdleScreen)


@pytest.mark.parametrize("stage", ["dialled", "talking", "called"])
def test_a_second_call_is_refused_as_busy(stage: str) -> None:
    rig: Rig = getattr(Rig.registered(call_waiting=False), stage)()
    before = rig.words
    assert actions(rig.feed(IncomingCall(9, 1, Party("", "605")))) == [Reject(9)]
    assert rig.words == before


def test_a_call_is_refused_while_the_handset_is_off_the_hook() -> None:
    rig = Rig.registered()
    rig.feed(HookLifted())
    assert actions(rig.feed(IncomingCall(9, 1, Party("", "605")))) == [Reject(9)]


def test_a_call_comes_before_digits_that_were_not_dialled() -> None:
    rig = Rig.registered()
    rig.press(*"60")
    rig.called()
    assert rig.phone.state is State.RINGING
    assert not actions(rig.pass_time(30))


# Pages.


def test_the_link_key_opens_and_closes_the_pages() -> None:
    rig = Rig.registered()
    rig.press("soft2")
    assert isinstance(rig.screen, PageScreen)
    assert rig.screen.title == "Link"
    rig.press("soft2")
    assert isinstance(rig.screen, IdleScreen)


def test_up_and_down_turn_through_all_pages_and_round() -> None:
    rig = Rig.registered()
    seen = []
    for _ in range(6):
        rig.press("down")
        seen.append(rig.words.splitlines()[0])
    assert seen == [
        *("Link 1/5", "Link 2/5", "Round trip, 1 hour 3/5", "Accounts 4/5", "Outages 5/5"),
        "14:32 Mon 23 Nov",
    ]
    rig.press("up")
    assert rig.words.startswith("Outages 5/5")


def test_a_page_goes_away_by_itself() -> None:
    rig = Rig.registered()
    rig.press("down")
    rig.pass_time(PAGE_S)
    assert isinstance(rig.screen, IdleScreen)


def test_a_page_that_is_gone_leads_to_the_last_one() -> None:
    rig = Rig.registered()
    rig.feed(OutageLogTrouble("the outage log is damaged; it is kept as outages.json.aside"))
    rig.press("up")
    assert rig.words.startswith("Outages 6/6")
    rig.feed(OutageLogTrouble(""))
    assert rig.words.startswith("Outages 5/5")


def test_a_call_takes_the_screen_from_a_page() -> None:
    rig = Rig.registered()
    rig.press("down")
    rig.called()
    assert isinstance(rig.screen, CallScreen)


# Time and truth.


def test_the_countdown_counts_each_second_down() -> None:
    rig = Rig.registered()
    rig.feed(waiting(rig.now, 4))
    seen = [rig.words.splitlines()[2]]
    for _ in range(4):
        rig.pass_time(1)
        seen.append(rig.words.splitlines()[2])
    assert seen == [f"no link try in {left} s" for left in (4, 3, 2, 1, 1)]


def test_the_clock_turns_with_the_minute_and_an_idle_phone_sleeps() -> None:
    rig = Rig.registered()
    rig.feed(up(rig.now))
    rig.out.clear()
    rig.pass_time(60)
    assert rig.words.startswith("14:33 Mon 23 Nov")
    assert len(of(Show, rig.out)) <= 8  # The minute, and ages in steps of ten seconds.


def test_the_age_of_the_last_proof_of_life_is_shown() -> None:
    rig = Rig.registered()
    rig.feed(up(rig.now))
    seen = []
    for _ in range(3):
        seen.append(rig.words.splitlines()[2])
        rig.pass_time(10)
    assert seen == ["primary 23 ms now", "primary 23 ms 10 s ago", "primary 23 ms 20 s ago"]


def test_every_fact_from_below_is_reported() -> None:
    rig = Rig.registered()
    ended = CallEnded(8, EndCause.CANCELLED_THERE)
    out = rig.feed(up(rig.now), account(1, "Desk"), IncomingCall(8, 1, ANNA), ended)
    said = [report.fact for report in of(Report, out)]
    assert said == [up(rig.now), account(1, "Desk"), IncomingCall(8, 1, ANNA), ended]


def test_a_screen_is_shown_only_when_it_differs() -> None:
    rig = Rig.registered()
    assert not of(Show, rig.press("mute", "hold"))


def test_warnings_are_a_soft_key_away_and_vanish_with_their_cause() -> None:
    """I4: the link line stays where it is."""
    rig = Rig.registered()
    before = rig.words.splitlines()
    (report, _) = rig.feed(WarningsChanged(("one", "two")))
    assert report == Report(WarningsChanged(("one", "two")))
    assert rig.words.splitlines() == [*before[:-1], "[2 warnings] [Link]"]
    rig.press("soft1")
    assert "Warning: one\nWarning: two" in rig.words
    rig.feed(WarningsChanged(("two",)))
    assert "Warning: two" in rig.words
    assert "one" not in rig.words
    rig.press("soft2")
    assert rig.words.endswith("[1 warning] [Link]")
    rig.feed(WarningsChanged(()))
    assert rig.words.splitlines() == before
    rig.press("soft1")
    assert "Warning" not in rig.words


def test_what_is_wrong_with_other_settings_is_shown_and_told_until_it_is_put_right() -> None:
    rig, status = Rig.registered(), Status()
    for sentences in (("startup.cfg:3: wrong",), ()):
        for output in rig.feed(ProblemsAre(sentences)):
            status.take(output)
        assert status.problems == sentences
        rig.press("soft2")
        assert ("startup.cfg:3: wrong" in rig.words) is bool(sentences)
        rig.press("soft2")


def test_the_page_of_warnings_that_are_over_gives_way_to_another() -> None:
    rig = Rig.registered()
    rig.feed(WarningsChanged(("ends soon",)))
    rig.press("soft1")
    rig.feed(WarningsChanged(()))
    assert "ends soon" not in rig.words
    assert "[Back]" in rig.words


def test_a_warning_that_the_screen_says_already_is_not_counted() -> None:
    rig = Rig.registered()
    rig.feed(WarningsChanged((EXPIRED.text, "another")), waiting(rig.now, 60, EXPIRED))
    assert rig.words.endswith("[1 warning] [Link]")
    rig.feed(up(rig.now))
    assert rig.words.endswith("[2 warnings] [Link]")


def test_a_digit_that_was_not_sent_is_said_until_the_next_one() -> None:
    rig = Rig.registered().talking()
    rig.press("5")
    rig.feed(DigitFailed(9, "5", "link lost"))
    assert "not sent" not in rig.words, "of another call"
    rig.feed(DigitFailed(7, "5", "link lost"))
    assert "digit 5 not sent: link lost" in rig.words
    rig.press("6")
    assert "not sent" not in rig.words


def test_digits_answer_an_announcement_before_the_call_stands() -> None:
    rig = Rig.registered().dialled()
    assert not actions(rig.press("1"))
    rig.feed(MediaChanged(7, PLAN))
    assert actions(rig.press("1")) == [SendDigit(7, "1")]


def test_rfc4916_the_screen_follows_who_the_far_end_is() -> None:
    rig = Rig.registered().talking()
    rig.feed(FarChanged(9, Party("Eve", "9")))
    assert "Eve" not in rig.words, "of another call"
    rig.feed(FarChanged(7, Party("Carol", "300")))
    assert "Carol\n300" in rig.words


# The short gap while the link comes back.


def test_whoever_dials_while_the_link_comes_waits_for_it_and_reads_so() -> None:
    rig = Rig.registered()
    rig.feed(connecting(rig.now, RESET))
    assert Dial(1, "603", wait_s=DELAY_S) in rig.press(*"603#")
    rig.feed(Dialling(7, 1, ANY), Delayed(7))
    assert rig.words.startswith("Waiting for link\n603\n")
    rig.feed(up(rig.now))
    assert rig.words.startswith("Waiting for link\n603\nregistering\n")
    rig.feed(Inviting(7))
    assert rig.words.startswith("Calling\n603\n")
    rig.feed(RemoteRinging(7), Repeating(7))
    assert rig.words.startswith("Waiting for link\n603\n")


def test_whoever_calls_from_a_list_asks_for_the_link_and_waits_for_what_comes_of_it() -> None:
    rig = Rig.registered()
    rig.feed(waiting(rig.now, 75))
    out = rig.feed(DialTarget("603"))
    assert actions(out) == [TestLink(), Dial(1, "603", wait_s=DELAY_S)]


@pytest.mark.parametrize(("wait_s", "waits"), [(0.5, True), (4.0, True), (4.1, False), (75, False)])
def test_nobody_waits_for_a_link_that_is_not_even_tried_soon(wait_s: float, waits: bool) -> None:
    rig = Rig.registered()
    rig.feed(waiting(rig.now, wait_s))
    assert Dial(1, "603", wait_s=DELAY_S if waits else 0.0) in rig.press(*"603#")


def test_nobody_waits_for_a_link_that_is_off() -> None:
    rig = Rig("no trusted certificates (L11)")
    rig.feed(replace(up(rig.now), state=LinkState.OFF))
    assert Dial(1, "603", wait_s=0.0) in rig.press(*"603#")


def measured(bars: int) -> SoundReport:
    loss = {4: 0.0, 3: 0.02, 2: 0.035, 1: 0.06, 0: 0.4}[bars]
    quality = Quality(loss_here=loss)
    assert quality.bars == bars
    return SoundReport(7, QualityMeasured(quality, Heap().statistics))


def test_the_bars_follow_what_is_measured_and_none_are_shown_of_what_does_not_come() -> None:
    rig = Rig.registered().talking()
    rig.feed(MediaChanged(7, PLAN), measured(4))
    assert "quality" not in rig.words, "nothing has come yet, and nothing was lost of it"
    rig.feed(SoundReport(7, SoundBegun()))
    for bars in (4, 3, 2, 1, 0, 4):
        rig.feed(measured(bars))
        assert f"quality {bars} of 4" in rig.words
    rig.feed(SoundReport(7, FarEndSilent(0.0)))
    assert "quality 0 of 4" in rig.words
    rig.feed(SoundReport(7, FarEndHeard()))
    assert "quality 4 of 4" in rig.words
    rig.press("hold")
    assert "quality" not in rig.words
    rig.press("hold")
    rig.feed(MediaChanged(7, replace(PLAN, remote=Endpoint("192.0.2.77", 4000))))
    assert "quality 4 of 4" in rig.words, "the far end has moved, and is heard"
    rig.feed(MediaChanged(7, replace(PLAN, direction=Direction.INACTIVE)))
    assert "quality" not in rig.words


def test_a_call_that_is_kept_says_so_whatever_is_wrong_with_the_card() -> None:
    rig = Rig.registered().talking()
    rig.feed(MediaChanged(7, PLAN), SoundFault(0, "no sound card"))
    assert "no sound card" in rig.words
    rig.feed(TieChanged(7, Tie.REFRESHING))
    assert "call kept" in rig.words
    rig.feed(TieChanged(7, Tie.ANCHORED))
    assert "no sound card" in rig.words
    rig.feed(CallEnded(7, EndCause.REFUSED, 486, "busy"))
    assert rig.words.splitlines() == ["Call ended", "603", "busy"]
