"""Between two proxies: candidates (L10), the way home and its brakes (F3), as seen from outside."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from firmware.link.events import FailureKind
from firmware.link.state import State
from tests.simulator.connection import Connection, Stage
from tests.simulator.retries import HEALTHY_S
from tests.simulator.site import Site

if TYPE_CHECKING:
    from tests.simulator.simulator import Simulator

CANDIDATE_S = 2.0
LEAVE_S = 1.0
HOME_BY_S = 4.0
SETTLED_S = 600.0
STAY_MAX_S = 3600.0
SPREAD = 0.2
SLACK_S = 0.3
PROBE_S_MAX = 60.0
"""Eight addresses, DNS, TLS and a pong: longer than any one probe takes."""


@dataclass
class Stay:
    """One link to the backup, and what it has seen of the primary."""

    attempt: int
    since: float
    probes: int = 0  # Candidates whose TLS stood.
    probe_ended_at: float = 0.0
    last_probe: int = 0


class Moves:
    """Follows one phone from proxy to proxy."""

    def __init__(self, sites: list[Site], minimum_s: float, interval_s: float, count: int) -> None:
        self.minimum_s = minimum_s  # As the phone should know it by now.
        self.seen = {"to the backup": 0, "home": 0, "disappointed": 0, "probes": 0}
        self._home = sites[0]
        self._configured_s = minimum_s
        self._interval_s = interval_s
        self._count = count
        self._attempt: int | None = None
        self._site: Site | None = None
        self._up_since = 0.0
        self._calls: tuple[int, ...] = ()
        self._stay: Stay | None = None
        self._came_home = False  # By choice; over the link that stands.
        self._served_at: float | None = None  # Its first 2xx.
        self._registered: dict[str, float] = {}  # When an account was so last, over this link.
        self._trial_since: float | None = None  # Home, by choice, and not yet served.

    def before_step(self, simulator: Simulator) -> None:
        """Look at what has stood until now."""
        now = simulator.schedule.now
        link = simulator.stack.link.attempt
        for candidate in simulator.wire.standing:
            if candidate.stage is not Stage.OPEN or candidate.attempt == link:
                continue
            stood_s = now - max(candidate.opened_at, simulator.woke_at)
            assert stood_s <= CANDIDATE_S + SLACK_S, f"a candidate stands for {stood_s:.1f} s (L10)"
        if self._trial_since is not None and link == self._attempt:
            tried_s = now - max(self._trial_since, simulator.woke_at)
            assert tried_s <= HOME_BY_S + SLACK_S, "home without a 2xx, and not left again (F3)"

    def after_step(self, simulator: Simulator) -> None:
        """Look at the phone after a step."""
        self._candidates(simulator)
        attempt, now = simulator.stack.link.attempt, simulator.schedule.now
        if attempt != self._attempt:
            self._changed(simulator, attempt, now)
        if self._stay is not None:
            self._probes(simulator, self._stay, now)
        if simulator.stack.agent.registered_accounts:
            self._trial_since = None
            self._served_at = self._served_at or now
        self._calls = simulator.stack.agent.calls
        for number in simulator.stack.agent.registered_accounts:
            self._registered[simulator.users[number - 1]] = now

    def _candidates(self, simulator: Simulator) -> None:
        """L10: one beside a link, two without, never two to one proxy."""
        link = simulator.stack.link.attempt
        candidates = [c for c in simulator.wire.standing if c.attempt != link]
        assert len(candidates) <= (1 if link else 2), f"{len(candidates)} candidates (L10)"
        roles = [c.site.role for c in candidates]
        assert len(set(roles)) == len(roles), "two candidates to one proxy (F1)"
        assert not candidates or simulator.stack.link.state is not State.WAITING, (
            "a candidate while nothing is tried"
        )
        assert not link or all(c.site is self._home for c in candidates), "probes the backup (F3)"
        at_home = link and simulator.wire.connections[link].site is self._home
        assert not (at_home and candidates), "a candidate beside the link to the primary"

    def _changed(self, simulator: Simulator, attempt: int | None, now: float) -> None:
        """The link is gone, or another one."""
        old, site = self._attempt, self._site
        if site is self._home and now - self._up_since >= SETTLED_S:
            self.minimum_s = self._configured_s
        reason = simulator.checks.status.reason if simulator.checks.status else None
        if self._came_home and not (reason and reason.kind is FailureKind.SETTINGS):
            self._disappointed(now)
        self._came_home, self._served_at, self._trial_since = False, None, None
        self._attempt, self._up_since = attempt, now
        self._site = simulator.wire.connections[attempt].site if attempt else None
        if self._stay and self._site is self._home and old is not None and attempt:
            self._went_home(simulator, self._stay, now)
        self._stay = None
        self._registered.clear()
        if attempt and self._site is not self._home:
            self.seen["to the backup"] += 1
            self._stay = Stay(attempt, now, probe_ended_at=now)

    def _disappointed(self, now: float) -> None:
        """Home did not serve, or not for long: the next stay is longer."""
        self._trial_since = None
        if self._served_at is not None and now - self._served_at >= HEALTHY_S - SLACK_S:
            return
        self.seen["disappointed"] += 1
        longest = max(STAY_MAX_S, self._configured_s)
        self.minimum_s = min(2 * max(self.minimum_s, 1.0), longest)

    def _went_home(self, simulator: Simulator, stay: Stay, now: float) -> None:
        """F3: enough probes, no call, long enough; signed off a second before at most."""
        self.seen["home"] += 1
        self._trial_since, self._came_home = now, True
        assert not self._calls, "goes home with a call in progress (F3)"
        stayed_s = now - stay.since
        assert stayed_s >= self.minimum_s - SLACK_S, (
            f"home after {stayed_s:.0f} s, not {self.minimum_s:.0f} s (F3)"
        )
        assert stay.probes >= self._count, f"home after {stay.probes} probes (F3)"
        slept = simulator.woke_at >= now - LEAVE_S - SLACK_S
        for user, at in self._registered.items():
            register = simulator.sent.registers[stay.attempt, user]
            if at < now - LEAVE_S - SLACK_S or register.is_refused:
                continue
            assert not register.expires, f"{user} is not signed off at the backup (F3)"
            in_time = slept or now - register.off_since <= LEAVE_S + SLACK_S
            assert in_time, f"{user} was signed off too early (F3)"

    def _probes(self, simulator: Simulator, stay: Stay, now: float) -> None:
        """F3: every 80-120 % of the interval, one after the other."""
        probe = self._probe(simulator)
        if probe is not None and probe.attempt != stay.last_probe:
            self._probe_goes_on(simulator, stay, probe, now)
        if probe is not None:
            stay.probe_ended_at = now
            return
        last = simulator.wire.connections.get(stay.last_probe)
        if last is not None and last.ended_at is not None:
            stay.probe_ended_at = max(stay.probe_ended_at, last.ended_at)
        held = simulator.checks.retries.records[self._home.role].may_be_held_until
        since = max(stay.probe_ended_at, held, simulator.woke_at)
        idle_s = now - since
        assert idle_s <= (1 + SPREAD) * self._interval_s + SLACK_S, (
            f"no probe for {idle_s:.0f} s (F3)"
        )

    def _probe_goes_on(
        self, simulator: Simulator, stay: Stay, probe: Connection, now: float
    ) -> None:
        """A probe begins, or tries its next address."""
        before = simulator.wire.connections.get(stay.last_probe)
        is_next = before is not None and before.ended_at == now
        gap_s = now - stay.probe_ended_at
        shortest_s = (1 - SPREAD) * self._interval_s - SLACK_S
        assert is_next or gap_s >= shortest_s or simulator.woke_at > stay.probe_ended_at, (
            f"probed again after {gap_s:.1f} s (F3)"
        )
        stay.last_probe = probe.attempt
        self.seen["probes"] += not is_next

    def _probe(self, simulator: Simulator) -> Connection | None:
        """Find the candidate beside the link."""
        link = simulator.stack.link.attempt
        return next((c for c in simulator.wire.standing if c.attempt != link), None)

    def renamed(self, site: Site, now: float) -> None:
        """A proxy has another name: a new primary is probed from now on (F3)."""
        if self._stay is not None and site is self._home:
            self._stay.probe_ended_at = now

    def opened(self, connection: Connection) -> None:
        """TLS stands on some connection: a probe succeeds at the earliest now."""
        if self._stay is not None and connection.site is self._home:
            self._stay.probes += 1
