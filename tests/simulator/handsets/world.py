"""One run of two handsets, all of it from one seed: trouble, then calm in which they have to agree.

Theory of operation
-------------------
    handset -- wire --> primary, backup <-- wire -- handset      SIP
    handset -- network ------------------------- handset         sound

Time is `schedule.now`, for both. In the trouble two people call each other, and their links, their
proxies and the network of their sound are harmed, most of all when a call has just changed its
state. All the time: `Ear` judges every frame that is heard, `Figures` every report, `Digits` every
digit, `Secrets` every packet under its key. In the calm nobody does anything until both handsets
hold the same calls, with sound both ways; then one hangs up, and nothing may be left.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import count
from random import Random

from firmware.agent.events import DigitFailed, DigitReceived
from firmware.link.events import Proxy, Role
from firmware.media.dtmf import DigitStarted
from firmware.media.events import FarEndHeard, FarEndSilent, SendPacket, SoundReport
from firmware.media.plan import MediaPlan
from firmware.phone.events import EndCall
from firmware.phone.screen import CallScreen, CallStage
from firmware.phone.state import State
from tests.lab.digest import Doorkeeper
from tests.lab.registrar import Registrar, RegistrarSettings
from tests.simulator.faults import Faults, Nature
from tests.simulator.finding import judged
from tests.simulator.handsets.digits import Digits
from tests.simulator.handsets.ear import Ear
from tests.simulator.handsets.ends import Ends
from tests.simulator.handsets.exchange import Door, Exchange, Trunk
from tests.simulator.handsets.handset import DIGIT_S, Handset
from tests.simulator.handsets.network import HOSTS, Network
from tests.simulator.handsets.person import Person
from tests.simulator.handsets.plan import DOMAIN, PASSWORDS, draw_plan
from tests.simulator.handsets.saboteur import Saboteur
from tests.simulator.handsets.secrets import Secrets
from tests.simulator.schedule import Action, Schedule
from tests.simulator.site import Site
from tests.simulator.trace import Trace
from tests.simulator.wire import Wire

START_S = 1000.0
READY_S = 5.0
AGREE_S = 240.0
"""How long two handsets may take to find each other again: silence, probes, the longest waits."""

STEADY_S = 3.0
OVER_S = 80.0
"""After a call's end, until its last transaction is forgotten."""

STEPS_MAX = 400_000
PLACES = ("198.51.100.10", "203.0.113.10")


class World:
    """Two handsets, two proxies, two people."""

    def __init__(self, seed: int) -> None:
        self.random = random = Random(seed)
        self.plan = plan = draw_plan(seed, random)
        self.schedule = Schedule(START_S)
        self.trace = Trace()
        self.harmed_at = START_S  # When sound was last harmed, by whatever.
        self.steps = 0
        self.is_calm = False
        self.network = Network(self.schedule, random, plan)
        self.exchanges = self._exchanges()
        self.saboteur = Saboteur(self, random)
        self.handsets = [self._handset(side) for side in plan.sides]
        self.network.handsets = self.handsets
        here, there = self.handsets
        ways = self.network.ways
        self.ears = [Ear(self, here, there, ways[1]), Ear(self, there, here, ways[0])]
        self.network.is_known = lambda listener: self.ears[listener.side].is_open
        self.digits = [
            Digits(here, self.ears[1], self.schedule),
            Digits(there, self.ears[0], self.schedule),
        ]
        self.secrets = Secrets(plan)
        self.people = [Person(self, handset, random) for handset in self.handsets]
        for handset in self.handsets:
            handset.figures.world = self

    def _exchanges(self) -> list[Exchange]:
        plan, schedule = self.plan, self.schedule
        settings = RegistrarSettings(
            expires_default_s=60, outbound=plan.outbound, gruu=plan.gruu, flow_timer_s=None
        )
        doorkeepers = [Doorkeeper(DOMAIN, PASSWORDS) for _ in PLACES]
        registrars = [Registrar(DOMAIN, keeper, settings) for keeper in doorkeepers]
        if plan.is_shared:
            doorkeepers[1], registrars[1] = doorkeepers[0], registrars[0]
        ids = count(1)
        first, second = (
            Exchange(f"{place}:5061", registrar, doorkeeper, schedule, ids)
            for place, registrar, doorkeeper in zip(PLACES, registrars, doorkeepers, strict=True)
        )
        if plan.is_shared:
            second.share(first)
        else:
            first.trunk, second.trunk = Trunk(schedule, second), Trunk(schedule, first)
        return [first, second]

    def _handset(self, side: int) -> Handset:
        faults = Faults(latency_s=self.plan.sip_latency_s, split=0.2)
        sites = []
        for role, place in zip(Role, PLACES, strict=True):
            network = place.removesuffix(".10")
            site = Site(Proxy(role, place, 5061), network, self.random, faults, Nature())
            site.with_one_address()
            sites.append(site)
        wire = Wire(self.schedule, self.random, sites, self._later(side), _at_once, HOSTS[side])
        for site, exchange in zip(sites, self.exchanges, strict=True):
            site.far_end = Door(exchange, lambda: wire, self.schedule)
        return Handset(side, self, sites, wire)

    def _later(self, side: int) -> Callable[[object], None]:
        """Return who gives events to a handset that is still to be made."""
        return lambda event: self.handsets[side].tell(event)  # noqa: PLW0108 (made later)

    # Time.

    def run(self, until: float) -> None:
        """Let time pass."""
        while True:
            first = min(self.handsets, key=lambda handset: handset.due)
            planned = self.schedule.next_at
            if planned is not None and planned <= min(first.due, until):
                self.schedule.run_next()
                continue
            if first.due > until:
                self.schedule.now = max(self.schedule.now, until)
                return
            self.steps += 1
            assert self.steps < STEPS_MAX, "a run without end"
            self.schedule.now = max(self.schedule.now, first.due)
            first.wake()

    def unevenness(self) -> float:
        """How late a card's tick is."""
        most_s = self.plan.unevenness_s
        return self.random.uniform(0, most_s) if most_s else 0.0

    # What the handsets do.

    def note(self, handset: Handset, direction: str, what: object) -> None:
        """Write the trace."""
        if not isinstance(what, SoundReport):
            self.trace.add(self.schedule.now, f"{'AB'[handset.side]}{direction}", what)

    def after_step(self, handset: Handset) -> None:
        """A handset has done something."""
        self.saboteur.look(handset)
        screen = handset.screen
        if isinstance(screen, CallScreen) and screen.stage is CallStage.TALKING:
            # When, and only when, both ways are encrypted.
            is_locked = bool(handset.plans) and self.plan.is_secret
            assert screen.sound.secure == is_locked, f"the lock: {screen.sound.secure}"
        for ear in self.ears:
            ear.change()

    def agreed(
        self, handset: Handset, call: int, before: MediaPlan | None, plan: MediaPlan
    ) -> None:
        """A call's sound begins or changes."""
        self.harmed_at = self.schedule.now
        self.secrets.agreed(handset, call, before, plan)
        if before is None:
            self.network.ways[1 - handset.side].heard_since = None

    def sends(self, handset: Handset, call: int, packet: SendPacket) -> None:
        """A call sends a packet."""
        plan = handset.plans[call]
        self.secrets.check(handset, plan, packet.data)
        if packet.data[1] & 0x7F == plan.events_out:
            handset.digits_until = max(handset.digits_until, self.schedule.now + DIGIT_S)
        self.network.send(handset, packet, plan.local_port + packet.from_rtcp_port)

    def told(self, handset: Handset, fact: object) -> None:
        """A handset passes a fact on."""
        theirs = self.digits[1 - handset.side]
        match fact:
            case SoundReport(_, DigitStarted(digit)) | DigitReceived(_, digit):
                theirs.told(digit)
            case DigitFailed(_, digit):
                self.digits[handset.side].failed(digit)
            case SoundReport(call, FarEndSilent()) if call in handset.plans:
                handset.figures.fell_silent(call)
            case SoundReport(call, FarEndHeard()):
                handset.figures.is_heard_again(call)
            case _:
                pass

    @property
    def is_failing_over(self) -> bool:
        """Tell whether a link was harmed a moment ago."""
        return self.schedule.now - self.saboteur.struck_at < 10

    # Trouble.

    def play(self) -> None:
        """Calls and trouble first, then calm, in which both agree."""
        self.run(START_S + READY_S)
        self.trouble()
        self.run(START_S + READY_S + self.plan.ends_s)
        self.calm_down()
        self.agree()

    def trouble(self) -> None:
        """Let everything go wrong that this seed has drawn."""
        plan, network = self.plan, self.network
        for person in self.people[: 1 if plan.is_long else 2]:
            person.live()
        self._answers()
        self._every(plan.way_changes_every_s, lambda: network.change(self.random.randrange(2)))
        self._every(plan.strangers_every_s, network.intrude)
        self._every(plan.outage_every_s, self._outage)
        if plan.behind_router is not None:
            self._every(plan.router_forgets_every_s, self._forget)
        self._every(1.0, self._look)

    def _answers(self) -> None:
        """In a long call the other person only picks up."""
        if self.plan.is_long:
            person = self.people[1]
            person.live()

    def _look(self) -> None:
        for handset in self.handsets:
            handset.figures.look()

    def _outage(self) -> None:
        self.harmed_at = self.schedule.now
        sides = self.random.choice([[0], [1], [0, 1]])
        self.network.outage(self.random.choice([0.1, 1.0, 6.0, 14.0]), sides)

    def _forget(self) -> None:
        self.harmed_at = self.schedule.now
        self.network.forget()

    def _every(self, mean_s: float, action: Action) -> None:
        """Do something again and again, until the calm."""
        if not mean_s:
            return

        def again() -> None:
            if not self.is_calm:
                action()
                self._every(mean_s, action)

        self.schedule.later(self.random.expovariate(1 / mean_s), again)

    # Calm.

    def calm_down(self) -> None:
        """No more trouble; the people wait."""
        self.trace.add(self.schedule.now, "!", "calm")
        self.is_calm = True
        for person in self.people:
            person.is_done = True
        self.saboteur.make_peace()
        self.network.calm()
        self.harmed_at = self.schedule.now
        for handset in self.handsets:
            if handset.state in {State.CALLING, State.RINGING, State.ANSWERING}:
                handset.tell(EndCall())

    def agree(self) -> None:
        """Both handsets hold the same calls, with sound; then one of them hangs up."""
        ends = Ends(self)
        self._wait_for(ends.what_differs, AGREE_S, 1.0)
        self.run(self.schedule.now + STEADY_S)
        self._wait_for(ends.what_differs, AGREE_S, 1.0)  # It may just go home.
        if ends.calls(self.handsets[0]):
            hangs_up = self.random.choice(self.handsets)
            hangs_up.tell(EndCall())
            if hangs_up.stack.agent.calls:  # It was about to dial beside a call that it holds.
                hangs_up.tell(EndCall())
            self._wait_for(ends.who_talks, 5.0, 0.25)
        self._wait_for(ends.what_is_left, OVER_S, 5.0)

    def _wait_for(self, wrong: Callable[[], str], longest_s: float, step_s: float) -> None:
        began = self.schedule.now
        while wrong() and self.schedule.now < began + longest_s:
            self.run(self.schedule.now + step_s)
        said = wrong()
        assert not said, said

    def seen(self) -> dict[str, int]:
        """What this run came by: proof that the trouble is real."""
        parts: list[tuple[str, dict[str, int]]] = [
            ("network", self.network.seen),
            ("struck", self.saboteur.seen),
            ("secrets", self.secrets.seen),
        ]
        parts += [("person", person.seen) for person in self.people]
        parts += [("ear", ear.seen) for ear in self.ears]
        parts += [("digits", digits.seen) for digits in self.digits]
        parts += [("figures", handset.figures.seen) for handset in self.handsets]
        counts: dict[str, int] = {"steps": self.steps}
        for part, seen in parts:
            for key, number in seen.items():
                counts[f"{part} {key}"] = counts.get(f"{part} {key}", 0) + number
        return counts


def _at_once(action: Action) -> None:
    action()


def play(seed: int) -> World:
    """Play one seed; raises `Failed` with the seed and the world."""
    world = World(seed)
    return judged(seed, world, world.play)
