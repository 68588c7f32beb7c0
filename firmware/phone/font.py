"""The letters of the screen: one family, drawn here, in three sizes.

A letter is seven rows high above the base line and two below it, as wide as it needs to be. The
large size is the small one with every pixel doubled and its steps smoothed (the Scale2x rule), the
largest, of a clock, is that once more, so the family stays one. Accents are set on letters by rule;
what has no picture is shown as a box.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from functools import cache

NOT_FIRST = frozenset(":;?!»")
"""No line begins with these: in French a blank stands before them."""

Rows = tuple[str, ...]
"""A picture as text: "#" is a lit pixel; all rows are of one length."""

ASCENT = 7
HEIGHT = 9

# Bands of letters: a line that names them, then their rows, nine where one reaches below the line.
_BANDS = r"""
! "   #     $     %     &     ' (  )  *     +     ,  -    . /    0    1   2     3     4
# #.# .#.#. ..#.. ##..# .##.. # .# #. ..... ..... .. .... . ...# .##. .#. .###. ##### ...#.
# #.# .#.#. .#### ##..# #..#. # #. .# ..#.. ..#.. .. .... . ...# #..# ##. #...# ...#. ..##.
# ... ##### #.#.. ...#. #.#.. . #. .# #.#.# ..#.. .. .... . ..#. #..# .#. ....# ..#.. .#.#.
# ... .#.#. .###. ..#.. .#... . #. .# .###. ##### .. #### . ..#. #..# .#. ...#. ...#. #..#.
# ... ##### ..#.# .#... #.#.# . #. .# #.#.# ..#.. .. .... . .#.. #..# .#. ..#.. ....# #####
. ... .#.#. ####. #..## #..#. . #. .# ..#.. ..#.. .# .... . .#.. #..# .#. .#... #...# ...#.
# ... .#.#. ..#.. #..## .##.# . .# #. ..... ..... .# .... # #... .##. ### ##### .###. ...#.
. ... ..... ..... ..... ..... . .. .. ..... ..... #. .... . .... .... ... ..... ..... .....
. ... ..... ..... ..... ..... . .. .. ..... ..... .. .... . .... .... ... ..... ..... .....
5     6     7     8     9     : ;  <    =    >    ?     @     A     B     C     D     E    F
##### ..##. ##### .###. .###. . .. ...# .... #... .###. .###. .###. ####. .###. ####. #### ####
#.... .#... ....# #...# #...# . .. ..#. .... .#.. #...# #...# #...# #...# #...# #...# #... #...
####. #.... ...#. #...# #...# # .# .#.. #### ..#. ....# #.### #...# #...# #.... #...# #... #...
....# ####. ..#.. .###. .#### . .. #... .... ...# ...#. #.#.# ##### ####. #.... #...# ###. ###.
....# #...# .#... #...# ....# . .. .#.. #### ..#. ..#.. #.### #...# #...# #.... #...# #... #...
#...# #...# .#... #...# ...#. # .# ..#. .... .#.. ..... #.... #...# #...# #...# #...# #... #...
.###. .###. .#... .###. .##.. . .# ...# .... #... ..#.. .###. #...# ####. .###. ####. #### #...
..... ..... ..... ..... ..... . #. .... .... .... ..... ..... ..... ..... ..... ..... .... ....
..... ..... ..... ..... ..... . .. .... .... .... ..... ..... ..... ..... ..... ..... .... ....
G     H     I   J    K     L    M     N     O     P     Q     R     S     T     U     V
.###. #...# ### ..## #...# #... #...# #...# .###. ####. .###. ####. .#### ##### #...# #...#
#...# #...# .#. ...# #..#. #... ##.## #...# #...# #...# #...# #...# #.... ..#.. #...# #...#
#.... #...# .#. ...# #.#.. #... #.#.# ##..# #...# #...# #...# #...# #.... ..#.. #...# #...#
#.### ##### .#. ...# ##... #... #.#.# #.#.# #...# ####. #...# ####. .###. ..#.. #...# #...#
#...# #...# .#. ...# #.#.. #... #...# #..## #...# #.... #.#.# #.#.. ....# ..#.. #...# #...#
#...# #...# .#. #..# #..#. #... #...# #...# #...# #.... #..#. #..#. ....# ..#.. #...# .#.#.
.###. #...# ### .##. #...# #### #...# #...# .###. #.... .##.# #...# ####. ..#.. .###. ..#..
W     X     Y     Z     [  \    ]  ^     _     `  a    b    c    d    e    f   g    h    i j
#...# #...# #...# ##### ## #... ## ..#.. ..... #. .... #... .... ...# .... ..# .... #... # .#
#...# #...# #...# ....# #. #... .# .#.#. ..... .# .... #... .... ...# .... .#. .... #... . ..
#...# .#.#. .#.#. ...#. #. .#.. .# #...# ..... .. .##. ###. .### .### .##. ### .### ###. # .#
#.#.# ..#.. ..#.. ..#.. #. .#.. .# ..... ..... .. ...# #..# #... #..# #..# .#. #..# #..# # .#
#.#.# .#.#. ..#.. .#... #. ..#. .# ..... ..... .. .### #..# #... #..# #### .#. #..# #..# # .#
##.## #...# ..#.. #.... #. ..#. .# ..... ..... .. #..# #..# #... #..# #... .#. #..# #..# # .#
#...# #...# ..#.. ##### ## ...# ## ..... ##### .. .### ###. .### .### .### .#. .### #..# # .#
..... ..... ..... ..... .. .... .. ..... ..... .. .... .... .... .... .... ... ...# .... . .#
..... ..... ..... ..... .. .... .. ..... ..... .. .... .... .... .... .... ... .##. .... . #.
k    l  m     n    o    p    q    r   s    t   u    v     w     x     y    z    {   | }   ~
#... #. ..... .... .... .... .... ... .... .#. .... ..... ..... ..... .... .... .## # ##. .....
#... #. ..... .... .... .... .... ... .... .#. .... ..... ..... ..... .... .... .#. # .#. .....
#..# #. ##.#. ###. .##. ###. .### #.# .### ### #..# #...# #...# #...# #..# #### .#. # .#. .#...
#.#. #. #.#.# #..# #..# #..# #..# ##. #... .#. #..# #...# #.#.# .#.#. #..# ...# #.. # ..# #.#.#
##.. #. #.#.# #..# #..# #..# #..# #.. .##. .#. #..# .#.#. #.#.# ..#.. #..# .##. .#. # .#. ...#.
#.#. #. #.#.# #..# #..# #..# #..# #.. ...# .#. #..# .#.#. #.#.# .#.#. #..# #... .#. # .#. .....
#..# .# #.#.# #..# .##. ###. .### #.. ###. ..# .### ..#.. .#.#. #...# .### #### .## # ##. .....
.... .. ..... .... .... #... ...# ... .... ... .... ..... ..... ..... ...# .... ... . ... .....
.... .. ..... .... .... #... ...# ... .... ... .... ..... ..... ..... .##. .... ... . ... .....
ß    …     · °   €     ¿     ¡ →     ✓
.##. ..... . .#. ..### ..#.. # ..... ......#
#..# ..... . #.# .#... ..... . ..#.. .....#.
#..# ..... . .#. ####. ..#.. # ...#. .....#.
#.#. ..... # ... .#... .#... # ##### #...#..
#..# ..... . ... ####. #.... # ...#. .#.#...
#..# ..... . ... .#... #...# # ..#.. ..#....
#.#. #.#.# . ... ..### .###. # ..... .......
"""

_ACCENTS: dict[str, Rows] = {
    "\u0300": ("#.", ".#"),
    "\u0301": (".#", "#."),
    "\u0302": (".#.", "#.#"),
    "\u0303": (".#.#", "#.#."),
    "\u0308": ("#.#",),
    "\u030a": (".#.", "#.#", ".#."),
}
_CEDILLA = "\u0327"
_BOX: Rows = ("####", "#..#", "#..#", "#..#", "#..#", "#..#", "####")


def _tall(rows: Rows) -> Rows:
    return rows + ("." * len(rows[0]),) * (HEIGHT - len(rows))


def _read_bands() -> Iterator[tuple[str, Rows]]:
    band: list[list[str]] = []
    for line in [*_BANDS.strip().splitlines(), "  "]:
        cells = line.split()
        if band and (not cells or set("".join(cells)) - set("#.")):
            names, *rows = band
            yield from zip(names, map(_tall, zip(*rows, strict=True)), strict=True)
            band = []
        band.append(cells)


@cache
def _drawn() -> dict[str, Rows]:
    return {" ": ("...",) * HEIGHT, **dict(_read_bands())}


@cache
def glyph(character: str, scale: int = 1) -> Rows:
    """Return the picture of a character; `scale` is 1, 2 or 4."""
    if scale > 1:
        return _doubled(glyph(character, scale // 2))
    return _drawn().get(character) or _composed(character) or _tall(_BOX)


def _composed(character: str) -> Rows | None:
    """Set an accent on a letter: over a small one, onto a capital squeezed by two rows."""
    decomposed = unicodedata.normalize("NFD", character)
    base, mark = decomposed[0], decomposed[1:]
    letter = _drawn().get(base)
    if letter is None:
        return None
    if base == "i":
        letter = (".", *letter[1:])  # The accent takes its dot's place.
    if mark == _CEDILLA:
        return (*letter[:ASCENT], _centred("#", letter), _centred("#.", letter))
    accent = _ACCENTS.get(mark)
    if accent is None:
        return None
    if base.isupper():
        squeezed = [letter[row] for row in (0, 2, 3, 4, 6, 7, 8)]
        return (_centred(accent[0], letter), "." * len(letter[0]), *squeezed)
    letter = tuple(row.ljust(len(accent[0]), ".") for row in letter)
    rows = tuple(_centred(row, letter) for row in accent[:2])
    return (*rows, *letter[len(rows) :])


def _centred(row: str, letter: Rows) -> str:
    return row.center(len(letter[0]), ".")


def _doubled(rows: Rows) -> Rows:
    """Double a picture; a corner takes its neighbours' colour where these two agree (Scale2x)."""
    height, width = len(rows), len(rows[0])

    def at(y: int, x: int) -> str:
        return rows[y][x] if 0 <= y < height and 0 <= x < width else "."

    out: list[str] = []
    for y in range(height):
        upper, lower = "", ""
        for x in range(width):
            above, left, right, below = at(y - 1, x), at(y, x - 1), at(y, x + 1), at(y + 1, x)
            own = at(y, x)
            smooth = above != below and left != right
            upper += above if smooth and left == above else own
            upper += above if smooth and right == above else own
            lower += below if smooth and left == below else own
            lower += below if smooth and right == below else own
        out += [upper, lower]
    return tuple(out)


def width(text: str, scale: int = 1) -> int:
    """Return how many pixels wide a text is; a column (two in the large size) parts letters."""
    return max(0, sum(len(glyph(character, scale)[0]) + scale for character in text) - scale)


def shortened(text: str, room: int, scale: int = 1) -> str:
    """Return a text that fits into `room` pixels: its beginning and "…" where it is too long."""
    if width(text, scale) <= room:
        return text
    while text and width(text.rstrip() + "…", scale) > room:
        text = text[:-1]
    return text.rstrip() + "…"


def wrapped(text: str, room: int, lines_max: int) -> list[str]:
    """Break a text at its spaces into lines of `room` pixels; the last one is shortened."""
    return [shortened(line, room) for line in broken(text, room, lines_max)]


def broken(text: str, room: int, lines_max: int) -> list[str]:
    """Break a text at its spaces into lines of `room` pixels; the last one is all the rest."""
    lines: list[str] = []
    rest = text
    while rest and len(lines) < lines_max - 1 and width(rest) > room:
        cut = _cut(rest, room)
        lines.append(rest[:cut].rstrip())
        rest = rest[cut:].lstrip()
    return [*lines, rest] if rest else lines


def _cut(text: str, room: int) -> int:
    """Return where a line ends: behind the last word that fits, or inside a word too long."""
    ends = [at for at in range(1, len(text) + 1) if width(text[:at].rstrip()) <= room]
    words = [at for at in ends if text[at - 1] == " " and text[at : at + 1] not in NOT_FIRST]
    return words[-1] if words else max(ends, default=1)
