"""What the two people say, and how it is known again: tones that tell who spoke, and when.

Each side has sixteen tones of its own; every 60 ms the next one sounds, in an order of about a
second. All of them are orthogonal over a frame of the card, so one product of matrices says whose
tone a frame holds, which of them, and how much of it is something else. A stranger has a tone too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

RATE = 8000
FRAME = 160
SLOT_FRAMES = 3
SLOTS = 16
CYCLE_FRAMES = SLOT_FRAMES * SLOTS
SLOT_S = SLOT_FRAMES * FRAME / RATE
AMPLITUDE = 8000
STRANGE_HZ = 350

ORDER = tuple(slot * 7 % SLOTS for slot in range(SLOTS))
"""Neighbours in time are far from each other in pitch."""


def _frequencies(side: int) -> list[int]:
    return [400 + 200 * tone + 100 * side for tone in ORDER]


def _wave(hertz: float, samples: int) -> NDArray[np.float64]:
    return np.sin(2 * np.pi * hertz * np.arange(samples) / RATE)


def _spoken(side: int) -> tuple[bytes, ...]:
    """Return the frames of one cycle; each slot begins and ends at phase 0."""
    slots = [_wave(hertz, SLOT_FRAMES * FRAME) for hertz in _frequencies(side)]
    samples = (AMPLITUDE * np.concatenate(slots)).astype(np.int16)
    return tuple(samples[at : at + FRAME].tobytes() for at in range(0, len(samples), FRAME))


SPOKEN = (_spoken(0), _spoken(1))
"""What each microphone captures, frame by frame."""

STRANGE = (AMPLITUDE * _wave(STRANGE_HZ, FRAME)).astype(np.int16)

_ALL = [*_frequencies(0), *_frequencies(1), STRANGE_HZ]
_TURNS = 2 * np.pi * np.outer(_ALL, np.arange(FRAME)) / RATE
_PROJECTION = np.concatenate((np.cos(_TURNS), np.sin(_TURNS))).astype(np.float32) * (2 / FRAME)


class Heard(NamedTuple):
    """One frame of an earpiece; shares are of its power."""

    level: float  # Amplitude of a sine of the same power.
    shares: tuple[float, float]  # Of each side's tones.
    strange: float
    slots: tuple[int, int]  # The loudest of each side's, by its place in the order,
    slot_shares: tuple[float, float]  # and its share.


def listen(frame: bytes) -> Heard:
    """Say what a frame holds."""
    samples = np.frombuffer(frame, np.int16).astype(np.float32)
    total = 2 * float(np.dot(samples, samples)) / FRAME
    if total < 1:
        return SILENT
    parts = _PROJECTION @ samples
    half = len(_ALL)
    shares = (parts[:half] ** 2 + parts[half:] ** 2) / total
    sides = shares[:SLOTS], shares[SLOTS : 2 * SLOTS]
    slots = int(sides[0].argmax()), int(sides[1].argmax())
    return Heard(
        total**0.5,
        (float(sides[0].sum()), float(sides[1].sum())),
        float(shares[-1]),
        slots,
        (float(sides[0][slots[0]]), float(sides[1][slots[1]])),
    )


SILENT = Heard(0.0, (0.0, 0.0), 0.0, (0, 0), (0.0, 0.0))
