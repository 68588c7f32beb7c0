"""A card, or a file in its place: its head, and what it has really kept.

What is compared comes from the medium and not from memory: everything is flushed, then the caches
are dropped, then it is read.
"""

from __future__ import annotations

import errno
import fcntl
import hashlib
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from board.image.flash.block_map import HEAD_BYTES, BlockMap
from board.image.flash.error import FlashError
from board.image.flash.judge_image import place
from board.image.flash.progress import Progress

DROP_CACHES = 0x1261
"""BLKFLSBUF of <linux/fs.h>: write what is not yet written, forget what was read."""

READ_PARTITIONS = 0x125F
"""BLKRRPART: look at the partition table again."""

FIRST_BYTES = 4096
"""The first sectors, written at once, with the partition table in them."""

MARK = b"HANDSET CARD, NOT FINISHED: write it again with flash.sh\n"
"""What begins a card while it is written, in place of a partition table."""


def is_unfinished(path: Path) -> bool:
    """Return whether somebody began to write a card and did not finish it."""
    try:
        with path.open("rb") as file:
            return file.read(len(MARK)) == MARK
    except OSError:
        return False


def check_free(path: Path) -> None:
    """Refuse a disk that somebody uses, though nothing of it is mounted."""
    with _opened(path, os.O_RDONLY):
        pass


def begin(path: Path) -> None:
    """Overwrite the head by the mark: from now on the card is not taken for a good one."""
    _write_head(path, MARK.ljust(HEAD_BYTES, b"\0"))


def finish(path: Path, head: bytes) -> None:
    """Write the head and see that it is there: now the card is a card."""
    _write_head(path, head)


def compare(path: Path, block_map: BlockMap, progress: Progress) -> None:
    """Read every mapped block back; FlashError names the first place where it is another one."""
    with _opened(path, os.O_RDWR) as medium:
        _flush(medium)
        digest = hashlib.sha256()
        for one, start, end in block_map.pieces():
            data = _read(medium, path, start, end)
            digest.update(data)
            if end == one.end:
                if digest.hexdigest() != one.sha256:
                    raise FlashError(
                        f"{path} has not kept what was written: {place(one)} are others. "
                        "The card is broken or not what it says it is."
                    )
                digest = hashlib.sha256()
            progress.add(len(data))


def _write_head(path: Path, head: bytes) -> None:
    """Write the head, its first sectors last: they alone make a card of it, or none."""
    with _opened(path, os.O_RDWR) as medium:
        for start, data in ((FIRST_BYTES, head[FIRST_BYTES:]), (0, head[:FIRST_BYTES])):
            try:
                written = os.pwrite(medium, data, start)
            except OSError as error:
                raise FlashError(f"{path} cannot be written: {error.strerror}.") from None
            _flush(medium)
            if written < len(data) or _read(medium, path, start, start + len(data)) != data:
                raise FlashError(f"{path} has not kept its first blocks: the card is broken.")
        _read_partitions(medium, path)


def _read_partitions(medium: int, path: Path) -> None:
    """Have the system forget the partitions that were, and know those that are."""
    if not _is_disk(medium):
        return
    try:
        fcntl.ioctl(medium, READ_PARTITIONS)
    except OSError as error:
        if error.errno != errno.EINVAL:  # A disk on which the system looks for none.
            raise FlashError(f"{path} is in use: {error.strerror}.") from None


def _read(medium: int, path: Path, start: int, end: int) -> bytes:
    try:
        return os.pread(medium, end - start, start)
    except OSError as error:
        raise FlashError(f"{path} cannot be read back: {error.strerror}.") from None


def _flush(medium: int) -> None:
    """Have everything written and forgotten."""
    try:
        os.fsync(medium)
        if _is_disk(medium):
            fcntl.ioctl(medium, DROP_CACHES)
    except OSError as error:
        raise FlashError(f"What was written has not reached the card: {error.strerror}.") from None
    os.posix_fadvise(medium, 0, 0, os.POSIX_FADV_DONTNEED)


def _is_disk(medium: int) -> bool:
    return stat.S_ISBLK(os.fstat(medium).st_mode)


@contextmanager
def _opened(path: Path, how: int) -> Iterator[int]:
    """Open a disk for us alone: the system refuses one that a mount or another program holds."""
    alone = os.O_EXCL if path.is_block_device() else 0
    try:
        medium = os.open(path, how | alone | os.O_CLOEXEC)
    except OSError as error:
        raise FlashError(f"{path} cannot be opened: {error.strerror}.") from None
    try:
        yield medium
    finally:
        os.close(medium)
