"""A QR code on the glass: dark on a lit block of its whole height, between the soft keys.

A module is two pixels wide where that has room, as it has for the address of a web page: with
IPv4 25 modules, with IPv6 29. A phone's camera wants two modules of light around it at least. What
the code says stands beside it on a wide display.
"""

from __future__ import annotations

from firmware.phone import font
from firmware.phone.canvas import Canvas
from firmware.phone.draw_parts import key_wide
from firmware.phone.grid import GAP, HEIGHT, MARGIN, PITCH, WIDTH
from firmware.phone.screen import PageScreen, labels

LIGHT = 4
"""Pixels of light around the code, at least."""


def draw_code(canvas: Canvas, screen: PageScreen) -> None:
    """Draw the code of a page, its title at the left of it, its number at the right."""
    import segno  # noqa: PLC0415 (nobody waits for it but this page)

    matrix = segno.make(screen.code, error="l", micro=False).matrix
    scale = 2 if 2 * len(matrix) + LIGHT <= HEIGHT else 1
    side = scale * len(matrix)
    left, right = (key_wide(label) for label in labels(screen, canvas.language))
    x = max((WIDTH + left - right - side) // 2, left + LIGHT)
    y = (HEIGHT - side) // 2
    canvas.bar(x - LIGHT, 0, side + 2 * LIGHT, HEIGHT)
    for row, modules in enumerate(matrix):
        for column, is_dark in enumerate(modules):
            if is_dark:
                canvas.dark(x + scale * column, y + scale * row, scale)
    canvas.text(MARGIN, 2, screen.title, x - LIGHT - GAP)
    canvas.text_right(2, f"{screen.page}/{screen.pages}")
    beside = x + side + LIGHT + GAP
    if canvas.wide > WIDTH:
        for number, line in enumerate(font.broken(screen.code, canvas.wide - beside - MARGIN, 3)):
            canvas.text(beside, 2 + (number + 1) * PITCH, line, canvas.wide - beside - MARGIN)
