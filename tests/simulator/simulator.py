"""One run, all of it from one seed: trouble, then calm in which everything has to heal.

Time is `schedule.now`. The phone is woken at its own deadline; everything else is an action of the
schedule. After each step of the phone, `checks` looks at it. A pause of the phone (the machine
slept) holds back what the world has for it until it wakes.
"""

from __future__ import annotations

from itertools import count
from random import Random

from firmware.agent.account import Account, AgentSettings, RegistrationSettings
from firmware.agent.events import MediaChanged, MediaEnded
from firmware.link.events import (
    CheckDelivery,
    Close,
    Connect,
    NetworkChanged,
    Proxy,
    Resolve,
    Role,
    Write,
)
from firmware.link.settings import LinkSettings
from firmware.phone.events import (
    OutageEnded,
    OutageLog,
    Report,
    SetLamp,
    SetRinger,
    Show,
    TimeIs,
)
from firmware.phone.phone import PhoneSettings
from firmware.stack import Stack, StackSettings
from tests.simulator.checks import PONG_LIMIT_MAX_S, PONG_LIMIT_MIN_S, Checks
from tests.simulator.ends import what_is_wrong
from tests.simulator.faults import Spell, calm, draw_faults, draw_nature
from tests.simulator.outages import LogCheck
from tests.simulator.person import Person
from tests.simulator.proxy import ProxyEnd, new_login
from tests.simulator.registrar import REJECTED_RETRY_S, Registrar
from tests.simulator.schedule import Action, Schedule
from tests.simulator.trace import Trace
from tests.simulator.wire import Wire

START_S = 1000.0
TROUBLE_S = 400.0
CALM_S_MIN = 70.0
"""Long enough for a call or a BYE to end on both sides, and for a flapping link to be seen."""

CALM_S_MAX = 190.0
"""The longest back-off, an account's longest wait, a REGISTER that is not answered, and slack."""

RETRY_CAP_S = 40.0
TIMEOUT_RETRY_S = 30.0
STALL_S = 400.0
"""The longest pause of the phone."""

STEPS_MAX = 400_000


class Simulator:
    """A phone and its world."""

    def __init__(self, seed: int, *, trouble: bool = True) -> None:
        self.random = random = Random(seed)
        self.schedule = Schedule(START_S)
        self.trace = Trace()
        self.nature = draw_nature(random)
        faults = draw_faults(random) if trouble else calm(draw_faults(random))
        self.keep_alive_s = random.choice([5.0, 15.0, 30.0, 30.0, 0.0])
        self.wire = Wire(self.schedule, random, faults, self._step, self.when_awake)
        numbers = range(1, random.choice([1, 1, 2, 3]) + 1)
        wrong = random.random() < 0.1
        logins = [new_login(n, is_wrong=wrong and n == max(numbers)) for n in numbers]
        self.registrar = Registrar(random, faults, self.nature, logins)
        self.proxy = ProxyEnd(self.schedule, random, self.wire, self.nature, self.registrar)
        self.wire.far_end = self.proxy
        self.person = Person(self.schedule, random, self.tell)
        self.checks = Checks()
        self.log_check = LogCheck()
        kinds = [spell.value for spell in Spell if spell is not Spell.NONE]
        self.seen_trouble = dict.fromkeys([*kinds, "pause", "network", "clock"], 0)
        self.steps = 0
        self.woke_at = START_S
        self._asleep_until: float | None = None
        self._inbox: list[Action] = []
        ids = (f"id{number}" for number in count(1))
        self.stack = Stack(self._settings(), ids, Random(seed + 1), START_S)
        self._due = self.stack.deadline()
        self.tell(TimeIs(random.choice([None, 1.8e9]), 3600))

    # What the checks may know.

    @property
    def period_s(self) -> float:
        """The longest time between two pings (L6)."""
        timer_s = self.nature.flow_timer_s
        return min(self.keep_alive_s, timer_s) if timer_s else self.keep_alive_s

    @property
    def pong_limit_s(self) -> float:
        """The longest pong limit that the phone may have come to on this wire (D2)."""
        faults = self._worst
        # A ping of the proxy's that crosses the phone's is taken for its pong.
        if self._may_stall or self.nature.pings_every_s:
            return PONG_LIMIT_MAX_S
        round_trip_s = 2 * (faults.latency_s + faults.jitter_s) + faults.glue_s
        return min(PONG_LIMIT_MAX_S, max(PONG_LIMIT_MIN_S, 8 * round_trip_s))

    @property
    def loses_answers(self) -> bool:
        """Whether a REGISTER may have been refused or lost on a link that stands."""
        worst = self._worst
        odd = {Spell.UNAVAILABLE, Spell.UNAVAILABLE_UNTIL} & set(worst.spells)
        stale = self._may_stall and self.nature.nonce_s <= STALL_S  # Taken for a wrong password.
        return bool(worst.refused or worst.unanswered or odd or stale)

    @property
    def _may_stall(self) -> bool:
        faults = self._worst
        return bool(faults.slow_s or faults.pause_every_s or faults.freeze or faults.spells)

    def _settings(self) -> StackSettings:
        named = self.random.random() < 0.6
        host = "proxy.example.org" if named else "198.51.100.10"
        self._worst = self.wire.faults
        accounts = tuple(
            Account(
                number=number,
                user=login.user,
                domain="example.org",
                password=login.password + ("x" if login.is_wrong else ""),
                display_name=f"Line {number}",
                registration=RegistrationSettings(
                    rejected_retry_s=REJECTED_RETRY_S, timeout_retry_s=TIMEOUT_RETRY_S
                ),
            )
            for number, login in enumerate(self.registrar.logins.values(), 1)
        )
        return StackSettings(
            link=LinkSettings(
                (Proxy(Role.PRIMARY, host, 5061),),
                keep_alive_s=self.keep_alive_s,
                retry_cap_s=RETRY_CAP_S,
            ),
            accounts=accounts,
            agent=AgentSettings(instance="urn:uuid:00000000-0000-4000-8000-000000000001"),
            phone=PhoneSettings(),
        )

    # Time.

    def run(self, until: float) -> None:
        """Let time pass."""
        while True:
            at = self._next_at()
            if at is None or at > until:
                self.schedule.now = max(self.schedule.now, until)
                return
            self.steps += 1
            assert self.steps < STEPS_MAX, "a run without end"
            planned = self.schedule.next_at
            if planned is not None and planned <= at:
                self.schedule.run_next()
            else:
                self.schedule.now = max(self.schedule.now, at)
                self._step(None)

    def _next_at(self) -> float | None:
        due = None if self._asleep_until is not None else self._due
        moments = [moment for moment in (due, self.schedule.next_at) if moment is not None]
        return min(moments, default=None)

    def tell(self, event: object) -> None:
        """Give the phone an event, once it is awake."""
        self.when_awake(lambda: self._step(event))

    def when_awake(self, action: Action) -> None:
        """Do something that needs the phone's machine."""
        if self._asleep_until is not None:
            self._inbox.append(action)
        else:
            action()

    def _step(self, event: object | None) -> None:
        """One step of the phone; without an event it is woken."""
        now = self.schedule.now
        self.checks.before_step(self)
        if event is None:
            out = self.stack.wake(now)
        else:
            self.trace.add(now, ">", event)
            out = self.stack.handle(event, now)
        for item in out:
            self.trace.add(now, "<", item)
            self._carry_out(item)
        self._due = self.stack.deadline()
        if self._due is None or self._due > now:  # Else the phone has more to do at once.
            self.checks.after_step(self)
            self.log_check.after_step()
        else:
            assert event is not None, "the deadline was not moved by wake"

    def _carry_out(self, item: object) -> None:
        match item:
            case Resolve() | Connect() | Write() | Close() | CheckDelivery():
                self.wire.command(item)
            case OutageLog() | OutageEnded():
                self.log_check.hear(item, self.schedule.now)
            case Show() | SetRinger() | SetLamp() | Report():
                self.log_check.hear(item, self.schedule.now)
                if user := self.checks.refused(item):
                    self.registrar.refusal_heard(user, self.schedule.now)
                self.checks.hear(item)
                self.person.hears_ringing = self.checks.is_ringing
            case MediaChanged() | MediaEnded():
                self.checks.hear_sound(item)
            case _:
                raise AssertionError(f"nobody in the world takes {item!r}")

    # Trouble.

    def trouble(self) -> None:
        """Let everything go wrong that this seed has drawn."""
        faults = self.wire.faults
        self._every(faults.spell_every_s, self._spell)
        self._every(faults.network_every_s, self._network_changes)
        self._every(faults.pause_every_s, self._pause)
        self._every(faults.clock_every_s, self._clock_steps)
        self._every(faults.calls_every_s, self.proxy.disturb)
        self.person.live()
        if self.random.random() < 0.3 and faults.spells:
            self._spell()  # Trouble from the start.

    def _every(self, mean_s: float, action: object) -> None:
        """Do something again and again, until the calm."""
        if not mean_s:
            return

        def again() -> None:
            if not self.proxy.is_calm:
                action()  # type: ignore[operator] # a bound method without arguments
                self._every(mean_s, action)

        self.schedule.later(self.random.expovariate(1 / mean_s), again)

    def _spell(self) -> None:
        if not self.wire.faults.spells or self.wire.spell is not Spell.NONE:
            return
        spell = self.random.choice(self.wire.faults.spells)
        self.trace.add(self.schedule.now, "!", spell)
        self.seen_trouble[spell.value] += 1
        self.registrar.spell = spell
        self.wire.begin(spell)
        self.schedule.later(self.random.expovariate(1 / self.wire.faults.spell_s), self._clear_up)

    def _clear_up(self) -> None:
        self.trace.add(self.schedule.now, "!", Spell.NONE)
        self.registrar.spell = self.wire.spell = Spell.NONE

    def _network_changes(self) -> None:
        self.seen_trouble["network"] += 1
        self.checks.retries.network_changed_at = self.schedule.now
        if self._asleep_until is not None:
            self.checks.retries.network_changed_at = self._asleep_until
        self.tell(NetworkChanged())

    def _clock_steps(self) -> None:
        self.seen_trouble["clock"] += 1
        unix_s = self.random.choice([None, 0.0, 1.8e9, 4e9, self.random.uniform(1.7e9, 1.9e9)])
        self.tell(TimeIs(unix_s, self.random.choice([0, 3600, -18000])))

    def _pause(self) -> None:
        """The phone's machine stands still for a while."""
        if self._asleep_until is not None:
            return
        self._asleep_until = self.schedule.now + self.random.choice([0.5, 8.0, 60.0, STALL_S])
        self.person.phone_sleeps = True
        self.wire.excuse(self._asleep_until)
        self.trace.add(self.schedule.now, "!", "pause")
        self.seen_trouble["pause"] += 1
        self.schedule.at(self._asleep_until, self._awake)

    def _awake(self) -> None:
        """Meet what waited: the timers first, or what came over the wire."""
        self._asleep_until = None
        self.person.phone_sleeps = False
        self.woke_at = self.checks.retries.woke_at = self.schedule.now
        waiting, self._inbox = self._inbox, []
        self.trace.add(self.schedule.now, "!", "awake")
        if self.random.random() < 0.5:
            self._step(None)
        for action in waiting:
            action()

    def seen(self) -> dict[str, int]:
        """What this run came by: proof that the trouble is real."""
        parts = {
            "trouble": self.seen_trouble,
            "wire": self.wire.seen,
            "proxy": self.proxy.seen,
            "registrar": self.registrar.seen,
            "callee": self.proxy.callee.seen,
            "caller": self.proxy.caller.seen,
            "phone": self.checks.seen,
            "log": self.log_check.seen,
        }
        counts = {f"{part} {key}": n for part, seen in parts.items() for key, n in seen.items()}
        return {**counts, "steps": self.steps}

    def calm_down(self) -> None:
        """No more trouble: the proxy serves, the person is gone."""
        self.trace.add(self.schedule.now, "!", "calm")
        self.proxy.is_calm = True
        self.wire.faults = self.registrar.faults = calm(self.wire.faults)
        self._clear_up()
        if self._asleep_until is not None:
            self.run(self._asleep_until)
        for connection in self.wire.standing:
            self.wire.heal(connection)
        self.person.go_home()
        self.proxy.caller.give_up_all()
        self.proxy.callee.hang_on()

    def heal(self) -> None:
        """Wait until all is well on both ends; it must be so within the bound."""
        began = self.schedule.now
        self.run(began + CALM_S_MIN)
        while self.schedule.now < began + CALM_S_MAX and what_is_wrong(self):
            self.run(self.schedule.now + 10.0)
        wrong = what_is_wrong(self)
        assert not wrong, wrong


def play(seed: int) -> Simulator:
    """Play one seed; a failure raises `SystemExit` with the seed and the end of the trace."""
    simulator = Simulator(seed)
    try:
        simulator.trouble()
        simulator.run(START_S + TROUBLE_S)
        simulator.calm_down()
        simulator.heal()
    except Exception as error:
        simulator.trace.failed = error
        raise Failed(seed, simulator, error) from error
    return simulator


class Failed(Exception):  # noqa: N818 # it is a finding of the simulator
    """A seed in which something was wrong."""

    def __init__(self, seed: int, simulator: Simulator, error: Exception) -> None:
        self.seed = seed
        self.simulator = simulator
        self.error = error
        at = simulator.schedule.now
        super().__init__(f"SEED={seed} t={at:.3f}: {type(error).__name__}: {error}")
