"""A card's image, small enough to be made anew for a test run, with all that makes it one."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from board.image import in_use

MIB = 1024 * 1024
IMAGE_MIB = 54
BOOT_AT, A_AT, B_AT, DATA_AT = (mib * MIB for mib in (1, 36, 40, 44))
"""Where the partitions begin. A FAT32 has 33 MiB at least; most of it are holes."""

PARTITIONS = """\
label: dos
unit: sectors
start=2048, size=71680, type=c, bootable
start=73728, size=8192, type=83
start=81920, size=8192, type=83
start=90112, size=18432, type=83
"""

PHONE_GROUP = 990
"""Whom the folder /site belongs to in the image, beside root."""

KERNEL = b"kernel" + bytes(300_000) + b"end"
"""With zeros inside, of which a sparse copy makes a hole."""


@dataclass(frozen=True)
class SmallImage:
    """An image and its block map."""

    path: Path

    @property
    def block_map(self) -> Path:
        """The map beside it."""
        return self.path.with_name(f"{self.path.name}.bmap")

    def make_block_map(self) -> None:
        """Have bmaptool map the image as it is now."""
        run("bmaptool", "create", "-o", str(self.block_map), str(self.path))


def make_image(path: Path, *, data_label: str = "data", site: bool = True) -> SmallImage:
    """Make an image as `make image` does, with some files in place of a system."""
    work = path.with_name(f"{path.name}.parts")
    for folder in ("root", "data/site" if site else "data", "boot"):
        (work / folder).mkdir(parents=True)
    (work / "boot" / "kernel").write_bytes(KERNEL)
    (work / "root" / "program").write_bytes(b"program" * 40_000)
    if site:
        (work / "data" / "site").chmod(0o750)
        run("chgrp", str(PHONE_GROUP), str(work / "data" / "site"))
    fat, root, data = work / "fat.img", work / "root.img", work / "data.img"
    run("truncate", "-s", "35M", str(fat))
    run("mkfs.vfat", "-F", "32", "-s", "1", "-n", "BOOT", str(fat))
    run("mcopy", "-i", str(fat), str(work / "boot" / "kernel"), "::/")
    ext4 = ("mke2fs", "-q", "-t", "ext4", "-m", "0", "-E", "lazy_itable_init=0", "-J", "size=1")
    run(*ext4, "-L", "root", "-d", str(work / "root"), str(root), "4M")
    run(*ext4, "-L", data_label, "-d", str(work / "data"), str(data), "9M")
    run("truncate", "-s", f"{IMAGE_MIB}M", str(path))
    run("sfdisk", "-q", str(path), given=PARTITIONS)
    for part, at in ((fat, BOOT_AT), (root, A_AT), (root, B_AT), (data, DATA_AT)):
        run(
            *("dd", f"if={part}", f"of={path}", "bs=4096", f"seek={at // 4096}"),
            *("conv=notrunc,sparse", "status=none"),
        )
    shutil.rmtree(work)
    in_use.fill(path)
    image = SmallImage(path)
    image.make_block_map()
    return image


def run(*command: str, given: str = "") -> str:
    """Run a tool that must succeed; return what it prints."""
    return subprocess.run(
        command, input=given, capture_output=True, text=True, check=True, timeout=300
    ).stdout


def sha256(path: Path) -> str:
    """Return the checksum of a file or a whole device."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
