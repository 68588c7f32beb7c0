"""Loudness: gain in steps of decibels, and mute.

Muted is exact zeros from the first sample on: nothing said after the key was pressed leaves the
phone, not even under a ramp. Every other change, the end of mute too, is a straight line over one
frame, so that it does not click. A gain of 0 dB touches nothing and costs nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from firmware.media.interfaces import Samples

STEP_DB = 3.0
"""Of the volume keys."""


class Gain:
    """One adjustable amplifier."""

    def __init__(self, gain_db: float = 0.0) -> None:
        self.muted = False
        self._wanted = self._factor = _factor(gain_db)  # Where the last frame ended.

    def set(self, gain_db: float) -> None:
        """Be so loud from the next frame on."""
        self._wanted = _factor(gain_db)

    def apply(self, samples: Samples) -> Samples:
        """Return the frame as loud as it shall be."""
        if self.muted:
            self._factor = 0.0
            return np.zeros(len(samples), np.int16)
        before, self._factor = self._factor, self._wanted
        if before == self._factor == 1.0:
            return samples
        loud = samples.astype(np.float32)
        if before == self._factor:
            loud *= np.float32(before)
        else:
            loud *= np.linspace(before, self._factor, len(samples), dtype=np.float32)
        np.rint(loud, out=loud)
        return loud.clip(-32768, 32767, out=loud).astype(np.int16)


def _factor(gain_db: float) -> float:
    return float(10 ** (gain_db / 20))
