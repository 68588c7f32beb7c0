"""Settings in the menu: what is set, what is tried, what is kept."""

from __future__ import annotations

import pytest

from config.parameters import find
from config.table_phone import FEATURES
from firmware.agent.events import CallEnded, EndCause, IncomingCall, Party
from firmware.phone.events import (
    KeepSetting,
    SampleRing,
    SetDisplay,
    SetRinger,
    SettingsAre,
    TimeIs,
    TuneRinger,
)
from firmware.phone.menu import AWAY_S, SAMPLE_S
from firmware.phone.preferences import PARAMETERS, RING_TONE, SETTINGS, Preferences
from firmware.phone.ring_tones import RING_TONES, VOLUME_MAX
from firmware.phone.screen import IdleScreen
from firmware.phone.setting_items import region_of, town_of
from tests.unit.phone.menu_scenes import ZONES, open_setting, open_settings
from tests.unit.phone.rig import MONDAY, Rig, of


def kept(items: list[object]) -> list[tuple[str, str]]:
    return [(item.parameter, item.text) for item in of(KeepSetting, items)]


def test_every_setting_is_a_parameter_that_is_built_and_has_every_option() -> None:
    for name in PARAMETERS:
        parameter = find(name)
        assert parameter is not None
        assert parameter.built, name
    for setting in SETTINGS:
        for text, word in setting.options:
            parameter = find(setting.parameter)
            assert parameter is not None
            assert parameter.kind.parse(text) is not None
            assert setting.word_of(text) == word
    (tones,) = (parameter for parameter in FEATURES if parameter.name == RING_TONE)
    assert tones.kind.allowed.replace(" or ", ", ").split(", ") == list(RING_TONES)


def test_a_ring_tone_is_heard_while_it_is_chosen_and_kept_when_it_is_taken() -> None:
    rig = open_setting(Rig.registered(), 0)
    assert "> Classic ✓" in rig.words
    assert of(SampleRing, rig.out) == []
    out = rig.press("down")
    assert of(TuneRinger, out) == [TuneRinger("Double", 6)]
    assert of(SampleRing, out) == [SampleRing(True)]
    assert of(SampleRing, rig.pass_time(SAMPLE_S)) == [SampleRing(False)]
    assert of(SampleRing, rig.press("down")) == [SampleRing(True)]
    out = rig.press("soft1")
    assert kept(out) == [("ring tone", "Deep")]
    assert of(SampleRing, out) == [SampleRing(False)]
    assert of(TuneRinger, rig.out)[-1] == TuneRinger("Deep", 6)
    assert "> Ring tone Deep" in rig.words


def test_what_is_tried_and_not_taken_is_as_before() -> None:
    rig = open_setting(Rig.registered(), 2)
    assert of(SetDisplay, rig.press("up")) == [SetDisplay(7, 60)]
    assert of(SetDisplay, rig.press("soft2")) == [SetDisplay(8, 60)]
    rig = open_setting(Rig.registered(), 0)
    rig.press("up")
    out = rig.pass_time(AWAY_S)
    assert of(SampleRing, out) == [SampleRing(False)]
    assert of(TuneRinger, out) == [TuneRinger("Classic", 6)]
    assert isinstance(rig.screen, IdleScreen)
    assert kept(rig.out) == []


def test_a_call_ends_a_sample_before_it_rings() -> None:
    rig = open_setting(Rig.registered(), 0)
    rig.press("down")
    out = rig.feed(IncomingCall(8, 1, Party("Anna", "604")))
    assert [item for item in out if isinstance(item, SampleRing | SetRinger)] == [
        SampleRing(False),
        SetRinger(True),
    ]
    assert of(TuneRinger, out) == [TuneRinger("Classic", 6)], "as it is set, not as it is tried"


def test_keys_while_it_rings_change_the_volume_and_mute_silences_this_call() -> None:
    rig = Rig.registered().called()
    out = rig.press("down", "down")
    assert kept(out) == [("ringer volume", "5"), ("ringer volume", "4")]
    assert of(TuneRinger, out)[-1].volume == 4
    assert kept(rig.press(*["up"] * VOLUME_MAX))[-1] == ("ringer volume", str(VOLUME_MAX))
    assert of(TuneRinger, rig.press("mute")) == [TuneRinger("Classic", 0)]
    assert of(SetRinger, rig.press("mute")) == [], "it rings on, unheard"
    assert "Answer" in rig.words
    rig.feed(CallEnded(8, EndCause.CANCELLED_THERE))
    assert of(TuneRinger, rig.feed(IncomingCall(9, 1, Party("Anna", "604")))) == []
    assert of(TuneRinger, rig.out)[-1].volume == VOLUME_MAX
    assert kept(rig.press(*["down"] * 20))[-1] == ("ringer volume", "0")


def test_what_the_files_lock_is_told_and_not_offered() -> None:
    rig = Rig.registered()
    rig.feed(SettingsAre(Preferences((("ring tone", "Chime"),), frozenset({"ring tone"}))))
    open_settings(rig)
    rig.press("up")
    assert rig.words.splitlines()[1] == "> Ring tone Chime"
    assert "[OK]" not in rig.words
    rig.press("soft1")
    assert kept(rig.out) == []


def test_a_time_zone_that_the_files_lock_is_told_and_not_offered() -> None:
    rig = Rig.registered()
    zone = Preferences((("time zone name", "Europe/Paris"),), frozenset({"time zone name"}))
    rig.feed(SettingsAre(zone, ZONES))
    open_settings(rig)
    rig.press("up", "up")
    assert "> Time zone Paris" in rig.words
    assert "[OK]" not in rig.words
    before = rig.words
    rig.press("soft1")
    assert rig.words == before
    rig = Rig.registered()
    rig.feed(SettingsAre(Preferences((), frozenset({"ringer volume"}))))
    assert kept(rig.called().press("down")) == []


def test_time_and_date_are_written_as_a_person_wants() -> None:
    rig = Rig.registered()
    open_setting(rig, 4)
    rig.press("down", "soft1")
    rig.press("down", "soft1", "down", "soft1")
    assert kept(rig.out) == [("time format", "0"), ("date format", "1")]
    rig.press("soft2", "soft2")
    assert rig.words.splitlines()[0] == "2:32 pm Mon Nov 23"


@pytest.mark.parametrize(
    ("keys", "zone"),
    [
        (["up", "soft1", "down", "soft1"], "America/Argentina/Buenos_Aires"),
        ([*"2375", "soft1"], "Europe/Berlin"),
        ([*"28", "soft2", "soft2", "up", "soft1", "soft1"], "UTC"),
        ([*"9999", "soft1", *["soft2"] * 4, *"97", "soft1"], ""),
    ],
)
def test_a_time_zone_is_found_by_its_region_or_its_letters(keys: list[str], zone: str) -> None:
    rig = Rig.registered()
    rig.feed(SettingsAre(Preferences((("time zone name", "Europe/Paris"),)), ZONES))
    open_settings(rig)
    rig.press("up", "up")
    assert "> Time zone Paris" in rig.words
    rig.press("soft1")
    rig.press(*keys)
    assert kept(rig.out) == ([("time zone name", zone)] if zone else [])
    if zone:
        assert f"> Time zone {town_of(zone)}" in rig.words
        rig.feed(TimeIs(MONDAY, 3600))
        rig.press("soft2", "soft2")
        assert "15:32" in rig.words


def test_a_zone_that_is_set_is_found_again_where_it_is() -> None:
    rig = Rig.registered()
    rig.feed(SettingsAre(Preferences((("time zone name", "Europe/Paris"),)), ZONES))
    open_settings(rig)
    rig.press("up", "up", "soft1")
    assert "> Europe ✓" in rig.words
    rig.press("soft1")
    assert "> Paris ✓" in rig.words
    rig.press("soft2")
    rig.press("up", "up")
    assert "> system" in rig.words
    assert kept(rig.press("soft1")) == [("time zone name", "")]


def test_names_of_zones() -> None:
    assert [*map(region_of, ZONES)] == ["America", "America", "Europe", "Europe", "UTC"]
    assert town_of("America/Argentina/Buenos_Aires") == "Buenos Aires"
