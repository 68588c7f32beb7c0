"""A disk whose power is taken: of what was written, only what was flushed is sure to be there.

QEMU writes down each write and flush of its machine, in their order (`blklogwrites`, the format of
Linux's dm-log-writes: Documentation/admin-guide/device-mapper/log-writes.rst). The disk itself
stays as it was at the start. After the cut it is given what a real one would have: all up to the
last flush that was answered, and of the later writes all, none, or some and half of another.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from random import Random

SECTOR = 512
MAGIC = 0x6A736677736872
FLUSH, FUA, DISCARD = 1, 2, 4
CHUNK = 1 << 20


class Loss(Enum):
    """What becomes of writes that were not flushed."""

    NOTHING = "nothing"
    SOME = "some"
    ALL = "all"


@dataclass(frozen=True, slots=True)
class Entry:
    """Bytes for the disk, which are in the log at `at`; `sure`: all before it are kept."""

    at: int
    disk_at: int
    length: int
    sure: bool


@dataclass(frozen=True, slots=True)
class Left:
    """How many writes there were, how many of them were flushed, and how many are lost."""

    writes: int
    flushed: int
    lost: int


class WriteLog:
    """The log of one start of a machine, and the layer that takes its writes meanwhile."""

    def __init__(self, disk: Path, folder: Path) -> None:
        self._disk, self._log, self._layer = disk, folder / "writes.log", folder / "layer.qcow2"
        self._log.touch()

    @property
    def files(self) -> tuple[Path, Path]:
        """The layer, to be made by `qemu-img create` before the start, and the log."""
        return self._layer, self._log

    def words(self, node: str) -> list[str]:
        """Return what makes QEMU's block device of that name."""
        layer = f"driver=qcow2,node-name={node}-layer,cache.no-flush=on,file.driver=file"
        log = f"driver=raw,node-name={node}-log,cache.no-flush=on,file.driver=file"
        return [
            *("-blockdev", f"{layer},file.filename={self._layer}"),
            *("-blockdev", f"{log},file.filename={self._log}"),
            *(
                "-blockdev",
                f"driver=blklogwrites,node-name={node},file={node}-layer,log={node}-log",
            ),
        ]

    @property
    def length(self) -> int:
        """How much was written down so far, in bytes."""
        return self._log.stat().st_size

    def give(self, loss: Loss, lots: Random) -> Left:
        """Give the disk what it has after the cut; forget the rest."""
        left = self.give_copy(self._disk, 0, self.length, loss, lots)
        for file in self.files:
            file.unlink()
        return left

    def give_copy(self, copy: Path, begins: int, until: int, loss: Loss, lots: Random) -> Left:
        """Give a copy of the disk from that byte on what is written down in the log's first bytes.

        It is what the disk would have, had the power gone when the log had that length.
        """
        written = [entry for entry in entries(self._log) if entry.at + entry.length <= until]
        sure = max((i + 1 for i, entry in enumerate(written) if entry.sure), default=0)
        kept = [(entry, entry.length) for entry in written[:sure] if entry.length]
        unsure = [entry for entry in written[sure:] if entry.length]
        left = _left(unsure, loss, lots)
        with self._log.open("rb") as log, copy.open("r+b") as disk:
            for entry, length in (*kept, *left):
                if entry.disk_at >= begins:
                    _copy(log.fileno(), entry.at, disk.fileno(), entry.disk_at - begins, length)
        whole = sum(length == entry.length for entry, length in left)
        return Left(len(kept) + len(unsure), len(kept), len(unsure) - whole)


def _left(unsure: Sequence[Entry], loss: Loss, lots: Random) -> list[tuple[Entry, int]]:
    if loss is Loss.ALL:
        return []
    if loss is Loss.NOTHING:
        return [(entry, entry.length) for entry in unsure]
    left = [(entry, entry.length) for entry in unsure if lots.random() < 0.5]
    if left:
        torn, length = left[-1]
        left[-1] = torn, SECTOR * lots.randrange(length // SECTOR + 1)
    return left


def entries(log: Path) -> Iterator[Entry]:
    """Yield what a log holds. A machine that was killed leaves a hole where a write was in work."""
    size = log.stat().st_size
    with log.open("rb") as file:
        head = file.read(SECTOR)
        if any(head):  # It is written with the first flush.
            assert int.from_bytes(head[:8], "little") == MAGIC, "no log of writes"
            assert int.from_bytes(head[24:28], "little") == SECTOR
        at = SECTOR
        while at + SECTOR <= size:
            file.seek(at)
            head = file.read(SECTOR)
            at += SECTOR
            if not any(head):
                continue
            sector, count, flags, _ = (
                int.from_bytes(head[i : i + 8], "little") for i in range(0, 32, 8)
            )
            assert not any(head[32:]), f"{log}: what is at {at - SECTOR} is no entry"
            length = 0 if flags & DISCARD else count * SECTOR
            yield Entry(at, sector * SECTOR, min(length, size - at), bool(flags & (FLUSH | FUA)))
            at += length


def _copy(source: int, source_at: int, target: int, target_at: int, length: int) -> None:
    while length > 0:
        data = os.pread(source, min(length, CHUNK), source_at)
        assert data, "the log ends too early"
        os.pwrite(target, data, target_at)
        source_at, target_at, length = (
            source_at + len(data), target_at + len(data), length - len(data),
        )  # fmt: skip
