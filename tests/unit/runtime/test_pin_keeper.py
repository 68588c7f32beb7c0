"""The PIN on disk: as a salted hash, in no log and no value, replaced by the administrator."""

from __future__ import annotations

import logging
import threading
from pathlib import Path

import pytest

from config.store import Store
from firmware.phone.kept import KeepingTrouble
from firmware.phone.lock import CheckPin, KeepPin, Pin, PinChecked
from firmware.runtime import pin_keeper
from firmware.runtime.factory_reset import finish
from firmware.runtime.pin_keeper import PARAMETER, PinKeeper, is_pin, record_of
from tests.unit.runtime.wire import run

SECRET = "7391"


def play(folder: Path, *wanted: CheckPin | KeepPin, startup: str = "") -> list[object]:
    (folder / "startup.cfg").write_text(startup)
    heard: list[object] = []
    store = Store(folder, folder / "state")

    async def scene() -> None:
        keeper = PinKeeper(store, str(store.read().value(PARAMETER)), heard.append)
        keeper.take("for somebody else")
        for each in wanted:
            keeper.take(each)
        await keeper.stop()

    run(scene())
    return heard


def test_a_pin_that_was_set_is_right_after_a_restart_and_nowhere_to_be_read(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    assert play(tmp_path, KeepPin(Pin(SECRET)), CheckPin(Pin(SECRET))) == [PinChecked(True)]
    assert play(tmp_path, CheckPin(Pin("7390"))) == [PinChecked(False)]
    assert play(tmp_path, CheckPin(Pin(SECRET))) == [PinChecked(True)]
    written = "".join(path.read_text() for path in (tmp_path / "state").iterdir())
    assert "scrypt:" in written
    assert SECRET not in written.replace(written.split("checksum")[-1], "")
    assert SECRET not in caplog.text + repr((KeepPin(Pin(SECRET)), CheckPin(Pin(SECRET))))
    configuration = Store(tmp_path, tmp_path / "state").read()
    assert configuration.text(PARAMETER) == "****"
    assert SECRET not in repr(configuration)


def test_two_phones_with_one_pin_keep_different_words() -> None:
    assert record_of(SECRET) != record_of(SECRET)
    assert is_pin(SECRET, record_of(SECRET))
    assert not is_pin("", record_of(SECRET))
    assert not is_pin("", "")


def test_a_pin_is_removed_and_wiped_by_a_factory_reset(tmp_path: Path) -> None:
    play(tmp_path, KeepPin(Pin(SECRET)), KeepPin(None))
    assert Store(tmp_path, tmp_path / "state").read().value(PARAMETER) == ""
    play(tmp_path, KeepPin(Pin(SECRET)))
    finish(tmp_path / "state")
    assert Store(tmp_path, tmp_path / "state").read().value(PARAMETER) == ""


def test_the_administrator_replaces_a_pin_that_was_forgotten(tmp_path: Path) -> None:
    play(tmp_path, KeepPin(Pin(SECRET)))
    forced = f"^{PARAMETER}: 1234\n"
    assert play(tmp_path, CheckPin(Pin(SECRET)), startup=forced) == [PinChecked(False)]
    assert play(tmp_path, CheckPin(Pin("1234")), startup=forced) == [PinChecked(True)]


def test_a_locked_parameter_is_not_replaced_and_that_is_said(tmp_path: Path) -> None:
    (trouble,) = play(tmp_path, KeepPin(Pin(SECRET)), startup=f"!{PARAMETER}: 1234\n")
    assert isinstance(trouble, KeepingTrouble)
    assert "locked by startup.cfg:1" in trouble.text
    assert SECRET not in trouble.text


def test_a_hash_is_worked_out_in_another_thread(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    main, threads = threading.get_ident(), list[int]()

    def noted(digits: str, record: str) -> bool:
        threads.append(threading.get_ident())
        return False

    monkeypatch.setattr(pin_keeper, "is_pin", noted)
    play(tmp_path, CheckPin(Pin(SECRET)))
    assert threads
    assert main not in threads
