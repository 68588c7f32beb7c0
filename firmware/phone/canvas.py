"""A picture to draw on: text, icons, bars, in pixels of the display, one bit each."""

from __future__ import annotations

from functools import cache

from PIL import Image

from firmware.phone.font import HEIGHT, Rows, glyph, shortened, width
from firmware.phone.grid import MARGIN, SIZE
from firmware.phone.language import ENGLISH, Language
from firmware.phone.scrolling import Moving


@cache
def _mask(rows: Rows) -> Image.Image:
    image = Image.new("1", (len(rows[0]), len(rows)))
    image.putdata([255 * (pixel == "#") for row in rows for pixel in row])
    return image


class Motion:
    """How far the text that moves has moved, in columns, and which text that is."""

    def __init__(self, moved: int) -> None:
        self.moved = moved
        self.moving: Moving | None = None


class Canvas:
    """A dark screen, or a part of one; `ink` 1 lights pixels, 0 darkens them."""

    def __init__(
        self, language: Language = ENGLISH, size: tuple[int, int] = SIZE, moved: int = 0
    ) -> None:
        self.language = language  # Of the words that are drawn beside those of the screen.
        self._motion = Motion(moved)
        self.image = Image.new("1", size)
        self.wide = size[0]
        self._first = 0  # Its first column in the image.

    @property
    def moving(self) -> Moving | None:
        """The text on it that moves."""
        return self._motion.moving

    @property
    def room(self) -> int:
        """Columns for text."""
        return self.wide - 2 * MARGIN

    def part(self, first: int, wide: int) -> Canvas:
        """Return a part of it: so many columns from one on."""
        part = Canvas.__new__(Canvas)
        part.language, part.image = self.language, self.image
        part._motion = self._motion
        part.wide, part._first = wide, self._first + first
        return part

    def icon(self, x: int, y: int, rows: Rows, ink: int = 1) -> None:
        """Draw a picture with its upper left corner at x, y."""
        self.image.paste(ink, (self._first + x, y), _mask(rows))

    def bar(self, x: int, y: int, wide: int, high: int) -> None:
        """Light a block."""
        x += self._first
        self.image.paste(1, (x, y, x + wide, y + high))

    def dark(self, x: int, y: int, side: int) -> None:
        """Darken a square."""
        x += self._first
        self.image.paste(0, (x, y, x + side, y + side))

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
        self._letters(self.image, self._first + x, y, words, scale, ink)
        return width(words, scale)

    def text_right(self, y: int, words: str, room: int | None = None, ink: int = 1) -> int:
        """Write so that it ends at the right margin; return the width."""
        words = shortened(words, self.room if room is None else room)
        return self.text(self.wide - MARGIN - width(words), y, words, room, ink=ink)

    def moving_text(self, x: int, y: int, words: str, room: int | None = None, ink: int = 1) -> int:
        """Write a text that moves if it has no room, and if no other does; return the width."""
        room = self.room if room is None else room
        columns = width(words) - room
        if columns > 0 and (moved := self.move(words, columns)):
            window = Image.new("1", (room, HEIGHT))
            self._letters(window, -moved, 0, words)
            self.image.paste(ink, (self._first + x, y), window)
            return room
        return self.text(x, y, words, room, ink=ink)

    def move(self, words: str, columns: int) -> int:
        """Let these words move by up to so many columns, if no others do; return by how many."""
        if self._motion.moving is not None:
            return 0
        self._motion.moving = Moving(words, columns)
        return min(self._motion.moved, columns)

    def moving_right(self, y: int, words: str, room: int, ink: int = 1) -> int:
        """Write so that it ends at the right margin; what has no room moves; return the width."""
        wide = min(width(words), room)
        return self.moving_text(self.wide - MARGIN - wide, y, words, room, ink)

    @staticmethod
    def _letters(
        image: Image.Image, x: int, y: int, words: str, scale: int = 1, ink: int = 1
    ) -> None:
        for character in words:
            rows = glyph(character, scale)
            image.paste(ink, (x, y), _mask(rows))
            x += len(rows[0]) + scale
