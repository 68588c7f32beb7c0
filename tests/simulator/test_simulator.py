"""Many seeds under pytest: each ends well, together they see every trouble, one replays exactly."""

from __future__ import annotations

import pytest

from tests.simulator.__main__ import play_many
from tests.simulator.simulator import play

SEEDS = 400


def test_every_seed_ends_well_and_together_they_see_everything() -> None:
    failures, seen = play_many(0, SEEDS)
    assert not failures, "\n".join(failures)
    never = sorted(key for key, number in seen.items() if not number)
    assert not never, f"the simulator tests less than it seems to: {never}"


@pytest.mark.parametrize("seed", [1, 7, 100])
def test_a_seed_replays_to_the_same_trace(seed: int) -> None:
    once, again = play(seed), play(seed)
    assert once.trace.lines() == again.trace.lines()
    assert once.seen() == again.seen()
