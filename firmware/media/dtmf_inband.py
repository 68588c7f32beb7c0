"""Digits as sound (ITU-T Q.23, Q.24): made for peers without events, and heard from them.

Theory of operation
-------------------
A digit is two sines, one of a low and one of a high group. *Made* with the high one 2 dB louder
(lines swallow the high ones), -9 and -7 dBm0.

*Heard* by Goertzel's sum, which for a whole frame is one product of matrices: the power at the
eight frequencies, and 1 % beside them, in windows of 20 ms, every 10 ms. A window is a hit when

- the two strongest frequencies hold 70 % of all power: voice has more than two frequencies;
- they differ by no more than Q.24's twist, 8 dB low over high or 4 dB high over low, and a little;
- in each group the strongest is 6 dB over the next;
- it is louder than -40 dBm0.

Three hits in a row begin a digit, three misses end it. So 40 ms are always heard, 20 ms never,
and a gap of 20 ms does not make two of one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from firmware.media.dtmf import DigitEnded, DigitStarted
from firmware.media.tones import Frequency, Section, Tone

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from firmware.media.interfaces import Samples

LOW, HIGH = (697, 770, 852, 941), (1209, 1336, 1477, 1633)
KEYS = ("123A", "456B", "789C", "*0#D")

SINE_DBM0 = 3.14
"""A sine of full scale, in dBm0 (G.711)."""

LOW_DB, HIGH_DB = -9 - SINE_DBM0, -7 - SINE_DBM0
PRESS_MS = 100
PAUSE_MS = 100

WINDOW_MS, HOP_MS = 20, 10
OFF = 0.01
SHARE_MIN = 0.7
TWIST_LOW_DB, TWIST_HIGH_DB = 9.0, 6.0
ALONE_DB = 6.0
LEVEL_MIN_DB = -40 - SINE_DBM0
HITS, MISSES = 3, 3
POWER_FULL = 32767.0**2 / 2


def digit_tone(digit: str, duration_ms: int = PRESS_MS) -> Tone:
    """Return a digit and the pause after it as a tone that is played once."""
    row = next(number for number, keys in enumerate(KEYS) if digit in keys)
    low = Frequency(LOW[row], LOW_DB)
    high = Frequency(HIGH[KEYS[row].index(digit)], HIGH_DB)
    return Tone((Section((low, high), duration_ms), Section((), PAUSE_MS)), ())


class DigitDetector:
    """Listens to frames of any length; tells of digits."""

    def __init__(self, rate: int) -> None:
        self._size = rate * WINDOW_MS // 1000
        self._hop = rate * HOP_MS // 1000
        moments = np.arange(self._size) / rate
        hertz = np.outer((*LOW, *HIGH), (1 - OFF, 1, 1 + OFF)).ravel()
        angles = 2 * np.pi * np.outer(moments, hertz)
        self._waves = np.hstack((np.cos(angles), np.sin(angles))).astype(np.float32)
        self._rest: Samples = np.zeros(0, np.int16)
        self._digit = ""  # The one that is pressed.
        self._candidate = ""
        self._hits = self._misses = 0
        self._windows = 0  # That the pressed digit has lasted.

    def take(self, samples: Samples) -> list[DigitStarted | DigitEnded]:
        """Return what begins and ends in these samples."""
        sound = np.concatenate((self._rest, samples))
        count = (len(sound) - self._size) // self._hop + 1
        if count <= 0:
            self._rest = sound
            return []
        starts = np.arange(count)[:, None] * self._hop + np.arange(self._size)
        windows = sound[starts].astype(np.float32)
        self._rest = sound[count * self._hop :]
        sums = windows @ self._waves
        squares = sums * sums
        each = squares[:, :24] + squares[:, 24:]
        powers = each.reshape(-1, 8, 3).max(axis=2) * (2 / self._size**2)
        totals = np.einsum("ij,ij->i", windows, windows) / self._size
        out: list[DigitStarted | DigitEnded] = []
        for power, total in zip(powers, totals, strict=True):
            out += self._window(*heard_digit(power, float(total)))
        return out

    def _window(self, digit: str, volume: int) -> list[DigitStarted | DigitEnded]:
        self._hits = self._hits + 1 if digit == self._candidate else 1
        self._candidate = digit
        if self._digit:
            self._windows += 1
            self._misses = 0 if digit == self._digit else self._misses + 1
        if self._digit and self._misses >= MISSES:
            return [self._end(), *self._begin(volume)]
        return [] if self._digit else [*self._begin(volume)]

    def _begin(self, volume: int) -> list[DigitStarted]:
        if not self._candidate or self._hits < HITS:
            return []
        self._digit, self._windows, self._misses = self._candidate, self._hits, 0
        return [DigitStarted(self._digit, volume)]

    def _end(self) -> DigitEnded:
        ended = DigitEnded(self._digit, (self._windows - MISSES) * HOP_MS)
        self._digit = ""
        return ended


def heard_digit(powers: NDArray[np.float32], total: float) -> tuple[str, int]:
    """Return the digit of one window ("" for none) and its volume in -dBm0."""
    low, high = int(powers[:4].argmax()), int(powers[4:].argmax())
    low_power, high_power = float(powers[low]), float(powers[4 + high])
    both = low_power + high_power
    if both < SHARE_MIN * total or _decibels(both / POWER_FULL) < LEVEL_MIN_DB:
        return "", 0
    twist_db = _decibels(low_power / max(high_power, 1e-9))
    if not -TWIST_HIGH_DB <= twist_db <= TWIST_LOW_DB:
        return "", 0
    next_low, next_high = np.partition(powers[:4], 2)[2], np.partition(powers[4:], 2)[2]
    alone = 10 ** (ALONE_DB / 10)
    if low_power < alone * next_low or high_power < alone * next_high:
        return "", 0
    return KEYS[low][high], round(-_decibels(both / POWER_FULL) - SINE_DBM0)


def _decibels(ratio: float) -> float:
    return float(10 * np.log10(max(ratio, 1e-12)))
