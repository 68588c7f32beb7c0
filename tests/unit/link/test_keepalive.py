"""Keep-alive and the verdict on a silent link: L6, D2, D3, D4, D7, S2."""

from __future__ import annotations

import pytest

from firmware.link.events import (
    CheckDelivery,
    Close,
    FailureKind,
    LinkDown,
    LinkState,
    NetworkChanged,
    SendMessage,
    ServiceConfirmed,
    TestLink,
    Write,
)
from firmware.sip.message import Request, parse_message
from tests.unit.link.rig import PING, Rig, answer, of, request, written


def next_write(rig: Rig, limit_s: float = 100.0) -> bytes:
    return rig.until(Write, limit_s).data


def test_l6_the_first_ping_follows_the_first_answer_to_register() -> None:
    rig = Rig()
    attempt = rig.connect()
    rig.feed(SendMessage(request("REGISTER")))
    assert PING not in [write.data for write in of(Write, rig.out)]
    out = rig.receive(attempt, bytes(answer("REGISTER", 401)))
    assert PING not in [write.data for write in of(Write, out)]
    out = rig.receive(attempt, bytes(answer("REGISTER", 200)))
    assert written(out) == PING


def test_l6_each_period_is_drawn_anew_from_80_to_100_percent() -> None:
    rig = Rig(keep_alive_s=30.0)
    attempt = rig.registered()
    gaps = []
    for _ in range(20):
        before = rig.now
        assert next_write(rig) == PING
        gaps.append(rig.now - before)
        rig.receive(attempt, b"\r\n")
    assert all(24.0 <= gap <= 30.0 for gap in gaps)
    assert len(set(gaps)) == len(gaps)


def test_l6_flow_timer_shortens_the_period() -> None:
    rig = Rig(keep_alive_s=30.0)
    rig.registered()
    rig.feed(ServiceConfirmed(flow_timer_s=10))
    before = rig.now
    assert next_write(rig) == PING
    assert 8.0 <= rig.now - before <= 10.0
    rig.feed(ServiceConfirmed(flow_timer_s=600))
    assert rig.status.keep_alive_s == 10.0


def test_l6_zero_switches_pings_off_and_the_screen_says_unproven() -> None:
    rig = Rig(keep_alive_s=0.0)
    attempt = rig.connect()
    rig.feed(SendMessage(request("REGISTER")))
    rig.receive(attempt, bytes(answer("REGISTER")))
    rig.out.clear()
    rig.advance(rig.now + 59)
    assert not of(Write, rig.out)
    rig.advance(rig.now + 2)
    states = [rig.status.state]
    rig.receive(attempt, bytes(answer("BYE")))
    states.append(rig.status.state)
    assert states == [LinkState.UNPROVEN, LinkState.UP]


def test_d2_unacknowledged_bytes_condemn_at_the_short_limit() -> None:
    rig = Rig()
    attempt = rig.registered()
    next_write(rig)
    pinged = rig.now
    rig.until(CheckDelivery)
    assert rig.now - pinged == pytest.approx(2.0)
    out = rig.kernel(attempt, 31)
    assert of(LinkDown, out)[0].failure.kind is FailureKind.SILENT
    assert of(Close, out) == [Close(attempt)]


def test_d2_slow_is_not_dead_until_ten_seconds() -> None:
    rig = Rig()
    attempt = rig.registered()
    next_write(rig)
    pinged = rig.now
    rig.until(CheckDelivery)
    assert not of(LinkDown, rig.kernel(attempt, 0))
    rig.until(LinkDown)
    assert rig.now - pinged == pytest.approx(10.0)


def test_d2_any_byte_proves_life() -> None:
    rig = Rig()
    attempt = rig.registered()
    next_write(rig)
    rig.advance(rig.now + 1.9)
    rig.receive(attempt, bytes(answer("MESSAGE")))
    assert not of(CheckDelivery, rig.advance(rig.now + 9))


def test_d2_the_limit_follows_the_round_trip() -> None:
    rig = Rig(keep_alive_s=30.0)
    attempt = rig.registered()
    for _ in range(30):
        next_write(rig)
        rig.advance(rig.now + 1.5)
        rig.receive(attempt, b"\r\n")
    next_write(rig)
    pinged = rig.now
    rig.until(CheckDelivery)
    assert 6.0 <= rig.now - pinged <= 10.0
    assert rig.status.round_trip_s == pytest.approx(1.5, abs=0.1)


def test_d3_a_proxy_that_never_pongs_is_asked_by_options() -> None:
    rig = Rig()
    attempt = rig.connect()
    rig.feed(SendMessage(request("REGISTER")))
    rig.receive(attempt, bytes(answer("REGISTER")))  # The first ping goes out.
    rig.until(CheckDelivery)
    rig.kernel(attempt, 0)
    options = parse_message(of(Write, rig.out)[-1].data)
    assert isinstance(options, Request)
    assert (options.method, options.max_forwards) == ("OPTIONS", 0)
    out = rig.receive(attempt, bytes(options.answer(200)))
    assert not [item for item in out if type(item).__name__ == "MessageReceived"]
    assert rig.status.answers_pings is False
    # From now on OPTIONS alone, and no proxy is condemned for its missing pongs.
    for _ in range(5):
        options = parse_message(next_write(rig))
        assert isinstance(options, Request)
        rig.receive(attempt, bytes(options.answer(483)))
    assert rig.status.state is LinkState.UP


def test_d3_a_proxy_whose_own_ping_was_taken_for_a_pong_is_not_condemned() -> None:
    rig = Rig()
    attempt = rig.connect()
    rig.feed(SendMessage(request("REGISTER")))
    rig.receive(attempt, bytes(answer("REGISTER")))
    rig.receive(attempt, PING)  # It crosses our first ping, which gets no pong.
    assert rig.status.answers_pings is True
    assert next_write(rig) == PING
    rig.kernel(attempt, 0)
    options = parse_message(next_write(rig, 6.0))
    assert isinstance(options, Request)
    rig.receive(attempt, bytes(options.answer(483)))
    assert rig.status.answers_pings is False
    rig.receive(attempt, PING)  # Nobody asked: it is no pong.
    assert rig.status.answers_pings is False


def test_d3_pong_support_is_learnt_anew_when_a_late_pong_comes() -> None:
    rig = Rig()
    attempt = rig.connect()
    rig.feed(SendMessage(request("REGISTER")))
    rig.receive(attempt, bytes(answer("REGISTER")))
    rig.until(CheckDelivery)
    rig.receive(attempt, b"\r\n")
    assert rig.status.answers_pings is True
    assert next_write(rig) == PING


TRIP_S = 1.0


def far_away(rig: Rig) -> int:
    """Bring a link up whose shortest round trip is TRIP_S; return its attempt."""
    attempt = rig.connect()
    rig.feed(SendMessage(request("REGISTER")))
    rig.receive(attempt, bytes(answer("REGISTER")))
    rig.advance(rig.now + TRIP_S)
    rig.receive(attempt, b"\r\n")
    return attempt


def test_d2_a_byte_that_was_on_its_way_before_a_ping_does_not_answer_it() -> None:
    rig = Rig()
    attempt = far_away(rig)
    assert next_write(rig) == PING
    pinged = rig.now
    rig.advance(pinged + TRIP_S / 2)
    rig.receive(attempt, bytes(answer("MESSAGE")))
    rig.until(CheckDelivery)
    assert rig.now - pinged == pytest.approx(4 * TRIP_S + 4 * TRIP_S / 2)
    assert of(LinkDown, rig.kernel(attempt, 4))


def test_d2_what_answers_is_an_answer_however_quick() -> None:
    rig = Rig()
    attempt = far_away(rig)
    assert next_write(rig) == PING
    rig.advance(rig.now + TRIP_S / 10)
    rig.receive(attempt, b"\r\n")
    assert not of(CheckDelivery, rig.advance(rig.now + 9))
    assert next_write(rig) == PING
    options = parse_message(next_write(rig))
    assert isinstance(options, Request)
    rig.out.clear()
    rig.receive(attempt, bytes(options.answer(200)))
    assert not of(CheckDelivery, rig.advance(rig.now + 9))


def test_d4_what_was_on_its_way_before_a_request_does_not_answer_it() -> None:
    rig = Rig()
    attempt = far_away(rig)
    rig.feed(SendMessage(request("INVITE")))
    sent = rig.now
    rig.advance(sent + TRIP_S / 2)
    rig.receive(attempt, bytes(answer("MESSAGE")))
    rig.out.clear()
    rig.until(Write)
    assert rig.now - sent == pytest.approx(2.0)
    assert written(rig.out).startswith(PING + b"OPTIONS")


def test_d4_a_byte_after_a_round_trip_answers_a_request() -> None:
    rig = Rig()
    attempt = far_away(rig)
    rig.feed(SendMessage(request("INVITE")))
    rig.advance(rig.now + TRIP_S)
    rig.receive(attempt, bytes(answer("INVITE", 100)))
    assert not of(Write, rig.advance(rig.now + 9))


def test_d4_a_silent_proxy_is_asked_at_half_the_timer_and_condemned_at_the_full() -> None:
    rig = Rig()
    attempt = rig.registered()
    rig.feed(SendMessage(request("INVITE")))
    sent = rig.now
    rig.out.clear()
    rig.until(Write)
    assert rig.now - sent == pytest.approx(2.0)
    assert written(rig.out).startswith(PING + b"OPTIONS sip:192.0.2.1")
    rig.until(CheckDelivery)
    assert rig.now - sent == pytest.approx(4.0)
    assert of(LinkDown, rig.kernel(attempt, 500))


def test_d4_where_tcp_acknowledged_everything_the_limit_is_ten_seconds() -> None:
    rig = Rig()
    attempt = rig.registered()
    rig.feed(SendMessage(request("INVITE")))
    sent = rig.now
    rig.until(CheckDelivery)
    rig.kernel(attempt, 0)
    rig.until(LinkDown)
    assert rig.now - sent == pytest.approx(10.0)


def test_d4_an_end_to_end_request_alone_never_condemns_the_link() -> None:
    rig = Rig(keep_alive_s=300.0)
    attempt = rig.registered()
    rig.feed(SendMessage(request("BYE")))
    rig.until(Write)
    rig.receive(attempt, b"\r\n")  # The proxy is there, the far end is not.
    assert not of(LinkDown, rig.advance(rig.now + 60))


def test_d8_a_proxy_that_answers_pings_and_no_request_is_condemned() -> None:
    rig = Rig()
    attempt = rig.connect()
    rig.feed(SendMessage(request("REGISTER")))
    begun = rig.now
    rig.receive(attempt, PING)  # Its own ping is no answer.
    next_write(rig)
    assert rig.now - begun == 2.0
    assert b"OPTIONS" in written(rig.out)
    rig.receive(attempt, b"\r\n")
    assert rig.until(LinkDown).failure.kind is FailureKind.SILENT
    assert rig.now - begun == 10.0
    assert rig.status.state is LinkState.WAITING


def test_d8_a_slow_registrar_behind_a_proxy_that_speaks_is_waited_for() -> None:
    rig = Rig()
    attempt = rig.connect()
    rig.feed(SendMessage(request("REGISTER")))
    begun = rig.now
    assert next_write(rig) == PING  # D4's; OPTIONS comes with it.
    options = next(w.data for w in of(Write, rig.out) if w.data.startswith(b"OPTIONS"))
    question = parse_message(options)
    assert isinstance(question, Request)
    rig.receive(attempt, b"\r\n" + bytes(question.answer(200)))
    rig.advance(begun + 31.0)
    assert not of(LinkDown, rig.out)


def test_d7_lifting_the_handset_pings_unless_life_was_proven_lately() -> None:
    rig = Rig()
    attempt = rig.registered()
    assert not of(Write, rig.feed(TestLink()))
    rig.advance(rig.now + 6)
    assert written(rig.feed(TestLink())) == PING
    assert not of(Write, rig.feed(TestLink()))  # One question at a time.
    rig.until(CheckDelivery)
    assert of(LinkDown, rig.kernel(attempt, 4))


def test_d7_the_pong_of_such_a_ping_is_known_for_one() -> None:
    rig = Rig()
    attempt = rig.connect()
    rig.advance(rig.now + 6)
    assert written(rig.feed(TestLink())) == PING
    rig.receive(attempt, b"\r\n")
    assert rig.status.answers_pings is True
    assert not of(Write, rig.receive(attempt, b"\r\n"))


def test_d6_a_network_change_asks_at_once() -> None:
    rig = Rig()
    rig.registered()
    assert written(rig.feed(NetworkChanged())) == PING


def test_s2_a_link_without_proof_of_life_is_not_shown_as_up() -> None:
    rig = Rig(keep_alive_s=30.0)
    attempt = rig.registered()
    proof = rig.now
    rig.until(CheckDelivery)
    rig.kernel(attempt, 0)
    rig.advance(proof + 30 + 2 + 4 + 0.001)
    assert rig.status.state in {LinkState.UNPROVEN, LinkState.WAITING}


def test_d3_options_follow_a_silent_ping_however_short_the_period_is() -> None:
    rig = Rig(keep_alive_s=5.0)
    attempt = rig.registered()  # Answered one ping, or so it seemed: a ping of its own came then.
    pinged = None
    while b"OPTIONS" not in (said := next_write(rig)):
        assert said == PING
        pinged = pinged or rig.now
    assert pinged is not None
    assert rig.now - pinged == pytest.approx(5.0)
    sent = parse_message(said)
    assert isinstance(sent, Request)
    rig.receive(attempt, bytes(sent.answer(200)))
    rig.advance(rig.now + 4)
    assert not of(LinkDown, rig.out), "its answer came in time"
