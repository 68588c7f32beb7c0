"""The simulator is honest: it finds every planted bug."""

from __future__ import annotations

from tests.simulator.mutants import hunt_all
from tests.simulator.planted import BUGS


def test_every_planted_bug_is_found() -> None:
    assert len(BUGS) >= 30
    assert len({bug.name for bug in BUGS}) == len(BUGS)
    survivors = [verdict.bug.name for verdict in hunt_all() if not verdict.found]
    assert not survivors
