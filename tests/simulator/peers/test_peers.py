"""Seeds of the second world under pytest: each ends well, together they see what they should."""

from __future__ import annotations

import pytest

from tests.simulator.__main__ import WORLDS, play_many
from tests.simulator.peers.world import play

SEEDS = 24

SEEN = (
    *("INVITE", "ACK", "CANCEL", "BYE", "PRACK", "UPDATE", "INFO"),
    *("INVITE 200", "INVITE 422", "INVITE 488", "INVITE 491", "INVITE 500", "PRACK 200"),
    *("reliable", "challenged", "asked early", "2xx after CANCEL", "replaces", "cut"),
    *("replaced from there", "cancels", "pracks", "answered", "calls"),
)


def test_every_seed_ends_well_and_together_they_see_everything() -> None:
    failures, seen = play_many(0, SEEDS, world=WORLDS["peers"])
    assert not failures, "\n".join(failures)
    never = [what for what in SEEN if not seen.get(what)]
    assert not never, f"the far ends do less than they seem to: {never}"


@pytest.mark.parametrize("seed", [0, 5])
def test_a_seed_replays_to_the_same_trace(seed: int) -> None:
    assert play(seed).trace.lines() == play(seed).trace.lines()
