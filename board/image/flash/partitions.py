"""The partitions of a card: a DOS label with a place to start from, two roots and the data.

Partition 1 is FAT32 and called BOOT, 2 and 3 are the roots A and B, 4 is ext4 and called data.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

from board.image.flash.block_map import HEAD_BYTES
from board.image.flash.error import FlashError

SECTOR_BYTES = 512
TABLE_AT = 446
"""Where the four entries of a DOS label begin, 16 bytes each."""

SIGNATURE = b"\x55\xaa"
FAT_TYPES = frozenset({0x0B, 0x0C})
LINUX_TYPE = 0x83
BEGINNING_BYTES = 2048
"""How much of a partition's beginning says what is in it."""

EXT4_AT = 1024
EXT4_MAGIC_AT, EXT4_MAGIC = EXT4_AT + 56, b"\x53\xef"
EXT4_LABEL = slice(EXT4_AT + 120, EXT4_AT + 136)
FAT32_KIND, FAT32_LABEL = slice(82, 90), slice(71, 82)


@dataclass(frozen=True)
class Partition:
    """One partition, its place in bytes."""

    number: int
    kind: int
    start: int
    size: int

    @property
    def end(self) -> int:
        """The first byte behind it."""
        return self.start + self.size


def partitions(head: bytes, image_bytes: int) -> tuple[Partition, ...]:
    """Return a card's four partitions from its first bytes; FlashError where they are others."""
    if head[510:512] != SIGNATURE:
        raise FlashError("The image has no partition table: it is no image of a handset's card.")
    found = tuple(_entry(head, number) for number in range(1, 5))
    kinds = [one.kind for one in found]
    if kinds[0] not in FAT_TYPES or kinds[1:] != [LINUX_TYPE] * 3:
        raise FlashError("The image is none of a handset's card: it has other partitions.")
    before = HEAD_BYTES
    for one in found:
        if one.start < before or one.start % HEAD_BYTES or not one.size or one.end > image_bytes:
            raise FlashError(f"Partition {one.number} of the image lies where it must not.")
        before = one.end
    return found


def check_label(partition: Partition, beginning: bytes) -> None:
    """Refuse a partition whose beginning is not that of its filesystem, or that is called else."""
    if partition.number == 1:
        kind, label, expected = "FAT32", fat32_label(beginning), "BOOT"
    else:
        kind, label, expected = "ext4", ext4_label(beginning), "data"
    if label is None:
        raise FlashError(f"Partition {partition.number} of the image holds no {kind}.")
    if partition.number in {1, 4} and label != expected:
        raise FlashError(f"Partition {partition.number} of the image is not called {expected}.")


def fat32_label(beginning: bytes) -> str | None:
    """Return what a FAT32 is called, None where the bytes do not begin one."""
    if beginning[FAT32_KIND] != b"FAT32   ":
        return None
    return beginning[FAT32_LABEL].decode("latin-1").rstrip()


def ext4_label(beginning: bytes) -> str | None:
    """Return what an ext4 is called, None where the bytes do not begin one."""
    if beginning[EXT4_MAGIC_AT : EXT4_MAGIC_AT + 2] != EXT4_MAGIC:
        return None
    return beginning[EXT4_LABEL].split(b"\0")[0].decode("latin-1")


def _entry(head: bytes, number: int) -> Partition:
    entry = head[TABLE_AT + 16 * (number - 1) :][:16]
    kind, first, sectors = entry[4], *struct.unpack("<II", entry[8:16])
    return Partition(number, kind, first * SECTOR_BYTES, sectors * SECTOR_BYTES)
