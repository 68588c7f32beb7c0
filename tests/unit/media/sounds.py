"""Sounds to test with, and what is measured of them."""

from __future__ import annotations

import subprocess
from functools import cache
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Samples: TypeAlias = NDArray[np.int16]

SENTENCE = (
    "The birch canoe slid on the smooth planks. Glue the sheet to the dark blue background. "
    "It is easy to tell the depth of a well. Four hours of steady work faced us."
)
"""From the Harvard sentences, which are made for the test of telephones."""


def sine(frequency: float, rate: int, seconds: float = 1.0, amplitude: float = 10000) -> Samples:
    moments = np.arange(int(rate * seconds)) / rate
    wave = amplitude * np.sin(2 * np.pi * frequency * moments)
    return np.rint(wave).astype(np.int16)


def noise(rate: int, seconds: float = 1.0, level: float = 3000, seed: int = 7) -> Samples:
    wave = np.random.default_rng(seed).normal(0, level, int(rate * seconds))
    return wave.clip(-32768, 32767).astype(np.int16)


@cache
def speech(rate: int, text: str = SENTENCE, voice: str = "en-gb") -> Samples:
    """Return a sentence as espeak-ng says it."""
    command = f"espeak-ng -v {voice} --stdout '{text}' | sox -t wav - -t raw -r {rate} -c 1 -b 16 "
    result = subprocess.run(
        f"{command} -e signed - gain -n -6", shell=True, capture_output=True, check=True
    )
    samples = np.frombuffer(result.stdout, np.int16)
    samples.flags.writeable = False
    return samples


def frames(samples: Samples, size: int) -> list[Samples]:
    """Cut a sound into whole frames."""
    return [samples[start : start + size] for start in range(0, len(samples) - size + 1, size)]


def level(samples: NDArray[np.generic]) -> float:
    """Return the root mean square in dB of full scale."""
    power = float(np.mean(np.square(samples.astype(float))))
    return float(10 * np.log10(max(power, 1e-9) / 32768**2))


def largest_step(samples: Samples) -> int:
    """Return the largest difference of two neighbours: a click shows here."""
    return int(np.abs(np.diff(samples.astype(int))).max())


def pitch(samples: Samples, rate: int) -> float:
    """Return the frequency of the strongest part of a sound."""
    size = 1 << 18
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples)), size))
    return float(spectrum.argmax() * rate / size)


def likeness(first: Samples, second: Samples) -> float:
    """Return the normalised correlation of two sounds of the same length."""
    a, b = first.astype(float), second.astype(float)
    return float(a @ b / np.sqrt((a @ a) * (b @ b) + 1e-9))


def spectral_distance(made: Samples, original: Samples, rate: int) -> float:
    """Return how far two sounds are apart for an ear, in dB.

    The mean difference of their loudness in 20 bands of equal musical width and windows of 32 ms;
    what is 50 dB below full scale is not heard.
    """
    return float(np.mean(np.abs(_loudness(made, rate) - _loudness(original, rate))))


def _loudness(samples: Samples, rate: int) -> NDArray[np.float64]:
    size = rate * 32 // 1000
    windows = np.lib.stride_tricks.sliding_window_view(samples.astype(float), size)[:: size // 2]
    power = np.abs(np.fft.rfft(windows * np.hanning(size))) ** 2
    frequencies = np.fft.rfftfreq(size, 1 / rate)
    edges = np.geomspace(100, min(rate / 2, 7000), 21)
    masks = (frequencies >= edges[:-1, None]) & (frequencies < edges[1:, None])
    used = masks.any(axis=1)
    bands = power @ masks[used].T.astype(float) / (size * 32768 / 4) ** 2
    decibels: NDArray[np.float64] = 10 * np.log10(np.maximum(bands, 1e-5))
    return decibels
