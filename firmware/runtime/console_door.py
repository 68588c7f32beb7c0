"""The serial line as a door to the console: nothing but an ear until somebody presses a key.

The console itself is loaded then, so that a phone that nobody administers starts and lives without
it. What happens in it stays in it: an error of ours is logged, and the next key begins anew.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from drivers.interfaces import SerialLine

if TYPE_CHECKING:
    from firmware.runtime.console_session import Session
    from firmware.runtime.surroundings import Surroundings


class ConsoleDoor:
    """Between a serial line and the console."""

    def __init__(self, line: SerialLine, around: Surroundings) -> None:
        self._line, self._around = line, around
        self._session: Session | None = None
        self._stopping: asyncio.Task[None] | None = None

    def start(self, *, says_where: bool) -> None:
        """Listen; on a desk, say where the door is."""
        self._line.listen(self._heard)
        self._line.start()
        if says_where:
            print(f"The console is at {self._line.place}", flush=True)

    async def stop(self) -> None:
        """Listen no more."""
        self._line.stop()
        if self._session is not None:
            await self._session.stop()

    def _heard(self, data: bytes) -> None:
        if self._session is None:
            from firmware.runtime.console_session import Session

            self._session = Session(self._line, self._around)
        self._session.typed(data)
