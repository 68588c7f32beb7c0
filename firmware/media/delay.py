"""How long must packets wait? The network's delay as it was lately, and the wait that covers it.

Theory of operation
-------------------
A packet's *transit* is its moment of arrival less the moment that its timestamp means. Neither
clock is known to the other, so only differences count: the *base* is the least transit of the
last two seconds, and a packet's *delay* is its transit less the base. Two clocks that drift apart
by 200 ppm move the base by 0.4 ms in that time, which is nothing; over minutes the base follows.

Delays go into a histogram of 5 ms steps. It forgets: a packet's weight is halved after about
400 packets (NetEQ's idea and nearly its figure). The *target* is the delay that 99 % of packets
do not exceed. In the first two seconds a first guess weighs in, so that one fast packet does not
make the phone believe in a perfect network.

Forgetting by growing: instead of shrinking a hundred buckets for each packet, the weight of each
new packet is a little larger than the last one's, and everything is scaled back now and then.
"""

from __future__ import annotations

from collections import deque

STEP_S = 0.005
STEPS = 100
DELAY_MAX_S = STEP_S * STEPS
"""The longest delay that is waited for: half a second. What is later is late."""

QUANTILE = 0.99
GROWTH = 1 / 0.9983
WEIGHT_MAX = 1e12

WINDOW_S = 2.0
FIRST_GUESS_S = 0.1
TARGET_MIN_S = 0.01
"""The sound card's own unevenness."""

REFRESH = 8
"""Packets between two readings of the histogram."""


class DelayModel:
    """Learns from each arrival; says the base and the target."""

    def __init__(self) -> None:
        self._weights = [0.0] * STEPS
        self._weight = self._total = 1.0
        self._weights[int(FIRST_GUESS_S / STEP_S)] = 1.0
        self._lately: deque[tuple[float, float]] = deque()  # (arrival, transit), transit rising.
        self._until_refresh = 0
        self.target_s = FIRST_GUESS_S + STEP_S
        self.base_s: float | None = None
        """The least transit of the last two seconds; None before the first packet."""

    def arrived(self, transit_s: float, now: float) -> None:
        """Learn from a packet."""
        lately = self._lately
        while lately and lately[-1][1] >= transit_s:
            lately.pop()
        lately.append((now, transit_s))
        while lately[0][0] < now - WINDOW_S:
            lately.popleft()
        self.base_s = base_s = lately[0][1]
        step = min(int((transit_s - base_s) / STEP_S), STEPS - 1)
        self._weight *= GROWTH
        self._weights[step] += self._weight
        self._total += self._weight
        self._until_refresh -= 1
        if self._until_refresh < 0:
            self._refresh()

    def forget_base(self) -> None:
        """Another source or another timeline: transits begin anew, the network is the same."""
        self._lately.clear()
        self.base_s = None

    def _refresh(self) -> None:
        self._until_refresh = REFRESH
        left = self._total * (1 - QUANTILE)
        step = STEPS
        while left >= 0:
            step -= 1
            left -= self._weights[step]
        self.target_s = max((step + 1) * STEP_S, TARGET_MIN_S)
        if self._weight > WEIGHT_MAX:
            self._scale_back()

    def _scale_back(self) -> None:
        self._weights = [weight / self._weight for weight in self._weights]
        self._total = sum(self._weights)
        self._weight = 1.0
