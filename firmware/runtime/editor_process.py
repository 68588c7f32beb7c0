"""The line editor's process, from the phone's side: started, fed, heard, ended.

It is nice: whoever types takes the processor from nobody who talks.

Whatever becomes of it, the console goes on with the phone's own editor: `ended` is called then.
What it has not read of what the phone says is bounded by the pipe and by `PENDING_MAX`.
"""

from __future__ import annotations

import asyncio
import base64
import json
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import Any

LINE_MAX = 1_000_000
"""Bytes of one thing that it says: far more than a screen."""

PENDING_MAX = 1_000_000
"""Bytes that wait for it to read them; one that is so late is ended."""

END_S = 2.0
"""How long it has to end by itself."""

NICE = ("nice", "-n", "5")
"""Before the command; where that is not allowed, it runs all the same."""


class EditorProcess:
    """One process; `said` gets what it says, `ended` is called when it is gone by itself."""

    def __init__(self, said: Callable[[dict[str, Any]], None], ended: Callable[[], None]) -> None:
        self._said, self._ended = said, ended
        self._process: asyncio.subprocess.Process | None = None
        self._stopped = False
        self._task = asyncio.get_running_loop().create_task(self._run())

    def tell(self, **words: object) -> None:
        """Say something to it."""
        writer = self._process.stdin if self._process else None
        if writer is None or writer.is_closing():
            return
        writer.write(json.dumps(words).encode() + b"\n")
        if writer.transport.get_write_buffer_size() > PENDING_MAX and self._process:
            self._kill()

    def type(self, data: bytes) -> None:
        """Let it have what was typed."""
        self.tell(keys=base64.b64encode(data).decode())

    async def stop(self) -> None:
        """Let it end, and wait for that."""
        self._stopped = True
        if self._process is not None and self._process.stdin is not None:
            self._process.stdin.close()
        with suppress(TimeoutError):
            await asyncio.wait_for(asyncio.shield(self._task), END_S)
        self._kill()
        await self._task

    def _kill(self) -> None:
        if self._process is not None and self._process.returncode is None:
            self._process.kill()

    async def _run(self) -> None:
        try:
            self._process = await asyncio.create_subprocess_exec(
                *(*NICE, sys.executable, "-m", "firmware.runtime.line_editor"),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.DEVNULL,
                limit=LINE_MAX,
            )
            await self._listen()
        except OSError:
            pass  # There is no such program, or no memory for it.
        if not self._stopped:
            self._ended()

    async def _listen(self) -> None:
        process = self._process
        assert process is not None
        assert process.stdout is not None
        if self._stopped and process.stdin is not None:
            process.stdin.close()
        with suppress(ValueError):  # A line that is too long, or no JSON: it is out of its mind.
            while line := await process.stdout.readline():
                if not self._stopped:
                    self._said(json.loads(line))
        self._kill()
        await process.wait()
