"""What a simulator finds: a seed in which something was wrong."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, TypeVar


class Clock(Protocol):
    """Says what time it is in the simulated world."""

    now: float


class Trace(Protocol):
    """What happened."""

    def lines(self, last: int | None = None) -> list[str]:
        """Write it out."""


class World(Protocol):
    """A run of one seed."""

    @property
    def schedule(self) -> Clock:
        """Its time."""

    @property
    def trace(self) -> Trace:
        """Its story."""

    def seen(self) -> dict[str, int]:
        """Count what came about."""


W = TypeVar("W", bound=World)


class Failed(Exception):  # noqa: N818 # it is a finding of the simulator
    """A seed in which something was wrong."""

    def __init__(self, seed: int, world: World, error: Exception) -> None:
        self.seed = seed
        self.world = world
        self.error = error
        at = world.schedule.now
        super().__init__(f"SEED={seed} t={at:.3f}: {type(error).__name__}: {error}")


def judged(seed: int, world: W, play: Callable[[], None]) -> W:
    """Play a world to its end; whatever is raised on the way is the finding of its seed."""
    try:
        play()
    except Exception as error:
        raise Failed(seed, world, error) from error
    return world
