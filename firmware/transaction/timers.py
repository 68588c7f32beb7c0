"""How long transactions wait (RFC 3261 table 4, RFC 4320, RFC 6026).

TLS is a reliable transport: timers A, E and G never run, D, I, J and K are zero. Timers B, F, H,
L and M remain, and all of them are 64 x T1.
"""

from __future__ import annotations

from firmware.frozen import frozen

TIMEOUT_T1 = 64
"""Timers B, F, H, L and M, in T1."""

LATE_TRYING_T1 = 7
"""In T1: when a client's timer E would reach T2, T1 + 2 T1 + 4 T1 after it began (RFC 4320 4.1)."""

TRYING_AFTER_S = 0.2
"""An INVITE is answered with 100 when the agent takes longer than this (RFC 3261 17.2.1)."""


@frozen
class Timers:
    """The waits that follow from T1, the estimate of a round trip, in seconds."""

    t1_s: float

    @property
    def timeout_s(self) -> float:
        """Timers B, F, H, L and M."""
        return TIMEOUT_T1 * self.t1_s

    @property
    def late_trying_s(self) -> float:
        """How long a request other than INVITE may wait before it is answered with 100."""
        return LATE_TRYING_T1 * self.t1_s
