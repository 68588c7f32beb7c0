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
proxy unfit (D8), the way home, or other settings. `Chooser` alone knows which proxies may be tried,
`Retry` alone when to try again (F2).

Other settings (`UseSettings`, L5) are taken in every state, at once. Where the link is not what
they ask for (another proxy, connections made in another way), the accounts sign off, a second at
most, and the link is made anew.
"""

from __future__ import annotations

from typing import assert_never

from firmware.link.events import (
    Accepted,
    AskProxy,
    CallsInProgress,
    Close,
    Connected,
    DeliveryChecked,
    Failure,
    FailureKind,
    HoldProxy,
    LeaveSoon,
    Lost,
    NetworkChanged,
    Proxy,
    ProxyAnswered,
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
from firmware.link.homecoming import HOME_BY_S, LEAVE_S
from firmware.link.separate import SeparateFlows
from firmware.link.settings import LinkSettings, UseSettings
from firmware.link.state import State
from firmware.link.ways import GOING_HOME, LinkWays
from firmware.machine import earliest, is_due

STUCK_S = 1.0
"""An attempt that is older than this when the network changes is begun anew (D6)."""

NOT_SERVED = Failure(FailureKind.UNFIT, "the primary does not register us")
NETWORK = Failure(FailureKind.STOPPED, "the network changed")
SETTINGS = Failure(FailureKind.SETTINGS, "the settings were changed")

DriverEvent = Resolved | TcpConnected | Connected | Received | Lost | DeliveryChecked

LinkEvent = (
    DriverEvent
    | Accepted
    | NetworkChanged
    | SendMessage
    | TestLink
    | AskProxy
    | ServiceConfirmed
    | ProxyUnfit
    | HoldProxy
    | CallsInProgress
    | ReadyToLeave
    | UseSettings
)


class Link(LinkWays):
    """One TLS connection to one of the proxies, kept up for ever."""

    @property
    def attempt(self) -> int | None:
        """The number of the promoted connection, the only one that carries SIP (L10)."""
        return self._flow.attempt if isinstance(self._flow, Flow) else None

    def deadline(self) -> float | None:
        parts = (self._race, self._flow, self._homecoming)
        moments = [part.deadline() for part in parts if part is not None]
        shown_up = self._flow if self._telling.shows_up else None
        unproven_at = shown_up.life.unproven_at if shown_up else None
        # S1: that there is no link, and why, is told from the start.
        untold_at = self._since if self._telling.is_silent else None
        own = (self._retry_at, self._retry.healthy_at, self._home_by, self._settled_at)
        return earliest((*own, self._leave_by, unproven_at, untold_at, *moments))

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
        if is_due(self._leave_by, now):
            out += self._leave(now)
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
            case TestLink() | AskProxy():
                return self._test(now) if isinstance(event, TestLink) else self._ask(now)
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
                return self._ready_to_leave(now)
            case UseSettings(settings):
                return self._use(settings, now)
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

    def _ready_to_leave(self, now: float) -> list[object]:
        """The accounts have signed off; go at the next wake, as the way home does."""
        if self._leave_by is not None:
            self._leave_by = now
            return []
        return self._homecoming.ready_to_leave(now) if self._homecoming else []

    def _calls_changed(self, calls: int, now: float) -> list[object]:
        """F3: a call in progress delays the way home."""
        self._calls = calls
        if self._flow:
            self._flow.calls_in_progress(calls, now)
        return self._homecoming.call_began(now) if self._homecoming and calls else []

    # What may come at any time.

    def _test(self, now: float) -> list[object]:
        """D7: test the link; whoever lifts the handset without one waits no longer than need be."""
        if self._flow:
            return self._after_flow(self._flow.test(now), now)
        if self._retry_at is not None:
            soonest = max(self._retry.asked(self._since, now), self._chooser.any_at(now))
            self._retry_at = min(self._retry_at, soonest)
        return []

    def _ask(self, now: float) -> list[object]:
        """Ask the proxy for somebody; in TLS mode nothing stands to ask over (L3)."""
        if not isinstance(self._flow, Flow):
            return [ProxyAnswered()]
        return self._after_flow(self._flow.ask(now), now)

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

    def _after_flow(self, out: list[object], now: float) -> list[object]:
        """End the link when its flow says so."""
        if self._flow and self._flow.verdict:
            return out + self._lose(self._flow.verdict, now)
        return out

    def _after_homecoming(self, out: list[object], now: float) -> list[object]:
        """F3: close here and promote there in one step."""
        home = self._homecoming
        assert home is not None
        if home.winner is None:
            return out
        out += [*self._depart(GOING_HOME, now), *self._promote(home.winner, now)]
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

    # Other settings (L5).

    def _use(self, settings: LinkSettings, now: float) -> list[object]:
        """Go by other settings from now on, whatever the link is at."""
        before, self._settings = self._settings, settings
        self._retry.use(settings.retry_base_s, settings.retry_cap_s)
        self._stay.use(settings.minimum_stay_s)
        self._chooser.use(settings, self._flow.proxy if self._flow else None)
        if settings.problem:
            return self._switch_off(settings.problem, now)
        if self.state is State.OFF:
            self._wait(SETTINGS, now, now)
        if self._flow:
            return self._use_on(self._flow, before, now)
        if (settings.proxies, settings.ways) == (before.proxies, before.ways):
            return []
        if self._race:
            self._since = now
            return self._race.stop(SETTINGS) + self._begin_race(now)
        self._retry_at = self._chooser.any_at(now)
        return []

    def _use_on(self, flow: Flow | SeparateFlows, before: LinkSettings, now: float) -> list[object]:
        """Go on with the link, if it is what the settings ask for; else let it be left."""
        settings, home = self._settings, self._homecoming
        if settings.ways != before.ways or not self._chooser.has(flow.proxy):
            self._homecoming, self._leave_by = None, self._leave_by or now + LEAVE_S
            return [*(home.give_up() if home else []), LeaveSoon(SETTINGS.text)]
        out = flow.use(settings, now)
        if settings.proxies[0] != before.proxies[0]:
            self._homecoming = None
            out += home.call_off() if home else []
            self._stay_at(flow.proxy, now)
        elif home:
            home.use(settings, now)
        return self._after_flow(out, now)

    def _leave(self, now: float) -> list[object]:
        """The accounts have signed off, or had their time: away from here."""
        out = self._depart(SETTINGS, now)
        self._wait(SETTINGS, now, now)
        return out

    def _switch_off(self, problem: Failure, now: float) -> list[object]:
        """L11: a configuration error; no connection is opened, and none is kept."""
        out = self._depart(problem, now) if self._flow else []
        out += self._race.stop(problem) if self._race else []
        self._enter(State.OFF, now)
        self._race = self._proxy = None
        self._reason = problem
        return out
