"""A TCP relay between a phone and a proxy that can be told to misbehave.

It forwards the client's bytes record by record, so that it can let a handshake through and hold
what follows: a proxy that accepts, finishes TLS and then says nothing. Held bytes are read (TCP
acknowledges them) and delivered when the fault ends, as a process does that was stopped.
"""

from __future__ import annotations

import asyncio
import socket
import struct
import time
from collections.abc import Awaitable
from dataclasses import dataclass, field
from enum import Enum
from functools import partial

from tests.lab.background import Background
from tests.lab.flows import Flow, Records

HANDSHAKE_FAILURE = bytes.fromhex("15 0303 0002 02 28".replace(" ", ""))
"""A fatal TLS alert in clear, as a server sends it before there are keys."""

HELD_MAX = 1000
"""Chunks held for a direction; a phone that sends more to a silent proxy has other troubles."""

LINGER_S = 2.0
"""How long a finished connection waits for the phone's own end."""


class Mode(Enum):
    """What the relay does with connections."""

    PASS = "pass"
    REFUSE = "refuse"  # The port is closed; live connections go on.
    HANG = "hang"  # New connections are accepted and nothing is said on them.
    SILENT = "silent"  # TLS works; what the phone says after it goes nowhere.
    FREEZE = "freeze"  # Nothing passes, either way, on any connection.
    ALERT = "alert"  # New connections get a fatal TLS alert.
    ACCEPT_CLOSE = "accept and close"  # New connections are closed at once.


@dataclass(eq=False)
class Passage:
    """One connection through the relay."""

    client: socket.socket
    flow: Flow
    server: socket.socket | None = None
    reset: bool = False
    finish: bool = False
    task: asyncio.Task[None] | None = None
    records: Records = field(default_factory=Records)

    @property
    def shaken(self) -> bool:
        """Whether the client's Finished has passed."""
        return self.flow.application_records > 0


class Relay:
    """Listens on `host` and forwards to `target`; a context manager for plain test functions."""

    def __init__(self, target: tuple[str, int], host: str = "127.0.0.1", port: int = 0) -> None:
        self.host, self.port = host, port
        self.delay_s = 0.0
        self.flows: list[Flow] = []
        self.target = target
        self._mode = Mode.PASS
        self._live: set[Passage] = set()
        self._changed = asyncio.Condition()
        self._listener: socket.socket | None = None
        self._accepting: asyncio.Task[None] | None = None
        self._background = Background()

    def __enter__(self) -> Relay:
        self._background.__enter__()
        self._background.run(self._open())
        return self

    def __exit__(self, *_: object) -> None:
        self._background.run(self._shut())
        self._background.run(self._end(reset=True))
        self._background.__exit__()

    def set_mode(self, mode: Mode) -> None:
        """Change what happens to connections from now on."""
        self._background.run(self._set_mode(mode))

    def reset(self) -> None:
        """Send RST on every live connection."""
        self._background.run(self._end(reset=True))

    def finish(self) -> None:
        """Send FIN on every live connection, without TLS's own goodbye."""
        self._background.run(self._end(finish=True))

    def inject(self, data: bytes) -> None:
        """Slip bytes of our own into every live connection, towards the phone."""
        self._background.run(self._inject(data))

    @property
    def connected(self) -> int:
        """How many connections are live."""
        return len(self._live)

    async def _open(self) -> None:
        self._listener = socket.create_server((self.host, self.port))
        self._listener.setblocking(False)
        self.port = self._listener.getsockname()[1]
        self._accepting = asyncio.create_task(self._accept(self._listener))

    async def _shut(self) -> None:
        if self._listener is None:
            return
        assert self._accepting is not None
        self._accepting.cancel()
        await asyncio.gather(self._accepting, return_exceptions=True)
        self._listener.close()
        self._listener = None

    async def _set_mode(self, mode: Mode) -> None:
        async with self._changed:
            self._mode = mode
            self._changed.notify_all()
        if mode is Mode.REFUSE:
            await self._shut()
        elif self._listener is None:
            await self._open()

    async def _end(self, reset: bool = False, finish: bool = False) -> None:
        live = list(self._live)
        for passage in live:
            passage.reset, passage.finish = reset, finish
            passage.flow.close("relay", time.time())
            assert passage.task is not None
            passage.task.cancel()
        if reset:
            await asyncio.gather(*(p.task for p in live if p.task), return_exceptions=True)

    async def _inject(self, data: bytes) -> None:
        for passage in self._live:
            await asyncio.get_running_loop().sock_sendall(passage.client, data)

    async def _accept(self, listener: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        while True:
            client, peer = await loop.sock_accept(listener)
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            flow = Flow(f"{peer[0]}:{peer[1]}", time.time())
            self.flows.append(flow)
            passage = Passage(client, flow)
            self._live.add(passage)
            passage.task = asyncio.create_task(self._serve(passage))
            # Also of a passage that is ended before its task has begun.
            passage.task.add_done_callback(partial(self._let_go, passage))

    async def _serve(self, passage: Passage) -> None:
        try:
            await self._converse(passage)
        except OSError:
            passage.flow.close("error", time.time())
        except asyncio.CancelledError:
            if passage.finish:
                await self._say_goodbye(passage.client)
            else:
                raise

    async def _converse(self, passage: Passage) -> None:
        loop = asyncio.get_running_loop()
        if self._mode is Mode.ACCEPT_CLOSE:
            return
        if self._mode is Mode.ALERT:
            await loop.sock_recv(passage.client, 65536)
            await loop.sock_sendall(passage.client, HANDSHAKE_FAILURE)
            await self._say_goodbye(passage.client)
            return
        passage.server = server = socket.socket()
        server.setblocking(False)
        server.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        await loop.sock_connect(server, self.target)
        ways = (
            self._carry(passage, passage.client, server, from_phone=True),
            self._carry(passage, server, passage.client, from_phone=False),
        )
        tasks = [asyncio.create_task(way) for way in ways]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _carry(
        self, passage: Passage, source: socket.socket, sink: socket.socket, from_phone: bool
    ) -> None:
        """Carry one direction until its source ends; read eagerly, deliver when it is time."""
        queue: asyncio.Queue[tuple[float, bool, bytes]] = asyncio.Queue(HELD_MAX)
        delivering = asyncio.create_task(self._deliver(queue, sink, from_phone))
        loop = asyncio.get_running_loop()
        try:
            while data := await loop.sock_recv(source, 65536):
                for chunk in passage.records.receive(data) if from_phone else [data]:
                    after = passage.shaken
                    if from_phone:
                        passage.flow.note(chunk, time.time())
                    await queue.put((loop.time() + self.delay_s, after, chunk))
            passage.flow.close("phone" if from_phone else "proxy", time.time())
            if not from_phone:
                await queue.join()
        finally:
            delivering.cancel()
            await asyncio.gather(delivering, return_exceptions=True)

    async def _deliver(
        self, queue: asyncio.Queue[tuple[float, bool, bytes]], sink: socket.socket, from_phone: bool
    ) -> None:
        loop = asyncio.get_running_loop()
        while True:
            due, after_handshake, data = await queue.get()
            await asyncio.sleep(max(0.0, due - loop.time()))
            await self._released(from_phone, after_handshake)
            await loop.sock_sendall(sink, data)
            queue.task_done()

    def _holds(self, from_phone: bool, after_handshake: bool) -> bool:
        match self._mode:
            case Mode.FREEZE:
                return True
            case Mode.HANG:
                return from_phone and not after_handshake
            case Mode.SILENT:
                return from_phone and after_handshake
            case _:
                return False

    async def _released(self, from_phone: bool, after_handshake: bool) -> None:
        async with self._changed:
            await self._changed.wait_for(lambda: not self._holds(from_phone, after_handshake))

    async def _say_goodbye(self, client: socket.socket) -> None:
        """Send FIN, then read until the phone has closed too, so that no RST follows."""
        client.shutdown(socket.SHUT_WR)
        loop = asyncio.get_running_loop()

        async def drain() -> None:
            while await loop.sock_recv(client, 65536):
                pass

        await within(LINGER_S, drain())

    def _let_go(self, passage: Passage, _: asyncio.Task[None]) -> None:
        self._live.discard(passage)
        passage.flow.close("relay", time.time())
        if passage.reset:
            option = struct.pack("ii", 1, 0)
            passage.client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, option)
        passage.client.close()
        if passage.server is not None:
            passage.server.close()


async def within(seconds: float, work: Awaitable[None]) -> None:
    """Do something for as long as that; a peer that takes longer or breaks off is let go."""
    try:
        await asyncio.wait_for(work, seconds)
    except (TimeoutError, OSError):
        return
