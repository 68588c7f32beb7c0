"""Time-scaling: shorter, longer, the same pitch and no clicks."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware.media.stretch import longer, shorter
from tests.unit.media.sounds import Samples, frames, largest_step, noise, pitch, sine, speech

RATES = (8000, 16000, 48000)


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("frequency", [110, 237, 440, 1000, 1730])
@pytest.mark.parametrize("scale", [shorter, longer])
def test_a_sine_stays_a_sine_of_its_pitch(
    rate: int, frequency: float, scale: Callable[[Samples, int], Samples]
) -> None:
    sound = sine(frequency, rate, 1.2)
    made = np.concatenate([scale(frame, rate) for frame in frames(sound, rate * 3 // 100)])
    change = len(made) / len(sound) - 1
    assert (-0.51 < change < -0.05) if scale is shorter else (0.05 < change < 0.51)
    assert largest_step(made) < 1.35 * largest_step(sound)
    assert pitch(made, rate) == pytest.approx(frequency, rel=0.01)


@pytest.mark.parametrize("rate", RATES)
def test_first_and_last_sample_stay(rate: int) -> None:
    sound = sine(200, rate, 0.03)
    for made in (shorter(sound, rate), longer(sound, rate)):
        assert len(made) != len(sound)
        assert made[0] == sound[0]
        assert made[-1] == sound[-1]


def test_noise_is_left_alone() -> None:
    sound = noise(8000, 0.03)
    assert shorter(sound, 8000) is sound
    assert longer(sound, 8000) is sound


@pytest.mark.parametrize("rate", RATES)
def test_silence_may_be_cut_and_lengthened(rate: int) -> None:
    silence = np.zeros(rate * 3 // 100, np.int16)
    assert len(shorter(silence, rate)) == len(silence) // 2
    assert len(longer(silence, rate)) == len(silence) * 3 // 2


@pytest.mark.parametrize("rate", RATES)
def test_most_of_speech_can_be_scaled_and_the_change_is_one_lag(rate: int) -> None:
    pieces = frames(speech(rate), rate * 3 // 100)
    cuts = [len(piece) - len(shorter(piece, rate)) for piece in pieces]
    assert np.mean(np.array(cuts) > 0) > 0.4
    assert max(cuts) <= rate * 15 // 1000


@given(st.integers(0, 600), st.integers(0, 2**32 - 1), st.sampled_from(RATES))
def test_any_sound_of_any_length_gives_samples(size: int, seed: int, rate: int) -> None:
    sound = np.random.default_rng(seed).integers(-32768, 32768, size).astype(np.int16)
    assert len(shorter(sound, rate)) <= size
    assert len(longer(sound, rate)) >= size
