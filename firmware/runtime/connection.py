"""One connection with TLS on it: the socket's end, the handshake, the session, the farewell.

`SecureConnection` is one that the phone opens; `firmware.runtime.listener` has the other kind. A
connection tells its owner of what happens; the owner knows whether anybody still wants to hear.
"""

from __future__ import annotations

import asyncio
import fcntl
import logging
import socket
import ssl
import struct
import termios
import time
from collections.abc import Callable, Coroutine, Sequence
from contextlib import suppress
from typing import Any, Protocol

from firmware.link.events import (
    Address,
    Connected,
    Failure,
    FailureKind,
    Received,
    ServerName,
    TcpConnected,
    TlsFacts,
)
from firmware.link.identity import certificate_end, verify
from firmware.runtime.failures import stream_failure
from firmware.runtime.tls import KeptSession, TlsContexts
from firmware.runtime.tls_pipe import TlsPipe, TlsStreamError

log = logging.getLogger("handset.connection")

UNSENT_BYTES_MAX = 1024 * 1024
"""What may wait for a peer that does not read; then it is as good as gone."""


class Owner(Protocol):
    """What a connection needs of the transport."""

    @property
    def contexts(self) -> TlsContexts:
        """The TLS contexts."""

    def tell(self, place: Place, event: object) -> None:
        """Feed an event of a connection, unless its attempt was closed meanwhile."""

    def redial(self, place: Place, name: ServerName, address: Address) -> None:
        """Dial once more within the same attempt (I5)."""

    def lose(self, place: Place, failure: Failure) -> None:
        """Let go of an attempt that ended by itself, and say why."""


class Place:
    """One attempt: a task while it looks up or dials, a connection afterwards."""

    def __init__(self, attempt: int, loop: asyncio.AbstractEventLoop) -> None:
        self.attempt = attempt
        self.connection: SecureConnection | None = None
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


class SecureConnection(asyncio.Protocol):
    """One TCP connection with TLS on it."""

    def __init__(
        self,
        owner: Owner,
        place: Place,
        sock: socket.socket,
        name: ServerName,
        address: Address,
    ) -> None:
        self._owner = owner
        self._place = place
        self._sock = sock
        self._name = name
        self._address = address
        self.context: ssl.SSLContext | None = None  # Made before it begins.
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
        self._announce()
        if not self._closed:
            self._guarded(self._begin)

    def _announce(self) -> None:
        """Say that TCP stands."""
        if not self._place.redialled:
            self._owner.tell(self._place, TcpConnected(self._place.attempt))

    def data_received(self, data: bytes) -> None:
        if not self._closed:
            self._guarded(lambda: self._take(data))

    def eof_received(self) -> bool:
        stage = "closed the connection" if self.established else "hung up during the handshake"
        self._end(Failure(FailureKind.CLOSED, f"the proxy {stage}"))
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        if isinstance(exc, OSError):
            self._end(stream_failure(exc))
        else:
            self._end(Failure(FailureKind.CLOSED, "the proxy closed the connection"))

    def write(self, data: bytes) -> None:
        """Encrypt and send at once."""
        assert self.established, "written before the proxy was authenticated"
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
            self._sock.close()  # RST now, as FIN below.
            return
        if self._pipe is not None:
            self._wire.write(self._pipe.farewell())
        # L10: FIN now. asyncio's own close comes a turn later, after the next link's first SIP.
        with suppress(OSError):  # The proxy's RST has come and was not heard yet.
            self._wire.write_eof()
        self._wire.close()

    @property
    def established(self) -> bool:
        """Tell whether the peer has shown who it is."""
        return self._pipe is not None and self._pipe.established

    def _guarded(self, step: Callable[[], None]) -> None:
        """Run a step of TLS; its failure is the end of the connection."""
        try:
            step()
        except TlsStreamError as failed:
            if self._retry_without_session(failed.failure):
                return
            self._end(failed.failure)

    def _begin(self) -> None:
        """Start the handshake, with a session where one is kept and still good (I5)."""
        contexts, context = self._owner.contexts, self.context
        assert context is not None
        kept = None
        if context is contexts.context:  # Else the files have changed while it was dialled.
            kept = contexts.session(self._name, self._address)
        if kept is not None and self._verify(kept.chain) is not None:
            contexts.forget(self._name, self._address)
            kept = None
        session, chain = (kept.session, kept.chain) if kept else (None, ())
        self._pipe = TlsPipe(context, self._name, self._verify, session, chain)
        self._send(self._pipe.start())

    def _retry_without_session(self, failure: Failure) -> bool:
        """I5: a handshake that fails with a session is repeated at once without."""
        if self._pipe is None or self.established or not self._pipe.offered_session:
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
        was_established = self.established
        plain, reply, ended = self._pipe.receive(data)
        self._send(reply)
        attempt = self._place.attempt
        if self.established and not was_established:
            self._owner.contexts.shown[self._name] = tuple(self._pipe.chain)
            self._owner.tell(self._place, self._introduction())
        if plain and not self._closed:
            self._owner.tell(self._place, Received(attempt, plain))
            self._keep_session()
        if ended:
            self._end(Failure(FailureKind.CLOSED, "the proxy closed the connection"))

    def _introduction(self) -> object:
        """Return the event that the handshake's end is."""
        return Connected(self._place.attempt, self._facts())

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
        return self._verify_as(self._name, chain)

    def _verify_as(self, name: ServerName, chain: Sequence[bytes]) -> Failure | None:
        contexts = self._owner.contexts
        wildcard = contexts.files.allow_wildcard
        return verify(chain, name, time.time(), contexts.crls, allow_wildcard=wildcard)

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
