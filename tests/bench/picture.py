"""Curves as a PNG: panels of two columns, axes with ticks, one legend; drawn with Pillow."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

SCALE = 2
"""Drawn so many times larger, and made smaller at the end: smooth lines."""

WIDTH, HEIGHT = 640, 320
"""Of one panel."""

LEFT, RIGHT, TOP, BOTTOM = 70, 20, 40, 55
LEGEND = 40
TICKS = 6
TEXT_SIZE, TITLE_SIZE = 13, 15

INK, GRID, PAPER = "#222222", "#dddddd", "#ffffff"
COLOURS = ("#0b62c4", "#d1495b", "#8a8a8a", "#2e8540")

Points = list[tuple[float, float]]


@dataclass(frozen=True)
class Axis:
    """What is along one side, from where to where; a logarithmic one goes by tens."""

    name: str
    low: float
    high: float
    log: bool = False

    def share(self, value: float) -> float:
        """Return where a value lies between low (0) and high (1)."""
        if self.log:
            value = max(value, self.low)
            return math.log(value / self.low) / math.log(self.high / self.low)
        return (value - self.low) / (self.high - self.low)

    def ticks(self) -> Iterator[float]:
        """Yield round values."""
        if self.log:
            value = self.low
            while value <= self.high * 1.001:
                yield value
                value *= 10
            return
        rough = (self.high - self.low) / TICKS
        size = 10 ** math.floor(math.log10(rough))
        step = next(size * factor for factor in (1, 2, 2.5, 5, 10) if size * factor >= rough)
        value = math.ceil(self.low / step) * step
        while value <= self.high:
            yield value
            value += step


@dataclass(frozen=True)
class Panel:
    """One diagram; curves by name."""

    title: str
    x: Axis
    y: Axis
    curves: dict[str, Points]


def draw(panels: list[Panel], path: Path) -> None:
    """Draw panels two in a row, with one legend below."""
    rows = (len(panels) + 1) // 2
    size = 2 * WIDTH, rows * HEIGHT + LEGEND
    image = Image.new("RGB", (size[0] * SCALE, size[1] * SCALE), PAPER)
    pen = ImageDraw.Draw(image)
    for number, panel in enumerate(panels):
        Drawing(pen, panel, (number % 2) * WIDTH, (number // 2) * HEIGHT).draw()
    x, y = LEFT, rows * HEIGHT + LEGEND // 2
    for name, colour in zip(panels[0].curves, COLOURS, strict=False):
        pen.line(scaled((x, y), (x + 30, y)), colour, 3 * SCALE)
        pen.text(scaled((x + 40, y))[0], name, INK, font(TEXT_SIZE), "lm")
        x += 180
    image.resize(size, Image.Resampling.LANCZOS).quantize(64).save(path, optimize=True)


class Drawing:
    """One panel on its place."""

    def __init__(self, pen: ImageDraw.ImageDraw, panel: Panel, left: int, top: int) -> None:
        self._pen, self._panel = pen, panel
        self._left, self._right = left + LEFT, left + WIDTH - RIGHT
        self._top, self._bottom = top + TOP, top + HEIGHT - BOTTOM

    def draw(self) -> None:
        """Draw everything."""
        panel, middle = self._panel, (self._left + self._right) / 2
        self._write(middle, self._top - 20, panel.title, "mm", TITLE_SIZE)
        self._write(middle, self._bottom + 38, panel.x.name, "mm")
        self._write(self._left - 60, self._top - 20, panel.y.name, "lm")
        for value in panel.x.ticks():
            x = self._across(value)
            self._line([(x, self._top), (x, self._bottom)], INK if not value else GRID, 1)
            self._write(x, self._bottom + 14, f"{value:g}", "mm")
        for value in panel.y.ticks():
            y = self._up(value)
            self._line([(self._left, y), (self._right, y)], GRID, 1)
            self._write(self._left - 8, y, f"{value:g}", "rm")
        for points, colour in zip(panel.curves.values(), COLOURS, strict=False):
            self._line(self._thinned(points), colour, 2)
        frame = (self._left, self._top), (self._right, self._bottom)
        self._pen.rectangle(scaled(*frame), outline=INK, width=SCALE)

    def _thinned(self, points: Points) -> Points:
        """Return one point for each column of the picture: the highest, so that no peak is lost."""
        columns: dict[int, float] = {}
        for x, y in points:
            if self._panel.x.low <= x <= self._panel.x.high:
                column = round(self._across(x) * SCALE)
                columns[column] = max(y, columns.get(column, y))
        return [(column / SCALE, self._up(y)) for column, y in columns.items()]

    def _across(self, value: float) -> float:
        return self._left + self._panel.x.share(value) * (self._right - self._left)

    def _up(self, value: float) -> float:
        return self._bottom - self._panel.y.share(value) * (self._bottom - self._top)

    def _line(self, points: Points, colour: str, width: int) -> None:
        self._pen.line(scaled(*points), colour, width * SCALE, joint="curve")

    def _write(
        self, x: float, y: float, text: str, anchor: str, text_size: int = TEXT_SIZE
    ) -> None:
        self._pen.text(scaled((x, y))[0], text, INK, font(text_size), anchor)


def scaled(*points: tuple[float, float]) -> Points:
    """Return points on the larger picture."""
    return [(x * SCALE, y * SCALE) for x, y in points]


def font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    """Return the font that Pillow brings."""
    return ImageFont.load_default(size * SCALE)
