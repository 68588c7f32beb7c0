"""HTTP on the loopback address, with a limit on everything, under a microdot application.

microdot routes, answers and speaks WebSocket. Its own server reads a head of any length for any
time and prints a traceback at a malformed one, so the connections are held here, in the way of
microdot's adapters for other servers: a head is read within `HEAD_S` and `HEAD_BYTES_MAX`, parsed
strictly, and handed over as a `Request`. The page only ever asks with GET, so a request with a
body is refused.
"""

from __future__ import annotations

import asyncio
import errno
import re
import socket
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

from microdot import Microdot, Request, Response
from microdot.microdot import NoCaseDict

from board.board import BoardError
from board.desktop.guard import HOST

HEAD_BYTES_MAX = 8 * 1024
"""Browsers send about 700 bytes; cookies of other pages on 127.0.0.1 come with them."""
HEAD_S = 5.0
"""Time for a whole head. Loopback needs a millisecond."""
WRITE_S = 5.0
"""A browser that takes nothing for this long is gone."""
CLOSE_S = 1.0
"""For the last bytes to go out before the connection is cut."""
BACKLOG = 16
PORTS = range(1 << 16)
CONNECTIONS_MAX = 32
"""A browser opens up to six at once for a page's files."""

REQUEST_LINE = re.compile(r"(GET|HEAD) (/[!-~]*) HTTP/1\.([01])")
HEADER_LINE = re.compile(r"([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([^\x00-\x08\x0a-\x1f\x7f]*)")

Answer = Callable[[Request], Awaitable[Response]]
"""What an application does with a request; `Response.already_handled` where nothing is left."""


class Connection:
    """Both directions of a socket with the methods that microdot calls."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    async def read(self, count: int) -> bytes:
        """Return `count` bytes, fewer only at the end of the stream."""
        try:
            return await self._reader.readexactly(count)
        except asyncio.IncompleteReadError as rest:
            return rest.partial

    async def readexactly(self, count: int) -> bytes:
        return await self._reader.readexactly(count)

    async def awrite(self, data: bytes) -> None:
        """Write, and wait until the browser takes it; raise OSError where it does not."""
        self._writer.write(data)
        try:
            async with asyncio.timeout(WRITE_S):
                await self._writer.drain()
        except TimeoutError:
            raise OSError(errno.ETIMEDOUT, "the browser does not read") from None


class Listener:
    """The listening socket and the connections that it gave.

    A connection belongs to its task from the moment it is accepted. asyncio's own server forgets
    one that comes as it closes, and a task that is cancelled before its first step has no say.
    """

    def __init__(self, application: Microdot, answer: Answer) -> None:
        self._application, self._answer = application, answer
        self._socket: socket.socket | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    async def start(self, port: int) -> int:
        """Listen on a port (0: any free one) and return its number."""
        if port not in PORTS:
            raise BoardError(f"the page cannot be at {HOST}:{port}: a port is 0 to 65535")
        try:
            self._socket = socket.create_server((HOST, port), backlog=BACKLOG)
        except OSError as error:
            raise BoardError(f"the page cannot be at {HOST}:{port}: {error.strerror}") from error
        self._socket.setblocking(False)
        asyncio.get_running_loop().add_reader(self._socket, self._accept, self._socket)
        number: int = self._socket.getsockname()[1]
        return number

    async def stop(self) -> None:
        """Close the socket and every connection."""
        if self._socket is None:
            return
        asyncio.get_running_loop().remove_reader(self._socket)
        self._socket.close()
        self._socket = None
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _accept(self, server: socket.socket) -> None:
        try:
            browser, _ = server.accept()
        except OSError:
            return  # It has gone already, or the system has no descriptor left.
        if len(self._tasks) >= CONNECTIONS_MAX:
            browser.close()
            return
        browser.setblocking(False)
        task = asyncio.get_running_loop().create_task(self._hold(browser))
        self._tasks.add(task)
        task.add_done_callback(partial(self._end, browser))

    def _end(self, browser: socket.socket, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        browser.close()

    async def _hold(self, browser: socket.socket) -> None:
        reader, writer = await asyncio.open_connection(sock=browser, limit=HEAD_BYTES_MAX)
        try:
            await self._serve(reader, writer)
        except (OSError, EOFError):
            pass  # The browser went away: nobody is left to tell.
        finally:
            writer.transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection: one request, and what a WebSocket makes of it."""
        # Any: microdot's types name the streams of asyncio, its code only these methods.
        connection: Any = Connection(reader, writer)
        response = await self._respond(reader, connection)
        if response is not Response.already_handled:
            await response.write(connection)
        writer.close()
        async with asyncio.timeout(CLOSE_S):
            await writer.wait_closed()

    async def _respond(self, reader: asyncio.StreamReader, connection: Any) -> Response:
        try:
            async with asyncio.timeout(HEAD_S):
                head = await reader.readuntil(b"\r\n\r\n")
        except asyncio.LimitOverrunError:
            return Response("The request is too long.", 431, reason="Too Long")
        request = self._parse(head.decode("latin-1"), connection)
        if request is None:
            return Response("This is not a request for a page.", 400, reason="Bad Request")
        return await self._answer(request)

    def _parse(self, head: str, connection: Any) -> Request | None:
        """Return the request, None where it is malformed or nothing that a page sends."""
        first, *lines = head.removesuffix("\r\n\r\n").split("\r\n")
        asked = REQUEST_LINE.fullmatch(first)
        headers = NoCaseDict()
        for line in lines:
            field = HEADER_LINE.fullmatch(line)
            if field is None or field[1] in headers:
                return None  # Two Hosts or two Origins would leave open which one was checked.
            headers[field[1]] = field[2].strip()
        if asked is None or "Transfer-Encoding" in headers or "Content-Length" in headers:
            return None
        method, target, minor = asked.groups()
        return Request(
            self._application, (HOST, 0), method, target, f"1.{minor}", headers,
            body=b"", sock=(connection, connection),
        )  # fmt: skip
