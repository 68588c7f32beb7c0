"""Concealment by repeating the waveform: what is heard in place of a lost G.711 or G.722 frame.

Theory of operation
-------------------
In the spirit of G.711 Appendix I. The last frames are kept. When a frame is missing, the period
of the voice is found in them and the last period is played again and again, seamlessly: its end
is blended with what stood before its beginning. It fades from the start and has gone after 60 ms:
a long hole is silence, not a frozen vowel.

Two joins remain. Into the hole: the first repeated sample is lifted to where the last real one
left off, and sinks to its own place within a quarter of a period. Out of it: the repetition goes
on underneath the first real frame and is faded out over 1 to 10 ms, longer after a longer hole.

Two things of the appendix were measured (`pesq`, 1-10 % loss) and left out. It repeats two and
three periods after 10 and 20 ms, against buzzing; with the fade from the start one period scores
higher. And it delays all sound by 3.75 ms so as to blend into the hole as well; a phone whose aim
is mouth-to-ear delay does without.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

import numpy as np

from firmware.media.pitch import LAG_MAX_MS, LAG_MIN_MS, best_match, is_silent

if TYPE_CHECKING:
    from firmware.media.interfaces import Samples
    from firmware.media.pitch import Signal

TEMPLATE_MS = 10.0
"""How much of the end is looked for further back."""

GONE_MS = 60.0
"""A repetition fades in a straight line, to nothing after so long."""

JOIN_MS, JOIN_MAX_MS = 1.0, 10.0
JOIN_SHARE = 0.25
"""The fade back to what comes: a quarter of the hole, within these bounds."""


class Concealer:
    """Remembers what was heard; goes on from there when nothing comes."""

    def __init__(self, rate: int) -> None:
        self._rate = rate
        self._per_ms = rate // 1000
        self._gone = int(GONE_MS * self._per_ms)
        self._past_samples = int((2 * LAG_MAX_MS + TEMPLATE_MS) * self._per_ms)
        self._recent: deque[Samples] = deque((np.zeros(self._past_samples, np.int16),))
        self._recent_samples = self._past_samples
        self._loop = np.zeros(0, np.float32)
        self._lift = np.zeros(0, np.float32)
        self._missing = 0  # Samples of this hole so far; 0: no hole.

    def heard(self, samples: Samples) -> Samples:
        """Take a frame that came, join it to a hole before it, and return it."""
        if self._missing:
            samples = self._rejoin(samples)
            self._missing = 0
        self._remember(samples)
        return samples

    def conceal(self, samples: int) -> Samples:
        """Return so many samples in place of those that did not come."""
        made = _as_samples(self._repeat(samples))
        self._remember(made)
        return made

    def _remember(self, samples: Samples) -> None:
        self._recent.append(samples)
        self._recent_samples += len(samples)
        while self._recent_samples - len(self._recent[0]) >= self._past_samples:
            self._recent_samples -= len(self._recent.popleft())

    def _repeat(self, samples: int) -> Signal:
        """Return the next samples of the repetition."""
        if not self._missing:
            self._begin()
        first = self._missing
        if first >= self._gone:
            return np.zeros(samples, np.float32)
        self._missing += samples
        made = self._loop.take(np.arange(first, self._missing) % len(self._loop))
        made *= self._loudness(first, samples)
        lift = self._lift[first : self._missing]
        made[: len(lift)] += lift
        return made

    def _begin(self) -> None:
        """Find the period of the voice at the hole's edge, and make a loop of it."""
        past = np.concatenate(self._recent).astype(np.float32)
        lag = self._period(past)
        blend = lag // 4
        step = past[-1] - past[-lag - 1]
        self._lift = step * np.linspace(1, 0, blend, dtype=np.float32)
        self._loop = past[-lag:]
        self._loop[-blend:] = mixed(self._loop[-blend:], past[-lag - blend : -lag])

    def _period(self, past: Signal) -> int:
        shortest, longest = int(LAG_MIN_MS * self._per_ms), int(LAG_MAX_MS * self._per_ms)
        size = int(TEMPLATE_MS * self._per_ms)
        template = past[-size:]
        if is_silent(template):
            return longest
        sound = past[-size - longest : len(past) - shortest]
        return longest - best_match(sound, template, self._rate)[0]

    def _loudness(self, first: int, samples: int) -> Signal:
        moments = np.arange(first, first + samples, dtype=np.float32)
        loudness: Signal = np.maximum(1 - moments / np.float32(self._gone), 0)
        return loudness

    def _rejoin(self, samples: Samples) -> Samples:
        hole_ms = self._missing / self._per_ms
        join_ms = min(max(hole_ms * JOIN_SHARE, JOIN_MS), JOIN_MAX_MS)
        size = min(int(join_ms * self._per_ms), len(samples))
        joined = samples.copy()
        under = self._repeat(size)
        joined[:size] = _as_samples(mixed(under, samples[:size].astype(np.float32)))
        return joined


def mixed(first: Signal, second: Signal) -> Signal:
    """Return one sound fading into another of the same length."""
    rising = np.linspace(0, 1, len(first), endpoint=False, dtype=np.float32)
    return first + (second - first) * rising


def _as_samples(sound: Signal) -> Samples:
    return np.rint(sound).clip(-32768, 32767).astype(np.int16)
