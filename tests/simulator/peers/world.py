"""One run of the second world: agent and transactions, a link that at times breaks, far ends.

The link carries whole messages in order, each way with its own delay; cutting it loses what is on
its way. Whatever the machines say is looked at by the book at once. In the end nobody does anything
new: then both ends must hold the same calls; then all hang up, and nothing may be left.
"""

from __future__ import annotations

from collections import deque
from itertools import count
from random import Random
from typing import Any

from firmware.agent.account import Account, AgentSettings, DigitMethod
from firmware.agent.agent import Agent
from firmware.agent.events import FarEndSounds
from firmware.link.events import (
    Address,
    Failure,
    FailureKind,
    LinkDown,
    LinkUp,
    MessageReceived,
    Proxy,
    Role,
    SendMessage,
)
from firmware.machine import Machine
from firmware.media.negotiation import SrtpMode
from firmware.sip.message import Message, parse_message
from firmware.stack import ROUTES
from firmware.transaction.layer import Transactions
from tests.simulator.finding import judged
from tests.simulator.peers.book import Book
from tests.simulator.peers.hub import Hub, draw_ways
from tests.simulator.peers.person import Person
from tests.simulator.rings import Rings
from tests.simulator.schedule import Schedule
from tests.simulator.trace import Trace

START_S = 1000.0
LIVELY_S = 300.0
QUIET_S = 240.0
"""Until both ends agree: the longest search for a far end, its silence found out, and slack."""

LEAVING_S = 300.0
"""A BYE that nobody answers: Timer F six times, with the waits of `absence.NOT_YET_S` between."""

SILENCE_S = 3.0
LOOK_S = 1.0
STEPS_MAX = 200_000
LOST = Failure(FailureKind.RESET, "connection reset by the proxy")
PROXIES = (
    (Proxy(Role.PRIMARY, "proxy1.example.org", 5061), Address("198.51.100.1", 5061)),
    (Proxy(Role.BACKUP, "proxy2.example.org", 5061), Address("198.51.100.2", 5061)),
)


class World:
    """A phone and everybody who talks with it."""

    def __init__(self, seed: int) -> None:
        self.random = random = Random(seed)
        self.schedule = Schedule(START_S)
        self.trace = Trace()
        srtp = random.choice([SrtpMode.ONLY, SrtpMode.ONLY, SrtpMode.PREFERRED, SrtpMode.OFF])
        self.encrypts = srtp is not SrtpMode.OFF
        account = Account(
            number=1,
            user="201",
            domain="example.org",
            password="secret",
            srtp=srtp,
            session_timer_s=random.choice([0, 0, 90, 120, 1800]),
            digits=random.choice(list(DigitMethod)),
        )
        ids = (f"id{number}" for number in count(1))
        settings = AgentSettings(instance="urn:uuid:1", outbound=random.random() < 0.5)
        self.agent = Agent((account,), settings, ids, Random(seed + 1))
        self.transactions = Transactions(ids)
        self.hub = Hub(self, draw_ways(random))
        self.book = Book(account)
        self.person = Person(self)
        self.rings = Rings()
        self.proxy = PROXIES[0][0]
        self._machines: dict[str, Machine[Any]] = {
            "agent": self.agent,
            "transactions": self.transactions,
        }
        self._latency_s = random.choice([0.001, 0.05, 0.3])
        self._link = 0  # The number of the link; odd while it stands.
        self._ports = count(40000)
        self._last = {"up": 0.0, "down": 0.0}
        self._cuts_every_s = random.choice([0.0, 0.0, 40.0, 150.0])
        self._silent_since: dict[int, float] = {}
        self.steps = 0

    # The phone.

    def feed(self, event: object) -> None:
        """Give the phone an event, and carry on what follows."""
        self.trace.add(self.schedule.now, ">", event)
        self._settle(deque([event]))

    def _settle(self, work: deque[object]) -> None:
        now = self.schedule.now
        while work:
            item = work.popleft()
            machine = self._machines.get(ROUTES.get(type(item), ""))
            if machine is not None:
                work.extend(machine.handle(item, now))
                continue
            self.trace.add(now, "<", item)
            if isinstance(item, SendMessage):
                self._sent(item.message)
            self.book.told(item)
            self.rings.hear(item, now)
            self.person.hear(item)
        assert set(self.agent.calls) == self.person.calls, "calls that nobody knows of"
        self.book.after_step(self.agent.calls)

    def _wake(self) -> None:
        for machine in (self.agent, self.transactions):
            due = machine.deadline()
            if due is not None and due <= self.schedule.now:
                self._settle(deque(machine.wake(self.schedule.now)))

    def _sent(self, message: Message) -> None:
        message = parse_message(bytes(message))
        self.book.say(message, self.schedule.now)
        self._carry("up", lambda: self.hub.arrived(message))

    def to_phone(self, message: Message) -> None:
        """Carry a message to the phone, if the link stands."""
        if self._link % 2:
            self._carry("down", lambda: self._arrived(message))

    def _arrived(self, message: Message) -> None:
        message = parse_message(bytes(message))
        self.book.hear(message, self.schedule.now)
        self.feed(MessageReceived(message))
        if not self.book.is_settled and self.agent.registered_accounts:
            self.book.settled()

    def _carry(self, way: str, action: object) -> None:
        """In order, and lost with the link."""
        link, delay_s = self._link, self._latency_s * self.random.uniform(0.5, 1.5)
        self._last[way] = at = max(self._last[way], self.schedule.now + delay_s)

        def arrive() -> None:
            if link == self._link:
                action()  # type: ignore[operator] # a lambda

        self.schedule.at(at, arrive)

    # The link.

    def connect(self) -> None:
        """A link stands, to one of the proxies."""
        if self._link % 2:
            return
        self._link += 1
        self.proxy, remote = self.random.choice(PROXIES) if self._link > 1 else PROXIES[0]
        local = Address("192.0.2.99", next(self._ports))
        self.book.link_up(self.proxy, local, remote)
        self.feed(LinkUp(self.proxy, local, remote))

    def cut(self) -> None:
        """The link dies, and what is on its way with it."""
        if not self._link % 2 or self.hub.is_calm:
            return
        self._link += 1
        self.hub.cut_off()
        self.book.link_down()
        self.feed(LinkDown(LOST))
        self.schedule.later(self.random.choice([0.1, 2.0, 20.0, 80.0]), self.connect)

    # Time.

    def run(self, until: float) -> None:
        """Let time pass."""
        while True:
            moments = (self.agent.deadline(), self.transactions.deadline(), self.schedule.next_at)
            at = min(moment for moment in moments if moment is not None)
            if at > until:
                self.schedule.now = until
                return
            self.steps += 1
            assert self.steps < STEPS_MAX, "a run without end"
            planned = self.schedule.next_at
            if planned is not None and planned <= at:
                self.schedule.run_next()
            else:
                self.schedule.now = max(self.schedule.now, at)
                self._wake()

    def play(self) -> None:
        """Lively first, then calm, in which both ends agree."""
        self.begin()
        self.run(START_S + LIVELY_S)
        self.calm_down()
        self.end_well()

    def seen(self) -> dict[str, int]:
        """Count what came about."""
        return {**self.hub.seen, **self.rings.seen}

    def begin(self) -> None:
        """Everybody begins to live."""
        self.connect()
        self.person.live()
        self._every(self.hub.ways.calls_every_s, self.hub.call)
        if self._cuts_every_s:
            self._every(self._cuts_every_s, self.cut)
        self._look()

    def _every(self, mean_s: float, action: object) -> None:
        def again() -> None:
            if not self.hub.is_calm:
                action()  # type: ignore[operator] # a method
                self._every(mean_s, action)

        self.schedule.later(self.random.expovariate(1 / mean_s), again)

    def _look(self) -> None:
        """Once a second: what is late, and who is silent."""
        self.book.look(self.schedule.now)
        self.rings.look(0.0, self.schedule.now)
        for call in sorted(self.person.talking):
            self._listen(call)
        self.schedule.later(LOOK_S, self._look)

    def _listen(self, call: int) -> None:
        """A far end that holds no such call sends no sound (lesson 30)."""
        names = {(d.call_id, d.theirs) for d in self.book.of_call(call)}
        talks = [talk for key in names if (talk := self.hub.talks.get(key))]
        sounds = any(not talk.is_over and not talk.is_mute for talk in talks)
        was_silent = call in self._silent_since
        if sounds:
            if self._silent_since.pop(call, 0.0) and was_silent:
                self.book.sounds(call, heard=True)
                self.feed(FarEndSounds(call, heard=True))
            return
        since = self._silent_since.setdefault(call, self.schedule.now)
        if since <= self.schedule.now - SILENCE_S < since + LOOK_S:
            self.book.sounds(call, heard=False)
            self.feed(FarEndSounds(call, heard=False))

    def unwanted(self, call: int) -> None:
        """The person does not want a call any more that they have placed."""
        if call in self.person.waiting:
            self.book.given_up(call)

    # The end.

    def calm_down(self) -> None:
        """Nobody does anything new; links hold."""
        self.hub.is_calm = True
        if not self._link % 2:
            self.connect()

    def agrees(self) -> str:
        """Return on what the two ends do not agree, or nothing."""
        here, there = self.book.standing, self.hub.standing
        mute = {key for key, talk in self.hub.talks.items() if talk.is_mute}
        if here - there - mute:
            return f"the phone holds {sorted(here - there)}"
        return f"the far end holds {sorted(there - here)}" if there - here - mute else ""

    def end_well(self) -> None:
        """Both ends agree in time; then all hang up and nothing is left."""
        began = self.schedule.now
        self.run(began + 40.0)
        while self.agrees() and self.schedule.now < began + QUIET_S:
            self.run(self.schedule.now + 5.0)
        assert not self.agrees(), self.agrees()
        self.person.go_home()
        for talk in list(self.hub.talks.values()):
            talk.hang_up()
        self.run(self.schedule.now + LEAVING_S)
        assert not self.agent.calls, f"calls that nobody has: {self.agent.calls}"
        assert not self.transactions.open_transactions, "transactions are left"
        assert not self.agent.remembered, "calls or BYEs are left in memory"


def play(seed: int) -> World:
    """Play one seed; raises `Failed` with the seed and the world."""
    world = World(seed)
    return judged(seed, world, world.play)
