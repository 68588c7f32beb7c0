"""Saving local settings while the power goes, the disk fills up or the file is damaged.

A stand-in for `os` counts the calls that change the disk and cuts the power at one of them. What
was written and not flushed is then cut short or lost, as a real disk may do.
"""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest

from config.local_file import DRAFT, NAME, PREVIOUS, save_local
from config.store import ConfigError, Store
from tests.unit.config.disk import Disk, PowerCutError, put_in, put_in_refusing

VMAIL = "sip vmail"


def read(state: Path) -> tuple[object, list[str]]:
    configuration = Store(state.parent, state).read()
    problems = [str(p) for p in configuration.problems if "no configuration file" not in str(p)]
    return configuration.value(VMAIL), problems


def save(state: Path, value: str) -> None:
    save_local(state, [(VMAIL, 0, value), ("sip password", 1, "hunter2" * 20)])


def steps_of_a_save(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    disk = Disk(cut_at=-1)
    with monkeypatch.context() as patch:
        put_in(patch, disk.module())
        save(tmp_path / "counted", "1")
        disk.calls.clear()
        save(tmp_path / "counted", "2")
    return disk.calls


def test_a_save_is_flushed_before_it_counts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = [call for call in steps_of_a_save(tmp_path, monkeypatch) if call != "write"]
    assert calls == [
        "open",
        "fchmod",
        "fsync",
        "close",
        f"replace {PREVIOUS}",
        f"replace {NAME}",
        "open folder",
        "fsync",
        "close",
    ]


@pytest.mark.parametrize("kept", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("saves_before", [1, 2])
def test_power_cut_at_every_step(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, saves_before: int, kept: float
) -> None:
    steps = len(steps_of_a_save(tmp_path, monkeypatch))
    assert steps > 12
    for cut_at in range(steps):
        state = tmp_path / f"state{cut_at}"
        for number in range(saves_before):
            save(state, f"old{number}")
        old = f"old{saves_before - 1}"
        with monkeypatch.context() as patch:
            put_in(patch, Disk(cut_at, kept).module())
            with pytest.raises(PowerCutError):
                save(state, "new")
        value, problems = read(state)
        assert value in {old, "new"}, cut_at
        # Only between the two renames is there something to say, and never a loss.
        assert problems == [] or problems[0].endswith(
            "missing: saving was interrupted; the settings saved before are used"
        )
        # The next save heals it.
        save(state, "next")
        assert read(state) == ("next", [])


def test_power_cut_at_every_step_of_the_very_first_save(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for cut_at in range(len(steps_of_a_save(tmp_path, monkeypatch)) - 1):
        state = tmp_path / f"state{cut_at}"
        with monkeypatch.context() as patch:
            put_in(patch, Disk(cut_at).module())
            with pytest.raises(PowerCutError):
                save(state, "new")
        value, problems = read(state)
        assert value in {"", "new"}
        assert problems == []


@pytest.mark.parametrize("share", [0.0, 0.3, 0.9, 0.99])
def test_a_torn_file_falls_back_to_the_one_before(tmp_path: Path, share: float) -> None:
    state = tmp_path / "state"
    save(state, "1")
    save(state, "2")
    file = state / NAME
    os.truncate(file, int(file.stat().st_size * share))
    value, (problem,) = read(state)
    assert value == "1"
    assert problem == (
        f"{file}: damaged: its checksum is wrong; the settings saved before are used"
    )
    save(state, "3")  # The damaged file must not take the good one's place.
    os.truncate(file, 10)
    assert read(state)[0] == "1"


def test_every_damaged_byte_is_noticed(tmp_path: Path) -> None:
    state = tmp_path / "state"
    save_local(state, [(VMAIL, 0, "1")])
    file = state / NAME
    good = file.read_bytes()
    for position in range(len(good) - 1):
        file.write_bytes(good[:position] + bytes([good[position] ^ 4]) + good[position + 1 :])
        value, (problem,) = read(state)
        assert value == ""
        assert "no setting made on this phone is used" in problem
        assert "hunter2" not in problem


def test_both_files_damaged_is_said_and_the_phone_goes_on(tmp_path: Path) -> None:
    state = tmp_path / "state"
    save(state, "1")
    save(state, "2")
    (state / NAME).write_bytes(b"\xff" * 5000)
    (state / PREVIOUS).write_bytes(b"")
    value, (problem,) = read(state)
    assert value == ""
    assert problem.endswith("checksum is wrong; no setting made on this phone is used")


@pytest.mark.parametrize("call", ["open", "write", "fsync", "replace"])
@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EROFS, errno.EIO])
def test_a_disk_that_refuses_is_an_error_and_keeps_the_old(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str, number: int
) -> None:
    state = tmp_path / "state"
    save(state, "1")
    with monkeypatch.context() as patch:
        put_in_refusing(patch, call, number)
        with pytest.raises(ConfigError) as caught:
            save(state, "2")
    assert str(caught.value) == f"{state}/{NAME}: cannot be saved: {os.strerror(number)}"
    assert read(state) == ("1", [])
    assert not (state / DRAFT).exists()


FULL_DISK = """
import resource, sys
from config.store import ConfigError, Store
from tests.unit.config.disk import Disk, PowerCutError, put_in
store = Store(sys.argv[1], sys.argv[1] + "/state")
store.set_local("sip vmail", "1")
resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))
try:
    store.set_local("sip vmail", "2")
except ConfigError as error:
    print(error)
print(store.read().value("sip vmail"))
"""


def test_a_write_that_the_system_cuts_short(tmp_path: Path) -> None:
    words = [sys.executable, "-c", FULL_DISK, str(tmp_path)]
    done = subprocess.run(words, capture_output=True, text=True, check=True, timeout=30)
    error, value = done.stdout.splitlines()
    assert error == f"{tmp_path}/state/{NAME}: cannot be saved: File too large"
    assert value == "1"


def test_a_full_disk(tmp_path: Path) -> None:
    """A real one, where the machine lets us mount a tiny one in a namespace of its own."""
    disk = tmp_path / "disk"
    disk.mkdir()
    fill = f"mount -t tmpfs -o size=16k none {disk} && exec {sys.executable} - {disk}"
    script = """
import sys
from pathlib import Path
from config.store import ConfigError, Store
from tests.unit.config.disk import Disk, PowerCutError, put_in
state = Path(sys.argv[1])
store = Store(state, state)
store.set_local("sip vmail", "1")
try:
    (state / "fill").write_bytes(b"x" * 10**6)
except OSError:
    pass
try:
    store.set_local("sip vmail", "2")
except ConfigError as error:
    print(error)
print(store.read().value("sip vmail"))
(state / "fill").unlink()
store.set_local("sip vmail", "3")
print(store.read().value("sip vmail"))
"""
    words = ["unshare", "--mount", "--map-root-user", "sh", "-c", fill]
    done = subprocess.run(
        words, input=script, capture_output=True, text=True, check=False, timeout=30
    )
    assert done.stdout.splitlines() == [
        f"{disk}/{NAME}: cannot be saved: No space left on device",
        "1",
        "3",
    ], done.stderr


def test_a_draft_from_an_earlier_cut_is_no_trap(tmp_path: Path) -> None:
    state = tmp_path / "state"
    save(state, "1")
    (state / DRAFT).write_text("half a fi")
    (state / DRAFT).chmod(0o644)
    assert read(state) == ("1", [])
    save(state, "2")
    assert read(state) == ("2", [])
    assert (state / NAME).stat().st_mode & 0o777 == 0o600


def test_a_link_in_the_drafts_place_is_not_followed(tmp_path: Path) -> None:
    state = tmp_path / "state"
    save(state, "1")
    (state / DRAFT).symlink_to(tmp_path / "elsewhere")
    with pytest.raises(ConfigError, match="cannot be saved"):
        save(state, "2")
    assert not (tmp_path / "elsewhere").exists()
    assert read(state) == ("1", [])


def test_too_many_settings_are_refused_before_the_disk_is_touched(tmp_path: Path) -> None:
    state = tmp_path / "state"
    save(state, "1")
    many = [(f"unknown {number}", 0, "x" * 1000) for number in range(1100)]
    with pytest.raises(ConfigError, match="larger than"):
        save_local(state, many)
    assert read(state) == ("1", [])
