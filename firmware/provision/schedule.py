"""When configuration is fetched anew by itself (`auto resync time`), whatever steps the clock.

An appointment is a time of day on the wall clock. It is met once: not again where the clock is put
back over it, and late where the clock is put forward over it. What decides is how long ago the one
before was: less than half a day, by the clock and in monotonic time, means that it is the same one.
"""

from __future__ import annotations

from math import inf
from random import Random

from firmware.provision.server import Resync

DAY_S = 86_400.0
SAME_S = DAY_S / 2
"""An appointment this soon after another one is that one again: the clock was put back."""


def next_resync(resync: Resync, last_unix_s: float, unix_s: float, offset_s: float) -> float:
    """Return the next Unix time of an appointment: at its time of day, and days after the last.

    `offset_s` is the local offset from UTC. Days of 24 hours: when clocks are put forward or back
    the offset changes, and this is asked again.
    """
    earliest_s = max(unix_s, _midnight(last_unix_s, offset_s) + resync.days * DAY_S)
    at = _midnight(earliest_s, offset_s) + resync.minute * 60.0
    return at if at > unix_s and at >= earliest_s else at + DAY_S


def _midnight(unix_s: float, offset_s: float) -> float:
    """Return when the local day of a moment began."""
    return (unix_s + offset_s) // DAY_S * DAY_S - offset_s


class Appointments:
    """One after the other; `due_at` is the next one's moment, None where there is none."""

    def __init__(self, random: Random) -> None:
        self._random = random
        self._resync: Resync | None = None
        self._unix_offset_s: float | None = None  # What makes wall time of monotonic seconds.
        self._zone_s = 0.0
        self._at = 0.0
        self._last_at: float | None = None
        # Nothing is made up for that was due before, in monotonic time or by the wall clock.
        self._from_at: float | None = None
        self._from_unix_s = inf
        self._delay_s = 0.0
        self.due_at: float | None = None

    def follow(self, resync: Resync | None, now: float) -> None:
        """Go by other settings; the same ones leave the appointment as it is."""
        if resync != self._resync:
            self._resync, self._from_at, self._from_unix_s = resync, None, inf
        self._plan(now)

    def set_clock(self, unix_s: float | None, zone_s: float, now: float) -> None:
        """Go by this time; what the clock has passed over meanwhile is made up for."""
        self._unix_offset_s = None if unix_s is None else unix_s - now
        self._zone_s = zone_s
        self._plan(now)

    def count_from(self, now: float) -> None:
        """Count the days between from here: what an appointment is for has just been done."""
        self._last_at = now
        self._plan(now)

    def meet(self, now: float) -> None:
        """Keep the one that is due; the next one is planned."""
        assert self._unix_offset_s is not None
        from_at = max(self._at + SAME_S, now)
        self._begin(from_at)
        self._from_unix_s = from_at + self._unix_offset_s
        self.count_from(now)

    def unix_s(self, now: float) -> float | None:
        """Return the wall clock's time, None where it is not set."""
        return None if self._unix_offset_s is None else now + self._unix_offset_s

    def _begin(self, from_at: float) -> None:
        assert self._resync is not None
        self._from_at = from_at
        self._delay_s = self._random.uniform(0, self._resync.delay_max_s)

    def _plan(self, now: float) -> None:
        resync, offset_s = self._resync, self._unix_offset_s
        if resync is None or offset_s is None:
            self.due_at = None
            return
        if self._from_at is None:
            self._begin(now)
        assert self._from_at is not None
        if self._last_at is None:
            self._last_at = now
        last_s = self._last_at + offset_s
        from_s = min(self._from_at + offset_s, self._from_unix_s)
        self._at = next_resync(resync, last_s, from_s, self._zone_s) - offset_s
        due_at = self._at + self._delay_s
        self.due_at = due_at if due_at > now else now + self._delay_s
