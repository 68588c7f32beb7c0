"""G.711 against the Recommendation's definition, computed another way, and against sox."""

from __future__ import annotations

import subprocess
from bisect import bisect_right

import numpy as np
import pytest

from firmware.media.g711 import PCMA, PCMU, Law

EVERY_SAMPLE = np.arange(-32768, 32768).astype(np.int16)
EVERY_CODE = bytes(range(256))


def decision_values(law: Law) -> list[int]:
    """Return G.711's decision values, tables 1 and 2, as 16-bit magnitudes: where a step begins."""
    values, value = [0], 0
    for segment in range(8):
        for step in range(16):
            if law is PCMU:
                value += 4 if (segment, step) == (0, 0) else 8 << segment
            else:
                value += 16 << max(segment - 1, 0)
            values.append(value)
    return values[:128]


def expected_code(law: Law, sample: int, decisions: list[int]) -> int:
    """Return the code by looking a sample's magnitude up among the decision values."""
    magnitude = ~sample if sample < 0 else sample
    number = min(bisect_right(decisions, magnitude) - 1, 127)
    positive = 0x80 if sample >= 0 else 0
    return (0xFF ^ number ^ (0x80 ^ positive)) if law is PCMU else (number | positive) ^ 0x55


@pytest.mark.parametrize("law", [PCMU, PCMA], ids=lambda law: law.name)
def test_every_sample_has_the_code_of_its_step(law: Law) -> None:
    decisions = decision_values(law)
    expected = bytes(expected_code(law, int(sample), decisions) for sample in EVERY_SAMPLE)
    assert law.compress(EVERY_SAMPLE) == expected


@pytest.mark.parametrize("law", [PCMU, PCMA], ids=lambda law: law.name)
def test_every_code_is_the_middle_of_its_step(law: Law) -> None:
    decisions = [*decision_values(law), 32636 if law is PCMU else 32768]
    samples = law.expand(EVERY_CODE)
    for code in range(256):
        number = (~code & 0x7F) if law is PCMU else (code ^ 0x55) & 0x7F
        middle = (decisions[number] + decisions[number + 1]) // 2
        if law is PCMU and number == 0:
            middle = 0  # The first step of PCMU is centred on nought.
        assert abs(int(samples[code])) == middle, code


@pytest.mark.parametrize("law", [PCMU, PCMA], ids=lambda law: law.name)
def test_a_code_that_was_expanded_is_the_same_code_again(law: Law) -> None:
    again = bytearray(law.compress(law.expand(EVERY_CODE)))
    if law is PCMU:
        assert again[0x7F] == 0xFF  # Minus nought is nought.
        again[0x7F] = 0x7F
    assert bytes(again) == EVERY_CODE


@pytest.mark.parametrize(("law", "encoding"), [(PCMU, "u-law"), (PCMA, "a-law")], ids=["u", "a"])
def test_sox_expands_every_code_to_the_same_sample(law: Law, encoding: str) -> None:
    sox = ["sox", "-D", "-t", "raw", "-r", "8000", "-c", "1", "-e", encoding, "-b", "8", "-"]
    raw = ["-t", "raw", "-e", "signed", "-b", "16", "-"]
    result = subprocess.run([*sox, *raw], input=EVERY_CODE, capture_output=True, check=True)
    assert np.array_equal(np.frombuffer(result.stdout, np.int16), law.expand(EVERY_CODE))


@pytest.mark.parametrize(("law", "encoding"), [(PCMU, "u-law"), (PCMA, "a-law")], ids=["u", "a"])
def test_sox_agrees_on_the_code_of_every_sample_but_at_the_borders(law: Law, encoding: str) -> None:
    raw = ["sox", "-D", "-t", "raw", "-r", "8000", "-c", "1", "-e", "signed", "-b", "16", "-"]
    out = ["-t", "raw", "-e", encoding, "-b", "8", "-"]
    result = subprocess.run(
        [*raw, *out], input=EVERY_SAMPLE.tobytes(), capture_output=True, check=True
    )
    ours = np.frombuffer(law.compress(EVERY_SAMPLE), np.uint8)
    differs = np.frombuffer(result.stdout, np.uint8) != ours
    distance = np.min(
        np.abs(np.abs(EVERY_SAMPLE[differs, None].astype(int)) - decision_values(law)), axis=1
    )
    # sox rounds to 14 or 13 bits where the Recommendation cuts: half of such a bit at most.
    assert distance.max() <= (2 if law is PCMU else 8)
