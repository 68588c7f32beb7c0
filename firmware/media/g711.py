"""G.711: PCMU and PCMA as two look-ups in tables.

Theory of operation
-------------------
G.711 is a table: each of the 65536 values of a sample has one code, each of the 256 codes one
value. Both tables of both laws are computed once, with whole-array arithmetic, when this module
is loaded; after that a frame is one `take` each way, whatever it holds.

The arithmetic is that of the ITU's own Software Tool Library (G.191): the magnitude of a negative
sample is its one's complement, so that -1 and 0 share a step as they do in the Recommendation's
tables. PCMU keeps 14 bits of a sample, PCMA 13.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from firmware.media.interfaces import Samples

CLOCK_RATE = 8000

MU_BIAS = 33
MU_MAX = 0x1FFF  # 14 bits of sign and magnitude, with the bias.


def _every_sample() -> NDArray[np.int64]:
    """Return all values of a sample in the order of their bits: 0 to 32767, -32768 to -1."""
    return np.arange(65536).astype(np.uint16).view(np.int16).astype(np.int64)


def _segment(magnitude: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return how many bits each magnitude has."""
    return np.frexp(magnitude.astype(np.float64))[1].astype(np.int64)


def _signed(code: NDArray[np.int64], sample: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the codes with the sign of their samples: the top bit says "not negative"."""
    signed: NDArray[np.int64] = np.where(sample < 0, code, code | 0x80)
    return signed


def _mu_codes() -> NDArray[np.uint8]:
    sample = _every_sample()
    magnitude = np.minimum((np.where(sample < 0, ~sample, sample) >> 2) + MU_BIAS, MU_MAX)
    segment = _segment(magnitude) - 5  # 1 to 8: the bias makes 33 the least.
    code = ((8 - segment) << 4) | (15 - ((magnitude >> segment) & 15))
    return _signed(code, sample).astype(np.uint8)


def _mu_samples() -> NDArray[np.int16]:
    code = np.arange(256)
    segment, step = (~code >> 4) & 7, ~code & 15
    magnitude = (((2 * step + MU_BIAS) << segment) - MU_BIAS) << 2
    return np.where(code < 0x80, -magnitude, magnitude).astype(np.int16)


def _a_codes() -> NDArray[np.uint8]:
    sample = _every_sample()
    magnitude = np.where(sample < 0, ~sample, sample) >> 4
    segment = np.maximum(_segment(magnitude) - 4, 0)  # 0 and 1 share one step size.
    code = (segment << 4) | ((magnitude >> np.maximum(segment - 1, 0)) & 15)
    return (_signed(code, sample) ^ 0x55).astype(np.uint8)


def _a_samples() -> NDArray[np.int16]:
    code = np.arange(256) ^ 0x55
    segment, step = (code >> 4) & 7, code & 15
    first = (step << 4) + 8
    magnitude = np.where(segment == 0, first, (first + 0x100) << np.maximum(segment - 1, 0))
    return np.where(code < 0x80, -magnitude, magnitude).astype(np.int16)


class Law:
    """One of the two laws: its tables, and a frame each way."""

    def __init__(
        self, name: str, payload_type: int, codes: NDArray[np.uint8], samples: NDArray[np.int16]
    ) -> None:
        self.name = name
        self.payload_type = payload_type
        self._codes, self._samples = codes, samples

    def compress(self, samples: Samples) -> bytes:
        """Return one code for each sample."""
        return self._codes.take(samples.view(np.uint16)).tobytes()

    def expand(self, payload: bytes) -> Samples:
        """Return one sample for each code."""
        return self._samples.take(np.frombuffer(payload, np.uint8))


PCMU = Law("PCMU", 0, _mu_codes(), _mu_samples())
PCMA = Law("PCMA", 8, _a_codes(), _a_samples())
LAWS = {law.name: law for law in (PCMU, PCMA)}
