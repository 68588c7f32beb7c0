"""How well a call goes, as numbers and as the bars that a person sees.

The bars follow the E-model of ITU-T G.107 in its common short form: from the delay by which the
one hears the other and from the packets that never came, a rating R from 0 to 93; and from that
four bars. What is not known yet does not lower it.
"""

from __future__ import annotations

from firmware.frozen import frozen

BEST = 93.2
"""R of a call without any trouble (G.107 annex A)."""

BARS = (80.0, 70.0, 60.0, 50.0)
"""R from which there are 4, 3, 2 and 1 bars: G.109's satisfied, some, many, nearly all not."""

LOSS_ROBUSTNESS = 10.0
"""Bpl of G.113 for a codec with concealment, and the impairment's ceiling beside it."""

ECHO_KNEE_S = 0.1773
"""From this delay on, people begin to talk over each other (G.107)."""


@frozen
class Quality:
    """The last seconds of a call; losses are shares from 0 to 1, times in seconds."""

    loss_here: float = 0.0  # Of what the far end sent.
    jitter_here_s: float = 0.0
    loss_there: float = 0.0  # Of what was sent from here, as the far end reports.
    jitter_there_s: float = 0.0
    round_trip_s: float | None = None

    @property
    def rating(self) -> float:
        """R of the worse direction, 0 to 93.2."""
        here = self._rating(self.loss_here, self.jitter_here_s)
        return min(here, self._rating(self.loss_there, self.jitter_there_s))

    @property
    def bars(self) -> int:
        """0 to 4."""
        rating = self.rating
        return sum(rating >= limit for limit in BARS)

    def _rating(self, loss: float, jitter_s: float) -> float:
        delay_s = (self.round_trip_s or 0.0) / 2 + 2 * jitter_s  # A buffer holds about as much.
        slow = 24 * delay_s + 110 * max(0.0, delay_s - ECHO_KNEE_S)
        lost = 95 * 100 * loss / (100 * loss + LOSS_ROBUSTNESS)
        return max(0.0, BEST - slow - lost)
