"""Judges an image before anything is written: every mapped byte, its partitions, their labels.

The image is read once, from its beginning to its end: a file, or what an unpacker writes.
"""

from __future__ import annotations

import hashlib
import os
import stat
from dataclasses import dataclass
from typing import BinaryIO

from board.image.flash.block_map import HEAD_BYTES, BlockMap, Range
from board.image.flash.error import FlashError
from board.image.flash.partitions import (
    BEGINNING_BYTES,
    Partition,
    check_label,
    partitions,
)
from board.image.flash.progress import Progress


@dataclass(frozen=True)
class JudgedImage:
    """A good image: its head, its partitions, and the map of all but its head."""

    head: bytes
    partitions: tuple[Partition, ...]
    rest: BlockMap


def judge_image(file: BinaryIO, block_map: BlockMap, progress: Progress) -> JudgedImage:
    """Read the whole image; FlashError says in what it differs from its map or from a card's."""
    image = _Image(file, block_map.image_bytes)
    found = partitions(image.head, block_map.image_bytes)
    sums = {one: (hashlib.sha256(), hashlib.sha256()) for one in block_map.ranges}
    beginnings: dict[int, bytes] = {}
    for one, start, end in block_map.pieces():
        data = image.read(start, end)
        whole, behind_head = sums[one]
        whole.update(data)
        if start >= HEAD_BYTES:
            behind_head.update(data)
            beginnings[start] = data[:BEGINNING_BYTES]
        if end == one.end and whole.hexdigest() != one.sha256:
            raise FlashError(f"The image is damaged: {place(one)} are not what its block map says.")
        progress.add(len(data))
    image.drain()
    for partition in found:
        check_label(partition, beginnings.get(partition.start, b""))
    rest = tuple(
        Range(max(one.start, HEAD_BYTES), one.end, behind_head.hexdigest())
        for one, (_, behind_head) in sums.items()
        if one.end > HEAD_BYTES
    )
    return JudgedImage(
        image.head, found, BlockMap(block_map.image_bytes, block_map.block_bytes, rest)
    )


def place(one: Range) -> str:
    """Return where a range lies, for a sentence."""
    return f"the bytes {one.start} to {one.end - 1}"


class _Image:
    """Reads an image forwards; `head` are its first bytes."""

    def __init__(self, file: BinaryIO, image_bytes: int) -> None:
        self._file = file
        status = os.fstat(file.fileno())
        self._is_file = stat.S_ISREG(status.st_mode)
        if self._is_file and status.st_size != image_bytes:
            raise FlashError("The image is not as long as its block map says.")
        self._at = 0
        self.head = b""
        self.head = self.read(0, min(HEAD_BYTES, image_bytes))

    def read(self, start: int, end: int) -> bytes:
        """Return the bytes from `start` to before `end`, never before what was read last."""
        if end <= len(self.head):
            return self.head[start:end]
        self._skip_to(start)
        data = self._file.read(end - start)
        self._at = end
        if len(data) < end - start:
            raise FlashError("The image ends before it should.")
        return data

    def drain(self) -> None:
        """Read what an unpacker still has: it tells at its end whether all was well."""
        while not self._is_file and self._file.read(HEAD_BYTES):
            pass

    def _skip_to(self, start: int) -> None:
        if self._is_file:
            self._file.seek(start)
        while not self._is_file and self._at < start:
            passed = self._file.read(min(start - self._at, HEAD_BYTES))
            if not passed:
                raise FlashError("The image ends before it should.")
            self._at += len(passed)
