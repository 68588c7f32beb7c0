"""Settings made on the phone: told at the start, kept as local settings, never against a lock."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from config.store import Store
from firmware.phone.events import KeepSetting, LanguageIs, SettingsAre
from firmware.phone.kept import KeepingTrouble
from firmware.phone.preferences import PARAMETERS, SETTINGS, default_of
from firmware.runtime import settings_keeper
from firmware.runtime.factory_reset import finish
from firmware.runtime.settings_keeper import SettingsKeeper, time_zones
from firmware.settings import preferences_of
from tests.unit.runtime.wire import run


class Desk:
    """A keeper over a real store, and what was heard of it."""

    def __init__(self, folder: Path, startup: str = "") -> None:
        (folder / "startup.cfg").write_text(startup)
        self.store = Store(folder, folder / "state")
        self.heard: list[object] = []
        self.zones: list[str] = []
        configuration = self.store.read()
        self.keeper = SettingsKeeper(
            self.store, configuration, self.heard.append, self.zones.append
        )

    def text(self, parameter: str) -> str:
        return preferences_of(self.store.read()).text(parameter)

    @property
    def codes(self) -> list[str]:
        return [event.language.code for event in self.heard if isinstance(event, LanguageIs)]

    def play(self, *chosen: KeepSetting) -> None:
        async def scene() -> None:
            for each in chosen:
                self.keeper.take(each)
            await asyncio.sleep(0)
            await self.keeper.stop()

        run(scene())


def test_what_is_set_is_told_at_the_start_with_what_may_not_be_changed(tmp_path: Path) -> None:
    text = "!ring tone: Deep\n^date format: 4\ntime zone name: Asia/Tokyo\n"
    desk = Desk(tmp_path, text)
    desk.keeper.start()
    (told,) = (event for event in desk.heard if isinstance(event, SettingsAre))
    assert told.preferences.text("ring tone") == "Deep"
    assert told.preferences.locked == {"ring tone", "date format"}
    assert {"Europe/Berlin", "America/Argentina/Buenos_Aires", "UTC"} <= set(told.zones)
    assert desk.zones == ["Asia/Tokyo"]


def test_the_systems_zone_needs_no_word(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    desk.keeper.start()
    assert desk.zones == []
    (told,) = desk.heard
    assert isinstance(told, SettingsAre)
    assert [text for _, text in told.preferences.values] == [*map(default_of, PARAMETERS)]


@pytest.mark.parametrize("setting", SETTINGS, ids=lambda setting: setting.parameter)
def test_each_option_is_one_that_the_parameter_takes_and_is_kept(
    tmp_path: Path, setting: object
) -> None:
    desk = Desk(tmp_path)
    (known,) = (each for each in SETTINGS if each == setting)
    for text, _ in known.options:
        desk.play(KeepSetting(known.parameter, text))
        assert desk.text(known.parameter) == text
    assert not [event for event in desk.heard if isinstance(event, KeepingTrouble)]
    finish(tmp_path / "state")
    assert desk.text(known.parameter) == default_of(known.parameter)


def test_a_language_and_a_zone_apply_at_once(tmp_path: Path) -> None:
    desk = Desk(tmp_path)

    async def scene() -> None:
        desk.keeper.take("for somebody else")
        desk.keeper.take(KeepSetting("screen language", "Spanish"))
        desk.keeper.take(KeepSetting("time zone name", "Europe/Madrid"))
        assert (desk.codes, desk.zones) == ([], []), "the phone is still saying that it was chosen"
        await asyncio.sleep(0)
        assert (desk.codes, desk.zones) == (["es"], ["Europe/Madrid"])
        await desk.keeper.stop()

    run(scene())
    assert desk.text("time zone name") == "Europe/Madrid"


def test_many_changes_are_few_writes_and_the_last_word_counts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk, written, main = Desk(tmp_path), list[str](), threading.get_ident()
    real: Callable[..., None] = desk.store.set_local

    def set_local(name: str, value: str) -> None:
        assert threading.get_ident() != main, "a card may take a second"
        written.append(value)
        real(name, value)

    monkeypatch.setattr(desk.store, "set_local", set_local)
    desk.play(*(KeepSetting("ringer volume", str(volume)) for volume in (5, 4, 3, 2, 1)))
    assert written == ["1"]
    assert desk.text("ringer volume") == "1"


def test_a_volume_is_written_when_nobody_turns_it_any_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk, written = Desk(tmp_path), list[tuple[str, str]]()
    real: Callable[..., None] = desk.store.set_local

    def set_local(name: str, value: str) -> None:
        written.append((name, value))
        real(name, value)

    monkeypatch.setattr(desk.store, "set_local", set_local)
    monkeypatch.setattr(settings_keeper, "TURNED_S", 0.05)

    async def until_written(count: int) -> None:
        while len(written) < count:
            await asyncio.sleep(0.001)

    async def scene() -> None:
        for volume in (7, 8, 9):
            desk.keeper.take(KeepSetting("handset volume", str(volume)))
            desk.keeper.take(KeepSetting("ringer volume", str(volume - 3)))
            await asyncio.sleep(0.001)
        assert written == []
        await until_written(2)
        assert written == [("handset volume", "9"), ("ringer volume", "6")]
        desk.keeper.take(KeepSetting("speaker volume", "1"))
        desk.keeper.take(KeepSetting("ring tone", "Deep"))  # Is written at once, and all with it.
        await until_written(4)
        monkeypatch.setattr(settings_keeper, "TURNED_S", 60.0)
        desk.keeper.take(KeepSetting("handset volume", "2"))
        await desk.keeper.stop()

    run(scene())
    assert written[2:] == [
        ("speaker volume", "1"),
        ("ring tone", "Deep"),
        ("handset volume", "2"),
    ], "the last word is written when the phone stops"
    assert desk.text("handset volume") == "2"
    finish(tmp_path / "state")
    assert desk.text("handset volume") == default_of("handset volume")


def test_what_is_so_already_is_not_written_again(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    desk.play(KeepSetting("handset volume", "8"))
    before = (tmp_path / "state" / "local.cfg").stat().st_ino
    desk.play(KeepSetting("handset volume", "8"))
    assert (tmp_path / "state" / "local.cfg").stat().st_ino == before
    desk.play(KeepSetting("handset volume", "9"))
    assert (tmp_path / "state" / "local.cfg").stat().st_ino != before


def test_what_cannot_be_kept_is_said_and_applies_all_the_same(tmp_path: Path) -> None:
    desk = Desk(tmp_path, "!screen language: German\n")
    desk.play(KeepSetting("screen language", "Spanish"))
    (trouble,) = (event for event in desk.heard if isinstance(event, KeepingTrouble))
    assert "locked by startup.cfg:1" in trouble.text
    assert desk.codes == ["es"]
    desk.play(KeepSetting("ring tone", "Deep"))
    assert desk.heard[-1] == KeepingTrouble("the settings", "")


def test_what_a_disk_did_not_take_is_kept_with_the_next_change(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    (tmp_path / "state").write_text("in the folder's place")
    desk.play(KeepSetting("ring tone", "Deep"), KeepSetting("time format", "0"))
    (trouble,) = (event for event in desk.heard if isinstance(event, KeepingTrouble))
    assert "a setting is not kept: " in trouble.text
    desk.play(KeepSetting("ring tone", "Chime"))
    (tmp_path / "state").unlink()
    desk.play(KeepSetting("date format", "4"))
    kept = [desk.text(name) for name in ("ring tone", "time format", "date format")]
    assert kept == ["Chime", "0", "4"]
    assert desk.heard[-1] == KeepingTrouble("the settings", "")


def test_a_setting_that_the_files_lock_keeps_no_other_from_being_kept(tmp_path: Path) -> None:
    desk = Desk(tmp_path, "!screen language: German\n")
    desk.play(KeepSetting("screen language", "Spanish"), KeepSetting("ring tone", "Deep"))
    assert desk.text("ring tone") == "Deep"
    desk.play(KeepSetting("time format", "0"))
    assert desk.heard[-1] == KeepingTrouble("the settings", ""), "it is not tried for ever"


def test_a_system_without_a_list_of_zones_has_one(tmp_path: Path) -> None:
    assert time_zones(tmp_path / "none") == ("UTC",)
