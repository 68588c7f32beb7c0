"""The outage log on disk: whole or not at all, whatever is in its place (S3)."""

from __future__ import annotations

import json
import os
import stat
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest

from firmware.link.events import Failure, FailureKind
from firmware.phone.outage import CAUSE_CHARACTERS_MAX, OUTAGES_MAX, PROXY_CHARACTERS_MAX
from firmware.runtime.kept_file import VERSION, Kept, checksum
from firmware.runtime.outage_file import FILE_BYTES_MAX, OUTAGE_LOG
from firmware.runtime.outage_json import outage_fields
from tests.unit.config.disk import Disk, PowerCutError, put_in
from tests.unit.runtime.outages import anything, entry, log_of

NAME, DRAFT, ASIDE = OUTAGE_LOG.name, OUTAGE_LOG.draft, OUTAGE_LOG.aside

DAMAGED = f"the outage log is damaged; it is kept as {ASIDE}"

# Whole.


@pytest.mark.parametrize("seed", range(30))
def test_what_is_saved_is_read_again(tmp_path: Path, seed: int) -> None:
    random = Random(seed)
    log = tuple(anything(random) for _ in range(random.choice([0, 1, 7, OUTAGES_MAX])))
    OUTAGE_LOG.save(tmp_path, log)
    assert OUTAGE_LOG.read(tmp_path) == Kept(log)


def test_the_longest_log_fits(tmp_path: Path) -> None:
    cause = Failure(FailureKind.CONFIGURATION, "😀" * CAUSE_CHARACTERS_MAX)
    longest = replace(entry(), failure=cause, proxy="😀" * PROXY_CHARACTERS_MAX)
    OUTAGE_LOG.save(tmp_path, (longest,) * OUTAGES_MAX)
    assert OUTAGE_LOG.read(tmp_path).entries == (longest,) * OUTAGES_MAX
    assert (tmp_path / NAME).stat().st_size < 0.9 * FILE_BYTES_MAX


def test_a_first_start_has_nothing_to_say(tmp_path: Path) -> None:
    assert OUTAGE_LOG.read(tmp_path / "not there") == Kept()


def test_only_the_phone_may_read_it(tmp_path: Path) -> None:
    OUTAGE_LOG.save(tmp_path / "state", log_of(1))
    assert stat.S_IMODE((tmp_path / "state" / NAME).stat().st_mode) == 0o600


# The power goes.


def steps_of_a_save(folder: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    disk = Disk(cut_at=-1)
    with monkeypatch.context() as patch:
        put_in(patch, disk.module())
        OUTAGE_LOG.save(folder, log_of(3))
    return disk.calls


def test_a_save_is_flushed_before_it_counts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = [call for call in steps_of_a_save(tmp_path, monkeypatch) if call != "write"]
    folder = ["open folder", "fsync", "close"]
    assert calls == ["open", "fchmod", "fsync", "close", f"replace {NAME}", *folder]


@pytest.mark.parametrize("kept", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("entries_before", [0, 2])
def test_the_power_goes_at_every_step(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, entries_before: int, kept: float
) -> None:
    steps = len(steps_of_a_save(tmp_path / "counted", monkeypatch))
    assert steps > 12
    for cut_at in range(steps):
        state = tmp_path / f"state{cut_at}"
        if entries_before:
            OUTAGE_LOG.save(state, log_of(entries_before))
        with monkeypatch.context() as patch:
            put_in(patch, Disk(cut_at, kept).module())
            with pytest.raises(PowerCutError):
                OUTAGE_LOG.save(state, log_of(3))
        found = OUTAGE_LOG.read(state)
        assert found.problem == "", cut_at
        assert found.entries in {log_of(entries_before), log_of(3)}
        OUTAGE_LOG.save(state, log_of(4))  # The next one heals it.
        assert OUTAGE_LOG.read(state) == Kept(log_of(4))
        assert not (state / DRAFT).exists()


def test_a_file_torn_at_any_byte_is_noticed_and_put_aside(tmp_path: Path) -> None:
    OUTAGE_LOG.save(tmp_path, log_of(2))
    whole = (tmp_path / NAME).read_bytes()
    for length in range(len(whole) - 1):  # The last one is the line's end.
        (tmp_path / NAME).write_bytes(whole[:length])
        assert OUTAGE_LOG.read(tmp_path) == Kept(problem=DAMAGED)
        assert (tmp_path / ASIDE).read_bytes() == whole[:length]
        assert OUTAGE_LOG.read(tmp_path) == Kept(), "said once"


def test_a_damaged_byte_never_passes_for_something_else(tmp_path: Path) -> None:
    log = log_of(2)
    OUTAGE_LOG.save(tmp_path, log)
    whole = (tmp_path / NAME).read_bytes()
    for position in range(len(whole)):
        for bit in (1, 4, 128):
            damaged = whole[:position] + bytes([whole[position] ^ bit]) + whole[position + 1 :]
            (tmp_path / NAME).write_bytes(damaged)
            found = OUTAGE_LOG.read(tmp_path)
            assert found.problem or found.entries == log, damaged


# Others' files.


def whole_file(entries: object, **changes: object) -> bytes:
    whole = {
        "format": OUTAGE_LOG.form,
        "version": VERSION,
        "checksum": checksum(entries),  # type: ignore[arg-type] # what a file may hold
        "outages": entries,
    }
    return json.dumps(whole | changes).encode()


def changed(**changes: object) -> bytes:
    return whole_file([outage_fields(entry()) | changes])


FOREIGN = {
    "empty": b"",
    "not JSON": b"\x00\xff",
    "a list": b"[]",
    "a number": b"7",
    "deep": b"[" * 200_000,
    "a huge number": b"9" * 20_000,
    "another format": whole_file([], format="diary"),
    "no version": whole_file([], version=None),
    "no entries": whole_file(None),
    "too many": whole_file([outage_fields(entry())] * (OUTAGES_MAX + 1)),
    "too large": whole_file([]) + b" " * FILE_BYTES_MAX,
    "no object": whole_file([3]),
    "an empty object": whole_file([{}]),
    "an unknown kind": changed(kind="holiday"),
    "a kind that is a list": changed(kind=[]),
    "an unknown cause": changed(cause_kind="gremlins"),
    "an unknown role": changed(role="spare"),
    "an endless length": changed(duration_s=float("inf")),
    "no number": changed(duration_s=float("nan")),
    "a negative length": changed(duration_s=-1),
    "a time beyond all calendars": changed(began=10**4000),
    "a time that is a text": changed(ended="today"),
    "a time that is true": changed(ended=True),
    "a count that is none": changed(calls=1.5),
    "a count without end": changed(accounts=10**9),
    "a cause that is too long": changed(cause="x" * (CAUSE_CHARACTERS_MAX + 1)),
    "a cause that is no text": changed(cause=None),
    "a proxy with a line end": changed(proxy="a\nb"),
    "an unknown end": changed(ended_by="magic"),
}


@pytest.mark.parametrize("name", FOREIGN)
def test_what_is_no_log_is_put_aside_and_said(tmp_path: Path, name: str) -> None:
    (tmp_path / NAME).write_bytes(FOREIGN[name])
    assert OUTAGE_LOG.read(tmp_path) == Kept(problem=DAMAGED)
    assert (tmp_path / ASIDE).read_bytes() == FOREIGN[name]
    OUTAGE_LOG.save(tmp_path, log_of(1))
    assert OUTAGE_LOG.read(tmp_path) == Kept(log_of(1))


def test_the_log_of_a_newer_version_is_kept_for_it(tmp_path: Path) -> None:
    newer = whole_file([{"new": "words"}], version=2)
    (tmp_path / NAME).write_bytes(newer)
    words = f"the outage log is of a newer version; it is kept as {ASIDE}"
    assert OUTAGE_LOG.read(tmp_path) == Kept(problem=words)
    assert (tmp_path / ASIDE).read_bytes() == newer


def test_a_pipe_in_its_place_holds_nobody_up(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / NAME)
    assert "cannot be read: Not a regular file; it is kept as" in OUTAGE_LOG.read(tmp_path).problem


def test_a_folder_in_its_place_is_put_aside(tmp_path: Path) -> None:
    (tmp_path / NAME).mkdir()
    assert "cannot be read: Is a directory; it is kept as" in OUTAGE_LOG.read(tmp_path).problem
    OUTAGE_LOG.save(tmp_path, log_of(1))


def test_what_cannot_be_moved_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / NAME).write_bytes(b"?")
    (tmp_path / ASIDE).mkdir()  # A file takes no folder's place.
    found = OUTAGE_LOG.read(tmp_path)
    assert not found.replaceable
    assert found.problem.startswith("the outage log is damaged, and cannot be moved: ")
    assert found.problem.endswith("; nothing is kept")
