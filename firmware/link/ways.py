"""How a link is made, and how it ends: the ways between the states that `link.py` explains.

Every way to a link leads through `_promote`, every way from it through `_lose`, where something is
wrong, or `_depart`, where it is left by choice; the state changes through `_enter` alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from random import Random

from firmware.link.chooser import Chooser
from firmware.link.connection import Connection
from firmware.link.events import (
    Failure,
    FailureKind,
    LinkDown,
    LinkState,
    LinkStatus,
    LinkUp,
    Proxy,
)
from firmware.link.flow import Flow
from firmware.link.homecoming import SETTLED_S, Homecoming, Stay
from firmware.link.race import Race
from firmware.link.retry import Retry
from firmware.link.separate import SeparateFlows
from firmware.link.settings import LinkSettings
from firmware.link.state import LEGAL, State
from firmware.link.telling import Telling, with_flow

GOING_HOME = Failure(FailureKind.HOME, "back to the primary")


class LinkWays:
    """A link's parts, and what leads from one state to another."""

    def __init__(
        self, settings: LinkSettings, ids: Iterator[str], random: Random, now: float
    ) -> None:
        self._settings = settings
        self._ids = ids
        self._random = random
        self._numbers = count(1)
        self._retry = Retry(settings.retry_base_s, settings.retry_cap_s, random)
        self._chooser = Chooser(settings.proxies, settings.head_start_s, settings.blacklist_s)
        self._stay = Stay(settings.minimum_stay_s, settings.minimum_stay_s)
        self._reason = settings.problem  # Why the link is down, or was down last.
        self._attempts = 0  # Since the link was up.
        self._proxy: Proxy | None = None  # The one connected to, or tried last.
        self._race: Race | None = None
        self._flow: Flow | SeparateFlows | None = None
        self._homecoming: Homecoming | None = None
        self._calls = 0
        self._retry_at: float | None = None if settings.problem else now
        self._was_fit = True  # The proxy of the link, when that was promoted.
        self._served_at: float | None = None  # The first 2xx to REGISTER over the link.
        self._home_by: float | None = None  # Home has to serve by then, or it is left again (F3).
        self._settled_at: float | None = None
        self._leave_by: float | None = None  # The accounts sign off until then: other settings.
        self._since = now
        self._telling = Telling()
        self.state = State.OFF if settings.problem else State.WAITING

    # To a link.

    def _connect(self, now: float) -> list[object]:
        self._enter(State.CONNECTING, now)
        return self._begin_race(now)

    def _begin_race(self, now: float) -> list[object]:
        self._attempts += 1
        self._race = Race(self._chooser.order(now), self._chooser, self._numbers)
        return self._after_race(self._race.start(now), now)

    def _after_race(self, out: list[object], now: float) -> list[object]:
        """Promote the winner, or wait for the next race."""
        race = self._race
        assert race is not None
        if race.winner:
            self._race = None
            return out + self._promote(race.winner, now)
        if race.is_lost:
            assert race.failure is not None
            self._race = None
            self._wait(race.failure, self._retry.after_failure(now), now)
            return out
        self._proxy = race.proxy
        return out

    def _promote(self, winner: Connection, now: float) -> list[object]:
        """L10: from here on SIP flows on this connection, and on no other."""
        assert self._flow is None
        self._enter(State.UP, now)
        self._attempts, self._proxy = 0, winner.proxy
        self._was_fit = self._chooser.is_fit(winner.proxy, now)
        self._flow = self._flow_of(winner, now)
        self._stay_at(winner.proxy, now)
        return [LinkUp(winner.proxy, self._flow.local, self._flow.address)]

    def _stay_at(self, proxy: Proxy, now: float) -> None:
        """The link is at home, or a while at the backup (F3)."""
        if proxy == self._chooser.home:
            self._settled_at = now + SETTLED_S
        else:
            self._homecoming = Homecoming(
                self._settings, self._chooser, self._stay, self._numbers, self._random, now
            )

    def _flow_of(self, winner: Connection, now: float) -> Flow | SeparateFlows:
        """L3: one connection for everything, or each call its own."""
        settings, ids, random = self._settings, self._ids, self._random
        if settings.listening_port is None:
            return Flow(winner, settings, ids, random, now)
        return SeparateFlows(winner, self._chooser, self._numbers, settings, ids, random, now)

    # And from it.

    def _depart(self, failure: Failure, now: float) -> list[object]:
        """Close the link by choice: nothing is held against its proxy."""
        old = self._flow
        assert old is not None
        probe = self._homecoming.give_up() if self._homecoming else []
        self._retry.interrupted(now)
        self._flow = self._homecoming = None
        return [*probe, *old.close(failure), LinkDown(failure)]

    def _lose(self, failure: Failure, now: float) -> list[object]:
        """The link is gone: one way out for every cause."""
        flow = self._flow
        assert flow is not None
        out = self._homecoming.give_up() if self._homecoming else []
        out += flow.close(failure)
        self._chooser.learn_pings(flow.proxy, flow.life.surely_answers_pings)
        is_short = self._chooser.link_ended(flow.proxy, self._served_at, now)
        if flow.address and not flow.proved_good(failure):
            self._chooser.targets(flow.proxy).failed(flow.address, now)
        if is_short and self._reason is GOING_HOME:
            self._stay.disappointed()
        self._flow = self._homecoming = None
        self._wait(failure, self._after_loss(flow, now), now)
        return [*out, LinkDown(failure)]

    def _after_loss(self, flow: Flow | SeparateFlows, now: float) -> float:
        """Return when to try again after a link is gone (F1, F2, D8)."""
        if not flow.served and self._chooser.is_fit(flow.proxy, now):
            self._chooser.unfit(flow.proxy, now)
        # Only where this proxy has just become unfit: the fit one may be dead as well (F2).
        turned = self._was_fit and not self._chooser.is_fit(flow.proxy, now)
        if turned and self._chooser.has_fit(now):
            self._retry.interrupted(now)
            return now
        return self._retry.after_loss(now) if flow.served else self._retry.after_failure(now)

    def _wait(self, failure: Failure, retry_at: float, now: float) -> None:
        self._enter(State.WAITING, now)
        self._reason = failure
        self._retry_at = max(retry_at, self._chooser.any_at(now))

    def _enter(self, state: State, now: float) -> None:
        """The one door through which the state changes; its waits are forgotten here."""
        assert state in LEGAL[self.state], f"{self.state} -> {state}"
        self.state, self._since = state, now
        self._retry_at = self._home_by = self._settled_at = self._served_at = None
        self._leave_by = None

    # What the screen is told (S1, S2).

    def _tell(self, out: list[object], now: float) -> list[object]:
        """Add the status when it differs from the one told last."""
        status = LinkStatus(
            state=LinkState(self.state.value),
            proxy=self._proxy,
            reason=self._reason,
            attempts=self._attempts,
            retry_at=self._retry_at,
            since=self._since,
            keep_alive_s=self._settings.keep_alive_s,
            home_failure=self._chooser.failure_at_home() if self._homecoming else None,
            per_call=self._settings.listening_port is not None,
        )
        return out + self._telling.news(
            with_flow(status, self._flow, now) if self._flow else status
        )
