"""The letters, and the room they take."""

from __future__ import annotations

import string

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firmware.phone.font import HEIGHT, glyph, shortened, width, wrapped
from firmware.phone.grid import PAGE_LINES, ROOM, paged, row_lines

PLAIN = string.ascii_letters + string.digits + string.punctuation
ACCENTED = "äöüßéèêëáàâçñóòôíìîïúùûåøÄÖÜÉÑ"
TEXTS = st.text(max_size=120)


def test_every_printable_character_has_a_picture_of_its_own() -> None:
    pictures = [glyph(character) for character in PLAIN]
    assert len(set(pictures)) == len(PLAIN)
    assert glyph("\x07") not in pictures


@pytest.mark.parametrize("character", ACCENTED.replace("ø", ""))
def test_letters_with_accents_are_drawn(character: str) -> None:
    assert glyph(character) != glyph("\x07")
    assert glyph(character) != glyph(
        character.upper() if character.islower() else character.lower()
    )


@pytest.mark.parametrize("scale", [1, 2])
def test_pictures_are_whole(scale: int) -> None:
    for character in PLAIN + ACCENTED + " …→":
        rows = glyph(character, scale)
        assert len(rows) == HEIGHT * scale
        assert {len(row) for row in rows} == {len(rows[0])}
        assert set("".join(rows)) <= set("#.")


def test_the_large_size_smooths_a_step() -> None:
    assert glyph("/", 2) != tuple(
        "".join(pixel * 2 for pixel in row) for row in glyph("/") for _ in range(2)
    )
    assert glyph("-", 2) == tuple(
        "".join(pixel * 2 for pixel in row) for row in glyph("-") for _ in range(2)
    )


@settings(deadline=None)
@given(TEXTS, st.integers(10, 200))
def test_a_shortened_text_fits(text: str, room: int) -> None:
    short = shortened(text, room)
    assert width(short) <= room
    assert short == text or (short.endswith("…") and text.startswith(short[:-1]))


@settings(deadline=None)
@given(TEXTS, st.integers(20, 200), st.integers(1, 4))
def test_wrapped_lines_fit_and_lose_nothing_but_the_end(text: str, room: int, rows: int) -> None:
    lines = wrapped(text, room, rows)
    assert len(lines) <= rows
    assert all(width(line) <= room for line in lines)
    kept = "".join("".join(lines).split())
    whole = "".join(text.split())
    assert kept == whole or (kept.endswith("…") and whole.startswith(kept[:-1]))


@settings(deadline=None, max_examples=50)
@given(st.lists(st.tuples(st.text(st.sampled_from("abc i"), max_size=12), TEXTS), max_size=12))
def test_pages_hold_every_fact_once_and_no_more_than_fit(facts: list[tuple[str, str]]) -> None:
    pages = paged(tuple(facts))
    assert [fact for page in pages for fact in page] == facts
    for page in pages:
        facts_lines = [row_lines(*fact) for fact in page]
        assert 1 <= sum(map(len, facts_lines)) <= PAGE_LINES
        for *whole, (label, text) in facts_lines:
            assert all(width(before) + width(after) <= ROOM for before, after in whole)
            assert not label or width(label) + width(text) <= ROOM, "only what has no label moves"


def test_no_line_begins_with_a_colon_though_a_blank_stands_before_it() -> None:
    room = width("une carte son")
    assert wrapped("une carte son : rien", room, 3) == ["une carte", "son : rien"]
    assert wrapped("une carte son", room, 3) == ["une carte son"]
