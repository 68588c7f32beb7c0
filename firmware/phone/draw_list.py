"""Draw rows to choose from, and a line that is typed."""

from __future__ import annotations

from firmware.phone import font
from firmware.phone.canvas import Canvas
from firmware.phone.grid import GAP, MARGIN, PITCH

TEXT_Y = 14
WRONG_Y = 34

LABEL_SHARE = (2, 5)
"""So much of a row is the text's own, if it needs it, however long what stands right of it is."""


def draw_rows(canvas: Canvas, top: int, rows: tuple[tuple[str, str], ...], chosen: int) -> None:
    """Write rows of a text and what stands right of it; the chosen one on a lit bar."""
    for number, (text, side) in enumerate(rows):
        y, ink = top + number * PITCH, int(number != chosen)
        if not ink:
            canvas.bar(0, y - 1, canvas.wide, 10)
        label = min(font.width(text), canvas.room * LABEL_SHARE[0] // LABEL_SHARE[1])
        needed = min(font.width(side) + GAP if side else 0, canvas.room - label)
        if ink:
            used = canvas.text(MARGIN, y, text, canvas.room - needed)
        else:
            used = canvas.moving_text(MARGIN, y, text, canvas.room - needed, ink)
        if side and ink:
            canvas.text_right(y, side, canvas.room - used - GAP)
        elif side:
            canvas.moving_right(y, side, canvas.room - used - GAP, ink)


def draw_text(canvas: Canvas, text: str, wrong: str) -> None:
    """Write what is typed and a mark at its end, always in sight; below it what is wrong."""
    for number, line in enumerate(_broken(text + "_", canvas.room)[-2:]):
        canvas.text(MARGIN, TEXT_Y + number * PITCH, line)
    for number, line in enumerate(font.broken(wrong, canvas.room, 2)):
        canvas.moving_text(MARGIN, WRONG_Y + number * PITCH, line)


def _broken(text: str, room: int) -> list[str]:
    """Break a text into lines by width alone: nobody wants words to jump while they are typed."""
    lines = [""]
    for character in text:
        if font.width(lines[-1] + character) > room:
            lines.append("")
        lines[-1] += character
    return lines
