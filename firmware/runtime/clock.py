"""The wall clock for the screen, and a word when it steps (I3), or is kept right or not any more.

A look every few seconds compares the wall clock with the monotonic one. Where they have drifted
apart, the clock was set: the phone is told the new time, and the link may try again at once,
because a certificate that was "not yet valid" may be valid now.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING

from firmware.link.events import NetworkChanged
from firmware.link.identity import CLOCK_FLOOR
from firmware.phone.events import TimeIs
from firmware.runtime.clock_sync import is_synchronised

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

log = logging.getLogger("handset.clock")

LOOK_S = 10.0
"""A clock that is wrong and not impossible is set at any time: the link must not wait for long."""

STEP_S = 2.0
"""A smaller difference is drift that time synchronisation smooths away."""

UNSET_LOOK_S = 2.0
"""While the clock is not set, the look is more frequent: nothing works until it is."""


class ClockWatch:
    """Feeds `TimeIs`, and `NetworkChanged` when the clock steps."""

    def __init__(
        self,
        feed: Callable[[object], None],
        wall: Callable[[], float] = time.time,
        is_synchronised: Callable[[], bool] = is_synchronised,
    ) -> None:
        self._feed = feed
        self._wall, self._is_synchronised = wall, is_synchronised
        self._told = TimeIs(None)
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None
        self._offset_s = 0.0
        self._zone: ZoneInfo | None = None

    def start(self) -> None:
        """Tell the time and start looking."""
        self.tell()
        self._arm()

    def set_zone(self, name: str) -> None:
        """Go on in a time zone, "": that of the system; the phone is told at once."""
        from zoneinfo import ZoneInfo

        self._zone = ZoneInfo(name) if name else None
        if self._timer is not None:
            self.tell()

    def stop(self) -> None:
        """Stop looking."""
        if self._timer is not None:
            self._timer.cancel()

    def _arm(self) -> None:
        self._timer = self._loop.call_later(LOOK_S if self._is_set() else UNSET_LOOK_S, self._look)

    def _look(self) -> None:
        stepped = abs(self._wall() - self._loop.time() - self._offset_s) > STEP_S
        now, before = self.time(), self._told
        if stepped or now.offset_s != before.offset_s:
            self.tell()
        elif now.is_synchronised is not before.is_synchronised:
            log.info("the clock is %s", "synchronised" if now.is_synchronised else "not kept")
            self.tell()
        if stepped:
            log.info("the clock was set")
            self._feed(NetworkChanged())
        self._arm()

    def _is_set(self) -> bool:
        return self._wall() >= CLOCK_FLOOR.timestamp()

    def tell(self) -> None:
        """Tell the time."""
        self._offset_s = self._wall() - self._loop.time()
        self._told = self.time()
        self._feed(self._told)

    def time(self) -> TimeIs:
        """Return the time as it is now."""
        wall, is_set = self._wall(), self._is_set()
        kept = is_set and self._is_synchronised()
        return TimeIs(wall if is_set else None, self._offset(wall), kept)

    def _offset(self, wall: float) -> int:
        """Return the local offset from UTC, in seconds."""
        if self._zone is None:
            return time.localtime(wall).tm_gmtoff
        offset = datetime.fromtimestamp(wall, self._zone).utcoffset()
        assert offset is not None
        return int(offset.total_seconds())
