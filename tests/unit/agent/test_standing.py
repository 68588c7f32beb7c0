"""What this phone asks of a far end while they talk: INVITE within the dialog (RFC 3261 14)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from firmware.agent import reasons
from firmware.agent.events import (
    Answer,
    CallEnded,
    EndCause,
    Hold,
    HoldChanged,
    MediaChanged,
    Resume,
)
from firmware.agent.events import HangUp as Hang
from firmware.media.plan import Direction
from firmware.transaction.events import AckReceived, CancelRequest, SendAck
from tests.unit.agent.rig import BACKUP, Rig, account, invite, of
from tests.unit.agent.talking import AUDIO, HELD, Talking

BOTH = pytest.mark.parametrize("placed", [True, False], ids=["placed", "received"])
CHALLENGE = ("Proxy-Authenticate", 'Digest realm="example.org", nonce="n1", qop="auth"')


def held(*, placed: bool = True) -> Talking:
    rig = Talking(placed=placed)
    rig.feed(Hold(1))
    rig.grants(rig.asked(), HELD)
    rig.out.clear()
    return rig


def directions(rig: Rig) -> list[Direction]:
    return [changed.plan.direction for changed in of(MediaChanged, rig.out)]


@BOTH
def test_hold_is_an_invite_within_the_dialog(placed: bool) -> None:
    rig = Talking(placed=placed)
    rig.feed(Hold(1))
    request = rig.asked().request
    assert request.call_id == rig.call_id
    assert request.from_.tag == rig.tag
    assert request.to.tag == ("far" if placed else "bob")
    assert request.cseq.number == (2 if placed else 1)
    assert str(request.uri).startswith("sip:far@" if placed else "sip:bob@")
    assert [str(route) for route in request.routes] == ["<sip:proxy1.example.org;lr>"]
    assert b"a=sendonly" in request.body
    assert request.contacts
    assert request.content_type


@BOTH
def test_a_grant_is_acknowledged_and_told(placed: bool) -> None:
    rig = Talking(placed=placed)
    rig.feed(Hold(1))
    sent = rig.asked()
    out = rig.grants(sent, HELD)
    (ack,) = of(SendAck, out)
    assert ack.request.cseq.number == sent.request.cseq.number
    assert ack.request.call_id == rig.call_id
    assert of(HoldChanged, out) == [HoldChanged(1, True)]
    assert directions(rig) == [Direction.SENDONLY]
    assert of(SendAck, rig.grants(sent, HELD)) == [ack], "a 2xx that comes again"
    assert len(of(HoldChanged, rig.out)) == 1


@BOTH
def test_resume_takes_the_call_back(placed: bool) -> None:
    rig = held(placed=placed)
    rig.feed(Resume(1))
    sent = rig.asked()
    assert b"a=sendrecv" in sent.request.body
    rig.grants(sent)
    assert of(HoldChanged, rig.out) == [HoldChanged(1, False)]
    assert directions(rig) == [Direction.SENDRECV]


def test_the_grant_moves_the_target() -> None:
    rig = Talking()
    rig.feed(Hold(1))
    sent = rig.asked()
    response = rig.accept(sent.request, "far", HELD)
    headers = response.headers.set("Contact", "<sip:far@new>")
    rig.reply(sent, type(response)(200, "OK", headers, response.body))
    rig.feed(Hang(1))
    assert str(rig.one("BYE").request.uri) == "sip:far@new"


def test_a_far_end_that_holds_too_is_heard_of() -> None:
    rig = Talking()
    rig.sends("INVITE", AUDIO + "a=sendonly\r\n")
    rig.acknowledges()
    assert directions(rig) == [Direction.RECVONLY]


@BOTH
@pytest.mark.parametrize("status", [400, 403, 415, 488, 500, 503, 603])
def test_a_refusal_leaves_the_session_as_it_was(placed: bool, status: int) -> None:
    rig = Talking(placed=placed)
    rig.feed(Hold(1))
    rig.denies(rig.asked(), status)
    assert of(HoldChanged, rig.out) == [HoldChanged(1, False)]
    assert not of(MediaChanged, rig.out)
    rig.wait(100)
    assert not rig.take("INVITE")
    assert rig.calls() == (1,)
    assert b"a=sendrecv" in rig.sends("INVITE", AUDIO).body


def test_an_answer_that_cannot_be_used_changes_nothing() -> None:
    rig = Talking()
    rig.feed(Hold(1))
    out = rig.grants(rig.asked(), "")
    assert of(SendAck, out)
    assert of(HoldChanged, out) == [HoldChanged(1, False)]
    assert not of(CallEnded, out)


@BOTH
def test_a_challenge_is_answered(placed: bool) -> None:
    rig = Talking(placed=placed)
    rig.feed(Hold(1))
    first = rig.asked()
    rig.denies(first, 407, CHALLENGE)
    again = rig.asked()
    assert again.request.cseq.number == first.request.cseq.number + 1
    assert again.request.body == first.request.body
    assert "Proxy-Authorization" in again.request.headers
    (ack,) = of(SendAck, rig.grants(again, HELD))
    assert "Proxy-Authorization" in ack.request.headers


def test_a_second_challenge_is_a_refusal() -> None:
    rig = Talking()
    rig.feed(Hold(1))
    rig.denies(rig.asked(), 407, CHALLENGE)
    rig.denies(rig.asked(), 407, CHALLENGE)
    assert not rig.take("INVITE")
    assert of(HoldChanged, rig.out) == [HoldChanged(1, False)]


@pytest.mark.parametrize(("placed", "low", "high"), [(True, 2.1, 4.0), (False, 0.0, 2.0)])
def test_glare_is_waited_out_as_long_as_14_1_says(placed: bool, low: float, high: float) -> None:
    waits = []
    rig = Talking(placed=placed)
    rig.feed(Hold(1))
    for _ in range(40):
        rig.denies(rig.asked(), 491)
        since = rig.now
        while not any(sent.request.method == "INVITE" for sent in rig.open):
            due = rig.agent.deadline()
            assert due is not None
            rig.advance(due)
        waits.append(rig.now - since)
    assert low <= min(waits) < low + (high - low) / 4
    assert high - (high - low) / 4 < max(waits) <= high


@BOTH
@pytest.mark.parametrize("method", ["INVITE", "UPDATE"])
def test_theirs_is_refused_while_ours_is_out(placed: bool, method: str) -> None:
    rig = Talking(placed=placed)
    rig.feed(Hold(1))
    assert rig.sends(method, AUDIO).status == 491
    rig.grants(rig.asked(), HELD)
    assert rig.sends(method, AUDIO).status == 200


@BOTH
def test_ours_waits_while_theirs_is_open(placed: bool) -> None:
    rig = Talking(placed=placed)
    rig.sends("INVITE", AUDIO)
    rig.feed(Hold(1))
    assert not rig.take("INVITE")
    rig.acknowledges()
    assert b"a=sendonly" in rig.asked().request.body


@pytest.mark.parametrize(("seconds", "wait_s"), [("7", 7), ("0", 1), ("99999", 60)])
def test_a_server_that_wants_a_wait_gets_one(seconds: str, wait_s: float) -> None:
    rig = Talking()
    rig.feed(Hold(1))
    rig.denies(rig.asked(), 503, ("Retry-After", seconds))
    rig.wait(wait_s - 0.1)
    assert not rig.take("INVITE")
    rig.wait(0.2)
    assert rig.asked()


@BOTH
def test_an_invite_without_an_end_is_cancelled(placed: bool) -> None:
    rig = Talking(placed=placed)
    rig.feed(Hold(1))
    sent = rig.asked()
    rig.denies(sent, 100)
    assert not of(CancelRequest, rig.wait(31.9))
    assert of(CancelRequest, rig.wait(0.2)) == [CancelRequest(sent.key, reasons.NO_ANSWER)]
    rig.denies(sent, 487)
    assert rig.calls() == (1,)
    assert of(HoldChanged, rig.out) == [HoldChanged(1, False)]


@BOTH
def test_two_wishes_while_one_is_out_become_one(placed: bool) -> None:
    rig = Talking(placed=placed)
    for wish in (Hold(1), Resume(1), Hold(1), Resume(1)):
        rig.feed(wish)
    rig.grants(rig.asked(), HELD)
    assert b"a=sendrecv" in rig.asked().request.body


def test_a_wish_that_is_taken_back_while_it_waits_asks_nothing() -> None:
    rig = Talking()
    rig.feed(Hold(1))
    rig.denies(rig.asked(), 491)
    rig.feed(Resume(1))
    rig.wait(10)
    assert not rig.take("INVITE")


@BOTH
def test_hanging_up_waits_for_nothing(placed: bool) -> None:
    rig = Talking(placed=placed)
    rig.feed(Hold(1))
    sent = rig.asked()
    rig.feed(Hang(1))
    bye = rig.one("BYE")
    assert bye.request.cseq.number == sent.request.cseq.number + 1
    assert of(SendAck, rig.grants(sent, HELD)), "acknowledged, though the call is over"
    rig.denies(bye, 200)
    rig.wait(40)
    assert not len(rig.agent._calls)
    assert not of(MediaChanged, rig.out)


@BOTH
def test_their_bye_ends_what_we_ask(placed: bool) -> None:
    rig = Talking(placed=placed)
    rig.feed(Hold(1))
    sent = rig.asked()
    assert rig.sends("BYE").status == 200
    assert rig.ended().cause is EndCause.HUNG_UP_THERE
    rig.denies(sent, 487)
    rig.wait(40)
    assert not len(rig.agent._calls)
    assert not rig.open


@BOTH
def test_what_was_asked_is_still_wanted_on_the_next_link(placed: bool) -> None:
    rig = Talking(placed=placed)
    rig.feed(Hold(1))
    rig.down()
    assert rig.calls() == (1,)
    rig.up(BACKUP)
    assert not rig.take("INVITE"), "the account is not registered yet"
    rig.register()
    assert b"a=sendonly" in rig.asked().request.body


def test_a_call_that_ends_without_a_link_is_forgotten() -> None:
    rig = Talking()
    rig.feed(Hold(1))
    rig.feed(Hang(1))
    rig.down()
    rig.wait(40)
    assert not len(rig.agent._calls)


@pytest.mark.parametrize("call", [0, 1, 7])
def test_holding_a_call_that_does_not_stand_does_nothing(call: int) -> None:
    rig = Talking()
    rig.sends("BYE")
    rig.out.clear()
    rig.feed(Hold(call))
    rig.feed(Resume(call))
    assert not rig.out


def test_a_hold_before_the_ack_waits_for_it() -> None:
    rig = Rig(account()).registered()
    key = rig.receive(invite(AUDIO))
    rig.feed(Answer(1))
    rig.feed(Hold(1))
    assert not rig.take("INVITE"), "14.1: not before the ACK"
    ack = replace(invite("", To=str(rig.answers(key)[-1].to)), method="ACK")
    ack = replace(ack, headers=ack.headers.set("CSeq", "1 ACK"))
    rig.feed(AckReceived(ack))
    assert b"a=sendonly" in rig.one("INVITE").request.body


@BOTH
def test_a_hold_that_our_answer_says_before_the_invite_goes_again_is_told(placed: bool) -> None:
    """Theirs comes in while a 491 to ours is waited out."""
    rig = Talking(placed=placed)
    rig.feed(Hold(1))
    rig.denies(rig.asked(), 491)
    rig.out.clear()
    assert b"a=sendonly" in rig.sends("INVITE", AUDIO).body
    assert of(HoldChanged, rig.out) == [HoldChanged(1, on=True)]
    rig.acknowledges()
    rig.wait(10)
    assert not rig.take("INVITE"), "it is held already"
