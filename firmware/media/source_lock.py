"""Whose packets are a call's: symmetric RTP (RFC 4961) with a lock on the source.

Theory of operation
-------------------
Packets go to the address of the session description until something comes; then to where it came
from, since a router on the way may have changed the address.

- With SRTP the first packet that proves its sender sets the lock, and a later one moves it: a far
  end that changes its network goes on talking. Only a packet that is newer than all before it
  does: one that was delayed may come from where the far end was, or from a stranger who kept it.
- Without, a packet from the described address sets it at once. Any other source has to send
  `GOOD_PACKETS` whose numbers leave no gap, and may only do so while nobody else is heard
  (`STALE_S`). They may overtake each other on the way (`NEAR`), or come twice.

An address that is none, the old way to hold a call, changes nothing.

Strangers are dropped before anything is computed. Whoever may still turn out to be the far end is
looked at `TRIES_PER_S` times a second and no more, so that a flood costs next to nothing.
"""

from __future__ import annotations

from firmware.media.plan import Endpoint
from firmware.media.rtp import SEQUENCES

GOOD_PACKETS = 5
"""A tenth of a second of sound: nobody sends five packets in sequence by accident."""

NEAR = 16
"""Packets that may overtake each other: 160 ms of the shortest ones; further off is a new start."""

STALE_S = 2.0
"""A source that was not heard for so long may be replaced without proof."""

NOWHERE = frozenset({"0.0.0.0", "::"})  # noqa: S104 (nothing is bound)

TRIES_PER_S = 100.0
"""Twice what a far end sends, so that it is found within a second though others send too."""


class SourceLock:
    """The one address that a call is with."""

    def __init__(self, described: Endpoint, now: float) -> None:
        self._described = described
        self._locked: Endpoint | None = None
        self._heard_at = now
        self._candidate: Endpoint | None = None
        self._newest = 0  # Of the candidate's sequence numbers.
        self._seen = 0  # Bit n: the packet n behind the newest has come.
        self._tries = TRIES_PER_S
        self._tried_at = now

    @property
    def address(self) -> Endpoint | None:
        """Where packets go; None: nowhere."""
        address = self._locked or self._described
        return None if address.host in NOWHERE else address

    def is_at(self, host: str) -> bool:
        """Tell whether the far end is on that machine."""
        return host in {self._described.host, self._locked.host if self._locked else None}

    def moved(self, described: Endpoint, now: float) -> None:
        """Take another described address: the far end said where it is now."""
        if described != self._described and described.host not in NOWHERE:
            self._described = described
            self._locked = self._candidate = None
            self._heard_at = now

    def admits(self, source: Endpoint, now: float, *, proves: bool) -> bool:
        """Tell whether to look at a packet at all; `proves`: it will show who sent it."""
        if source == self._locked or source == self._described:  # noqa: PLR1714 (no set a packet)
            return True
        if not proves and self.is_held(now):
            return False
        self._tries = min(TRIES_PER_S, self._tries + (now - self._tried_at) * TRIES_PER_S)
        self._tried_at = now
        if self._tries < 1:
            return False
        self._tries -= 1
        return True

    def hears(self, source: Endpoint, now: float) -> bool:
        """Tell whether a good packet is from where the last ones were, and take note of it."""
        if source != self._locked:
            return False
        self._heard_at = now
        return True

    def accepts(
        self, source: Endpoint, sequence: int, now: float, *, proven: bool, is_newest: bool = True
    ) -> bool:
        """Tell whether a good packet is the far end's, and take note of it."""
        if self.hears(source, now):
            return True
        if proven and not is_newest and self._locked is not None:
            return True
        if proven or source == self._described or self._has_shown_itself(source, sequence):
            self._locked, self._heard_at = source, now
            self._candidate = None
            return True
        return False

    def is_held(self, now: float) -> bool:
        """Tell whether the far end was heard a moment ago."""
        return self._locked is not None and now - self._heard_at <= STALE_S

    def _has_shown_itself(self, source: Endpoint, sequence: int) -> bool:
        ahead, behind = (sequence - self._newest) % SEQUENCES, (self._newest - sequence) % SEQUENCES
        if source != self._candidate or min(ahead, behind) >= NEAR:
            self._candidate, self._newest, self._seen = source, sequence, 1
        elif ahead < NEAR:
            self._newest, self._seen = sequence, (self._seen << ahead | 1) % 2**NEAR
        else:
            self._seen |= 1 << behind
        run = (1 << GOOD_PACKETS) - 1
        return any(self._seen >> at & run == run for at in range(NEAR - GOOD_PACKETS + 1))
