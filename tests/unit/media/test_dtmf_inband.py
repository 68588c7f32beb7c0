"""Digits as sound: levels and twist, all of them heard, and no voice taken for one."""

from __future__ import annotations

import numpy as np
import pytest

from firmware.media.dtmf import DIGITS, DigitEnded, DigitStarted
from firmware.media.dtmf_inband import HIGH, LOW, DigitDetector, digit_tone
from firmware.media.g711 import PCMU
from firmware.media.tones import ToneGenerator
from tests.unit.media.sounds import Samples, frames, level, noise, speech

RATES = (8000, 16000, 48000)
EACH_RATE = pytest.mark.parametrize("rate", RATES)


def dialled(digits: str, rate: int, duration_ms: int = 100) -> Samples:
    pieces = [
        ToneGenerator(digit_tone(digit, duration_ms), rate).frame(
            (duration_ms + 100) * rate // 1000
        )
        for digit in digits
    ]
    return np.concatenate((np.zeros(rate // 7, np.int16), *pieces, np.zeros(rate // 10, np.int16)))


def pair(low: float, high: float, rate: int, low_db: float, high_db: float) -> Samples:
    """Return 200 ms of two sines of so many dB of full scale, between silences."""
    moments = np.arange(rate // 5) / rate
    wave = sum(
        32767 * 10 ** (db / 20) * np.sin(2 * np.pi * hertz * moments)
        for hertz, db in ((low, low_db), (high, high_db))
    )
    silence = np.zeros(rate // 10)
    sound: Samples = np.rint(np.concatenate((silence, np.asarray(wave), silence))).astype(np.int16)
    return sound


def heard(sound: Samples, rate: int, frame_ms: int = 20) -> list[DigitStarted | DigitEnded]:
    detector = DigitDetector(rate)
    return [
        event for frame in frames(sound, rate * frame_ms // 1000) for event in detector.take(frame)
    ]


def digits_of(events: list[DigitStarted | DigitEnded]) -> str:
    return "".join(event.digit for event in events if isinstance(event, DigitStarted))


@EACH_RATE
def test_levels_and_twist_of_what_is_made(rate: int) -> None:
    sound = dialled("1", rate, 1000)[rate // 7 + rate // 10 :][: rate // 2]
    moments = np.arange(len(sound)) / rate
    powers = {
        hertz: 2 * abs(np.mean(sound * np.exp(-2j * np.pi * hertz * moments))) ** 2
        for hertz in (697, 1209)
    }
    decibels = {h: 10 * np.log10(p / (32767**2 / 2)) + 3.14 for h, p in powers.items()}
    assert decibels[697] == pytest.approx(-9, abs=0.1)
    assert decibels[1209] == pytest.approx(-7, abs=0.1)


@EACH_RATE
@pytest.mark.parametrize("frame_ms", [10, 20, 60])
def test_every_digit_is_heard_once_with_its_length(rate: int, frame_ms: int) -> None:
    events = heard(dialled(DIGITS, rate), rate, frame_ms)
    assert digits_of(events) == DIGITS
    ended = [event for event in events if isinstance(event, DigitEnded)]
    assert len(ended) == len(DIGITS)
    assert all(abs(event.duration_ms - 100) <= 20 for event in ended)


@EACH_RATE
def test_forty_milliseconds_are_heard_and_twenty_are_not(rate: int) -> None:
    assert digits_of(heard(dialled(DIGITS, rate, 40), rate)) == DIGITS
    assert digits_of(heard(dialled(DIGITS, rate, 20), rate)) == ""


def test_an_interruption_of_ten_milliseconds_is_no_second_digit() -> None:
    sound = dialled("5", 8000, 200)
    sound[8000 // 7 + 800 : 8000 // 7 + 880] = 0
    assert digits_of(heard(sound, 8000)) == "5"


@pytest.mark.parametrize("offset", [-0.015, 0.015])
def test_frequencies_may_be_off_by_one_and_a_half_percent(offset: float) -> None:
    for low in LOW:
        for high in HIGH:
            sound = pair(low * (1 + offset), high * (1 + offset), 8000, -12, -10)
            assert len(digits_of(heard(sound, 8000))) == 1, (low, high)


@pytest.mark.parametrize("offset", [-0.035, 0.035])
def test_frequencies_that_are_off_by_three_and_a_half_percent_are_none(offset: float) -> None:
    for low in LOW:
        for high in HIGH:
            sound = pair(low * (1 + offset), high * (1 + offset), 8000, -12, -10)
            assert digits_of(heard(sound, 8000)) == "", (low, high)


@pytest.mark.parametrize(("low_db", "high_db"), [(-10, -18), (-14, -10), (-3, -3), (-38, -36)])
def test_twist_and_level_within_the_recommendation(low_db: float, high_db: float) -> None:
    assert digits_of(heard(pair(770, 1336, 8000, low_db - 7, high_db - 7), 8000)) == "5"


@pytest.mark.parametrize(("low_db", "high_db"), [(-10, -25), (-25, -10), (-60, -60)])
def test_twist_and_level_beyond_it(low_db: float, high_db: float) -> None:
    assert digits_of(heard(pair(770, 1336, 8000, low_db, high_db), 8000)) == ""


@pytest.mark.parametrize("signal_to_noise_db", [15, 20, 30])
def test_digits_in_noise_are_heard(signal_to_noise_db: float) -> None:
    clean = dialled(DIGITS, 8000).astype(float)
    hiss = noise(8000, len(clean) / 8000, 1000)[: len(clean)]
    wanted_db = -7.0 - signal_to_noise_db  # Both sines together are -7 dB of full scale.
    loud = hiss * 10 ** ((wanted_db - level(hiss)) / 20)
    assert digits_of(heard((clean + loud).astype(np.int16), 8000)) == DIGITS


def test_digits_through_g711_are_heard() -> None:
    assert digits_of(heard(PCMU.expand(PCMU.compress(dialled(DIGITS, 8000))), 8000)) == DIGITS


@pytest.mark.parametrize("voice", ["en-gb", "en-us+f3", "de", "fr+f2", "en+m7", "it+f4"])
def test_nobody_talks_a_digit(voice: str) -> None:
    text = (
        "One two three four five six seven eight nine zero star hash. How are you? "
        "We were away a year ago. The quick brown fox jumps over the lazy dog. Aaah, oooh, eee."
    )
    for rate in (8000, 16000):
        assert digits_of(heard(speech(rate, text, voice), rate)) == ""


def test_noise_and_tones_are_no_digits() -> None:
    assert digits_of(heard(noise(8000, 60, 5000), 8000)) == ""
    assert digits_of(heard(pair(350, 440, 8000, -15, -15), 8000)) == ""
    assert digits_of(heard(pair(480, 620, 8000, -15, -15), 8000)) == ""
    assert digits_of(heard(pair(697, 697, 8000, -15, -15), 8000)) == ""
