"""The graph of the last hour's round trips, as values that are drawn: milliseconds and a scale."""

from __future__ import annotations

from firmware.frozen import frozen
from firmware.phone.round_trips import Bucket

TOPS_MS = tuple(step * 10**power for power in range(5) for step in (1, 2, 5))
"""What the scale may end at: 1, 2, 5, 10 ... 50,000 ms."""


@frozen
class Graph:
    """Buckets, the newest last; `top_ms` is the upper end of the scale, which begins at 0."""

    buckets: tuple[Bucket, ...]
    top_ms: int
    words: str  # The range: "18-140 ms".

    @property
    def has_gap(self) -> bool:
        """Tell whether the link was down for some of the time."""
        return any(bucket.was_down for bucket in self.buckets)


def graph_of(buckets: tuple[Bucket, ...]) -> Graph:
    """Return the graph of an hour."""
    lows = [bucket.low_s * 1e3 for bucket in buckets if bucket.low_s is not None]
    highs = [bucket.high_s * 1e3 for bucket in buckets if bucket.high_s is not None]
    highest = max(highs, default=0.0)
    top_ms = next((top for top in TOPS_MS if top >= highest), TOPS_MS[-1])
    words = _range(min(lows), highest) if highs else "not measured"
    return Graph(buckets, top_ms, words)


def _range(low_ms: float, high_ms: float) -> str:
    """Say two round trips in one unit, or one where they look the same."""
    in_seconds = high_ms >= 1000
    low, high = (
        f"{ms / 1000:.1f}" if in_seconds else f"{ms:.0f}" if ms >= 1 else "<1"
        for ms in (low_ms, high_ms)
    )
    return f"{high if low == high else f'{low}-{high}'} {'s' if in_seconds else 'ms'}"
