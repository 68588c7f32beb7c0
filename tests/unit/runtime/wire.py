"""What the tests of connections share: a small TLS server, and a transport that is listened to."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import socket
import ssl
import struct
import warnings
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from random import Random
from typing import Any, TypeVar

from firmware.link.events import (
    Address,
    Close,
    Connect,
    Connected,
    Failure,
    Lost,
    Received,
    ServerName,
)
from firmware.runtime.resolver import Resolver
from firmware.runtime.tls import TlsContexts, TlsFiles
from firmware.runtime.transport import Transport, TransportSettings
from tests.lab.authority import Authority, Identity
from tests.lab.relay import HANDSHAKE_FAILURE

T = TypeVar("T")

HOST = "127.0.0.1"
NAME = "proxy1.example.com"
WAIT_S = 10.0
"""For what should happen at once, on a busy machine."""


def server_context(
    identity: Identity,
    directory: Path,
    *,
    oldest: ssl.TLSVersion = ssl.TLSVersion.TLSv1_2,
    newest: ssl.TLSVersion = ssl.TLSVersion.TLSv1_3,
    ciphers: str = "",
    clients: Authority | None = None,
    tickets: bool = True,
) -> ssl.SSLContext:
    """Return a server's context; `clients` signs the phones that it lets in."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with warnings.catch_warnings(action="ignore", category=DeprecationWarning):  # TLS 1.1.
        context.minimum_version = oldest
    with warnings.catch_warnings(action="ignore", category=DeprecationWarning):
        context.maximum_version = newest
    # The bad certificates of the tests are the server's own fault: its library lets it show them.
    context.set_ciphers(f"{ciphers or 'ALL'}:@SECLEVEL=0")
    if not tickets:
        context.options |= ssl.OP_NO_TICKET
    context.load_cert_chain(*identity.write(directory, "server"))
    if clients is not None:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(cadata=clients.certificate_pem.decode())
    return context


@dataclass(eq=False)
class Visit:
    """One connection as the server saw it."""

    raw: socket.socket
    received: bytes = b""
    shaken: bool = False
    resumed: bool = False
    peer: bytes = b""
    server_name: str | None = None
    ended: asyncio.Event = field(default_factory=asyncio.Event)
    task: asyncio.Task[None] | None = None
    stream: ssl.SSLObject | None = None
    outgoing: ssl.MemoryBIO = field(default_factory=ssl.MemoryBIO)

    def reset(self) -> None:
        """End it with RST."""
        self.raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        assert self.task is not None
        self.task.cancel()


class Server:
    """Accepts, shakes hands, greets and remembers; what it reads is kept, not answered."""

    def __init__(self, context: ssl.SSLContext, greeting: bytes = b"hello") -> None:
        self.context, self.greeting = context, greeting
        self.visits: list[Visit] = []
        self.reads = True
        self.instead: Callable[[Visit], object] | None = None  # Of TLS.
        self.alert_visits: set[int] = set()  # By their numbers, from 1: refused with an alert,
        self.silent_visits: set[int] = set()  # accepted, and nothing more.
        self.address = Address("", 0)
        self._tasks: set[asyncio.Task[None]] = set()

    @asynccontextmanager
    async def listening(self, host: str = HOST) -> AsyncIterator[Server]:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        with socket.create_server((host, 0), family=family) as listener:
            listener.setblocking(False)
            self.address = Address(host, listener.getsockname()[1])
            accepting = asyncio.create_task(self._accept(listener))
            try:
                yield self
            finally:
                for task in (accepting, *self._tasks):
                    task.cancel()
                await asyncio.gather(accepting, *self._tasks, return_exceptions=True)

    async def _accept(self, listener: socket.socket) -> None:
        while True:
            raw, _ = await asyncio.get_running_loop().sock_accept(listener)
            self.visits.append(visit := Visit(raw))
            visit.task = task = asyncio.create_task(self._serve(visit))
            self._tasks.add(task)
            task.add_done_callback(partial(self._let_go, visit))  # Also where it has not begun.

    def _let_go(self, visit: Visit, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        visit.raw.close()
        visit.ended.set()

    async def _serve(self, visit: Visit) -> None:
        try:
            await self._talk(visit)
        except (OSError, ValueError):  # TLS failed, the peer has gone, or the test closed it.
            return

    async def _talk(self, visit: Visit) -> None:
        loop = asyncio.get_running_loop()
        incoming, outgoing = ssl.MemoryBIO(), visit.outgoing
        self.context.sni_callback = lambda _, name, __: setattr(visit, "server_name", name)
        visit.stream = stream = self.context.wrap_bio(incoming, outgoing, server_side=True)
        while data := await loop.sock_recv(visit.raw, 65536):
            if self.instead is not None:
                self.instead(visit)
                continue
            number = self.visits.index(visit) + 1
            if number in self.silent_visits:
                continue
            if number in self.alert_visits:
                await loop.sock_sendall(visit.raw, HANDSHAKE_FAILURE)
                return
            incoming.write(data)
            try:
                self._step(visit, stream)
            except ssl.SSLWantReadError:
                pass
            finally:
                if reply := outgoing.read():
                    await loop.sock_sendall(visit.raw, reply)
            while not self.reads:
                await asyncio.sleep(0.01)

    def say(self, visit: Visit, data: bytes) -> None:
        """Send some more to a phone that is there."""
        assert visit.stream is not None
        visit.stream.write(data)
        visit.raw.send(visit.outgoing.read())

    def _step(self, visit: Visit, stream: ssl.SSLObject) -> None:
        if not visit.shaken:
            stream.do_handshake()
            visit.shaken = True
            visit.resumed = bool(stream.session_reused)
            visit.peer = stream.getpeercert(binary_form=True) or b""
            if self.greeting:
                stream.write(self.greeting)
        while part := stream.read(65536):
            visit.received += part


class Ear:
    """A transport and everything that it said."""

    def __init__(self, files: TlsFiles, settings: TransportSettings | None = None) -> None:
        self.heard: list[object] = []
        self.contexts = TlsContexts(files)
        self.transport = Transport(self._deliver, self.contexts, Resolver(Random(1)), settings)
        self._news = asyncio.Event()
        self._attempt = 0

    @property
    def attempt(self) -> int:
        return self._attempt

    def dial(self, address: Address, name: str = NAME) -> int:
        """Begin a connection; return its number."""
        self._attempt += 1
        self.transport.do(Connect(self._attempt, ServerName(name), address))
        return self._attempt

    async def reach(self, address: Address, name: str = NAME) -> Connected:
        """Connect and wait until the server's greeting has come (and its tickets with it)."""
        attempt = self.dial(address, name)
        connected = await self.hear(Connected)
        assert connected.attempt == attempt
        await self.hear(Received)
        return connected

    async def fail(self, address: Address, name: str = NAME) -> Failure:
        """Dial and return why it came to nothing; it never got as far as `Connected`."""
        self.dial(address, name)
        lost = await self.hear(Lost)
        assert not [event for event in self.heard if isinstance(event, Connected | Received)]
        return lost.failure

    async def hear(self, kind: type[T]) -> T:
        """Wait for an event of the newest attempt; return it."""
        async with asyncio.timeout(WAIT_S):
            while True:
                for event in self.heard:
                    if isinstance(event, kind) and getattr(event, "attempt", 0) == self._attempt:
                        return event
                    assert not self._is_loss(event), event
                self._news.clear()
                await self._news.wait()

    def _is_loss(self, event: object) -> bool:
        return isinstance(event, Lost) and event.attempt == self._attempt

    def close(self) -> None:
        """Close the newest attempt."""
        self.transport.do(Close(self._attempt))

    def kinds(self) -> list[type]:
        """What was said of the newest attempt."""
        return [type(e) for e in self.heard if getattr(e, "attempt", 0) == self._attempt]

    def _deliver(self, event: object) -> None:
        self.heard.append(event)
        self._news.set()


@asynccontextmanager
async def listening_ear(
    files: TlsFiles, settings: TransportSettings | None = None
) -> AsyncIterator[Ear]:
    """A transport that is stopped at the end."""
    ear = Ear(files, settings)
    try:
        yield ear
    finally:
        ear.transport.stop()


def run(scene: Coroutine[Any, Any, None]) -> None:
    """Run a scene; the phone leaves no task and no socket behind, and no error that nobody saw."""
    before, errors = open_sockets(), list[str]()

    async def watched() -> None:
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(lambda _, context: errors.append(str(context)))
        await scene
        async with asyncio.timeout(WAIT_S):
            while left := [task for task in asyncio.all_tasks() if is_of_the_phone(task)]:
                await asyncio.wait(left)

    asyncio.run(watched())
    gc.collect()
    assert errors == [], errors
    assert open_sockets() == before, open_sockets() - before


def is_of_the_phone(task: asyncio.Task[Any]) -> bool:
    code = getattr(task.get_coro(), "cr_code", None)
    return code is not None and "/firmware/" in code.co_filename


def open_sockets() -> set[str]:
    """Return the sockets that this process has open, by their numbers in the kernel."""
    links = []
    for entry in Path("/proc/self/fd").iterdir():
        with contextlib.suppress(OSError):  # The one that reads this folder.
            links.append(str(entry.readlink()))
    return {link for link in links if link.startswith("socket:")}


async def until(done: Callable[[], bool]) -> None:
    """Wait until something is so."""
    async with asyncio.timeout(WAIT_S):
        while not done():
            await asyncio.sleep(0.01)
