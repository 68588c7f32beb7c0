"""What the fingers do, from what a scan of the key matrix saw.

Pure: `scan(closed, now)` takes the crossings that were seen closed and returns what is to be told;
`next_at` says when to look again.

Theory of operation
-------------------
    nothing closed, nothing held       sleep until an edge            `next_at` is None
    anything closed or held            look every `SCAN_S`
    only stuck keys are closed         look every `STUCK_SCAN_S`

The matrix has no diodes. Where three corners of a rectangle are closed the fourth looks closed too:
a ghost, and nobody can tell which of the four it is. So while a rectangle is closed, none of its
corners that is not held already counts. Two keys never make a rectangle: two-key roll-over. A
corner that bounces is missed by some samples that see its ghost; so a third key has to stand for
longer than a bounce lasts, and the corner was seen by then.

A key that stays down repeats, if it is one that walks through something; any other is told as held,
once, after `HOLD_S`. Only the finger that is alone on the keys does either.

A key that is down for longer than anybody presses (`STUCK_S`) is stuck: something lies on it, or
liquid is in it. It is named in `stuck` and no longer told; all other keys go on.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Set
from dataclasses import dataclass

from drivers.debounce import Debounce

Crossing = tuple[int, int]
"""Row and column, counted from 0."""

SCAN_S = 0.005

STUCK_SCAN_S = 0.05

CLOSE_S = 0.004
"""Seen in two scans one after the other: noise is seen in one."""

OPEN_S = 0.025
"""Longer than contacts bounce (20 ms): what opens for less was never let go."""

HOLD_S = 0.8
"""Longer than a finger rests on a key that it only presses."""

REPEAT_AFTER_S = 0.5

REPEAT_EVERY_S = 0.15

STUCK_S = 30.0


@dataclass(frozen=True, slots=True)
class Touch:
    """A key that counts as pressed, or as held."""

    key: str
    is_held: bool = False


class Scanner:
    """The keys of one matrix; `repeating` are those that repeat while they are held."""

    def __init__(self, keys: Mapping[Crossing, str], repeating: Set[str]) -> None:
        self.stuck: tuple[str, ...] = ()
        self.next_at: float | None = None
        self._keys, self._repeating = keys, repeating
        self._contacts = {crossing: Debounce(CLOSE_S, OPEN_S) for crossing in keys}
        self._down_since: dict[Crossing, float] = {}
        self._stays_at: dict[Crossing, float] = {}  # When it repeats next, or counts as held.

    @property
    def down(self) -> frozenset[str]:
        """The keys that are down."""
        return frozenset(self._keys[crossing] for crossing in self._down_since)

    def scan(self, closed: Set[Crossing], now: float) -> list[Touch]:
        """Take one look at the matrix; return what is to be told of it."""
        held = self._down_since.keys()
        refused = ghosts(closed) - held
        extra_s = OPEN_S if len(held) > 1 else 0.0
        told = []
        for crossing, contact in self._contacts.items():
            is_closed = crossing in closed and crossing not in refused
            if contact.sample(is_closed, now, extra_s):
                told += self._changed(crossing, contact.is_closed, now)
        told += self._stay(now)
        self.stuck = tuple(self._keys[one] for one in self._down_since if self._is_stuck(one, now))
        self.next_at = self._next(closed, now)
        return told

    def _changed(self, crossing: Crossing, is_down: bool, now: float) -> list[Touch]:
        if not is_down:
            del self._down_since[crossing]
            self._stays_at.pop(crossing, None)
            return []
        self._down_since[crossing] = now
        repeats = self._keys[crossing] in self._repeating
        self._stays_at[crossing] = now + (REPEAT_AFTER_S if repeats else HOLD_S)
        return [Touch(self._keys[crossing])]

    def _stay(self, now: float) -> list[Touch]:
        """Return what is due of keys that stay down; of several fingers, nothing."""
        told = []
        for crossing in [one for one, at in self._stays_at.items() if now >= at]:
            key = self._keys[crossing]
            if key in self._repeating:
                self._stays_at[crossing] = now + REPEAT_EVERY_S
            else:
                del self._stays_at[crossing]
            if len(self._down_since) == 1 and not self._is_stuck(crossing, now):
                told.append(Touch(key, is_held=key not in self._repeating))
        return told

    def _is_stuck(self, crossing: Crossing, now: float) -> bool:
        return now - self._down_since.get(crossing, math.inf) >= STUCK_S

    def _next(self, closed: Set[Crossing], now: float) -> float | None:
        if not closed and not self._down_since:
            return None
        rests = closed == self._down_since.keys() and len(self.stuck) == len(closed)
        return now + (STUCK_SCAN_S if rests else SCAN_S)


def ghosts(closed: Set[Crossing]) -> set[Crossing]:
    """Return every crossing that is a corner of a rectangle whose corners are all closed."""
    found: set[Crossing] = set()
    for row, column in closed:
        for other_row, other_column in closed:
            corners = {(row, column), (row, other_column), (other_row, column)}
            corners.add((other_row, other_column))
            if row != other_row and column != other_column and corners <= closed:
                found |= corners
    return found
