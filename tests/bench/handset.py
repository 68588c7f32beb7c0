"""`make bench-handset`: from a finger to the pixels, at rest, and from the plug to the first call.

The handset of `board/handset.py` as a process of its own, with pins and a display bus of ours
(`handset_device.py`), registered at the lab's exchange. The bus takes its time: 1 kB is 25 ms.
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

from tests.bench import handset_device
from tests.bench.machine import header
from tests.bench.table import Table
from tests.lab.background import Background
from tests.lab.desk import Desk

STARTS = 5
LIMIT_S = 240.0
COLUMN = "this phone"

LETTER, LETTER_WORST = "key to the pixels of a digit, median", "the same, p99"
PAGE, PAGE_WORST = "key to the pixels of another page, median", "the same, p99 "
LETTER_MESSAGES, LETTER_BYTES = "messages on the bus for a digit", "bytes for a digit"
PAGE_MESSAGES, PAGE_BYTES = "messages for another page", "bytes for another page"
TONE, TONE_LATER = "hook lifted to dial tone, the first", "the same, later"
SCREEN, REGISTERED = "start of the process to the first screen", "to registered"
AHEAD = "first screen ahead of the registration"
IDLE = f"processor time at rest, {handset_device.IDLE_S:.0f} s"
SCANNING = "processor time while a key is held"
RESIDENT = "RSS, everything loaded"


def new_table() -> Table:
    """Return the table without figures."""
    table = Table((COLUMN,))
    table.row(LETTER, "ms")
    table.row(LETTER_WORST, "ms", "< 30")
    table.row(PAGE, "ms", "25 of them are the bus")
    table.row(PAGE_WORST, "ms")
    table.row(LETTER_MESSAGES, "")
    table.row(LETTER_BYTES, "")
    table.row(PAGE_MESSAGES, "")
    table.row(PAGE_BYTES, "", "1024 are all of it")
    table.row(TONE, "ms")
    table.row(TONE_LATER, "ms")
    table.row(SCREEN, "ms")
    table.row(REGISTERED, "ms")
    table.row(AHEAD, "ms", "> 0")
    table.row(IDLE, "%", "< 0.2")
    table.row(SCANNING, "%")
    table.row(RESIDENT, "MiB", "< 70")
    return table


class Handset:
    """One run of the process; `figures` are those of its device."""

    def __init__(self, desk: Desk, state: Path) -> None:
        self._exchange = desk.primary
        known = len(self._exchange.counters.registrations)
        state.mkdir()
        words = [sys.executable, "-m", handset_device.__name__, str(desk.directory), str(state)]
        self.started_at = time.time()
        self.process = subprocess.Popen(
            words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        self.registered_at = self._registered_after(known)

    def _registered_after(self, known: int) -> float:
        by = time.monotonic() + LIMIT_S
        while len(self._exchange.counters.registrations) == known:
            assert time.monotonic() < by, "it does not register"
            time.sleep(0.001)
        return self._exchange.counters.registrations[known].at

    def figures(self, what: str) -> dict[str, Any]:
        """Have it measured, and stop it."""
        said, errors = self.process.communicate(f"{what}\n", timeout=LIMIT_S)
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
            for number in range(starts):
                handset = Handset(desk, folder / f"state{number}")
                add_start(table, handset, handset.figures(handset_device.START))
            add_use(table, Handset(desk, folder / "state").figures(handset_device.ALL))
        finally:
            background.run(desk.stop())


def add_start(table: Table, handset: Handset, figures: dict[str, Any]) -> None:
    """Add what a start took."""
    screen = figures["first_pixels_at"] - handset.started_at
    registered = handset.registered_at - handset.started_at
    table.add(SCREEN, COLUMN, screen)
    table.add(REGISTERED, COLUMN, registered)
    table.add(AHEAD, COLUMN, registered - screen)


def add_use(table: Table, figures: dict[str, Any]) -> None:
    """Add what rest, keys and hook took, of one run."""
    table.add(TONE, COLUMN, figures["tones"][0])
    table.add(TONE_LATER, COLUMN, *figures["tones"][1:])
    table.add(IDLE, COLUMN, figures["idle"])
    table.add(SCANNING, COLUMN, figures["scanning"])
    table.add(RESIDENT, COLUMN, figures["rss_mib"])
    for presses, names in (
        (figures["letters"], (LETTER, LETTER_WORST, LETTER_MESSAGES, LETTER_BYTES)),
        (figures["pages"], (PAGE, PAGE_WORST, PAGE_MESSAGES, PAGE_BYTES)),
    ):
        times, messages, lengths = zip(*presses, strict=True)
        ordered = sorted(times)
        table.add(names[0], COLUMN, median(ordered))
        table.add(names[1], COLUMN, ordered[int(len(ordered) * 0.99) - 1])
        table.add(names[2], COLUMN, median(messages))
        table.add(names[3], COLUMN, median(lengths))


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
