"""Whoever builds the image from the same files and the same lists gets the same bytes.

A second checkout, elsewhere and by a longer name, makes it whole; `make test-image` compares.
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import time
from pathlib import Path

from tests.lab.namespaces import ROOT
from tests.on_device.machine import run
from tests.on_device.results import Results, table

MADE = ("handset.img", "handset.img.bmap", "handset.spdx.json")
LISTS = Path("build/steps/lists")


def copy_checkout(folder: Path) -> None:
    """Copy what is not ignored, its history, the environment of Python, and Debian's lists."""
    words = ["git", "-C", str(ROOT), "ls-files", "-coz", "--exclude-standard"]
    listed = subprocess.run(words, check=True, capture_output=True, text=True).stdout
    for name in filter(None, listed.split("\0")):
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name, follow_symlinks=False)
    run("git", "init", "--quiet", folder)
    run("git", "-C", folder, "fetch", "--quiet", ROOT, "HEAD")
    run("git", "-C", folder, "update-ref", "HEAD", "FETCH_HEAD")
    (folder / ".venv").symlink_to((ROOT / ".venv").resolve())
    (folder / LISTS).parent.mkdir(parents=True)
    run("cp", "-a", ROOT / LISTS, folder / LISTS)


def digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def test_a_second_build_elsewhere_makes_the_same_bytes(tmp_path: Path, results: Results) -> None:
    again = tmp_path / "another-checkout-by-a-longer-name"
    copy_checkout(again)
    began = time.monotonic()
    run(again / "board/image/build.sh")
    whole = time.monotonic() - began
    for name in MADE:
        assert digest(again / "build" / name) == digest(ROOT / "build" / name), name
    began = time.monotonic()
    run(again / "board/image/build.sh")
    cached = time.monotonic() - began
    image = ROOT / "build" / MADE[0]
    packed = subprocess.run(["zstd", "-qc", str(image)], check=True, capture_output=True).stdout
    rows: dict[str, tuple[float | None, ...]] = {
        "built anew, with Debian's lists there": (whole,),
        "built again, nothing changed": (cached,),
    }
    size = f"SHA-256 {digest(image)}, the same twice.\n{image.stat().st_size / 1e6:.0f} MB, "
    size += f"{image.stat().st_blocks * 512 / 1e6:.0f} MB on the disk, "
    size += f"{len(packed) / 1e6:.0f} MB packed by zstd (aim: below 300)."
    assert len(packed) < 300e6
    results.tell("The image", f"{table(('the build', 'seconds'), rows)}\n{size}")
