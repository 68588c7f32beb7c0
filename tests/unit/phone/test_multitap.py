"""Text on digit keys."""

from __future__ import annotations

from random import Random

import pytest

from firmware.phone.font import glyph
from firmware.phone.multitap import LETTER_S, LETTERS, Case, MultiTap

BOX = glyph("\ue000")


def typed(keys: str, case: Case = Case.WORDS, length_max: int = 64) -> MultiTap:
    """Type keys 0.1 s apart; a space is a pause."""
    line, now = MultiTap("", length_max, case), 0.0
    for key in keys:
        now += LETTER_S if key == " " else 0.1
        if key != " ":
            line.press(key, now)
    return line


@pytest.mark.parametrize(
    ("keys", "text"),
    [
        ("22 27778", "Bart"),
        ("2", "A"),
        ("2 2 8", "Aat"),
        ("222222", "Á"),
        ("22203", "C D"),
        ("7777733", "ße"),
        ("2#2", "Aa"),
        ("2##2", "AA"),
        ("###228", "228"),
        ("###*#2", "*a"),
        ("2####2", "Aa"),
        ("1", "."),
        ("*", "+"),
        ("**", "*"),
    ],
)
def test_letters(keys: str, text: str) -> None:
    assert typed(keys).text == text


def test_a_letter_counts_after_a_second() -> None:
    line = MultiTap("", 10)
    line.press("2", 0.0)
    assert line.deadline() == LETTER_S
    line.wake(0.9)
    assert line.deadline() == LETTER_S
    line.wake(LETTER_S)
    assert line.deadline() is None
    line.press("2", 1.1)
    assert line.text == "Aa"


def test_what_is_deleted_and_what_has_no_room() -> None:
    line = typed("22 22", length_max=2)
    line.press("3", 9.0)
    assert line.text == "Bb"
    assert line.deadline() is None
    line.delete()
    line.delete()
    line.delete()
    assert line.text == ""
    assert MultiTap("Bert", 10).text == "Bert"


def test_every_letter_of_the_four_languages_can_be_typed_and_drawn() -> None:
    wanted = set("abcdefghijklmnopqrstuvwxyzäöüßàâæçéèêëïîôœùûÿáíñóú0123456789") - {"œ"}
    assert wanted <= set("".join(LETTERS.values()))
    for letter in "".join(LETTERS.values()):
        for form in (letter, letter.upper() if letter != "ß" else letter):
            assert len(form) == 1
            assert glyph(form) != BOX or form in "æÆøØ", form


@pytest.mark.parametrize("seed", range(10))
def test_random_keys_never_grow_a_line_beyond_its_room(seed: int) -> None:
    random, line, now = Random(seed), MultiTap("", 8), 0.0
    for _ in range(500):
        now += random.choice([0.1, 0.1, 2.0])
        if random.random() < 0.1:
            line.delete()
        else:
            line.press(random.choice("1234567890*#"), now)
        assert len(line.text) <= 8
        assert line.deadline() is None or line.deadline() == now + LETTER_S
