"""Comfort noise (RFC 3389): the far end's background while it sends nothing, and ours for it.

Theory of operation
-------------------
A description is one octet of level, 0 to 127 dB below overload, and up to twelve reflection
coefficients, one octet each, for the shape of the spectrum. It comes when somebody stops
speaking, and again when the background changes.

*Receiving.* Noise through an all-pole filter is a recursion, sample by sample, which Python must
not do. So the filter is applied to a second of noise at once, in the frequency domain: the noise
is a circle without a seam, and every frame is a cut out of it. A new description costs one
transform; a frame costs one copy.

*Sending.* A frame's background is described by its energy and by the reflection coefficients of
its autocorrelation (Levinson and Durbin). A description is sent when silence begins, every
second, and when the level has moved by 3 dB.

*Who speaks?* The noise floor follows the quietest of the last frames: down at once, up by 3 dB a
second. Voice is 9 dB over the floor, and for 240 ms after that, so that no word loses its end.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from firmware.frozen import frozen

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from firmware.media.interfaces import Samples

PAYLOAD_TYPE = 13
ORDER_MAX = 12
LEVEL_MAX = 127
SCALE = 258 / 32768  # RFC 3389 3.2: k = 258 (N - 127) / 32768.

ORDER = 8
"""Coefficients that we send: the shape of a room or a fan needs no more."""

OVERLOAD = 32768.0
SILENCE_DB = 96.0


@frozen
class Background:
    """A description of noise: its level in dB below overload, and its shape."""

    level: int
    reflections: tuple[float, ...] = ()

    @classmethod
    def parse(cls, payload: bytes) -> Background | None:
        """Return the description; None where there is none. Coefficients too many are ignored."""
        if not payload:
            return None
        coded = payload[1 : ORDER_MAX + 1]
        return cls(payload[0] & LEVEL_MAX, tuple((code - 127) * SCALE for code in coded))

    def __bytes__(self) -> bytes:
        codes = (min(max(round(k / SCALE) + 127, 0), 254) for k in self.reflections)
        return bytes((self.level, *codes))


class NoiseGenerator:
    """Noise of the last description, frame after frame."""

    def __init__(self, rate: int) -> None:
        self._white = np.fft.rfft(np.random.default_rng(rate).standard_normal(rate))
        self._circle: Samples = np.zeros(2 * rate, np.int16)
        self._rate = rate
        self._place = 0

    def describe(self, background: Background) -> None:
        """Make noise of that level and shape from here on."""
        shaped = np.fft.irfft(self._white / _response(background.reflections, self._rate))
        root = float(np.sqrt(np.mean(np.square(shaped))))
        wanted = OVERLOAD * 10 ** (-background.level / 20)
        circle = np.rint(shaped * (wanted / root)).clip(-32768, 32767).astype(np.int16)
        self._circle = np.concatenate((circle, circle))

    def frame(self, samples: int) -> Samples:
        """Return the next samples; at most a second."""
        made = self._circle[self._place : self._place + samples]
        self._place = (self._place + samples) % self._rate
        return made


def _response(reflections: tuple[float, ...], rate: int) -> NDArray[np.complex128]:
    """Return the prediction filter A at each frequency; voice is noise through 1/A."""
    polynomial = np.ones(1)
    for k in reflections:
        padded = np.append(polynomial, 0.0)
        polynomial = padded + k * padded[::-1]
    response: NDArray[np.complex128] = np.fft.rfft(polynomial, rate)
    return response


def describe(samples: Samples) -> Background:
    """Return the description of a frame of background noise."""
    sound = samples.astype(np.float64)
    energy = float(sound @ sound) / len(sound)
    level = min(round(-_decibels(energy)), LEVEL_MAX)
    windowed = sound * np.hanning(len(sound))
    lags = np.array([windowed[lag:] @ windowed[: len(windowed) - lag] for lag in range(ORDER + 1)])
    return Background(level, _reflections(lags))


def _reflections(lags: NDArray[np.float64]) -> tuple[float, ...]:
    """Return the reflection coefficients of an autocorrelation (Levinson and Durbin)."""
    error = lags[0] * 1.001 + 1e-9  # A little white noise keeps the recursion stable.
    polynomial = np.ones(1)
    found: list[float] = []
    for order in range(1, len(lags)):
        k = -float(polynomial @ lags[order:0:-1]) / error
        padded = np.append(polynomial, 0.0)
        polynomial = padded + k * padded[::-1]
        error *= 1 - k * k
        found.append(k)
    return tuple(found)


def _decibels(energy: float) -> float:
    return float(10 * np.log10(max(energy, 1e-3) / OVERLOAD**2))


VOICE_OVER_FLOOR_DB = 9.0
FLOOR_RISE_DB_S = 3.0
FLOOR_START_DB = -60.0
HANGOVER_S = 0.24
REPEAT_S = 1.0
CHANGED_DB = 3


class SilenceSuppressor:
    """Decides for each frame of the microphone: send it, describe it, or send nothing."""

    def __init__(self, frame_s: float) -> None:
        self._frame_s = frame_s
        self._floor_db = FLOOR_START_DB
        self._quiet_s = 0.0
        self._described: Background | None = None
        self._described_s = 0.0  # Ago.

    def take(self, samples: Samples) -> bytes | None:
        """Return None for voice; a description to send, or b"" where nothing is sent."""
        level_db = _decibels(float(np.vdot(samples.astype(np.float32), samples)) / len(samples))
        rise_db = FLOOR_RISE_DB_S * self._frame_s
        self._floor_db = max(min(level_db, self._floor_db + rise_db), -SILENCE_DB)
        if level_db > self._floor_db + VOICE_OVER_FLOOR_DB:
            self._quiet_s = 0.0
        else:
            self._quiet_s += self._frame_s
        if self._quiet_s < HANGOVER_S:
            self._described = None
            return None
        return self._describe(samples)

    def _describe(self, samples: Samples) -> bytes:
        self._described_s += self._frame_s
        told = self._described
        if told is not None and self._described_s < REPEAT_S:
            energy = float(np.vdot(samples.astype(np.float32), samples)) / len(samples)
            if abs(-_decibels(energy) - told.level) < CHANGED_DB:
                return b""
        self._described, self._described_s = describe(samples), 0.0
        return bytes(self._described)
