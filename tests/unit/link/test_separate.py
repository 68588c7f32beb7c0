"""TLS mode: a connection for each call and each registration, closed after it (L3, L11)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from firmware.link.events import (
    Accepted,
    Address,
    CallsInProgress,
    Close,
    Connect,
    Connected,
    Failure,
    FailureKind,
    LinkDown,
    LinkState,
    LinkUp,
    MessageReceived,
    NetworkChanged,
    ProxyUnfit,
    SendMessage,
    ServiceConfirmed,
    TcpConnected,
    TestLink,
    TlsFacts,
    Write,
)
from firmware.link.separate import (
    ACCEPTED_S,
    ERRANDS_MAX,
    LINGER_S,
    READY_S,
    WAITING_MAX,
)
from firmware.link.settings import UseSettings
from firmware.sip.message import Request
from tests.unit.link.rig import (
    BACKUP,
    FACTS,
    LOCAL,
    PING,
    PRIMARY,
    REFUSED,
    Rig,
    of,
    request,
    written,
)

PORT = 5061
RESET = Failure(FailureKind.RESET, "the proxy reset the connection")


class Separate(Rig):
    """A link in TLS mode; `stand` answers for the driver."""

    def __init__(self) -> None:
        super().__init__(PRIMARY, BACKUP, listening_port=PORT)

    def say(self, message: Request) -> list[object]:
        return self.feed(SendMessage(message))

    def stand(self, connect: Connect) -> list[object]:
        self.feed(TcpConnected(connect.attempt))
        return self.feed(Connected(connect.attempt, FACTS))

    def serving(self) -> int:
        """Register over the connection that found the proxy; return its number."""
        attempt = self.connect()
        self.say(ask("REGISTER", "line1"))
        self.receive(attempt, reply("REGISTER", "line1"))
        self.feed(ServiceConfirmed(None))
        return attempt

    def idle(self) -> None:
        """Serve, with no connection left."""
        self.serving()
        self.advance(self.now + LINGER_S)
        self.out.clear()

    def call(self, call_id: str = "call") -> int:
        """Place a call on a new connection; return its number."""
        (connect,) = of(Connect, self.say(ask("INVITE", call_id)))
        self.stand(connect)
        return connect.attempt


def ask(method: str, call_id: str) -> Request:
    return request(method, f"z9hG4bK{call_id}{method}", call_id)


def reply(method: str, call_id: str, status: int = 200) -> bytes:
    return bytes(ask(method, call_id).answer(status))


def test_the_contact_leads_to_the_listening_port() -> None:
    rig = Separate()
    rig.connect()
    assert of(LinkUp, rig.out) == [
        LinkUp(PRIMARY, Address(LOCAL.host, PORT), Address(PRIMARY.host, 5061))
    ]
    assert rig.status.per_call
    assert rig.status.state is LinkState.UP


def test_the_connection_that_found_the_proxy_serves_the_first_registration() -> None:
    rig = Separate()
    attempt = rig.connect()
    assert written(rig.say(ask("REGISTER", "line1"))).startswith(b"REGISTER")
    assert of(MessageReceived, rig.receive(attempt, reply("REGISTER", "line1", 401)))
    assert of(Write, rig.say(ask("REGISTER", "line1")))[0].attempt == attempt
    rig.receive(attempt, reply("REGISTER", "line1"))
    assert of(Close, rig.advance(rig.now + LINGER_S)) == [Close(attempt)]
    assert not of(LinkDown, rig.out), "the registration is over, not the service"


def test_each_account_has_a_connection_of_its_own() -> None:
    rig = Separate()
    first = rig.connect()
    rig.say(ask("REGISTER", "line1"))
    (connect,) = of(Connect, rig.say(ask("REGISTER", "line2")))
    out = rig.stand(connect)
    assert [write.attempt for write in of(Write, out)] == [connect.attempt]
    assert connect.attempt != first


def test_nothing_is_written_before_the_proxy_is_authenticated() -> None:
    rig = Separate()
    rig.idle()
    out = rig.say(ask("INVITE", "call"))
    (connect,) = of(Connect, out)
    assert not of(Write, [*out, *rig.feed(TcpConnected(connect.attempt))])
    assert written(rig.feed(Connected(connect.attempt, FACTS))).startswith(b"INVITE")


def test_a_call_keeps_its_connection_to_the_end_and_no_longer() -> None:
    rig = Separate()
    rig.idle()
    attempt = rig.call()
    rig.receive(attempt, reply("INVITE", "call"))
    assert of(Write, rig.say(ask("ACK", "call")))[0].attempt == attempt
    assert not of(Close, rig.advance(rig.now + 600))
    assert of(Write, rig.say(ask("BYE", "call")))[0].attempt == attempt
    rig.receive(attempt, reply("BYE", "call"))
    assert of(Close, rig.advance(rig.now + LINGER_S)) == [Close(attempt)]
    assert not of(LinkDown, rig.out)


@pytest.mark.parametrize("status", [404, 486, 487, 603])
def test_a_refused_call_lets_go_of_its_connection(status: int) -> None:
    rig = Separate()
    rig.idle()
    attempt = rig.call()
    rig.receive(attempt, reply("INVITE", "call", status))
    assert of(Close, rig.advance(rig.now + LINGER_S)) == [Close(attempt)]


def test_a_challenged_call_stays_on_its_connection() -> None:
    rig = Separate()
    rig.idle()
    attempt = rig.call()
    rig.receive(attempt, reply("INVITE", "call", 407))
    assert of(Write, rig.say(ask("INVITE", "call")))[0].attempt == attempt


def test_a_reinvite_that_is_refused_does_not_end_the_call() -> None:
    rig = Separate()
    rig.idle()
    attempt = rig.call()
    rig.receive(attempt, reply("INVITE", "call"))
    rig.say(ask("INVITE", "call"))
    rig.receive(attempt, reply("INVITE", "call", 488))
    assert not of(Close, rig.advance(rig.now + 60))


def test_two_calls_have_two_connections() -> None:
    rig = Separate()
    rig.idle()
    assert rig.call("one") != rig.call("two")


def test_a_call_that_the_phone_has_forgotten_holds_no_connection() -> None:
    rig = Separate()
    rig.idle()
    attempt = rig.call()
    rig.receive(attempt, reply("INVITE", "call"))
    rig.feed(CallsInProgress(0))
    assert of(Close, rig.advance(rig.now + LINGER_S)) == [Close(attempt)]


def test_a_connection_that_ends_under_a_request_is_the_end_of_the_service() -> None:
    rig = Separate()
    rig.idle()
    out = rig.lose(rig.call(), RESET)
    assert of(LinkDown, out) == [LinkDown(RESET)]
    rig.until(Connect)
    assert rig.status.state is LinkState.CONNECTING


def test_a_connection_that_ends_idle_in_a_call_is_no_loss() -> None:
    rig = Separate()
    rig.idle()
    attempt = rig.call()
    rig.receive(attempt, reply("INVITE", "call"))
    assert not of(LinkDown, rig.lose(attempt, RESET))
    (connect,) = of(Connect, rig.say(ask("BYE", "call")))
    assert written(rig.stand(connect)).startswith(b"BYE")


def test_a_call_that_cannot_reach_the_proxy_ends_the_service_and_the_backup_is_tried() -> None:
    rig = Separate()
    rig.idle()
    (connect,) = of(Connect, rig.say(ask("INVITE", "call")))
    assert of(LinkDown, rig.lose(connect.attempt)) == [LinkDown(REFUSED)]
    again = rig.until(Connect)
    assert again.address.host == PRIMARY.host
    (backup,) = of(Connect, rig.lose(again.attempt))
    assert backup.address.host == BACKUP.host
    rig.stand(backup)
    assert of(LinkUp, rig.out)[-1].proxy == BACKUP


def test_everything_is_closed_when_the_service_ends() -> None:
    rig = Separate()
    rig.idle()
    attempts = {rig.call("one"), rig.call("two")}
    out = rig.feed(ProxyUnfit(RESET))
    assert {close.attempt for close in of(Close, out)} == attempts
    assert of(LinkDown, out)


def test_a_connection_stands_ready_when_the_handset_is_lifted() -> None:
    rig = Separate()
    rig.idle()
    (connect,) = of(Connect, rig.feed(TestLink()))
    assert not rig.feed(TestLink()), "one is enough"
    rig.stand(connect)
    assert of(Write, rig.say(ask("INVITE", "call")))[0].attempt == connect.attempt


def test_a_ready_connection_that_nobody_uses_is_closed() -> None:
    rig = Separate()
    rig.idle()
    (connect,) = of(Connect, rig.feed(TestLink()))
    rig.stand(connect)
    assert of(Close, rig.advance(rig.now + READY_S)) == [Close(connect.attempt)]
    assert not of(LinkDown, rig.out)


def test_lifting_the_handset_tells_that_the_proxy_is_gone() -> None:
    rig = Separate()
    rig.idle()
    (connect,) = of(Connect, rig.feed(TestLink()))
    assert of(LinkDown, rig.lose(connect.attempt))


def test_a_new_address_of_ours_is_told_to_the_registrar() -> None:
    rig = Separate()
    rig.idle()
    (connect,) = of(Connect, rig.feed(NetworkChanged()))
    moved = TlsFacts(Address("198.51.100.7", 1), "TLSv1.3", "AES", False, 2e9)
    rig.feed(TcpConnected(connect.attempt))
    assert of(LinkDown, rig.feed(Connected(connect.attempt, moved)))


def test_a_silent_proxy_is_condemned_under_a_request() -> None:
    rig = Separate()
    rig.idle()
    rig.call()
    assert of(LinkDown, rig.advance(rig.now + 11.0))


def test_without_an_exchange_the_service_is_shown_as_unproven() -> None:
    rig = Separate()
    rig.idle()
    rig.advance(rig.now + 61)
    assert rig.status.state is LinkState.UNPROVEN


# The proxy's connections.


def accepted(rig: Separate, attempt: int = -1) -> int:
    assert not of(Close, rig.feed(Accepted(attempt, FACTS)))
    return attempt


def test_a_call_comes_in_on_a_connection_of_the_proxys() -> None:
    rig = Separate()
    rig.idle()
    attempt = accepted(rig)
    invite = ask("INVITE", "in")
    assert of(MessageReceived, rig.receive(attempt, bytes(invite)))
    (write,) = of(Write, rig.feed(SendMessage(invite.answer(200))))
    assert write.attempt == attempt
    assert not of(Close, rig.advance(rig.now + 600))
    bye = ask("BYE", "in")
    rig.receive(attempt, bytes(bye))
    rig.feed(SendMessage(bye.answer(200)))
    assert of(Close, rig.advance(rig.now + ACCEPTED_S)) == [Close(attempt)]


def test_an_answer_goes_where_its_request_came_from() -> None:
    rig = Separate()
    rig.idle()
    call = rig.call()
    rig.receive(call, reply("INVITE", "call"))
    attempt = accepted(rig)
    bye = request("BYE", "z9hG4bKtheirs", "call")
    rig.receive(attempt, bytes(bye))
    assert of(Write, rig.feed(SendMessage(bye.answer(200))))[0].attempt == attempt


def test_a_connection_of_the_proxys_that_ends_or_talks_nonsense_is_no_loss() -> None:
    rig = Separate()
    rig.idle()
    assert not of(LinkDown, rig.lose(accepted(rig, -1), RESET))
    out = rig.receive(accepted(rig, -2), b"what is this?\r\n\r\n")
    assert of(Close, out) == [Close(-2)]
    assert not of(LinkDown, out)


def test_a_connection_of_the_proxys_that_says_nothing_is_closed() -> None:
    rig = Separate()
    rig.idle()
    attempt = accepted(rig)
    assert of(Close, rig.advance(rig.now + ACCEPTED_S)) == [Close(attempt)]


def test_nobody_is_let_in_without_a_service_or_in_persistent_mode() -> None:
    assert Separate().feed(Accepted(-1, FACTS))[0] == Close(-1)
    rig = Rig()
    rig.registered()
    assert of(Close, rig.feed(Accepted(-1, FACTS))) == [Close(-1)]


# Limits.


def test_connections_are_bounded() -> None:
    rig = Separate()
    rig.idle()
    for number in range(ERRANDS_MAX):
        accepted(rig, -1 - number)
    assert of(Close, rig.feed(Accepted(-99, FACTS))) == [Close(-99)]
    (refused,) = of(MessageReceived, rig.say(ask("INVITE", "call")))
    assert refused.message.status == 503  # type: ignore[union-attr] # an answer


def test_what_waits_for_a_connection_is_bounded() -> None:
    rig = Separate()
    rig.idle()
    (connect,) = of(Connect, rig.say(ask("INVITE", "call")))
    for _ in range(2 * WAITING_MAX):
        rig.say(ask("INVITE", "call"))
    assert len(of(Write, rig.stand(connect))) == WAITING_MAX


def test_an_answer_whose_connection_is_gone_is_not_sent_elsewhere() -> None:
    rig = Separate()
    rig.idle()
    attempt = accepted(rig)
    invite = ask("INVITE", "in")
    rig.receive(attempt, bytes(invite))
    rig.lose(attempt, RESET)
    assert not rig.feed(SendMessage(invite.answer(200)))


def test_d4_another_transaction_timer_holds_for_the_next_connection() -> None:
    rig = Separate()
    rig.idle()
    rig.feed(UseSettings(replace(rig.link._settings, transaction_timer_s=8.0)))
    rig.call()
    assert PING not in written(rig.advance(rig.now + 3.9))
    assert PING in written(rig.advance(rig.now + 0.2))
