"""The graph of the last hour in pixels: an axis, a scale with its unit, a column for each while.

A column is solid up to the shortest round trip of its while and dotted from there to the longest.
One in which the link was down is dotted over its whole height, so that even a short outage shows.
"""

from __future__ import annotations

from firmware.phone import font
from firmware.phone.canvas import Canvas
from firmware.phone.graph import Graph
from firmware.phone.grid import MARGIN, WIDTH
from firmware.phone.round_trips import BUCKETS, Bucket

TOP_Y, AXIS_Y = 13, 52
HIGH = AXIS_Y - TOP_Y
"""Rows of a column."""

RIGHT_X = WIDTH - MARGIN
LEFT_X = RIGHT_X - BUCKETS
"""The columns: the newest ends at the right margin."""

QUARTER = BUCKETS // 4
"""Columns between two marks on the axis: a quarter of an hour."""


def draw_graph(canvas: Canvas, graph: Graph) -> None:
    """Draw axis, scale and columns."""
    canvas.bar(LEFT_X - 1, TOP_Y, 1, HIGH + 1)
    canvas.bar(LEFT_X - 1, AXIS_Y, BUCKETS + 1, 1)
    for x in range(LEFT_X - 1, RIGHT_X, QUARTER):
        canvas.bar(x, AXIS_Y + 1, 1, 1)
    _label(canvas, TOP_Y, f"{graph.top_ms}" if graph.top_ms < 1000 else f"{graph.top_ms // 1000}")
    _label(canvas, TOP_Y + font.HEIGHT, "ms" if graph.top_ms < 1000 else "s")
    _label(canvas, AXIS_Y + 1 - font.ASCENT, "0")
    first_x = RIGHT_X - len(graph.buckets)
    for x, bucket in enumerate(graph.buckets, first_x):
        _column(canvas, x, bucket, graph.top_ms)


def _label(canvas: Canvas, y: int, text: str) -> None:
    """Write so that it ends beside the axis."""
    canvas.text(LEFT_X - 3 - font.width(text), y, text)


def _column(canvas: Canvas, x: int, bucket: Bucket, top_ms: int) -> None:
    if bucket.was_down:
        _dots(canvas, x, HIGH)
    if bucket.low_s is not None and bucket.high_s is not None:
        low, high = (_rows(seconds, top_ms) for seconds in (bucket.low_s, bucket.high_s))
        canvas.bar(x, AXIS_Y - low, 1, low)
        _dots(canvas, x, high)


def _dots(canvas: Canvas, x: int, rows: int) -> None:
    """Light every other pixel of a column, so that neighbours make an even grey."""
    for row in range(1, rows + 1):
        if (x + row) % 2:
            canvas.bar(x, AXIS_Y - row, 1, 1)


def _rows(seconds: float, top_ms: int) -> int:
    """Return how many rows high a round trip is: at least one, at most all."""
    return min(HIGH, max(1, round(seconds * 1e3 / top_ms * HIGH)))
