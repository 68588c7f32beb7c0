"""Which disks of this machine are cards, as `lsblk` tells, and why another one is refused."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

COLUMNS = "NAME,PATH,TYPE,SIZE,VENDOR,MODEL,RM,RO,FSTYPE,MOUNTPOINTS"
LSBLK = ("lsblk", "--json", "--bytes", "--tree", "--output", COLUMNS)

SLOT = re.compile(r"mmcblk\d+")
"""A card in a slot of its own, which the system need not call removable."""

SYSTEM_PLACES = ("/boot", "/efi", "/etc", "/home", "/root", "/usr", "/var")
"""Whatever is mounted here or below, or at /, makes a disk the system's."""

SWAP = "[SWAP]"

MEMBERS = {
    "LVM2_member": "a volume group (LVM)",
    "linux_raid_member": "a RAID",
    "ddf_raid_member": "a RAID",
    "isw_raid_member": "a RAID",
    "crypto_LUKS": "an encrypted disk",
    "zfs_member": "a ZFS pool",
    "bcache": "a cached disk (bcache)",
    "swap": "swap space",
}
MEMBER_TYPES = {"lvm": "LVM2_member", "crypt": "crypto_LUKS"}

GIB = 1024**3


@dataclass(frozen=True)
class Disk:
    """One line of `lsblk`, with what is on it, partitions and what is made of them."""

    name: str
    path: str
    type: str
    size: int
    maker: str
    removable: bool
    read_only: bool
    filesystem: str
    mounts: tuple[str, ...]
    parts: tuple[Disk, ...]

    def all(self) -> Iterator[Disk]:
        """Yield this one and everything on it."""
        yield self
        for part in self.parts:
            yield from part.all()

    @property
    def is_card(self) -> bool:
        """Whether it comes out of a slot: a card, or a stick that looks the same to the system."""
        return self.type == "disk" and (self.removable or bool(SLOT.fullmatch(self.name)))

    @property
    def all_mounts(self) -> list[str]:
        """Where it and what is on it are mounted."""
        return [mount for one in self.all() for mount in one.mounts]

    def __str__(self) -> str:
        """Its size and name, for a person."""
        return f"{self.size / GIB:.1f} GiB, {self.maker or 'no name'}"


def all_disks() -> tuple[Disk, ...]:
    """Return the disks of this machine."""
    told = subprocess.run(LSBLK, capture_output=True, check=True).stdout  # noqa: S603
    return disks(json.loads(told))


def disks(told: dict[str, Any]) -> tuple[Disk, ...]:
    """Return what `lsblk --json` tells."""
    return tuple(_disk(one) for one in told["blockdevices"])


def cards(found: tuple[Disk, ...]) -> list[Disk]:
    """Return the disks that are cards and can be written, or could be were they not mounted."""
    built_in = {one.name.removesuffix("boot0") for one in found if one.name.endswith("boot0")}
    return [
        one
        for one in found
        if one.is_card and one.size and one.name not in built_in and not _system_place(one)
    ]


def refusal(found: tuple[Disk, ...], path: str, needed: int) -> str:
    """Return why the disk must not be written with so many bytes, or ""."""
    holder = next((one for one in found if any(part.path == path for part in one.all())), None)
    if holder is None:
        return f"{path} is no disk of this machine."
    if holder.path != path:
        return f"{path} is a part of {holder.path}: a card is written as a whole."
    return _unfit(holder, found) or _too_small(holder, needed)


def _unfit(disk: Disk, found: tuple[Disk, ...]) -> str:
    place = _system_place(disk)
    if place:
        return f"{disk.path} holds this machine's own {place}: it is never written."
    member = _member(disk)
    if member:
        return f"{disk.path} is part of {member}: it is not written."
    if disk.all_mounts:
        return f"{disk.path} is mounted at {disk.all_mounts[0]}: take it off first (umount)."
    if f"{disk.name}boot0" in {one.name for one in found}:
        return f"{disk.path} is memory that is built in (eMMC), no card."
    if not disk.is_card:
        return f"{disk.path} is no card: the system does not call it removable."
    if not disk.size:
        return f"There is no card in {disk.path}."
    if disk.read_only:
        return f"{disk.path} is write-protected: see the switch at the card's edge."
    return ""


def _too_small(disk: Disk, needed: int) -> str:
    if disk.size >= needed:
        return ""
    return f"{disk.path} is too small: it has {disk.size} bytes, and the image {needed}."


def _system_place(disk: Disk) -> str:
    """Return what of the running system is on a disk, or ""."""
    for mount in disk.all_mounts:
        if mount == SWAP:
            return "swap space"
        if mount == "/" or any(f"{mount}/".startswith(f"{one}/") for one in SYSTEM_PLACES):
            return f"system ({mount})"
    return ""


def _member(disk: Disk) -> str:
    """Return what a disk is a member of, or ""."""
    for one in disk.all():
        kind = "linux_raid_member" if one.type.startswith("raid") else MEMBER_TYPES.get(one.type)
        member = MEMBERS.get(kind or one.filesystem)
        if member:
            return member
    return ""


def _disk(one: dict[str, Any]) -> Disk:
    words = (one.get("vendor"), one.get("model"))
    return Disk(
        name=one["name"],
        path=one["path"],
        type=one["type"],
        size=int(one["size"] or 0),
        maker=" ".join(word.strip() for word in words if word and word.strip()),
        removable=bool(one["rm"]),
        read_only=bool(one["ro"]),
        filesystem=one.get("fstype") or "",
        mounts=tuple(mount for mount in one["mountpoints"] if mount),
        parts=tuple(_disk(part) for part in one.get("children", ())),
    )
