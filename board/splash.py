"""The picture that stands while the system starts and the phone does not run yet.

`python -m board splash` writes all that crosses the bus for it, where a card or a package is made:
`board/service/splash` plays that, and needs neither the phone nor its libraries to be loaded, which
takes a second on a small machine. It is a handset and nothing else: no word that could be untrue.
"""

from __future__ import annotations

from PIL import Image, ImageDraw

from drivers.display import DisplayBus, recorded

FINER = 8
"""So many times as large it is drawn."""

Box = tuple[float, float, float, float]

BOW: Box = (40, 18, 88, 66)
BOW_WIDTH = 9
ENDS: tuple[Box, ...] = ((34, 36, 53, 47), (75, 36, 94, 47))


def picture(size: tuple[int, int]) -> Image.Image:
    """Return the handset in the middle of a display."""
    drawn = Image.new("L", (128 * FINER, 64 * FINER))
    draw = ImageDraw.Draw(drawn)
    draw.arc(_finer(BOW), 180, 360, fill=255, width=BOW_WIDTH * FINER)
    for end in ENDS:
        draw.rounded_rectangle(_finer(end), 4 * FINER, fill=255)
    small = drawn.resize((128, 64), Image.Resampling.BOX).point(lambda light: 255 * (light > 127))
    whole = Image.new("1", size)
    whole.paste(small.convert("1"), ((size[0] - 128) // 2, (size[1] - 64) // 2))
    return whole


def _finer(box: Box) -> Box:
    left, top, right, bottom = (FINER * place for place in box)
    return left, top, right, bottom


def splash(bus: DisplayBus) -> bytes:
    """Return the messages of the bus, each behind its length: two bytes, the higher first."""
    messages = (bytes((mode,)) + data for mode, data in recorded(bus, picture(bus.size)))
    return b"".join(len(message).to_bytes(2, "big") + message for message in messages)
