"""The round trips of the last hour, and when there was no link: what the graph shows.

A ring of buckets of `BUCKET_S`. Only what was measured goes in, each measurement once, however
often the status is told or the screen drawn. A bucket that passed without a measurement is empty;
one in which there was no link says so.
"""

from __future__ import annotations

from collections import deque

from firmware.frozen import frozen
from firmware.link.events import LinkState, LinkStatus

BUCKET_S = 36.0
"""Longer than the usual keep-alive, so that a quiet link has a measurement in each."""

BUCKETS = 100
"""An hour, and a column of pixels for each."""


@frozen
class Bucket:
    """The shortest and the longest round trip of a while; None where none was measured."""

    low_s: float | None = None
    high_s: float | None = None
    was_down: bool = False

    def with_sample(self, sample_s: float) -> Bucket:
        """Return it with one more measurement."""
        low_s = sample_s if self.low_s is None else min(self.low_s, sample_s)
        high_s = sample_s if self.high_s is None else max(self.high_s, sample_s)
        return Bucket(low_s, high_s, self.was_down)


class RoundTrips:
    """The ring, filled up to now by whoever looks."""

    def __init__(self, now: float) -> None:
        self._buckets = deque([Bucket()], BUCKETS)
        self._number = _number(now)  # Of the newest bucket.
        self._is_down = False
        self._seen_at = float("-inf")  # When the measurement was made that came last.

    def learn(self, status: LinkStatus, now: float) -> None:
        """Take in a status: a measurement that is new, a link that is lost or there again."""
        self._pass(now)
        up = status.state in {LinkState.UP, LinkState.UNPROVEN}
        # A link that is on its way for the first time is not missed yet.
        self._is_down = not up and status.reason is not None
        newest = self._buckets[-1]
        if self._is_down:
            newest = Bucket(newest.low_s, newest.high_s, was_down=True)
        at = status.measured_at
        if status.measured_s is not None and at is not None and at > self._seen_at:
            self._seen_at = at
            newest = newest.with_sample(status.measured_s)
        self._buckets[-1] = newest

    def buckets(self, now: float) -> tuple[Bucket, ...]:
        """Return the last hour, the newest last; less of it soon after the start."""
        self._pass(now)
        return tuple(self._buckets)

    def _pass(self, now: float) -> None:
        """Begin the buckets that time has come to."""
        number = _number(now)
        for _ in range(min(number - self._number, BUCKETS)):
            self._buckets.append(Bucket(was_down=self._is_down))
        self._number = number


def _number(now: float) -> int:
    return int(now // BUCKET_S)
