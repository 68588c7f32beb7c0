"""The persistent TLS link: keep one connection to the proxy up, for ever (L3, L4, L7).

Theory of operation
-------------------
    OFF      a configuration error: no connection is ever opened (L11)
    WAITING --retry_at--> CONNECTING --candidate ready--> UP <--> UNPROVEN
       ^                      |                            |          |
       +----------------------+----------------------------+----------+

A *candidate* is a `Connection` on which no SIP has been sent or accepted; once its TLS handshake
is done it is promoted and becomes the link (L10). Only the promoted connection has a stream and a
keep-alive, so SIP cannot flow on two connections, and events of any other attempt are not heard.

What ends the link: the driver says so (D1), the stream cannot be read (D1), the keep-alive
condemns it (D2-D4), or registration finds the proxy unfit (D8). `Retry` alone says when to try
again (F2).
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import Enum
from itertools import count
from random import Random
from typing import assert_never

from firmware.link.connection import Connection, Stage
from firmware.link.events import (
    Connected,
    DeliveryChecked,
    Failure,
    FailureKind,
    LinkDown,
    LinkState,
    LinkStatus,
    LinkUp,
    Lost,
    MessageReceived,
    NetworkChanged,
    Proxy,
    ProxyUnfit,
    Received,
    Resolved,
    SendMessage,
    ServiceConfirmed,
    TcpConnected,
    TestLink,
    TlsFacts,
    Write,
)
from firmware.link.keepalive import KeepAlive
from firmware.link.probe import options_to
from firmware.link.retry import Retry
from firmware.link.settings import LinkSettings
from firmware.machine import earliest, is_due
from firmware.sip.errors import RemoteProtocolError
from firmware.sip.message import Request, Response
from firmware.sip.stream import Ping, Pong, StreamParser, Unacceptable

PINGS_ANSWERED_MAX = 8
"""Per read from the socket: a proxy that floods us with pings is not flooded back."""

STUCK_S = 1.0
"""An attempt that is older than this when the network changes is begun anew (D6)."""

LinkEvent = (
    Resolved
    | TcpConnected
    | Connected
    | Received
    | Lost
    | DeliveryChecked
    | NetworkChanged
    | SendMessage
    | TestLink
    | ServiceConfirmed
    | ProxyUnfit
)


class State(Enum):
    """Where the link stands."""

    OFF = "off"
    WAITING = "waiting"
    CONNECTING = "connecting"
    UP = "up"


LEGAL = {
    State.OFF: set[State](),
    State.WAITING: {State.CONNECTING},
    State.CONNECTING: {State.UP, State.WAITING},
    State.UP: {State.WAITING},
}


class Link:
    """One TLS connection to the proxy, kept up for ever."""

    def __init__(
        self, settings: LinkSettings, ids: Iterator[str], random: Random, now: float
    ) -> None:
        self._settings = settings
        self._ids = ids
        self._random = random
        self._numbers = count(1)
        self._retry = Retry(settings.retry_base_s, settings.retry_cap_s, random)
        self._reason = settings.problem  # Why the link is down, or was down last.
        self._attempts = 0  # Since the link was up.
        self._proxy: Proxy | None = None  # The one connected to, or tried last.
        self._served = False  # A REGISTER got its 2xx on this link (D8).
        self._candidate: Connection | None = None
        self._promoted: Connection | None = None
        self._life: KeepAlive | None = None
        self._stream = StreamParser()
        self._retry_at: float | None = None if settings.problem else now
        self._since = now
        self._told: LinkStatus | None = None
        self.state = State.OFF if settings.problem else State.WAITING

    @property
    def attempt(self) -> int | None:
        """The number of the promoted connection, the only one that carries SIP (L10)."""
        return self._promoted.attempt if self._promoted else None

    def deadline(self) -> float | None:
        parts = (self._candidate, self._life)
        moments = [part.deadline() for part in parts if part is not None]
        unproven_at = self._life.unproven_at if self._life and self._shows_up() else None
        # S1: that there is no link, and why, is told from the start.
        untold_at = self._since if self._told is None else None
        return earliest((self._retry_at, self._retry.healthy_at, unproven_at, untold_at, *moments))

    def handle(self, event: LinkEvent, now: float) -> list[object]:
        return self._tell(self._take(event, now), now)

    def wake(self, now: float) -> list[object]:
        out: list[object] = []
        if is_due(self._retry.healthy_at, now):
            self._retry.forget_outage()
        if self._life:
            out += self._after_life(self._life.wake(now), now)
        if self._candidate:
            out += self._after_candidate(self._candidate.wake(now), now)
        if is_due(self._retry_at, now):  # The last: what was lost just now may be retried at once.
            out += self._connect(now)
        return self._tell(out, now)

    def _take(self, event: LinkEvent, now: float) -> list[object]:
        match event:
            case SendMessage(message):
                return self._send(message, now)
            case TestLink():
                return self._after_life(self._life.test(now), now) if self._life else []
            case NetworkChanged():
                return self._network_changed(now)
            case ServiceConfirmed(flow_timer_s):
                return self._service_confirmed(flow_timer_s, now)
            case ProxyUnfit(failure, retry_after_s):
                return self._unfit(failure, retry_after_s, now)
            case (
                Resolved() | TcpConnected() | Connected() | Received() | Lost() | DeliveryChecked()
            ):
                return self._from_driver(event, now)
            case _:
                assert_never(event)

    def _from_driver(
        self,
        event: Resolved | TcpConnected | Connected | Received | Lost | DeliveryChecked,
        now: float,
    ) -> list[object]:
        """Give an event to the connection it is about; an old attempt is not heard."""
        if self._candidate and event.attempt == self._candidate.attempt:
            assert not isinstance(event, Received | DeliveryChecked), f"{event} before Connected"
            return self._after_candidate(self._candidate.handle(event, now), now)
        if event.attempt != self.attempt:
            return []
        match event:
            case Received(_, data):
                return self._received(data, now)
            case Lost(_, failure):
                return self._lose(failure, now, close=False)
            case DeliveryChecked(_, unacknowledged):
                assert self._life is not None
                self._life.delivery_checked(unacknowledged)
                return self._after_life([], now)
            case Resolved() | TcpConnected() | Connected():
                raise AssertionError(f"{event} on the promoted connection")
            case _:
                assert_never(event)

    # Connecting.

    def _connect(self, now: float) -> list[object]:
        self._enter(State.CONNECTING, now)
        return self._begin(now)

    def _begin(self, now: float) -> list[object]:
        self._attempts += 1
        self._candidate = Connection(self._settings.proxies[0], self._numbers)
        self._proxy = self._candidate.proxy
        return self._candidate.start(now)

    def _after_candidate(self, out: list[object], now: float) -> list[object]:
        """Promote the candidate or bury it, whatever its stage says."""
        candidate = self._candidate
        assert candidate is not None
        if candidate.stage is Stage.READY:
            return out + self._promote(candidate, now)
        if candidate.stage is Stage.ENDED:
            assert candidate.failure is not None
            self._candidate = None
            self._wait(candidate.failure, self._retry.after_failure(now), now)
        return out

    def _promote(self, candidate: Connection, now: float) -> list[object]:
        """L10: from here on SIP flows on this connection, and on no other."""
        assert candidate.facts is not None
        assert self._promoted is None
        self._enter(State.UP, now)
        self._candidate, self._promoted = None, candidate
        self._attempts, self._served = 0, False
        self._stream = StreamParser()
        proxy, local = candidate.proxy, candidate.facts.local
        self._life = KeepAlive(
            candidate.attempt,
            self._settings.keep_alive_s,
            self._settings.transaction_timer_s,
            self._random,
            lambda: options_to(proxy, local, self._ids),
            now,
        )
        return [LinkUp(proxy, local)]

    def _network_changed(self, now: float) -> list[object]:
        """D6: test a link at once, cut a wait short, start a stuck attempt anew."""
        if self._life:
            return self._after_life(self._life.test_at_once(now), now)
        if self.state is State.WAITING:
            self._retry_at = self._retry.cut_short(now)
        if self._candidate and now - self._since >= STUCK_S:
            self._since = now
            closing = self._candidate.close(Failure(FailureKind.STOPPED, "the network changed"))
            return closing + self._begin(now)
        return []

    # The promoted connection.

    def _send(self, message: Request | Response, now: float) -> list[object]:
        """Write a message; the layers above were told when there is no link to write to."""
        if self._promoted is None or self._life is None:
            return []
        if isinstance(message, Request) and message.method != "ACK":
            self._life.request_sent(now)
        return [Write(self._promoted.attempt, bytes(message))]

    def _received(self, data: bytes, now: float) -> list[object]:
        assert self._life is not None
        self._life.bytes_came(now)
        self._stream.receive(data)
        out: list[object] = []
        try:
            self._read_items(out, now)
        except RemoteProtocolError as error:
            failure = Failure(FailureKind.GARBAGE, f"the proxy sent what is not SIP: {error}")
            return out + self._lose(failure, now, close=True)
        return out

    def _read_items(self, out: list[object], now: float) -> None:
        """Take whole items off the stream until more bytes are needed."""
        assert self._life is not None
        pings = 0
        while (item := self._stream.next_item()) is not None:
            match item:
                case Ping():
                    pings += 1
                case Pong():
                    self._life.pong_came(now)
                case Unacceptable(answer, _):
                    out += self._send(answer, now)
                case Request():
                    out.append(MessageReceived(item))
                case Response():
                    out += self._response(item, now)
                case _:
                    assert_never(item)
        if pings and self._promoted:
            out.append(Write(self._promoted.attempt, b"\r\n" * min(pings, PINGS_ANSWERED_MAX)))

    def _response(self, response: Response, now: float) -> list[object]:
        """Keep the answers to our own OPTIONS; a final answer to REGISTER starts the pings."""
        assert self._life is not None
        if self._life.is_own_answer(response.via.branch, now):
            return []
        out: list[object] = [MessageReceived(response)]
        final = response.status >= 200 and response.status not in {401, 407}
        if final and response.cseq.method == "REGISTER":
            out += self._after_life(self._life.start(now), now)
        return out

    def _after_life(self, out: list[object], now: float) -> list[object]:
        """Carry out what the keep-alive decided."""
        assert self._life is not None
        for _ in range(self._life.pongs_expected):
            self._stream.expect_pong()
        self._life.pongs_expected = 0
        if self._life.verdict:
            return out + self._lose(self._life.verdict, now, close=True)
        return out

    def _service_confirmed(self, flow_timer_s: int | None, now: float) -> list[object]:
        """The proxy serves: ping it in its own time, and begin to trust it again (L6, F2)."""
        if self._life is None:
            return []
        self._served = True
        self._retry.service_confirmed(now)
        return self._after_life(self._life.registered(flow_timer_s, now), now)

    def _unfit(self, failure: Failure, retry_after_s: float, now: float) -> list[object]:
        """D8: the proxy does not serve; leave it for as long as it asked."""
        self._retry.hold(retry_after_s, now)
        if self.state is not State.UP:
            return []
        return self._lose(failure, now, close=True)

    def _lose(self, failure: Failure, now: float, *, close: bool) -> list[object]:
        """The link is gone: one way out for every cause."""
        promoted = self._promoted
        assert promoted is not None
        self._promoted = self._life = None
        # D8: a link that ends before its first 2xx is one more failed attempt, not a loss.
        after = self._retry.after_loss if self._served else self._retry.after_failure
        self._wait(failure, after(now), now)
        closing = promoted.close(failure) if close else []
        return [*closing, LinkDown(failure)]

    def _wait(self, failure: Failure, retry_at: float, now: float) -> None:
        self._enter(State.WAITING, now)
        self._reason = failure
        self._retry_at = retry_at

    def _enter(self, state: State, now: float) -> None:
        """The one door through which the state changes; the wait is forgotten here."""
        assert state in LEGAL[self.state], f"{self.state} -> {state}"
        self.state, self._since = state, now
        self._retry_at = None

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
        life = self._life
        return LinkStatus(
            state=self._shown_state(now),
            proxy=self._proxy,
            reason=self._reason,
            attempts=self._attempts,
            retry_at=self._retry_at,
            since=self._since,
            proof_at=life.proof_at if life else None,
            round_trip_s=life.round_trip.smoothed_s if life else None,
            keep_alive_s=life.period_s if life else self._settings.keep_alive_s,
            answers_pings=life.answers_pings if life else None,
            facts=self._facts(),
        )

    def _facts(self) -> TlsFacts | None:
        return self._promoted.facts if self._promoted else None

    def _shown_state(self, now: float) -> LinkState:
        if self._life:
            return LinkState.UNPROVEN if is_due(self._life.unproven_at, now) else LinkState.UP
        return {
            State.OFF: LinkState.OFF,
            State.WAITING: LinkState.WAITING,
            State.CONNECTING: LinkState.CONNECTING,
        }[self.state]
