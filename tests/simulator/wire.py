"""The world between the phone and the proxy: DNS, TCP and TLS as the driver reports them.

Theory of operation
-------------------
The wire takes the phone's commands (`Resolve`, `Connect`, `Write`, `Close`, `CheckDelivery`) and
plays the driver. Every attempt is a `Connection` whose bytes keep their order, in each direction.
Whatever happens to a connection happens in the middle of a message as readily as between two.

A path that is dead holds what was sent until it heals or the connection is given up; the kernel
then has unacknowledged bytes. A mute proxy acknowledges everything and reads nothing.

The wire also checks what only it can see: the phone writes only on the one connection that stands
for it, never before `Connected` or after its end (L10).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum
from functools import partial
from itertools import count, pairwise
from random import Random
from typing import Protocol

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
    TcpConnected,
    TlsFacts,
    Write,
)
from tests.simulator.faults import Ending, Faults, Spell
from tests.simulator.schedule import Action, Schedule

ADDRESSES = tuple(Address(f"198.51.100.{number}", 5061) for number in (10, 11, 12))
CERTIFICATE_ENDS = 4e9

ALIKE_S = 1e-6
"""Two drawn times that are closer than this were not drawn."""

Command = Resolve | Connect | Write | Close | CheckDelivery


class Stage(Enum):
    """What the phone knows of an attempt."""

    RESOLVING = "resolving"
    DIALLING = "dialling"
    OPEN = "open"
    ENDED = "ended"  # The phone closed it, or was told of its end.


@dataclass
class Chunk:
    """Bytes on their way, and when they arrive at the earliest."""

    at: float
    data: bytes


@dataclass
class Connection:
    """One attempt: what the phone knows, and what is really so."""

    attempt: int
    local: Address
    stage: Stage
    opened_at: float = 0.0
    stands: bool = False  # Both ends are up: bytes can pass.
    path: Ending | None = None  # DEAD, MUTE, or None while all is well.
    path_since: float = 0.0
    excused_at: float = 0.0  # The last trouble that excuses a late answer of the phone.
    carried_sip: bool = False
    pings_down: int = 0  # Pings of the proxy's,
    pongs_up: int = 0  # and what the phone answered them with.
    pinged_at: float | None = None  # The phone's last ping, and how long after the one before.
    ping_gap_s: float = 0.0
    written_at: float = 0.0  # When the phone wrote last.
    is_garbled: bool = False  # Something from the proxy was spoilt on its way.
    ponged_at: float | None = None  # When the proxy answered a ping first.
    proof_at: float | None = None  # When the phone was given bytes last.
    up: deque[Chunk] = field(default_factory=deque)  # On its way to the proxy,
    down: deque[Chunk] = field(default_factory=deque)  # and to the phone.
    breath: bytearray = field(default_factory=bytearray)  # What the proxy sends in one breath.

    def excuse(self, until: float) -> None:
        """What the phone owes may come late: nothing counts before then."""
        self.excused_at = max(self.excused_at, until)

    @property
    def unacknowledged(self) -> int:
        """What the kernel holds (SIOCOUTQ)."""
        return sum(len(chunk.data) for chunk in self.up) if self.path is Ending.DEAD else 0


class FarEnd(Protocol):
    """The proxy as the wire sees it."""

    def opened(self, connection: Connection) -> None:
        """A connection stands."""

    def received(self, connection: Connection, data: bytes) -> None:
        """Bytes came from the phone."""

    def closed(self, connection: Connection) -> None:
        """The connection is gone."""


class Wire:
    """All connections of one phone."""

    def __init__(
        self,
        schedule: Schedule,
        random: Random,
        faults: Faults,
        deliver: Callable[[object], None],
        when_awake: Callable[[Action], None],
        connections_max: int = 1,
    ) -> None:
        self.schedule = schedule
        self.faults = faults
        self.spell = Spell.NONE
        self.connections: dict[int, Connection] = {}
        self.rounds: list[float] = []  # When the phone began anew: a look-up, or its first dial.
        self.far_end: FarEnd
        kinds = ["connections", "lost", "condemned", "cut", "split", "glued", "garbled", "late"]
        self.seen = dict.fromkeys([*kinds, *(ending.value for ending in Ending)], 0)
        self._random = random
        self._deliver = deliver
        self._when_awake = when_awake
        self._connections_max = connections_max
        self._ports = count(40000)

    # What the phone wants.

    def command(self, command: Command) -> None:
        """Take a command of the phone."""
        match command:
            case Resolve(attempt):
                self._resolve(self._new(attempt, Stage.RESOLVING))
            case Connect(attempt, name, address):
                if name.text == address.host:  # An address as configured: no look-up came before.
                    self.rounds.append(self.schedule.now)
                self._connect(self._new(attempt, Stage.DIALLING))
            case Write(attempt, data):
                self._write(attempt, data)
            case Close(attempt):
                self._close(attempt)
            case CheckDelivery(attempt):
                assert self.connections[attempt].stage is Stage.OPEN, "asks about no connection"
                self._tell_at(0.0, lambda: self._answer_check(attempt))

    @property
    def standing(self) -> list[Connection]:
        """The connections that the phone holds, or is setting up."""
        return [c for c in self.connections.values() if c.stage is not Stage.ENDED]

    def _new(self, attempt: int, stage: Stage) -> Connection:
        assert attempt not in self.connections, f"attempt {attempt} used twice"
        connection = Connection(attempt, Address("192.0.2.7", next(self._ports)), stage)
        self.connections[attempt] = connection
        count_now = len(self.standing)
        assert count_now <= self._connections_max, f"{count_now} connections at once (L10)"
        self._forget_old()
        return connection

    def _forget_old(self) -> None:
        """Keep memory bounded in long runs; late events of attempts this old are not tried."""
        for attempt in list(self.connections)[:-40]:
            del self.connections[attempt]

    def _resolve(self, connection: Connection) -> None:
        attempt, took_s = connection.attempt, self._trip_s()
        self.rounds.append(self.schedule.now)
        if self.spell is Spell.NAME_HANGS:
            return
        if self.spell is Spell.NAME_UNKNOWN:
            self._lose_later(attempt, took_s, FailureKind.RESOLVE, "no such name")
            return
        found = ADDRESSES[: self.faults.addresses]

        def resolved() -> None:
            if connection.stage is Stage.RESOLVING:
                connection.stage = Stage.ENDED  # The look-up is over; a dial is a new attempt.
                self._deliver(Resolved(attempt, found))

        self._tell_at(took_s, resolved)

    def _connect(self, connection: Connection) -> None:
        attempt, trip_s = connection.attempt, 2 * self._trip_s()
        plain = {
            Spell.REFUSES: (FailureKind.REFUSED, "connection refused", trip_s),
            Spell.UNREACHABLE: (FailureKind.UNREACHABLE, "no route", 0.0),
            Spell.TLS_FAILS: (FailureKind.TLS, "handshake failure", 2 * trip_s),
            Spell.BAD_CERTIFICATE: (FailureKind.CERTIFICATE, "certificate expired", 2 * trip_s),
        }
        if self.spell in plain:
            kind, text, delay_s = plain[self.spell]
            if kind in {FailureKind.TLS, FailureKind.CERTIFICATE}:
                self._tell_at(trip_s, lambda: self._tell(attempt, TcpConnected(attempt)))
            self._lose_later(attempt, delay_s, kind, text)
            return
        if self.spell is Spell.BLACK_HOLE:
            return
        self._tell_at(trip_s, lambda: self._tell(attempt, TcpConnected(attempt)))
        if self.spell is not Spell.TLS_HANGS:
            self._tell_at(2 * trip_s, lambda: self._opened(connection))

    def _opened(self, connection: Connection) -> None:
        if connection.stage is not Stage.DIALLING:
            return
        connection.stage, connection.stands = Stage.OPEN, True
        connection.opened_at = connection.proof_at = self.schedule.now
        self.seen["connections"] += 1
        facts = TlsFacts(connection.local, "TLSv1.3", "AES", False, CERTIFICATE_ENDS)
        self.far_end.opened(connection)
        self._deliver(Connected(connection.attempt, facts))
        if self.spell is Spell.CLOSES:
            self.schedule.later(self._random.uniform(0, 0.3), lambda: self.end(connection))
        elif self.spell is Spell.MUTE:
            self.spoil(connection, Ending.MUTE)

    def _write(self, attempt: int, data: bytes) -> None:
        connection = self.connections[attempt]
        assert connection.stage is Stage.OPEN, f"writes on attempt {attempt}: {connection.stage}"
        assert data, "writes nothing"
        self._check_beat(connection, data)
        connection.written_at = self.schedule.now
        if data.strip(b"\r\n"):
            connection.carried_sip = True
            others = [c for c in self.standing if c.carried_sip and c is not connection]
            assert not others, "SIP on two connections (L10)"
        if self._random.random() < self.faults.freeze:
            self.spoil(connection, self._random.choice([Ending.DEAD, Ending.MUTE]))
        if connection.stands and self._random.random() < self.faults.cut:
            self.seen["cut"] += 1
            self._pass_up(connection, data[: self._random.randrange(len(data))])
            self.end(connection, self._random.choice([Ending.RESET, Ending.CLOSED]))
            return
        self._pass_up(connection, data)

    def _check_beat(self, connection: Connection, data: bytes) -> None:
        """Pings come at uneven times (L6), and what answers one was asked for (RFC 5626 4.4.1)."""
        if data == b"\r\n\r\n":
            gap_s = self.schedule.now - (connection.pinged_at or 0.0)
            alike = abs(gap_s - connection.ping_gap_s) < ALIKE_S and gap_s > ALIKE_S
            assert not alike, f"pings every {gap_s:.3f} s: nothing is drawn (L6)"
            connection.pinged_at, connection.ping_gap_s = self.schedule.now, gap_s
        elif not data.strip(b"\r\n"):
            connection.pongs_up += len(data) // 2
            # After a stall so many come at once that the proxy loses count of its own.
            asked = connection.pongs_up <= connection.pings_down or connection.excused_at
            assert asked, "answers a ping that nobody sent"

    def _pass_up(self, connection: Connection, data: bytes) -> None:
        """Send bytes on their way to the proxy."""
        if connection.stands and data:
            at = self._arrival(connection.up)
            connection.up.append(Chunk(at, data))
            self.schedule.at(at, lambda: self._drain_up(connection))

    def _drain_up(self, connection: Connection) -> None:
        """Let arrive what is due, unless the path holds it."""
        while connection.path is None and connection.stands and connection.up:
            if connection.up[0].at > self.schedule.now:
                return
            self.far_end.received(connection, connection.up.popleft().data)

    def _arrival(self, way: deque[Chunk]) -> float:
        """When bytes that are sent now arrive: never before those sent earlier."""
        at = self.schedule.now + self._trip_s()
        return max(at, way[-1].at) if way else at

    def _close(self, attempt: int) -> None:
        connection = self.connections[attempt]
        assert connection.stage is not Stage.ENDED, f"closes attempt {attempt} twice"
        connection.stage = Stage.ENDED
        if connection.path is not None:
            self.seen["condemned"] += 1
        if connection.stands:
            self.schedule.later(self._trip_s(), lambda: self._gone(connection))
        self._late_words(connection)

    def _answer_check(self, attempt: int) -> None:
        connection = self.connections[attempt]
        if connection.stage is Stage.OPEN:
            self._deliver(DeliveryChecked(attempt, connection.unacknowledged))

    # What the proxy wants.

    def send(self, connection: Connection, data: bytes) -> None:
        """Send bytes to the phone; what is sent in one breath may arrive glued."""
        if not connection.stands:
            return
        if not connection.breath:
            wait_s = self._random.uniform(0, self.faults.glue_s)
            self.schedule.later(wait_s, lambda: self._breathe_out(connection))
        else:
            self.seen["glued"] += 1
        connection.breath += data

    def _breathe_out(self, connection: Connection) -> None:
        """Send off what was collected, cut into pieces at any place."""
        data, connection.breath = bytes(connection.breath), bytearray()
        if not connection.stands:
            return
        if self._random.random() < self.faults.garble:
            connection.is_garbled = True
            self.seen["garbled"] += 1
            data = _garbled(data, self._random)
        ends = self._random.random() < self.faults.cut
        if ends:
            data = data[: self._random.randrange(len(data))]
        for piece in self._pieces(data):
            at = self._arrival(connection.down)
            connection.down.append(Chunk(at, piece))
            self._tell_at(at - self.schedule.now, lambda: self._drain_down(connection))
        if ends:
            self.end(connection, self._random.choice([Ending.RESET, Ending.CLOSED]))

    def _pieces(self, data: bytes) -> list[bytes]:
        if not data or self._random.random() >= self.faults.split:
            return [data] if data else []
        self.seen["split"] += 1
        places = sorted(self._random.randrange(len(data) + 1) for _ in range(3))
        bounds = [0, *places, len(data)]
        return [data[a:b] for a, b in pairwise(bounds) if a < b]

    def _drain_down(self, connection: Connection) -> None:
        """Let the phone read what is due, unless the path holds it."""
        while connection.path is None and connection.stage is Stage.OPEN and connection.down:
            if connection.down[0].at > self.schedule.now:
                return
            connection.proof_at = self.schedule.now
            self._deliver(Received(connection.attempt, connection.down.popleft().data))

    # What happens to a connection.

    def excuse(self, until: float) -> None:
        """The phone sleeps until then: what it owes may come late."""
        for connection in self.standing:
            connection.excuse(until)

    def begin(self, spell: Spell) -> None:
        """Begin a spell: connections that stand meet one of the run's endings."""
        self.spell = spell
        keeps = {Spell.UNAVAILABLE, Spell.UNAVAILABLE_UNTIL}
        for connection in self.standing:
            if connection.stands and spell not in keeps:
                self.spoil(connection, self._random.choice(self.faults.endings))

    def spoil(self, connection: Connection, ending: Ending) -> None:
        """Spoil a connection that stands; a dead or mute path may heal again."""
        if ending in {Ending.RESET, Ending.CLOSED}:
            self.end(connection, ending)
        elif connection.path is None:
            connection.path, connection.path_since = ending, self.schedule.now
            connection.excuse(self.schedule.now)
            self.seen[ending.value] += 1
            if self.spell is not Spell.MUTE:
                heals_s = self._random.choice([0.5, 3.0, 12.0, 60.0, 1e6])
                self.schedule.later(heals_s, lambda: self.heal(connection))

    def heal(self, connection: Connection) -> None:
        """TCP repeats what it held; a mute proxy reads on."""
        if connection.path is None:
            return
        connection.path = None
        connection.excuse(self.schedule.now)
        back_s = self._trip_s()
        for chunk in (*connection.up, *connection.down):
            chunk.at = max(chunk.at, self.schedule.now + back_s)
        self.schedule.later(back_s, lambda: self._drain_up(connection))
        self._tell_at(back_s, lambda: self._drain_down(connection))

    def end(self, connection: Connection, ending: Ending = Ending.CLOSED) -> None:
        """End a connection from the other side, or in the middle; the phone hears of it."""
        if not connection.stands:
            return
        self.seen["lost"] += 1
        self.seen[ending.value] += 1
        self._gone(connection)
        kind = FailureKind.RESET if ending is Ending.RESET else FailureKind.CLOSED
        at = self._arrival(connection.down)
        lose = partial(self._lose, connection.attempt, kind, ending.value)
        self._tell_at(at - self.schedule.now, lose)

    def _gone(self, connection: Connection) -> None:
        if connection.stands:
            connection.stands = False
            self.far_end.closed(connection)

    def _lose_later(self, attempt: int, delay_s: float, kind: FailureKind, text: str) -> None:
        self._tell_at(delay_s, lambda: self._lose(attempt, kind, text))

    def _lose(self, attempt: int, kind: FailureKind, text: str) -> None:
        connection = self.connections.get(attempt)
        if connection is None or connection.stage is Stage.ENDED:
            return
        connection.stage, connection.stands = Stage.ENDED, False
        self._deliver(Lost(attempt, Failure(kind, text)))
        self._late_words(connection)

    def _tell(self, attempt: int, event: object) -> None:
        connection = self.connections.get(attempt)
        if connection is not None and connection.stage is Stage.DIALLING:
            self._deliver(event)

    def _late_words(self, connection: Connection) -> None:
        """An old attempt may still say something: the phone must not listen (L10)."""
        if self._random.random() >= self.faults.late:
            return
        attempt = connection.attempt
        facts = TlsFacts(connection.local, "TLSv1.3", "AES", False, CERTIFICATE_ENDS)
        words: list[object] = [
            Lost(attempt, Failure(FailureKind.RESET, "an old attempt")),
            Received(attempt, b"\r\n"),
            Received(attempt, b"SIP/2.0 nonsense\r\n\r\n"),
            Connected(attempt, facts),
            TcpConnected(attempt),
            Resolved(attempt, ADDRESSES[:1]),
            DeliveryChecked(attempt, 100),
        ]
        self.seen["late"] += 1
        late = self._random.choice(words)
        self._tell_at(self._random.uniform(0, 20), lambda: self._deliver(late))

    def _tell_at(self, delay_s: float, action: Action) -> None:
        """Plan something that the phone's machine must be awake for."""
        self.schedule.later(delay_s, lambda: self._when_awake(action))

    def _trip_s(self) -> float:
        return self.faults.latency_s + self._random.uniform(0, self.faults.jitter_s)


ENDLESS = b"SIP/2.0 200 OK\r\nContent-Length: 999999\r\n\r\n"
"""Nobody may wait for the end of this one."""


def _garbled(data: bytes, random: Random) -> bytes:
    """Put nonsense before or behind whole messages."""
    nonsense = (
        b"\x00\xff\r\n\r\n",
        b"HTTP/1.1 400 Bad\r\n\r\n",
        b"\x16\x03\x01",
        b"A" * 99,
        ENDLESS,
    )
    chosen = random.choice(nonsense)
    return chosen + data if random.random() < 0.5 else data + chosen
