"""One run, all of it from one seed: trouble, then calm in which everything has to heal.

Time is `schedule.now`. The phone is woken at its own deadline; everything else is an action of the
schedule. After each step of the phone, `checks` looks at it. A pause of the phone (the machine
slept) holds back what the world has for it until it wakes.
"""

from __future__ import annotations

from functools import partial
from itertools import count
from random import Random

from firmware.link.events import (
    CheckDelivery,
    Close,
    Connect,
    NetworkChanged,
    Resolve,
    Write,
)
from firmware.media.events import (
    HushCall,
    MuteMicrophone,
    PlayTone,
    SayDigit,
    SetVolume,
    UseAudio,
)
from firmware.phone.events import (
    DialTarget,
    HookLifted,
    KeepSetting,
    KeyPressed,
    OutageEnded,
    OutageLog,
    Report,
    SampleRing,
    SetDisplay,
    SetLamp,
    SetRinger,
    Show,
    StartVoice,
    StopVoice,
    TimeIs,
    TuneRinger,
)
from firmware.phone.kept import DirectoryLog, HistoryLog
from firmware.stack import Stack
from tests.simulator.changes import Changes
from tests.simulator.checks import PONG_LIMIT_MAX_S, PONG_LIMIT_MIN_S, Checks
from tests.simulator.connection import Connection
from tests.simulator.dialogs import Legs
from tests.simulator.ends import what_is_wrong
from tests.simulator.faults import Ending, Spell, calm
from tests.simulator.finding import judged
from tests.simulator.moments import Moments
from tests.simulator.moves import Moves
from tests.simulator.outages import LogCheck
from tests.simulator.person import Person
from tests.simulator.proxy import ProxyEnd
from tests.simulator.registrar import Registrar
from tests.simulator.retries import Retries
from tests.simulator.schedule import Action, Schedule
from tests.simulator.sent import TIMER_F_S, Sent
from tests.simulator.site import Site
from tests.simulator.trace import Trace
from tests.simulator.wire import Wire
from tests.simulator.world import draw_plan

START_S = 1000.0
TROUBLE_S = 400.0
CALM_S_MIN = 70.0
"""Long enough for a call or a BYE to end on both sides, and for a flapping link to be seen."""

CALM_S_MAX = 190.0
"""The longest back-off, an account's longest wait, a REGISTER that is not answered, and slack."""

GONE_S = 20.0
"""How long a primary that is pulled stays away."""

PULLED_AGAIN_S = 4.0
"""So long after it has served again."""

AWAY_S = 700.0
"""Longer, where a primary that does not serve has to be found out a few times."""

PAUSES_S = (0.5, 8.0, 60.0, 400.0)
STALL_S = max(PAUSES_S)
"""The longest pause of the phone."""

STEPS_MAX = 400_000


class Simulator:
    """A phone and its world."""

    def __init__(self, seed: int, *, trouble: bool = True) -> None:
        self.random = random = Random(seed)
        self.schedule = Schedule(START_S)
        self.trace = Trace()
        self.plan = plan = draw_plan(random, trouble=trouble)
        self.sites, self.keep_alive_s, self.users = plan.sites, plan.keep_alive_s, plan.users
        self.sent = Sent()
        self.wire = Wire(self.schedule, random, plan.sites, self._step, self.when_awake)
        self.wire.wrote = lambda connection, data: self.sent.wrote(
            connection, data, self.schedule.now
        )
        self.proxies = self._proxies()
        self.person = Person(self.schedule, random, self.tell)
        self.log_check = LogCheck()
        self.moments = Moments(self)
        stay = (plan.minimum_stay_s, plan.probe_interval_s, plan.probe_count)
        self.checks = Checks(Retries(plan.sites, plan.blacklist_s), Moves(plan.sites, *stay))
        self.changes = Changes(self, seed)
        for proxy in self.proxies:
            proxy.on_opened = self.checks.moves.opened
            proxy.on_bound = self.moments.bound
        kinds = [spell.value for spell in Spell if spell is not Spell.NONE]
        self.seen_trouble = dict.fromkeys([*kinds, "pause", "network", "clock"], 0)
        self.steps = 0
        self.woke_at = START_S
        self.calm_since: float | None = None
        self._pulls_left = 0
        self._asleep_until: float | None = None
        self._inbox: list[Action] = []
        ids = (f"id{number}" for number in count(1))
        self._phone_now = START_S
        self.stack = Stack(plan.settings(), ids, Random(seed + 1), START_S)
        self._due = self.stack.deadline()
        self.tell(TimeIs(random.choice([None, 1.8e9]), 3600))

    def _proxies(self) -> list[ProxyEnd]:
        """Put a proxy at every site; the people behind them are the same."""
        legs, random = Legs(), self.random
        proxies = []
        for site, logins in zip(self.sites, self.plan.logins, strict=True):
            registrar = Registrar(random, site, logins)
            proxy = ProxyEnd(self.schedule, random, self.wire, site, registrar, legs, self.sent)
            site.far_end = proxy
            proxies.append(proxy)
        for proxy in proxies:
            proxy.peers = proxies
        return proxies

    # What the checks may know.

    def period_s(self, connection: Connection, since: float) -> float:
        """The longest time between two pings over a link since then (L6)."""
        timer_s, longest_s = connection.site.nature.flow_timer_s, self.changes.period_s(since)
        return min(longest_s, timer_s) if timer_s else longest_s

    def pong_limit_s(self, connection: Connection) -> float:
        """The longest pong limit that the phone may have come to on a link (D2)."""
        faults, nature = connection.site.worst, connection.site.nature
        # Where OPTIONS stands for the ping, it may be the one request that is not answered.
        stalls = self._may_stall(connection.site) or (
            faults.unanswered and not nature.answers_pings
        )
        # A ping of the proxy's that crosses the phone's is taken for its pong; what waited for a
        # dead path to be mended is a round trip too.
        if stalls or nature.pings_every_s or connection.path_since:
            return PONG_LIMIT_MAX_S
        round_trip_s = 2 * (faults.latency_s + faults.jitter_s) + faults.glue_s
        return min(PONG_LIMIT_MAX_S, max(PONG_LIMIT_MIN_S, 8 * round_trip_s))

    def loses_answers(self, site: Site) -> bool:
        """Whether a REGISTER may have been refused or lost on a link that stands."""
        worst = site.worst
        odd = {Spell.UNAVAILABLE, Spell.UNAVAILABLE_UNTIL} & set(worst.spells)
        # Taken for a wrong password.
        stale = self._may_stall(site) and site.nature.nonce_s <= STALL_S
        stale = stale and not site.nature.says_stale
        return bool(worst.refused or worst.unanswered or worst.fails_account or odd or stale)

    def _may_stall(self, site: Site) -> bool:
        faults = site.worst
        stalls = faults.slow_s or faults.freeze or faults.spells or faults.renumber_every_s
        return bool(stalls or self.plan.faults.pause_every_s)

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

    def feed(self, event: object) -> None:
        """Give the phone, which is awake, an event now."""
        self._step(event)

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
            due = self.stack.deadline()
            # As the driver does: a clock may be a hair early for the moment it was armed for.
            self._phone_now = max(self._clock(), due if self._is_due() and due else 0.0)
            out = self.stack.wake(self._phone_now)
        else:
            self._phone_now = self._clock()
            self.trace.add(now, ">", event)
            if isinstance(event, KeyPressed | HookLifted | DialTarget):
                self.checks.retries.person_asks(now)
            out = self.stack.handle(event, self._phone_now)
        for item in out:
            self.trace.add(now, "<", item)
            self._carry_out(item)
        self._due = self._world_time(self.stack.deadline())
        if self._due is None or self._due > now:  # Else the phone has more to do at once.
            self.checks.after_step(self)
            self.log_check.after_step()
            self.changes.after_step()
        else:
            # Two moments may be one in the world's time, and two by the phone's clock.
            moved = event is not None or (self.stack.deadline() or 0.0) > self._phone_now
            assert moved, "the deadline was not moved by wake"

    def _clock(self) -> float:
        """The phone's own clock, which runs a little wrong."""
        return max(self._phone_now, START_S + (self.schedule.now - START_S) * self.plan.clock_rate)

    def _world_time(self, moment: float | None) -> float | None:
        return None if moment is None else START_S + (moment - START_S) / self.plan.clock_rate

    def _is_due(self) -> bool:
        return self._due is not None and self._due <= self.schedule.now

    def _carry_out(self, item: object) -> None:
        match item:
            case Resolve() | Connect() | Write() | Close() | CheckDelivery():
                self.wire.command(item)
            case OutageLog() | OutageEnded():
                self.log_check.hear(item, self._phone_now)
            case Show() | SetRinger() | SetLamp() | Report():
                self.log_check.hear(item, self._phone_now)
                if user := self.checks.refused(item):
                    self._refusal_heard(user)
                self.checks.hear(item)
                self.person.hears_ringing = self.checks.is_ringing
            case StartVoice() | StopVoice():
                self.checks.hear_sound(item)
            case PlayTone(kind):
                self.checks.tone = kind
            case SayDigit(call):
                assert call in self.checks.sounding, "a digit in a call without sound"
            case MuteMicrophone() | HushCall() | SetVolume() | UseAudio():
                pass  # Between the person and the sound card.
            case HistoryLog() | DirectoryLog():
                pass
            case TuneRinger() | SampleRing() | SetDisplay() | KeepSetting():
                pass  # What the person has set,
            case HistoryLog() | DirectoryLog():
                pass  # and what is kept of it.
            case _:
                raise AssertionError(f"nobody in the world takes {item!r}")

    def _refusal_heard(self, user: str) -> None:
        attempt = self.stack.link.attempt or self.checks.last_attempt
        connection = self.wire.connections.get(attempt or 0)
        for proxy in self.proxies:
            if connection is not None and proxy.site is connection.site:
                proxy.registrar.refusal_heard(user, self.schedule.now)

    # Trouble.

    def trouble(self) -> None:
        """Let everything go wrong that this seed has drawn."""
        own = self.plan.faults
        for site in self.sites:
            self._every(site.faults.spell_every_s, partial(self._spell, site))
            self._every(site.faults.renumber_every_s, partial(self._renumber, site))
            if self.random.random() < 0.3:
                self._spell(site)  # Trouble from the start.
        if len(self.sites) > 1 and self.random.random() < 0.2:
            self.schedule.later(self.random.uniform(0, 300), self._double_outage)
        self._every(own.network_every_s, self._network_changes)
        self._every(own.pause_every_s, self.pause)
        self._every(own.clock_every_s, self._clock_steps)
        self._every(own.calls_every_s, self._disturb)
        self.person.live()
        self.changes.plan()

    def _every(self, mean_s: float, action: Action) -> None:
        """Do something again and again, until the calm."""
        if not mean_s:
            return

        def again() -> None:
            if not self.is_calm:
                action()
                self._every(mean_s, action)

        self.schedule.later(self.random.expovariate(1 / mean_s), again)

    @property
    def is_calm(self) -> bool:
        """Tell whether the trouble is over."""
        return self.proxies[0].is_calm

    def _disturb(self) -> None:
        self.random.choice(self.proxies).disturb()

    def _spell(self, site: Site) -> None:
        if not site.faults.spells or site.spell is not Spell.NONE:
            return
        spell = self.random.choice(site.faults.spells)
        self.trace.add(self.schedule.now, "!", f"{site.role}: {spell.value}")
        self.seen_trouble[spell.value] += 1
        self.wire.begin(site, spell)
        ends_s = self.random.expovariate(1 / site.faults.spell_s)
        self.schedule.later(ends_s, partial(self._clear_up, site, spell))

    def _double_outage(self) -> None:
        """One accepts and closes while the other cannot be had: no reason to hurry (F2)."""
        closes, gone = self.random.sample(self.sites, 2)
        if self.is_calm:
            return
        away = self.random.choice([Spell.REFUSES, Spell.UNREACHABLE, Spell.TLS_FAILS])
        for site, spell in ((closes, Spell.CLOSES), (gone, away)):
            self.trace.add(self.schedule.now, "!", f"{site.role}: {spell.value}")
            self.wire.begin(site, spell)
            self.schedule.later(60.0, partial(self._clear_up, site, spell))

    def _clear_up(self, site: Site, spell: Spell) -> None:
        if site.serves and site.spell is spell:
            self.trace.add(self.schedule.now, "!", f"{site.role}: well")
            site.spell = Spell.NONE

    def _renumber(self, site: Site) -> None:
        """The name leads elsewhere; DNS tells so a little later."""
        if not site.is_named:
            return
        site.renumber()
        self.wire.seen["renumbered"] += 1
        self.trace.add(self.schedule.now, "!", f"{site.role}: moves to {site.addresses[0]}")
        self.wire.cut_off(site)
        self.schedule.later(self.random.uniform(0, site.faults.dns_lag_s), site.tell_dns)

    def _network_changes(self) -> None:
        self.seen_trouble["network"] += 1
        heard_at = self.schedule.now if self._asleep_until is None else self._asleep_until
        self.checks.retries.network_changed(heard_at)
        self.tell(NetworkChanged())

    def _clock_steps(self) -> None:
        self.seen_trouble["clock"] += 1
        unix_s = self.random.choice([None, 0.0, 1.8e9, 4e9, self.random.uniform(1.7e9, 1.9e9)])
        self.tell(TimeIs(unix_s, self.random.choice([0, 3600, -18000])))

    def served(self) -> None:
        """The phone has come back; where its machine pauses at all, now is a bad moment (F2)."""
        if self.plan.faults.pause_every_s and not self.is_calm and self.random.random() < 0.3:
            self.schedule.later(2.0, self._nap)
        attempt = self.stack.link.attempt
        if self._pulls_left and attempt and self.wire.connections[attempt].site is self.sites[0]:
            self.schedule.later(PULLED_AGAIN_S, self._pull_the_primary)

    def held(self, hold_s: float) -> None:
        """A proxy said Retry-After: the network may change before that is over (D6, D8)."""
        if hold_s and not self.is_calm and self.random.random() < 0.3:
            self.schedule.later(self.random.uniform(0, hold_s), self._network_changes)

    def _nap(self) -> None:
        """Sleep through the time that makes a link healthy, and lose it meanwhile."""
        attempt = self.stack.link.attempt
        if self._asleep_until is not None or attempt is None or self.is_calm:
            return
        self.pause(40.0)
        connection = self.wire.connections[attempt]
        self.schedule.later(38.0, lambda: self.wire.end(connection))

    def pause(self, longest_s: float = STALL_S) -> None:
        """The phone's machine stands still for a while."""
        if self._asleep_until is not None:
            return
        pause_s = longest_s if longest_s < STALL_S else self.random.choice(PAUSES_S)
        self._asleep_until = self.schedule.now + pause_s
        if pause_s > TIMER_F_S:
            self.sent.sleeps(self.schedule.now)
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
        parts = [
            ("trouble", self.seen_trouble),
            ("moment", self.moments.seen),
            ("wire", self.wire.seen),
            ("phone", self.checks.seen),
            ("moves", self.checks.moves.seen),
            ("rings", self.checks.rings.seen),
            ("sent", self.sent.seen),
            ("log", self.log_check.seen),
            ("settings", self.changes.seen),
        ]
        for proxy in self.proxies:
            parts += [
                ("proxy", proxy.seen),
                ("registrar", proxy.registrar.seen),
                ("callee", proxy.callee.seen),
                ("caller", proxy.caller.seen),
                ("keeper", proxy.keeper.seen),
            ]
        counts: dict[str, int] = {}
        for part, seen in parts:
            for key, number in seen.items():
                counts[f"{part} {key}"] = counts.get(f"{part} {key}", 0) + number
        kinds = {f"worlds of {len(self.sites)}": 1, "worlds shared": int(self.plan.is_shared)}
        return {**counts, **kinds, "steps": self.steps}

    def calm_down(self) -> None:
        """No more trouble: a proxy serves, perhaps both, and the person is gone."""
        self.trace.add(self.schedule.now, "!", "calm")
        self.calm_since = self.schedule.now
        self._choose_who_serves()
        for proxy in self.proxies:
            proxy.is_calm = True
        for site in self.sites:
            site.calm_down(calm(site.faults))
            if site.serves:
                site.spell = Spell.NONE
        if self._asleep_until is not None:
            self.run(self._asleep_until)
        for connection in self.wire.standing:
            if connection.site.serves:
                self.wire.heal(connection)
        if len(self.sites) > 1 and all(s.serves for s in self.sites) and self.random.random() < 0.5:
            self._pulls_left = 2
            self._pull_the_primary()
        self.person.go_home()
        for proxy in self.proxies:
            proxy.caller.give_up_all()
            proxy.callee.hang_on()

    def _pull_the_primary(self) -> None:
        """One more outage, a short one: the phone has to find its way home from the backup.

        And another one when it is back: what it has learnt at home it takes to the backup.
        """
        if not self._pulls_left:
            return
        self._pulls_left -= 1
        primary = self.sites[0]
        for connection in self.wire.standing:
            if connection.site is primary:
                self.wire.end(connection, Ending.RESET)
        primary.spell = Spell.REFUSES
        self.trace.add(self.schedule.now, "!", "primary: refuses for a moment")
        self.schedule.later(GONE_S, partial(self._clear_up, primary, Spell.REFUSES))

    def _choose_who_serves(self) -> None:
        """One of two proxies may stay away for good, in any of the ways that there are."""
        gone = self.random.choice([None, *self.sites]) if len(self.sites) > 1 else None
        if gone is None:
            return
        gone.serves = False
        kinds = [s for s in Spell if s is not Spell.NONE] + [Spell.CLOSES] * 6 + [Spell.MUTE] * 2
        spell = self.random.choice(kinds)
        self.trace.add(self.schedule.now, "!", f"{gone.role}: {spell.value} for good")
        self.wire.begin(gone, spell)

    @property
    def patience_s(self) -> float:
        """How long the phone may take until all is well, with two proxies until it is home."""
        if len(self.sites) == 1:
            return CALM_S_MAX
        plan = self.plan
        # A proxy whose own pings were taken for pongs has to miss ten before that is known.
        probing_s = 2 * (plan.probe_count + 11) * (1.3 * plan.probe_interval_s + 10)
        stay_s = 4 * self.checks.moves.minimum_s  # It grows where the primary is pulled again.
        away_s = 0.0 if self.sites[0].serves else AWAY_S
        # A proxy that serves for a moment and closes is fit; one that was not is tried after it.
        return CALM_S_MAX + stay_s + probing_s + away_s + plan.blacklist_s

    def play(self) -> None:
        """Trouble first, then calm, in which all gets well."""
        self.trouble()
        self.run(START_S + TROUBLE_S)
        self.calm_down()
        self.heal()

    def heal(self) -> None:
        """Wait until all is well on both ends; it must be so within the bound."""
        began, patience_s = self.schedule.now, self.patience_s
        self.run(began + CALM_S_MIN)
        while self.schedule.now < began + patience_s and what_is_wrong(self):
            self.run(self.schedule.now + 10.0)
        wrong = what_is_wrong(self)
        assert not wrong, wrong


def play(seed: int) -> Simulator:
    """Play one seed; raises `Failed` with the seed and the world."""
    simulator = Simulator(seed)
    return judged(seed, simulator, simulator.play)
