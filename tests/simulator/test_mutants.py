"""The simulators are worth their time: they find every planted bug."""

from __future__ import annotations

import pytest

from tests.simulator.bug import Bug
from tests.simulator.mutants import find, last_found
from tests.simulator.planted import BUGS

BUGS_MIN = 278


def test_no_planted_bug_is_lost() -> None:
    names = {bug.name for bug in BUGS}
    assert len(names) == len(BUGS) >= BUGS_MIN
    assert set(last_found()) == names


@pytest.mark.parametrize("bug", BUGS, ids=[bug.name for bug in BUGS])
def test_a_planted_bug_is_found(bug: Bug) -> None:
    assert find(bug).check, "nobody sees it"
