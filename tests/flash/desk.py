"""What stands on the desk: `flash.sh`, a card in a reader, and what is told of its disks.

The card is a loop device. The system does not call one a card, and `flash.sh` has no switch that
does: `lsblk` in front of the real one repeats what the real one tells, with this one disk called
removable. All else is real: what is written, flushed, dropped, read back, mounted and refused.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from board.image.flash.cards import LSBLK
from tests.flash.small_card import run

ROOT = Path(__file__).parents[2]
FLASH = ROOT / "flash.sh"

LONGEST_S = 300.0
"""Whatever takes longer hangs."""


@dataclass(frozen=True)
class Ended:
    """How a run ended, and what it said."""

    status: int
    out: str
    said: str


@dataclass
class Desk:
    """A folder of its own for a test, with programs in front of the real ones."""

    folder: Path
    programs: Path = field(init=False)
    scratch: Path = field(init=False)

    def __post_init__(self) -> None:
        self.programs, self.scratch = self.folder / "programs", self.folder / "scratch"
        self.programs.mkdir()
        self.scratch.mkdir()

    @property
    def environment(self) -> dict[str, str]:
        """What `flash.sh` starts with: our programs first, our folder for what it makes."""
        path = f"{self.programs}:{os.environ['PATH']}"
        return {**os.environ, "PATH": path, "TMPDIR": str(self.scratch)}

    def flash(
        self, *arguments: str | Path, typed: str = "", where: Path = ROOT,
        program: Path = FLASH,
    ) -> Ended:  # fmt: skip
        """Run `flash.sh` to its end. Whatever happens, it leaves nothing in its folder."""
        ended = subprocess.run(
            [program, *arguments], input=typed, capture_output=True, text=True, timeout=LONGEST_S,
            env=self.environment, cwd=where, check=False,
        )  # fmt: skip
        assert "Traceback" not in ended.stderr
        assert not list(self.scratch.iterdir()), "it left something behind"
        return Ended(ended.returncode, ended.stdout, ended.stderr)

    def start(self, *arguments: str | Path) -> subprocess.Popen[str]:
        """Start `flash.sh` in a process group of its own."""
        return subprocess.Popen(
            [FLASH, *arguments], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True, env=self.environment, start_new_session=True,
        )  # fmt: skip

    def put_in_front(self, name: str, script: str) -> None:
        """Put a program of our own in front of a real one."""
        path = self.programs / name
        path.write_text(f"#!/bin/bash\n{script}")
        path.chmod(0o755)

    def call_a_card(self, device: Path, **other: object) -> None:
        """Have `lsblk` call this disk a removable one, or whatever else is said of it."""
        told = json.loads(run(*LSBLK))
        for disk in told["blockdevices"]:
            if disk["path"] == str(device):
                disk.update({"type": "disk", "rm": True, "vendor": "Lab", "model": "Card"} | other)
        (self.folder / "lsblk.json").write_text(json.dumps(told))
        self.put_in_front("lsblk", f"cat {self.folder}/lsblk.json\n")


@contextmanager
def loop_device(file: Path) -> Iterator[Path]:
    """Have a file as a disk."""
    device = Path(run("losetup", "--find", "--show", "--partscan", str(file)).strip())
    try:
        yield device
    finally:
        run("losetup", "--detach", str(device))


@contextmanager
def card_of(folder: Path, mib: int) -> Iterator[Path]:
    """A card of this size."""
    file = folder / f"card-{mib}"
    run("truncate", "-s", f"{mib}M", str(file))
    with loop_device(file) as device:
        yield device


def kill(process: subprocess.Popen[str]) -> str:
    """End a program and all it started, as a power cut does; return what it had said."""
    os.killpg(process.pid, signal.SIGKILL)
    return process.communicate(timeout=10)[0]
