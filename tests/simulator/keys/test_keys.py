"""Seeds of one person's keys under pytest: each ends well, together they see everything."""

from __future__ import annotations

import pytest

from tests.simulator.__main__ import WORLDS, play_many
from tests.simulator.keys.world import play

SEEDS = 160


def test_every_seed_ends_well_and_together_they_see_everything() -> None:
    failures, seen = play_many(0, SEEDS, world=WORLDS["keys"])
    assert not failures, "\n".join(failures)
    never = sorted(key for key, number in seen.items() if not number)
    assert not never, f"the person does less than it seems: {never}"


@pytest.mark.parametrize("seed", [0, 5])
def test_a_seed_replays_to_the_same_trace(seed: int) -> None:
    assert play(seed).trace.lines() == play(seed).trace.lines()
