"""Pictures that tell what is wrong with a display."""

from __future__ import annotations

from collections.abc import Iterator

from PIL import Image, ImageDraw


def pictures(size: tuple[int, int]) -> Iterator[tuple[str, Image.Image]]:
    """Yield a frame, all of it, a chessboard, each with what it is in words."""
    width, height = size
    frame = Image.new("1", size)
    ImageDraw.Draw(frame).rectangle((0, 0, width - 1, height - 1), outline=1)
    yield "a frame along its edge, all four sides", frame
    yield "every pixel lit", Image.new("1", size, 1)
    chess = Image.new("1", size)
    chess.putdata([(x // 8 + y // 8) % 2 for y in range(height) for x in range(width)])
    yield "a chessboard", chess
