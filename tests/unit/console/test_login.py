"""Who gets in (T3), and what a wrong password costs; nothing that is secret is printed (T4)."""

from __future__ import annotations

from pathlib import Path

import pytest

from firmware.console.events import (
    Arrived,
    CheckPassword,
    Left,
    LineEntered,
    PasswordChecked,
    Secret,
)
from firmware.console.login import STEP_S
from firmware.phone.lockout import FREE_MAX, LOCK_MAX_S, LOCK_S
from tests.unit.console.rig import PASSWORD, Rig


def test_the_password_lets_somebody_in_and_is_not_shown(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    assert rig.type("status") == ""  # Nobody is there yet: noise.
    said = rig.type("\r")
    assert said == "Handset console\r\nPassword: "
    said = rig.type(f"{PASSWORD}\r")
    assert said.startswith("\r\nPhone ")
    assert said.endswith("\r\nType help.\r\nhandset> ")
    assert PASSWORD not in said
    assert rig.others == [Arrived()]


def test_each_wrong_password_beyond_the_third_locks_for_longer(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    rig.type("\r")
    for _ in range(FREE_MAX - 1):
        assert rig.type("guess\r") == "\r\nwrong password\r\nPassword: "
    wait_s = LOCK_S
    for tries in range(FREE_MAX, FREE_MAX + 8):
        said = rig.type("guess\r")
        assert said == f"\r\nLocked after {tries} wrong tries: wait {wait_s:.0f} s\r\n"
        rig.pass_time(wait_s - 0.5)
        checked = len(rig.checked)
        assert rig.type("\r") == f"Locked after {tries} wrong tries: wait 1 s\r\n"
        assert rig.type(f"{PASSWORD}\r").startswith("Locked")
        assert len(rig.checked) == checked, "a locked console checks nothing"
        rig.pass_time(0.5)
        assert rig.type("\r").endswith("Password: ")
        wait_s = min(2 * wait_s, LOCK_MAX_S)
    assert wait_s == LOCK_MAX_S
    assert "handset> " in rig.type(f"{PASSWORD}\r")
    rig.type("exit\r")
    rig.type("\r")
    assert rig.type("guess\r") == "\r\nwrong password\r\nPassword: ", "a right one forgives"


def test_empty_lines_and_breaks_are_no_tries(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    rig.type("\r")
    for _ in range(20):
        assert rig.type(b"\x00\r") == "\r\nPassword: "
    assert rig.checked == []


def test_who_types_no_password_is_gone_after_a_minute(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    rig.type("\rcorr")
    assert rig.pass_time(STEP_S - 1) == ""
    rig.pass_time(1)
    assert rig.type("ect horse\r").endswith("Password: "), "the half of it is forgotten"
    assert rig.checked == []


def test_a_password_that_is_being_checked_is_waited_for_and_a_late_answer_lets_nobody_in(
    tmp_path: Path,
) -> None:
    rig = Rig(tmp_path)
    rig.console.handle(LineEntered(""), rig.now)
    assert rig.console.handle(LineEntered(PASSWORD), rig.now) == [CheckPassword(Secret(PASSWORD))]
    rig.type(b"\x03")
    assert "handset> " in rig.feed(PasswordChecked(True))
    rig.type("exit\r")
    assert rig.feed(PasswordChecked(True)) == ""
    assert rig.others == [Arrived(), Left()]


def test_at_the_first_start_the_code_on_the_screen_is_asked_for(tmp_path: Path) -> None:
    rig = Rig(tmp_path, "")
    said = rig.type("\r")
    assert "soft key Link" in said
    assert len(rig.code) == 6
    assert rig.code not in said
    said = rig.type(f"{rig.code}\r")
    assert rig.code == "", "it is shown no longer"
    assert rig.type("short\r").endswith("8 to 128 characters.\r\nNew password: ")
    assert rig.type("a good one\r") == "\r\nOnce more: "
    assert rig.type("another one\r") == "\r\nThat was another one.\r\nNew password: "
    assert rig.kept == ""
    rig.type("a good one\r")
    said = rig.type("a good one\r")
    assert rig.kept == "a good one"
    assert "a good one" not in said
    assert said.endswith("handset> ")


def test_each_code_is_for_one_try_and_three_lock(tmp_path: Path) -> None:
    rig = Rig(tmp_path, "")
    codes = set()
    for _ in range(FREE_MAX):
        rig.type("\r")
        codes.add(rig.code)
        said = rig.type("000000\r")
        assert rig.code == ""
    assert len(codes) == FREE_MAX
    assert "Locked after 3 wrong tries: wait 30 s" in said


@pytest.mark.parametrize("gives_up", ["time", "ctrl-c"])
def test_a_code_that_nobody_types_is_taken_off_the_screen(tmp_path: Path, gives_up: str) -> None:
    rig = Rig(tmp_path, "")
    rig.type("\r")
    old = rig.code
    assert old
    said = rig.pass_time(STEP_S) if gives_up == "time" else rig.type(b"\x03")
    assert rig.code == ""
    assert "code" not in said
    rig.type("\r")
    assert rig.code not in ("", old)


def test_a_password_that_cannot_be_kept_lets_nobody_in(tmp_path: Path) -> None:
    rig = Rig(tmp_path, "")
    rig.refusal = "local.cfg: cannot be saved: No space left on device"
    rig.type("\r")
    rig.type(f"{rig.code}\r")
    rig.type("a good one\r")
    said = rig.type("a good one\r")
    assert "The password is not kept: local.cfg: cannot be saved: No space left" in said
    assert rig.console.is_asleep
    assert rig.others == []


def test_no_repr_shows_what_was_typed(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    rig.type("\r")
    asked = rig.console.handle(LineEntered(PASSWORD), rig.now)
    assert PASSWORD not in repr((LineEntered(PASSWORD), asked))
