"""Wakes a machine when it wants to be woken: the loop's clock and one timer."""

from __future__ import annotations

import asyncio
from collections.abc import Callable


class Alarm:
    """Calls `ring` at the moment that it is set to, on the loop that runs now."""

    def __init__(self, ring: Callable[[], None]) -> None:
        self._ring = ring
        self._loop = asyncio.get_running_loop()
        self._latest = self._loop.time()
        self._timer: asyncio.TimerHandle | None = None

    @property
    def now(self) -> float:
        """The moment, in monotonic seconds; never before one that was told already."""
        self._latest = max(self._latest, self._loop.time())
        return self._latest

    def set(self, due: float | None) -> None:
        """Ring at that moment and at no other; None: not at all."""
        self.stop()
        if due is not None:
            self._timer = self._loop.call_at(due, self._wake, due)

    def stop(self) -> None:
        """Do not ring any more."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _wake(self, due: float) -> None:
        self._latest = max(self._latest, due)  # asyncio may fire a hair early.
        self._ring()
