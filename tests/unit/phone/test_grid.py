"""How facts are shared out over pages."""

from __future__ import annotations

import pytest

from firmware.phone.grid import PAGE_LINES, Fact, paged, paged_blocks

LONG = ("Lamp 202", "tells what cannot be read")
"""A fact of two lines."""


def block(name: str, lines: int) -> tuple[Fact, ...]:
    return tuple((f"{name}{number}", "x") for number in range(lines))


def test_blocks_stand_together_as_long_as_a_page_has_room() -> None:
    one, two, three = block("a", 2), block("b", 2), block("c", 3)
    assert paged_blocks([one, two, three]) == [(*one, *two), three]


@pytest.mark.parametrize("before", [0, 1, PAGE_LINES])
def test_a_block_that_no_page_has_room_for_is_torn_and_no_page_is_empty(before: int) -> None:
    """Found on the German sheet: an account with two lamps that are refused had an empty page."""
    first, long = block("a", before), block("b", PAGE_LINES + 3)
    pages = paged_blocks([first, long] if first else [long])
    assert [fact for page in pages for fact in page] == [*first, *long]
    assert all(0 < len(page) <= PAGE_LINES for page in pages)


def test_a_fact_of_two_lines_is_never_torn() -> None:
    pages = paged((("a", "x"), LONG, LONG, LONG, ("b", "y")))
    assert pages == [(("a", "x"), LONG), (LONG, LONG), (("b", "y"),)]
