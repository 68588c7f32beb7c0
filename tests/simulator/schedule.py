"""Simulated time: what happens when, in one order that depends on the seed alone."""

from __future__ import annotations

import heapq
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count

Action = Callable[[], None]


@dataclass(order=True)
class Due:
    """An action and its moment; equal moments keep the order in which they were planned."""

    at: float
    order: int
    action: Action = field(compare=False)


class Schedule:
    """The one queue of everything but the phone, which has its own deadline."""

    def __init__(self, now: float) -> None:
        self.now = now
        self._queue: list[Due] = []
        self._count = count()

    def later(self, delay_s: float, action: Action) -> None:
        """Plan an action."""
        self.at(self.now + delay_s, action)

    def at(self, moment: float, action: Action) -> None:
        """Plan an action for a moment."""
        heapq.heappush(self._queue, Due(max(moment, self.now), next(self._count), action))

    @property
    def next_at(self) -> float | None:
        """When the next action is due."""
        return self._queue[0].at if self._queue else None

    def run_next(self) -> None:
        """Let time pass to the next action and do it."""
        due = heapq.heappop(self._queue)
        self.now = max(self.now, due.at)
        due.action()
