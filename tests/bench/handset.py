"""`make bench-handset`: from a finger to the pixels, at rest, and from the plug to the first call.

Handsets of `board/handset.py` as processes of their own, with pins and a display's bus of ours
(`handset_parts.py`), registered at the lab's exchange. The bus takes its time: 1 kB is 24 ms on
I2C. A floor is what no program goes below: a key seen closed twice, and these bytes on this bus.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Any

from board.handset import HANDSETS
from drivers.display import DisplayBus
from drivers.scanner import SCAN_S
from tests.bench import handset_device
from tests.bench.handset_parts import I2C_BITS, I2C_HZ
from tests.bench.machine import environment, header
from tests.bench.table import Table, at_share
from tests.lab.background import Background
from tests.lab.desk import Desk

BOARDS = {"handset": "I2C, 400 kHz", "handset-spi": "SPI, 4 MHz"}
"""What is measured, and the columns."""

STARTS = 5
LIMIT_S = 240.0

LETTER, LETTER_WORST = "key to the pixels of a digit, median", "the same, p99"
LETTER_FLOOR = "the same, floor"
PAGE, PAGE_WORST = "key to the pixels of another page, median", "the same, p99 "
PAGE_FLOOR = "the same, floor "
LETTER_MESSAGES, LETTER_BYTES = "messages on the bus for a digit", "bytes for a digit"
PAGE_MESSAGES, PAGE_BYTES = "messages for another page", "bytes for another page"
TONE, TONE_LATER = "hook lifted to dial tone, the first", "the same, later"
SCREEN = "start of the process to the whole first screen"
CALLED, REGISTERED = "to the first call of a proxy", "to registered"
AHEAD = "first screen ahead of that first call"
IDLE = f"processor time at rest, {handset_device.IDLE_S:.0f} s"
SCANNING = "processor time while a key is held"
RESIDENT = "RSS, everything loaded"


def new_table() -> Table:
    """Return the table without figures."""
    table = Table(tuple(BOARDS.values()))
    for names in ((LETTER, LETTER_WORST, LETTER_FLOOR), (PAGE, PAGE_WORST, PAGE_FLOOR)):
        for name, aim in zip(names, ("", "< 30", ""), strict=True):
            table.row(name, "ms", aim)
    table.row(LETTER_MESSAGES, "")
    table.row(LETTER_BYTES, "")
    table.row(PAGE_MESSAGES, "")
    table.row(PAGE_BYTES, "", "1024 are all of it")
    table.row(TONE, "ms")
    table.row(TONE_LATER, "ms")
    table.row(SCREEN, "ms")
    table.row(CALLED, "ms")
    table.row(REGISTERED, "ms")
    table.row(AHEAD, "ms", "> 0")
    table.row(IDLE, "%", "< 0.2")
    table.row(SCANNING, "%")
    table.row(RESIDENT, "MiB", "< 70")
    return table


class Handset:
    """One run of the process; `figures` are those of its device."""

    def __init__(self, desk: Desk, board: str, state: Path, wish: str) -> None:
        self._exchange = desk.primary
        known = len(self._exchange.counters.registrations)
        state.mkdir()
        words = ["-m", handset_device.__name__, board, str(desk.directory), str(state), wish]
        self.started_at = time.time()
        self.process = subprocess.Popen(
            [sys.executable, *words],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=environment(state.parent / "compiled"),
        )
        self.registered_at = self._registered_after(known)

    def _registered_after(self, known: int) -> float:
        by = time.monotonic() + LIMIT_S
        while len(self._exchange.counters.registrations) == known:
            assert time.monotonic() < by, "it does not register"
            time.sleep(0.001)
        return self._exchange.counters.registrations[known].at

    def figures(self) -> dict[str, Any]:
        """Have it measured, and stop it."""
        said, errors = self.process.communicate("go\n", timeout=LIMIT_S)
        lines = [line for line in said.splitlines() if line.startswith("{")]
        assert lines, f"it said nothing:\n{errors[-4000:]}"
        found: dict[str, Any] = json.loads(lines[0])
        return found


def measure(table: Table, folder: Path, starts: int) -> None:
    """Fill the table."""
    with Background() as background:
        desk = Desk(folder / "desk", accounts=1, port=0, sound_device="none")
        background.run(desk.start())
        try:
            Handset(desk, "handset", folder / "first", handset_device.FIRST).figures()  # Compiles.
            for board, column in BOARDS.items():
                for number in range(starts):
                    state = folder / f"{board}{number}"
                    add_start(table, column, Handset(desk, board, state, handset_device.START))
                handset = Handset(desk, board, folder / board, handset_device.ALL)
                add_use(table, column, HANDSETS[board].display, handset.figures())
        finally:
            background.run(desk.stop())


def add_start(table: Table, column: str, handset: Handset) -> None:
    """Add what a start took."""
    figures = handset.figures()
    table.add(SCREEN, column, figures["screen_at"] - handset.started_at)
    table.add(CALLED, column, figures["called_at"] - handset.started_at)
    table.add(REGISTERED, column, handset.registered_at - handset.started_at)
    table.add(AHEAD, column, figures["called_at"] - figures["screen_at"])


def add_use(table: Table, column: str, bus: DisplayBus, figures: dict[str, Any]) -> None:
    """Add what rest, keys and hook took, of one run."""
    table.add(TONE, column, figures["tones"][0])
    table.add(TONE_LATER, column, *figures["tones"][1:])
    table.add(IDLE, column, figures["idle"])
    table.add(SCANNING, column, figures["scanning"])
    table.add(RESIDENT, column, figures["rss_mib"])
    for presses, names in (
        (figures["letters"], (LETTER, LETTER_WORST, LETTER_FLOOR, LETTER_MESSAGES, LETTER_BYTES)),
        (figures["pages"], (PAGE, PAGE_WORST, PAGE_FLOOR, PAGE_MESSAGES, PAGE_BYTES)),
    ):
        times, messages, lengths = zip(*presses, strict=True)
        table.add(names[0], column, median(times))
        table.add(names[1], column, at_share(times, 0.99))
        table.add(names[2], column, SCAN_S + crossing_s(bus, median(lengths)))
        table.add(names[3], column, median(messages))
        table.add(names[4], column, median(lengths))


def crossing_s(bus: DisplayBus, length: float) -> float:
    """Return how long so many bytes need on a bus."""
    return length * (I2C_BITS / I2C_HZ if bus.bus == "i2c" else 8 / bus.clock_hz)


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.handset", description=__doc__)
    parser.add_argument("--starts", type=int, default=STARTS)
    given = parser.parse_args()
    table = new_table()
    with tempfile.TemporaryDirectory() as folder:
        measure(table, Path(folder), given.starts)
    print("\n".join([*header(), "", *table.lines()]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
