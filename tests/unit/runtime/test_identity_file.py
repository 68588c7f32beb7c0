"""One instance id for a phone's whole life, also where nothing can be written (RFC 5626 4.1)."""

from __future__ import annotations

import errno
import uuid
from pathlib import Path

import pytest

from firmware.runtime.identity_file import instance_id
from tests.unit.config.disk import Disk, put_in, put_in_refusing

MAC = "02000000000A"


def test_it_is_made_once_and_kept(tmp_path: Path) -> None:
    state = tmp_path / "deep" / "state"
    made = instance_id(state, MAC)
    assert uuid.UUID(made).version == 4
    assert instance_id(state, "another card") == made
    assert [file.name for file in state.iterdir()] == ["instance"]


def test_what_was_told_is_on_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    disk = Disk(cut_at=-1)
    put_in(monkeypatch, disk.module())
    instance_id(tmp_path, MAC)
    assert disk.calls[-4:] == ["replace instance", "open folder", "fsync", "close"]


def test_two_phones_differ(tmp_path: Path) -> None:
    assert instance_id(tmp_path / "a", MAC) != instance_id(tmp_path / "b", MAC)


@pytest.mark.parametrize("torn", [b"", b"6f3c8a52-7d0e", b"\xff\xfe", b"x" * 1_000_000])
def test_a_torn_file_is_written_anew(tmp_path: Path, torn: bytes) -> None:
    (tmp_path / "instance").write_bytes(torn)
    made = instance_id(tmp_path, MAC)
    assert instance_id(tmp_path, MAC) == made


@pytest.mark.parametrize("place", ["a file", "a full disk", "a folder in its place"])
def test_where_nothing_can_be_written_it_is_constant_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    state = tmp_path / "state"
    if place == "a file":
        state.touch()
    elif place == "a full disk":
        put_in_refusing(monkeypatch, "write", errno.ENOSPC)
    else:
        (state / "instance").mkdir(parents=True)
    made = instance_id(state, MAC)
    assert uuid.UUID(made).version == 5
    assert instance_id(state, MAC) == made
    assert instance_id(state, "02000000000B") != made
