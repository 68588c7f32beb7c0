"""The one shape that every protocol layer has: events in, outputs out, time as an argument.

A machine does no I/O and reads no clock. `now` is monotonic seconds; waiting is a field that
holds a moment, and `deadline()` is the earliest of those fields.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol, TypeVar

EventT_contra = TypeVar("EventT_contra", contravariant=True)


class Machine(Protocol[EventT_contra]):
    """A state machine that performs no I/O and reads no clock."""

    def handle(self, event: EventT_contra, now: float) -> list[object]:
        """Take one event; return what follows from it, in order."""

    def wake(self, now: float) -> list[object]:
        """Do what is due at `now`. Afterwards `deadline()` is later than `now`, or None."""

    def deadline(self) -> float | None:
        """Return the moment at which `wake` next has something to do, in monotonic seconds."""


def earliest(moments: Iterable[float | None]) -> float | None:
    """Return the first of the moments that are set."""
    return min((moment for moment in moments if moment is not None), default=None)


def is_due(moment: float | None, now: float) -> bool:
    """Tell whether a moment is set and has come."""
    return moment is not None and moment <= now
