"""The graph of the last hour in pixels: an axis, a scale with its unit, a column for each while.

A column is solid up to the shortest round trip of its while and dotted from there to the longest.
One in which the link was down is dotted over its whole height, so that even a short outage shows.
"""

from __future__ import annotations

from firmware.phone import font
from firmware.phone.canvas import Canvas
from firmware.phone.graph import Graph
from firmware.phone.grid import MARGIN
from firmware.phone.round_trips import BUCKETS, Bucket

TOP_Y, AXIS_Y = 13, 52
HIGH = AXIS_Y - TOP_Y
"""Rows of a column."""

LABEL_ROOM = 20
"""Columns left of the axis, for the scale."""

QUARTER = BUCKETS // 4
"""Whiles between two marks on the axis: a quarter of an hour."""


def draw_graph(canvas: Canvas, graph: Graph) -> None:
    """Draw axis, scale and columns; the newest ends at the right margin."""
    pitch = (canvas.room - LABEL_ROOM) // BUCKETS
    right_x = canvas.wide - MARGIN
    left_x = right_x - BUCKETS * pitch
    canvas.bar(left_x - 1, TOP_Y, 1, HIGH + 1)
    canvas.bar(left_x - 1, AXIS_Y, BUCKETS * pitch + 1, 1)
    for x in range(left_x - 1, right_x, QUARTER * pitch):
        canvas.bar(x, AXIS_Y + 1, 1, 1)
    scale = (f"{graph.top_ms}", "ms") if graph.top_ms < 1000 else (f"{graph.top_ms // 1000}", "s")
    _label(canvas, left_x, TOP_Y, scale[0])
    _label(canvas, left_x, TOP_Y + font.HEIGHT, scale[1])
    _label(canvas, left_x, AXIS_Y + 1 - font.ASCENT, "0")
    first_x = right_x - len(graph.buckets) * pitch
    for number, bucket in enumerate(graph.buckets):
        for x in range(first_x + number * pitch, first_x + (number + 1) * pitch):
            _column(canvas, x, bucket, graph.top_ms)


def _label(canvas: Canvas, left_x: int, y: int, text: str) -> None:
    """Write so that it ends beside the axis."""
    canvas.text(left_x - 3 - font.width(text), y, text)


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
