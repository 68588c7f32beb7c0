"""The volume keys: for each way of hearing and for the ringer, kept, said on the screen."""

from __future__ import annotations

import pytest

from firmware.agent.events import CallEnded, EndCause, IncomingCall
from firmware.media.events import AudioMode, SetVolume, UseAudio
from firmware.phone.events import (
    HookLifted,
    HookReplaced,
    KeepSetting,
    SampleRing,
    SettingsAre,
    TuneRinger,
)
from firmware.phone.preferences import EAR_VOLUMES, Preferences
from firmware.phone.screen import CallScreen, IdleScreen, ListScreen, SoundLine
from firmware.phone.settings import FLASH_S
from firmware.phone.volume import SAID_S, WAYS
from tests.unit.phone.rig import ANNA, Rig, of


def loud(rig: Rig, *keys: str) -> tuple[list[object], list[object]]:
    """Press keys; return what is to be kept, and how loud the person hears."""
    out = rig.press(*keys)
    return [*of(KeepSetting, out)], [*of(SetVolume, out)]


def preferring(*values: tuple[str, str], locked: frozenset[str] = frozenset()) -> Preferences:
    return Preferences(values, locked)


def test_each_way_of_hearing_has_its_own_volume_and_it_is_kept() -> None:
    rig = Rig.registered()
    rig.feed(HookLifted())
    rig.talking()
    assert loud(rig, "up") == ([KeepSetting("handset volume", "7")], [SetVolume(1)])
    out = rig.press("speaker")
    assert of(UseAudio, out) == [UseAudio(AudioMode.HANDS_FREE)]
    assert of(SetVolume, out) == [SetVolume(0)], "the loudspeaker is as loud as it was"
    assert loud(rig, "down", "down") == (
        [KeepSetting("speaker volume", "5"), KeepSetting("speaker volume", "4")],
        [SetVolume(-1), SetVolume(-2)],
    )
    assert of(SetVolume, rig.press("speaker")) == [SetVolume(1)], "back to the handset"
    assert set(WAYS.values()) == set(EAR_VOLUMES)


def test_what_was_kept_holds_from_the_first_call_on() -> None:
    rig = Rig.registered(preferences=preferring(("handset volume", "9"), ("speaker volume", "2")))
    assert of(SetVolume, rig.feed(HookLifted())) == [SetVolume(3)]
    rig.talking()
    assert of(SetVolume, rig.press("speaker")) == [SetVolume(-4)]


def test_the_next_call_is_as_loud_and_nothing_is_told_twice() -> None:
    rig = Rig.registered()
    rig.feed(HookLifted())
    rig.talking().press("up", "up")
    rig.feed(HookReplaced())
    rig.pass_time(FLASH_S)
    rig.feed(CallEnded(7, EndCause.HUNG_UP_HERE), HookLifted())
    assert of(SetVolume, rig.talking().out)[-1] == SetVolume(2)
    assert loud(rig, "up") == ([KeepSetting("handset volume", "9")], [SetVolume(3)])


def test_it_stops_at_both_ends_and_what_is_so_already_is_not_kept_again() -> None:
    rig = Rig.registered()
    rig.feed(HookLifted())
    rig.talking()
    kept, _ = loud(rig, *["up"] * 30)
    assert len(kept) == 4
    assert kept[-1] == KeepSetting("handset volume", "10")
    kept, told = loud(rig, *["down"] * 30)
    assert kept[-1] == KeepSetting("handset volume", "1"), "an ear always hears something"
    assert told[-1] == SetVolume(-5)


def test_the_volume_key_goes_on_from_the_loudest_to_the_softest() -> None:
    rig = Rig.registered()
    rig.feed(HookLifted())
    rig.talking()
    kept, _ = loud(rig, *["volume"] * 6)
    texts = [each.text for each in kept if isinstance(each, KeepSetting)]
    assert texts == ["7", "8", "9", "10", "1", "2"]


def test_the_screen_says_how_loud_it_is_for_a_moment() -> None:
    rig = Rig.registered()
    rig.feed(HookLifted())
    rig.talking().press("mute", "up")
    assert "volume 7 of 10" in rig.words
    rig.pass_time(SAID_S - 0.1)
    assert "volume 7 of 10" in rig.words
    rig.pass_time(0.2)
    assert isinstance(rig.screen, CallScreen)
    assert rig.screen.sound == SoundLine(muted=True)
    rig.press("up")
    rig.ended(EndCause.FAILED, "busy")
    rig.press("up")
    assert "volume" not in rig.words, "why it is over is to be read"


def test_while_it_rings_the_keys_mean_the_ringer() -> None:
    rig = Rig.registered().called()
    out = rig.press("volume", "volume")
    assert of(KeepSetting, out)[-1] == KeepSetting("ringer volume", "8")
    assert "ringer 8 of 8" in rig.words
    out = rig.press("volume")
    assert of(TuneRinger, out) == [TuneRinger("Classic", 0)]
    assert "ringer silent" in rig.words
    assert not of(SetVolume, rig.out)


def test_an_answered_call_does_not_say_the_ringers() -> None:
    rig = Rig.registered().called()
    rig.press("up", "soft1")
    assert "ringer" not in rig.words


@pytest.mark.parametrize("parameter", ["handset volume", "ringer volume"])
def test_what_the_files_lock_is_said_and_not_changed(parameter: str) -> None:
    preferences = preferring((parameter, "4"), locked=frozenset({parameter}))
    rig = Rig.registered()
    rig.feed(SettingsAre(preferences))
    rig.feed(HookLifted()) if parameter == "handset volume" else rig.called()
    if parameter == "handset volume":
        rig.talking()
    assert not of(KeepSetting, rig.press("up", "volume"))
    assert "4 of" in rig.words


def test_without_a_call_the_volume_key_chooses_how_loud_it_rings() -> None:
    rig = Rig.registered()
    rig.press("volume")
    assert isinstance(rig.screen, ListScreen)
    assert "> 6 ✓" in rig.words
    assert of(SampleRing, rig.press("volume")) == [SampleRing(True)]
    assert "> 7" in rig.words
    assert of(KeepSetting, rig.press("soft1")) == [KeepSetting("ringer volume", "7")]
    assert isinstance(rig.screen, IdleScreen)


def test_the_volume_key_leaves_locked_keys_and_what_is_typed_alone() -> None:
    rig = Rig.registered(preferences=preferring(("key lock", "1")), has_pin=True)
    rig.press("volume")
    assert isinstance(rig.screen, IdleScreen)
    rig.press("soft1", "1", "2")
    before = rig.words
    rig.press("volume")
    assert rig.words == before


def test_a_call_that_waits_says_the_volume_of_who_talks() -> None:
    rig = Rig.registered()
    rig.feed(HookLifted())
    rig.talking().feed(IncomingCall(8, 1, ANNA))
    assert loud(rig, "down") == ([KeepSetting("handset volume", "5")], [SetVolume(-1)])
    assert "volume 5 of 10" in rig.words
