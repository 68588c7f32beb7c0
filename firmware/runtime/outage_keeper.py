"""Keeps the outage log in the state folder, and spares the memory card.

A change is written at once, from a thread: a card takes up to a second for it, and the link waits
for nobody. Where changes come thick and fast (a link that flaps), writes are paced and what came
meanwhile goes into one. The last word is written when the phone stops.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from pathlib import Path

from config.files import reason
from firmware.agent.rate import TokenBucket
from firmware.phone.events import OutageLog, OutageLogTrouble, OutagesKept
from firmware.phone.outage import Outage
from firmware.runtime.outage_file import read_log, save_log

log = logging.getLogger("handset.outages")

BURST_MAX = 4
REFILL_S = 60.0
"""Four writes in a row keep up with an outage; then one a minute, 80 MB a day of a full log."""


class OutageKeeper:
    """Between the phone and the file of its outage log."""

    def __init__(self, folder: Path, feed: Callable[[object], None]) -> None:
        self._folder, self._feed = folder, feed
        self._loop = asyncio.get_running_loop()
        self._bucket = TokenBucket(BURST_MAX, REFILL_S)
        self._may_save = True
        self._problem = ""
        self._wanted: tuple[Outage, ...] = ()
        self._saved: tuple[Outage, ...] | None = ()  # None: a write has failed.
        self._timer: asyncio.TimerHandle | None = None
        self._writing: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Tell the phone what was kept; from now on its log is."""
        kept = read_log(self._folder)
        self._saved, self._may_save = kept.outages, kept.replaceable
        self._say(kept.problem)
        self._feed(OutagesKept(kept.outages))

    def take(self, output: object) -> None:
        """Keep the log when it changes; leave what is for somebody else."""
        if isinstance(output, OutageLog):
            self._wanted = output.outages
            self._arm()

    async def stop(self) -> None:
        """Write the last word."""
        if self._writing is not None:
            await self._writing
        if self._timer is not None:
            self._timer.cancel()
        if self._is_due():
            await self._write()

    def _is_due(self) -> bool:
        return self._may_save and self._wanted != self._saved

    def _arm(self) -> None:
        """Write now, or when the pace allows it; what changes during a write waits for its end."""
        if self._timer is None and self._writing is None and self._is_due():
            at = self._bucket.next_at(self._loop.time())
            self._timer = self._loop.call_at(at, self._begin)

    def _begin(self) -> None:
        self._timer = None
        if not self._bucket.take(self._loop.time()):
            self._arm()  # asyncio may fire a hair early.
            return
        self._writing = self._loop.create_task(self._write())
        self._writing.add_done_callback(self._written)

    def _written(self, task: asyncio.Task[None]) -> None:
        self._writing = None
        if self._saved is not None:  # A disk that refuses is asked again at the next change.
            self._arm()

    async def _write(self) -> None:
        outages = self._wanted
        try:
            await asyncio.to_thread(save_log, self._folder, outages)
        except OSError as error:
            self._saved = None
            self._say(f"the outage log cannot be saved: {reason(error)}")
            return
        if self._saved is None:
            self._say("")
        self._saved = outages

    def _say(self, problem: str) -> None:
        """Say what is wrong, once: in the log, and to the phone for its screen."""
        if problem == self._problem:
            return
        self._problem = problem
        if problem:
            log.warning("%s", problem)
        self._feed(OutageLogTrouble(problem))
