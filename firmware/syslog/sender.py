"""The way of the log to its server, as a machine: a queue, one connection, and when to try again.

Theory of operation
-------------------
    OFF        no server is set: nothing is kept
    IDLE       a server is set, and there is nothing to say: no connection, no timer
    REACHING   an attempt is out: look-up, TCP, TLS
    READY      it is reached, and all that was said is on its way
    SENDING    a batch is handed to the network, which has not taken it yet
    AWAY       it failed; the next attempt is at a moment

Rules that must not be broken:

- The phone never waits for it, and a server that is away costs an attempt in five minutes. The
  queue is bounded in lines and characters. When it is full the oldest line goes; how many did is
  told in their place, in the stream itself.
- What a connection had not delivered when it ended (the kernel knows how many bytes) goes again
  with the number it had: twice is better than never, and a server can tell.
- A server that accepts and does not read, or lets nobody in, is away like any other.
- Back-off is that of the link (F2), with a longer cap. Only a change of state is told, so that the
  log of a log server's trouble is two lines and not a flood.
"""

from __future__ import annotations

from collections import deque
from dataclasses import replace
from enum import Enum
from random import Random
from typing import assert_never

from firmware.frozen import frozen
from firmware.link.events import NetworkChanged
from firmware.link.retry import Retry
from firmware.machine import is_due
from firmware.syslog.line import LogLine, lost
from firmware.syslog.message import (
    DATAGRAM_BYTES_MAX,
    MESSAGE_BYTES_MAX,
    SEQUENCE_MAX,
    Origin,
    message,
    octets_counted,
)

LINES_MAX = 1000
CHARACTERS_MAX = 256 * 1024
"""Of all lines that wait: what a phone can spare, and some hours of its log."""

BATCH_LINES = 20
"""Handed to the network at once: small enough for the buffer of a server's UDP socket."""

SENT_BYTES_MAX = 128 * 1024
"""Of what may have to go again; the kernel is asked to hold less."""

REACH_S = 20.0
TAKE_S = 15.0
RETRY_BASE_S, RETRY_CAP_S = 1.0, 300.0


class Way(Enum):
    """How messages travel."""

    UDP = "UDP"  # RFC 5426
    TCP = "TCP"  # RFC 6587
    TLS = "TLS"  # RFC 5425


@frozen
class LogServer:
    """Where lines go."""

    host: str
    port: int
    way: Way

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port} ({self.way.value})"


# From the phone.
@frozen
class ServerIs:
    """The server that is set, None: none is."""

    server: LogServer | None


@frozen
class Logged:
    """A line."""

    line: LogLine


@frozen
class Dropped:
    """So many lines came faster than they were taken, and are gone."""

    count: int


# From the network; what an old attempt says is not heard.
@frozen
class Reached:
    """The server is there."""

    attempt: int


@frozen
class Taken:
    """The batch is with the kernel."""

    attempt: int


@frozen
class Ended:
    """The attempt, or its connection, is over; so many bytes at its end are not delivered."""

    attempt: int
    reason: str
    undelivered: int = 0


# To the network.
@frozen
class Reach:
    """Connect."""

    attempt: int
    server: LogServer


@frozen
class SendBatch:
    """Send these, each as a datagram or all as a stream; `Taken` answers."""

    attempt: int
    messages: tuple[bytes, ...]


@frozen
class Part:
    """Close it."""

    attempt: int


# To the log.
@frozen
class ServerAway:
    """Lines wait; said once until it is back."""

    server: LogServer
    reason: str


@frozen
class ServerBack:
    """They go again."""

    server: LogServer


Event = ServerIs | Logged | Dropped | Reached | Taken | Ended | NetworkChanged


class State(Enum):
    """Where the sender stands."""

    OFF = "no server is set"
    IDLE = "nothing to send"
    REACHING = "connecting"
    READY = "connected"
    SENDING = "sending"
    AWAY = "away"


_SETTLED = {State.OFF, State.IDLE}
LEGAL: dict[State, set[State]] = {
    State.OFF: {State.IDLE},
    State.IDLE: {State.OFF, State.REACHING},
    State.REACHING: {*_SETTLED, State.READY, State.AWAY},
    State.READY: {*_SETTLED, State.SENDING, State.AWAY},
    State.SENDING: {*_SETTLED, State.READY, State.AWAY},
    State.AWAY: {*_SETTLED, State.REACHING},
}


@frozen
class _Entry:
    """A line that waits, or was sent."""

    line: LogLine
    tells: int = 0  # Of how many lost lines it tells; 0: it is a line.
    sequence: int = 0  # 0: it was never sent.


class LogSender:
    """One server, one queue."""

    def __init__(self, origin: Origin, random: Random) -> None:
        self.state = State.OFF
        self.server: LogServer | None = None
        self.reason = ""  # Why it is away.
        self.sent = self.lost = 0  # Lines, since the start.
        self.retry_at: float | None = None
        self._origin, self._random = origin, random
        self._retry = self._new_retry()
        self._queue: deque[_Entry] = deque()
        self._size = 0  # Characters in the queue.
        self._gap = 0  # Lines lost before the first that waits.
        self._sent: deque[tuple[_Entry, int]] = deque()  # With their bytes.
        self._sent_bytes = self._batch_bytes = 0
        self._attempt = self._sequence = 0
        self._over_by: float | None = None

    @property
    def waiting(self) -> int:
        """How many lines wait."""
        return len(self._queue)

    @property
    def _is_apart(self) -> bool:
        """Whether there is neither a connection nor an attempt at one."""
        return self.state in {State.OFF, State.IDLE, State.AWAY}

    def deadline(self) -> float | None:
        return self.retry_at if self._over_by is None else self._over_by

    def wake(self, now: float) -> list[object]:
        if is_due(self._over_by, now):
            return [Part(self._attempt), *self._fail("no answer in time", 0, now)]
        if is_due(self.retry_at, now):
            return self._reach(now)
        return []

    def handle(self, event: Event, now: float) -> list[object]:
        match event:
            case ServerIs(server):
                return self._change(server, now)
            case Logged(line):
                return self._log(line, now)
            case Dropped(count):
                return self._note_dropped(count)
            case Reached(attempt) if attempt == self._attempt and self.state is State.REACHING:
                return self._reached(now)
            case Taken(attempt) if attempt == self._attempt and self.state is State.SENDING:
                self._enter(State.READY)
                return self._go_on(now)
            case Ended(attempt, reason, undelivered) if attempt == self._attempt:
                return self._end(reason, undelivered, now)
            case NetworkChanged() if self.state is State.AWAY:
                return self._reach(now)
            case Reached() | Taken() | Ended() | NetworkChanged():
                return []  # Of an old attempt, or no news.
            case _:
                assert_never(event)

    def _new_retry(self) -> Retry:
        return Retry(RETRY_BASE_S, RETRY_CAP_S, self._random)

    def _change(self, server: LogServer | None, now: float) -> list[object]:
        """Take another server; lines that wait go there."""
        if server == self.server:
            return []
        out: list[object] = [] if self._is_apart else [Part(self._attempt)]
        self.server, self.reason, self._retry = server, "", self._new_retry()
        self._take_back(self._batch_bytes if self.state is State.SENDING else 0)
        if server is None:
            self._queue.clear()
            self._size = self._gap = 0
        self._enter(State.IDLE if server else State.OFF)
        return [*out, *self._reach(now)] if self._queue else out

    def _log(self, line: LogLine, now: float) -> list[object]:
        if self.state is State.OFF:
            return []
        self._queue.append(_Entry(line))
        self._size += line.size
        self._trim()
        return self._reach(now) if self.state is State.IDLE else self._go_on(now)

    def _note_dropped(self, count: int) -> list[object]:
        """Tell in their place of lines that never came here; the next line takes that along."""
        if self.state is not State.OFF:
            line = lost(count, None, is_synchronised=False)
            self._queue.append(_Entry(line, tells=count))
            self._size += line.size
            self.lost += count
            self._trim()
        return []

    def _trim(self) -> None:
        """Keep the queue within its bounds: the oldest line goes first."""
        while len(self._queue) > LINES_MAX or self._size > CHARACTERS_MAX:
            entry = self._queue.popleft()
            self._size -= entry.line.size
            self._gap += entry.tells or 1
            self.lost += 0 if entry.tells else 1

    def _reach(self, now: float) -> list[object]:
        assert self.server is not None
        self._attempt += 1
        self._enter(State.REACHING)
        self._over_by = now + REACH_S
        return [Reach(self._attempt, self.server)]

    def _reached(self, now: float) -> list[object]:
        assert self.server is not None
        self._retry.service_confirmed(now)
        self._enter(State.READY)
        was_away, self.reason = bool(self.reason), ""
        out = self._go_on(now)
        return [*out, ServerBack(self.server)] if was_away else out

    def _go_on(self, now: float) -> list[object]:
        """Hand the next lines to the network."""
        if self.state is not State.READY or not self._queue:
            return []
        self._tell_gap()
        batch = [self._queue.popleft() for _ in range(min(BATCH_LINES, len(self._queue)))]
        self._size -= sum(entry.line.size for entry in batch)
        self._enter(State.SENDING)
        self._over_by = now + TAKE_S
        messages = tuple(self._written(entry) for entry in batch)
        self._batch_bytes = sum(len(data) for data in messages)
        return [SendBatch(self._attempt, messages)]

    def _tell_gap(self) -> None:
        """Say in the place of lost lines how many there were."""
        if not self._gap:
            return
        first = self._queue[0].line
        line = lost(self._gap, first.unix_s, is_synchronised=first.is_synchronised)
        self._queue.appendleft(_Entry(line, tells=self._gap))
        self._size += line.size
        self._gap = 0

    def _written(self, entry: _Entry) -> bytes:
        """Return a line as it travels; note it for the case that it does not arrive."""
        assert self.server is not None
        if not entry.sequence:
            self._sequence = self._sequence % SEQUENCE_MAX + 1
            entry = replace(entry, sequence=self._sequence)
        self.sent += 1
        is_stream = self.server.way is not Way.UDP
        bytes_max = MESSAGE_BYTES_MAX if is_stream else DATAGRAM_BYTES_MAX
        data = message(entry.line, entry.sequence, self._origin, bytes_max)
        data = octets_counted(data) if is_stream else data
        self._sent.append((entry, len(data)))
        self._sent_bytes += len(data)
        while self._sent_bytes > SENT_BYTES_MAX:
            self._sent_bytes -= self._sent.popleft()[1]
        return data

    def _end(self, reason: str, undelivered: int, now: float) -> list[object]:
        if self._is_apart:
            return []
        if self.state is State.READY and not undelivered:  # A server may close what is not used.
            self._forget_sent()
            self._enter(State.IDLE)
            return []
        return self._fail(reason, undelivered, now)

    def _fail(self, reason: str, undelivered: int, now: float) -> list[object]:
        """The server is away; what it has not got waits again, before all else."""
        assert self.server is not None
        is_sending = self.state is State.SENDING
        self._take_back(max(undelivered, self._batch_bytes if is_sending else 0))
        self._enter(State.AWAY)
        self.retry_at = self._retry.after_failure(now)
        told, self.reason = self.reason, reason
        return [] if told == reason else [ServerAway(self.server, reason)]

    def _take_back(self, undelivered: int) -> None:
        while undelivered > 0 and self._sent:
            entry, size = self._sent.pop()
            undelivered -= size
            self._queue.appendleft(entry)
            self._size += entry.line.size
            self.sent -= 1
        self._forget_sent()
        self._trim()

    def _forget_sent(self) -> None:
        self._sent.clear()
        self._sent_bytes = 0

    def _enter(self, state: State) -> None:
        """Go to another state; what the old one waited for is over."""
        if state is not self.state:
            assert state in LEGAL[self.state], (self.state, state)
            self.state = state
        self.retry_at = self._over_by = None
