"""Other settings in the midst of things (L5), whatever the phone is at.

They are drawn by a Random of their own, so that a seed without them is the world that it was. What
the phone has to do about a change within a second is checked here; that all the rest stays as it
has to be, by all the other checks.
"""

from __future__ import annotations

from dataclasses import replace
from random import Random
from typing import TYPE_CHECKING

from firmware.agent.account import UseAccounts
from firmware.link.settings import UseSettings

if TYPE_CHECKING:
    from tests.simulator.simulator import Simulator

CHANGES = 0.3
"""The share of the seeds in which somebody changes settings."""

LAST_S = 390.0
LEAVE_S = 1.0
SLACK_S = 0.3

KEEP_ALIVES = (0.0, 5.0, 15.0, 30.0, 60.0)
KINDS = ("keep-alive", "proxy", "ways", "account")


class Changes:
    """What is changed in one run, and when."""

    def __init__(self, simulator: Simulator, seed: int) -> None:
        self._simulator = simulator
        self._random = Random(f"settings {seed}")
        self.seen = dict.fromkeys([*KINDS, "at once"], 0)
        settings = simulator.plan.settings()
        self._link, self._accounts, self._agent = settings.link, settings.accounts, settings.agent
        self._periods = [(simulator.schedule.now, settings.link.keep_alive_s)]
        self._left: int | None = None  # The attempt that is to be left,
        self._since = 0.0  # and since when.

    def plan(self) -> None:
        """Draw when somebody changes something."""
        if self._random.random() >= CHANGES:
            return
        for _ in range(self._random.choice([1, 2, 4, 8])):
            self._simulator.schedule.later(self._random.uniform(0, LAST_S), self._change)

    def period_s(self, since: float) -> float:
        """Return the longest keep-alive that was in force since then; 0 where there was none."""
        first = [period_s for at, period_s in self._periods if at <= since]
        held = [*first[-1:], *(period_s for at, period_s in self._periods if at > since)]
        return 0.0 if 0.0 in held else max(held)

    @property
    def period_since(self) -> float:
        """When the keep-alive was changed last."""
        return self._periods[-1][0]

    def _change(self) -> None:
        if not self._simulator.is_calm:
            kind = self._random.choice(KINDS)
            self._simulator.when_awake(lambda: self._do(kind))

    def _do(self, kind: str) -> None:
        simulator, now = self._simulator, self._simulator.schedule.now
        self.seen[kind] += 1
        simulator.trace.add(now, "!", f"other settings: {kind}")
        match kind:
            case "keep-alive":
                self._link = replace(self._link, keep_alive_s=self._random.choice(KEEP_ALIVES))
            case "proxy":
                self._rename()
            case "ways":
                self._link = replace(self._link, ways=self._link.ways + 1)
            case _:
                self._call_otherwise()
                return
        attempt = simulator.stack.link.attempt
        simulator.checks.retries.settings_changed(now)
        simulator.feed(UseSettings(self._link))
        if self._link.keep_alive_s != simulator.keep_alive_s:
            simulator.keep_alive_s = self._link.keep_alive_s
            self._periods.append((now, self._link.keep_alive_s))
        if attempt is not None and attempt == simulator.stack.link.attempt:
            self._is_to_be_left(attempt, kind, now)

    def _is_to_be_left(self, attempt: int, kind: str, now: float) -> None:
        connection = self._simulator.wire.connections[attempt]
        if kind == "ways" or connection.proxy != connection.site.proxy:
            self._since = self._since if self._left == attempt else now
            self._left = attempt

    def _rename(self) -> None:
        """A proxy gets another name; where it is named by its address, it stays as it is."""
        site = self._random.choice(self._simulator.sites)
        if not site.is_named:
            return
        number = self._random.randrange(10**6)
        old, new = site.proxy, replace(site.proxy, host=f"other{number}.example.org")
        site.proxy = new
        proxies = tuple(new if proxy == old else proxy for proxy in self._link.proxies)
        self._link = replace(self._link, proxies=proxies)
        for end in self._simulator.proxies:
            if end.site is site:
                end.registrar.has_another_name()
        self._simulator.checks.retries.forget(site.role)
        self._simulator.checks.moves.renamed(site, self._simulator.schedule.now)

    def _call_otherwise(self) -> None:
        """An account gets another display name: the registrar is to see that at once."""
        chosen = self._random.choice(self._accounts)
        named = replace(chosen, display_name=f"Line {self._random.randrange(1000)}")
        self._accounts = tuple(named if a is chosen else a for a in self._accounts)
        self._simulator.feed(UseAccounts(self._accounts, self._agent))

    def after_step(self) -> None:
        """L5: the link that the settings no longer mean is left within a second."""
        simulator = self._simulator
        if self._left is None:
            return
        if simulator.stack.link.attempt != self._left:
            self._left = None
            self.seen["at once"] += 1
            return
        waited_s = simulator.schedule.now - max(self._since, simulator.woke_at)
        assert waited_s <= LEAVE_S + SLACK_S, "the link is not what the settings say (L5)"
