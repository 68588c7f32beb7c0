"""Requests of theirs: every state and every event (RFC 3261 17.2, RFC 4320, RFC 6026)."""

from __future__ import annotations

import pytest

from firmware.link.events import Address, LinkUp, Proxy, Role, SendMessage
from firmware.sip.message import Request, Response
from firmware.transaction import invite_server, server
from firmware.transaction.events import (
    AckReceived,
    CancelReceived,
    RequestReceived,
    SendResponse,
    ServiceLost,
    ServiceUp,
)
from firmware.transaction.layer import RETRY_AFTER_S, SERVERS_MAX
from tests.unit.transaction.bench import LOCAL, LOST, PROXY, Bench, sent, statuses, theirs

MOVED = Address("192.0.2.7", 40001)
OTHER = Proxy(Role.BACKUP, "proxy2.example.org", 5061)


def with_reason(cancel: Request, reason: str) -> Request:
    return Request(cancel.method, cancel.uri, cancel.headers.add("Reason", reason))


def test_the_service_follows_the_link() -> None:
    bench = Bench(up=False)
    assert bench.feed(LinkUp(PROXY, LOCAL)) == [ServiceUp(PROXY, LOCAL)]
    assert bench.lose() == [ServiceLost(LOST)]


@pytest.mark.parametrize("status", [200, 404, 603])
def test_a_request_is_answered_once(status: int) -> None:
    bench = Bench()
    request = theirs("OPTIONS")
    key = bench.meet(request)
    assert statuses(bench.reply(key, request, status)) == [status]
    assert bench.layer.open_transactions == 0
    assert bench.reply(key, request, 200) == []
    assert bench.wait(100) == []


def test_a_repeated_request_is_not_handed_up() -> None:
    bench = Bench()
    request = theirs("OPTIONS")
    bench.meet(request)
    assert bench.receive(request) == []


def test_a_late_answer_is_announced_with_100() -> None:
    """RFC 4320 4.1: when timer E of the peer would reach T2."""
    bench = Bench()
    request = theirs("OPTIONS")
    key = bench.meet(request)
    assert bench.wait(3.4) == []
    assert statuses(bench.wait(0.1)) == [100]
    assert statuses(bench.receive(request)) == [100]
    assert statuses(bench.reply(key, request, 200)) == [200]


def test_an_agent_may_say_100_itself() -> None:
    bench = Bench()
    request = theirs("OPTIONS")
    key = bench.meet(request)
    assert statuses(bench.reply(key, request, 100)) == [100]
    assert bench.wait(10) == []
    assert statuses(bench.reply(key, request, 100)) == [100]
    assert statuses(bench.reply(key, request, 200)) == [200]


def test_a_request_that_nobody_answers_ends_without_a_word() -> None:
    """RFC 4320 4.2: never 408."""
    bench = Bench()
    request = theirs("OPTIONS")
    key = bench.meet(request)
    assert statuses(bench.wait(100)) == [100]
    assert bench.layer.open_transactions == 0
    assert bench.reply(key, request, 200) == []


@pytest.mark.parametrize("status", [180, 408])
def test_rfc_4320_forbids(status: int) -> None:
    bench = Bench()
    request = theirs("OPTIONS")
    key = bench.meet(request)
    with pytest.raises(AssertionError, match="RFC 4320"):
        bench.reply(key, request, status)


def test_an_invite_is_answered_with_100_after_200_ms() -> None:
    bench = Bench()
    invite = theirs("INVITE")
    bench.meet(invite)
    assert bench.receive(invite) == []
    assert bench.wait(0.19) == []
    assert statuses(bench.wait(0.02)) == [100]
    assert statuses(bench.receive(invite)) == [100]
    assert bench.wait(1000) == []


def test_an_invite_that_rings_in_time_gets_no_100() -> None:
    bench = Bench()
    invite = theirs("INVITE")
    key = bench.meet(invite)
    assert statuses(bench.reply(key, invite, 180)) == [180]
    assert statuses(bench.receive(invite)) == [180]
    assert bench.wait(1000) == []


def test_a_2xx_may_be_repeated_until_timer_l() -> None:
    bench = Bench()
    invite = theirs("INVITE")
    key = bench.meet(invite)
    assert statuses(bench.reply(key, invite, 200)) == [200]
    assert bench.receive(invite) == []
    assert statuses(bench.reply(key, invite, 200)) == [200]
    assert bench.reply(key, invite, 180) == []
    assert bench.reply(key, invite, 486) == []
    assert bench.wait(31.9) == []
    assert bench.layer.open_transactions == 1
    bench.wait(0.1)
    assert bench.layer.open_transactions == 0
    assert bench.reply(key, invite, 200) == []


def test_a_refusal_is_repeated_until_its_ack() -> None:
    bench = Bench()
    invite = theirs("INVITE")
    key = bench.meet(invite)
    assert statuses(bench.reply(key, invite, 486)) == [486]
    assert statuses(bench.receive(invite)) == [486]
    assert bench.reply(key, invite, 200) == []
    assert bench.receive(theirs("ACK", to_tag="mine")) == []
    assert bench.layer.open_transactions == 0


def test_timer_h_ends_a_refusal_that_is_never_acknowledged() -> None:
    bench = Bench()
    invite = theirs("INVITE")
    bench.reply(bench.meet(invite), invite, 486)
    assert bench.wait(32) == []
    assert bench.layer.open_transactions == 0


def test_the_ack_of_a_2xx_goes_to_the_agent() -> None:
    bench = Bench()
    invite = theirs("INVITE")
    bench.reply(bench.meet(invite), invite, 200)
    for branch in ("z9hG4bKown", "z9hG4bKfar1"):  # Some peers use the branch of the INVITE.
        ack = theirs("ACK", branch, to_tag="mine")
        assert bench.receive(ack) == [AckReceived(ack)]


def test_an_ack_before_any_final_answer_is_dropped() -> None:
    bench = Bench()
    bench.meet(theirs("INVITE"))
    assert bench.receive(theirs("ACK")) == []
    assert bench.layer.open_transactions == 1


def test_a_cancel_is_answered_and_handed_up_once() -> None:
    bench = Bench()
    invite = theirs("INVITE")
    key = bench.meet(invite)
    bench.reply(key, invite, 180)
    cancel = with_reason(theirs("CANCEL"), 'SIP;cause=200;text="Call completed elsewhere"')
    answer, up = bench.receive(cancel)
    ok = sent([answer], Response)
    assert (ok.status, str(ok.cseq), ok.to.tag) == (200, "1 CANCEL", "mine")
    assert up == CancelReceived(key, 'SIP;cause=200;text="Call completed elsewhere"')
    assert statuses(bench.receive(cancel)) == [200]
    assert not any(isinstance(o, CancelReceived) for o in bench.receive(cancel))
    assert statuses(bench.reply(key, invite, 487)) == [487]


def test_a_cancel_before_the_first_answer_gets_a_to_tag() -> None:
    bench = Bench()
    key = bench.meet(theirs("INVITE"))
    answer, up = bench.receive(theirs("CANCEL"))
    assert sent([answer], Response).to.tag
    assert up == CancelReceived(key, "")


@pytest.mark.parametrize("status", [200, 486])
def test_a_cancel_after_the_answer_changes_nothing(status: int) -> None:
    bench = Bench()
    invite = theirs("INVITE")
    bench.reply(bench.meet(invite), invite, status)
    out = bench.receive(theirs("CANCEL"))
    assert statuses(out) == [200]
    assert len(out) == 1


def test_a_cancel_of_nothing_gets_481() -> None:
    bench = Bench()
    assert statuses(bench.receive(theirs("CANCEL"))) == [481]
    bench.meet(theirs("OPTIONS"))
    assert statuses(bench.receive(theirs("CANCEL"))) == [481]


@pytest.mark.parametrize(
    "other",
    [
        theirs("OPTIONS", branch="z9hG4bKother", cseq=2),
        theirs("OPTIONS", sent_by="other.example.org:5061", cseq=2),
        theirs("OPTIONS", sent_by="proxy.example.org:5062", cseq=2),
        theirs("INFO"),
    ],
)
def test_a_request_is_matched_by_branch_sent_by_and_method(other: Request) -> None:
    bench = Bench()
    assert bench.meet(theirs("OPTIONS")) != bench.meet(other)


def test_the_case_of_sent_by_does_not_matter() -> None:
    bench = Bench()
    bench.meet(theirs("OPTIONS"))
    assert bench.receive(theirs("OPTIONS", sent_by="Proxy.Example.ORG:5061")) == []


def test_a_peer_of_rfc_2543_is_matched_by_what_it_says() -> None:
    bench = Bench()
    invite = theirs("INVITE", branch="1")
    key = bench.meet(invite)
    assert bench.receive(invite) == []
    assert isinstance(bench.receive(theirs("INVITE", branch="1", cseq=2))[0], RequestReceived)
    out = bench.receive(theirs("CANCEL", branch="1"))
    assert CancelReceived(key, "") in out
    bench.reply(key, invite, 487)
    assert bench.receive(theirs("ACK", branch="1", to_tag="mine")) == []


@pytest.mark.parametrize("method", ["INVITE", "OPTIONS"])
def test_a_copy_on_another_path_gets_482(method: str) -> None:
    """RFC 3261 8.2.2.2."""
    bench = Bench()
    bench.meet(theirs(method))
    assert statuses(bench.receive(theirs(method, "z9hG4bKcopy"))) == [482]
    bench.meet(theirs(method, "z9hG4bKother", from_tag="another"))
    bench.meet(theirs(method, "z9hG4bKnext", cseq=2))


def test_within_a_dialog_nothing_is_a_copy() -> None:
    bench = Bench()
    bench.meet(theirs("INFO", to_tag="mine"))
    bench.meet(theirs("INFO", "z9hG4bKcopy", to_tag="mine"))


def test_the_ack_of_the_482_ends_here() -> None:
    bench = Bench()
    bench.meet(theirs("INVITE"))
    bench.receive(theirs("INVITE", "z9hG4bKcopy"))
    assert bench.receive(theirs("ACK", "z9hG4bKcopy", to_tag="x")) == []


def test_a_lost_link_takes_their_requests_with_it() -> None:
    bench = Bench()
    options = theirs("OPTIONS", "z9hG4bKfar2", cseq=2)
    key = bench.meet(options)
    assert bench.lose() == [ServiceLost(LOST)]
    assert bench.layer.deadline() is None
    bench.feed(LinkUp(PROXY, LOCAL))
    assert bench.reply(key, options, 200) == []
    assert bench.meet(options) != key


@pytest.mark.parametrize("status", [180, 200, 486])
def test_rfc3261_18_2_2_an_invite_is_answered_over_the_next_link_to_its_proxy(status: int) -> None:
    bench, invite = Bench(), theirs("INVITE")
    key = bench.meet(invite)
    assert bench.lose() == [ServiceLost(LOST)]
    assert bench.wait(1) == [], "no 100 either"
    assert bench.reply(key, invite, 180) == [], "there is no link"
    bench.feed(LinkUp(PROXY, MOVED))
    ok = sent(bench.reply(key, invite, status), Response)
    assert (ok.status, ok.vias) == (status, invite.vias)


def test_another_proxy_is_not_answered_for_it() -> None:
    bench, invite = Bench(), theirs("INVITE")
    key = bench.meet(invite)
    bench.lose()
    bench.feed(LinkUp(OTHER, MOVED))
    assert bench.reply(key, invite, 180) == []
    bench.lose()
    bench.feed(LinkUp(PROXY, MOVED))
    assert statuses(bench.reply(key, invite, 180)) == [180], "it may be back"


def test_a_refusal_that_was_said_without_a_link_waits_for_that_proxy() -> None:
    bench, invite = Bench(), theirs("INVITE")
    key = bench.meet(invite)
    bench.lose()
    assert bench.reply(key, invite, 486) == []
    assert statuses(bench.feed(LinkUp(OTHER, MOVED))) == []
    bench.lose()
    assert statuses(bench.feed(LinkUp(PROXY, MOVED))) == [486]
    bench.receive(theirs("ACK", to_tag="mine"))
    bench.lose()
    assert statuses(bench.feed(LinkUp(PROXY, MOVED))) == [], "it is acknowledged"
    assert bench.layer.open_transactions == 0


def test_a_refusal_that_nobody_can_be_told_is_forgotten() -> None:
    bench, invite = Bench(), theirs("INVITE")
    key = bench.meet(invite)
    bench.lose()
    bench.reply(key, invite, 486)
    assert bench.wait(33) == []
    assert bench.layer.open_transactions == 0


def test_a_cancel_over_the_next_link_finds_its_invite() -> None:
    bench, invite = Bench(), theirs("INVITE")
    key = bench.meet(invite)
    bench.reply(key, invite, 180)
    bench.lose()
    bench.feed(LinkUp(PROXY, MOVED))
    out = bench.receive(theirs("CANCEL"))
    assert statuses(out) == [200]
    assert out[-1] == CancelReceived(key)


def test_an_invite_that_comes_again_over_another_link_is_no_copy() -> None:
    bench = Bench()
    bench.meet(theirs("INVITE"))
    bench.lose()
    bench.feed(LinkUp(PROXY, MOVED))
    bench.meet(theirs("INVITE", "z9hG4bKagain"))
    copy = bench.receive(theirs("INVITE", "z9hG4bKcopy"))
    assert statuses(copy) == [482], "but two of one link are"


def test_a_flood_is_answered_with_503() -> None:
    bench = Bench()
    for number in range(SERVERS_MAX):
        bench.meet(theirs("OPTIONS", f"z9hG4bK{number}", cseq=number + 1))
    for method in ("OPTIONS", "INVITE"):
        refusal = sent(bench.receive(theirs(method, "z9hG4bKmore", cseq=1000)), Response)
        assert (refusal.status, refusal.retry_after) == (503, RETRY_AFTER_S)
        assert refusal.to.tag
    assert bench.layer.open_transactions == SERVERS_MAX


def test_calls_one_after_the_other_are_no_flood() -> None:
    bench = Bench()
    for number in range(SERVERS_MAX + 2):
        invite = theirs("INVITE", f"z9hG4bK{number}", cseq=2 * number + 1)
        bench.reply(bench.meet(invite), invite, 200)
        bye = theirs("BYE", f"z9hG4bKbye{number}", cseq=2 * number + 2)
        assert statuses(bench.reply(bench.meet(bye), bye, 200)) == [200]
    assert bench.layer.open_transactions == SERVERS_MAX - 1
    assert bench.wait(100) == []
    assert bench.layer.open_transactions == 0


def test_an_answer_to_nothing_is_dropped() -> None:
    bench = Bench()
    assert bench.feed(SendResponse("in99", theirs("OPTIONS").answer(200))) == []


def test_100_has_no_to_tag_and_keeps_every_via() -> None:
    bench = Bench()
    bench.meet(theirs("INVITE"))
    (out,) = bench.wait(0.2)
    assert isinstance(out, SendMessage)
    assert isinstance(out.message, Response)
    assert out.message.to.tag is None
    assert len(out.message.vias) == 2


@pytest.mark.parametrize("module", [server, invite_server])
def test_no_way_leads_out_of_terminated(module: object) -> None:
    table = module.LEGAL  # type: ignore[attr-defined] # each module has its own State
    state = module.State  # type: ignore[attr-defined] # the same
    assert set(table) == set(state)
    assert table[state.TERMINATED] == set()
