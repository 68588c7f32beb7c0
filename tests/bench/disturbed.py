"""A call beside administrators who want everything at once; its lost frames."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from drivers.real_time import CARD, LOOP, SOUND
from tests.bench.admin_phone import API, FILES, METRICS, PAGES, AdminPhone
from tests.bench.call_stage import CallStage
from tests.bench.table import Table
from tests.bench.visitor import Visitor, hammer
from tests.bench.watched import losses
from tests.process.console import Terminal
from tests.unit.web.test_metrics import read

FIRST = "the first visitor, page and console"
NOTHING, ALL_PAGES, PROGRAM, LINES = "nothing else", "all pages", "metrics and API", "console"
STORMS = (FIRST, NOTHING, ALL_PAGES, PROGRAM, LINES)

LOST = "handset_sound_frames_lost_total"
HOW = ("held_up", "captured_late", "played_late", "dropped")
OURS, CARDS = "seen at the card, this phone's", "seen at the card, the card's own or the machine's"
ANSWERS = "answers a second"
PRIORITIES = {
    "real-time priority of the event loop's thread": LOOP,
    "of the sound's thread": SOUND,
    "of the card's thread": CARD,
}

FIRST_S = 5.0


@dataclass(frozen=True, slots=True)
class Storm:
    """Something that blows for so many seconds, and says how many answers it got."""

    name: str
    blow: Callable[[float], int]


def new_table() -> Table:
    """Return the table without figures."""
    table = Table(STORMS)
    for how in HOW:
        table.row(row_of(how), "frames", "0")
    table.row(OURS, "frames", "0")
    table.row(CARDS, "frames")
    table.row(ANSWERS, "")
    for name in PRIORITIES:
        table.row(name, "")
    return table


def row_of(how: str) -> str:
    """Return the row of a kind of loss."""
    return f"frames {how.replace('_', ' ')}"


def measure(stage: CallStage, seconds: float) -> Table:
    """Let each storm blow beside a call."""
    table = new_table()
    with AdminPhone(stage) as phone, phone.talking():
        seen = Seen(stage)
        terminal = phone.terminal()
        visitor = phone.visitor()
        time.sleep(FIRST_S)
        seen.add(table, FIRST)
        terminal.close()
        for storm in (
            Storm(NOTHING, still),
            Storm(ALL_PAGES, lambda wanted: hammer(visitor, PAGES + FILES, wanted)),
            Storm(PROGRAM, lambda wanted: hammer(phone.program, API, wanted)),
            Storm(LINES, lambda wanted: type_lines(phone, wanted)),
        ):
            before = lost(phone.program)
            seen = Seen(stage)
            add_priorities(table, storm.name, phone.phone.program.pid)
            answers = storm.blow(seconds)
            seen.add(table, storm.name)
            add_lost(table, storm.name, before, lost(phone.program))
            table.add(ANSWERS, storm.name, answers / seconds)
    return table


class Seen:
    """What the watch on the card has seen since this was made."""

    def __init__(self, stage: CallStage) -> None:
        assert stage.card_watch is not None
        self._file = stage.card_watch
        self._before = len(losses(self._file))

    def add(self, table: Table, column: str) -> None:
        """Add how many frames were lost, and by whom."""
        found = [loss.is_ours for loss in losses(self._file)[self._before :]]
        table.add(OURS, column, found.count(True))
        table.add(CARDS, column, found.count(False))


def add_priorities(table: Table, column: str, pid: int) -> None:
    """Add the priorities that the phone's threads have, of those that they ask for; else 0."""
    threads = [int(task.name) for task in Path(f"/proc/{pid}/task").iterdir()]
    found = {os.sched_getparam(thread).sched_priority for thread in threads}
    for name, asked in PRIORITIES.items():
        table.add(name, column, asked if asked in found else 0)


def add_lost(table: Table, column: str, before: dict[str, float], after: dict[str, float]) -> None:
    """Add what was lost between two looks at the metrics."""
    for how in HOW:
        table.add(row_of(how), column, after[how] - before[how])


def lost(program: Visitor) -> dict[str, float]:
    """Return the frames that the phone itself lost so far, as its metrics have them."""
    return lost_of(program.timed(METRICS).body.decode())


def lost_of(metrics: str) -> dict[str, float]:
    """Return the frames that were lost, of a text of metrics."""
    numbers = read(metrics)
    return {how: numbers[LOST, (("how", how),)] for how in HOW}


def still(seconds: float) -> int:
    """Do nothing."""
    time.sleep(seconds)
    return 0


def type_lines(phone: AdminPhone, seconds: float) -> int:
    """Ask at the console for what takes longest to tell, again and again."""
    terminal: Terminal = phone.terminal()
    by, count = time.monotonic() + seconds, 0
    while time.monotonic() < by:
        terminal.ask("show")
        terminal.ask("help")
        count += 2
    terminal.close()
    return count
