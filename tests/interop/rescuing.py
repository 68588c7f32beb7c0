"""A house that loses its primary, and what became of each room.

Its rooms are brought into their states, the primary is lost for all of them at one moment, and each
is looked at beside the others: most of a rescue is waiting. What a room showed is kept until its
test asks.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from tests.interop.house import RINGS_LONG_S, RINGS_S, Far, Fault, House, Room
from tests.interop.pair import World
from tests.interop.rescues import SCENES, Scene

SETTLED_S = 1.0
"""Talking is in full flow when the primary is lost."""


@dataclass(frozen=True)
class Plan:
    """A house to be: how the primary is lost, who is at the far ends, what the proxies share."""

    fault: Fault
    far: Far
    world: World

    def __str__(self) -> str:
        return f"{self.fault.name}, {self.far.value}, {self.world.value}"

    @property
    def scenes(self) -> list[Scene]:
        """The states that such far ends can be in."""
        return [scene for scene in SCENES if self.far in scene.fars]


@dataclass
class Rescue:
    """A house after the loss, and what its rooms show, by the name of their scene."""

    house: House
    outcomes: dict[str, Future[Room]] = field(default_factory=dict)

    def see(self, scene: str) -> tuple[list[str], list[str]]:
        """Wait for what a room shows, and raise what was wrong there; return the calls that the
        near and the far end have then."""
        room = self.outcomes[scene].result()
        return room.near.calls(), room.far.calls()

    def wait(self) -> None:
        """Wait until every room has shown what it shows."""
        wait(self.outcomes.values())


@contextmanager
def rescue(directory: Path, plan: Plan) -> Iterator[Rescue]:
    """Furnish a house, take its primary away, look at every room."""
    with House(directory, plan.fault, plan.world) as house:
        for scene in plan.scenes:
            house.furnish(plan.far, scene.early_media)
        house.settle()
        rooms = list(zip(plan.scenes, house.rooms, strict=True))
        with ThreadPoolExecutor(len(rooms)) as pool:
            house.ring_for(RINGS_S)
            for done in [pool.submit(scene.prepare, room) for scene, room in rooms]:
                done.result()
            house.ring_for(RINGS_LONG_S)
            time.sleep(SETTLED_S)
            house.strike(partial(act, rooms))
            yield Rescue(house, {s.name: pool.submit(look, s, room) for s, room in rooms})


def look(scene: Scene, room: Room) -> Room:
    """See what follows in a room; return it."""
    scene.check(room)
    return room


def act(rooms: list[tuple[Scene, Room]]) -> None:
    """Do in each room what goes down with the primary."""
    for scene, room in rooms:
        scene.act(room)
