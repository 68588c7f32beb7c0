"""What a package does to a Raspberry Pi that runs already: its buses, its serial line."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from board.handset import HANDSETS
from board.wiring_page import boot_lines
from tests.lab.namespaces import ROOT

SCRIPT = ROOT / "board" / "service" / "prepare-pi"
CONFIG = "dtparam=audio=on\n[pi4]\narm_boost=1\n"
COMMANDS = "console=serial0,115200 console=tty1 root=PARTUUID=1-02 rootwait\n"


@pytest.fixture
def pi(tmp_path: Path) -> Path:
    """A Raspberry Pi as it comes."""
    for name, text in {
        "proc/device-tree/model": "Raspberry Pi Zero 2 W Rev 1.0\0",
        "boot/firmware/config.txt": CONFIG,
        "boot/firmware/cmdline.txt": COMMANDS,
    }.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path


def prepare(root: Path) -> str:
    environment = os.environ | {"HANDSET_PYTHON": sys.executable}
    done = subprocess.run(
        [str(SCRIPT), str(root)], env=environment, capture_output=True, text=True, check=True
    )
    return done.stdout + done.stderr


def boot_file(root: Path, name: str) -> str:
    return (root / "boot" / "firmware" / name).read_text()


@pytest.mark.parametrize("name", HANDSETS)
def test_the_buses_of_the_chosen_handset_are_on_for_every_model(pi: Path, name: str) -> None:
    (pi / "etc/default").mkdir(parents=True)
    (pi / "etc/default/handset").write_text(f"HANDSET_BOARD={name}\n")
    assert "restart the Raspberry Pi once" in prepare(pi)
    lines = boot_file(pi, "config.txt").removeprefix(CONFIG).split()
    assert lines[-len(list(boot_lines(HANDSETS[name]))) :] == list(boot_lines(HANDSETS[name]))
    assert "[all]" in lines, "they are not those of a Pi 4 alone"


def test_the_serial_line_is_the_phones(pi: Path) -> None:
    prepare(pi)
    assert boot_file(pi, "cmdline.txt") == "console=tty1 root=PARTUUID=1-02 rootwait\n"


def test_what_is_there_already_stays_as_it_is(pi: Path) -> None:
    prepare(pi)
    before = boot_file(pi, "config.txt"), boot_file(pi, "cmdline.txt")
    assert prepare(pi) == ""
    assert (boot_file(pi, "config.txt"), boot_file(pi, "cmdline.txt")) == before


def test_the_older_place_of_the_boot_files_is_found(pi: Path) -> None:
    (pi / "boot/firmware/config.txt").rename(pi / "boot/config.txt")
    prepare(pi)
    assert "enable_uart=1\n" in (pi / "boot/config.txt").read_text()


def test_without_a_config_txt_a_person_is_asked_to_do_it(pi: Path) -> None:
    (pi / "boot/firmware/config.txt").unlink()
    assert "switch the buses on by hand" in prepare(pi)


def test_any_other_machine_is_left_alone(pi: Path) -> None:
    (pi / "proc/device-tree/model").write_text("QEMU\0")
    assert prepare(pi) == ""
    assert boot_file(pi, "config.txt") == CONFIG
