"""Requests of ours: every state and every event (RFC 3261 17.1, RFC 6026)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from firmware.link.events import LinkUp, Proxy, Role, SendMessage
from firmware.sip.message import Request, Response
from firmware.transaction import client, invite_client
from firmware.transaction.events import (
    CancelLost,
    RequestFailed,
    RequestFailure,
    ResponseReceived,
    SendAck,
    SendRequest,
    ServiceLost,
    ServiceUp,
)
from firmware.transaction.layer import CLIENTS_MAX
from tests.unit.transaction.bench import LOCAL, LOST, PROXY, Bench, ours, sent

TIMEOUT = RequestFailed("k", RequestFailure.TIMEOUT)
LINK_LOST = RequestFailed("k", RequestFailure.LINK_LOST)


def up(response: Response) -> ResponseReceived:
    return ResponseReceived("k", response)


def test_a_request_gets_a_via_of_the_live_link_with_a_new_branch() -> None:
    bench = Bench()
    first, second = bench.send("OPTIONS", "a"), bench.send("OPTIONS", "b")
    assert str(first.via) == f"SIP/2.0/TLS {LOCAL};branch=z9hG4bK1;rport"
    assert first.via.branch != second.via.branch
    assert first.headers.without("Via") == ours("OPTIONS").headers


@pytest.mark.parametrize("method", ["REGISTER", "INVITE"])
def test_a_request_without_a_link_fails_at_once(method: str) -> None:
    bench = Bench(up=False)
    assert bench.feed(SendRequest("k", ours(method))) == [LINK_LOST]
    assert bench.layer.deadline() is None


@pytest.mark.parametrize("method", ["REGISTER", "INVITE"])
def test_timer_b_and_f_end_an_unanswered_request_after_64_t1(method: str) -> None:
    bench = Bench()
    bench.send(method)
    assert bench.wait(31.9) == []
    assert bench.layer.waiting_requests == ("k",)
    assert bench.wait(0.1) == [TIMEOUT]
    assert bench.layer.open_transactions == 0


@pytest.mark.parametrize("status", [200, 302, 401, 503, 603])
@pytest.mark.parametrize("provisional", [False, True])
def test_a_final_response_ends_a_request_once(status: int, provisional: bool) -> None:
    bench = Bench()
    request = bench.send("BYE")
    if provisional:
        assert bench.receive(request.answer(100)) == [up(request.answer(100))]
        assert bench.answer(request, 183) == [up(request.answer(183, to_tag="far"))]
    assert bench.answer(request, status) == [up(request.answer(status, to_tag="far"))]
    assert bench.answer(request, status) == []
    assert bench.answer(request, 100) == []
    assert bench.wait(100) == []


def test_a_provisional_response_does_not_stop_timer_f() -> None:
    bench = Bench()
    request = bench.send("BYE")
    bench.wait(10)
    bench.answer(request, 100)
    assert bench.wait(22) == [TIMEOUT]


def test_a_provisional_response_stops_timer_b() -> None:
    bench = Bench()
    invite = bench.send("INVITE")
    bench.answer(invite, 180)
    assert bench.wait(3600) == []
    assert bench.layer.waiting_requests == ("k",)


def test_every_2xx_of_an_invite_is_handed_up_until_timer_m() -> None:
    bench = Bench()
    invite = bench.send("INVITE")
    assert bench.answer(invite, 200) == [up(invite.answer(200, to_tag="far"))]
    assert bench.layer.waiting_requests == ()
    fork = invite.answer(200, to_tag="fork2")
    bench.wait(31)
    assert bench.receive(fork) == [up(fork)]
    assert bench.answer(invite, 180) == []
    assert bench.answer(invite, 486) == []
    assert bench.cancel() == []
    assert bench.wait(1) == []
    assert bench.receive(fork) == []
    assert bench.layer.open_transactions == 0


def test_the_ack_of_a_refusal_is_the_layers_own() -> None:
    bench = Bench()
    route = ("Route", "<sip:edge.example.org;lr>")
    asked = ours("INVITE", route, ("Subject", "lunch"), ("Proxy-Authorization", "Digest x"))
    invite = sent(bench.feed(SendRequest("k", asked)), Request)
    refusal = invite.answer(486, to_tag="far")
    ack_out, answer_up = bench.receive(refusal)
    assert answer_up == up(refusal)
    ack = sent([ack_out], Request)
    assert bytes(ack).decode().split("\r\n") == [
        "ACK sip:bob@example.org SIP/2.0",
        f"Via: {invite.headers.get('Via')}",
        "Route: <sip:edge.example.org;lr>",
        "Max-Forwards: 70",
        "From: <sip:alice@example.org>;tag=mine",
        "To: <sip:bob@example.org>;tag=far",
        "Call-ID: call-1",
        "CSeq: 7 ACK",
        "Content-Length: 0",
        "",
        "",
    ]
    assert bench.receive(refusal) == []


def test_the_ack_of_a_2xx_is_a_transaction_of_its_own() -> None:
    bench = Bench()
    invite = bench.send("INVITE")
    bench.answer(invite, 200)
    ack = sent(bench.feed(SendAck(ours("ACK"))), Request)
    assert ack.via.branch not in {"", invite.via.branch}
    bench.lose()
    assert bench.feed(SendAck(ours("ACK"))) == []


def test_a_cancel_copies_what_its_invite_said() -> None:
    bench = Bench()
    invite = bench.send("INVITE")
    bench.answer(invite, 180)
    cancel = sent(bench.cancel(), Request)
    assert cancel.uri == invite.uri
    assert str(cancel.cseq) == "7 CANCEL"
    for name in ("Via", "From", "To", "Call-ID"):
        assert cancel.headers.get(name) == invite.headers.get(name)


def test_a_cancel_waits_for_the_first_provisional_response() -> None:
    bench = Bench()
    invite = bench.send("INVITE")
    assert bench.cancel() == []
    trying = invite.answer(100)
    assert bench.receive(trying)[0] == up(trying)
    assert bench.layer.waiting_requests == ("k",)
    assert bench.answer(invite, 180) == [up(invite.answer(180, to_tag="far"))]


def test_a_cancel_that_waits_is_dropped_by_a_final_response_and_by_timer_b() -> None:
    for status in (200, 486):
        bench = Bench()
        invite = bench.send("INVITE")
        bench.cancel()
        methods = {
            o.message.method
            for o in bench.answer(invite, status)
            if isinstance(o, SendMessage) and isinstance(o.message, Request)
        }
        assert "CANCEL" not in methods
    bench = Bench()
    bench.send("INVITE")
    bench.cancel()
    assert bench.wait(32) == [TIMEOUT]


def test_a_cancel_is_sent_once_and_its_answer_concerns_nobody() -> None:
    bench = Bench()
    invite = bench.send("INVITE")
    bench.answer(invite, 180)
    cancel = sent(bench.cancel(), Request)
    assert bench.cancel() == []
    assert bench.answer(cancel, 200) == []
    assert bench.layer.waiting_requests == ("k",)
    out = bench.answer(invite, 487)
    assert sent(out, Request).method == "ACK"
    assert up(invite.answer(487, to_tag="far")) in out


def test_a_2xx_may_cross_the_cancel() -> None:
    bench = Bench()
    invite = bench.send("INVITE")
    bench.answer(invite, 180)
    bench.cancel()
    assert bench.answer(invite, 200) == [up(invite.answer(200, to_tag="far"))]


def test_a_cancelled_invite_gets_64_t1_to_end() -> None:
    bench = Bench()
    invite = bench.send("INVITE")
    bench.answer(invite, 180)
    bench.wait(500)
    bench.cancel()
    assert bench.wait(31) == []
    bench.answer(invite, 180)
    assert bench.wait(1) == [TIMEOUT]


def test_a_cancel_of_what_is_over_or_no_invite_does_nothing() -> None:
    bench = Bench()
    assert bench.cancel("unknown") == []
    request = bench.send("BYE")
    bench.answer(request, 100)
    assert bench.cancel() == []


def test_a_lost_link_fails_what_is_open_and_then_says_so() -> None:
    bench = Bench()
    bench.send("REGISTER", "register")
    ringing, answered = bench.send("INVITE", "ringing"), bench.send("INVITE", "answered")
    bench.answer(ringing, 180)
    bench.answer(answered, 200)
    over = bench.send("BYE", "over")
    bench.answer(over, 200)
    assert bench.lose() == [
        RequestFailed("register", RequestFailure.LINK_LOST),
        RequestFailed("ringing", RequestFailure.LINK_LOST, ringing),
        ServiceLost(LOST),
    ]
    assert bench.layer.waiting_requests == ()
    assert bench.layer.deadline() is None


def test_a_response_is_matched_by_branch_method_and_sent_by() -> None:
    bench = Bench()
    request = bench.send("BYE")
    good = request.answer(200, to_tag="far")
    via = request.via
    strangers = [
        replace(via, parameters=via.parameters.with_("branch", "z9hG4bKother")),
        replace(via, host="192.0.2.8"),
        replace(via, port=40001),
    ]
    for stranger in strangers:
        assert bench.receive(Response(200, "", good.headers.set("Via", stranger))) == []
    assert bench.receive(Response(200, "", good.headers.set("CSeq", "7 INFO"))) == []
    two_vias = good.headers.prepend("Via", via)
    assert bench.receive(Response(200, "", two_vias)) == []
    marked = replace(via, parameters=via.parameters.with_("received", "203.0.113.9"))
    back = Response(200, "", good.headers.set("Via", marked))
    assert bench.receive(back) == [up(back)]


def test_requests_of_ours_are_bounded() -> None:
    bench = Bench()
    for number in range(CLIENTS_MAX):
        bench.send("BYE", f"k{number}")
    assert bench.feed(SendRequest("k", ours("BYE"))) == [TIMEOUT]
    assert bench.layer.open_transactions == CLIENTS_MAX


def test_ack_and_cancel_have_commands_of_their_own() -> None:
    for method in ("ACK", "CANCEL"):
        with pytest.raises(AssertionError):
            Bench().send(method)


@pytest.mark.parametrize("module", [client, invite_client])
def test_no_way_leads_out_of_terminated(module: object) -> None:
    table = module.LEGAL  # type: ignore[attr-defined] # each module has its own State
    state = module.State  # type: ignore[attr-defined] # the same
    assert set(table) == set(state)
    assert table[state.TERMINATED] == set()


def test_f5_the_cancel_of_a_lost_invite_bears_its_branch_and_goes_over_the_next_link() -> None:
    bench = Bench()
    invite = bench.send("INVITE")
    bench.answer(invite, 180)
    failed = bench.lose()[0]
    assert failed == RequestFailed("k", RequestFailure.LINK_LOST, invite)
    bench.feed(LinkUp(PROXY, replace(LOCAL, port=40001)))
    cancel = sent(bench.feed(CancelLost(invite)), Request)
    assert cancel.method == "CANCEL"
    assert cancel.via == invite.via, "the proxy finds the INVITE by it (9.1)"
    assert (cancel.uri, cancel.call_id, cancel.from_) == (invite.uri, invite.call_id, invite.from_)
    assert (cancel.cseq.number, cancel.to) == (invite.cseq.number, invite.to)
    assert bench.answer(cancel, 200) == []
    assert bench.answer(invite, 487) == []
    assert bench.layer.open_transactions == 0


def test_no_more_cancels_are_owed_than_there_may_be_requests() -> None:
    bench = Bench()
    invite = bench.send("INVITE")
    bench.lose()
    for number in range(CLIENTS_MAX + 1):
        bench.feed(CancelLost(invite, f"SIP;cause={number}"))
    first = sent(bench.feed(LinkUp(PROXY, LOCAL))[1:2], Request)
    assert first.headers.get("Reason") == "SIP;cause=1", "the oldest is let go"


@pytest.mark.parametrize("proxy", [PROXY, replace(PROXY, role=Role.BACKUP, host="backup.example")])
def test_f5_a_cancel_that_the_next_link_has_not_carried_is_owed_to_the_same_proxy(
    proxy: Proxy,
) -> None:
    bench = Bench()
    invite = bench.send("INVITE")
    bench.lose()
    assert bench.feed(CancelLost(invite)) == [], "not without a link"
    up, *owed = bench.feed(LinkUp(proxy, LOCAL))
    assert isinstance(up, ServiceUp)
    assert [sent([out], Request).method for out in owed] == ["CANCEL"] * (proxy == PROXY)
    bench.lose()
    assert len(bench.feed(LinkUp(PROXY, LOCAL))) == 1, "once, or never"
