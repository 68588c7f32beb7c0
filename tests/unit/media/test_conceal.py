"""Concealment by repetition: joins without a click, the right pitch, and it fades."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firmware.media.conceal import Concealer
from tests.unit.media.sounds import (
    Samples,
    frames,
    largest_step,
    level,
    likeness,
    pitch,
    sine,
    spectral_distance,
    speech,
)

RATES = (8000, 16000)


def heard(sound: Samples, rate: int, lost: set[int]) -> Samples:
    """Return what is heard of a sound when some of its frames of 20 ms are lost."""
    concealer = Concealer(rate)
    size = rate // 50
    return np.concatenate(
        [
            concealer.conceal(size) if number in lost else concealer.heard(frame)
            for number, frame in enumerate(frames(sound, size))
        ]
    )


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("frequency", [100, 203, 440, 777, 1000])
@pytest.mark.parametrize("run", [1, 2, 5])
def test_a_sine_with_holes_has_no_clicks(rate: int, frequency: float, run: int) -> None:
    sound = sine(frequency, rate)
    lost = {number + offset for number in (10, 20, 30) for offset in range(run)}
    made = heard(sound, rate, lost)
    assert len(made) == len(sound)
    assert largest_step(made) < 1.5 * largest_step(sound)
    assert pitch(made, rate) == pytest.approx(frequency, rel=0.02)


@pytest.mark.parametrize("rate", RATES)
def test_one_lost_frame_of_a_vowel_is_nearly_what_it_would_have_been(rate: int) -> None:
    moments = np.arange(rate) / rate
    vowel = sum(4000 / n * np.sin(2 * np.pi * 130 * n * moments) for n in range(1, 9))
    sound = np.asarray(vowel).astype(np.int16)
    made = heard(sound, rate, {20})
    size = rate // 50
    assert likeness(made[20 * size : 21 * size], sound[20 * size : 21 * size]) > 0.9


@pytest.mark.parametrize("rate", RATES)
def test_a_long_hole_fades_to_nothing_within_60_ms(rate: int) -> None:
    made = heard(sine(300, rate), rate, set(range(10, 40)))
    size = rate // 50
    loud = [level(made[number * size : (number + 1) * size]) for number in range(9, 14)]
    assert loud[0] - loud[1] < 3
    assert loud[1] > loud[2] > loud[3] > loud[4]
    assert not made[13 * size : 40 * size].any()
    assert made[40 * size :].any()


@pytest.mark.parametrize("slope", [-6, 6])
@pytest.mark.parametrize("frame", [15, 16])
def test_a_hole_begins_where_the_sound_left_off(slope: int, frame: int) -> None:
    hertz = 207  # At the edge of a frame it stands anywhere, and the last period is elsewhere.
    leaning = (sine(hertz, 8000, 0.4, 2000) + (np.arange(3200) - 1600) * slope).astype(np.int16)
    made = heard(leaning, 8000, {frame})
    edge = slice(frame * 160 - 1, frame * 160 + 10)
    away = np.abs(made[edge].astype(int) - leaning[edge])
    assert away[1] < 30, "the first sample that is made up follows the last real one"
    assert largest_step(made[edge]) < 1.3 * largest_step(leaning)


def test_an_hour_of_nothing_is_cheap_and_silent() -> None:
    concealer = Concealer(8000)
    concealer.heard(sine(300, 8000, 0.02))
    for _ in range(10):
        concealer.conceal(160)
    assert not concealer.conceal(8000 * 3600).any()
    assert concealer._missing == 480  # It counts no further than the fade.


def test_nothing_was_heard_yet() -> None:
    concealer = Concealer(8000)
    assert not concealer.conceal(160).any()
    assert len(concealer.heard(np.ones(160, np.int16))) == 160


def test_speech_with_holes_is_better_than_speech_with_silence() -> None:
    sound = speech(8000)
    count = len(sound) // 160
    lost = {int(number) for number in np.random.default_rng(1).integers(0, count, count // 10)}
    made = heard(sound, 8000, lost)
    silent = np.concatenate(
        [frame * np.int16(number not in lost) for number, frame in enumerate(frames(sound, 160))]
    )
    whole = sound[: len(made)]
    distance = spectral_distance(made, whole, 8000)
    assert distance < 0.8 * spectral_distance(silent, whole, 8000)


@settings(max_examples=50)
@given(st.lists(st.integers(1, 480), max_size=20), st.integers(0, 2**32 - 1))
def test_any_pattern_of_sizes_and_losses_gives_that_many_samples(
    sizes: list[int], seed: int
) -> None:
    random = np.random.default_rng(seed)
    concealer = Concealer(8000)
    for size in sizes:
        if random.random() < 0.5:
            assert len(concealer.conceal(size)) == size
        else:
            frame = random.integers(-32768, 32768, size).astype(np.int16)
            assert len(concealer.heard(frame)) == size
