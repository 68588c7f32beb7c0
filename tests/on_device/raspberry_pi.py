"""The image on QEMU's Raspberry Pi 3 B: its own U-Boot, kernel and parts, and a person at its line.

There is no network in that machine, and nothing at its pins and its I2C bus. What the phone says of
them is held against what the chip itself shows.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import pytest

from board.handset import SMALL
from tests.lab import u_boot
from tests.on_device.machine import BOOT_PARTITION, RaspberryPi, raspberry_pi, run
from tests.on_device.results import Results, table
from tests.on_device.site import ADMIN, Site
from tests.process.console import Terminal

START_S, LOADER_S = 1200.0, 300.0
NOISE = "replace"
"""The line says something that is no text when the kernel takes it over."""

ENTER_S, RESET_S = 15.0, 60.0
TRIED_S = 300.0

CHOSEN = "handset: slot A, tries left: A {}, B 3"
"""What the script of the card says (board/image/boot.cmd)."""

NO_DISPLAY = "No display: SH1106 on I2C bus 1 (0x3C) does not answer"


@dataclass(frozen=True)
class Desk:
    """A phone, who is logged in at its console, and how long that took from the plug on."""

    board: RaspberryPi
    terminal: Terminal
    reached_s: dict[str, float]


@pytest.fixture(scope="module")
def card(site: Site, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return site.write_card(tmp_path_factory.mktemp("card") / "card.img")


@pytest.fixture(scope="module")
def desk(card: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    reached_s, began = dict[str, float](), time.monotonic()
    with raspberry_pi(card, tmp_path_factory.mktemp("board")) as board:
        terminal = Terminal(board.terminal, dumb=True, errors=NOISE, wait_s=START_S)
        for what, said in {
            "U-Boot has chosen a slot": CHOSEN.format(2),
            "the kernel is loaded": "Starting kernel ...",
        }.items():
            terminal.wait_for(said)
            reached_s[what] = time.monotonic() - began
        while "Password: " not in terminal.seen:
            assert time.monotonic() < began + START_S, board.said[-3000:]
            terminal.type("\r")
            terminal.read(ENTER_S)
        reached_s["the console asks who is there"] = time.monotonic() - began
        terminal.type(f"{ADMIN}\r")
        terminal.wait_for("handset> ")
        reached_s["somebody is logged in"] = time.monotonic() - began
        yield Desk(board, terminal, reached_s)


def test_who_logs_in_at_the_serial_line_is_told_how_the_phone_is(
    desk: Desk, results: Results
) -> None:
    while NO_DISPLAY not in (said := desk.terminal.ask("status")):
        assert "running for" in said
    rows = {what: (seconds,) for what, seconds in desk.reached_s.items()}
    told = "".join(f"    {line}\n" for line in said.splitlines())
    results.tell("raspi3b", f"{table(('', 'seconds after the plug'), rows)}\n{told}")


def test_a_lamp_that_the_phone_lights_is_lit_at_the_chip(desk: Desk) -> None:
    assert SMALL.lamp is not None
    terminal, levels, by = desk.terminal, list[bool](), time.monotonic() + TRIED_S
    begins = len(terminal.seen)
    terminal.type("test lamp\r")
    while "The phone has its lamp back." not in terminal.seen[begins:]:
        assert time.monotonic() < by, terminal.seen[begins:]
        levels.append(desk.board.is_high(SMALL.lamp.pin))
        terminal.read(0.1)
    changes = sum(one != other for one, other in pairwise(levels))
    assert changes >= 3, f"it flashes, is lit, and dark: {levels}"
    assert not levels[-1]


def test_u_boot_counts_the_starts_of_a_slot_and_begins_again(site: Site, tmp_path: Path) -> None:
    card = site.write_card(tmp_path / "card.img")
    for left in (2, 1, 0):
        assert chooses(card, tmp_path / f"left-{left}", CHOSEN.format(left))
    said = chooses(card, tmp_path / "none", "no slot is left, all begin again", resets=True)
    assert "handset: slot B has no kernel that starts" in said
    assert variables(card, tmp_path) == {"BOOT_A_LEFT": "3", "BOOT_B_LEFT": "3"}
    chooses(card, tmp_path / "again", CHOSEN.format(2))
    assert variables(card, tmp_path) == {"BOOT_A_LEFT": "2", "BOOT_B_LEFT": "3"}


def chooses(card: Path, folder: Path, said: str, *, resets: bool = False) -> str:
    """Start, and pull the plug when that is said, or it resets itself; return what was said."""
    folder.mkdir()
    with raspberry_pi(card, folder) as board:
        terminal = Terminal(board.terminal, dumb=True, errors=NOISE, wait_s=LOADER_S)
        terminal.wait_for(said)
        by = time.monotonic() + RESET_S
        while resets and board.program.running:
            assert time.monotonic() < by, board.said
            time.sleep(0.1)
        terminal.drop()
        return board.said


def variables(card: Path, folder: Path) -> dict[str, str]:
    """Return what U-Boot has written of the tries."""
    file = folder / "uboot.env"
    run("mcopy", "-n", "-i", f"{card}@@{BOOT_PARTITION}", "::/uboot.env", file)
    assert b"\0BOOT_ORDER=" in file.read_bytes()[:512], "with the checksum in one sector"
    return {name: value for name, value in u_boot.read(file.read_bytes()).items() if "LEFT" in name}
