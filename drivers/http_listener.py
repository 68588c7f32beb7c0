"""HTTP over a listening socket, with or without TLS, with a limit on everything.

microdot answers and speaks WebSocket. Its own server reads a head of any length for any time and
prints a traceback at a malformed one, so the connections are held here, in the way of microdot's
adapters for other servers: a head is read within `HEAD_S` and `HEAD_BYTES_MAX`, parsed strictly,
and handed over as a `Request`.

A connection carries one request: what follows it is never read, so that nothing can be smuggled in
behind it (RFC 9112 11.2). A body is as long as its Content-Length says, no longer than the
application has room for, and read within `BODY_S`; or, where the application takes it as it comes
(`taker`), within `BODY_S` for each piece. Whoever takes no body is asked by GET only.

Both pages of this phone stand on it: the virtual handset's and the administrator's.
"""

from __future__ import annotations

import asyncio
import errno
import re
import socket
import ssl
from collections import Counter, deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol

from microdot import Microdot, Request, Response
from microdot.microdot import NoCaseDict

HEAD_BYTES_MAX = 8 * 1024
"""Browsers send about 700 bytes; cookies of other pages on 127.0.0.1 come with them."""
HANDSHAKE_S = 5.0
HEAD_S = 5.0
"""Time for a whole head, which comes in one packet."""
BODY_S = 20.0
"""Time for a whole body."""
PIECE_BYTES = 64 * 1024
"""Of a body that is taken as it comes; a connection holds back no more than 16 KiB of it."""
WRITE_S = 5.0
"""A browser that takes nothing for this long is gone."""
CLOSE_S = 1.0
"""For the last bytes to go out before the connection is cut."""
DISCARD_BYTES_MAX = 1 << 20
"""Of a body that is refused, so much is read: a browser that still sends hears no answer."""
BACKLOG = 16
CONNECTIONS_MAX = 32
"""A browser opens up to six at once for a page's files. One with TLS costs 0.3 MB."""
OF_ONE_PEER_MAX = 20
"""So many come from one address: it never keeps the others out."""
HANDSHAKES_MAX, HANDSHAKES_S = 40, 1.0
"""So many of TLS in so long, and no more: each takes milliseconds of a small machine."""

REQUEST_LINE = re.compile(r"([A-Z]{1,16}) (/[!-~]*) HTTP/1\.([01])")
HEADER_LINE = re.compile(r"([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([^\x00-\x08\x0a-\x1f\x7f]*)")
LENGTH = re.compile(r"[0-9]{1,10}")
ASKING = frozenset({"GET", "HEAD"})


class Application(Protocol):
    """Whoever answers."""

    def room(self, request: Request) -> int:
        """Return how many bytes of a body may come with this request, which has none yet."""

    def taker(self, request: Request) -> Taker | None:
        """Return who takes the body of this request as it comes, None where nobody does."""

    async def answer(self, request: Request) -> Response:
        """Answer; `Response.already_handled` where nothing is left to say."""


class Body:
    """A body on its way: `length` bytes in all, of which `left` are to come."""

    def __init__(self, reader: asyncio.StreamReader, length: int) -> None:
        self._reader, self.left = reader, length
        self.length = length

    async def read(self) -> bytes:
        """Return the next piece, b"" at the end; OSError or EOFError where it does not come."""
        if not self.left:
            return b""
        async with asyncio.timeout(BODY_S):
            piece = await self._reader.read(min(self.left, PIECE_BYTES))
        if not piece:
            raise EOFError
        self.left -= len(piece)
        return piece


Taker = Callable[[Request, Body], Awaitable[Response]]


@dataclass(frozen=True, slots=True)
class Head:
    """What stands before the body."""

    method: str
    target: str
    version: str
    headers: NoCaseDict
    length: int  # Of the body.


class BadRequestError(ValueError):
    """What is no request, with the status that says so."""

    def __init__(self, status: int, reason: str, text: str) -> None:
        super().__init__(text)
        self.status, self.reason = status, reason


def _malformed() -> BadRequestError:
    return BadRequestError(400, "Bad Request", "This is not a request for a page.")


def parse(text: str, *, takes_bodies: bool) -> Head:
    """Return the head; raise BadRequestError where it is malformed or nothing that a page sends."""
    first, *lines = text.removesuffix("\r\n\r\n").split("\r\n")
    asked = REQUEST_LINE.fullmatch(first)
    headers = NoCaseDict()
    for line in lines:
        field = HEADER_LINE.fullmatch(line)
        if field is None or field[1] in headers:
            raise _malformed()  # Two Hosts or two Origins would leave open which one was checked.
        headers[field[1]] = field[2].strip()
    if asked is None or (asked[1] not in ASKING and not takes_bodies):
        raise _malformed()
    method, target, minor = asked.groups()
    return Head(method, target, f"1.{minor}", headers, _length(headers, takes_bodies))


def _length(headers: NoCaseDict, takes_bodies: bool) -> int:
    """Return how long the body is. Two ways to say it are one too many (RFC 9112 6.3)."""
    said = headers.get("Content-Length")
    if "Transfer-Encoding" in headers:
        if said is not None or not takes_bodies:
            raise _malformed()
        raise BadRequestError(411, "Length Required", "A body has to say how long it is.")
    if said is None:
        return 0
    if not takes_bodies or not LENGTH.fullmatch(said):
        raise _malformed()
    return int(said)


class Connection:
    """Both directions of a socket with the methods that microdot calls."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer
        self._head: bytes | None = b""  # None: it is out.

    async def read(self, count: int) -> bytes:
        """Return `count` bytes, fewer only at the end of the stream."""
        try:
            return await self._reader.readexactly(count)
        except asyncio.IncompleteReadError as rest:
            return rest.partial

    async def readexactly(self, count: int) -> bytes:
        return await self._reader.readexactly(count)

    async def awrite(self, data: bytes) -> None:
        """Write, and wait until the browser takes it; raise OSError where it does not.

        microdot writes a head line by line: it goes out as one.
        """
        if self._head is not None:
            self._head += data
            if not self._head.endswith(b"\r\n\r\n"):
                return
            data, self._head = self._head, None
        self._writer.write(data)
        try:
            async with asyncio.timeout(WRITE_S):
                await self._writer.drain()
        except TimeoutError:
            raise OSError(errno.ETIMEDOUT, "the browser does not read") from None


class Listener:
    """Connections from a listening socket, which stays its owner's.

    A connection belongs to its task from the moment it is accepted. asyncio's own server forgets
    one that comes as it closes, and a task that is cancelled before its first step has no say.
    """

    def __init__(
        self,
        application: Application,
        tls: ssl.SSLContext | None = None,
        *,
        takes_bodies: bool = False,
    ) -> None:
        self._application, self._tls, self._takes_bodies = application, tls, takes_bodies
        self._socket: socket.socket | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._peers = Counter[str]()
        self._begun = deque[float](maxlen=HANDSHAKES_MAX)  # When the last ones came.
        self._pause: asyncio.TimerHandle | None = None

    @property
    def is_idle(self) -> bool:
        """Tell whether nobody is connected."""
        return not self._tasks

    def start(self, server: socket.socket) -> None:
        """Accept what comes to this socket."""
        self._socket = server
        server.setblocking(False)
        self._listen(server)

    def _listen(self, server: socket.socket) -> None:
        asyncio.get_running_loop().add_reader(server, self._accept, server)

    async def stop(self) -> None:
        """Accept nothing more, and close every connection."""
        if self._socket is None:
            return
        asyncio.get_running_loop().remove_reader(self._socket)
        self._socket = None
        if self._pause is not None:
            self._pause.cancel()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _accept(self, server: socket.socket) -> None:
        try:
            browser, address = server.accept()
        except OSError:
            return  # It has gone already, or the system has no descriptor left.
        peer = str(address[0]).removeprefix("::ffff:")
        if len(self._tasks) >= CONNECTIONS_MAX or self._peers[peer] >= OF_ONE_PEER_MAX:
            browser.close()
            return
        if self._tls is not None:
            self._slow_down(server)
        browser.setblocking(False)
        # asyncio does that for sockets that it has opened. Without it an answer waits 40 ms, until
        # what TLS has said before was acknowledged.
        browser.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        task = asyncio.get_running_loop().create_task(self._hold(browser, peer))
        self._tasks.add(task)
        self._peers[peer] += 1
        task.add_done_callback(partial(self._end, browser, peer))

    def _slow_down(self, server: socket.socket) -> None:
        """Let those who come next wait, where too many came at once."""
        loop = asyncio.get_running_loop()
        self._begun.append(loop.time())
        again_at = self._begun[0] + HANDSHAKES_S
        if len(self._begun) == self._begun.maxlen and again_at > loop.time():
            loop.remove_reader(server)
            self._pause = loop.call_at(again_at, self._listen, server)

    def _end(self, browser: socket.socket, peer: str, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        self._peers[peer] -= 1
        if not self._peers[peer]:
            del self._peers[peer]
        browser.close()

    async def _hold(self, browser: socket.socket, peer: str) -> None:
        try:
            reader, writer = await self._open(browser)
        except OSError as error:
            _forget_frames(error)
            return  # No TLS, or none in time.
        try:
            await self._serve(reader, writer, peer)
        except (OSError, EOFError) as error:
            _forget_frames(error)  # The browser went away: nobody is left to tell.
        finally:
            writer.transport.abort()

    async def _open(
        self, browser: socket.socket
    ) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """Make streams of a socket; with TLS after its handshake."""
        loop = asyncio.get_running_loop()
        reader = asyncio.StreamReader(limit=HEAD_BYTES_MAX)
        protocol = asyncio.StreamReaderProtocol(reader)
        transport, _ = await loop.connect_accepted_socket(
            lambda: protocol,
            browser,
            ssl=self._tls,
            ssl_handshake_timeout=HANDSHAKE_S if self._tls else None,
            ssl_shutdown_timeout=CLOSE_S if self._tls else None,
        )
        return reader, asyncio.StreamWriter(transport, protocol, reader, loop)

    async def _serve(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, peer: str
    ) -> None:
        """One connection: one request, and what a WebSocket makes of it."""
        # Any: microdot's types name the streams of asyncio, its code only these methods.
        connection: Any = Connection(reader, writer)
        try:
            response = await self._respond(reader, connection, peer)
        except BadRequestError as error:
            response = Response(str(error), error.status, reason=error.reason)
        if response is not Response.already_handled:
            await response.write(connection)
        writer.close()
        async with asyncio.timeout(CLOSE_S):
            await writer.wait_closed()

    async def _respond(self, reader: asyncio.StreamReader, connection: Any, peer: str) -> Response:
        try:
            async with asyncio.timeout(HEAD_S):
                text = await reader.readuntil(b"\r\n\r\n")
        except asyncio.LimitOverrunError:
            raise BadRequestError(431, "Too Long", "The request is too long.") from None
        head = parse(text.decode("latin-1"), takes_bodies=self._takes_bodies)
        make = partial(_request, head, connection, peer)
        taker = self._application.taker(make(b"")) if head.length else None
        if taker is not None:
            await _go_on(connection, head)
            return await taker(make(b""), Body(reader, head.length))
        body = await self._body(reader, connection, head, make(b"")) if head.length else b""
        return await self._application.answer(make(body))

    async def _body(
        self, reader: asyncio.StreamReader, connection: Connection, head: Head, asked: Request
    ) -> bytes:
        if head.length > self._application.room(asked):
            await _discard(reader, head.length)
            raise BadRequestError(413, "Content Too Large", "That is more than there is room for.")
        await _go_on(connection, head)
        async with asyncio.timeout(BODY_S):
            return await reader.readexactly(head.length)


async def _go_on(connection: Connection, head: Head) -> None:
    """Say that the body may come, where that is waited for."""
    if head.headers.get("Expect", "").lower() == "100-continue":
        await connection.awrite(b"HTTP/1.1 100 Continue\r\n\r\n")


def _forget_frames(error: BaseException | None) -> None:
    """Let go of what an error saw, and those before it that it came of. The stream keeps its error,
    and the error the frames that held the stream: 0.3 MB of TLS each, which would stay until
    somebody looks for garbage."""
    while error is not None:
        error.__traceback__ = None
        error.__context__, error = None, error.__context__


def _request(head: Head, connection: Any, peer: str, body: bytes) -> Request:
    try:
        return Request(
            Microdot, (peer, 0), head.method, head.target, head.version, head.headers,
            body=body, sock=(connection, connection),
        )  # fmt: skip
    except ValueError:
        raise _malformed() from None  # What stands behind the "?" is not encoded as it should be.


async def _discard(reader: asyncio.StreamReader, length: int) -> None:
    left = min(length, DISCARD_BYTES_MAX)
    try:
        async with asyncio.timeout(CLOSE_S):
            while left > 0 and (part := await reader.read(left)):
                left -= len(part)
    except TimeoutError:
        pass  # Whoever is so slow goes without an answer.
