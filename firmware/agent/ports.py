"""Which port each call's sound has.

A call has two ports, for RTP and for RTCP; the first of a pair is what its session says. A pair
that was used last is used again last, so that late packets of an old call meet nobody.
"""

from __future__ import annotations

from collections.abc import Collection

PAIRS = 64
"""As many as there are calls that the agent remembers (`CALLS_KEPT_MAX`)."""


class Ports:
    """The ports from the first on, in pairs."""

    def __init__(self, first: int) -> None:
        self._first = first
        self._next = 0

    def take(self, in_use: Collection[int]) -> int:
        """Return the first port of a pair that no call has."""
        order = [(self._next + step) % PAIRS for step in range(PAIRS)]
        free = next(pair for pair in order if self._first + 2 * pair not in in_use)
        self._next = (free + 1) % PAIRS
        return self._first + 2 * free
