"""The head-start race for a link: the first candidate whose TLS stands wins (F1, L9, L10).

The first proxy of the order starts. When it has not finished within its head start, or has failed,
the next one starts beside it. At most `RUNNERS_MAX` run at a time. The first to finish wins and the
others are closed in the same step; the race is lost when every proxy has failed.
"""

from __future__ import annotations

from collections.abc import Iterator

from firmware.link.chooser import Chooser
from firmware.link.connection import Connection, ConnectionEvent, Stage
from firmware.link.events import Failure, FailureKind, Proxy
from firmware.machine import earliest, is_due

RUNNERS_MAX = 2
"""Candidates at a time while there is no link (L10)."""

LOSER = Failure(FailureKind.STOPPED, "another proxy was faster")


class Race:
    """Candidates for the link."""

    def __init__(self, order: list[Proxy], chooser: Chooser, numbers: Iterator[int]) -> None:
        assert order, "a race of nobody"
        self._waiting = order
        self._chooser = chooser
        self._numbers = numbers
        self._runners: list[Connection] = []
        self._next_by: float | None = None  # The end of the latest runner's head start.
        self.winner: Connection | None = None
        self.failure: Failure | None = None
        """Why the first proxy of the order failed: the one that a person asks about."""

    @property
    def is_lost(self) -> bool:
        """Tell whether every proxy has failed."""
        return not (self._runners or self._waiting or self.winner)

    @property
    def proxy(self) -> Proxy:
        """The proxy that is tried now; of two, the one that was first."""
        return self._runners[0].proxy

    @property
    def attempts(self) -> tuple[int, ...]:
        """The numbers of the connections that are on their way."""
        return tuple(runner.attempt for runner in self._runners)

    def deadline(self) -> float | None:
        """Return when a head start or a stage's budget is over."""
        moments = [runner.deadline() for runner in self._runners]
        return earliest((self._next_by, *moments))

    def start(self, now: float) -> list[object]:
        """Let the first one go."""
        return self._start_next(now)

    def handle(self, event: ConnectionEvent, now: float) -> list[object]:
        """Take an event of a runner; afterwards look at `winner` and `is_lost`."""
        runner = next(r for r in self._runners if r.attempt == event.attempt)
        return self._after(runner, runner.handle(event, now), now)

    def wake(self, now: float) -> list[object]:
        """Give up what is out of time; let the next one go."""
        out: list[object] = []
        for runner in tuple(self._runners):
            out += self._after(runner, runner.wake(now), now)
        if is_due(self._next_by, now):
            out += self._start_next(now)
        return out

    def stop(self, failure: Failure) -> list[object]:
        """Close every candidate."""
        self._waiting = []
        self._next_by = None
        runners, self._runners = self._runners, []
        return [item for runner in runners for item in runner.close(failure)]

    def _start_next(self, now: float) -> list[object]:
        self._next_by = None
        if not self._waiting or len(self._runners) >= RUNNERS_MAX:
            return []
        proxy = self._waiting.pop(0)
        runner = self._chooser.connection(proxy, self._numbers)
        self._runners.append(runner)
        if self._waiting:
            self._next_by = now + self._chooser.head_start_s(proxy)
        return runner.start(now)

    def _after(self, runner: Connection, out: list[object], now: float) -> list[object]:
        if runner.stage is Stage.READY:
            assert runner.dialled_at is not None
            self._chooser.measured(runner.proxy, now - runner.dialled_at)
            self._chooser.tried(runner.proxy, None)
            self.winner = runner
            self._runners.remove(runner)
            return out + self.stop(LOSER)
        if runner.stage is Stage.ENDED:
            self._runners.remove(runner)
            self.failure = self.failure or runner.failure
            self._chooser.tried(runner.proxy, runner.failure)
            return out + self._start_next(now)
        return out
