"""A bar for work that takes long: a word above it, and as much of it lit as is done.

Where nobody knows how long it takes, the bar is striped, and the stripes move as a text does that
has no room (`scrolling.py`): whoever looks sees that something is done, and nothing is promised.
"""

from __future__ import annotations

from firmware.phone.canvas import Canvas
from firmware.phone.grid import MARGIN, PITCH
from firmware.phone.screen import Progress

HIGH = 7
STRIPE = 8
"""Columns from a stripe to the next."""


def draw_progress(canvas: Canvas, y: int, progress: Progress) -> None:
    """Draw two rows: the word, and the bar below it."""
    canvas.text(MARGIN, y, canvas.language.say(progress.word))
    top, wide = y + PITCH + 1, canvas.room
    canvas.bar(MARGIN, top, wide, 1)
    canvas.bar(MARGIN, top + HIGH - 1, wide, 1)
    canvas.bar(MARGIN, top, 1, HIGH)
    canvas.bar(MARGIN + wide - 1, top, 1, HIGH)
    inner = wide - 4
    if progress.whole:
        canvas.bar(MARGIN + 2, top + 2, inner * progress.done // progress.whole, HIGH - 4)
        return
    moved = canvas.move(progress.word, STRIPE)
    for row in range(HIGH - 4):
        for column in range(inner):
            if (column + row - moved) % STRIPE < STRIPE // 2:
                canvas.bar(MARGIN + 2 + column, top + 2 + row, 1, 1)
