"""Time-scaling: a stretch of sound made a few milliseconds shorter or longer, at the same pitch.

Theory of operation
-------------------
The jitter buffer must change its depth while somebody talks. To leave out or repeat samples is a
click; to resample changes the pitch. WSOLA does neither: it finds the lag after which the sound
looks most like itself (`pitch.py`) and takes out, or puts in, exactly that lag, by a cross-fade
as long as the lag. A vowel loses or gains one period of the voice.

    shorter:  [a a a a][b b b b] c c ...   ->   [a fades into b] c c ...
    longer:   [a a a a][b b b b] c c ...   ->   [a a a a][b fades into a][b b b b] c c ...

The first sample stays the first and the last stays the last, so the result joins what was played
before it and what comes after. Where nothing is alike (a consonant, two voices) the sound is
returned as it was: there is another frame in 20 ms. Silence may always be cut.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from firmware.media.pitch import LAG_MAX_MS, LAG_MIN_MS, best_match, is_silent

if TYPE_CHECKING:
    from firmware.media.interfaces import Samples
    from firmware.media.pitch import Signal

ALIKE = 0.85
"""How like itself a sound must be to be scaled unheard."""

NEARLY_THE_SAME = 0.97
"""What is asked for where there is no hurry."""

HARDLY_ALIKE = 0.5
"""Enough when the buffer is far too deep: a rough join is better than a second of delay."""


def shorter(
    samples: Samples, rate: int, alike: float = ALIKE, most_ms: float = LAG_MAX_MS
) -> Samples:
    """Return the sound without one lag of 2.5 to `most_ms`; all of it where no lag is alike."""
    sound = samples.astype(np.float32)
    lag = _lag(sound, rate, alike, most_ms)
    if not lag:
        return samples
    joined = _fade(sound[:lag], sound[lag : 2 * lag])
    return np.concatenate((joined, samples[2 * lag :]))


def longer(samples: Samples, rate: int, alike: float = ALIKE) -> Samples:
    """Return the sound with one lag of 2.5 to 15 ms repeated; as it was where none is alike."""
    sound = samples.astype(np.float32)
    lag = _lag(sound, rate, alike, LAG_MAX_MS)
    if not lag:
        return samples
    joined = _fade(sound[lag : 2 * lag], sound[:lag])
    return np.concatenate((samples[:lag], joined, samples[lag:]))


def _lag(sound: Signal, rate: int, alike: float, most_ms: float) -> int:
    """Return after how many samples the sound's beginning comes again, 0 where it does not."""
    longest = min(int(rate * min(most_ms, LAG_MAX_MS) / 1000), len(sound) // 2)
    shortest = int(rate * LAG_MIN_MS / 1000)
    if longest <= shortest:
        return 0
    if is_silent(sound[: 2 * longest]):
        return longest
    lag, found = best_match(sound[shortest : 2 * longest], sound[:longest], rate)
    return lag + shortest if found >= alike else 0


def _fade(first: Signal, second: Signal) -> Samples:
    """Return one sound fading into another of the same length."""
    rising = np.arange(len(first), dtype=np.float32) / len(first)
    return np.rint(first + (second - first) * rising).astype(np.int16)
