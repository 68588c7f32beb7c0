"""What the sender of the log wants of the network: datagrams, or a stream with or without TLS.

A stream's socket is known by a second descriptor: when asyncio has closed its own, the kernel is
still asked how many bytes the server has not acknowledged (SIOCOUTQ).
"""

from __future__ import annotations

import asyncio
import fcntl
import os
import socket
import struct
import termios
from collections.abc import Awaitable, Callable
from typing import cast

from firmware.link.events import Address
from firmware.runtime.failures import tcp_failure
from firmware.runtime.locator import ResolveError
from firmware.runtime.streams import Addresses, Secure, StreamError, connect
from firmware.runtime.tasks import Tasks
from firmware.runtime.tls import TlsFilesError
from firmware.syslog.sender import Ended, LogServer, Part, Reach, Reached, SendBatch, Taken, Way

DATAGRAM_PAUSE_S = 0.05
"""After a batch of datagrams: nothing else keeps a burst from flooding a server's buffer."""

SEND_BUFFER_BYTES = 64 * 1024
USER_TIMEOUT_MS = 20_000
"""As D5 has it for the link: unacknowledged bytes do not linger for 15 minutes."""

READ_BYTES = 4096

Feed = Callable[[Reached | Taken | Ended], None]
Trust = Callable[[], Awaitable[Secure]]


class LogNetwork:
    """One attempt or connection at a time."""

    def __init__(self, feed: Feed, addresses: Addresses, trust: Trust) -> None:
        self._feed, self._addresses, self._trust = feed, addresses, trust
        self._tasks = Tasks()
        self._way: _Stream | _Datagrams | None = None
        self._reaching: asyncio.Task[None] | None = None

    def do(self, command: Reach | SendBatch | Part) -> None:
        """Begin what is wanted."""
        match command:
            case Reach(attempt, server):
                self._reaching = self._tasks.begin(self._reach(attempt, server))
            case SendBatch(attempt, messages) if self._way is not None:
                self._tasks.begin(self._send(self._way, attempt, messages))
            case SendBatch(attempt):
                self._feed(Ended(attempt, "the connection is closed"))
            case Part():
                self._part()

    async def stop(self) -> None:
        """Close everything."""
        self._part()
        self._tasks.cancel()
        await self._tasks.finish()

    def _part(self) -> None:
        if self._reaching is not None:
            self._reaching.cancel()
        if self._way is not None:
            self._way.close()
        self._way = self._reaching = None

    async def _reach(self, attempt: int, server: LogServer) -> None:
        try:
            if server.way is Way.UDP:
                way: _Stream | _Datagrams = await _datagrams(server, self._addresses)
            else:
                secure = await self._trust() if server.way is Way.TLS else None
                reader, writer = await connect(server.host, server.port, self._addresses, secure)
                way = _Stream(reader, writer)
        except TlsFilesError as error:
            self._feed(Ended(attempt, error.failure.text))
        except (StreamError, ResolveError) as error:
            self._feed(Ended(attempt, str(error)))
        else:
            self._way = way
            self._feed(Reached(attempt))
            reason = await way.ended()
            undelivered = way.undelivered()
            way.close()
            self._feed(Ended(attempt, reason, undelivered))

    async def _send(
        self, way: _Stream | _Datagrams, attempt: int, messages: tuple[bytes, ...]
    ) -> None:
        try:
            await way.send(messages)
        except OSError:
            return  # Whoever watches over the way tells of its end.
        self._feed(Taken(attempt))


class _Stream:
    """TCP or TLS."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer
        # "Taken" means by the kernel. With 0 asyncio's TLS would wait for ever.
        writer.transport.set_write_buffer_limits(high=1)
        self._socket = socket.socket(fileno=os.dup(writer.get_extra_info("socket").fileno()))
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER_BYTES)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, USER_TIMEOUT_MS)

    async def send(self, messages: tuple[bytes, ...]) -> None:
        """Return when the kernel has them. Raises OSError."""
        self._writer.write(b"".join(messages))
        await self._writer.drain()

    async def ended(self) -> str:
        """Return why the stream has ended, when it has. What a collector says is not heard."""
        try:
            while await self._reader.read(READ_BYTES):
                pass
        except OSError as error:
            return (error.strerror or str(error)).lower()
        return "closed by the server"

    def undelivered(self) -> int:
        """Return how many bytes the server has not acknowledged; over TLS a few more."""
        answer = fcntl.ioctl(self._socket.fileno(), termios.TIOCOUTQ, struct.pack("i", 0))
        waiting: int = struct.unpack("i", answer)[0]
        return waiting + self._writer.transport.get_write_buffer_size()

    def close(self) -> None:
        """Let go of it at once."""
        self._writer.transport.abort()
        self._socket.close()


class _Datagrams(asyncio.DatagramProtocol):
    """UDP to one address."""

    def __init__(self) -> None:
        self._transport: asyncio.DatagramTransport | None = None
        self._refused: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._last_bytes = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the socket."""
        # Before 3.12 asyncio's own is none by its class.
        self._transport = cast(asyncio.DatagramTransport, transport)

    def error_received(self, exc: Exception) -> None:
        """Hear that nobody is there."""
        if not self._refused.done():
            assert isinstance(exc, OSError)
            self._refused.set_result((exc.strerror or str(exc)).lower())

    async def send(self, messages: tuple[bytes, ...]) -> None:
        """Return when they are on their way."""
        assert self._transport is not None
        self._last_bytes = sum(len(data) for data in messages)
        for data in messages:
            self._transport.sendto(data)
        await asyncio.sleep(DATAGRAM_PAUSE_S)

    async def ended(self) -> str:
        """Return why they are not taken."""
        return await self._refused

    def undelivered(self) -> int:
        """Return what was sent last: nobody was there."""
        return self._last_bytes

    def close(self) -> None:
        """Let go of it."""
        assert self._transport is not None
        self._transport.abort()


async def _datagrams(server: LogServer, addresses: Addresses) -> _Datagrams:
    failure = f"no address for {server.host}"
    for address in await addresses(server.host, server.port):
        try:
            return await _opened(address)
        except OSError as error:
            failure = tcp_failure(error, address).text
    raise StreamError(failure)


async def _opened(address: Address) -> _Datagrams:
    loop = asyncio.get_running_loop()
    _, protocol = await loop.create_datagram_endpoint(
        _Datagrams, remote_addr=(address.host, address.port)
    )
    return protocol
