"""The grid that all pages share: the size of the display, and how facts are laid out in lines."""

from __future__ import annotations

from collections.abc import Iterable

from firmware.phone.font import broken, width

SIZE = (128, 64)
"""Columns and rows of the display, in pixels."""

WIDTH, HEIGHT = SIZE

PAGE_LINES = 4
"""Lines of a page between its title and the soft keys."""

PITCH = 10
"""From the top of a line to that of the next."""

MARGIN = 2
"""Columns kept free at both sides."""

ROOM = WIDTH - 2 * MARGIN
"""Columns for text."""

GAP = 4
"""Columns between two texts in one line."""

INDENT = 8
"""Columns that the lines of a value stand in from their label."""

Fact = tuple[str, str]
"""A label and its value."""


def row_lines(label: str, text: str, room: int = ROOM) -> list[Fact]:
    """Lay out a fact: in one line where both fit, else the value in lines of its own.

    The last of them may have no room, and so may a line without a label: it moves.
    """
    if not label or width(label) + GAP + width(text) <= room:
        return [(label, text)]
    return [(label, ""), *[("", line) for line in broken(text, room - INDENT, PAGE_LINES - 1)]]


def paged(facts: tuple[Fact, ...]) -> list[tuple[Fact, ...]]:
    """Share out facts over pages; none is torn in two."""
    return paged_blocks([(fact,) for fact in facts])


def paged_blocks(blocks: Iterable[tuple[Fact, ...]]) -> list[tuple[Fact, ...]]:
    """Share out blocks of facts over pages; none is torn in two, unless no page has room for it."""
    pages: list[tuple[Fact, ...]] = []
    page: list[Fact] = []
    used = 0
    for part in (part for block in blocks for part in _parts(block)):
        lines = _lines(part)
        if page and used + lines > PAGE_LINES:
            pages.append(tuple(page))
            page, used = [], 0
        page.extend(part)
        used += lines
    return [*pages, tuple(page)] if page else pages


def _parts(block: tuple[Fact, ...]) -> list[tuple[Fact, ...]]:
    """Return a block whole, or each of its facts where it is longer than a page."""
    return [block] if _lines(block) <= PAGE_LINES else [(fact,) for fact in block]


def _lines(block: tuple[Fact, ...]) -> int:
    return sum(len(row_lines(*fact)) for fact in block)
