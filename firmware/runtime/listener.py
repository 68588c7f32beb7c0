"""TLS mode's listening port: the proxy opens a connection for a call to us (L3, L11).

Only a peer whose certificate passes as that of a proxy is let in: the same authorities, the same
rules and one of the same names as where the phone dials (I1, I2). Here the peer is TLS's client, so
an extended key usage has to name clients too, where there is one. The link hears of nobody before
that, and a peer that fails is logged and forgotten.
"""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import Callable, Sequence

from firmware.link.events import Accepted, Address, Failure, FailureKind, ServerName
from firmware.runtime.connection import Owner, Place, SecureConnection
from firmware.runtime.tls_pipe import TlsPipe

log = logging.getLogger("handset.listener")

HANDSHAKE_S = 5.0
"""How long a stranger may take to show who it is, as long as a proxy that we dial."""

BACKLOG = 16
PAUSE_S = 1.0
"""After an error of the system, such as no free descriptor."""

LATE = Failure(FailureKind.TIMEOUT, "the peer does not finish the TLS handshake")

Accept = Callable[[socket.socket, Sequence[ServerName]], None]


class AcceptedConnection(SecureConnection):
    """A connection that a peer opened."""

    def __init__(
        self, owner: Owner, place: Place, sock: socket.socket, names: Sequence[ServerName]
    ) -> None:
        super().__init__(owner, place, sock, names[0], _peer(sock))
        self._names = names
        self._session_kept = True  # None is offered.

    def _announce(self) -> None:
        """Say nothing yet: the link hears of a peer that has shown who it is."""
        asyncio.get_running_loop().call_later(HANDSHAKE_S, self._check_time)

    def _check_time(self) -> None:
        if not self.established:
            self._end(LATE)

    def _begin(self) -> None:
        assert self.context is not None
        self._pipe = TlsPipe(self.context, self._name, self._verify, serves=True)
        self._send(self._pipe.start())

    def _introduction(self) -> object:
        return Accepted(self._place.attempt, self._facts())

    def _verify(self, chain: Sequence[bytes]) -> Failure | None:
        """Let it in under any of the proxies' names."""
        refusals = []
        for name in self._names:
            failure = self._verify_as(name, chain)
            if failure is None:
                self._name = name
                return None
            refusals.append(failure)
        return refusals[0]

    def refuse(self, failure: Failure) -> None:
        """Turn it away before it has begun."""
        self._end(failure)

    def _end(self, failure: Failure) -> None:
        if not self._closed and not self.established:
            log.warning("%s is not let in: %s", self._address, failure.text)
        super()._end(failure)


def _peer(sock: socket.socket) -> Address:
    try:
        host, port = sock.getpeername()[:2]
    except OSError:  # It has hung up already, which the connection will find out.
        return Address("nobody", 0)
    return Address(host.removeprefix("::ffff:"), port)


class Listener:
    """The listening port."""

    def __init__(self, port: int, names: Sequence[ServerName], accept: Accept) -> None:
        self._port = port
        self._names = names
        self._accept = accept
        self._loop = asyncio.get_running_loop()
        self._socket: socket.socket | None = None
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Listen; raise OSError where the port cannot be had."""
        both = socket.has_dualstack_ipv6()
        self._socket = socket.create_server(
            ("", self._port),
            family=socket.AF_INET6 if both else socket.AF_INET,
            backlog=BACKLOG,
            dualstack_ipv6=both,
        )
        self._socket.setblocking(False)
        self._task = self._loop.create_task(self._serve(self._socket))

    @property
    def port(self) -> int:
        """The port in use; where 0 was asked for, the one that the system chose."""
        assert self._socket is not None, "not started"
        port: int = self._socket.getsockname()[1]
        return port

    def stop(self) -> None:
        """Stop listening; what was accepted goes on."""
        if self._task is not None:
            self._task.cancel()
        if self._socket is not None:
            self._socket.close()

    async def _serve(self, server: socket.socket) -> None:
        while True:
            try:
                sock, _ = await self._loop.sock_accept(server)
                self._accept(sock, self._names)
            except OSError as error:
                log.warning("the listening port: %s", error)
                await asyncio.sleep(PAUSE_S)
