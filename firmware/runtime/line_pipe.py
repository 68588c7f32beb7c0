"""Lines to and from another program, over descriptors that may block, end or break at any time.

A pipe, a terminal and a file want different treatment by an event loop, and a terminal is shared
with other programs, so that its blocking mode is not ours to change. A thread for each direction
reads or writes as anyone would and meets the loop through `call_soon_threadsafe`.

Both directions are bounded. The reader stops reading while the loop has not taken what it read, and
a line longer than `LINE_BYTES_MAX` is cut out and reported. The writer never makes the loop wait:
where the other side does not read, lines are lost, first those that a later one makes good, and
counted.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import select
import threading
from collections import deque
from collections.abc import AsyncIterator, Callable

LINE_BYTES_MAX = 64 * 1024
"""A command is below 2 KiB; as much as a SIP message may have."""
CHUNK_BYTES = 64 * 1024
"""What a pipe holds on Linux."""
QUEUE_LINES_MAX = 1000
"""Several minutes of a phone's events for a program that is slow to read them."""
FLUSH_S = 1.0
"""What a program that still reads needs to take the last lines."""


class LineCutter:
    """Cuts a stream of bytes into lines; a line that is too long becomes None."""

    def __init__(self) -> None:
        self._rest = bytearray()
        self._skipping = False

    def cut(self, chunk: bytes) -> list[bytes | None]:
        """Return the lines that this chunk completes."""
        *ends, rest = chunk.split(b"\n")
        return [line for end in ends for line in self._end(end)] + self._keep(rest)

    def last(self) -> list[bytes | None]:
        """Return what stands after the last line feed, at the end of the stream."""
        return self._end(b"") if self._rest else []

    def _end(self, end: bytes) -> list[bytes | None]:
        too_long = self._keep(end)
        line, skipped = bytes(self._rest), self._skipping
        self._rest.clear()
        self._skipping = False
        return too_long if skipped else [line]

    def _keep(self, part: bytes) -> list[bytes | None]:
        """Keep the beginning of a line; return None, once, where it grows too long."""
        if self._skipping:
            return []
        self._rest += part
        if len(self._rest) <= LINE_BYTES_MAX:
            return []
        self._rest.clear()
        self._skipping = True
        return [None]


class LineReader:
    """The lines that come in; iterate over it once. A line that was too long is None."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._loop = asyncio.get_running_loop()
        self._chunks: asyncio.Queue[bytes] = asyncio.Queue()
        self._taken = threading.Semaphore()
        self._stopped = False

    def stop(self) -> None:
        """End the iteration after the line it is at."""
        self._stopped = True
        self._chunks.put_nowait(b"")

    async def __aiter__(self) -> AsyncIterator[bytes | None]:
        threading.Thread(target=self._read, name="line reader", daemon=True).start()
        cutter = LineCutter()
        while chunk := await self._chunks.get():
            for line in cutter.cut(chunk):
                yield line
                if self._stopped:
                    return
                await asyncio.sleep(0)  # A thousand commands at once do not stop the phone.
            self._taken.release()
        if not self._stopped:
            for line in cutter.last():
                yield line

    def _read(self) -> None:
        """Read on the thread until the stream ends or the loop is gone."""
        chunk = b"begin"
        while chunk:
            self._taken.acquire()
            chunk = self._read_chunk()
            try:
                self._loop.call_soon_threadsafe(self._chunks.put_nowait, chunk)
            except RuntimeError:
                return  # The loop is closed: nobody is left to read for.

    def _read_chunk(self) -> bytes:
        try:
            return os.read(self._descriptor, CHUNK_BYTES)
        except BlockingIOError:
            select.select([self._descriptor], [], [])  # Somebody else set it non-blocking.
            return self._read_chunk()
        except OSError:
            return b""  # A stream that breaks has ended.


class LineWriter:
    """The lines that go out; `broken` is called on the loop where nobody can read them any more."""

    def __init__(self, descriptor: int, broken: Callable[[], None]) -> None:
        self._descriptor, self._broken = descriptor, broken
        self._loop = asyncio.get_running_loop()
        self._lines: deque[tuple[bytes, bool]] = deque()
        self._changed = threading.Condition()
        self._closing = False
        self.lost = 0
        self._thread = threading.Thread(target=self._write, name="line writer", daemon=True)
        self._thread.start()

    @property
    def has_room(self) -> bool:
        """Tell whether a line fits without another one lost for it."""
        return len(self._lines) < QUEUE_LINES_MAX

    def put(self, line: bytes, *, replaceable: bool) -> None:
        """Queue a line without its end; a replaceable one is the first to go where it is full."""
        with self._changed:
            if len(self._lines) >= QUEUE_LINES_MAX:
                self._drop()
            self._lines.append((line + b"\n", replaceable))
            self._changed.notify()

    async def close(self) -> None:
        """Write what is queued while somebody reads it, `FLUSH_S` at the most."""
        with self._changed:
            self._closing = True
            self._changed.notify()
        await asyncio.to_thread(self._thread.join, FLUSH_S)

    def _drop(self) -> None:
        where = (i for i, (_, replaceable) in enumerate(self._lines) if replaceable)
        del self._lines[next(where, 0)]
        self.lost += 1

    def _write(self) -> None:
        """Write on the thread until told to close, or until nobody reads."""
        while line := self._next():
            try:
                self._write_whole(line)
            except OSError:
                return self._report_broken()
        return None

    def _next(self) -> bytes:
        """Wait for a line; b"" where there will be none."""
        with self._changed:
            while not self._lines and not self._closing:
                self._changed.wait()
            return self._lines.popleft()[0] if self._lines else b""

    def _write_whole(self, line: bytes) -> None:
        while line:
            try:
                line = line[os.write(self._descriptor, line) :]
            except BlockingIOError:
                select.select([], [self._descriptor], [])

    def _report_broken(self) -> None:
        with contextlib.suppress(RuntimeError):  # The loop is closed, and the phone with it.
            self._loop.call_soon_threadsafe(self._broken)
