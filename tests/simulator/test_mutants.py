"""The simulator is worth its time: it finds every planted bug."""

from __future__ import annotations

from tests.simulator.mutants import find_all
from tests.simulator.planted import BUGS

BUGS_MIN = 278


def test_the_simulator_finds_every_planted_bug() -> None:
    assert len({bug.name for bug in BUGS}) == len(BUGS) >= BUGS_MIN
    survivors = [finding.bug for finding in find_all() if not finding.check]
    assert not survivors, f"planted bugs that nobody sees: {survivors}"
