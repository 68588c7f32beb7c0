"""TLS without persistence (L3): a connection of its own for each call and each registration.

Theory of operation
-------------------
An *errand* is one connection and what it is for. Requests with one Call-ID share an errand: a
call, or the registrations of an account. The first request opens it; it is closed `LINGER_S` after
the last answer, and not before its call is over. The connection that found the proxy serves the
first errand, and so does one that is opened when the handset is lifted (D7): the number is not
complete before it is known whether the proxy can be reached.

The proxy opens connections to the listening port too. The driver has let in only peers whose
certificate passes as that of a proxy (L11); they are errands like the others, which the proxy
began. An answer goes where its request came from.

There is one service for all of them, at one proxy, so that nonces, registrations and calls stay
together. The service is over (`verdict`) when a connection cannot be had, or ends while a request
of ours is not answered: the link then looks for a proxy anew and everything is repeated there
(F5). A connection that ends with nothing open is no loss: the next request opens another.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from random import Random
from typing import assert_never

from firmware.link.chooser import Chooser
from firmware.link.connection import Connection, Stage
from firmware.link.events import (
    Accepted,
    Address,
    Close,
    Connected,
    DeliveryChecked,
    Failure,
    FailureKind,
    Lost,
    MessageReceived,
    Proxy,
    Received,
    Resolved,
    TcpConnected,
    TlsFacts,
)
from firmware.link.flow import Flow
from firmware.link.keepalive import UNPROVEN_OFF_S
from firmware.link.round_trip import RoundTrip
from firmware.link.settings import LinkSettings
from firmware.machine import earliest, is_due
from firmware.sip.message import Message, Request, Response

LINGER_S = 5.0
"""An answer to a challenge, an ACK or a repetition still finds its connection."""

READY_S = 30.0
"""How long a connection waits for the request that it was opened for: a person dials."""

ACCEPTED_S = 60.0
"""How long the proxy may keep a connection that it opened and says nothing on."""

ERRANDS_MAX = 32
"""Nine accounts and eight calls, each with a connection of either side's."""

WAITING_MAX = 16
"""Messages that wait for one connection."""

OVER = Failure(FailureKind.STOPPED, "nothing more to say on it")
MOVED = Failure(FailureKind.STOPPED, "the network changed")

SeparateEvent = Resolved | TcpConnected | Connected | Received | Lost | DeliveryChecked | Accepted

Exchange = tuple[str, str]
"""Branch and method: they name a transaction (RFC 3261 17.1.3)."""


@dataclass(slots=True)
class Vitals:
    """What is known of the proxy's life without a link to it."""

    proof_at: float
    round_trip: RoundTrip = field(default_factory=RoundTrip)
    period_s: float = 0.0
    answers_pings: bool | None = None
    surely_answers_pings: bool = False

    @property
    def unproven_at(self) -> float:
        """When the service may no longer be shown as up (L6 without keep-alive, S2)."""
        return self.proof_at + UNPROVEN_OFF_S


class Errand:
    """One connection, and what is open on it."""

    def __init__(self, connection: Connection, *, theirs: bool = False) -> None:
        self.connection = connection
        self.theirs = theirs
        self.flow: Flow | None = None
        self.waiting: list[Message] = []
        self.close_at: float | None = None
        self.is_spare = not theirs  # For the next request, whatever its Call-ID.
        self._sent: set[Exchange] = set()  # Requests of ours that wait for their answer,
        self._received: set[Exchange] = set()  # and of theirs.
        self._calls: dict[str, bool] = {}  # By Call-ID: whether it was answered with 2xx.
        self._call_ids: set[str] = set()

    @property
    def attempt(self) -> int:
        """The number of the connection as it is now."""
        return self.connection.attempt

    @property
    def owes_answers(self) -> bool:
        """Tell whether a request of ours waits here."""
        return bool(self._sent or self.waiting)

    def carries(self, message: Message) -> bool:
        """Tell whether a message of ours belongs here by its Call-ID."""
        return message.call_id in self._call_ids

    def asked(self, response: Response) -> bool:
        """Tell whether the request that a response of ours answers came in here."""
        return _exchange(response) in self._received

    def wait(self, message: Message) -> None:
        """Keep a message until the connection stands; one too many is as good as lost."""
        self.is_spare = False
        self._call_ids.add(message.call_id)
        if len(self.waiting) < WAITING_MAX:
            self.waiting.append(message)

    def sends(self, message: Message, now: float) -> None:
        """Note what goes out."""
        self._note(message, self._sent, self._received, now)

    def hears(self, message: Message, now: float) -> None:
        """Note what came in."""
        self._note(message, self._received, self._sent, now)

    def all_calls_are_over(self, now: float) -> None:
        """No call is left on this phone: none holds the connection."""
        self._calls.clear()
        self._linger(now)

    def _note(
        self, message: Message, asking: set[Exchange], asked: set[Exchange], now: float
    ) -> None:
        self.is_spare = False
        self._call_ids.add(message.call_id)
        if isinstance(message, Response):
            if message.status >= 200:
                asked.discard(_exchange(message))
                self._note_final(message)
        elif message.method != "ACK":
            asking.add(_exchange(message))
            if message.method == "INVITE":
                self._calls.setdefault(message.call_id, False)
        self._linger(now)

    def _note_final(self, response: Response) -> None:
        method, call_id = response.cseq.method, response.call_id
        if response.status in {401, 407}:
            return  # The same request comes again.
        if method == "BYE":
            self._calls.pop(call_id, None)
        elif method == "INVITE" and response.status < 300:
            self._calls[call_id] = True
        elif method == "INVITE" and not self._calls.get(call_id):
            self._calls.pop(call_id, None)

    def _linger(self, now: float) -> None:
        busy = self._sent or self._received or self._calls
        self.close_at = None if busy else now + (ACCEPTED_S if self.theirs else LINGER_S)


class SeparateFlows:
    """All errands at one proxy; to the link it is what a `Flow` is in persistent mode."""

    def __init__(
        self,
        connection: Connection,
        chooser: Chooser,
        numbers: Iterator[int],
        settings: LinkSettings,
        ids: Iterator[str],
        random: Random,
        now: float,
    ) -> None:
        assert connection.facts is not None
        assert settings.listening_port is not None
        self.proxy: Proxy = connection.proxy
        self.address = connection.address  # The one dialled last.
        self.facts: TlsFacts = connection.facts
        self.local = Address(self.facts.local.host, settings.listening_port)
        self.served = False
        self.verdict: Failure | None = None
        self.life = Vitals(now)
        self._settings = replace(settings, keep_alive_s=0.0)  # Nothing is kept alive (L3).
        self._ids = ids
        self._random = random
        self._chooser = chooser
        self._numbers = numbers
        self._errands: list[Errand] = []
        self._admit(Errand(connection), now)

    def use(self, settings: LinkSettings, now: float) -> list[object]:
        """Go by other settings, on the connections that stand too."""
        self._settings = replace(settings, keep_alive_s=0.0)
        flows = (errand.flow for errand in self._errands if errand.flow is not None)
        return [item for flow in flows for item in flow.use(self._settings, now)]

    def proved_good(self, ending: Failure) -> bool:
        """Tell whether the address is worth the next try."""
        return self.served and ending.kind is not FailureKind.SILENT

    def owns(self, attempt: int) -> bool:
        """Tell whether an event is about one of these connections."""
        return any(errand.attempt == attempt for errand in self._errands)

    def deadline(self) -> float | None:
        """Return when a connection is to be closed, or has something to do."""
        moments = [errand.close_at for errand in self._errands]
        moments += [errand.connection.deadline() for errand in self._errands]
        return earliest((*moments, *(e.flow.deadline() for e in self._errands if e.flow)))

    def wake(self, now: float) -> list[object]:
        """Close what is over, give up what takes too long."""
        out: list[object] = []
        for errand in tuple(self._errands):
            if is_due(errand.close_at, now):
                out += self._drop(errand, OVER)
            elif is_due(errand.connection.deadline(), now):
                out += self._after_connection(errand, errand.connection.wake(now), now)
            elif errand.flow is not None:
                out += self._after_flow(errand, errand.flow.wake(now), now)
        return out

    def handle(self, event: SeparateEvent, now: float) -> list[object]:
        """Take an event of one of the connections; afterwards look at `verdict`."""
        if isinstance(event, Accepted):
            return self._accepted(event, now)
        errand = next(e for e in self._errands if e.attempt == event.attempt)
        match event:
            case Received() | DeliveryChecked():
                assert errand.flow is not None, f"{event} before Connected"
                return self._after_flow(errand, errand.flow.handle(event, now), now)
            case Lost(_, failure) if errand.flow is not None:
                self._gone(errand, failure)
                return []
            case Resolved() | TcpConnected() | Connected() | Lost():
                return self._after_connection(errand, errand.connection.handle(event, now), now)
            case _:
                assert_never(event)

    def send(self, message: Message, now: float) -> list[object]:
        """Send a message on the connection that it belongs to; a request opens one."""
        errand = self._errand_for(message)
        if errand is not None:
            return self._say(errand, message, now)
        if isinstance(message, Response) or message.method == "ACK":
            return []  # Its connection is gone, and whoever waits will ask again.
        if len(self._errands) >= ERRANDS_MAX:
            return [MessageReceived(message.answer(503, to_tag=next(self._ids)))]
        errand, out = self._open(now)
        return out + self._say(errand, message, now)

    def service_confirmed(self, flow_timer_s: int | None, now: float) -> list[object]:
        """The proxy serves; a Flow-Timer is for flows that are kept."""
        self.served = True
        return []

    def calls_in_progress(self, calls: int, now: float) -> None:
        """Without a call on the phone no call holds a connection."""
        if not calls:
            for errand in self._errands:
                errand.all_calls_are_over(now)

    def test(self, now: float) -> list[object]:
        """D7: have a connection ready for the call that somebody is about to place."""
        if any(errand.is_spare for errand in self._errands):
            return []
        return self._open(now)[1] if len(self._errands) < ERRANDS_MAX else []

    def test_at_once(self, now: float) -> list[object]:
        """D6: ask on every connection that stands, and see where a new one leads."""
        out: list[object] = []
        for errand in tuple(self._errands):
            if errand.flow is not None:
                out += self._after_flow(errand, errand.flow.test_at_once(now), now)
        return out + self.test(now)

    def close(self, failure: Failure) -> list[object]:
        """Close every connection."""
        return [item for errand in tuple(self._errands) for item in self._drop(errand, failure)]

    # Connections.

    def _open(self, now: float) -> tuple[Errand, list[object]]:
        connection = self._chooser.connection(self.proxy, self._numbers)
        out = connection.start(now)
        errand = Errand(connection)
        self._errands.append(errand)
        return errand, out

    def _accepted(self, event: Accepted, now: float) -> list[object]:
        if len(self._errands) >= ERRANDS_MAX:
            return [Close(event.attempt)]
        connection = self._chooser.connection(self.proxy, self._numbers)
        connection.accept(event.attempt, event.facts)
        self._admit(Errand(connection, theirs=True), now)
        return []

    def _admit(self, errand: Errand, now: float) -> None:
        """A connection stands: it may carry SIP from now on."""
        connection = errand.connection
        errand.flow = Flow(connection, self._settings, self._ids, self._random, now)
        errand.close_at = now + (ACCEPTED_S if errand.theirs else READY_S)
        if errand not in self._errands:
            self._errands.append(errand)
        self.life.proof_at = now

    def _after_connection(self, errand: Errand, out: list[object], now: float) -> list[object]:
        match errand.connection.stage:
            case Stage.ENDED:
                assert errand.connection.failure is not None
                self._errands.remove(errand)
                self.verdict = errand.connection.failure
            case Stage.READY:
                self._admit(errand, now)
                assert errand.connection.facts is not None
                self.facts, self.address = errand.connection.facts, errand.connection.address
                if self.facts.local.host != self.local.host:
                    self.verdict = MOVED  # Nobody would reach us at the Contact that we gave.
                waiting, errand.waiting = errand.waiting, []
                for message in waiting:
                    out += self._say(errand, message, now)
            case _:
                pass  # The next stage.
        return out

    def _after_flow(self, errand: Errand, out: list[object], now: float) -> list[object]:
        flow = errand.flow
        assert flow is not None
        for item in out:
            if isinstance(item, MessageReceived):
                errand.hears(item.message, now)
        self._learn(flow)
        if flow.verdict is None:
            return out
        closing = flow.close(flow.verdict)
        self._gone(errand, flow.verdict)
        return out + closing

    def _learn(self, flow: Flow) -> None:
        """Keep what the connections tell of the proxy when they are gone."""
        self.life.proof_at = max(self.life.proof_at, flow.life.proof_at)
        if flow.life.round_trip.smoothed_s is not None:
            self.life.round_trip = flow.life.round_trip
        if flow.life.answers_pings is not None:
            self.life.answers_pings = flow.life.answers_pings
            self.life.surely_answers_pings = flow.life.surely_answers_pings

    def _gone(self, errand: Errand, failure: Failure) -> None:
        """A connection ended by itself: a loss where a request of ours waits on it."""
        self._errands.remove(errand)
        if errand.owes_answers:
            self.verdict = failure

    def _drop(self, errand: Errand, failure: Failure) -> list[object]:
        self._errands.remove(errand)
        return errand.flow.close(failure) if errand.flow else errand.connection.close(failure)

    # Messages.

    def _errand_for(self, message: Message) -> Errand | None:
        """Find where a message goes: where it was asked, where its call is, or a spare place."""
        if isinstance(message, Response):
            asked = (errand for errand in self._errands if errand.asked(message))
            return next(asked, self._carrier_of(message))
        spare = (errand for errand in self._errands if errand.is_spare)
        is_first = isinstance(message, Request) and message.method not in {"ACK", "CANCEL"}
        return self._carrier_of(message) or (next(spare, None) if is_first else None)

    def _carrier_of(self, message: Message) -> Errand | None:
        return next((errand for errand in self._errands if errand.carries(message)), None)

    def _say(self, errand: Errand, message: Message, now: float) -> list[object]:
        """Write a message, or let it wait until the connection stands."""
        if errand.flow is None:
            errand.wait(message)
            return []
        errand.sends(message, now)
        return self._after_flow(errand, errand.flow.send(message, now), now)


def _exchange(message: Message) -> Exchange:
    return message.via.branch, message.cseq.method
