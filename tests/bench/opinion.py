"""The opinion of PESQ (ITU-T P.862) of speech that arrived: 1 is bad, 4.5 is as it was said."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from firmware.media.resample import Resampler
from tests.unit.media.sounds import frames

if TYPE_CHECKING:
    from firmware.media.formats import Codec
    from tests.unit.media.sounds import Samples

NARROW, WIDE = 8000, 16000
"""What PESQ knows; it hears wide-band speech as most of what Opus carries."""


def score(of: Codec, said: Samples, heard: Samples) -> float:
    """Return the score of what a codec carried; half a second of delay is none."""
    from pesq import pesq

    rate = min(of.sample_rate, WIDE)
    original, arrived = (_at(part, of.sample_rate, rate) for part in (said, heard))
    mode = "nb" if rate == NARROW else "wb"
    return float(pesq(rate, original, arrived[: len(original) + rate // 2], mode))


def _at(sound: Samples, source: int, target: int) -> Samples:
    resampler = Resampler(source, target)
    return np.concatenate([resampler.process(part) for part in frames(sound, source // 50)])
