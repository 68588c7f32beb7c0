"""Seeds for CI: every one ends well, replays, and together they have seen everything."""

from __future__ import annotations

import pytest

from tests.simulator.__main__ import play_many
from tests.simulator.simulator import play

SEEDS = 2000


def test_two_thousand_seeds_end_well_and_have_seen_everything() -> None:
    failures, seen = play_many(0, SEEDS)
    assert not failures, "\n\n".join(failures)
    assert all(seen.values()), f"never seen: {[name for name, n in seen.items() if not n]}"


@pytest.mark.parametrize("seed", [7, 42, 1001])
def test_a_seed_replays_to_the_same_trace(seed: int) -> None:
    first, again = play(seed), play(seed)
    assert first.trace.lines() == again.trace.lines()
    assert len(first.trace.lines()) > 100
