"""Comfort noise: the payload, its level and shape, and who speaks."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware.media.comfort_noise import (
    LEVEL_MAX,
    ORDER,
    ORDER_MAX,
    Background,
    NoiseGenerator,
    SilenceSuppressor,
    describe,
)
from tests.unit.media.sounds import Samples, frames, level, noise, speech


def generated(background: Background, rate: int, seconds: float = 3) -> Samples:
    generator = NoiseGenerator(rate)
    generator.describe(background)
    return np.concatenate([generator.frame(rate // 50) for _ in range(int(seconds * 50))])


def bands(sound: Samples, rate: int) -> list[float]:
    """Return the power of four bands of the telephone's width, in dB of the whole."""
    spectrum = np.abs(np.fft.rfft(sound)) ** 2
    frequencies = np.fft.rfftfreq(len(sound), 1 / rate)
    edges = (0, 1000, 2000, 3000, 4000)
    whole = spectrum.sum()
    return [
        float(10 * np.log10(spectrum[(frequencies >= a) & (frequencies < b)].sum() / whole))
        for a, b in pairwise(edges)
    ]


@given(st.integers(0, LEVEL_MAX), st.lists(st.integers(0, 254), max_size=ORDER_MAX))
def test_a_description_is_what_was_written(level_: int, codes: list[int]) -> None:
    payload = bytes((level_, *codes))
    background = Background.parse(payload)
    assert background is not None
    assert bytes(background) == payload
    assert all(abs(k) < 1.008 for k in background.reflections)


@given(st.binary(max_size=40))
def test_any_bytes_give_noise_that_is_not_too_loud(payload: bytes) -> None:
    background = Background.parse(payload)
    assert (background is None) == (not payload)
    if background is not None:
        made = generated(background, 8000, 0.2)
        assert made.dtype == np.int16


@pytest.mark.parametrize("rate", [8000, 16000])
@pytest.mark.parametrize("level_", [20, 40, 60])
def test_the_level_is_what_is_told(rate: int, level_: int) -> None:
    assert level(generated(Background(level_), rate)) == pytest.approx(-level_, abs=0.6)
    shaped = Background(level_, (-0.9, 0.4, 0.2))
    assert level(generated(shaped, rate)) == pytest.approx(-level_, abs=0.6)


def test_the_shape_survives_the_description() -> None:
    white = noise(8000, 2, 400).astype(float)
    coloured = np.convolve(white, np.hanning(7), "same").astype(np.int16)
    told = Background.parse(bytes(describe(coloured[:8000])))
    assert told is not None
    assert len(told.reflections) == ORDER
    made = generated(told, 8000)
    assert level(made) == pytest.approx(level(coloured), abs=1)
    assert bands(made, 8000)[:3] == pytest.approx(bands(coloured, 8000)[:3], abs=2)


def test_noise_has_no_seam_and_no_short_rhythm() -> None:
    made = generated(Background(30), 8000, 4).astype(float)
    around = made[8000 - 400 : 8000 + 400]
    assert np.abs(np.diff(around)).max() < 8 * around.std()
    lags = [abs(np.corrcoef(made[:4000], made[lag : lag + 4000])[0, 1]) for lag in (160, 800, 4000)]
    assert max(lags) < 0.1


def decisions(sound: Samples, rate: int = 8000) -> list[bytes | None]:
    suppressor = SilenceSuppressor(0.02)
    return [suppressor.take(frame) for frame in frames(sound, rate // 50)]


def test_voice_is_sent_and_silence_is_described_once_a_second() -> None:
    room = noise(8000, 3, 30)
    said = decisions(room)
    start = 12  # 240 ms
    assert said[: start - 1] == [None] * (start - 1)
    described = [payload for payload in said if payload]
    assert 2 <= len(described) <= 4
    assert said.count(b"") > 100
    told = Background.parse(described[0])
    assert told is not None
    assert told.level == pytest.approx(-level(room), abs=2)


@pytest.mark.parametrize("voice", ["en-gb", "en-us+f3", "de"])
def test_no_word_is_lost_in_a_noisy_room(voice: str) -> None:
    words = speech(8000, "One. Two. Three. Four.", voice).astype(int)
    room = noise(8000, 60, 40)
    sound = (words + room[: len(words)]).clip(-32768, 32767).astype(np.int16)
    lead_in = room[: 8000 * 2]
    said = decisions(np.concatenate((lead_in, sound)))[100:]
    energies = [float(np.mean(frame.astype(float) ** 2)) for frame in frames(words, 160)]
    loud = [number for number, energy in enumerate(energies) if energy > 300**2]
    lost = [number for number in loud if said[number] is not None]
    assert len(lost) <= 0.01 * len(loud)


def test_a_pause_is_not_sent() -> None:
    words, room = speech(8000)[:16000].astype(int), noise(8000, 12, 40)
    sound = room.copy()
    sound[: len(words)] = (words + sound[: len(words)]).clip(-32768, 32767)
    said = decisions(sound)
    assert sum(payload is None for payload in said[200:]) == 0


def test_a_louder_background_is_described_anew_and_then_becomes_the_floor() -> None:
    room = np.concatenate((noise(8000, 3, 30), noise(8000, 20, 80)))
    said = decisions(room)
    assert None in said[150:400]  # Taken for voice at first.
    assert None not in said[-100:]
