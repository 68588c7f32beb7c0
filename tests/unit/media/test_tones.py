"""Tones: the table, the cadence to the sample, the frequencies, and no clicks."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.kinds import ToneSet
from firmware.media.tone_table import TONE_SETS, ToneKind
from firmware.media.tones import RAMP_MS, Tone, ToneGenerator, tone_of
from tests.unit.media.sounds import Samples, largest_step, level

RATES = (8000, 16000, 48000)
EVERY = [(country, kind) for country in TONE_SETS for kind in ToneKind]


def made(tone: Tone, rate: int, seconds: float, frame: int = 0) -> Samples:
    generator = ToneGenerator(tone, rate)
    frame = frame or rate // 50
    return np.concatenate([generator.frame(frame) for _ in range(int(seconds * rate / frame))])


def sounding(samples: Samples) -> list[tuple[int, int]]:
    """Return where sound begins and ends: a sine's own noughts are shorter than a millisecond."""
    loud = np.flatnonzero(samples)
    if not len(loud):
        return []
    breaks = np.flatnonzero(np.diff(loud) > 40)
    starts, ends = [0, *(breaks + 1)], [*breaks, len(loud) - 1]
    return [(int(loud[a]), int(loud[b]) + 1) for a, b in zip(starts, ends, strict=True)]


def strongest(samples: Samples, rate: int, count: int) -> list[float]:
    """Return the frequencies of the strongest peaks, sorted."""
    spectrum = np.abs(np.fft.rfft(samples * np.blackman(len(samples)), 1 << 18))
    found = []
    for _ in range(count):
        peak = int(spectrum.argmax())
        found.append(peak * rate / (1 << 18))
        width = int(8 / rate * (1 << 18))
        spectrum[max(peak - width, 0) : peak + width] = 0
    return sorted(found)


def test_the_table_has_the_countries_and_every_kind() -> None:
    assert {"US", "UK", "Germany", "France", "Spain", "Netherlands", "Italy"} <= set(TONE_SETS)
    assert {"Australia", "Austria", "Switzerland", "Europe"} <= set(TONE_SETS)
    for tones in TONE_SETS.values():
        assert set(tones) == set(ToneKind)


def test_the_parameter_knows_the_same_countries() -> None:
    assert set(ToneSet.names.values()) == set(TONE_SETS)


@pytest.mark.parametrize(("country", "kind"), EVERY)
def test_every_tone_is_loud_has_no_click_and_uses_the_band(country: str, kind: ToneKind) -> None:
    tone = tone_of(country, kind)
    for section in (*tone.once, *tone.repeated):
        assert all(300 < frequency.hertz < 3000 for frequency in section.frequencies)
        assert section.duration_ms is None or section.duration_ms > 2 * RAMP_MS
    samples = made(tone, 8000, 4)
    assert level(samples) > -45
    components = max(len(section.frequencies) for section in (*tone.once, *tone.repeated))
    highest = max(f.hertz for s in (*tone.once, *tone.repeated) for f in s.frequencies)
    step = 2 * np.pi * highest / 8000 * 5830 * components
    assert largest_step(samples) <= step


@pytest.mark.parametrize(
    ("country", "kind", "hertz"),
    [
        ("US", ToneKind.DIAL, [350, 440]),
        ("US", ToneKind.BUSY, [480, 620]),
        ("UK", ToneKind.RINGBACK, [400, 450]),
        ("Germany", ToneKind.DIAL, [425]),
        ("France", ToneKind.DIAL, [440]),
        ("Austria", ToneKind.RINGBACK, [420]),
        ("Australia", ToneKind.DIAL, [413, 438]),
    ],
)
@pytest.mark.parametrize("rate", RATES)
def test_frequencies(country: str, kind: ToneKind, hertz: list[float], rate: int) -> None:
    samples = made(tone_of(country, kind), rate, 0.36)
    assert strongest(samples, rate, len(hertz)) == pytest.approx(hertz, abs=1.5)


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("frame_ms", [5, 20, 60])
def test_the_cadence_is_exact_to_the_sample(rate: int, frame_ms: int) -> None:
    tone = tone_of("UK", ToneKind.RINGBACK)  # 400 on, 200 off, 400 on, 2000 off.
    samples = made(tone, rate, 6.3, rate * frame_ms // 1000)
    per_ms = rate // 1000
    expected = [(start * per_ms, (start + 400) * per_ms) for start in (0, 600, 3000, 3600, 6000)]
    for (begin, end), (first, last) in zip(sounding(samples), expected, strict=False):
        assert 0 <= begin - first <= per_ms  # The ramp begins at nought.
        assert 0 <= last - end <= per_ms or last > len(samples)
    for (_, end), (begin, _) in pairwise(expected):
        assert not samples[end:begin].any()


def test_frames_of_any_size_are_one_sound() -> None:
    tone = tone_of("Italy", ToneKind.STUTTER)
    assert np.array_equal(made(tone, 8000, 2, 160), made(tone, 8000, 2, 80))


def test_a_change_of_frequency_does_not_click() -> None:
    samples = made(tone_of("Italy", ToneKind.STUTTER), 48000, 2)
    assert largest_step(samples) < 1.05 * 2 * np.pi * 470 / 48000 * 5827


def test_a_continuous_tone_is_one_sine_for_an_hour() -> None:
    generator = ToneGenerator(tone_of("Germany", ToneKind.DIAL), 8000)
    first = [generator.frame(8000) for _ in range(10)][1]
    generator._count = 8000 * 3600
    assert np.array_equal(generator.frame(8000), first)  # 425 whole periods a second.


def test_a_tone_that_is_played_once_ends() -> None:
    generator = ToneGenerator(tone_of("Germany", ToneKind.CONFIRMATION), 8000)
    samples = np.concatenate([generator.frame(160) for _ in range(50)])
    assert generator.is_over
    assert len(sounding(samples)) == 3
    assert not samples[500 * 8 :].any()


def test_stutter_goes_on_as_dial_tone() -> None:
    samples = made(tone_of("US", ToneKind.STUTTER), 8000, 4)
    spells = sounding(samples)
    assert len(spells) == 11
    assert spells[-1][0] == pytest.approx(16000, abs=8)
    assert spells[-1][1] == len(samples)


@given(st.sampled_from(EVERY), st.lists(st.integers(1, 3000), max_size=20))
def test_any_frames_give_so_many_samples(which: tuple[str, ToneKind], sizes: list[int]) -> None:
    generator = ToneGenerator(tone_of(*which), 8000)
    assert [len(generator.frame(size)) for size in sizes] == sizes
