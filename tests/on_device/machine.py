"""An ARM in QEMU that starts from a card; what its serial line says goes into a file."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Self

from tests.lab.processes import Program

BOOT_PARTITION = 4 << 20
"""Where it begins, in bytes (board/image/partitions.sfdisk)."""

DATA_PARTITION = 4464640 * 512
"""Where what the phone keeps begins: behind both roots."""

SLOTS = {"A": (2, 132 << 20), "B": (3, 1156 << 20)}
"""The number of each root's partition, and where it begins."""

CARD_BYTES = 4 << 30
"""QEMU's cards have a size that is a power of two."""

LEVELS = 0x3F20_0034
"""Where a Raspberry Pi 3 shows the levels of its pins."""

WATCHDOG = "/soc/watchdog@7e100000"
"""In a Raspberry Pi's device tree. QEMU's ends the machine at once when it is switched on."""

MONITOR_S = 30.0

FIXED = "net.ifnames=0 fsck.repair=yes systemd.getty_auto=no"
"""What U-Boot's script says to the kernel too (board/image/boot.cmd)."""


LINE = "serial.log"
"""What the serial line has said."""


class Machine:
    """One machine that runs; a context manager. Its end is that of a plug which is pulled."""

    def __init__(self, words: Sequence[str], folder: Path) -> None:
        self._line = folder / LINE
        self._words = [*words, "-display", "none", "-no-reboot"]

    def __enter__(self) -> Self:
        self.program = Program(self._words)
        return self

    def __exit__(self, *_: object) -> None:
        self.program.kill()

    @property
    def said(self) -> str:
        """All that the serial line has said, and QEMU itself."""
        line = self._line.read_text(errors="replace") if self._line.exists() else ""
        return f"{line}{self.program.text}"


class RaspberryPi(Machine):
    """A machine with a terminal at its serial line, and pins that are looked at from outside."""

    @property
    def terminal(self) -> str:
        """The device of the terminal."""
        return self.program.wait_for("redirected to (/dev/pts/[0-9]+)", MONITOR_S)[0].text.split()[
            4
        ]

    def is_high(self, pin: int) -> bool:
        """Return the level of a GPIO pin, as the chip itself has it (BCM2835, GPLEV0)."""
        asked = time.time()
        self.program.say(f"xp /1wx {LEVELS:#x}\n")
        (line, *_) = self.program.wait_for(f"{LEVELS:x}: 0x", MONITOR_S, asked)
        return bool(int(line.text.rpartition(" ")[2], 16) >> pin & 1)


def run(*words: object) -> None:
    """Run a program; what it said is the error where it fails."""
    done = subprocess.run(
        [str(word) for word in words], check=False, capture_output=True, text=True
    )
    assert done.returncode == 0, f"{words}\n{done.stdout}\n{done.stderr}"


def from_root(card: Path, name: str, folder: Path, slot: str) -> Path:
    """Return a copy of a file of a root."""
    file = folder / Path(name).name
    run("debugfs", "-R", f"dump {name} {file}", f"{card}?offset={SLOTS[slot][1]}")
    assert file.stat().st_size > 0, name
    return file


def has_kernel(card: Path, slot: str) -> bool:
    """Tell whether a root has something to be started."""
    words = ["debugfs", "-R", "stat /boot/vmlinuz", f"{card}?offset={SLOTS[slot][1]}"]
    done = subprocess.run(words, check=False, capture_output=True, text=True)
    return "Inode:" in done.stdout


def virt(
    card: Path,
    folder: Path,
    web_port: int,
    ssh_port: int,
    more: str = "",
    slot: str = "A",
    processors: int = 2,
    disk: Sequence[str] = (),
) -> Machine:
    """Return QEMU's own ARM, with a network: kernel and initramfs are those of the card.

    The two ports lead to its web page and its ssh; `more` is said to its kernel. `disk` makes the
    block device "card" where that is not the file itself.
    """
    names = ("/boot/vmlinuz", "/boot/initrd.img")
    kernel, early = (from_root(card, name, folder, slot) for name in names)
    order = f"console=ttyAMA0 loglevel=4 panic=10 {FIXED} rauc.slot={slot} {more}"
    words = ["qemu-system-aarch64", "-M", "virt", "-cpu", "cortex-a57", "-m", "1024"]
    words += ["-smp", str(processors)]
    words += ["-kernel", str(kernel), "-initrd", str(early), "-append", order]
    words += disk or ["-drive", f"file={card},if=none,id=card,format=raw"]
    words += ["-device", "virtio-blk-device,drive=card", "-device", "virtio-rng-device"]
    ports = f"hostfwd=tcp:127.0.0.1:{web_port}-:443,hostfwd=tcp:127.0.0.1:{ssh_port}-:22"
    words += ["-netdev", f"user,id=net,{ports}"]
    words += ["-device", "virtio-net-device,netdev=net"]
    words += ["-serial", f"file:{folder / LINE}", "-monitor", "none"]
    return Machine(words, folder)


def raspberry_pi(card: Path, folder: Path) -> RaspberryPi:
    """Return QEMU's Raspberry Pi 3 B, without a network; it begins with the card's U-Boot."""
    names = ("u-boot.bin", "bcm2837-rpi-3-b.dtb")
    for name in names:
        run("mcopy", "-n", "-i", f"{card}@@{BOOT_PARTITION}", f"::/{name}", folder / name)
    loader, tree = (str(folder / name) for name in names)
    run("fdtput", "-t", "s", tree, WATCHDOG, "status", "disabled")
    words = ["qemu-system-aarch64", "-M", "raspi3b", "-kernel", loader, "-dtb", tree]
    words += ["-drive", f"file={card},if=sd,format=raw", "-monitor", "stdio"]
    words += ["-chardev", f"pty,id=line,logfile={folder / LINE}"]
    words += ["-serial", "null", "-serial", "chardev:line"]  # The header's is the second one.
    return RaspberryPi(words, folder)
