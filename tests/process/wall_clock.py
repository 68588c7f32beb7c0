"""A wall clock that a test sets, for a process of its own (Debian's libfaketime).

Monotonic time goes on as it is: as on a Pi, whose clock is set while everything runs.
"""

from __future__ import annotations

import os
from pathlib import Path


class WallClock:
    """What a process takes for the time."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / "wall-clock"
        self.ahead(0.0)

    def ahead(self, seconds: float) -> None:
        """Set it so much later than the true time; negative: earlier. At once, as NTP steps it."""
        draft = self._file.with_suffix(".new")
        draft.write_text(f"{seconds:+.0f}\n")
        os.replace(draft, self._file)

    @property
    def environment(self) -> list[str]:
        """Return the words that `env` takes."""
        (library,) = Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1")
        return [
            f"LD_PRELOAD={library}",
            f"FAKETIME_TIMESTAMP_FILE={self._file}",
            "FAKETIME_NO_CACHE=1",
            "FAKETIME_DONT_FAKE_MONOTONIC=1",
            "NO_FAKE_STAT=1",
        ]
