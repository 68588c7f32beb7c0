"""Resampling: what passes, what is stopped, and no seam between frames."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware.media.resample import RATES, Resampler, tail
from tests.unit.media.sounds import Samples, frames, level, noise, sine

PAIRS = list(permutations(RATES, 2))


def resampled(samples: Samples, source: int, target: int, frame_ms: int = 20) -> Samples:
    resampler = Resampler(source, target)
    made = [resampler.process(frame) for frame in frames(samples, source * frame_ms // 1000)]
    return np.concatenate(made)


@pytest.mark.parametrize(("source", "target"), PAIRS)
@pytest.mark.parametrize("share", [0.01, 0.25, 0.5, 0.75, 0.85])
def test_the_pass_band_is_flat(source: int, target: int, share: float) -> None:
    frequency = share * min(source, target) / 2
    sound = sine(frequency, source)
    passed = resampled(sound, source, target)[target // 10 :]
    assert abs(level(passed) - level(sound)) < 0.1


@pytest.mark.parametrize(("source", "target"), [pair for pair in PAIRS if pair[0] > pair[1]])
@pytest.mark.parametrize("share", [1.15, 1.25, 1.5, 1.9])
def test_what_would_fold_back_is_stopped(source: int, target: int, share: float) -> None:
    sound = sine(share * target / 2, source)
    assert level(resampled(sound, source, target)[target // 10 :]) < level(sound) - 65


@pytest.mark.parametrize(("source", "target"), [pair for pair in PAIRS if pair[0] < pair[1]])
def test_no_image_appears_above_the_old_band(source: int, target: int) -> None:
    made = resampled(sine(0.7 * source / 2, source), source, target)[target // 10 :]
    spectrum = np.abs(np.fft.rfft(made * np.blackman(len(made))))
    frequencies = np.fft.rfftfreq(len(made), 1 / target)
    above = spectrum[frequencies > 1.15 * source / 2].max()
    assert 20 * np.log10(above / spectrum.max()) < -65


@pytest.mark.parametrize(("source", "target"), PAIRS)
def test_frames_of_any_length_give_the_same_sound(source: int, target: int) -> None:
    sound = noise(source, 0.6)
    short, long = (resampled(sound, source, target, ms).astype(int) for ms in (20, 60))
    # By its size, each processor adds a product of matrices up in its own order: last bits differ.
    assert np.abs(short - long).max() <= 1
    assert np.count_nonzero(short != long) < short.size / 1000


@pytest.mark.parametrize(("source", "target"), PAIRS)
def test_the_delay_is_what_is_stated(source: int, target: int) -> None:
    click = np.zeros(source // 50, np.int16)
    click[0] = 20000
    made = resampled(np.concatenate((click, np.zeros(source // 50, np.int16))), source, target)
    delay_s = float(np.abs(made.astype(int)).argmax()) / target
    assert delay_s == pytest.approx(tail(source, target) / 2 / source, abs=1.5 / min(RATES) / 2)


def test_the_same_rate_is_the_same_sound() -> None:
    sound = noise(8000)
    assert Resampler(8000, 8000).process(sound) is sound


@given(st.binary(min_size=640, max_size=640), st.sampled_from(PAIRS))
def test_full_scale_saturates_and_never_wraps(data: bytes, pair: tuple[int, int]) -> None:
    source, target = pair
    square = np.where(np.frombuffer(data, np.uint8) > 127, 32767, -32768).astype(np.int16)
    block = square[: source // 200]
    if len(block) == source // 200:
        steady = Resampler(source, target)
        high = np.full(source // 50, 32767, np.int16)
        for _ in range(3):
            made = steady.process(high)
        assert made.min() > 32000
        assert len(Resampler(source, target).process(block)) == target // 200
