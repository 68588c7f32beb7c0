"""Tones out of their description: continuous in phase, exact in time, without clicks.

Theory of operation
-------------------
A tone is a list of sections, each a set of frequencies and a duration; some are played once, the
rest for ever. The generator counts samples and nothing else: the phase of a frequency is its
number of periods since the tone began, so frames join without a seam and two sections of one
frequency are one sine. A section's length in samples is exact, since the rates are whole
thousands and durations whole milliseconds.

Where a frequency begins or ends, its first and last 4 ms rise and fall like a cosine: a sine that
is cut off clicks. The ramps lie inside the section, so the cadence stays what the table says.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from firmware.frozen import frozen
from firmware.media.tone_table import TONE_SETS, ToneKind

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from firmware.media.interfaces import Samples

LEVEL_DB = -15.0
"""Of each frequency, below a sine of full scale: -12 dBm0, in E.180's range."""

FULL_SCALE = 32767.0
RAMP_MS = 4


@frozen
class Frequency:
    """One sine of a section."""

    hertz: float
    level_db: float = LEVEL_DB


@frozen
class Section:
    """Frequencies that sound together, none for silence, and for how long; None: for ever."""

    frequencies: tuple[Frequency, ...]
    duration_ms: int | None


@frozen
class Tone:
    """Sections played once, then sections played for ever; it ends where there are none."""

    once: tuple[Section, ...]
    repeated: tuple[Section, ...]

    @classmethod
    def parse(cls, text: str) -> Tone:
        """Return the tone that the table's text describes."""
        first, bar, second = text.partition("|")
        once, repeated = (first, second) if bar else ("", first)
        return cls(_sections(once), _sections(repeated))


def _sections(text: str) -> tuple[Section, ...]:
    return tuple([_section(part) for part in text.split()])


def _section(text: str) -> Section:
    frequencies, _, duration = text.partition("/")
    hertz = [float(part) for part in frequencies.split("+")]
    sounding = tuple([Frequency(value) for value in hertz if value])
    return Section(sounding, int(duration) if duration else None)


@cache
def tone_of(country: str, kind: ToneKind) -> Tone:
    """Return a tone of one of the tone sets."""
    return Tone.parse(TONE_SETS[country][kind])


class ToneGenerator:
    """Plays one tone from its beginning."""

    def __init__(self, tone: Tone, rate: int) -> None:
        self._tone = tone
        self._rate = rate
        self._number = 0  # Of the section, those played once counted first.
        self._place = 0  # Samples of it that were played.
        self._count = 0  # Samples of the tone.
        self._ramp = RAMP_MS * rate // 1000

    @property
    def is_over(self) -> bool:
        """Whether nothing follows."""
        return self._section(self._number) is None

    def frame(self, samples: int) -> Samples:
        """Return the next samples; silence once the tone is over."""
        pieces: list[NDArray[np.float64]] = []
        left = samples
        while left:
            section = self._section(self._number)
            size = left if section is None else self._fitting(section, left)
            pieces.append(self._piece(section, size))
            left -= size
        wave = np.concatenate(pieces)
        return np.rint(wave).clip(-32768, 32767).astype(np.int16)

    def _section(self, number: int) -> Section | None:
        once, repeated = self._tone.once, self._tone.repeated
        if number < len(once):
            return once[number]
        return repeated[(number - len(once)) % len(repeated)] if repeated else None

    def _length(self, section: Section) -> int | None:
        duration = section.duration_ms
        return None if duration is None else duration * self._rate // 1000

    def _fitting(self, section: Section, left: int) -> int:
        length = self._length(section)
        return left if length is None else min(left, length - self._place)

    def _piece(self, section: Section | None, size: int) -> NDArray[np.float64]:
        """Return samples within one section, and go on to the next where it ends."""
        moments = np.arange(self._count, self._count + size)
        wave = np.zeros(size)
        for frequency in section.frequencies if section else ():
            height = FULL_SCALE * 10 ** (frequency.level_db / 20)
            wave += height * np.sin(2 * np.pi * frequency.hertz / self._rate * moments)
        if section is not None and section.frequencies:
            self._shape(wave, section)
        self._count += size
        self._place += size
        if section is not None and self._place == self._length(section):
            self._number, self._place = self._number + 1, 0
        return wave

    def _shape(self, wave: NDArray[np.float64], section: Section) -> None:
        """Let the wave rise and fall where its frequencies begin and end."""
        before = self._section(self._number - 1) if self._number else None
        if self._place < self._ramp and _differ(before, section):
            rising = np.arange(self._place, self._place + len(wave)) / self._ramp
            wave *= _cosine(rising)
        length = self._length(section)
        ends = length is not None and self._place + len(wave) > length - self._ramp
        if length is not None and ends and _differ(self._section(self._number + 1), section):
            left = length - np.arange(self._place + 1, self._place + len(wave) + 1)
            wave *= _cosine(left / self._ramp)


def _differ(other: Section | None, section: Section) -> bool:
    return other is None or other.frequencies != section.frequencies


def _cosine(share: NDArray[np.float64]) -> NDArray[np.float64]:
    shape: NDArray[np.float64] = 0.5 - 0.5 * np.cos(np.pi * np.minimum(share, 1))
    return shape
