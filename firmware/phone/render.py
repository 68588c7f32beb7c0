"""Draw a screen as the pixels of the display: 128 x 64, one bit each."""

from __future__ import annotations

from PIL import Image, ImageDraw, ImageFont

from firmware.phone.screen import Screen, lines

SIZE = (128, 64)


def render(screen: Screen) -> Image.Image:
    """Return the picture of a screen, mode "1"."""
    image = Image.new("1", SIZE)
    draw = ImageDraw.Draw(image)
    font = ImageFont.load_default_imagefont()
    for number, line in enumerate(lines(screen)):
        draw.text((0, number * 10), line, fill=1, font=font)
    return image
