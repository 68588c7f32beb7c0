"""The smoothed round trip of the link and the pong limit that follows from it (D2).

The estimator is TCP's own (RFC 6298 2): one eighth of each new sample, one quarter of its
deviation.
"""

from __future__ import annotations

from dataclasses import dataclass

PONG_LIMIT_MIN_S = 2.0
"""No proxy is called dead sooner, however quick it was: a scheduler may pause it (D2)."""

PONG_LIMIT_MAX_S = 10.0
"""RFC 5626 4.4.1: a pong is due within 10 s."""

SOONEST = 0.9
"""Part of the shortest round trip that the next one takes at least: clocks are not exact."""


@dataclass(slots=True)
class RoundTrip:
    """Smoothed round trip and deviation in seconds; None until the first sample."""

    smoothed_s: float | None = None
    deviation_s: float = 0.0
    measured_s: float | None = None  # The newest sample, as it was,
    measured_at: float | None = None  # and its moment.
    least_s: float = 0.0  # The shortest sample.

    def learn(self, sample_s: float, now: float) -> None:
        """Take one measured round trip."""
        self.measured_s, self.measured_at = sample_s, now
        if self.smoothed_s is None:
            self.smoothed_s, self.deviation_s = sample_s, sample_s / 2
            self.least_s = sample_s
            return
        self.least_s = min(self.least_s, sample_s)
        self.deviation_s += (abs(sample_s - self.smoothed_s) - self.deviation_s) / 4
        self.smoothed_s += (sample_s - self.smoothed_s) / 8

    def may_answer(self, asked_at: float, now: float) -> bool:
        """Tell whether what comes now can be an answer: none is sooner than the shortest trip."""
        return now - asked_at >= self.least_s * SOONEST

    @property
    def limit_s(self) -> float:
        """How long a pong may take while the kernel still holds unacknowledged bytes (D2)."""
        if self.smoothed_s is None:
            return PONG_LIMIT_MIN_S
        wanted_s = 4 * self.smoothed_s + 4 * self.deviation_s
        return min(PONG_LIMIT_MAX_S, max(PONG_LIMIT_MIN_S, wanted_s))
