"""The arithmetic of `make bench-admin`, and its clocks held against doors that do nothing else."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from drivers.real_time import SOUND
from firmware.console.sight import Sight
from firmware.phone.events import SoundHealth
from firmware.phone.status import Status
from firmware.web.metrics import ProcessFacts, Seen, metrics_text
from tests.bench.admin import BareDoors, add_visits, echoes_s, opened
from tests.bench.disturbed import PRIORITIES, add_lost, add_priorities, lost_of, new_table
from tests.bench.table import Table, at_share
from tests.bench.visitor import hammer
from tests.lab.namespaces import ROOT
from tests.lab.processes import Program
from tests.unit.console.rig import configuration

LENGTH = 5000
START_S = 10.0


@pytest.mark.parametrize(
    ("share", "wanted"), [(0.01, 1.0), (0.5, 50.0), (0.99, 99.0), (0.991, 100.0), (1.0, 100.0)]
)
def test_a_share_of_a_hundred_values_ends_at_one_of_them(share: float, wanted: float) -> None:
    assert at_share([float(value) for value in range(100, 0, -1)], share) == wanted


def test_a_share_of_one_value_is_that_value() -> None:
    assert at_share([7.0], 0.01) == at_share([7.0], 0.99) == 7.0


def test_a_ratio_is_of_medians_and_missing_where_one_of_them_is() -> None:
    table = Table(("bare", "here"), {"here / bare": ("here", "bare")})
    for name in ("page", "alone"):
        table.row(name, "ms")
    table.add("page", "bare", 0.002, 0.003, 0.009)
    table.add("page", "here", 0.012)
    table.add("alone", "here", 0.012)
    _, _, page, alone = table.lines()
    assert page == "| page | ms | 3.0 (2.0-9.0, n=3) | 12.0 | 4.0 |  |"
    assert alone == "| alone | ms | - | 12.0 | - |  |"


ASKS = """
from drivers.real_time import SOUND, ask_for_real_time
print(ask_for_real_time(SOUND), flush=True)
input()
"""


def test_a_table_has_the_priorities_that_threads_were_given_and_0_for_one_that_was_not() -> None:
    table = new_table()
    program = Program([sys.executable, "-c", ASKS], directory=ROOT)
    try:
        program.wait_for("True", START_S)
        add_priorities(table, "console", program.pid)
    finally:
        program.stop()
    assert [table.cells[name, "console"] for name in PRIORITIES] == [[0], [SOUND], [0]]


def test_lost_frames_are_told_apart_by_how_they_were_lost(tmp_path: Path) -> None:
    def lost(health: SoundHealth) -> dict[str, float]:
        status = Status()
        status.sound = health
        sight = Sight(status, configuration(tmp_path))
        return lost_of(metrics_text(Seen(sight, ProcessFacts(1, 1.0, 1, None))))

    before = lost(SoundHealth(held_up=1))
    after = lost(SoundHealth(held_up=3, overflows=4, underflows=5, late=6, dropped=7))
    assert after == {"held_up": 3, "captured_late": 4, "played_late": 11, "dropped": 7}
    table = new_table()
    add_lost(table, "all pages", before, after)
    cells = {name: values for (name, _), values in table.cells.items()}
    assert cells == {
        "frames held up": [2],
        "frames captured late": [4],
        "frames played late": [11],
        "frames dropped": [7],
    }


def test_the_clocks_measure_a_bare_loop(tmp_path: Path) -> None:
    table = Table(("bare loop",))
    with BareDoors(tmp_path / "bare", LENGTH) as bare:
        visit = bare.page.ask("/")
        assert (visit.status, len(visit.body)) == (200, LENGTH)
        assert 0 < visit.first_s <= visit.whole_s
        add_visits(table, "bare loop", bare.page, rounds=1)
        assert hammer(bare.page, ("/", "/other"), 0.2) > 0
        with opened(bare.line) as line:
            times = echoes_s(line, 5)
    assert len(times) == 5
    assert min(times) > 0
    complete = table.cells["any page, to complete, p99", "bare loop"]
    assert complete >= table.cells["any page, to complete, p50", "bare loop"] > [0.0]
