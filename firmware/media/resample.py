"""Between the rate of a codec and the rate of the sound card: 8, 16 and 48 kHz.

Theory of operation
-------------------
A low-pass filter of a windowed sinc, computed once, at half the lower of the two rates. As a
polyphase filter each output sample is a sum over a short window of input samples, with the
weights of its phase. The windows that lie side by side in 1 ms make one block: 1 ms of input and
the filter's tail before it, times one matrix, is 1 ms of output. So a frame is one product of
matrices, which numpy hands to BLAS, and no sample is touched by Python. Longer blocks would make
the matrix longer than what a processor keeps at hand from one frame to the next.

The tail of each frame is kept for the next, so there is no seam at a frame's border.

The window (Kaiser) is 16 samples of the lower rate to each side: 2 ms of delay at 8 kHz, 1 ms at
16 kHz. It passes 0 to 90 % of the lower rate's band within 0.2 dB, and what would fold
back into that it stops by 70 dB.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from firmware.media.interfaces import Samples

RATES = (8000, 16000, 48000)

BLOCKS_A_SECOND = 1000
SIDE = 16
"""Samples of the lower rate that the filter sees to each side."""

LOWEST, HIGHEST = np.float32(-32768), np.float32(32767)

BETA = 7.0
"""Kaiser's parameter: 70 dB."""


@cache
def _matrix(source: int, target: int) -> NDArray[np.float32]:
    """Return the weights of one block: rows of input with its tail, columns of output."""
    low = min(source, target)
    reach = SIDE * source / low  # Input samples to each side of an output sample.
    inputs, outputs = source // BLOCKS_A_SECOND, target // BLOCKS_A_SECOND
    rows = np.arange(inputs + tail(source, target))
    centres = np.arange(outputs) * (source / target) + reach
    distance = rows[:, None] - centres[None, :]
    window = np.kaiser(2001, BETA)
    shape = np.interp(distance / reach, np.linspace(-1, 1, 2001), window, left=0, right=0)
    weights = np.sinc(distance * low / source) * shape
    weights /= weights.sum(axis=0)  # A constant stays what it is in every phase.
    return weights.astype(np.float32)


def tail(source: int, target: int) -> int:
    """Return how many input samples before a block its outputs reach back to."""
    return 2 * SIDE * source // min(source, target)


class Resampler:
    """Sound of one rate into sound of another, frame after frame; 1 ms or multiples of it."""

    def __init__(self, source: int, target: int) -> None:
        assert {source, target} <= set(RATES), (source, target)
        self._same = source == target
        self._weights = _matrix(source, target)
        self._block = source // BLOCKS_A_SECOND
        self._tail = tail(source, target)
        self._line = np.zeros(self._tail, np.float32)  # What came before, then the frame.
        self._make_room(0)

    def process(self, samples: Samples) -> Samples:
        """Return the same sound at the other rate."""
        if self._same:
            return samples
        if len(self._line) != self._tail + len(samples):
            self._make_room(len(samples))
        line, made = self._line, self._made
        line[self._tail :] = samples
        np.copyto(self._blocks, self._windows)
        np.dot(self._blocks, self._weights, out=made)
        line[: self._tail] = line[-self._tail :]
        np.minimum(made, HIGHEST, out=made)
        np.maximum(made, LOWEST, out=made)
        np.rint(made, out=made)
        return made.astype(np.int16).ravel()

    def _make_room(self, samples: int) -> None:
        """Have room for frames of that size, and keep the tail of the last one."""
        assert samples % self._block == 0, samples
        before = self._line[-self._tail :]
        self._line = np.concatenate((before, np.zeros(samples, np.float32)))
        count, width, step = samples // self._block, self._tail + self._block, before.itemsize
        strides = (self._block * step, step)
        self._windows = np.ndarray((count, width), np.float32, self._line, 0, strides)
        self._blocks = np.empty((count, width), np.float32)
        self._made = np.empty((count, self._weights.shape[1]), np.float32)
