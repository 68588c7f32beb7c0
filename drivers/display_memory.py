"""What a display shows, strip by strip, and what has to cross the bus for the next picture.

Pure. A strip is eight rows; it is kept as the chips do, a byte for each column, the topmost pixel
in the lowest bit. A bus to a display carries 1 kB in 25 ms (I2C, 400 kHz), and most pictures differ
from the one before by a clock's minute: only the columns that changed are written.
"""

from __future__ import annotations

from dataclasses import dataclass

from PIL import Image

STRIP_ROWS = 8

GAP_MAX = 7
"""Columns that are written though they did not change: to begin anew costs as many bytes."""


@dataclass(frozen=True, slots=True)
class Window:
    """Columns `first` to `last` (not included) of a strip, and what they are to show."""

    strip: int
    first: int
    last: int
    columns: bytes


class DisplayMemory:
    """What was written; `step` is the number of columns that the chip can only write together."""

    def __init__(self, strips: int, step: int = 1) -> None:
        self._step = step
        self._shown: list[bytes | None] = [None] * strips

    def changes(self, image: Image.Image) -> list[Window]:
        """Return what differs from what is shown; it counts as shown from now on."""
        windows = []
        for number, shown in enumerate(self._shown):
            wanted = strip_bytes(image, number)
            runs = self._runs(shown, wanted)
            windows += [Window(number, first, last, wanted[first:last]) for first, last in runs]
            self._shown[number] = wanted
        return windows

    def _runs(self, shown: bytes | None, wanted: bytes) -> list[tuple[int, int]]:
        """Return where two strips differ, whole steps, with small gaps closed."""
        if shown is None:
            return [(0, len(wanted))]
        runs: list[tuple[int, int]] = []
        for column in range(len(wanted)):
            if shown[column] == wanted[column]:
                continue
            first = column - column % self._step
            last = first + self._step
            if runs and first - runs[-1][1] <= GAP_MAX:
                runs[-1] = (runs[-1][0], last)
            else:
                runs.append((first, last))
        return runs


def strip_bytes(image: Image.Image, number: int) -> bytes:
    """Return a strip of a 1-bit image, a byte for each column."""
    top = number * STRIP_ROWS
    strip = image.crop((0, top, image.width, top + STRIP_ROWS))
    return strip.transpose(Image.Transpose.ROTATE_270).tobytes()
