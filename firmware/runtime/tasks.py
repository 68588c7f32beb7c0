"""Work that was begun and goes on by itself: asyncio alone would let go of it half done."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

ResultT = TypeVar("ResultT")


class Tasks:
    """Holds what runs until it is done. An error that nobody asks for is in the log by asyncio."""

    def __init__(self) -> None:
        self._running: set[asyncio.Task[Any]] = set()

    def begin(self, work: Coroutine[Any, Any, ResultT]) -> asyncio.Task[ResultT]:
        """Begin it."""
        task = asyncio.get_running_loop().create_task(work)
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        return task

    def cancel(self) -> None:
        """Give all of it up."""
        for task in self._running:
            task.cancel()

    async def finish(self) -> None:
        """Wait until nothing runs that runs now."""
        if self._running:
            await asyncio.wait(tuple(self._running))
