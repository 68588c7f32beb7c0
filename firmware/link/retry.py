"""When to try again: the one owner of the retry timing (L7, F1, F2).

- A link that is lost while the count is zero is retried at once (F1).
- Every failure after that waits 50-100 % of `min(cap, base x 2^failures)`. For the first
  `PATIENCE_S` of an outage the upper bound is `EARLY_BOUND_S`, and doubling starts then.
- The count is cleared only by `HEALTHY_S` of registered service, so a proxy that accepts and
  closes at once never makes a hot loop.
- A person who lifts the handset meanwhile does not wait (D7), but has nobody tried again within
  `ASKED_S` of the last failure.
- A Retry-After belongs to its proxy: the chooser holds it as a floor under every wait.
"""

from __future__ import annotations

from random import Random

from firmware.machine import is_due

PATIENCE_S = 10.0
EARLY_BOUND_S = 2.0
HEALTHY_S = 30.0
ASKED_S = 3.0

DOUBLINGS_MAX = 16
"""2^16 base waits are above every cap that the parameter allows."""


class Retry:
    """The back-off of one outage."""

    def __init__(self, base_s: float, cap_s: float, random: Random) -> None:
        self._base_s = base_s
        self._cap_s = cap_s
        self._random = random
        self._failures = 0
        self._doublings = 0
        self._outage_since: float | None = None
        self.healthy_at: float | None = None
        """When the service will have been healthy for long enough to forget the outage."""

    def use(self, base_s: float, cap_s: float) -> None:
        """Draw the next wait by other bounds; the one that runs stays."""
        self._base_s, self._cap_s = base_s, cap_s

    def service_confirmed(self, now: float) -> None:
        """A REGISTER was answered with 2xx on the link."""
        if self.healthy_at is None and self._outage_since is not None:
            self.healthy_at = now + HEALTHY_S

    def forget_outage(self) -> None:
        """The link has been registered for `HEALTHY_S`: the next loss is a new outage."""
        self._failures = self._doublings = 0
        self._outage_since = self.healthy_at = None

    def interrupted(self, now: float) -> None:
        """The service ends for another proxy's: health begins anew, and no failure is counted."""
        self._note_health(now)
        self.healthy_at = None

    def after_loss(self, now: float) -> float:
        """Return when to try after the loss of a link that had served."""
        self._note_health(now)
        if self._failures == 0:
            self.healthy_at = None
            self._fail(now)
            return now
        return self.after_failure(now)

    def after_failure(self, now: float) -> float:
        """Return when to try after an attempt that did not come to a link."""
        self._note_health(now)
        self.healthy_at = None
        self._fail(now)
        bound_s = self._bound_s(now)
        return now + self._random.uniform(bound_s / 2, bound_s)

    def asked(self, since: float, now: float) -> float:
        """Return when to try for somebody who wants to call; the last failure was at `since`."""
        return max(now, since + ASKED_S)

    def _note_health(self, now: float) -> None:
        """A machine that slept may hear of the loss before it is woken for its health."""
        if is_due(self.healthy_at, now):
            self.forget_outage()

    def _fail(self, now: float) -> None:
        self._failures += 1
        if self._outage_since is None:
            self._outage_since = now

    def _bound_s(self, now: float) -> float:
        assert self._outage_since is not None
        if now - self._outage_since < PATIENCE_S:
            return min(self._cap_s, EARLY_BOUND_S, self._base_s * 2.0**self._failures)
        self._doublings = min(self._doublings + 1, DOUBLINGS_MAX)
        return min(self._cap_s, self._base_s * 2.0**self._doublings)
