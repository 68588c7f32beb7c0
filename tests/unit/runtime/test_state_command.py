"""The commands `contacts` and `wipe`: the directory in and out of files, and factory reset."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from config.store import Store
from firmware.phone.imported import FILE_BYTES_MAX
from firmware.phone.kept import CallWay, PastCall
from firmware.runtime import factory_reset
from firmware.runtime.directory_file import DIRECTORY
from firmware.runtime.history_file import HISTORY
from firmware.runtime.keepers import FILES
from firmware.runtime.start import _finish_reset
from firmware.runtime.state_command import run_command
from firmware.runtime.state_lock import share

CSV = "name,work,mobile\nBert,603,0170 1234567\nNobody,,\nÄnne,12\n"


def command(state: Path, *words: str) -> int:
    return run_command([*words, "--state", str(state)])


@pytest.mark.parametrize("ending", ["csv", "vcf"])
def test_contacts_go_out_and_come_in_again(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], ending: str
) -> None:
    state, file, out = tmp_path / "state", tmp_path / "in.csv", tmp_path / f"out.{ending}"
    file.write_text(CSV)
    assert command(state, "contacts", "import", str(file)) == 1
    said = capsys.readouterr()
    assert said.out == "2 added, 0 changed, 0 known already\n"
    assert said.err == f'{file}: line 3: "Nobody" has no number\n'
    assert command(state, "contacts", "export", str(out)) == 0
    assert capsys.readouterr().out == "2 contacts\n"
    before = DIRECTORY.read(state)
    assert [contact.name for contact in before.entries] == ["Änne", "Bert"]
    assert command(tmp_path / "other", "contacts", "import", str(out)) == 0
    assert DIRECTORY.read(tmp_path / "other") == before
    assert command(state, "contacts", "import", str(out)) == 0
    assert capsys.readouterr().out.endswith("0 added, 0 changed, 2 known already\n")


def test_a_folder_that_a_phone_runs_with_is_left_alone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert share(tmp_path) is not None
    assert command(tmp_path, "wipe") == 2
    assert "stop it first" in capsys.readouterr().err


def test_a_file_that_is_not_there_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    missing = tmp_path / "no.csv"
    assert command(tmp_path, "contacts", "import", str(missing)) == 2
    assert capsys.readouterr().err == f"{missing}: No such file or directory\n"


def test_a_file_that_is_too_large_changes_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    state, file = tmp_path / "state", tmp_path / "in.csv"
    file.write_text(CSV + " " * FILE_BYTES_MAX)
    assert command(state, "contacts", "import", str(file)) == 2
    assert capsys.readouterr().err == f"{file}: larger than {FILE_BYTES_MAX} bytes\n"
    assert list(state.iterdir()) == []


def test_a_factory_reset_leaves_nothing_but_the_identity(tmp_path: Path) -> None:
    (tmp_path / "startup.cfg").write_text("")
    state = tmp_path / "state"
    store = Store(tmp_path, state)
    for vmail in ("1", "2"):
        store.set_local("sip vmail", vmail)
    for file in FILES:
        file.save(state, ())
        (state / file.aside).write_text("?")
        (state / file.draft).write_text("?")
    HISTORY.save(state, (PastCall(CallWay.DIALLED, "", "603", 1),))
    (state / "instance").write_text("urn:uuid:1")
    assert command(state, "wipe") == 0
    assert [path.name for path in state.iterdir()] == ["instance"]
    assert store.read().value("sip vmail") == ""
    assert command(state, "wipe") == 0, "twice is no error"


def test_a_factory_reset_that_lost_its_power_is_finished_at_the_next_start(tmp_path: Path) -> None:
    (tmp_path / "startup.cfg").write_text("")
    for steps in (0, 5, 15):
        state = tmp_path / f"state{steps}"
        store = Store(tmp_path, state)
        store.set_local("sip vmail", "1")
        for file in FILES:
            file.save(state, ())
        factory_reset.begin(state)
        cut_short(state, steps)
        assert _finish_reset(state) == ""
        assert list(state.iterdir()) == [], steps
        assert _finish_reset(state) == "", "nothing is to be done"


def test_a_factory_reset_that_the_disk_refuses_is_said_and_stays_to_be_done(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    state = tmp_path / "state"
    HISTORY.save(state, (PastCall(CallWay.DIALLED, "", "603", 1),))
    factory_reset.begin(state)

    def refuse(*_: object, **__: object) -> None:
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    with monkeypatch.context() as patch:
        patch.setattr(Path, "unlink", refuse)
        assert _finish_reset(state) == "the factory reset is not done: Read-only file system"
    assert HISTORY.read(state).entries, "it is all there"
    assert _finish_reset(state) == ""
    assert not HISTORY.read(state).entries


class PowerCutError(Exception):
    """The power is gone."""


def cut_short(state: Path, steps: int) -> None:
    """Let the power go after so many files."""
    left = iter(range(steps))
    real = Path.unlink

    def unlink(path: Path, missing_ok: bool = False) -> None:
        if next(left, None) is None:
            raise PowerCutError
        real(path, missing_ok=missing_ok)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Path, "unlink", unlink)
        with pytest.raises(PowerCutError):
            factory_reset.finish(state)
