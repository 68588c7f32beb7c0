"""A call beside everything that a phone may have to do at the same time; its lost frames."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from tests.bench import watched
from tests.bench.call_stage import CallStage, health
from tests.bench.clicks import MOUTH
from tests.bench.disturbed import CARDS, OURS, PRIORITIES, Seen, add_priorities
from tests.bench.table import Table
from tests.interop.phone import Phone
from tests.lab.relay import Relay

LOST = ("held_up", "late", "dropped", "overflows", "underflows")
SETTLE_S = 2.0
STATUSES_PER_S = 1000
STEP_S = 0.02
REDRAWS_PER_S = 10
RECONNECT_S = 5.0
NOTHING, REDRAWS, STATUSES, RECONNECTS = (
    "nothing else",
    f"{REDRAWS_PER_S} redraws/s",
    f"{STATUSES_PER_S} commands/s",
    f"a reset each {RECONNECT_S:.0f} s",
)


NAMES = {lost: f"frames {lost.replace('_', ' ')}" for lost in LOST}


def new_table() -> Table:
    """Return the table without figures."""
    table = Table((NOTHING, REDRAWS, STATUSES, RECONNECTS))
    for name in (*NAMES.values(), OURS):
        table.row(name, "frames", "0")
    table.row(CARDS, "frames")
    for name in PRIORITIES:
        table.row(name, "")
    return table


def measure(directory: Path, seconds: float) -> Table:
    """Let each storm blow through a quarter of the time."""
    with CallStage(directory / "stage", directory / watched.FILE) as stage:
        return disturb(stage, seconds)


def disturb(stage: CallStage, seconds: float) -> Table:
    """Let them blow beside a call of this stage."""
    table = new_table()
    with stage.relay() as relay, stage.talking(MOUTH, "PCMU", relay=relay) as (phone, _):
        time.sleep(SETTLE_S)
        storms: dict[str, Callable[[float], None]] = {
            NOTHING: time.sleep,
            REDRAWS: lambda wanted: redraw(phone, wanted),
            STATUSES: lambda wanted: ask(phone, wanted),
            RECONNECTS: lambda wanted: reset(relay, wanted),
        }
        for storm, blow in storms.items():
            before, seen = health(phone), Seen(stage)
            add_priorities(table, storm, phone.program.pid)
            blow(seconds / len(storms))
            after = health(phone)
            seen.add(table, storm)
            for lost, name in NAMES.items():
                table.add(name, storm, after[lost] - before[lost])
            phone.program.forget()
    return table


def redraw(phone: Phone, seconds: float) -> None:
    """Have the screen drawn anew, by the key whose effect it shows."""
    for _ in range(round(seconds * REDRAWS_PER_S / 2) * 2):
        phone.send("key", key="mute")
        time.sleep(1 / REDRAWS_PER_S)


def ask(phone: Phone, seconds: float) -> None:
    """Ask for the status, again and again, in step with the clock."""
    began = time.monotonic()
    for step in range(1, round(seconds / STEP_S) + 1):
        for _ in range(round(STATUSES_PER_S * STEP_S)):
            phone.send("status")
        time.sleep(max(0.0, began + step * STEP_S - time.monotonic()))
        phone.program.forget()


def reset(relay: Relay, seconds: float) -> None:
    """Take the link away, again and again."""
    for _ in range(round(seconds / RECONNECT_S)):
        relay.reset()
        time.sleep(RECONNECT_S)
