"""The link machine: connecting, losing, retrying, and what it says of itself."""

from __future__ import annotations

import pytest

from firmware.link.events import (
    Address,
    Close,
    Connect,
    Connected,
    Failure,
    FailureKind,
    HoldProxy,
    LinkDown,
    LinkState,
    LinkUp,
    MessageReceived,
    NetworkChanged,
    Proxy,
    ProxyUnfit,
    Resolve,
    Resolved,
    Role,
    SendMessage,
    ServiceConfirmed,
    TcpConnected,
    Write,
)
from tests.unit.link.rig import FACTS, PING, PRIMARY, REFUSED, Rig, answer, of, request, written

NAMED = Proxy(Role.PRIMARY, "proxy1.example.org")
RESET = Failure(FailureKind.RESET, "connection reset by the proxy")


def test_the_first_connection_starts_at_once_and_sip_flows_once_tls_stands() -> None:
    rig = Rig()
    out = rig.advance(rig.now)
    assert of(Connect, out) == [Connect(1, PRIMARY.name, Address("192.0.2.1", 5061))]
    assert not of(LinkUp, rig.feed(TcpConnected(1)))
    assert not of(Write, rig.out)
    assert of(LinkUp, rig.feed(Connected(1, FACTS))) == [
        LinkUp(PRIMARY, FACTS.local, Address(PRIMARY.host, 5061))
    ]
    assert rig.status.state is LinkState.UP
    assert rig.status.facts == FACTS


def test_l11_a_configuration_error_opens_nothing_and_says_so() -> None:
    problem = Failure(FailureKind.CONFIGURATION, "persistent TLS needs trusted certificates")
    rig = Rig(problem=problem)
    rig.advance(rig.now)  # It says so by itself, without an event from anywhere.
    assert rig.status.state is LinkState.OFF
    assert rig.link.deadline() is None
    rig.feed(NetworkChanged())
    rig.advance(rig.now + 1000)
    assert rig.link.deadline() is None
    assert rig.status.state is LinkState.OFF
    assert rig.status.reason == problem
    assert not of(Connect, rig.out)


def test_a_name_is_looked_up_and_its_addresses_are_tried_in_turn() -> None:
    rig = Rig(NAMED)
    resolve = rig.until(Resolve)
    first, second = Address("192.0.2.1", 5061), Address("2001:db8::1", 5061)
    out = rig.feed(Resolved(resolve.attempt, (first, second)))
    assert of(Connect, out) == [Connect(2, NAMED.name, first)]
    assert of(Connect, rig.lose(2)) == [Connect(3, NAMED.name, second)]
    assert rig.lose(2) == []  # The old attempt is not heard.
    rig.lose(3)
    assert rig.status.state is LinkState.WAITING
    assert rig.status.reason == REFUSED


@pytest.mark.parametrize(
    ("events", "budget_s", "words"),
    [
        ([], 5.0, "no answer from DNS for proxy1.example.org"),
        ([Resolved(1, (Address("192.0.2.1", 5061),))], 4.0, "no connection to proxy1"),
        (
            [Resolved(1, (Address("192.0.2.1", 5061),)), TcpConnected(2)],
            5.0,
            "does not finish the TLS handshake",
        ),
    ],
)
def test_each_stage_has_a_budget_of_its_own(
    events: list[Resolved | TcpConnected], budget_s: float, words: str
) -> None:
    rig = Rig(NAMED)
    rig.until(Resolve)
    for event in events:
        rig.feed(event)
    start = rig.now
    assert rig.until(Close).attempt == (2 if events else 1)
    assert rig.now - start == pytest.approx(budget_s)
    assert rig.status.reason is not None
    assert rig.status.reason.kind is FailureKind.TIMEOUT
    assert words in rig.status.reason.text


def test_f1_a_lost_link_is_retried_at_once() -> None:
    rig = Rig()
    attempt = rig.registered()
    rig.feed(ServiceConfirmed())
    assert of(LinkDown, rig.lose(attempt, RESET)) == [LinkDown(RESET)]
    assert rig.status.reason == RESET
    before = rig.now
    assert rig.until(Connect).attempt == attempt + 1
    assert rig.now == before


def test_f2_an_accepting_and_closing_proxy_makes_no_hot_loop() -> None:
    rig = Rig()
    start, attempts = rig.now, 0
    while rig.now < start + 600:
        attempt = rig.connect()
        attempts += 1
        rig.lose(attempt, RESET)
    # 10 s at 1-2 s, then doubling up to 120 s.
    assert attempts <= 11 + 5 + 10


def test_f2_waits_are_drawn_from_half_to_the_whole_bound() -> None:
    rig = Rig()
    waits: list[tuple[float, float]] = []
    start = rig.now
    for _ in range(30):
        rig.lose(rig.until(Connect).attempt)
        assert rig.status.retry_at is not None
        waits.append((rig.now - start, rig.status.retry_at - rig.now))
    assert all(1.0 <= wait_s <= 2.0 for since, wait_s in waits if since < 10)
    late = [wait_s for since, wait_s in waits if since >= 10]
    for number, wait_s in enumerate(late, start=1):
        bound_s = min(120.0, 2.0**number)
        assert bound_s / 2 <= wait_s <= bound_s
    assert len(set(late)) == len(late)


def test_f2_the_count_is_cleared_only_by_thirty_seconds_of_service() -> None:
    rig = Rig()
    for healthy_s, at_once in ((29.0, False), (31.0, True)):
        rig.lose(rig.until(Connect).attempt)
        attempt = rig.registered()
        rig.feed(ServiceConfirmed())
        rig.advance(rig.now + healthy_s / 2)
        rig.receive(attempt, b"\r\n")
        rig.advance(rig.now + healthy_s / 2)
        rig.lose(attempt, RESET)
        assert rig.status.retry_at is not None
        assert (rig.status.retry_at == rig.now) is at_once


@pytest.mark.parametrize("held_s", [0.0, 40.0])
def test_f2_a_machine_that_slept_through_its_thirty_seconds_retries_at_once(held_s: float) -> None:
    rig = Rig()
    rig.lose(rig.until(Connect).attempt)
    attempt = rig.registered()
    rig.feed(ServiceConfirmed())
    rig.now += 400.0
    if held_s:
        rig.feed(HoldProxy(PRIMARY, held_s))
        rig.feed(ProxyUnfit(Failure(FailureKind.UNFIT, "busy")))
    else:
        rig.lose(attempt, RESET)
    assert rig.status.retry_at == rig.now + held_s


def test_d8_retry_after_is_honoured_even_when_the_network_changes() -> None:
    rig = Rig()
    attempt = rig.registered()
    busy = Failure(FailureKind.UNFIT, "the registrar is overloaded (503)")
    rig.feed(HoldProxy(PRIMARY, 40.0))
    out = rig.feed(ProxyUnfit(busy))
    assert of(Close, out) == [Close(attempt)]
    assert of(LinkDown, out) == [LinkDown(busy)]
    before = rig.now
    rig.feed(NetworkChanged())
    rig.until(Connect)
    assert rig.now - before >= 40.0


def test_d6_a_network_change_cuts_a_wait_short() -> None:
    rig = Rig()
    for _ in range(12):
        rig.lose(rig.until(Connect).attempt)
    assert rig.status.retry_at is not None
    assert rig.status.retry_at > rig.now + 2
    before = rig.now
    rig.feed(NetworkChanged())
    rig.until(Connect)
    assert rig.now == before


def test_d6_a_stuck_attempt_is_begun_anew() -> None:
    rig = Rig()
    first = rig.until(Connect).attempt
    assert rig.feed(NetworkChanged()) == []
    rig.advance(rig.now + 1.5)
    out = rig.feed(NetworkChanged())
    assert of(Close, out) == [Close(first)]
    assert of(Connect, out)[0].attempt == first + 1


def test_d1_a_stream_that_is_not_sip_ends_the_link() -> None:
    rig = Rig()
    attempt = rig.registered()
    out = rig.receive(attempt, b"HTTP/1.1 400 Bad Request\r\nServer: nginx\r\n\r\n")
    assert of(Close, out) == [Close(attempt)]
    assert of(LinkDown, out)[0].failure.kind is FailureKind.GARBAGE
    assert "not SIP" in of(LinkDown, out)[0].failure.text


def test_messages_before_the_garbage_are_not_lost() -> None:
    rig = Rig()
    attempt = rig.registered()
    out = rig.receive(attempt, bytes(answer("BYE")) + b"\x00garbage\r\n\r\n")
    assert [type(item) for item in out[:1]] == [MessageReceived]
    assert of(LinkDown, out)


def test_an_answerable_bad_request_gets_its_answer_and_the_link_stays() -> None:
    rig = Rig()
    attempt = rig.registered()
    bad = bytes(request("INVITE")).replace(b"CSeq: 1 INVITE", b"CSeq: 1 BYE")
    out = rig.receive(attempt, bad)
    assert written(out).startswith(b"SIP/2.0 400 ")
    assert not of(LinkDown, out)


def test_the_peers_ping_gets_one_crlf_and_a_flood_a_bounded_answer() -> None:
    rig = Rig()
    attempt = rig.registered()
    assert written(rig.receive(attempt, PING)) == b"\r\n"
    assert len(written(rig.receive(attempt, b"\r\n" * 10_000))) <= 16


def test_l10_sip_for_a_link_that_is_down_goes_nowhere() -> None:
    rig = Rig()
    rig.until(Connect)
    assert not of(Write, rig.feed(SendMessage(request("REGISTER"))))


def test_the_status_is_told_only_when_it_changes() -> None:
    rig = Rig()
    rig.registered()
    assert not rig.link.handle(SendMessage(request("OPTIONS")), rig.now)[1:]


def test_each_measured_round_trip_is_told_as_it_was_beside_the_smoothed_one() -> None:
    rig = Rig(keep_alive_s=30.0)
    attempt = rig.registered()
    for sample_s in (0.08, 0.04, 0.04):
        rig.until(Write)
        rig.advance(rig.now + sample_s)
        rig.receive(attempt, b"\r\n")
        assert rig.status.measured_at == rig.now
        assert rig.status.measured_s == pytest.approx(sample_s)
        assert rig.status.round_trip_s is not None
        assert rig.status.round_trip_s < 0.02
    rig.lose(attempt)
    assert (rig.status.measured_at, rig.status.measured_s) == (None, None)
