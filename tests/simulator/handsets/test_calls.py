"""Many pairs of handsets under pytest: each ends in agreement, together they see every trouble."""

from __future__ import annotations

import pytest

from tests.simulator.__main__ import WORLDS, play_many
from tests.simulator.handsets.world import play

SEEDS = 70


def test_every_pair_of_handsets_agrees_in_the_end_and_together_they_see_everything() -> None:
    failures, seen = play_many(0, SEEDS, world=WORLDS["calls"])
    assert not failures, "\n".join(failures)
    never = sorted(key for key, number in seen.items() if not number)
    assert not never, f"the simulator tests less than it seems to: {never}"


@pytest.mark.parametrize("seed", range(6))
def test_a_seed_replays_to_the_same_trace(seed: int) -> None:
    once, again = play(seed), play(seed)
    assert once.trace.lines() == again.trace.lines()
    assert once.seen() == again.seen()
