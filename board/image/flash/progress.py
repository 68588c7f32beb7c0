"""How far something is, for whoever waits: one line that is written over, on a terminal only."""

from __future__ import annotations

import sys


class Progress:
    """Counts bytes towards a whole, and shows each percent once."""

    def __init__(self, doing: str, whole: int) -> None:
        self._doing, self._whole = doing, whole
        self._done = 0
        self._shown = -1
        self._seen = sys.stderr.isatty()

    def add(self, number: int) -> None:
        """Count bytes that are done."""
        self._done += number
        percent = 100 * self._done // max(self._whole, 1)
        if self._seen and percent != self._shown:
            self._shown = percent
            end = "\n" if percent >= 100 else ""
            sys.stderr.write(f"\r{self._doing} {percent} %{end}")
            sys.stderr.flush()
