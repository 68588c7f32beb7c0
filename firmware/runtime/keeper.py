"""Keeps a list of the phone's in the state folder, and spares the memory card.

A change is written at once, from a thread: a card takes up to a second for it, and the link waits
for nobody. Where changes come thick and fast (a link that flaps), writes are paced and what came
meanwhile goes into one. The last word is written when the phone stops.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Generic

from config.files import reason
from firmware.agent.rate import TokenBucket
from firmware.runtime.kept_file import EntryT, KeptFile

log = logging.getLogger("handset.kept")

BURST_MAX = 4
REFILL_S = 60.0
"""Four writes in a row keep up with an outage; then one a minute, 80 MB a day of a full log."""


class Keeper(Generic[EntryT]):
    """Between the phone and the file of one of its lists."""

    def __init__(
        self,
        folder: Path,
        file: KeptFile[EntryT],
        tell_kept: Callable[[tuple[EntryT, ...]], None],
        tell_trouble: Callable[[str], None],
    ) -> None:
        self._folder, self._file = folder, file
        self._tell_kept, self._tell_trouble = tell_kept, tell_trouble
        self._loop = asyncio.get_running_loop()
        self._bucket = TokenBucket(BURST_MAX, REFILL_S)
        self._may_save = True
        self._problem = ""
        self._wanted: tuple[EntryT, ...] = ()
        self._saved: tuple[EntryT, ...] | None = ()  # None: a write has failed.
        self._timer: asyncio.TimerHandle | None = None
        self._writing: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Tell the phone what was kept; from now on its list is."""
        kept = self._file.read(self._folder)
        self._saved, self._may_save = kept.entries, kept.replaceable
        self._wanted = kept.entries
        self._say(kept.problem)
        self._tell_kept(kept.entries)

    def keep(self, entries: tuple[EntryT, ...]) -> None:
        """Keep the list as it is now."""
        self._wanted = entries
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
        entries = self._wanted
        try:
            await asyncio.to_thread(self._file.save, self._folder, entries)
        except OSError as error:
            self._saved = None
            self._say(f"{self._file.title} cannot be saved: {reason(error)}")
            return
        if self._saved is None:
            self._say("")
        self._saved = entries

    def _say(self, problem: str) -> None:
        """Say what is wrong, once: in the log, and to the phone for its screen."""
        if problem == self._problem:
            return
        self._problem = problem
        if problem:
            log.warning("%s", problem)
        self._tell_trouble(problem)
