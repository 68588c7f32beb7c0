"""The parts that screens share: the bar at the top, a headline, the link line, soft keys."""

from __future__ import annotations

from collections.abc import Sequence

from firmware.agent.events import Lamp
from firmware.phone import font, icons
from firmware.phone.canvas import Canvas
from firmware.phone.grid import GAP, HEIGHT, MARGIN, PITCH
from firmware.phone.screen import LinkLine, Screen, labels, shown_lamp

# Rows, from the top; a line of text is nine high with what reaches below it.
BAR_HIGH = 11
PAGE_Y = 13
ROW_Y = (34, 44)  # The two rows below a headline.
KEYS_Y = HEIGHT - 9

ICON_ROOM = 8
LINK_ICON_ROOM = 12


def title(
    canvas: Canvas,
    words: str,
    side: str = "",
    icon: font.Rows | None = None,
    marks: Sequence[font.Rows] = (),
) -> None:
    """Draw the bar at the top: a picture, words, more pictures, and what stands at the right."""
    canvas.bar(0, 0, canvas.wide, BAR_HIGH)
    x = MARGIN
    if icon is not None:
        canvas.icon(x, 2, icon, ink=0)
        x += len(icon[0]) + 3
    room = canvas.wide - x - MARGIN
    if side:
        room -= canvas.text_right(2, side, ink=0) + GAP
    for mark in marks:
        room -= len(mark[0])
        canvas.icon(x + room, 2, mark, ink=0)
        room -= GAP
    canvas.moving_text(x, 2, words, room, ink=0)


def soft_key_labels(canvas: Canvas, screen: Screen) -> None:
    """Write what the soft keys do, each on a lit label above its key."""
    left, right = labels(screen, canvas.language)
    if left:
        wide = key_wide(left)
        canvas.bar(0, KEYS_Y, wide, 9)
        canvas.text(3, KEYS_Y + 1, left, ink=0)
    if right:
        _right_label(canvas, right, shown_lamp(screen), key_wide(left))


def _right_label(canvas: Canvas, label: str, lamp: Lamp | None, left: int) -> None:
    """Write it beside its lamp; a word that has no room beside the left one moves."""
    wide = min(key_wide(label, lamp), canvas.wide - left - GAP)
    canvas.bar(canvas.wide - wide, KEYS_Y, wide, 9)
    x = canvas.wide - wide + 3
    if lamp is not None:
        canvas.icon(x, KEYS_Y + 1, icons.LAMP[lamp], ink=0)
        x += len(icons.LAMP[lamp][0]) + GAP
    canvas.moving_text(x, KEYS_Y + 1, label, canvas.wide - 3 - x, ink=0)


def key_wide(label: str, lamp: Lamp | None = None) -> int:
    """Return how wide the lit label above a soft key is, with the lamp in it."""
    mark = len(icons.LAMP[lamp][0]) + GAP if lamp else 0
    return mark + font.width(label) + 6 if label else 0


def link_row(canvas: Canvas, y: int, link: LinkLine) -> None:
    """Write the link in a line: a picture, words, and at the right an age or a countdown."""
    canvas.icon(MARGIN, y, icons.LINK[link.icon])
    room = canvas.room - LINK_ICON_ROOM
    if link.side:
        room -= canvas.text_right(y, link.side) + GAP
    canvas.text(MARGIN + LINK_ICON_ROOM, y, link.text, room)


def headline(canvas: Canvas, text: str) -> None:
    """Write large; what does not fit is written small in up to two rows."""
    if font.width(text, 2) <= canvas.room:
        canvas.text(MARGIN, BAR_HIGH + 3, text, scale=2)
        return
    for number, line in enumerate(font.broken(text, canvas.room, 2)):
        canvas.moving_text(MARGIN, PAGE_Y + number * PITCH, line)
