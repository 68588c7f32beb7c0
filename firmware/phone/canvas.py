"""A picture to draw on: text, icons, bars, in pixels of the display, one bit each."""

from __future__ import annotations

from functools import cache

from PIL import Image

from firmware.phone.font import Rows, glyph, shortened, width
from firmware.phone.grid import MARGIN, SIZE
from firmware.phone.language import ENGLISH, Language


@cache
def _mask(rows: Rows) -> Image.Image:
    image = Image.new("1", (len(rows[0]), len(rows)))
    image.putdata([255 * (pixel == "#") for row in rows for pixel in row])
    return image


class Canvas:
    """A dark screen, or a part of one; `ink` 1 lights pixels, 0 darkens them."""

    def __init__(self, language: Language = ENGLISH, size: tuple[int, int] = SIZE) -> None:
        self.language = language  # Of the words that are drawn beside those of the screen.
        self.image = Image.new("1", size)
        self.wide = size[0]
        self._first = 0  # Its first column in the image.

    @property
    def room(self) -> int:
        """Columns for text."""
        return self.wide - 2 * MARGIN

    def part(self, first: int, wide: int) -> Canvas:
        """Return a part of it: so many columns from one on."""
        part = Canvas.__new__(Canvas)
        part.language, part.image = self.language, self.image
        part.wide, part._first = wide, self._first + first
        return part

    def icon(self, x: int, y: int, rows: Rows, ink: int = 1) -> None:
        """Draw a picture with its upper left corner at x, y."""
        self.image.paste(ink, (self._first + x, y), _mask(rows))

    def bar(self, x: int, y: int, wide: int, high: int) -> None:
        """Light a block."""
        x += self._first
        self.image.paste(1, (x, y, x + wide, y + high))

    def dots(self, y: int) -> None:
        """Draw a dotted line over the whole width."""
        for x in range(0, self.wide, 2):
            self.image.putpixel((self._first + x, y), 1)

    def text(
        self,
        x: int,
        y: int,
        words: str,
        room: int | None = None,
        scale: int = 1,
        ink: int = 1,
    ) -> int:
        """Write in at most `room` columns, shortened where it must be; return the width."""
        words = shortened(words, self.room if room is None else room, scale)
        at = x
        for character in words:
            rows = glyph(character, scale)
            self.icon(at, y, rows, ink)
            at += len(rows[0]) + scale
        return width(words, scale)

    def text_right(self, y: int, words: str, room: int | None = None, ink: int = 1) -> int:
        """Write so that it ends at the right margin; return the width."""
        words = shortened(words, self.room if room is None else room)
        return self.text(self.wide - MARGIN - width(words), y, words, room, ink=ink)
