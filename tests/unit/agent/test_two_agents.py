"""Two whole agents with their transactions call each other through a small exchange.

Both ends are the phone's own machines; the exchange copies messages byte by byte, so what one end
writes is what the other end has to read.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field, replace
from itertools import count
from random import Random

import pytest

from firmware.agent.account import AgentSettings
from firmware.agent.agent import Agent, AgentEvent
from firmware.agent.events import (
    Answer,
    CallAnswered,
    CallEnded,
    Dial,
    Dialling,
    EndCause,
    HangUp,
    IncomingCall,
    Reject,
    RemoteRinging,
    UnregisterAll,
)
from firmware.agent.outlasting import ASK_FIRST_S, GIVEN_UP_S, UNSURE_S
from firmware.link.events import Address, LinkDown, LinkUp, MessageReceived, SendMessage
from firmware.sip.message import Request, Response, parse_message
from firmware.sip.uri import SipUri
from firmware.transaction.events import (
    CancelRequest,
    SendAck,
    SendRequest,
    SendResponse,
)
from firmware.transaction.layer import Transactions
from tests.unit.agent.registrar import Registrar
from tests.unit.agent.rig import PRIMARY, RESET, account, of

DOWN = (SendRequest, CancelRequest, SendAck, SendResponse, LinkUp, LinkDown, MessageReceived)


@dataclass
class End:
    """One phone: agent and transactions."""

    name: str
    agent: Agent
    transactions: Transactions
    local: Address
    heard: list[object] = field(default_factory=list)
    is_up: bool = False


class Exchange:
    """A registrar and a record-routing proxy, and the two phones on it."""

    def __init__(self) -> None:
        self.now = 0.0
        self.registrar = Registrar()
        self.wire: deque[tuple[End, bytes]] = deque()  # To the exchange, from whom.
        self.holds_answers = False
        self.held: list[tuple[End, bytes]] = []
        self.ends = [self._end(number) for number in (1, 2)]

    def _end(self, number: int) -> End:
        ids = (f"{number}x{i}" for i in count(1))
        settings = AgentSettings(instance=f"urn:uuid:{number}")
        agent = Agent((account(number),), settings, ids, Random(number))
        return End(f"20{number}", agent, Transactions(ids), Address(f"192.0.2.{number}", 5000))

    def feed(self, end: End, event: object) -> None:
        """Give an event to its machine, and everything that follows to its own."""
        work = deque([event])
        while work:
            item = work.popleft()
            if isinstance(item, DOWN):
                work.extend(end.transactions.handle(item, self.now))
            elif isinstance(item, AgentEvent):
                work.extend(end.agent.handle(item, self.now))
            elif isinstance(item, SendMessage):
                self.wire.append((end, bytes(item.message)))
            else:
                end.heard.append(item)

    def up(self, end: End) -> None:
        end.is_up = True
        self.feed(end, LinkUp(PRIMARY, end.local))
        self.run()

    def down(self, end: End) -> None:
        end.is_up = False
        end.local = replace(end.local, port=end.local.port + 1)
        self.feed(end, LinkDown(RESET))

    def run(self) -> None:
        """Carry messages until all is quiet."""
        for _ in range(500):
            if not self.wire:
                return
            self.carry(*self.wire.popleft())
        raise AssertionError("the exchange does not come to rest")

    def wait(self, seconds: float) -> None:
        until = self.now + seconds
        while True:
            machines = [(e, m) for e in self.ends for m in (e.agent, e.transactions)]
            dues = [due for _, machine in machines if (due := machine.deadline()) is not None]
            if not dues or min(dues) > until:
                break
            self.now = max(self.now, *(due for due in [min(dues)]))
            for end, machine in machines:
                due = machine.deadline()
                if due is not None and due <= self.now:
                    for item in machine.wake(self.now):
                        self.feed(end, item)
            self.run()
        self.now = until

    def carry(self, sender: End, data: bytes) -> None:
        message = parse_message(data)
        if isinstance(message, Response):
            self.carry_response(sender, data, message)
        elif message.method == "REGISTER":
            self.deliver(sender, self.registrar.answer(message))
        else:
            self.carry_request(sender, message)

    def carry_request(self, sender: End, request: Request) -> None:
        if request.method == "INVITE":
            refusal = self.registrar.proxy_challenge(request)
            if refusal and not request.to.tag:
                self.deliver(sender, refusal)
                return
        assert isinstance(request.uri, SipUri)
        target = self.find(request.uri)
        if target is None:
            if request.method != "ACK":
                self.deliver(sender, request.answer(404, to_tag="exchange"))
            return
        uri = request.uri
        if uri.host == "example.org":
            uri = next(iter(self.contacts(uri)), uri)
        headers = request.headers.without("Route")
        headers = headers.prepend("Record-Route", "<sip:exchange.example.org;lr>")
        # A stateless proxy makes its branch of the one below it.
        branch = f"z9hG4bKx{request.via.branch}"
        headers = headers.prepend("Via", f"SIP/2.0/TLS exchange;branch={branch}")
        self.deliver(target, replace(request, uri=uri, headers=headers))

    def carry_response(self, sender: End, data: bytes, response: Response) -> None:
        other = next(end for end in self.ends if end is not sender)
        if self.holds_answers and response.cseq.method == "INVITE" and response.status >= 200:
            self.held.append((sender, data))
            return
        below = response.headers.all("Via")[1:]
        self.deliver(other, replace(response, headers=response.headers.set("Via", *below)))

    def release(self) -> None:
        self.holds_answers = False
        self.wire.extend(self.held)
        self.held.clear()
        self.run()

    def contacts(self, uri: SipUri) -> list[SipUri]:
        held = self.registrar.bindings.get(f"sip:{uri.user}@example.org", [])
        return [c.uri for c in held if isinstance(c.uri, SipUri)]

    def find(self, uri: SipUri) -> End | None:
        return next((e for e in self.ends if e.name == uri.user and self.contacts(uri)), None)

    def deliver(self, end: End, message: Request | Response) -> None:
        if end.is_up:
            self.feed(end, MessageReceived(parse_message(bytes(message))))


@pytest.fixture
def exchange() -> Exchange:
    made = Exchange()
    for end in made.ends:
        made.up(end)
        assert end.agent.registered_accounts
        end.heard.clear()
    return made


def do(exchange: Exchange, end: End, event: object) -> None:
    exchange.feed(end, event)
    exchange.run()


def established(exchange: Exchange) -> tuple[End, End]:
    ann, bob = exchange.ends
    do(exchange, ann, Dial(1, "202"))
    do(exchange, bob, Answer(1))
    assert of(CallAnswered, ann.heard)
    assert of(CallAnswered, bob.heard)
    return ann, bob


def causes(end: End) -> list[EndCause]:
    return [ended.cause for ended in of(CallEnded, end.heard)]


def nothing_is_left(exchange: Exchange) -> None:
    exchange.wait(100)
    for end in exchange.ends:
        assert end.agent.calls == ()
        assert not end.agent._calls
        assert not end.transactions.open_transactions


def test_ring_answer_hang_up_here(exchange: Exchange) -> None:
    ann, bob = exchange.ends
    do(exchange, ann, Dial(1, "202"))
    assert len(of(Dialling, ann.heard)) == len(of(RemoteRinging, ann.heard)) == 1
    (incoming,) = of(IncomingCall, bob.heard)
    assert incoming.far.number == "201"
    do(exchange, bob, Answer(incoming.call))
    do(exchange, ann, HangUp(1))
    assert causes(ann) == [EndCause.HUNG_UP_HERE]
    assert causes(bob) == [EndCause.HUNG_UP_THERE]
    nothing_is_left(exchange)


def test_hang_up_there(exchange: Exchange) -> None:
    ann, bob = established(exchange)
    do(exchange, bob, HangUp(1))
    assert causes(ann) == [EndCause.HUNG_UP_THERE]
    assert causes(bob) == [EndCause.HUNG_UP_HERE]
    nothing_is_left(exchange)


def test_both_hang_up_at_once(exchange: Exchange) -> None:
    ann, bob = established(exchange)
    exchange.feed(ann, HangUp(1))
    exchange.feed(bob, HangUp(1))
    exchange.run()
    assert causes(ann) == causes(bob) == [EndCause.HUNG_UP_HERE]
    nothing_is_left(exchange)


def test_refused(exchange: Exchange) -> None:
    ann, bob = exchange.ends
    do(exchange, ann, Dial(1, "202"))
    do(exchange, bob, Reject(1))
    assert of(CallEnded, ann.heard) == [CallEnded(1, EndCause.REFUSED, 486, "busy")]
    nothing_is_left(exchange)


def test_cancelled(exchange: Exchange) -> None:
    ann, bob = exchange.ends
    do(exchange, ann, Dial(1, "202"))
    do(exchange, ann, HangUp(1))
    assert causes(bob) == [EndCause.CANCELLED_THERE]
    nothing_is_left(exchange)


def test_answer_and_cancel_cross(exchange: Exchange) -> None:
    ann, bob = exchange.ends
    do(exchange, ann, Dial(1, "202"))
    exchange.holds_answers = True
    do(exchange, bob, Answer(1))
    do(exchange, ann, HangUp(1))
    exchange.release()
    assert causes(ann) == [EndCause.HUNG_UP_HERE]
    assert causes(bob) == [EndCause.HUNG_UP_THERE], "acknowledged, then ended by BYE"
    nothing_is_left(exchange)


def test_nobody_there(exchange: Exchange) -> None:
    ann = exchange.ends[0]
    do(exchange, ann, Dial(1, "999"))
    assert of(CallEnded, ann.heard) == [CallEnded(1, EndCause.REFUSED, 404, "no such number")]
    nothing_is_left(exchange)


def test_no_answer(exchange: Exchange) -> None:
    ann, bob = exchange.ends
    do(exchange, ann, Dial(1, "202"))
    exchange.wait(301)
    assert of(CallEnded, ann.heard)[0].reason in {"no answer", "not available"}
    assert len(of(CallEnded, bob.heard)) == 1
    nothing_is_left(exchange)


@pytest.mark.parametrize("leaver", [0, 1])
def test_a_call_outlives_a_link_and_its_bye_is_delivered(exchange: Exchange, leaver: int) -> None:
    ends = established(exchange)
    one, other = ends[leaver], ends[1 - leaver]
    exchange.down(one)
    exchange.wait(60)
    assert one.agent.calls == other.agent.calls == (1,)
    exchange.feed(one, HangUp(1))
    exchange.wait(60)
    assert other.agent.calls == (1,)
    exchange.up(one)
    assert causes(other) == [EndCause.HUNG_UP_THERE]
    nothing_is_left(exchange)


def test_an_ack_that_went_down_with_the_link_goes_again(exchange: Exchange) -> None:
    ann, bob = exchange.ends
    do(exchange, ann, Dial(1, "202"))
    exchange.holds_answers = True
    do(exchange, bob, Answer(1))
    exchange.holds_answers = False
    exchange.carry(*exchange.held.pop())
    exchange.wire.clear()  # The ACK was written, and is lost.
    assert ann.agent.calls == (1,)
    exchange.down(ann)
    exchange.wait(5)
    exchange.up(ann)
    exchange.wait(60)
    assert ann.agent.calls == bob.agent.calls == (1,)


def test_both_stop(exchange: Exchange) -> None:
    ann, bob = established(exchange)
    do(exchange, ann, UnregisterAll())
    assert causes(bob) == [EndCause.HUNG_UP_THERE]
    do(exchange, bob, UnregisterAll())
    assert not any(exchange.registrar.bindings.values())
    assert ann.agent.registered_accounts == bob.agent.registered_accounts == ()
    nothing_is_left(exchange)


def rings_over_another_link(exchange: Exchange, *, gives_up: bool) -> tuple[End, End]:
    """Have one call the other, who loses its link meanwhile and is back 3 s later."""
    ann, bob = exchange.ends
    do(exchange, ann, Dial(1, "202"))
    assert of(IncomingCall, bob.heard)
    exchange.down(bob)
    if gives_up:
        do(exchange, ann, HangUp(1))
    exchange.wait(3)
    exchange.up(bob)
    return ann, bob


def test_who_gives_up_while_the_other_has_no_link_is_not_rung_for_long(exchange: Exchange) -> None:
    ann, bob = rings_over_another_link(exchange, gives_up=True)
    assert bob.agent.calls == (1,), "its CANCEL has gone by the old link"
    exchange.wait(ASK_FIRST_S + GIVEN_UP_S)
    assert causes(bob) == [EndCause.CANCELLED_THERE]
    assert causes(ann) == [EndCause.HUNG_UP_HERE]
    nothing_is_left(exchange)


def test_who_waits_is_rung_for_as_long_as_it_waits(exchange: Exchange) -> None:
    ann, bob = rings_over_another_link(exchange, gives_up=False)
    exchange.wait(2 * UNSURE_S)
    assert bob.agent.calls == (1,)
    do(exchange, bob, Answer(1))
    assert of(CallAnswered, ann.heard)
    do(exchange, ann, HangUp(1))
    assert causes(bob) == [EndCause.HUNG_UP_THERE]
    nothing_is_left(exchange)
