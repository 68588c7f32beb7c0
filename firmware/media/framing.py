"""Frames of one size out of samples that come in any: the card's 20 ms into packets of 10-60 ms."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from firmware.media.interfaces import Samples


class Framer:
    """Holds less than one frame, gives whole ones."""

    def __init__(self, frame_samples: int) -> None:
        self._size = frame_samples
        self._rest: Samples = np.zeros(0, np.int16)

    def take(self, samples: Samples) -> list[Samples]:
        """Return the frames that are complete now, in order."""
        if not len(self._rest) and len(samples) == self._size:
            return [samples]
        held = np.concatenate((self._rest, samples))
        whole = len(held) - len(held) % self._size
        self._rest = held[whole:]
        return [held[start : start + self._size] for start in range(0, whole, self._size)]
