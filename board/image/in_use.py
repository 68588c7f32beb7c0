"""`python3 -m board.image.in_use IMAGE`: fills an image's holes where a filesystem needs zeros.

A block map leaves out the holes of an image, and a card keeps there what it had. That is good for
blocks that nobody uses. But an image has holes elsewhere too: mke2fs makes some of empty journals
and inode tables, a sparse copy of empty FATs and of zeros in files. On a card that was used before,
old bytes would stand in their place: an old journal, say, whose transactions are replayed after a
power cut, since they carry the same identity and the next number. So before the map is made, every
block that a filesystem uses and that is a hole gets its zeros.
"""

from __future__ import annotations

import os
import re
import struct
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from board.image.flash.block_map import HEAD_BYTES
from board.image.flash.error import FlashError
from board.image.flash.partitions import Partition, partitions

BLOCK_COUNT = re.compile(r"^Block count: +(\d+)$", re.MULTILINE)
BLOCK_SIZE = re.compile(r"^Block size: +(\d+)$", re.MULTILINE)
FREE_BLOCKS = re.compile(r"^  Free blocks: (.*)$", re.MULTILINE)

FAT_HEAD = struct.Struct("<11xHBHB15xII")
"""Sector size, sectors a cluster, reserved ones, FATs; sectors in all and of a FAT (FAT32)."""

FIRST_CLUSTER = 2
CLUSTER_BITS = 0x0FFFFFFF
ZEROS = bytes(HEAD_BYTES)

Bytes = tuple[int, int]
"""A start and the first byte behind the end."""


def main() -> int:
    """Fill the image that the argument names; return 1 where it is none."""
    if len(sys.argv) != 2:
        print("python3 -m board.image.in_use IMAGE", file=sys.stderr)
        return 2
    try:
        fill(Path(sys.argv[1]))
    except (FlashError, OSError, subprocess.CalledProcessError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def fill(image: Path) -> int:
    """Write zeros into every hole of the image that a filesystem uses; return how many bytes."""
    filled = 0
    with image.open("r+b") as file:
        found = partitions(file.read(HEAD_BYTES), image.stat().st_size)
        for partition in found:
            used = _used_fat if partition.number == 1 else _used_ext4
            for start, end in used(image, partition):
                filled += _fill(file.fileno(), start, end)
    return filled


def _used_ext4(image: Path, partition: Partition) -> Iterator[Bytes]:
    """Yield the blocks that are not free: files, their trees, tables, journal."""
    told = subprocess.run(  # noqa: S603
        ["/usr/sbin/dumpe2fs", f"{image}?offset={partition.start}"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    size, count = (int(one.findall(told)[0]) for one in (BLOCK_SIZE, BLOCK_COUNT))
    block = 0
    for first, behind in (*_free(told), (count, count)):
        if first > block:
            yield partition.start + block * size, partition.start + first * size
        block = behind


def _free(told: str) -> Iterator[Bytes]:
    """Yield the free blocks of every group, in their order."""
    for line in FREE_BLOCKS.findall(told):
        for one in line.split(", "):
            if one:
                first, _, last = one.partition("-")
                yield int(first), int(last or first) + 1


def _used_fat(image: Path, partition: Partition) -> Iterator[Bytes]:
    """Yield what lies before the clusters, and each cluster that belongs to a file or folder."""
    with image.open("rb") as file:
        file.seek(partition.start)
        sector, per_cluster, reserved, fats, sectors, fat_sectors = FAT_HEAD.unpack(
            file.read(FAT_HEAD.size)
        )
        file.seek(partition.start + reserved * sector)
        table = file.read(fat_sectors * sector)
    clusters_at = (reserved + fats * fat_sectors) * sector
    yield partition.start, partition.start + clusters_at
    cluster_bytes = per_cluster * sector
    clusters = (sectors * sector - clusters_at) // cluster_bytes
    entries = struct.unpack_from(f"<{FIRST_CLUSTER + clusters}I", table)
    for cluster, entry in enumerate(entries[FIRST_CLUSTER:]):
        if entry & CLUSTER_BITS:
            start = partition.start + clusters_at + cluster * cluster_bytes
            yield start, start + cluster_bytes


def _fill(file: int, start: int, end: int) -> int:
    """Write zeros where the file has holes between two of its bytes."""
    filled = 0
    for hole, behind in tuple(_holes(file, start, end)):
        for at in range(hole, behind, len(ZEROS)):
            filled += os.pwrite(file, ZEROS[: behind - at], at)
    return filled


def _holes(file: int, start: int, end: int) -> Iterator[Bytes]:
    while start < end:
        hole = os.lseek(file, start, os.SEEK_HOLE)
        if hole >= end:
            return
        try:
            data = os.lseek(file, hole, os.SEEK_DATA)
        except OSError:  # There is no data behind it.
            data = end
        yield hole, min(data, end)
        start = min(data, end)


if __name__ == "__main__":
    sys.exit(main())
