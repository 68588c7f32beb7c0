"""The persistent TLS link: keep one connection to a proxy up, for ever (L3, L4, L7-L10).

Theory of operation
-------------------
    OFF      a configuration error: no connection is ever opened (L11)
    WAITING --retry_at--> CONNECTING --a candidate is ready--> UP
       ^                      |                                 |
       +----------------------+---------------------------------+

A *candidate* is a `Connection` on which no SIP has been sent or accepted. While there is no
link, candidates run a `Race` (F1); beside a link to the backup, `Homecoming` probes the primary
with one (F3). The winner is promoted: it becomes the `Flow`, the only thing that carries SIP (L10).
Events of any other attempt are not heard.

What ends the link: the driver says so (D1), the flow's verdict (D1-D4), registration finds the
proxy unfit (D8), or the way home. `Chooser` alone knows which proxies may be tried, `Retry` alone
when to try again (F2).
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from random import Random
from typing import assert_never

from firmware.link.chooser import Chooser
from firmware.link.connection import Connection
from firmware.link.events import (
    Accepted,
    CallsInProgress,
    Close,
    Connected,
    DeliveryChecked,
    Failure,
    FailureKind,
    HoldProxy,
    LinkDown,
    LinkState,
    LinkStatus,
    LinkUp,
    Lost,
    NetworkChanged,
    Proxy,
    ProxyUnfit,
    ReadyToLeave,
    Received,
    Resolved,
    SendMessage,
    ServiceConfirmed,
    TcpConnected,
    TestLink,
)
from firmware.link.flow import Flow, FlowEvent
from firmware.link.homecoming import HOME_BY_S, SETTLED_S, Homecoming, Stay
from firmware.link.race import Race
from firmware.link.retry import Retry
from firmware.link.separate import SeparateFlows
from firmware.link.settings import LinkSettings
from firmware.link.state import LEGAL, State
from firmware.machine import earliest, is_due

STUCK_S = 1.0
"""An attempt that is older than this when the network changes is begun anew (D6)."""

GOING_HOME = Failure(FailureKind.HOME, "back to the primary")
NOT_SERVED = Failure(FailureKind.UNFIT, "the primary does not register us")
NETWORK = Failure(FailureKind.STOPPED, "the network changed")

DriverEvent = Resolved | TcpConnected | Connected | Received | Lost | DeliveryChecked

LinkEvent = (
    DriverEvent
    | Accepted
    | NetworkChanged
    | SendMessage
    | TestLink
    | ServiceConfirmed
    | ProxyUnfit
    | HoldProxy
    | CallsInProgress
    | ReadyToLeave
)


class Link:
    """One TLS connection to one of the proxies, kept up for ever."""

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
        self._since = now
        self._told: LinkStatus | None = None
        self.state = State.OFF if settings.problem else State.WAITING

    @property
    def attempt(self) -> int | None:
        """The number of the promoted connection, the only one that carries SIP (L10)."""
        return self._flow.attempt if isinstance(self._flow, Flow) else None

    def deadline(self) -> float | None:
        parts = (self._race, self._flow, self._homecoming)
        moments = [part.deadline() for part in parts if part is not None]
        unproven_at = self._flow.life.unproven_at if self._flow and self._shows_up() else None
        # S1: that there is no link, and why, is told from the start.
        untold_at = self._since if self._told is None else None
        own = (self._retry_at, self._retry.healthy_at, self._home_by, self._settled_at)
        return earliest((*own, unproven_at, untold_at, *moments))

    def handle(self, event: LinkEvent, now: float) -> list[object]:
        return self._tell(self._take(event, now), now)

    def wake(self, now: float) -> list[object]:
        out: list[object] = []
        if is_due(self._retry.healthy_at, now):
            self._retry.forget_outage()
        if is_due(self._settled_at, now):
            self._settled_at = None
            self._stay.settled()
        if self._flow:
            out += self._after_flow(self._flow.wake(now), now)
        if self._homecoming:
            out += self._after_homecoming(self._homecoming.wake(now, self._calls), now)
        if is_due(self._home_by, now):
            out += self._unfit(NOT_SERVED, now)
        if self._race:
            out += self._after_race(self._race.wake(now), now)
        if is_due(self._retry_at, now):  # The last: what was lost just now may be retried at once.
            out += self._connect(now)
        return self._tell(out, now)

    def _take(self, event: LinkEvent, now: float) -> list[object]:
        match event:
            case SendMessage(message):
                # The layers above were told when there is no link to write to.
                return self._after_flow(self._flow.send(message, now), now) if self._flow else []
            case TestLink():
                return self._test(now)
            case NetworkChanged():
                return self._network_changed(now)
            case Accepted():
                return self._accepted(event, now)
            case ServiceConfirmed(flow_timer_s):
                return self._service_confirmed(flow_timer_s, now)
            case ProxyUnfit(failure):
                return self._unfit(failure, now)
            case HoldProxy(proxy, retry_after_s):
                return self._hold(proxy, retry_after_s, now)
            case CallsInProgress(calls):
                return self._calls_changed(calls, now)
            case ReadyToLeave():
                return self._homecoming.ready_to_leave(now) if self._homecoming else []
            case (
                Resolved() | TcpConnected() | Connected() | Received() | Lost() | DeliveryChecked()
            ):
                return self._from_driver(event, now)
            case _:
                assert_never(event)

    def _from_driver(self, event: DriverEvent, now: float) -> list[object]:
        """Give an event to the connection it is about; an old attempt is not heard."""
        if self._race and event.attempt in self._race.attempts:
            assert not isinstance(event, Received | DeliveryChecked), f"{event} before Connected"
            return self._after_race(self._race.handle(event, now), now)
        if self._homecoming and event.attempt == self._homecoming.attempt:
            assert not isinstance(event, DeliveryChecked), f"{event} on a candidate"
            out = self._homecoming.handle(event, now, self._calls)
            return self._after_homecoming(out, now)
        flow = self._flow
        if flow is None or not flow.owns(event.attempt):
            return []
        if isinstance(flow, SeparateFlows):
            return self._after_flow(flow.handle(event, now), now)
        assert isinstance(event, FlowEvent), f"{event} on the promoted connection"
        return self._after_flow(flow.handle(event, now), now)

    def _accepted(self, event: Accepted, now: float) -> list[object]:
        """L3, L11: a proxy calls on the listening port; without a service there is nobody in."""
        if not isinstance(self._flow, SeparateFlows):
            return [Close(event.attempt)]
        return self._after_flow(self._flow.handle(event, now), now)

    def _calls_changed(self, calls: int, now: float) -> list[object]:
        """F3: a call in progress delays the way home."""
        self._calls = calls
        if self._flow:
            self._flow.calls_in_progress(calls, now)
        return self._homecoming.call_began(now) if self._homecoming and calls else []

    # Without a link.

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

    def _test(self, now: float) -> list[object]:
        """D7: test the link; whoever lifts the handset without one waits no longer than need be."""
        if self._flow:
            return self._after_flow(self._flow.test(now), now)
        if self._retry_at is not None:
            soonest = max(self._retry.asked(self._since, now), self._chooser.any_at(now))
            self._retry_at = min(self._retry_at, soonest)
        return []

    def _network_changed(self, now: float) -> list[object]:
        """D6: test a link at once, cut a wait short, start a stuck attempt anew."""
        self._chooser.forget_targets()
        if self._flow:
            return self._after_flow(self._flow.test_at_once(now), now)
        if self.state is State.WAITING:
            self._retry_at = self._chooser.any_at(now)
        if self._race and now - self._since >= STUCK_S:
            self._since = now
            return self._race.stop(NETWORK) + self._begin_race(now)
        return []

    # The link.

    def _promote(self, winner: Connection, now: float) -> list[object]:
        """L10: from here on SIP flows on this connection, and on no other."""
        assert self._flow is None
        self._enter(State.UP, now)
        self._attempts, self._proxy = 0, winner.proxy
        self._was_fit = self._chooser.is_fit(winner.proxy, now)
        self._flow = self._flow_of(winner, now)
        if winner.proxy == self._chooser.home:
            self._settled_at = now + SETTLED_S
        else:
            self._homecoming = Homecoming(
                self._settings, self._chooser, self._stay, self._numbers, self._random, now
            )
        return [LinkUp(winner.proxy, self._flow.local, self._flow.address)]

    def _flow_of(self, winner: Connection, now: float) -> Flow | SeparateFlows:
        """L3: one connection for everything, or each call its own."""
        settings, ids, random = self._settings, self._ids, self._random
        if settings.listening_port is None:
            return Flow(winner, settings, ids, random, now)
        return SeparateFlows(winner, self._chooser, self._numbers, settings, ids, random, now)

    def _after_flow(self, out: list[object], now: float) -> list[object]:
        """End the link when its flow says so."""
        if self._flow and self._flow.verdict:
            return out + self._lose(self._flow.verdict, now)
        return out

    def _after_homecoming(self, out: list[object], now: float) -> list[object]:
        """F3: close here and promote there in one step."""
        home, old = self._homecoming, self._flow
        assert home is not None
        assert old is not None
        if home.winner is None:
            return out
        out += old.close(GOING_HOME)
        self._retry.interrupted(now)
        self._flow = self._homecoming = None
        out += [LinkDown(GOING_HOME), *self._promote(home.winner, now)]
        self._reason, self._home_by = GOING_HOME, now + HOME_BY_S
        return out

    def _service_confirmed(self, flow_timer_s: int | None, now: float) -> list[object]:
        """The proxy serves: begin to trust it again (L6, F2)."""
        if self._flow is None:
            return []
        self._home_by = None
        self._served_at = self._served_at or now
        self._retry.service_confirmed(now)
        self._chooser.fit(self._flow.proxy)
        return self._after_flow(self._flow.service_confirmed(flow_timer_s, now), now)

    def _unfit(self, failure: Failure, now: float) -> list[object]:
        """D8: the proxy does not serve; leave it."""
        if self._flow is None:
            return []
        self._chooser.unfit(self._flow.proxy, now)
        return self._lose(failure, now)

    def _hold(self, proxy: Proxy, retry_after_s: float, now: float) -> list[object]:
        """D8: the proxy asked for time; whatever ends its link, it is not tried before."""
        self._chooser.hold(proxy, retry_after_s, now)
        if self._retry_at is not None:  # Its word and its link's end were read in one breath.
            self._retry_at = max(self._retry_at, self._chooser.any_at(now))
        return []

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

    # What the screen is told (S1, S2).

    def _shows_up(self) -> bool:
        return self._told is not None and self._told.state is LinkState.UP

    def _tell(self, out: list[object], now: float) -> list[object]:
        """Add the status when it differs from the one told last."""
        status = self._status(now)
        if status == self._told:
            return out
        self._told = status
        return [*out, status]

    def _status(self, now: float) -> LinkStatus:
        life = self._flow.life if self._flow else None
        return LinkStatus(
            state=self._shown_state(now),
            proxy=self._proxy,
            reason=self._reason,
            attempts=self._attempts,
            retry_at=self._retry_at,
            since=self._since,
            proof_at=life.proof_at if life else None,
            round_trip_s=life.round_trip.smoothed_s if life else None,
            measured_s=life.round_trip.measured_s if life else None,
            measured_at=life.round_trip.measured_at if life else None,
            keep_alive_s=life.period_s if life else self._settings.keep_alive_s,
            answers_pings=life.answers_pings if life else None,
            facts=self._flow.facts if self._flow else None,
            home_failure=self._chooser.failure_at_home() if self._homecoming else None,
            per_call=self._settings.listening_port is not None,
        )

    def _shown_state(self, now: float) -> LinkState:
        if self._flow:
            unproven = is_due(self._flow.life.unproven_at, now)
            return LinkState.UNPROVEN if unproven else LinkState.UP
        return LinkState(self.state.value)
