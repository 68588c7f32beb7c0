"""A bound on how often something is sent, whatever the cause."""

from __future__ import annotations


class TokenBucket:
    """Holds `capacity` tokens and gets one back every `refill_s` seconds."""

    def __init__(self, capacity: int, refill_s: float) -> None:
        self._capacity = capacity
        self._refill_s = refill_s
        self._full_at = 0.0  # When the bucket will be full again.

    def take(self, now: float) -> bool:
        """Take a token if there is one."""
        if self.next_at(now) > now:
            return False
        self._full_at = max(self._full_at, now) + self._refill_s
        return True

    def next_at(self, now: float) -> float:
        """Return when the next token can be had: now, or later."""
        return max(now, self._full_at - (self._capacity - 1) * self._refill_s)
