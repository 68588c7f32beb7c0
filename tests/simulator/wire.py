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
from dataclasses import dataclass
from functools import partial
from itertools import count, pairwise
from random import Random

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
from tests.simulator.connection import Chunk, Connection, Stage
from tests.simulator.faults import Ending, Faults, Spell
from tests.simulator.schedule import Action, Schedule
from tests.simulator.site import Site

STANDING_MAX = 2
"""A link and a probe, or two candidates (L10)."""

CERTIFICATE_ENDS = 4e9

ALIKE_S = 1e-6
"""Two drawn times that are closer than this were not drawn."""

ALIKE_MAX = 2
"""In a row: two requests may be followed by a ping each, at the same distance (D4)."""

NEVER_S = 1e6

SILENT_PINGS_MAX = 3
"""To a proxy that answers none: the first, and tests before that is known."""

Command = Resolve | Connect | Write | Close | CheckDelivery


@dataclass(frozen=True)
class Start:
    """The phone began to connect to a proxy: a look-up, or its first dial."""

    at: float
    site: Site
    attempt: int


class Wire:
    """All connections of one phone."""

    def __init__(
        self,
        schedule: Schedule,
        random: Random,
        sites: list[Site],
        deliver: Callable[[object], None],
        when_awake: Callable[[Action], None],
        host: str = "192.0.2.7",
    ) -> None:
        self.schedule = schedule
        self.sites = sites
        self.connections: dict[int, Connection] = {}
        self.starts: list[Start] = []
        self.wrote: Callable[[Connection, bytes], None] = lambda connection, data: None
        self.begun = 0
        kinds = ["connections", "lost", "condemned", "cut", "split", "glued", "garbled", "late"]
        kinds += ["strays", "renumbered"]
        self.seen = dict.fromkeys([*kinds, *(ending.value for ending in Ending)], 0)
        self._random = random
        self._deliver = deliver
        self._when_awake = when_awake
        self._host = host
        self._ports = count(40000)

    # What the phone wants.

    def command(self, command: Command) -> None:
        """Take a command of the phone."""
        match command:
            case Resolve(attempt, proxy):
                connection = self._new(attempt, Stage.RESOLVING, proxy.host)
                self._began(connection)
                self._resolve(connection)
            case Connect(attempt, name, address):
                connection = self._new(attempt, Stage.DIALLING, name.text)
                if name.text == address.host:  # An address as configured: no look-up came before.
                    self._began(connection)
                connection.site.untried = [a for a in connection.site.untried if a != address]
                self._connect(connection, address)
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

    def _new(self, attempt: int, stage: Stage, host: str) -> Connection:
        assert attempt not in self.connections, f"attempt {attempt} used twice"
        (site,) = [site for site in self.sites if site.proxy.host == host]
        local = Address(self._host, next(self._ports))
        connection = Connection(attempt, local, stage, site, self.schedule.now, site.proxy)
        self.connections[attempt] = connection
        count_now = len(self.standing)
        assert count_now <= STANDING_MAX, f"{count_now} connections at once (L10)"
        self._forget_old()
        return connection

    def _began(self, connection: Connection) -> None:
        start = Start(self.schedule.now, connection.site, connection.attempt)
        self.starts = [*self.starts[-20:], start]
        self.begun += 1

    def _forget_old(self) -> None:
        """Keep memory bounded in long runs; late events of attempts this old are not tried."""
        for attempt in list(self.connections)[:-40]:
            ended_at = self.connections[attempt].ended_at
            if ended_at is not None and ended_at < self.schedule.now:
                del self.connections[attempt]

    def _resolve(self, connection: Connection) -> None:
        attempt, site = connection.attempt, connection.site
        took_s = _trip_s(site.faults, self._random)
        if site.spell is Spell.NAME_HANGS:
            return
        if site.spell is Spell.NAME_UNKNOWN:
            self._lose_later(attempt, took_s, FailureKind.RESOLVE, "no such name")
            return
        found = site.told

        def resolved() -> None:
            if connection.stage is Stage.RESOLVING:
                site.untried = list(found)
                self._ended(connection)  # The look-up is over; a dial is a new attempt.
                self._deliver(Resolved(attempt, found))

        self._tell_at(took_s, resolved)

    def _connect(self, connection: Connection, address: Address) -> None:
        attempt, site = connection.attempt, connection.site
        trip_s = 2 * _trip_s(site.faults, self._random)
        if not site.listens_at(address):
            self.seen["strays"] += 1
            if site.refuses_strays:
                self._lose_later(attempt, trip_s, FailureKind.REFUSED, "connection refused")
            return
        plain = {
            Spell.REFUSES: (FailureKind.REFUSED, "connection refused", trip_s),
            Spell.UNREACHABLE: (FailureKind.UNREACHABLE, "no route", 0.0),
            Spell.TLS_FAILS: (FailureKind.TLS, "handshake failure", 2 * trip_s),
            Spell.BAD_CERTIFICATE: (FailureKind.CERTIFICATE, "certificate expired", 2 * trip_s),
        }
        if site.spell in plain:
            kind, text, delay_s = plain[site.spell]
            if kind in {FailureKind.TLS, FailureKind.CERTIFICATE}:
                self._tell_at(trip_s, lambda: self._tell(attempt, TcpConnected(attempt)))
            self._lose_later(attempt, delay_s, kind, text)
            return
        if site.spell is Spell.BLACK_HOLE:
            return
        self._tell_at(trip_s, lambda: self._tell(attempt, TcpConnected(attempt)))
        if site.spell is not Spell.TLS_HANGS:
            self._tell_at(2 * trip_s, lambda: self._opened(connection))

    def _opened(self, connection: Connection) -> None:
        if connection.stage is not Stage.DIALLING:
            return
        connection.stage, connection.stands = Stage.OPEN, True
        connection.opened_at = connection.proof_at = self.schedule.now
        self.seen["connections"] += 1
        facts = TlsFacts(connection.local, "TLSv1.3", "AES", False, CERTIFICATE_ENDS)
        connection.site.far_end.opened(connection)
        self._deliver(Connected(connection.attempt, facts))
        if connection.site.spell is Spell.CLOSES:
            stays_s = self._random.uniform(*connection.site.closes_within_s)
            self.schedule.later(stays_s, lambda: self.end(connection))
        elif connection.site.spell is Spell.MUTE:
            self.spoil(connection, Ending.MUTE)

    def _write(self, attempt: int, data: bytes) -> None:
        connection = self.connections[attempt]
        assert connection.stage is Stage.OPEN, f"writes on attempt {attempt}: {connection.stage}"
        assert data, "writes nothing"
        self._check_beat(connection, data)
        self._check_for_deafness(connection, data)
        connection.written_at = self.schedule.now
        connection.is_followed = data != b"\r\n\r\n"
        if data.strip(b"\r\n"):
            connection.carried_sip = True
            others = [c for c in self.standing if c.carried_sip and c is not connection]
            assert not others, "SIP on two connections (L10)"
            self.wrote(connection, data)
        faults = connection.site.faults
        if self._random.random() < faults.freeze:
            self.spoil(connection, self._random.choice([Ending.DEAD, Ending.MUTE]))
        if connection.stands and self._random.random() < faults.cut:
            self.seen["cut"] += 1
            self._pass_up(connection, data[: self._random.randrange(len(data))])
            self.end(connection, self._random.choice([Ending.RESET, Ending.CLOSED]))
            return
        self._pass_up(connection, data)

    def _check_for_deafness(self, connection: Connection, data: bytes) -> None:
        """D3: OPTIONS that is answered shows that pings are not; the proxy's own may deceive."""
        pinged_at, proof_at = connection.pinged_at, connection.proof_at or 0.0
        is_second = data.startswith(b"OPTIONS") and not connection.is_followed
        if is_second and pinged_at and max(pinged_at, proof_at) == pinged_at < self.schedule.now:
            connection.silent_pings += 1
        if not connection.site.nature.answers_pings:
            limit = SILENT_PINGS_MAX + 2 * connection.pings_down
            assert connection.silent_pings <= limit, "pings where nothing answers pings (D3)"

    def _check_beat(self, connection: Connection, data: bytes) -> None:
        """Pings come at uneven times (L6), and what answers one was asked for (RFC 5626 4.4.1)."""
        if data == b"\r\n\r\n":
            gap_s = self.schedule.now - (connection.pinged_at or 0.0)
            alike = abs(gap_s - connection.ping_gap_s) < ALIKE_S and gap_s > ALIKE_S
            connection.alike_gaps = connection.alike_gaps + 1 if alike else 0
            assert connection.alike_gaps < ALIKE_MAX, f"pings every {gap_s:.3f} s, not drawn (L6)"
            connection.pinged_at, connection.ping_gap_s = self.schedule.now, gap_s
        elif data.startswith(b"OPTIONS") and connection.pinged_at == self.schedule.now:
            connection.alike_gaps = 0  # They follow a request, as evenly as those go (D4).
        elif not data.strip(b"\r\n"):
            connection.pongs_up += len(data) // 2
            # After a stall so many come at once that the proxy loses count of its own.
            asked = connection.pongs_up <= connection.pings_down or connection.excused_at
            assert asked, "answers a ping that nobody sent"

    def _pass_up(self, connection: Connection, data: bytes) -> None:
        """Send bytes on their way to the proxy."""
        if connection.stands and data:
            at = self._arrival(connection, connection.up)
            connection.up.append(Chunk(at, data))
            self.schedule.at(at, lambda: self._drain_up(connection))

    def _drain_up(self, connection: Connection) -> None:
        """Let arrive what is due, unless the path holds it."""
        while connection.path is None and connection.stands and connection.up:
            if connection.up[0].at > self.schedule.now:
                return
            connection.site.far_end.received(connection, connection.up.popleft().data)

    def _arrival(self, connection: Connection, way: deque[Chunk]) -> float:
        """When bytes that are sent now arrive: never before those sent earlier."""
        at = self.schedule.now + _trip_s(connection.site.faults, self._random)
        return max(at, way[-1].at) if way else at

    def _close(self, attempt: int) -> None:
        connection = self.connections[attempt]
        assert connection.stage is not Stage.ENDED, f"closes attempt {attempt} twice"
        self._ended(connection)
        if connection.path is not None:
            self.seen["condemned"] += 1
        if connection.stands:
            trip_s = _trip_s(connection.site.faults, self._random)
            self.schedule.later(trip_s, lambda: self._gone(connection))
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
            wait_s = self._random.uniform(0, connection.site.faults.glue_s)
            self.schedule.later(wait_s, lambda: self._breathe_out(connection))
        else:
            self.seen["glued"] += 1
        connection.breath += data
        connection.sent_down += len(data)

    def _breathe_out(self, connection: Connection) -> None:
        """Send off what was collected, cut into pieces at any place."""
        data, connection.breath = bytes(connection.breath), bytearray()
        if not connection.stands:
            return
        faults = connection.site.faults
        if self._random.random() < faults.garble:
            connection.is_garbled = True
            self.seen["garbled"] += 1
            data = _garbled(data, self._random)
        ends = self._random.random() < faults.cut
        if ends:
            data = data[: self._random.randrange(len(data))]
        for piece in self._pieces(data, faults.split):
            at = self._arrival(connection, connection.down)
            connection.down.append(Chunk(at, piece))
            self._tell_at(at - self.schedule.now, lambda: self._drain_down(connection))
        if ends:
            self.end(connection, self._random.choice([Ending.RESET, Ending.CLOSED]))

    def _pieces(self, data: bytes, split: float) -> list[bytes]:
        if not data or self._random.random() >= split:
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
            data = connection.give(self.schedule.now)
            self._deliver(Received(connection.attempt, data))

    # What happens to a connection.

    def excuse(self, until: float) -> None:
        """The phone sleeps until then: what it owes may come late."""
        for connection in self.standing:
            connection.excuse(until)

    def begin(self, site: Site, spell: Spell) -> None:
        """Begin a spell: connections that stand meet one of the run's endings."""
        site.spell = spell
        if spell not in {Spell.UNAVAILABLE, Spell.UNAVAILABLE_UNTIL}:
            self.cut_off(site)

    def cut_off(self, site: Site) -> None:
        """End, or spoil, every connection to a proxy."""
        for connection in self.standing:
            if connection.stands and connection.site is site:
                self.spoil(connection, self._random.choice(site.faults.endings))

    def spoil(self, connection: Connection, ending: Ending, heals_s: float | None = None) -> None:
        """Spoil a connection that stands; a dead or mute path heals again, None: some time."""
        if ending in {Ending.RESET, Ending.CLOSED}:
            self.end(connection, ending)
        elif connection.path is None:
            connection.path, connection.path_since = ending, self.schedule.now
            connection.excuse(self.schedule.now)
            self.seen[ending.value] += 1
            if connection.site.spell is not Spell.MUTE:
                if heals_s is None:
                    heals_s = self._random.choice([0.5, 3.0, 12.0, 60.0, NEVER_S])
                self.schedule.later(heals_s, lambda: self.heal(connection))

    def heal(self, connection: Connection) -> None:
        """TCP repeats what it held; a mute proxy reads on."""
        if connection.path is None:
            return
        connection.path = None
        connection.excuse(self.schedule.now)
        back_s = _trip_s(connection.site.faults, self._random)
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
        at = self._arrival(connection, connection.down)
        lose = partial(self._lose, connection.attempt, kind, ending.value)
        self._tell_at(at - self.schedule.now, lose)

    def _gone(self, connection: Connection) -> None:
        if connection.stands:
            connection.stands = False
            connection.site.far_end.closed(connection)

    def _ended(self, connection: Connection) -> None:
        connection.stage, connection.ended_at = Stage.ENDED, self.schedule.now

    def _lose_later(self, attempt: int, delay_s: float, kind: FailureKind, text: str) -> None:
        self._tell_at(delay_s, lambda: self._lose(attempt, kind, text))

    def _lose(self, attempt: int, kind: FailureKind, text: str) -> None:
        connection = self.connections.get(attempt)
        if connection is None or connection.stage is Stage.ENDED:
            return
        left = list(connection.site.untried) if connection.stage is Stage.DIALLING else []
        self._ended(connection)
        connection.stands = False
        self._deliver(Lost(attempt, Failure(kind, text)))
        assert not left or connection.site.untried != left, "the next address is not tried (F1)"
        self._late_words(connection)

    def _tell(self, attempt: int, event: object) -> None:
        connection = self.connections.get(attempt)
        if connection is not None and connection.stage is Stage.DIALLING:
            self._deliver(event)

    def _late_words(self, connection: Connection) -> None:
        """An old attempt may still say something: the phone must not listen (L10)."""
        if self._random.random() >= connection.site.faults.late:
            return
        attempt = connection.attempt
        facts = TlsFacts(connection.local, "TLSv1.3", "AES", False, CERTIFICATE_ENDS)
        words: list[object] = [
            Lost(attempt, Failure(FailureKind.RESET, "an old attempt")),
            Received(attempt, b"\r\n"),
            Received(attempt, b"SIP/2.0 nonsense\r\n\r\n"),
            Connected(attempt, facts),
            TcpConnected(attempt),
            Resolved(attempt, connection.site.told),
            DeliveryChecked(attempt, 100),
        ]
        self.seen["late"] += 1
        late = self._random.choice(words)
        self._tell_at(self._random.uniform(0, 20), lambda: self._deliver(late))

    def _tell_at(self, delay_s: float, action: Action) -> None:
        """Plan something that the phone's machine must be awake for."""
        self.schedule.later(delay_s, lambda: self._when_awake(action))


def _trip_s(faults: Faults, random: Random) -> float:
    return faults.latency_s + random.uniform(0, faults.jitter_s)


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
