"""When to report, in a call of two (RFC 3550 6.2, 6.3).

With two members the interval is the minimum of 5 s (half of it before the first report), as the
share of the bandwidth would allow more: `members x size / share` with 5 % of 64 kbit/s is below a
second. Each interval is drawn from 0.5 to 1.5 times that and divided by e - 3/2; when it is over,
it is drawn anew and compared again (reconsideration, 6.3.6), so that phones that began together do
not report together.
"""

from __future__ import annotations

from random import Random

from firmware.machine import is_due

MINIMUM_S = 5.0
"""RFC 3550 6.2."""

COMPENSATION = 1.21828
"""e - 3/2: reconsideration makes intervals longer by so much (6.3.1)."""


class RtcpClock:
    """One member's appointments."""

    def __init__(self, random: Random, now: float) -> None:
        self._random = random
        self._sent_at = now
        self._is_first = True
        self.report_at = now + self._interval_s()

    def is_time(self, now: float) -> bool:
        """Tell whether a report is to be sent now; else `report_at` has moved on."""
        if not is_due(self.report_at, now):
            return False
        self.report_at = self._sent_at + self._interval_s()
        return self.report_at <= now

    def sent(self, now: float) -> None:
        """Take note of a report, and make the next appointment."""
        self._is_first = False
        self._sent_at = now
        self.report_at = now + self._interval_s()

    def _interval_s(self) -> float:
        minimum_s = MINIMUM_S / 2 if self._is_first else MINIMUM_S
        return minimum_s * self._random.uniform(0.5, 1.5) / COMPENSATION
