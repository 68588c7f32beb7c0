"""Gain, mute, meter, mixing."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware.media.gain import Gain
from firmware.media.mixer import KNEE, limited, mix
from tests.unit.media.sounds import Samples, frames, largest_step, level, noise, sine

FRAMES = st.binary(min_size=320, max_size=320).map(lambda data: np.frombuffer(data, np.int16))


def test_no_gain_touches_nothing() -> None:
    frame = sine(440, 8000, 0.02)
    assert Gain().apply(frame) is frame


@pytest.mark.parametrize("gain_db", [-42, -12, -3, 3, 6])
def test_gain_is_what_it_says(gain_db: float) -> None:
    sound = sine(440, 8000, 1, 8000)
    gain = Gain(gain_db)
    made = np.concatenate([gain.apply(frame) for frame in frames(sound, 160)])
    assert level(made) - level(sound) == pytest.approx(gain_db, abs=0.1)


def test_a_change_does_not_click() -> None:
    sound = sine(310, 8000, 1, 8000)  # No whole periods in a frame.
    gain, made = Gain(), []
    for number, frame in enumerate(frames(sound, 160)):
        if number in {10, 20}:
            gain.set(-6 if number == 10 else 0)
        if number in {30, 41}:
            gain.muted = number == 30
        made.append(gain.apply(frame))
    joined = np.concatenate(made)
    cut = 30 * 160
    assert largest_step(joined[:cut]) <= 1.05 * largest_step(sound)
    assert largest_step(joined[cut:]) <= 1.05 * largest_step(sound)


@given(st.lists(FRAMES, min_size=1, max_size=5), st.integers(-42, 18))
def test_muted_is_exactly_nothing_from_the_first_sample_on(
    sounds: list[Samples], gain_db: int
) -> None:
    gain = Gain(gain_db)
    gain.apply(sounds[0])
    gain.muted = True
    assert not any(gain.apply(sound).any() for sound in sounds)


@given(FRAMES)
def test_too_much_gain_saturates(frame: Samples) -> None:
    gain = Gain(18)
    made = gain.apply(frame)
    assert np.all(np.sign(made) * np.sign(frame) >= 0)
    assert np.all(np.abs(made.astype(int)) >= np.abs(frame.astype(int)) - 1)


def test_each_hears_all_the_others() -> None:
    voices = {name: noise(8000, 0.02, 3000, seed) for seed, name in enumerate("abc")}
    heard = mix(voices)
    for name in voices:
        others = sum(voice.astype(int) for other, voice in voices.items() if other != name)
        assert np.array_equal(heard[name], others)


@given(st.lists(FRAMES, max_size=6))
def test_any_number_of_voices_of_any_loudness(voices: list[Samples]) -> None:
    heard = mix(dict(enumerate(voices)))
    assert set(heard) == set(range(len(voices)))
    for number, made in heard.items():
        exact = sum(
            (voice.astype(int) for other, voice in enumerate(voices) if other != number),
            start=np.zeros(160, int),
        )
        quiet = np.abs(exact) <= KNEE
        loudest = np.abs(exact).max(initial=0)
        assert np.array_equal(made[quiet], exact[quiet]) or loudest > KNEE
        assert np.all(np.sign(made) == np.sign(exact))
        assert np.all(np.abs(made[quiet].astype(int) - exact[quiet]) <= 1)


def test_shouting_is_rounded_off_and_keeps_its_order() -> None:
    sums = np.arange(-200000, 200000, 100, dtype=np.int32)
    made = limited(sums).astype(int)
    assert np.all(np.diff(made) >= 0)
    assert made.min() > -32768
    assert made.max() <= 32767
    assert np.array_equal(made[np.abs(sums) <= KNEE], sums[np.abs(sums) <= KNEE])


def test_two_voices_hear_each_other_unchanged() -> None:
    first, second = noise(8000, 0.02, 2000, 1), noise(8000, 0.02, 2000, 2)
    assert np.array_equal(mix({1: first, 2: second})[1], second)
    assert mix({}) == {}
    assert not mix({1: first})[1].any()
