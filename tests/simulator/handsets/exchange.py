"""A proxy with a registrar: the lab's switch on simulated wires, for both handsets.

Where locations are shared the two proxies are two doors of one exchange: one registrar, one memory
of open requests. Where they are not, a trunk joins them; what is not known at one is asked of the
other, once. A proxy that stops forgets everything.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

from firmware.sip.message import Message, Request, Response
from firmware.sip.stream import Ping, Pong, StreamParser
from firmware.sip.uri import SipUri
from tests.lab.digest import Doorkeeper
from tests.lab.registrar import End, Registrar
from tests.lab.switch import Context, Switch
from tests.simulator.connection import Connection
from tests.simulator.schedule import Schedule
from tests.simulator.wire import Wire

TRUNK_S = 0.005
RING_S = 45.0
"""Timer C (RFC 3261 16.6): nobody's phone rings for ever."""


class Line:
    """The proxy's end of one connection of a handset."""

    def __init__(self, connection: Connection, wire: Wire) -> None:
        self.parser = StreamParser()
        self.is_open = True
        self._connection, self._wire = connection, wire

    @property
    def alive(self) -> bool:
        """Whether TCP takes it to stand."""
        return self.is_open

    def send(self, message: Message) -> None:
        """Send a message to the handset."""
        if self.is_open:
            self._wire.send(self._connection, bytes(message))

    def pong(self) -> None:
        """Answer a ping."""
        self._wire.send(self._connection, b"\r\n")


class Trunk:
    """One proxy as the other sees it."""

    def __init__(self, schedule: Schedule, far: Exchange) -> None:
        self._schedule, self._far = schedule, far

    @property
    def alive(self) -> bool:
        """Whether the other proxy runs."""
        return self._far.is_running

    def send(self, message: Message) -> None:
        """Hand a message over."""
        far = self._far
        self._schedule.later(TRUNK_S, lambda: far.take_over_trunk(message))


class Nobody:
    """There are no test numbers here."""

    alive = False

    def send(self, message: Message) -> None:
        """Lose a message."""


NOBODY = Nobody()


class Exchange(Switch):
    """One proxy; its ids are numbers in order, so that a seed replays to the same letter."""

    def __init__(
        self,
        address: str,
        registrar: Registrar,
        doorkeeper: Doorkeeper,
        schedule: Schedule,
        ids: Iterator[int],
        numbers: End = NOBODY,
    ) -> None:
        def new_id(length: int) -> str:
            return next(ids).to_bytes(length).hex()

        super().__init__(address, registrar, doorkeeper, numbers, new_id)
        self.is_running = True
        self._schedule = schedule
        self._came_by: End | None = None

    def share(self, other: Exchange) -> None:
        """Become another door of the same exchange."""
        self._contexts = other._contexts

    def take(self, message: Message, end: End, now: float) -> None:
        """Take one message from a handset or from the other proxy."""
        self._came_by = end
        super().take(message, end, now)

    def take_over_trunk(self, message: Message) -> None:
        """Take what the other proxy passes on."""
        if self.is_running and self.trunk is not None:
            self.take(message, self.trunk, self._schedule.now)

    def stop(self) -> None:
        """Lose everything; connections end by themselves."""
        self.is_running = False
        if self.trunk is not None:
            self._registrar.clear()
            self._contexts.clear()

    def start(self) -> None:
        """Serve again."""
        self.is_running = True

    def _targets_within(self, uri: SipUri, now: float) -> list[tuple[End, SipUri]]:
        """What came over the trunk does not go back there."""
        found = super()._targets_within(uri, now)
        return [(end, to) for end, to in found if end is not self._came_by or end is not self.trunk]

    def _forward(self, request: Request, end: End, targets: list[tuple[End, SipUri]]) -> None:
        super()._forward(request, end, targets)
        if request.method == "INVITE":
            opened = [c for c in self._contexts.values() if c.request is request]
            for context in opened[:1]:
                self._schedule.later(RING_S, partial(self._expire, context))

    def _expire(self, context: Context) -> None:
        if not context.answered:
            self._cancel(context)
            context.answered = True
            context.end.send(context.request.answer(408, to_tag="expired"))


class Door:
    """An exchange as one handset's wire reaches it: the far end of a site."""

    def __init__(self, exchange: Exchange, wire: Callable[[], Wire], schedule: Schedule) -> None:
        self._exchange, self._wire, self._schedule = exchange, wire, schedule
        self._lines: dict[int, Line] = {}

    def opened(self, connection: Connection) -> None:
        """A connection stands."""
        self._lines[connection.attempt] = Line(connection, self._wire())

    def closed(self, connection: Connection) -> None:
        """A connection is gone, and with it its bindings and what waited there."""
        line = self._lines.pop(connection.attempt)
        line.is_open = False
        self._exchange.end_gone(line)

    def received(self, connection: Connection, data: bytes) -> None:
        """Read what came; the phone never sends what cannot be read."""
        line = self._lines[connection.attempt]
        line.parser.receive(data)
        while (item := line.parser.next_item()) is not None:
            match item:
                case Ping():
                    line.pong()
                case Pong():
                    continue
                case Request() | Response():
                    self._exchange.take(item, line, self._schedule.now)
                case _:
                    raise AssertionError(f"the phone sent nonsense: {item.why}")
