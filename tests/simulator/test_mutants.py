"""The simulator is honest: it finds every planted bug."""

from __future__ import annotations

from tests.simulator.mutants import find_all
from tests.simulator.planted import BUGS


def test_every_planted_bug_is_found() -> None:
    assert len(BUGS) >= 30
    assert len({bug.name for bug in BUGS}) == len(BUGS)
    survivors = [finding.bug for finding in find_all() if not finding.check]
    assert not survivors
