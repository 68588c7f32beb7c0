"""The bound on attempts (L7, F2), as seen from outside: never too often, never given up."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

BASE_S = 1.0
CAP_S = 40.0
PATIENCE_S = 10.0
EARLY_BOUND_S = 2.0
HEALTHY_S = 30.0
SLACK_S = 0.01
ALIKE_S = 1e-6


class Phase(Enum):
    """What the link is doing, as far as it matters here."""

    WAITING = "waiting"
    CONNECTING = "connecting"
    UP = "up"


@dataclass
class Retries:
    """Follows one phone's attempts and asserts the back-off."""

    phase: Phase = Phase.WAITING
    rounds: int = 0  # Times that the phone began to connect.
    ended_at: float | None = None  # When the last attempt or link ended.
    outage_since: float | None = None
    failures: int = 0  # Since the last healthy time.
    late_failures: int = 0  # Those after the outage's first 10 s.
    may_be_at_once: bool = True
    network_changed_at: float = -1.0
    held_until: float = 0.0  # A Retry-After that holds for certain.
    may_be_held_until: float = 0.0  # One that may.
    registered_at: float | None = None
    has_served: bool = False
    waited_s: float = 0.0  # The last wait that was drawn.
    woke_at: float = 0.0  # The end of the phone's last long pause.

    def step(self, phase: Phase, rounds: int, *, registered: bool, now: float) -> None:
        """Look at the phone after a step."""
        change = (self.phase, phase)
        if phase is not self.phase or rounds > self.rounds:
            # D6: an attempt that the phone itself begins anew has not failed.
            anew = change == (Phase.CONNECTING, Phase.CONNECTING) and self.network_changed_at == now
            ended = self.phase is not Phase.WAITING and change != (Phase.CONNECTING, Phase.UP)
            if ended and not anew:
                self._ends(now)
            if phase is Phase.CONNECTING and not anew:
                self._begins(now)
            self.phase, self.rounds = phase, rounds
        if phase is Phase.UP and registered and self.registered_at is None:
            self.registered_at, self.has_served = now, True
        if phase is Phase.WAITING and self.ended_at is not None:
            self._has_not_given_up(now)

    def _begins(self, now: float) -> None:
        self.registered_at, self.has_served = None, False
        if self.ended_at is None:
            return
        waited_s = now - self.ended_at
        assert now >= self.held_until - SLACK_S, "connects before Retry-After is over"
        if self.may_be_at_once or self.network_changed_at >= self.ended_at:
            return
        if self.may_be_held_until <= self.ended_at:
            assert abs(waited_s - self.waited_s) > ALIKE_S, f"waits {waited_s} s again (F2)"
            self.waited_s = waited_s
        assert waited_s >= self._shortest_s() - SLACK_S, (
            f"retried after {waited_s:.2f} s, {self.failures} failures, "
            f"{self.late_failures} of them late (F2)"
        )

    def _ends(self, now: float) -> None:
        """An attempt failed, or the link is lost."""
        if self.registered_at is not None and now >= self.registered_at + HEALTHY_S:
            self.failures = self.late_failures = 0
            self.outage_since = None
        self.may_be_at_once = self.has_served and self.failures == 0
        self.failures += 1
        self.ended_at = now
        if self.outage_since is None:
            self.outage_since = now
        if now - self.outage_since >= PATIENCE_S and not self.may_be_at_once:
            self.late_failures += 1

    def _shortest_s(self) -> float:
        if self.late_failures == 0:
            return 0.5 * BASE_S
        return 0.5 * min(CAP_S, BASE_S * 2.0 ** (self.late_failures - 1))

    def _has_not_given_up(self, now: float) -> None:
        assert self.ended_at is not None
        early = self.late_failures == 0
        longest_s = EARLY_BOUND_S if early else CAP_S
        since = max(self.ended_at, self.may_be_held_until, self.woke_at)
        if self.may_be_at_once:
            longest_s = 0.0
        if self.network_changed_at > self.ended_at:  # D6.
            longest_s, since = 0.0, max(since, self.network_changed_at)
        assert now - since <= longest_s + SLACK_S, f"waits {now - since:.2f} s for a retry (L7, F2)"
