"""A desk in simulated time: phones, a primary and a backup proxy, and numbers that answer oddly.

The first phone is the one that a script is about; it is set up by the lines of a configuration
file. Every other phone of a script is one of ours with nothing but its account.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import count
from pathlib import Path
from random import Random

from config.store import Store
from firmware.link.events import NetworkChanged, Proxy, Role
from firmware.sip.message import Message, Request
from firmware.sip.uri import SipUri
from tests.lab.digest import Doorkeeper
from tests.lab.lamps import LampFields
from tests.lab.mailbox import Mailboxes
from tests.lab.notifier import Post
from tests.lab.registrar import End, Registrar, RegistrarSettings
from tests.scenarios.numbers import ScriptedNumbers
from tests.scenarios.phone import OFF_S, ScenarioPhone, settings_of
from tests.simulator.faults import Ending, Faults, Nature, Spell
from tests.simulator.handsets.exchange import Door, Exchange
from tests.simulator.schedule import Action, Schedule
from tests.simulator.site import Site
from tests.simulator.trace import Trace
from tests.simulator.wire import NEVER_S, Wire

DOMAIN = "example.org"
PLACES = {"primary": "198.51.100.10", "backup": "203.0.113.10"}
START_S = 1000.0
LATENCY_S = 0.001
STEPS_MAX = 100_000

SPELLS = {
    "unplug": (Spell.REFUSES, Ending.RESET),
    "hide": (Spell.BLACK_HOLE, Ending.DEAD),
    "mute": (Spell.MUTE, Ending.MUTE),
}
"""How a script harms a proxy: what a new connection meets, and what becomes of those that stand."""

STANDARD = f"""
sip proxy ip: {PLACES["primary"]}
sip backup proxy ip: {PLACES["backup"]}
sip registrar ip: {DOMAIN}
sips persistent tls: 1
"""


class AnnouncingExchange(Exchange):
    """A proxy that says of some users' calls how they are to ring, or be answered by themselves."""

    announced: dict[str, tuple[str, str]]

    def _forward(self, request: Request, end: End, targets: list[tuple[End, SipUri]]) -> None:
        uri = request.from_.uri
        if request.method == "INVITE" and isinstance(uri, SipUri) and uri.user in self.announced:
            headers = request.headers.set(*self.announced[uri.user])
            request = replace(request, headers=headers)
        super()._forward(request, end, targets)


class Desk:
    """Everything on it; time passes only when it is told to."""

    def __init__(self, folder: Path) -> None:
        self.schedule = Schedule(START_S)
        self.trace = Trace()
        self.phones: dict[str, ScenarioPhone] = {}
        self.numbers = ScriptedNumbers(self.schedule)
        self._folder = folder
        self._passwords: dict[str, str] = {}
        self._hosts = (f"192.0.2.{n}" for n in count(7))
        self._steps = 0
        doorkeeper = Doorkeeper(DOMAIN, self._passwords)
        registrar = Registrar(DOMAIN, doorkeeper, RegistrarSettings(flow_timer_s=None))
        ids = count(1)
        self.exchanges = {
            name: AnnouncingExchange(
                f"{place}:5061", registrar, doorkeeper, self.schedule, ids, self.numbers
            )
            for name, place in PLACES.items()
        }
        first, second = self.exchanges.values()

        def new_id(size: int) -> str:
            return f"{next(ids):0{size}x}"

        def way(end: Callable[[], End]) -> Callable[[Message], None]:
            def send(message: Message) -> None:
                self.schedule.later(
                    LATENCY_S, lambda: first.take(message, end(), self.schedule.now)
                )

            return send

        address = f"{PLACES['primary']}:5061"
        self.mailboxes = Mailboxes(Post(address, DOMAIN, way(lambda: self.mailboxes), new_id))
        self.mailboxes.number = "605"
        self.lamps = LampFields(Post(address, DOMAIN, way(lambda: self.lamps), new_id))
        second.share(first)
        self.announced = dict[str, tuple[str, str]]()
        for exchange in (first, second):
            exchange.announced = self.announced
            exchange.is_number = self.numbers.answers.__contains__
            exchange.mailboxes, exchange.lamps = self.mailboxes, self.lamps
        self.numbers.take = lambda message: first.take(message, self.numbers, self.schedule.now)

    def place(self, number: str, text: str = "") -> ScenarioPhone:
        """Put a phone on the desk: its number, and lines of its configuration file."""
        account = f'sip line1 user name: {number}\nsip line1 password: "pw{number}"\n'
        store = self._store(number, STANDARD + account + text)
        for line in settings_of(store.read()).accounts:
            self._passwords[line.user] = line.password
        sites = [self._site(role, name) for role, name in zip(Role, PLACES, strict=True)]
        host = next(self._hosts)

        def wire(deliver: Callable[[object], None]) -> Wire:
            made = Wire(self.schedule, Random(number), sites, deliver, _at_once, host)
            for site, exchange in zip(sites, self.exchanges.values(), strict=True):
                site.far_end = Door(exchange, lambda: made, self.schedule)
            return made

        phone = ScenarioPhone(number, store, sites, wire, self.schedule, self.trace)
        self.phones[number] = phone
        return phone

    def _store(self, number: str, text: str) -> Store:
        folder = self._folder / number
        folder.mkdir()
        (folder / "startup.cfg").write_text(text)
        store = Store(folder, folder / "state", "handset", "0123456789AB")
        assert not store.read().problems, store.read().problems
        return store

    def _site(self, role: Role, name: str) -> Site:
        place = PLACES[name]
        network = place.removesuffix(".10")
        faults = Faults(latency_s=LATENCY_S)
        site = Site(Proxy(role, place, 5061), network, Random(place), faults, Nature())
        site.with_one_address()
        return site

    # Time.

    def run(self, seconds: float) -> None:
        """Let time pass."""
        end = self.schedule.now + seconds
        while True:
            phone = min(self.phones.values(), key=lambda each: each.due)
            planned = self.schedule.next_at
            if planned is not None and planned <= min(phone.due, end):
                self.schedule.run_next()
            elif phone.due <= end:
                self.schedule.now = max(self.schedule.now, phone.due)
                phone.wake()
            else:
                self.schedule.now = end
                return
            self._steps += 1
            assert self._steps < STEPS_MAX, "a scenario without end"

    # Trouble.

    def harm(self, name: str, how: str) -> None:
        """Let a proxy fail for all phones."""
        spell, ending = SPELLS[how]
        if how == "unplug":
            self.exchanges[name].stop()
        for phone, site in self._doors(name):
            site.spell = spell
            for connection in phone.wire.standing:
                if connection.site is site and connection.stands:
                    phone.wire.spoil(connection, ending, NEVER_S)

    def mend(self, name: str) -> None:
        """Let a proxy serve again."""
        self.exchanges[name].start()
        for phone, site in self._doors(name):
            site.spell = Spell.NONE
            for connection in phone.wire.standing:
                if connection.site is site:
                    phone.wire.heal(connection)

    def move(self) -> None:
        """Give every phone another address: what stands is dead."""
        for phone in self.phones.values():
            for connection in phone.wire.standing:
                if connection.stands:
                    phone.wire.spoil(connection, Ending.DEAD, NEVER_S)
            phone.tell(NetworkChanged())

    def restart(self, phone: ScenarioPhone) -> None:
        """Take the power from a phone, and give it back."""
        phone.stop()
        self.run(OFF_S)
        phone.start()

    def _doors(self, name: str) -> list[tuple[ScenarioPhone, Site]]:
        place = list(PLACES).index(name)
        return [(phone, phone.sites[place]) for phone in self.phones.values()]


def _at_once(action: Action) -> None:
    action()
