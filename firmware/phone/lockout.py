"""What wrong passwords cost, at whichever of the administrator's doors they were tried.

The first `FREE_MAX` wrong ones in a row cost nothing; from then on nobody is heard for a while,
which doubles with each wrong one. A right one forgives. Console and web page have a count each:
whoever guesses over the network does not shut out who sits at the serial line.
"""

from __future__ import annotations

from math import ceil

FREE_MAX = 3
"""Wrong passwords in a row before nobody is heard."""

LOCK_S, LOCK_MAX_S = 30.0, 900.0
"""The first lock-out and the longest: a hundred tries a day."""


class Lockout:
    """One door's count."""

    def __init__(self) -> None:
        self._wrong = 0  # In a row.
        self._until = 0.0

    def note_wrong(self, now: float) -> None:
        """Count a wrong one."""
        self._wrong += 1
        more = self._wrong - FREE_MAX
        if more >= 0:
            self._until = now + min(LOCK_S * 2.0 ** min(more, 10), LOCK_MAX_S)

    def forgive(self) -> None:
        """One was right."""
        self._wrong = 0

    def wait_s(self, now: float) -> int:
        """Return for how long nobody is heard, in whole seconds; 0: they are."""
        return max(0, ceil(self._until - now - 1e-6))

    def words(self, now: float) -> str:
        """Say that nobody is heard, and for how long."""
        return f"Locked after {self._wrong} wrong tries: wait {self.wait_s(now)} s"
