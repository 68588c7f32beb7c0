"""What a disk has after its power was taken: each flushed write, and of the others as is drawn."""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest

from tests.lab.write_log import DISCARD, FLUSH, FUA, MAGIC, SECTOR, Loss, WriteLog

SECTORS = 64
HOLE = bytes(4 * SECTOR)


def words(*numbers: int) -> bytes:
    return b"".join(number.to_bytes(8, "little") for number in numbers).ljust(SECTOR, b"\0")


def write(sector: int, byte: bytes, count: int = 1, flags: int = 0) -> bytes:
    return words(sector, count, flags, 0) + byte * (count * SECTOR)


FLUSHED = words(0, 0, FLUSH, 0)


def after(folder: Path, loss: Loss, *log: bytes, seed: int = 1) -> tuple[str, tuple[int, ...]]:
    """Return the first byte of each sector, and what was counted."""
    disk = folder / "disk"
    disk.write_bytes(b"." * (SECTORS * SECTOR))
    writes = WriteLog(disk, folder)
    layer, file = writes.files
    layer.touch()
    file.write_bytes(words(MAGIC, 1, 0, SECTOR) + b"".join(log))
    left = writes.give(loss, Random(seed))
    assert not layer.exists()
    assert not file.exists()
    assert disk.stat().st_size == SECTORS * SECTOR
    sectors = disk.read_bytes()[::SECTOR].decode()
    return sectors.rstrip("."), (left.writes, left.flushed, left.lost)


def test_what_was_flushed_is_there_and_of_the_rest_nothing(tmp_path: Path) -> None:
    log = write(0, b"a"), write(1, b"b", 2), FLUSHED, write(1, b"c"), write(3, b"d")
    assert after(tmp_path, Loss.ALL, *log) == ("abb", (4, 2, 2))
    assert after(tmp_path, Loss.NOTHING, *log) == ("acbd", (4, 2, 0))


def test_a_write_that_is_sure_makes_those_before_it_sure(tmp_path: Path) -> None:
    log = write(0, b"a"), write(1, b"b", flags=FUA), write(2, b"c")
    assert after(tmp_path, Loss.ALL, *log) == ("ab", (3, 2, 1))


def test_of_many_some_are_there_and_the_last_of_them_is_torn(tmp_path: Path) -> None:
    log = FLUSHED, *(write(4 * place, b"x", 4) for place in range(16))
    seen = set[str]()
    for seed in range(40):
        sectors, (writes, flushed, lost) = after(tmp_path, Loss.SOME, *log, seed=seed)
        places = [sectors[at : at + 4] for at in range(0, len(sectors), 4)]
        whole = places.count("xxxx")
        assert set(places[:-1]) <= {"xxxx", "...."}, "none but the last is torn"
        assert (writes, flushed, lost) == (16, 0, 16 - whole)
        assert 0 < whole < 16
        seen.add(places[-1])
    assert {"x", "xx", "xxx", "xxxx"} <= seen


def test_the_same_seed_loses_the_same(tmp_path: Path) -> None:
    log = [write(place, b"x") for place in range(SECTORS)]
    first, again = (after(tmp_path, Loss.SOME, *log, seed=5) for _ in range(2))
    assert first == again
    assert first != after(tmp_path, Loss.SOME, *log, seed=6)


def test_a_write_that_was_in_work_leaves_a_hole_or_less_than_it_wanted(tmp_path: Path) -> None:
    log = write(0, b"a"), HOLE, write(1, b"b"), FLUSHED, write(2, b"c", 4)[: 3 * SECTOR]
    assert after(tmp_path, Loss.NOTHING, *log) == ("abcc", (3, 2, 0))


def test_a_part_of_the_disk_is_given_what_there_was_at_an_earlier_moment(tmp_path: Path) -> None:
    part = tmp_path / "part"
    part.write_bytes(b"." * (4 * SECTOR))
    writes = WriteLog(tmp_path / "disk", tmp_path)
    log = words(MAGIC, 1, 0, SECTOR), write(1, b"a"), write(2, b"b"), FLUSHED
    writes.files[1].write_bytes(b"".join((*log, write(4, b"c"), write(5, b"d"))))
    until = writes.length - 2 * SECTOR
    left = writes.give_copy(part, 2 * SECTOR, until, Loss.NOTHING, Random(1))
    assert part.read_bytes()[::SECTOR] == b"b.c."
    assert (left.writes, left.flushed, left.lost) == (3, 2, 0)


@pytest.mark.parametrize("log", [b"", bytes(SECTOR), bytes(SECTOR) + write(1, b"a")])
def test_before_the_first_flush_all_may_be_lost(tmp_path: Path, log: bytes) -> None:
    disk = tmp_path / "disk"
    disk.write_bytes(b"." * (2 * SECTOR))
    writes = WriteLog(disk, tmp_path)
    for file in writes.files:
        file.write_bytes(log)
    left = writes.give(Loss.ALL, Random(1))
    assert (left.flushed, left.lost) == (0, left.writes)
    assert disk.read_bytes()[::SECTOR] == b".."


def test_what_is_given_back_has_no_bytes(tmp_path: Path) -> None:
    log = words(0, 8, DISCARD, 0), write(1, b"b")
    assert after(tmp_path, Loss.NOTHING, *log) == (".b", (1, 0, 0))


def test_a_file_that_is_no_log_is_refused(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="is no entry"):
        after(tmp_path, Loss.ALL, b"x" * SECTOR)
    (tmp_path / "writes.log").write_bytes(b"x" * SECTOR)
    with pytest.raises(AssertionError, match="no log of writes"):
        WriteLog(tmp_path / "disk", tmp_path).give(Loss.ALL, Random(1))
