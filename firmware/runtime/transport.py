"""Connections by number: sockets, TLS and the kernel's word on delivery.

Carries out the link's commands and feeds back its events, each with the number of its attempt.
After `Close` nothing more is heard of an attempt; after `Lost` the transport has let go of it.
"""

from __future__ import annotations

import asyncio
import fcntl
import logging
import socket
import struct
import termios
import time
from collections.abc import Callable, Coroutine, Sequence
from typing import Any

from firmware.frozen import frozen
from firmware.link.events import (
    Address,
    CheckDelivery,
    Close,
    Connect,
    Connected,
    DeliveryChecked,
    Failure,
    FailureKind,
    Lost,
    Received,
    Resolve,
    Resolved,
    ServerName,
    TcpConnected,
    TlsFacts,
    Write,
)
from firmware.link.identity import certificate_end, verify
from firmware.runtime.failures import stream_failure, tcp_failure
from firmware.runtime.locator import ResolveError
from firmware.runtime.resolver import Resolver
from firmware.runtime.tls import KeptSession, TlsContexts, TlsFilesError
from firmware.runtime.tls_pipe import TlsPipe, TlsStreamError

log = logging.getLogger("handset.transport")

UNSENT_BYTES_MAX = 1024 * 1024
"""What may wait for a peer that does not read; then it is as good as gone."""

USER_TIMEOUT_MS = 20_000
"""D5: the kernel gives up on unacknowledged data; the pong limit (10 s) comes first."""

Deliver = Callable[[object], None]


@frozen
class TransportSettings:
    """How sockets are made."""

    source_port: int = 0  # `sips symmetric tls signaling`: a fixed one; 0: any.
    traffic_class: int = 26  # `tos sip`: a DSCP.


class Transport:
    """All connections of the phone; the link above keeps them to at most two."""

    def __init__(
        self,
        deliver: Deliver,
        contexts: TlsContexts,
        resolver: Resolver,
        settings: TransportSettings | None = None,
    ) -> None:
        self._deliver = deliver
        self._contexts = contexts
        self._resolver = resolver
        self._settings = settings or TransportSettings()
        self._loop = asyncio.get_running_loop()
        self._places: dict[int, _Place] = {}

    def do(self, command: Resolve | Connect | Write | Close | CheckDelivery) -> None:
        """Carry out one command; its events come later, from the loop."""
        match command:
            case Resolve(attempt, proxy):
                place = self._open(attempt)
                place.run(self._resolve(place, proxy.host, proxy.port))
            case Connect(attempt, name, address):
                place = self._open(attempt)
                place.run(self._connect(place, name, address))
            case Write(attempt, data):
                if (found := self._places.get(attempt)) and found.connection:
                    found.connection.write(data)
            case CheckDelivery(attempt):
                self._check_delivery(attempt)
            case Close(attempt):
                if closing := self._places.pop(attempt, None):
                    closing.close()

    def stop(self) -> None:
        """Close everything."""
        self._resolver.stop()
        for place in self._places.values():
            place.close()
        self._places.clear()

    def _open(self, attempt: int) -> _Place:
        place = _Place(attempt, self._loop)
        self._places[attempt] = place
        return place

    def _tell(self, place: _Place, event: object) -> None:
        """Feed an event, unless the attempt was closed meanwhile."""
        if self._places.get(place.attempt) is place:
            self._deliver(event)

    def _lose(self, place: _Place, failure: Failure) -> None:
        """Let go of an attempt that ended by itself, and say so."""
        if self._places.get(place.attempt) is place:
            del self._places[place.attempt]
            place.close()
            self._deliver(Lost(place.attempt, failure))

    def _check_delivery(self, attempt: int) -> None:
        place = self._places.get(attempt)
        if place is None or place.connection is None:
            return
        unacknowledged = place.connection.unacknowledged()
        event = DeliveryChecked(attempt, unacknowledged)
        self._loop.call_soon(self._tell, place, event)

    async def _resolve(self, place: _Place, host: str, port: int) -> None:
        try:
            addresses = await self._resolver.addresses(host, port)
        except ResolveError as fault:
            self._lose(place, Failure(FailureKind.RESOLVE, str(fault)))
            return
        if self._places.get(place.attempt) is place:
            del self._places[place.attempt]  # The look-up is over; `Connect` opens the next.
            self._deliver(Resolved(place.attempt, addresses))

    async def _connect(self, place: _Place, name: ServerName, address: Address) -> None:
        try:
            self._contexts.context()
            sock = await self._tcp(address)
        except TlsFilesError as fault:
            self._lose(place, fault.failure)
            return
        except OSError as error:
            self._lose(place, tcp_failure(error, address))
            return
        connection = _Connection(self, place, sock, name, address)
        place.connection = connection
        await self._loop.create_connection(lambda: connection, sock=sock)

    async def _tcp(self, address: Address) -> socket.socket:
        family = socket.AF_INET6 if ":" in address.host else socket.AF_INET
        sock = socket.socket(family, socket.SOCK_STREAM)
        try:
            sock.setblocking(False)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, USER_TIMEOUT_MS)
            _set_traffic_class(sock, family, self._settings.traffic_class)
            if self._settings.source_port:
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                sock.bind(("", self._settings.source_port))
            await self._loop.sock_connect(sock, (address.host, address.port))
        except (OSError, asyncio.CancelledError):  # A cancelled attempt closes its socket too.
            sock.close()
            raise
        return sock

    # What a connection needs of its transport.

    @property
    def contexts(self) -> TlsContexts:
        """The TLS contexts."""
        return self._contexts

    def tell(self, place: _Place, event: object) -> None:
        """Feed an event of a connection."""
        self._tell(place, event)

    def redial(self, place: _Place, name: ServerName, address: Address) -> None:
        """Dial once more within the same attempt (I5)."""
        if self._places.get(place.attempt) is place:
            place.connection, place.redialled = None, True
            place.run(self._connect(place, name, address))

    def lose(self, place: _Place, failure: Failure) -> None:
        """End a connection and say why."""
        self._lose(place, failure)


def _set_traffic_class(sock: socket.socket, family: int, dscp: int) -> None:
    if family == socket.AF_INET6:
        sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_TCLASS, dscp << 2)
    else:
        sock.setsockopt(socket.IPPROTO_IP, socket.IP_TOS, dscp << 2)


class _Place:
    """One attempt: a task while it looks up or dials, a connection afterwards."""

    def __init__(self, attempt: int, loop: asyncio.AbstractEventLoop) -> None:
        self.attempt = attempt
        self.connection: _Connection | None = None
        self.redialled = False  # TcpConnected was told already.
        self._loop = loop
        self._task: asyncio.Task[None] | None = None

    def run(self, work: Coroutine[Any, Any, None]) -> None:
        """Start the look-up or the dialling."""
        self._task = self._loop.create_task(work)

    def close(self) -> None:
        """End whatever runs."""
        if self.connection is not None:
            self.connection.close()
        elif self._task is not None and self._task is not _current_task():
            self._task.cancel()


def _current_task() -> asyncio.Task[object] | None:
    try:
        return asyncio.current_task()
    except RuntimeError:
        return None


class _Connection(asyncio.Protocol):
    """One TCP connection with TLS on it."""

    def __init__(
        self,
        owner: Transport,
        place: _Place,
        sock: socket.socket,
        name: ServerName,
        address: Address,
    ) -> None:
        self._owner = owner
        self._place = place
        self._sock = sock
        self._name = name
        self._address = address
        self._wire: asyncio.Transport | None = None
        self._pipe: TlsPipe | None = None
        self._closed = False
        self._session_kept = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._wire = transport
        if self._closed:  # Closed between the end of TCP's handshake and now.
            transport.abort()
            return
        if not self._place.redialled:
            self._owner.tell(self._place, TcpConnected(self._place.attempt))
        if not self._closed:
            self._guarded(self._begin)

    def data_received(self, data: bytes) -> None:
        if not self._closed:
            self._guarded(lambda: self._take(data))

    def eof_received(self) -> bool:
        stage = "closed the connection" if self._established else "hung up during the handshake"
        self._end(Failure(FailureKind.CLOSED, f"the proxy {stage}"))
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        if isinstance(exc, OSError):
            self._end(stream_failure(exc))
        else:
            self._end(Failure(FailureKind.CLOSED, "the proxy closed the connection"))

    def write(self, data: bytes) -> None:
        """Encrypt and send at once."""
        assert self._established, "written before the proxy was authenticated"
        assert self._pipe is not None
        if not self._closed:
            pipe = self._pipe
            self._guarded(lambda: self._send(pipe.write(data)))

    def unacknowledged(self) -> int:
        """Count the bytes that the proxy's TCP has not acknowledged, ours and the kernel's (D2)."""
        waiting = self._wire.get_write_buffer_size() if self._wire else 0
        try:
            answer = fcntl.ioctl(self._sock.fileno(), termios.TIOCOUTQ, struct.pack("i", 0))
        except OSError:
            return waiting
        queued: int = struct.unpack("i", answer)[0]
        return waiting + queued

    def close(self) -> None:
        """Say goodbye and let go; no event follows."""
        if self._closed:
            return
        self._closed = True
        if self._wire is None:  # `connection_made` is on its way, and lets go of the socket.
            return
        if self.unacknowledged():
            # L10: what a dead path holds back must not arrive later, beside the next link. RST.
            self._sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self._wire.abort()
            return
        if self._pipe is not None:
            self._wire.write(self._pipe.farewell())
        self._wire.close()

    @property
    def _established(self) -> bool:
        return self._pipe is not None and self._pipe.established

    def _guarded(self, step: Callable[[], None]) -> None:
        """Run a step of TLS; its failure is the end of the connection."""
        try:
            step()
        except TlsStreamError as failed:
            if self._retry_without_session(failed.failure):
                return
            self._end(failed.failure)
        except TlsFilesError as fault:
            self._end(fault.failure)

    def _begin(self) -> None:
        """Start the handshake, with a session where one is kept and still good (I5)."""
        contexts = self._owner.contexts
        context = contexts.context()
        kept = contexts.session(self._name, self._address)
        if kept is not None and self._verify(kept.chain) is not None:
            contexts.forget(self._name, self._address)
            kept = None
        session, chain = (kept.session, kept.chain) if kept else (None, ())
        self._pipe = TlsPipe(context, self._name, self._verify, session, chain)
        self._send(self._pipe.start())

    def _retry_without_session(self, failure: Failure) -> bool:
        """I5: a handshake that fails with a session is repeated at once without."""
        if self._pipe is None or self._established or not self._pipe.offered_session:
            return False
        if failure.kind is FailureKind.CERTIFICATE:
            return False
        log.info("the session was not taken (%s); once more without", failure.text)
        self._owner.contexts.forget(self._name, self._address)
        self._closed = True
        if self._wire is not None:
            self._wire.abort()
        self._owner.redial(self._place, self._name, self._address)
        return True

    def _take(self, data: bytes) -> None:
        assert self._pipe is not None
        was_established = self._established
        plain, reply, ended = self._pipe.receive(data)
        self._send(reply)
        attempt = self._place.attempt
        if self._established and not was_established:
            self._owner.contexts.shown[self._name] = tuple(self._pipe.chain)
            self._owner.tell(self._place, Connected(attempt, self._facts()))
        if plain and not self._closed:
            self._owner.tell(self._place, Received(attempt, plain))
            self._keep_session()
        if ended:
            self._end(Failure(FailureKind.CLOSED, "the proxy closed the connection"))

    def _facts(self) -> TlsFacts:
        assert self._pipe is not None
        host, port = self._sock.getsockname()[:2]
        return self._pipe.facts(Address(host, port), certificate_end(self._pipe.leaf))

    def _keep_session(self) -> None:
        """Remember the session; TLS 1.3 sends its tickets with the first data."""
        assert self._pipe is not None
        session = None if self._session_kept else self._pipe.session
        if session is not None:
            self._session_kept = True
            kept = KeptSession(session, tuple(self._pipe.chain))
            self._owner.contexts.keep(self._pipe.context, self._name, self._address, kept)

    def _verify(self, chain: Sequence[bytes]) -> Failure | None:
        contexts = self._owner.contexts
        wildcard = contexts.files.allow_wildcard
        return verify(chain, self._name, time.time(), contexts.crls, allow_wildcard=wildcard)

    def _send(self, data: bytes) -> None:
        if not data or self._wire is None:
            return
        self._wire.write(data)
        if self._wire.get_write_buffer_size() > UNSENT_BYTES_MAX:
            self._end(Failure(FailureKind.SILENT, "the proxy does not read"))

    def _end(self, failure: Failure) -> None:
        """The connection ended by itself: goodbye, and say why."""
        if not self._closed:
            self._owner.lose(self._place, failure)
