"""A small telephone exchange on TLS: registrar, proxy and test numbers, with faults to switch on.

Several phones register, call each other and the test numbers. Every fault that the link has to
survive is a switch (`Fault`): lasting ones are on until switched off, `RESET` and `FINISH` happen
once. What a phone did is counted here, on the proxy's side (L4, L10).
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import socket
import struct
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

from firmware.sip.errors import RemoteProtocolError
from firmware.sip.message import Message, Request
from firmware.sip.stream import Ping, Pong, StreamParser, Unacceptable
from tests.lab.authority import Authority
from tests.lab.digest import Doorkeeper
from tests.lab.faults import ENDS_CONNECTIONS, RETRY_AFTER_S, Fault
from tests.lab.numbers import NUMBERS, Numbers
from tests.lab.registrar import Registrar, RegistrarSettings, with_header
from tests.lab.relay import HANDSHAKE_FAILURE
from tests.lab.switch import Switch
from tests.lab.tls import server_contexts

HANDSHAKE_S = 10.0
HANG_S = 3600.0
ESTABLISHED = 1
"""The state of a TCP connection that neither side has closed, in the kernel's numbers."""


@dataclass(frozen=True, slots=True)
class Registration:
    """One REGISTER that was answered with 200; `at` is Unix seconds."""

    at: float
    user: str
    connection: int


@dataclass(eq=False)
class Connection:
    """One connection from a phone; an end that messages are sent to."""

    number: int
    raw: socket.socket
    writer: asyncio.StreamWriter
    sent: Callable[[Connection], None]
    parser: StreamParser = field(default_factory=StreamParser)
    carries_sip: bool = False

    @property
    def alive(self) -> bool:
        """Whether neither side has closed it."""
        try:
            state = self.raw.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1)
        except OSError:
            return False
        return state[0] == ESTABLISHED and not self.writer.is_closing()

    def send(self, message: Message) -> None:
        """Send a message to the phone."""
        if not self.writer.is_closing():
            self.sent(self)
            self.writer.write(bytes(message))

    def reset(self) -> None:
        """End it with RST."""
        with contextlib.suppress(OSError):
            self.raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.writer.transport.abort()

    def finish(self) -> None:
        """Send FIN without TLS's goodbye; the phone closes the other half."""
        with contextlib.suppress(OSError):
            self.raw.shutdown(socket.SHUT_WR)


@dataclass
class Counters:
    """What was seen on the proxy's side."""

    accepted: int = 0
    messages: int = 0
    sip_connections_max: int = 0
    registrations: list[Registration] = field(default_factory=list)


class Exchange:
    """One exchange at one address; `join` lets two pass unknown users to each other, once."""

    def __init__(
        self,
        host: str,
        port: int,
        *,
        domain: str,
        users: dict[str, str],
        authority: Authority,
        settings: RegistrarSettings | None = None,
        algorithms: tuple[str, ...] = ("SHA-256", "MD5"),
    ) -> None:
        self.host, self.port, self.domain = host, port, domain
        self.counters = Counters()
        self.active: set[Fault] = set()
        self.registrar_settings = settings or RegistrarSettings()
        self._doorkeeper = Doorkeeper(domain, users, algorithms)
        self._registrar = Registrar(domain, self._doorkeeper, self.registrar_settings)
        self._contexts = server_contexts(authority, (host, domain))
        self._connections: set[Connection] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._raw = set[socket.socket]()
        self._parting = dict[socket.socket, asyncio.Transport]()  # A goodbye may still come.
        self._timers: set[asyncio.TimerHandle] = set()
        self._numbers_of_connections = itertools.count(1)
        self._thawed = asyncio.Event()
        self._thawed.set()
        self._listener: socket.socket | None = None
        self._accepting: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Open the port; port 0 becomes a free one."""
        await self._open()
        address = f"{self.host}:{self.port}"
        self.numbers = Numbers(address, self.domain, self._from_numbers, self._later)
        self.switch = Switch(address, self._registrar, self._doorkeeper, self.numbers)
        self.switch.is_number = NUMBERS.__contains__
        self.switch.mailboxes = self.numbers.mailboxes
        self.switch.lamps = self.numbers.lamps

    async def stop(self) -> None:
        """Close the port and every connection, and forget what was planned."""
        await self._close()
        self._thawed.set()
        for timer in self._timers:
            timer.cancel()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for transport in self._parting.values():  # Nobody waits for a phone that does not part.
            transport.abort()
        await asyncio.sleep(0)

    def join(self, other: Exchange) -> None:
        """Lay a trunk to another exchange, both ways."""
        here, there = Trunk(other), Trunk(self)
        here.far_side, there.far_side = there, here
        self.switch.trunk, other.switch.trunk = here, there

    async def set_fault(self, name: str, on: bool) -> None:
        """Switch a fault on or off; one that happens once ignores being switched off.

        Raises OSError where the port cannot be opened again.
        """
        fault = Fault(name)
        if fault.momentary:
            self._strike(fault, on)
            return
        if fault is Fault.STOP:
            await (self._close() if on else self._open())
        (self.active.add if on else self.active.discard)(fault)
        if fault is Fault.FREEZE:
            self._freeze(on)
        elif fault in ENDS_CONNECTIONS and on:
            self._strike(Fault.RESET, on)
        elif fault is Fault.HANG:
            # What was stuck does not come loose: it is closed.
            for task in list(self._tasks):
                task.cancel()

    @property
    def connections(self) -> int:
        """How many connections stand."""
        return sum(connection.alive for connection in self._connections)

    def registered(self, user: str) -> int:
        """How many contacts a user has."""
        return len(self._registrar.bindings(user, self.now))

    @property
    def now(self) -> float:
        """The time for the machines inside."""
        return time.monotonic()

    def take(self, message: Message, end: Connection | Trunk | Numbers) -> None:
        """Take one message, unless a fault keeps it from being served."""
        self.counters.messages += 1
        if Fault.SILENT in self.active or Fault.STOP in self.active:
            return
        if self._unavailable and isinstance(message, Request) and end is not self.numbers:
            if message.method != "ACK":
                end.send(self._refusal(message))
            return
        self.switch.take(message, end, self.now)
        if isinstance(message, Request) and isinstance(end, Connection):
            self._note_registration(message, end)

    @property
    def _unavailable(self) -> bool:
        return bool(self.active & {Fault.UNAVAILABLE, Fault.RETRY_LATER})

    def _refusal(self, request: Request) -> Message:
        answer = request.answer(503)
        if Fault.RETRY_LATER in self.active:
            answer = with_header(answer, "Retry-After", str(RETRY_AFTER_S))
        return answer

    def _note_registration(self, request: Request, connection: Connection) -> None:
        if request.method != "REGISTER":
            return
        for binding in self._registrar.all_bindings(self.now):
            if (binding.call_id, binding.sequence) == (request.call_id, request.cseq.number):
                done = Registration(time.time(), binding.user, connection.number)
                self.counters.registrations.append(done)

    def _from_numbers(self, message: Message) -> None:
        self.take(message, self.numbers)

    def _later(self, seconds: float, do: Callable[[], None]) -> None:
        def fire() -> None:
            self._timers.discard(handle)
            do()

        handle = asyncio.get_running_loop().call_later(seconds, fire)
        self._timers.add(handle)

    def _strike(self, fault: Fault, on: bool) -> None:
        for connection in list(self._connections) if on else ():
            if fault is Fault.RESET:
                connection.reset()
            else:
                connection.finish()

    def _freeze(self, on: bool) -> None:
        if on:
            self._thawed.clear()
        else:
            self._thawed.set()

    async def _open(self) -> None:
        if self._listener is not None:
            return
        self._listener = socket.create_server((self.host, self.port))
        self._listener.setblocking(False)
        self.port = self._listener.getsockname()[1]
        self._accepting = asyncio.create_task(self._accept(self._listener))

    async def _close(self) -> None:
        if self._listener is not None and self._accepting is not None:
            self._accepting.cancel()
            await asyncio.gather(self._accepting, return_exceptions=True)
            self._listener.close()
            self._listener = None
        for task in list(self._tasks):
            task.cancel()

    async def _accept(self, listener: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        while True:
            raw, _ = await loop.sock_accept(listener)
            self.counters.accepted += 1
            self._raw.add(raw)
            task = asyncio.create_task(self._serve(raw))
            self._tasks.add(task)
            task.add_done_callback(partial(self._let_go, raw))  # Also where it has not begun.

    def _let_go(self, raw: socket.socket, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if raw in self._raw:
            self._raw.discard(raw)
            raw.close()

    async def _serve(self, raw: socket.socket) -> None:
        """One connection from its first byte to its last."""
        try:
            if await self._misbehave(raw):
                return
            self._raw.discard(raw)  # From here on the transport owns the socket.
            await self._converse(raw)
        except (OSError, RemoteProtocolError, TimeoutError):
            return  # A phone that breaks off or talks nonsense is let go.

    async def _misbehave(self, raw: socket.socket) -> bool:
        """Apply the faults of new connections; tell whether that was all."""
        await self._thawed.wait()
        if Fault.HANG in self.active:
            await asyncio.sleep(HANG_S)
        if Fault.ALERT in self.active:
            loop = asyncio.get_running_loop()
            await loop.sock_recv(raw, 65536)
            await loop.sock_sendall(raw, HANDSHAKE_FAILURE)
        return bool(self.active & {Fault.ALERT, Fault.ACCEPT_CLOSE, Fault.HANG})

    async def _converse(self, raw: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        reader = asyncio.StreamReader()
        protocol = asyncio.StreamReaderProtocol(reader)
        transport, _ = await loop.connect_accepted_socket(
            lambda: protocol,
            raw,
            ssl=self._contexts[Fault.EXPIRED in self.active],
            ssl_handshake_timeout=HANDSHAKE_S,
        )
        writer = asyncio.StreamWriter(transport, protocol, reader, loop)
        number = next(self._numbers_of_connections)
        connection = Connection(number, raw, writer, self._carry_sip)
        self._connections.add(connection)
        try:
            while data := await reader.read(65536):
                await self._thawed.wait()
                self._take_bytes(data, connection)
        finally:
            self._connections.discard(connection)
            self.switch.end_gone(connection)
            open_ones = {one: way for one, way in self._parting.items() if one.fileno() >= 0}
            self._parting = {**open_ones, raw: transport}
            writer.close()

    def _take_bytes(self, data: bytes, connection: Connection) -> None:
        connection.parser.receive(data)
        while (item := connection.parser.next_item()) is not None:
            match item:
                case Ping():
                    if not self.active & {Fault.NO_PONG, Fault.SILENT}:
                        connection.writer.write(b"\r\n")
                case Pong():
                    continue
                case Unacceptable(answer=answer):
                    connection.send(answer)
                case _:
                    self._carry_sip(connection)
                    self.take(item, connection)

    def _carry_sip(self, connection: Connection) -> None:
        """Count the connections that carry SIP at this moment (L10)."""
        connection.carries_sip = True
        carrying = sum(c.carries_sip and (c.alive or c is connection) for c in self._connections)
        self.counters.sip_connections_max = max(self.counters.sip_connections_max, carrying)


class Trunk:
    """One side of the wire between two exchanges: what is sent here comes out at the other."""

    def __init__(self, far: Exchange) -> None:
        self._far = far
        self.far_side: Trunk | None = None

    @property
    def alive(self) -> bool:
        """Whether the other exchange is there."""
        return not self._far.active & {Fault.STOP, Fault.FREEZE}

    def send(self, message: Message) -> None:
        """Hand a message to the other exchange, in the next turn of the loop."""
        assert self.far_side is not None
        asyncio.get_running_loop().call_soon(self._far.take, message, self.far_side)
