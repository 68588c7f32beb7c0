"""The bound on attempts (L7, F1, F2, D8), as seen from outside: never too often, never given up.

The checks follow what the phone may know and demand only what is certain. Where it is not certain
whether the phone holds a proxy to be fit, both answers are allowed.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum

from tests.simulator.site import Site
from tests.simulator.wire import Start

BASE_S = 1.0
CAP_S = 40.0
PATIENCE_S = 10.0
EARLY_BOUND_S = 2.0
HEALTHY_S = 30.0
HEAD_START_MAX_S = 1.0
SHORT_LINKS_MAX = 3
SLACK_S = 0.02
LEFT_WITHIN_S = 1.3
"""Other settings may end a link so late, when the accounts have signed off (L5)."""
ALIKE_S = 1e-6

ASKED_S = 3.0

RATE_S = 60.0
STARTS_MAX = 24
"""In a minute to one proxy: ten early ones, six that double, and a few that D8 allows at once."""


ASKS_MAX = round(RATE_S / ASKED_S)
"""Attempts a minute that a person may cause beyond those."""


class Phase(Enum):
    """What the link is doing, as far as it matters here."""

    WAITING = "waiting"
    CONNECTING = "connecting"
    UP = "up"


@dataclass
class Record:
    """What is certain, and what is possible, of one proxy."""

    starts: list[float] = field(default_factory=list)  # Of the last minute.
    short_links: int = 0  # In a row, that ended before they were healthy.
    unfit_until: float = 0.0  # For certain,
    may_be_unfit_until: float = 0.0  # and perhaps (D8).
    held_until: float = 0.0  # Its Retry-After, for certain,
    may_be_held_until: float = 0.0  # and perhaps.

    def is_fit(self, now: float) -> bool:
        """Tell whether nothing can be held against it."""
        return self.may_be_unfit_until <= now


@dataclass
class Retries:
    """Follows one phone's attempts and asserts the back-off."""

    sites: list[Site]
    blacklist_s: float
    phase: Phase = Phase.WAITING
    records: dict[str, Record] = field(default_factory=dict)  # By role.
    race: list[Start] = field(default_factory=list)  # The starts of this race.
    ended_at: float | None = None  # When the last race or link ended.
    outage_since: float | None = None
    short_links: int = 0  # Links in a row that ended before they were healthy.
    fit_at_first: set[str] = field(default_factory=set)  # When the link began.
    must_go: bool = False  # To the proxy that is fit, at once (D8).
    failures: int = 0  # Since the last healthy time.
    late_failures: int = 0  # Those after the outage's first 10 s,
    may_be_late: bool = False  # and whether there may be more.
    may_be_at_once: bool = True
    must_be_at_once: bool = False
    network_changed_at: float = -1.0
    changed_race_at: float = -1.0  # When other settings began a race.
    left_by_choice_at: float = -1.0
    settings_changes: list[float] = field(default_factory=list)
    wishes: list[float] = field(default_factory=list)  # When the person may have wanted to call.
    network_changes: list[float] = field(default_factory=list)
    registered_at: float | None = None
    attempt: int | None = None  # The link,
    served_at: float | None = None  # and since when it has served.
    has_served: bool = False
    may_have_served: bool = False  # In the step that ended it,
    may_have_served_at: float | None = None  # or with a 2xx that was too late to bind.
    waited_s: float = 0.0  # The last wait that was drawn.
    woke_at: float = 0.0  # The end of the phone's last long pause.

    def __post_init__(self) -> None:
        self.records = {site.role: Record() for site in self.sites}

    def network_changed(self, now: float) -> None:
        """D6: a wait may be cut short."""
        self.network_changed_at = now
        self.network_changes = [at for at in self.network_changes if at > now - RATE_S] + [now]

    def settings_changed(self, now: float) -> None:
        """L5: what is not what the settings say is begun anew at once."""
        self.settings_changes = [at for at in self.settings_changes if at > now - RATE_S] + [now]

    def forget(self, role: str) -> None:
        """A proxy has another name: nothing is known of that one."""
        self.records[role] = Record(self.records[role].starts)

    def _settings_changed_since(self, moment: float) -> bool:
        return bool(self.settings_changes) and self.settings_changes[-1] >= moment

    def person_asks(self, now: float) -> None:
        """D7: whoever wants to call may have a wait cut short, a while after the last failure."""
        self.wishes = [at for at in self.wishes if at > now - RATE_S] + [now]

    def _note_service(self, attempt: int | None, *, registered: bool, now: float) -> None:
        if attempt != self.attempt:
            if attempt and self.attempt:  # Home, in one step: health begins anew.
                self._note_health(now)
                self.registered_at = self.may_have_served_at = None
            self.attempt, self.served_at = attempt, None
            self.fit_at_first = {r for r, one in self.records.items() if one.is_fit(now)}
        if registered and self.served_at is None:
            self.served_at = now

    def step(
        self,
        phase: Phase,
        starts: list[Start],
        attempt: int | None,
        *,
        registered: bool,
        now: float,
    ) -> None:
        """Look at the phone after a step; `starts` are those of the step, probes not among them."""
        again = any(s.site is known.site for s in starts for known in self.race)
        others = self._settings_changed_since(now)
        changed = self.network_changed_at == now or others
        other_race = again or (others and self.changed_race_at < now)
        begins = bool(starts) and (self.phase is not Phase.CONNECTING or other_race)
        # D6, L5: an attempt that the phone itself begins anew has not failed.
        anew = begins and self.phase is Phase.CONNECTING and changed
        self.changed_race_at = now if begins and others else self.changed_race_at
        change = (self.phase, phase)
        went_on = anew or change == (Phase.CONNECTING, Phase.UP)
        moved = phase is not self.phase or begins
        if self.phase is not Phase.WAITING and moved and not went_on:
            self._ends(now)
        if begins:
            self.race = []
            if not anew:
                self._begins(now)
        for start in starts:
            self._starts(start)
        self.phase = phase
        self._note_service(attempt, registered=registered, now=now)
        if phase is Phase.UP and registered and self.registered_at is None:
            self.registered_at, self.has_served = now, True
        if phase is Phase.WAITING and self.ended_at is not None:
            self._has_not_given_up(now)
        if phase is Phase.CONNECTING:
            self._has_begun_the_next(now)

    # D8, as told by what happened.

    def serves(self, role: str) -> None:
        """A REGISTER was answered with 2xx there: nothing is held against that proxy."""
        record = self.records[role]
        if record.short_links >= SHORT_LINKS_MAX:  # Or it may be, for one that never stays.
            record.unfit_until = record.held_until = 0.0
            return
        self.records[role] = Record(record.starts, record.short_links)

    def link_ended(self, role: str, now: float) -> None:
        """A link is gone; a proxy whose links end again and again may be unfit."""
        record = self.records[role]
        if self.served_at is not None and now >= self.served_at + HEALTHY_S + SLACK_S:
            record.short_links = 0
            return
        record.short_links += 1
        if record.short_links >= SHORT_LINKS_MAX:
            record.may_be_unfit_until = now + self.blacklist_s

    def may_be_fit(self, role: str) -> None:
        """Its probes may have succeeded (F3)."""
        self.records[role].unfit_until = 0.0

    def disappoints(self, role: str, now: float, *, certain: bool, anew: bool) -> None:
        """A link ended before its first 2xx, or the registrar does not serve (`anew`)."""
        record = self.records[role]
        was_fit, was_fit_then = record.may_be_unfit_until <= now, role in self.fit_at_first
        others = [one for one in self.records.values() if one is not record]
        fit = [o for o in others if max(o.may_be_unfit_until, o.may_be_held_until) <= now]
        self.must_go = certain and was_fit_then and bool(fit)
        record.may_be_unfit_until = now + self.blacklist_s
        if certain and (was_fit or anew):
            record.unfit_until = now + self.blacklist_s

    def holds(self, role: str, certain: float, longest: float) -> None:
        """A proxy said Retry-After: it is left alone until then for certain, or at the longest."""
        record = self.records[role]
        record.held_until = max(record.held_until, certain)
        record.may_be_held_until = max(record.may_be_held_until, longest)

    # Attempts.

    def _starts(self, start: Start) -> None:
        """Look at one proxy's turn in a race."""
        role, record = start.site.role, self.records[start.site.role]
        self.asks(start)
        record.starts = [at for at in record.starts if at > start.at - RATE_S] + [start.at]
        asked = min(len(self.wishes), ASKS_MAX)
        limit = STARTS_MAX + len(self.network_changes) + len(self.settings_changes) + asked
        assert len(record.starts) <= limit, f"{len(record.starts)} attempts a minute at {role} (F2)"
        if not self.race:
            self._is_the_right_one(start)
        self.race.append(start)

    def asks(self, start: Start) -> None:
        """Assert that a proxy is asked no sooner than it asked for, by a candidate of any kind."""
        held_until = self.records[start.site.role].held_until
        assert start.at >= held_until - SLACK_S, "connects before Retry-After is over"

    def _is_the_right_one(self, start: Start) -> None:
        """F1, D8: fit ones first, and among those the primary."""
        chosen = self.records[start.site.role]
        for site in self.sites:
            other = self.records[site.role]
            free = other.may_be_held_until <= start.at and other.may_be_unfit_until <= start.at
            if site is start.site or not free:
                continue
            unfit = chosen.unfit_until > start.at + SLACK_S
            assert not unfit, f"{start.site.role} is tried first, unfit (D8)"
            assert site is not self.sites[0], "the primary is not tried first (F1)"

    def _has_begun_the_next(self, now: float) -> None:
        """F1: a dead primary costs a head start, not a timeout."""
        if len(self.race) != 1 or self.woke_at >= self.race[0].at:
            return
        (first,) = self.race
        for site in self.sites:
            held = self.records[site.role].may_be_held_until > first.at
            # Where links end again and again, a slow proxy gets more time.
            head_start_s = HEAD_START_MAX_S * 2.0 ** max(0, self.short_links - SHORT_LINKS_MAX)
            late_s = now - first.at - head_start_s
            if site is not first.site and not held:
                assert late_s <= SLACK_S, f"{site.role} is not tried beside {first.site.role} (F1)"

    def _begins(self, now: float) -> None:
        self.must_go = False
        self.registered_at, self.has_served, self.may_have_served = None, False, False
        self.may_have_served_at = None
        if self.ended_at is None:
            return
        waited_s = now - self.ended_at
        if self.may_be_at_once or self.network_changed_at >= self.ended_at:
            return
        if self._settings_changed_since(self.ended_at - LEFT_WITHIN_S):
            return
        if self.wishes and self.wishes[-1] >= self.ended_at and waited_s >= ASKED_S - SLACK_S:
            return
        if self._longest_hold() <= self.ended_at:
            assert abs(waited_s - self.waited_s) > ALIKE_S, f"waits {waited_s} s again (F2)"
            self.waited_s = waited_s
        assert waited_s >= self._shortest_s() - SLACK_S, (
            f"retried after {waited_s:.2f} s, {self.failures} failures, "
            f"{self.late_failures} of them late (F2)"
        )

    def _ends(self, now: float) -> None:
        """A race is lost, or a link."""
        self._note_health(now)
        self.ended_at = now
        if self.left_by_choice_at == now and self.phase is Phase.UP:
            self.may_be_at_once = True  # L5: no failure, and nothing to wait for.
            return
        was_up = self.phase is Phase.UP
        healthy = self.served_at is not None and now >= self.served_at + HEALTHY_S
        self.short_links = 0 if was_up and healthy else self.short_links + was_up
        if was_up and self._another_may_be_fit(now):
            self.may_be_at_once = self.may_be_late = True  # D8; where it was not, it counts.
            self.must_be_at_once = False
            return
        self.must_be_at_once = self.has_served and self.failures == 0
        self.may_be_at_once = self.must_be_at_once or (self.may_have_served and not self.failures)
        self.failures += 1
        if self.outage_since is None:
            self.outage_since = now
        if now - self.outage_since >= PATIENCE_S and not self.may_be_at_once:
            self.late_failures += 1

    def _note_health(self, now: float) -> None:
        healthy_at = None if self.registered_at is None else self.registered_at + HEALTHY_S
        heard_at = self.may_have_served_at
        perhaps = heard_at is not None and now >= heard_at + HEALTHY_S - SLACK_S
        if perhaps or (healthy_at is not None and now >= healthy_at - SLACK_S):
            self.failures = self.late_failures = 0
            # The phone's clock is another one: so close, it may have forgotten the outage or not.
            is_sure = healthy_at is not None and now >= healthy_at + SLACK_S
            self.outage_since, self.may_be_late = None, not is_sure

    def _another_may_be_fit(self, now: float) -> bool:
        """Tell whether a link that ended may have left a proxy to be tried with hope."""
        ended = [r for r in self.records.values() if r.may_be_unfit_until > now]
        hopeful = [r for r in self.records.values() if r.unfit_until <= now + SLACK_S]
        return bool(ended and hopeful and len(self.records) > 1)

    def _longest_hold(self) -> float:
        return min(record.may_be_held_until for record in self.records.values())

    def _shortest_s(self) -> float:
        if self.late_failures == 0:
            return 0.5 * BASE_S
        return 0.5 * min(CAP_S, BASE_S * 2.0 ** (self.late_failures - 1))

    def _has_not_given_up(self, now: float) -> None:
        assert self.ended_at is not None
        early = self.late_failures == 0 and not self.may_be_late
        longest_s = EARLY_BOUND_S if early else CAP_S
        since = max(self.ended_at, self._longest_hold(), self.woke_at)
        if self.must_go or (self.must_be_at_once and not self.may_be_late):
            longest_s = 0.0
        if self.network_changed_at > self.ended_at:  # D6.
            longest_s, since = 0.0, max(since, self.network_changed_at)
        assert now - since <= longest_s + SLACK_S, f"waits {now - since:.2f} s for a retry (L7, F2)"
