"""Mixing: several people hear each other; nobody hears himself.

For n inputs the sum is made once, and each output is the sum less the own input: n + 1 passes, not
n squared. The sum of 16-bit samples needs more bits, so it is made of 32. Where people shout at
the same time the sum exceeds 16 bits; above three quarters of full scale it is bent, so that the
loudest moment is rounded off and not cut.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import TYPE_CHECKING, TypeVar

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from firmware.media.interfaces import Samples

Key = TypeVar("Key", bound=Hashable)

KNEE = 24576
ROOM = 32767 - KNEE


def mix(inputs: Mapping[Key, Samples]) -> dict[Key, Samples]:
    """Return what each hears: all the others. The frames are of one length and rate."""
    if not inputs:
        return {}
    voices = np.stack(list(inputs.values())).astype(np.int32)
    others = voices.sum(axis=0) - voices
    return dict(zip(inputs, limited(others), strict=True))


def limited(sums: NDArray[np.int32]) -> Samples:
    """Return sums as samples: unchanged up to the knee, above it bent towards full scale."""
    height = np.abs(sums)
    if height.max(initial=0) > KNEE:
        over = np.maximum(height - KNEE, 0)
        bent = np.minimum(height, KNEE) + ROOM * over / (over + ROOM)
        sums = np.copysign(bent, sums)
    return sums.astype(np.int16)
