"""Connections by number: sockets, TLS and the kernel's word on delivery.

Carries out the link's commands and feeds back its events, each with the number of its attempt.
After `Close` nothing more is heard of an attempt; after `Lost` the transport has let go of it.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Sequence
from itertools import count

from firmware.frozen import frozen
from firmware.link.events import (
    Address,
    CheckDelivery,
    Close,
    Connect,
    DeliveryChecked,
    Failure,
    FailureKind,
    Lost,
    Resolve,
    Resolved,
    ServerName,
    Write,
)
from firmware.runtime.connection import Place, SecureConnection
from firmware.runtime.failures import tcp_failure
from firmware.runtime.listener import AcceptedConnection
from firmware.runtime.locator import ResolveError
from firmware.runtime.resolver import Resolver
from firmware.runtime.tls import TlsContexts, TlsFilesError

USER_TIMEOUT_MS = 20_000
"""D5: the kernel gives up on unacknowledged data; the pong limit (10 s) comes first."""

STRANGERS_MAX = 8
"""Peers on the listening port that have not yet shown who they are; the next one is turned away."""

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
        self._places: dict[int, Place] = {}
        self._accepted = count(-1, -1)  # Numbers of connections that others opened.

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

    def use(self, settings: TransportSettings) -> None:
        """Make sockets so from now on."""
        self._settings = settings

    def stop(self) -> None:
        """Close everything."""
        self._resolver.stop()
        for place in self._places.values():
            place.close()
        self._places.clear()

    def _open(self, attempt: int) -> Place:
        place = Place(attempt, self._loop)
        self._places[attempt] = place
        return place

    def _check_delivery(self, attempt: int) -> None:
        place = self._places.get(attempt)
        if place is None or place.connection is None:
            return
        unacknowledged = place.connection.unacknowledged()
        event = DeliveryChecked(attempt, unacknowledged)
        self._loop.call_soon(self.tell, place, event)

    async def _resolve(self, place: Place, host: str, port: int) -> None:
        try:
            addresses = await self._resolver.addresses(host, port)
        except ResolveError as fault:
            self.lose(place, Failure(FailureKind.RESOLVE, str(fault)))
            return
        if self._places.get(place.attempt) is place:
            del self._places[place.attempt]  # The look-up is over; `Connect` opens the next.
            self._deliver(Resolved(place.attempt, addresses))

    async def _connect(self, place: Place, name: ServerName, address: Address) -> None:
        try:
            context = await self._contexts.read()
            sock = await self._tcp(address)
        except TlsFilesError as fault:
            self.lose(place, fault.failure)
            return
        except OSError as error:
            self.lose(place, tcp_failure(error, address))
            return
        connection = SecureConnection(self, place, sock, name, address)
        connection.context = context
        place.connection = connection
        await self._loop.create_connection(lambda: connection, sock=sock)

    async def _tcp(self, address: Address) -> socket.socket:
        family = socket.AF_INET6 if ":" in address.host else socket.AF_INET
        sock = socket.socket(family, socket.SOCK_STREAM)
        try:
            self._prepare(sock)
            if self._settings.source_port:
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                sock.bind(("", self._settings.source_port))
            await self._loop.sock_connect(sock, (address.host, address.port))
        except (OSError, asyncio.CancelledError):  # A cancelled attempt closes its socket too.
            sock.close()
            raise
        return sock

    def accept(self, sock: socket.socket, names: Sequence[ServerName]) -> None:
        """Take a connection that somebody opened to us, and see whether it is a proxy (L11)."""
        accepted = [place.connection for attempt, place in self._places.items() if attempt < 0]
        if sum(1 for one in accepted if one and not one.established) >= STRANGERS_MAX:
            sock.close()
            return
        place = self._open(next(self._accepted))
        connection = AcceptedConnection(self, place, sock, names)
        place.connection = connection
        self._prepare(sock)
        place.run(self._take_in(connection, sock))

    async def _take_in(self, connection: AcceptedConnection, sock: socket.socket) -> None:
        try:
            connection.context = await self._contexts.listening_context()
        except TlsFilesError as fault:
            sock.close()
            connection.refuse(fault.failure)
            return
        except asyncio.CancelledError:
            sock.close()
            raise
        await self._loop.connect_accepted_socket(lambda: connection, sock)

    def _prepare(self, sock: socket.socket) -> None:
        """Small messages go at once, lost ones not for ever, and with their priority (D5)."""
        sock.setblocking(False)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, USER_TIMEOUT_MS)
        if sock.family == socket.AF_INET6:
            sock.setsockopt(
                socket.IPPROTO_IPV6, socket.IPV6_TCLASS, self._settings.traffic_class << 2
            )
        else:
            sock.setsockopt(socket.IPPROTO_IP, socket.IP_TOS, self._settings.traffic_class << 2)

    # What a connection needs of its transport.

    @property
    def contexts(self) -> TlsContexts:
        """The TLS contexts."""
        return self._contexts

    def tell(self, place: Place, event: object) -> None:
        """Feed an event, unless the attempt was closed meanwhile."""
        if self._places.get(place.attempt) is place:
            self._deliver(event)

    def redial(self, place: Place, name: ServerName, address: Address) -> None:
        """Dial once more within the same attempt (I5)."""
        if self._places.get(place.attempt) is place:
            place.connection, place.redialled = None, True
            place.run(self._connect(place, name, address))

    def lose(self, place: Place, failure: Failure) -> None:
        """Let go of an attempt that ended by itself, and say so."""
        if self._places.get(place.attempt) is place:
            del self._places[place.attempt]
            place.close()
            self._deliver(Lost(place.attempt, failure))
