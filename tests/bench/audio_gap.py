"""What is missing of a call's sound while its proxy is lost and found again.

Two handsets that have lost their primary together talk on; every packet between them is seen on the
wire. The same is measured in the same call just before, for as long: what a busy machine does to
packets has nothing to do with a proxy.
"""

from __future__ import annotations

import time
from pathlib import Path

from tests.bench.table import Table
from tests.interop.ends import set_up
from tests.interop.house import FAULTS, Far, Fault, House, Room
from tests.interop.pair import World
from tests.interop.rescues import SAMPLES

COLUMNS = BEFORE, THROUGH = "before", "through the loss"
TIMES = 1

REPORT_S = 10.0
"""Until each end has told of its sound since something: RTCP's longest interval, and more."""
TAIL_S = 1.0


def measure(directory: Path) -> Table:
    """Lose the primary in each way under a call."""
    table = Table(COLUMNS)
    for fault in FAULTS:
        for row, unit, aim in rows(fault):
            table.row(row, unit, aim)
        for number in range(TIMES):
            with House(directory / f"{fault.name}{number}", fault, World.APART) as house:
                house.furnish(Far.HANDSET, early_media=False)
                house.settle()
                measure_room(house.rooms[0], fault, table)
    return table


def rows(fault: Fault) -> tuple[tuple[str, str, str], ...]:
    """Return what is measured of a loss: its name, unit and aim."""
    return (
        (f"{fault.name}: from the loss until the dialog is refreshed", "s", ""),
        (f"{fault.name}: longest time from a packet to the next", "ms", "as before"),
        (f"{fault.name}: packets lost, or streams begun anew", "packets", "0"),
        (f"{fault.name}: sound that the ear had to be lent", "ms", "0"),
    )


def measure_room(room: Room, fault: Fault, table: Table) -> None:
    """Talk, lose the primary, talk on; note both halves."""
    refreshed, longest, lost, lent = (name for name, _, _ in rows(fault))
    set_up(room.near, room.far)
    before_ms = lent_ms(room)
    calm_from = time.time()
    calm_ms = lent_ms(room)
    room.house.strike(lambda: None)
    rescued_at = room.wait_rescued()
    after_ms = lent_ms(room)
    spans = {BEFORE: (calm_from, room.struck_at), THROUGH: (room.struck_at, rescued_at + TAIL_S)}
    for column, span in spans.items():
        for stream in room.house.tap.streams(room.media_port, *span):
            table.add(longest, column, stream.longest_gap_s)
            table.add(lost, column, len(stream.breaks(SAMPLES)))
    table.add(refreshed, THROUGH, rescued_at - room.struck_at)
    table.add(lent, BEFORE, (calm_ms - before_ms) / 1000)
    table.add(lent, THROUGH, (after_ms - calm_ms) / 1000)


def lent_ms(room: Room) -> float:
    """Return what both jitter buffers have concealed so far, as the next reports say it."""
    since = time.time() + TAIL_S
    facts = [
        phone.wait_for("sound", REPORT_S, since, lambda event: event["fact"] == "quality")
        for phone in room.house.handsets
    ]
    return sum(float(fact["concealed_ms"]) for fact in facts)
