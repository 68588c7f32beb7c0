"""Calls that outlive their link (F6): refreshed, replaced, or kept as long as there is sound."""

from __future__ import annotations

from dataclasses import replace

import pytest

from firmware.agent import reasons
from firmware.agent.events import Answer as Answering
from firmware.agent.events import (
    CallEnded,
    EndCause,
    FarEndSounds,
    Hold,
    HoldChanged,
    MediaChanged,
    MediaEnded,
    Resume,
    Tie,
    TieChanged,
)
from firmware.agent.events import HangUp as Hang
from firmware.agent.rescue import CROSSING_S
from firmware.agent.unheard import ACK_S
from firmware.link.events import Proxy, ProxyUnfit
from firmware.sip.message import Request
from firmware.transaction.events import (
    AckReceived,
    CancelLost,
    CancelRequest,
    RequestFailed,
    RequestFailure,
    SendAck,
    SendRequest,
    SendResponse,
)
from tests.unit.agent.registrar import answer
from tests.unit.agent.rig import BACKUP, LOCAL, PRIMARY, Rig, invite, of, sdp
from tests.unit.agent.talking import AUDIO, HELD, Talking

BOTH = pytest.mark.parametrize("placed", [True, False], ids=["placed", "received"])
NEXT = replace(LOCAL, port=41000)


def ties(rig: Rig) -> list[Tie]:
    return [changed.tie for changed in of(TieChanged, rig.out)]


def lost(*, placed: bool = True) -> Talking:
    """A call whose link was lost, and whose account is registered at the backup."""
    rig = Talking(placed=placed)
    rig.down()
    rig.up(BACKUP, NEXT)
    rig.register()
    return rig


def replacing(*, placed: bool = True, status: int = 481) -> tuple[Talking, SendRequest]:
    """A call whose refresh was refused; the INVITE with Replaces is out."""
    rig = lost(placed=placed)
    rig.denies(rig.asked(), status)
    rig.wait(0 if placed else 4)
    return rig, rig.asked()


def theirs(rig: Talking, *fields: tuple[str, str], **changes: str) -> Request:
    """Write an INVITE of the far end that replaces our dialog."""
    far_tag = rig.far.partition("tag=")[2]
    named = f"{rig.call_id};to-tag={rig.tag};from-tag={far_tag}"
    changes = {"From": '"Bob" <sip:100@example.org>;tag=anew', "Call_ID": "new1", **changes}
    return invite(
        changes.pop("body", AUDIO),
        ("Replaces", changes.pop("Replaces", named)),
        ("Require", "replaces"),
        *fields,
        **changes,
    )


# The refresh.


@BOTH
def test_a_call_is_refreshed_with_the_same_session_over_the_next_link(placed: bool) -> None:
    rig = Talking(placed=placed)
    assert not of(MediaEnded, rig.down())
    assert ties(rig) == [Tie.REFRESHING]
    rig.up(BACKUP, NEXT)
    assert not rig.take("INVITE"), "the account is not registered there yet"
    rig.register()
    request = rig.asked().request
    assert request.call_id == rig.call_id
    assert request.from_.tag == rig.tag
    routes = [str(route) for route in request.routes]
    assert routes == ["<sip:proxy2.example.org:5061;transport=tls;lr>"]
    assert f":{NEXT.port};" in str(request.contacts[0])
    assert request.body


@BOTH
def test_a_refreshed_call_goes_on_as_if_nothing_had_been(placed: bool) -> None:
    rig = lost(placed=placed)
    out = rig.grants(rig.asked())
    assert of(SendAck, out)
    assert ties(rig) == [Tie.REFRESHING, Tie.ANCHORED]
    assert not of(MediaChanged, rig.out), "its sound has not changed"
    assert not of(CallEnded, rig.out)
    rig.wait(600)
    assert not rig.take("INVITE")
    rig.feed(Hang(1))
    assert [str(route) for route in rig.one("BYE").request.routes] == [
        "<sip:proxy2.example.org:5061;transport=tls;lr>"
    ]


def test_the_session_is_said_byte_for_byte() -> None:
    rig = Talking()
    rig.feed(Hold(1))
    rig.grants(rig.asked(), HELD)
    rig.down()
    rig.up(PRIMARY, NEXT)
    rig.register()
    first = rig.asked()
    assert b"a=sendonly" in first.request.body
    rig.denies(first, 491)
    rig.wait(4)
    assert rig.asked().request.body == first.request.body


@BOTH
def test_a_link_that_is_lost_again_begins_anew(placed: bool) -> None:
    rig = lost(placed=placed)
    rig.down()
    rig.up(PRIMARY, LOCAL)
    rig.register()
    assert rig.asked().request.call_id == rig.call_id
    assert ties(rig) == [Tie.REFRESHING]


@BOTH
@pytest.mark.parametrize("status", [491, 503])
def test_a_refresh_that_comes_too_early_is_repeated(placed: bool, status: int) -> None:
    rig = lost(placed=placed)
    rig.denies(rig.asked(), status, ("Retry-After", "2"))
    assert ties(rig) == [Tie.REFRESHING]
    rig.wait(4)
    rig.grants(rig.asked())
    assert ties(rig)[-1] is Tie.ANCHORED


@BOTH
def test_a_refresh_that_was_lost_on_its_way_gives_way_to_theirs(placed: bool) -> None:
    rig = lost(placed=placed)
    sent = rig.asked()
    rig.wait(CROSSING_S - 0.1)
    assert rig.sends("INVITE", AUDIO).status == 491, "they may have crossed"
    rig.wait(0.1)
    assert rig.sends("INVITE", AUDIO).status == 200
    assert of(CancelRequest, rig.out) == [CancelRequest(sent.key)]
    rig.acknowledges()
    again = rig.asked()
    rig.denies(sent, 487)
    rig.grants(again)
    assert ties(rig)[-1] is Tie.ANCHORED


def test_what_a_refresh_that_was_given_up_had_wanted_is_asked_for_anew() -> None:
    rig = Talking()
    rig.down()
    rig.feed(Hold(1))
    rig.up(BACKUP, NEXT)
    rig.register()
    rig.asked()
    rig.wait(CROSSING_S)
    assert b"sendonly" not in rig.sends("INVITE", AUDIO).body, "they have not been asked yet"
    rig.acknowledges()
    rig.grants(rig.asked(), HELD)
    assert of(HoldChanged, rig.out) == [HoldChanged(1, on=True)]


def test_a_refresh_that_was_given_up_and_is_answered_is_acknowledged() -> None:
    rig = lost()
    sent = rig.asked()
    rig.wait(CROSSING_S)
    assert rig.sends("INVITE", AUDIO).status == 200
    rig.out.clear()
    rig.grants(sent)
    (ack,) = of(SendAck, rig.out)
    assert ack.request.cseq.number == sent.request.cseq.number
    rig.acknowledges()
    rig.grants(rig.asked())
    assert rig.calls() == (1,)


def test_the_silence_after_a_refresh_that_was_given_up_is_not_that_of_the_next_one() -> None:
    rig = lost()
    sent = rig.asked()
    rig.wait(CROSSING_S)
    rig.sends("INVITE", AUDIO)
    rig.acknowledges()
    again = rig.asked()
    rig.feed(RequestFailed(sent.key, RequestFailure.TIMEOUT))
    assert Tie.REPLACING not in ties(rig)
    rig.grants(again)
    assert ties(rig)[-1] is Tie.ANCHORED


def test_a_link_well_refuses_theirs_however_long_ours_is_out() -> None:
    rig = Talking()
    rig.feed(Hold(1))
    rig.asked()
    rig.wait(10)
    assert rig.sends("INVITE", AUDIO).status == 491


def test_whoever_does_not_like_the_session_holds_the_dialog() -> None:
    rig = lost()
    rig.denies(rig.asked(), 488)
    assert ties(rig) == [Tie.REFRESHING, Tie.ANCHORED]
    assert not rig.take("INVITE")


def test_who_may_not_ask_drifts() -> None:
    rig = lost()
    rig.denies(rig.asked(), 401)
    assert ties(rig) == [Tie.REFRESHING, Tie.ADRIFT]
    rig.wait(1000)
    assert not rig.take("INVITE")
    assert rig.calls() == (1,)


@BOTH
def test_what_is_wanted_meanwhile_goes_with_the_refresh(placed: bool) -> None:
    rig = Talking(placed=placed)
    rig.down()
    rig.feed(Hold(1))
    rig.up(BACKUP, NEXT)
    rig.register()
    rig.grants(rig.asked(), HELD)
    assert of(HoldChanged, rig.out) == [HoldChanged(1, True)]
    assert not rig.take("INVITE")


def test_a_call_whose_ack_was_to_come_stands_too() -> None:
    """Nobody knows whether the ACK of our 2xx went down with the link."""
    rig = Rig()
    rig.registered()
    rig.receive(invite(AUDIO))
    rig.feed(Answering(1))
    rig.down()
    assert ties(rig) == [Tie.REFRESHING]
    rig.up(BACKUP, NEXT)
    rig.register()
    assert rig.one("INVITE").request.call_id == "in1"


# Another dialog.


@BOTH
@pytest.mark.parametrize("status", [400, 403, 404, 408, 480, 481, 500, 503, 603])
def test_any_other_failure_asks_for_another_dialog(placed: bool, status: int) -> None:
    rig, sent = replacing(placed=placed, status=status)
    request = sent.request
    far_tag = rig.far.partition("tag=")[2]
    assert request.headers.get("Replaces") == (f"{rig.call_id};to-tag={far_tag};from-tag={rig.tag}")
    assert request.require == ("replaces",)
    assert str(request.uri) == str(request.to.uri) == "sip:100@example.org"
    assert request.call_id != rig.call_id
    assert request.to.tag is None
    assert request.cseq.number == 1
    assert not request.routes
    assert f":{NEXT.port};" in str(request.contacts[0])
    assert ties(rig) == [Tie.REFRESHING, Tie.REPLACING]


def test_a_refresh_without_an_answer_fails_too() -> None:
    rig = lost()
    rig.never_answers(rig.asked())
    assert "Replaces" in rig.asked().request.headers


def test_the_peers_gruu_is_where_it_lives() -> None:
    rig = Talking()
    request = rig.within("INVITE", AUDIO)
    gruu = "sip:100@example.org;gr=urn:uuid:7"
    rig.receive(replace(request, headers=request.headers.set("Contact", f"<{gruu}>")))
    rig.acknowledges()
    rig.down()
    rig.up(BACKUP)
    rig.register()
    rig.denies(rig.asked(), 481)
    assert str(rig.asked().request.uri) == gruu


def test_who_placed_the_call_begins_at_once_and_the_other_waits() -> None:
    rig = lost()
    rig.denies(rig.asked(), 481)
    assert rig.take("INVITE")
    waits: set[float] = set()
    for _ in range(20):
        rig = lost(placed=False)
        rig.agent._lines[0].random.seed(len(waits))
        rig.denies(rig.asked(), 481)
        rig.wait(2.09)
        assert not rig.take("INVITE")
        due = rig.agent.deadline()
        assert due is not None
        waits.add(due)
        rig.wait(1.92)
        assert rig.asked()


@BOTH
def test_the_new_dialog_takes_the_place_of_the_old_one(placed: bool) -> None:
    rig, sent = replacing(placed=placed)
    out = rig.grants(sent)
    (ack,) = of(SendAck, out)
    assert ack.request.call_id == sent.request.call_id
    assert ties(rig)[-1] is Tie.ANCHORED
    bye = rig.one("BYE").request
    assert bye.call_id == rig.call_id, "the old one is ended"
    assert bye.from_.tag == rig.tag
    assert not of(CallEnded, rig.out)
    assert not of(MediaEnded, rig.out)
    assert of(SendAck, rig.grants(sent)) == [ack], "a 2xx that comes again"
    rig.feed(Hang(1))
    assert rig.one("BYE").request.call_id == sent.request.call_id
    assert rig.ended() == CallEnded(1, EndCause.HUNG_UP_HERE)


@pytest.mark.parametrize("end", [False, True], ids=["adrift", "over"])
def test_its_2xx_is_acknowledged_again_when_another_attempt_has_followed(end: bool) -> None:
    """RFC 3261 13.2.2.4: the ACK was lost behind the proxy, and the new dialog as well."""
    rig, first = replacing()
    (ack,) = of(SendAck, rig.grants(first))
    rig.take("BYE")
    rig.feed(Hold(1))
    rig.denies(rig.asked(), 408)
    rig.denies(rig.asked(), 481)
    assert ties(rig)[-1] is Tie.ADRIFT
    if end:
        rig.feed(Hang(1))
    assert of(SendAck, rig.grants(first)) == [ack]
    assert ties(rig)[-1] is Tie.ADRIFT
    fork = rig.reply(first, rig.accept(first.request, "other"))
    assert of(SendAck, fork)[0].request.to.tag == "other"
    assert rig.take("BYE")[-1].request.to.tag == "other", "who answers too late hears BYE"


@BOTH
def test_their_bye_in_the_old_dialog_is_not_the_end(placed: bool) -> None:
    """RFC 3891 3: whoever accepts ends the old dialog; that may overtake the 2xx."""
    rig, sent = replacing(placed=placed)
    assert rig.sends("BYE").status == 200
    assert rig.calls() == (1,)
    rig.grants(sent)
    assert ties(rig)[-1] is Tie.ANCHORED
    assert rig.calls() == (1,)
    assert rig.sends("BYE").status == 200, "it may come after it too"
    assert rig.calls() == (1,)


@BOTH
def test_their_bye_is_the_end_where_nothing_took_its_place(placed: bool) -> None:
    rig, sent = replacing(placed=placed)
    rig.sends("BYE")
    rig.denies(sent, 481)
    assert rig.ended().cause is EndCause.HUNG_UP_THERE
    rig.wait(40)
    assert not len(rig.agent._calls)


@BOTH
def test_hanging_up_cancels_the_attempt_and_ends_the_old_dialog(placed: bool) -> None:
    rig, sent = replacing(placed=placed)
    out = rig.feed(Hang(1))
    assert of(CancelRequest, out) == [CancelRequest(sent.key)]
    assert rig.one("BYE").request.call_id == rig.call_id
    assert of(SendAck, rig.grants(sent)), "it crossed"
    assert rig.one("BYE").request.call_id == sent.request.call_id
    assert len(of(CallEnded, rig.out)) == 1


def test_a_fork_that_answers_too_is_ended() -> None:
    rig, sent = replacing()
    rig.grants(sent)
    rig.take("BYE")
    out = rig.reply(sent, rig.accept(sent.request, "other"))
    assert of(SendAck, out)[0].request.to.tag == "other"
    assert rig.one("BYE").request.to.tag == "other"
    assert rig.calls() == (1,)


@BOTH
def test_a_challenge_to_it_is_answered(placed: bool) -> None:
    rig, sent = replacing(placed=placed)
    challenge = ("Proxy-Authenticate", 'Digest realm="example.org", nonce="n1", qop="auth"')
    rig.denies(sent, 407, challenge)
    again = rig.asked().request
    assert again.call_id == sent.request.call_id
    assert again.cseq.number == 2
    assert "Proxy-Authorization" in again.headers


@BOTH
def test_an_attempt_that_rings_for_too_long_is_cancelled(placed: bool) -> None:
    rig, sent = replacing(placed=placed)
    rig.denies(sent, 180)
    assert of(CancelRequest, rig.wait(33)) == [CancelRequest(sent.key, reasons.NO_ANSWER)]
    rig.denies(sent, 487)
    assert ties(rig)[-1] is Tie.ADRIFT


@BOTH
@pytest.mark.parametrize("body", ["", AUDIO.replace(" 0", " 18")])
def test_an_answer_that_cannot_be_used_leaves_the_call_adrift(placed: bool, body: str) -> None:
    rig, sent = replacing(placed=placed)
    assert of(SendAck, rig.grants(sent, body))
    assert rig.one("BYE").request.call_id == sent.request.call_id
    assert ties(rig)[-1] is Tie.ADRIFT


@BOTH
def test_a_link_that_is_lost_while_it_is_out_begins_with_the_refresh(placed: bool) -> None:
    rig, _ = replacing(placed=placed)
    rig.down()
    assert ties(rig)[-1] is Tie.REFRESHING
    rig.up(PRIMARY, LOCAL)
    rig.register()
    assert rig.asked().request.call_id == rig.call_id


@pytest.mark.parametrize(("proxy", "cancelled"), [(BACKUP, True), (PRIMARY, False)])
@pytest.mark.parametrize("stays", [True, False])
def test_an_attempt_that_went_down_with_the_link_is_cancelled_at_the_same_proxy(
    proxy: Proxy, cancelled: bool, stays: bool
) -> None:
    """F5: the far end may accept it yet, in a dialog that we would not know."""
    rig, sent = replacing()
    if not stays:
        rig.feed(Hang(1))
    rig.open = [sent]
    rig.down()
    rig.up(proxy, LOCAL)
    rig.register()
    assert of(CancelLost, rig.out) == (
        [CancelLost(sent.request, reasons.REPEATED if stays else "")] if cancelled else []
    )
    if not stays:
        rig.wait(40)
        assert not len(rig.agent._calls)


# Adrift.


@BOTH
@pytest.mark.parametrize("status", [481, 486, 403, 420, 603])
def test_a_far_end_that_knows_no_such_dialog_is_not_asked_again(placed: bool, status: int) -> None:
    rig, sent = replacing(placed=placed)
    rig.denies(sent, status)
    assert ties(rig)[-1] is Tie.ADRIFT
    rig.wait(1000)
    assert not rig.take("INVITE")
    assert rig.calls() == (1,), "kept while there is sound"
    rig.feed(Hang(1))
    assert rig.one("BYE")


@pytest.mark.parametrize("status", [404, 408, 480, 500, 502, 503, 504])
def test_a_far_end_that_is_not_there_yet_is_asked_again_ever_more_seldom(status: int) -> None:
    rig, sent = replacing()
    waits = []
    for _ in range(7):
        since = rig.now
        rig.denies(sent, status)
        while not rig.open:
            rig.advance(rig.agent.deadline() or 0)
        waits.append(rig.now - since)
        sent = rig.asked()
        assert "Replaces" in sent.request.headers
    assert waits == [4, 8, 16, 32, 64, 64, 64]
    rig.grants(sent)
    assert ties(rig) == [Tie.REFRESHING, Tie.REPLACING, Tie.ADRIFT, Tie.ANCHORED]


def test_a_retry_after_is_heeded() -> None:
    rig, sent = replacing()
    rig.denies(sent, 503, ("Retry-After", "20"))
    rig.wait(19.9)
    assert not rig.take("INVITE")
    rig.wait(0.2)
    assert rig.asked()


@BOTH
def test_silence_ends_a_call_that_nobody_holds(placed: bool) -> None:
    rig, sent = replacing(placed=placed)
    rig.denies(sent, 481)
    rig.feed(FarEndSounds(1, heard=False))
    assert ties(rig)[-1] is Tie.GONE
    rig.wait(4.9)
    assert rig.calls() == (1,), "the screen says so first"
    rig.wait(0.2)
    assert rig.ended() == CallEnded(1, EndCause.FAILED, 0, "the far end is gone")
    assert rig.one("BYE").request.call_id == rig.call_id


def test_silence_that_is_over_saves_the_call() -> None:
    rig, sent = replacing()
    rig.denies(sent, 481)
    rig.feed(FarEndSounds(1, heard=False))
    rig.wait(3)
    rig.feed(FarEndSounds(1, heard=True))
    assert ties(rig)[-1] is Tie.ADRIFT
    rig.wait(100)
    assert rig.calls() == (1,)


def test_silence_before_the_last_no_ends_the_call_as_well() -> None:
    rig, sent = replacing()
    rig.feed(FarEndSounds(1, heard=False))
    assert ties(rig)[-1] is Tie.REPLACING
    rig.denies(sent, 481)
    assert ties(rig)[-1] is Tie.GONE
    rig.wait(6)
    assert rig.calls() == ()


@BOTH
def test_a_silent_far_end_whose_dialog_seems_well_is_asked(placed: bool) -> None:
    """Its BYE may have been lost with a proxy of its own (lesson 30)."""
    rig = Talking(placed=placed)
    rig.feed(FarEndSounds(1, heard=False))
    rig.grants(rig.asked())
    assert not ties(rig)
    rig.wait(31)
    rig.denies(rig.asked(), 481)
    rig.wait(4)
    rig.denies(rig.asked(), 481)
    rig.wait(6)
    assert ties(rig) == [Tie.REPLACING, Tie.GONE]
    assert rig.ended().reason == "the far end is gone"


@BOTH
def test_so_is_one_that_says_after_a_loss_that_it_does_not_like_the_session(placed: bool) -> None:
    rig = Talking(placed=placed)
    rig.down()
    rig.feed(FarEndSounds(1, heard=False))
    rig.up(BACKUP, NEXT)
    rig.register()
    rig.denies(rig.asked(), 488)
    assert ties(rig) == [Tie.REFRESHING, Tie.ANCHORED]
    rig.wait(29)
    assert not rig.take("INVITE")
    rig.wait(2)
    rig.denies(rig.asked(), 481)
    assert ties(rig)[-1] is Tie.REPLACING


@BOTH
def test_so_is_one_that_has_taken_the_dialogs_place_and_is_silent_still(placed: bool) -> None:
    rig, ours = replacing(placed=placed)
    rig.feed(FarEndSounds(1, heard=False))
    rig.grants(ours)
    assert ties(rig)[-1] is Tie.ANCHORED
    rig.wait(31)
    assert rig.asked().request.call_id == ours.request.call_id


def test_so_is_one_that_has_made_an_offer_and_is_silent_still() -> None:
    rig, ours = replacing()
    rig.feed(FarEndSounds(1, heard=False))
    assert rig.sends("UPDATE", AUDIO).status == 200
    rig.denies(ours, 481)
    rig.wait(31)
    assert rig.asked().request.call_id == rig.call_id


def test_a_refusal_that_says_nothing_of_the_dialog_changes_nothing() -> None:
    rig = Talking()
    rig.feed(FarEndSounds(1, heard=False))
    rig.denies(rig.asked(), 500)
    assert not ties(rig)
    rig.wait(31)
    rig.grants(rig.asked())
    rig.feed(FarEndSounds(1, heard=True))
    rig.wait(100)
    assert not rig.take("INVITE")


def test_a_hold_that_finds_no_dialog_asks_for_another_one() -> None:
    rig = Talking()
    rig.feed(Hold(1))
    rig.denies(rig.asked(), 481)
    assert of(HoldChanged, rig.out) == [HoldChanged(1, False)]
    assert "Replaces" in rig.asked().request.headers
    assert ties(rig) == [Tie.REPLACING]


@BOTH
@pytest.mark.parametrize("bye_first", [True, False], ids=["BYE first", "200 first"])
def test_theirs_that_crosses_our_replaces_ends_nothing(placed: bool, bye_first: bool) -> None:
    """They have refreshed the old dialog and then let ours take its place."""
    rig, sent = replacing(placed=placed)
    assert rig.sends("INVITE", AUDIO).status == 200
    rig.acknowledges()
    assert of(CancelRequest, rig.out) == [CancelRequest(sent.key)]
    bye = rig.within("BYE")
    if bye_first:
        rig.answers(rig.receive(bye))
    rig.reply(sent, rig.accept(sent.request, "new", AUDIO))
    if not bye_first:
        rig.answers(rig.receive(bye))
    assert rig.calls() == (1,)
    assert not of(CallEnded, rig.out)
    assert rig.one("BYE").request.call_id == rig.call_id, "the old dialog is over"


@BOTH
@pytest.mark.parametrize("is_lost", [True, False])
def test_a_2xx_to_theirs_that_nobody_heard_is_given_again(placed: bool, is_lost: bool) -> None:
    """Their second proxy is lost too, and our 2xx with it: they still name the old dialog."""
    rig = Talking(placed=placed)
    assert rig.answers(rig.receive(theirs(rig)))[-1].status == 200
    if is_lost:
        rig.down()
        rig.up(BACKUP)
        rig.register()
        rig.wait(1)
    rig.out.clear()
    again = theirs(rig, Call_ID="new2", From='"Bob" <sip:100@example.org>;tag=again')
    key = rig.receive(again)
    assert rig.answers(key)[-1].status == 200
    assert rig.calls() == (1,)
    assert not of(CallEnded, rig.out)
    told = {sent.request.call_id for sent in rig.take("BYE")}
    assert ("new1" in told) == is_lost, "RFC 3261 15: its ACK may still come"
    tag = rig.answers(key)[-1].to.tag
    ack = invite("", From=again.headers.get("From") or "", To=f"<sip:201@example.org>;tag={tag}")
    headers = ack.headers.set("Call-ID", "new2").set("CSeq", "1 ACK")
    rig.feed(AckReceived(replace(ack, method="ACK", headers=headers)))
    late = theirs(rig, Call_ID="new3", From='"Bob" <sip:100@example.org>;tag=late')
    assert rig.answers(rig.receive(late))[-1].status == 481, "they know the new one"
    rig.wait(100)
    told |= {sent.request.call_id for sent in rig.take("BYE")}
    assert "new1" in told, "whoever did hear it is told"
    assert rig.calls() == (1,)


@BOTH
def test_rfc3261_15_theirs_that_is_replaced_before_its_ack_hears_bye_after_it(placed: bool) -> None:
    """Found by the far ends, seed 1439."""
    rig = Talking(placed=placed)
    first = rig.receive(theirs(rig))
    rig.take("BYE")
    again = theirs(rig, Call_ID="new2", From='"Bob" <sip:100@example.org>;tag=again')
    assert rig.answers(rig.receive(again))[-1].status == 200
    assert not rig.take("BYE")
    assert len(rig.answers(first)) == 1
    rig.wait(0.6)
    assert len(rig.answers(first)) == 2, "a 2xx is said until its ACK comes (13.3.1.4)"
    rig.call_id, rig.tag = "new1", rig.answers(first)[0].to.tag or ""
    rig.far = '"Bob" <sip:100@example.org>;tag=anew'
    rig.feed(AckReceived(rig.within("ACK", cseq=1)))
    assert rig.one("BYE").request.call_id == "new1"
    rig.wait(40)
    assert len(rig.answers(first)) == 2


def test_an_ack_that_the_old_dialog_owes_is_not_waited_for_in_the_new_one() -> None:
    rig, sent = replacing()
    assert rig.sends("INVITE", AUDIO).status == 200
    rig.reply(sent, rig.accept(sent.request, "new", AUDIO))
    rig.feed(Hold(1))
    rig.grants(rig.asked(), HELD)
    assert HoldChanged(1, on=True) in rig.out
    rig.wait(60)
    assert rig.calls() == (1,)


@BOTH
def test_ours_that_is_refused_after_theirs_changes_nothing(placed: bool) -> None:
    rig, sent = replacing(placed=placed)
    rig.sends("INVITE", AUDIO)
    rig.acknowledges()
    rig.denies(sent, 487)
    assert ties(rig)[-1] is Tie.ANCHORED
    rig.wait(100)
    assert not rig.take("INVITE")
    assert rig.calls() == (1,)


def test_the_answer_to_ours_is_read_beside_what_ours_has_offered() -> None:
    rig, sent = replacing()
    assert rig.sends("INVITE", sdp("m=audio 4000 RTP/AVP 8")).status == 200
    rig.acknowledges()
    rig.reply(sent, rig.accept(sent.request, "new", sdp("m=audio 4000 RTP/AVP 0")))
    assert [bye.request.call_id for bye in rig.take("BYE")] == [rig.call_id], "the old dialog ends"


@BOTH
def test_their_bye_after_theirs_ends_the_call_where_ours_was_refused(placed: bool) -> None:
    rig, sent = replacing(placed=placed)
    rig.sends("INVITE", AUDIO)
    rig.acknowledges()
    rig.answers(rig.receive(rig.within("BYE")))
    rig.denies(sent, 487)
    assert rig.ended().cause is EndCause.HUNG_UP_THERE


def test_an_offer_of_theirs_shows_that_they_hold_the_dialog() -> None:
    rig, sent = replacing()
    rig.denies(sent, 404)
    assert rig.sends("INVITE", AUDIO).status == 200
    assert ties(rig)[-1] is Tie.ANCHORED
    rig.acknowledges()
    rig.wait(100)
    assert not rig.take("INVITE")


# Their INVITE with Replaces.


@BOTH
@pytest.mark.parametrize("moment", ["talking", "no link", "refreshing", "adrift"])
def test_theirs_takes_the_place_of_the_dialog(placed: bool, moment: str) -> None:
    match moment:
        case "adrift":
            rig, sent = replacing(placed=placed)
            rig.denies(sent, 404)
        case "refreshing":
            rig = lost(placed=placed)
        case _:
            rig = Talking(placed=placed)
    (response,) = rig.answers(rig.receive(theirs(rig)))
    assert response.status == 200
    assert response.body
    assert response.contacts
    bye = rig.one("BYE").request
    assert bye.call_id == rig.call_id
    assert rig.calls() == (1,)
    assert not of(CallEnded, rig.out)
    assert all(tie is Tie.ANCHORED for tie in ties(rig)[-1:])
    old, rig.call_id, rig.tag = rig.call_id, "new1", response.to.tag or ""
    rig.far, rig._cseq = '"Bob" <sip:100@example.org>;tag=anew', 1
    rig.acknowledges()
    rig.wait(40)
    assert rig.calls() == (1,)
    for sent in rig.take("INVITE"):
        assert sent.request.call_id == old
        rig.denies(sent, 481)
    assert rig.calls() == (1,)
    assert not rig.take("INVITE"), "what the old dialog says is past"
    rig.feed(Hang(1))
    assert rig.one("BYE").request.call_id == "new1"


def theirs_updates(rig: Talking) -> Request:
    """Write an UPDATE after which this phone refreshes the session, by UPDATE."""
    headers = rig.within("UPDATE").headers.set("Session-Expires", "90;refresher=uas")
    headers = headers.set("Supported", "timer").set("Allow", "INVITE, ACK, BYE, UPDATE")
    return Request("UPDATE", rig.within("UPDATE").uri, headers)


def replaced(*, placed: bool) -> Talking:
    """A call whose dialog theirs has replaced; the ACK of our 2xx is still to come."""
    rig = Talking(placed=placed)
    (response,) = rig.answers(rig.receive(theirs(rig)))
    assert rig.one("BYE").request.call_id == rig.call_id
    rig.call_id, rig.tag, rig._cseq = "new1", response.to.tag or "", 1
    rig.far = '"Bob" <sip:100@example.org>;tag=anew'
    return rig


def unheard(proxy: Proxy, *, placed: bool) -> Talking:
    """The same, when the link is lost, and the account is registered here over the next one."""
    rig = replaced(placed=placed)
    rig.down()
    rig.out.clear()
    rig.up(proxy, NEXT)
    rig.register()
    return rig


@BOTH
def test_rfc3261_15_who_took_the_dialogs_place_hears_bye_after_the_ack(placed: bool) -> None:
    rig = replaced(placed=placed)
    rig.feed(Hang(1))
    assert rig.ended().cause is EndCause.HUNG_UP_HERE
    assert rig.calls() == ()
    assert not rig.take("BYE")
    rig.acknowledges()
    assert rig.one("BYE").request.call_id == "new1"


@BOTH
def test_who_took_the_dialogs_place_and_never_confirms_hears_bye_all_the_same(placed: bool) -> None:
    rig = replaced(placed=placed)
    rig.feed(Hang(1))
    rig.wait(33)
    assert rig.one("BYE").request.call_id == "new1"


@BOTH
def test_a_bye_that_waits_for_the_ack_is_owed_over_the_next_link(placed: bool) -> None:
    rig = replaced(placed=placed)
    rig.feed(Hang(1))
    rig.down()
    rig.up(BACKUP, NEXT)
    rig.register()
    assert "new1" in {bye.request.call_id for bye in rig.take("BYE")}
    assert not rig.take("INVITE")


@BOTH
def test_the_2xx_that_took_the_dialogs_place_is_said_again_at_the_same_proxy(placed: bool) -> None:
    """Found by the far ends, seed 1454: a re-INVITE went out before the ACK (RFC 3261 14.1)."""
    rig = unheard(PRIMARY, placed=placed)
    (said,) = of(SendResponse, rig.out)
    assert said.response.status == 200
    assert f":{NEXT.port};" in str(said.response.contacts[0])
    assert not rig.take("INVITE")
    rig.acknowledges()
    assert ties(rig)[-1] is Tie.ANCHORED
    rig.wait(50)
    assert not rig.take("INVITE"), "its ACK came over this link"
    assert rig.calls() == (1,)


@BOTH
def test_its_ack_is_not_waited_for_much_longer(placed: bool) -> None:
    rig = unheard(PRIMARY, placed=placed)
    rig.wait(ACK_S - 0.1)
    assert not rig.take("INVITE")
    rig.wait(0.1)
    asked = rig.asked()
    assert asked.request.call_id == "new1"
    rig.grants(asked)
    assert ties(rig)[-1] is Tie.ANCHORED
    rig.out.clear()
    rig.wait(50)
    assert not of(SendResponse, rig.out), "the 2xx is said no more"


@BOTH
def test_at_another_proxy_that_dialog_is_refreshed_at_once(placed: bool) -> None:
    rig = unheard(BACKUP, placed=placed)
    assert not of(SendResponse, rig.out)
    assert rig.asked().request.call_id == "new1"


@BOTH
def test_who_hangs_up_before_that_2xx_is_said_again_says_bye_after_it(placed: bool) -> None:
    rig = replaced(placed=placed)
    rig.down()
    rig.feed(Hang(1))
    assert rig.calls() == ()
    rig.out.clear()
    rig.up(PRIMARY, NEXT)
    rig.register()
    assert [said.response.status for said in of(SendResponse, rig.out)] == [200]
    assert "new1" not in {bye.request.call_id for bye in rig.take("BYE")}, "RFC 3261 15"
    rig.wait(ACK_S)
    assert rig.one("BYE").request.call_id == "new1"


@BOTH
def test_what_was_asked_in_the_old_dialog_is_asked_anew_in_the_one_of_theirs(placed: bool) -> None:
    """Its answer may take a minute, and is of no use any more."""
    rig = Talking(placed=placed)
    rig.feed(Hold(1))
    sent = rig.asked()
    (response,) = rig.answers(rig.receive(theirs(rig)))
    assert b"a=sendonly" in response.body, "our answer holds the call"
    assert HoldChanged(1, on=True) in rig.out
    assert of(CancelRequest, rig.out) == [CancelRequest(sent.key)]
    rig.call_id, rig.tag, rig._cseq = "new1", response.to.tag or "", 1
    rig.far = '"Bob" <sip:100@example.org>;tag=anew'
    rig.acknowledges()
    assert rig.sends("INVITE", AUDIO).status == 200, "nothing is open in this dialog"
    rig.acknowledges()
    rig.feed(Resume(1))
    assert rig.asked().request.call_id == "new1"
    assert of(SendAck, rig.grants(sent)), "late, and acknowledged"
    assert rig.calls() == (1,)


def test_the_answer_to_an_update_of_the_old_dialog_changes_nothing_in_the_new_one() -> None:
    rig = Talking()
    key = rig.receive(refresh := theirs_updates(rig))
    assert rig.answers(key)[-1].status == 200, refresh
    rig.wait(46)
    update = rig.one("UPDATE")
    (response,) = rig.answers(rig.receive(theirs(rig)))
    moved = ("Contact", "<sip:elsewhere@198.51.100.9:5061;transport=tls>")
    rig.reply(update, answer(update.request, 200, moved))
    rig.call_id, rig.tag, rig._cseq = "new1", response.to.tag or "", 1
    rig.far = '"Bob" <sip:100@example.org>;tag=anew'
    rig.acknowledges()
    rig.out.clear()
    rig.feed(Hang(1))
    (bye,) = [bye.request for bye in rig.take("BYE") if bye.request.call_id == "new1"]
    assert "elsewhere" not in str(bye.uri)


def test_once_that_dialog_is_confirmed_a_bye_waits_for_nothing() -> None:
    rig = replaced(placed=True)
    rig.acknowledges()
    assert rig.sends("INVITE", AUDIO).status == 200
    rig.feed(Hang(1))
    assert rig.one("BYE").request.call_id == "new1"


def test_when_they_cross_the_one_who_placed_the_call_says_no() -> None:
    rig, sent = replacing()
    (response,) = rig.answers(rig.receive(theirs(rig)))
    assert response.status == 491
    assert response.to.tag
    rig.grants(sent)
    assert ties(rig)[-1] is Tie.ANCHORED


def test_when_they_cross_the_other_one_accepts() -> None:
    rig, sent = replacing(placed=False)
    (response,) = rig.answers(rig.receive(theirs(rig)))
    assert response.status == 200
    rig.denies(sent, 491)
    assert ties(rig)[-1] is Tie.ANCHORED
    rig.wait(1)
    assert not rig.take("INVITE")


def test_the_attempt_of_the_other_one_that_was_taken_all_the_same_is_ended() -> None:
    rig, sent = replacing(placed=False)
    rig.receive(theirs(rig))
    rig.take("BYE")
    assert of(SendAck, rig.grants(sent))
    assert rig.one("BYE").request.call_id == sent.request.call_id
    assert rig.calls() == (1,)


def test_a_491_to_ours_waits_for_theirs_and_asks_again() -> None:
    rig, sent = replacing(placed=False)
    rig.denies(sent, 491)
    assert ties(rig)[-1] is Tie.REPLACING
    rig.wait(2)
    assert "Replaces" in rig.asked().request.headers


@pytest.mark.parametrize(
    ("named", "status"),
    [
        ("other;to-tag={tag};from-tag={far}", 481),
        ("{call_id};to-tag=other;from-tag={far}", 481),
        ("{call_id};to-tag={tag};from-tag=other", 481),
        ("{call_id};to-tag={far};from-tag={tag}", 481),
        ("{call_id};to-tag={tag};from-tag={far};early-only", 486),
        ("{call_id};to-tag={tag}", 400),
        ("nonsense", 400),
    ],
)
@BOTH
def test_an_invite_that_does_not_name_the_dialog_is_refused(
    placed: bool, named: str, status: int
) -> None:
    rig = Talking(placed=placed)
    far = rig.far.partition("tag=")[2]
    text = named.format(call_id=rig.call_id, tag=rig.tag, far=far)
    (response,) = rig.answers(rig.receive(theirs(rig, Replaces=text)))
    assert response.status == status
    assert response.to.tag
    assert not of(MediaChanged, rig.out)
    assert rig.sends("INVITE", AUDIO).status == 200, "the call is untouched"


def test_more_than_one_replaces_is_refused() -> None:
    rig = Talking()
    more = ("Replaces", "c;to-tag=1;from-tag=2")
    assert rig.answers(rig.receive(theirs(rig, more)))[0].status == 400


@pytest.mark.parametrize(
    ("who", "status"),
    [
        (("P-Asserted-Identity", "<sip:100@example.org>"), 200),
        (("P-Asserted-Identity", "<tel:+49123>, <sip:100@Example.org>"), 200),
        (("P-Asserted-Identity", "<sip:666@example.org>"), 403),
        (("P-Asserted-Identity", "<sip:100@evil.example>"), 403),
    ],
)
def test_who_asks_has_to_be_the_far_end(who: tuple[str, str], status: int) -> None:
    rig = Talking()
    assert rig.answers(rig.receive(theirs(rig, who)))[0].status == status


def test_without_an_asserted_identity_from_counts() -> None:
    rig = Talking()
    stranger = theirs(rig, From="<sip:666@example.org>;tag=x")
    assert rig.answers(rig.receive(stranger))[0].status == 403


def test_a_session_that_cannot_be_had_is_refused_and_the_dialog_stays() -> None:
    rig = Talking()
    request = theirs(rig, body=AUDIO.replace(" 0", " 18"))
    (response,) = rig.answers(rig.receive(request))
    assert (response.status, bool(response.to.tag)) == (488, True)
    assert not rig.take("BYE")
    assert rig.sends("INVITE", AUDIO).status == 200


def test_a_call_that_rings_is_not_replaced() -> None:
    rig = Rig().registered()
    key = rig.receive(invite(AUDIO))
    tag = rig.answers(key)[0].to.tag
    named = ("Replaces", f"in1;to-tag={tag};from-tag=bob")
    other = invite(AUDIO, named, Call_ID="in2")
    assert rig.answers(rig.receive(other))[0].status == 481
    assert rig.calls() == (1,)


def test_a_call_that_is_over_is_not_replaced() -> None:
    rig = Talking()
    request = theirs(rig)
    rig.feed(Hang(1))
    assert rig.answers(rig.receive(request))[0].status == 603


def test_a_second_one_before_the_ack_of_the_first_comes_too_early() -> None:
    rig = Talking()
    rig.sends("INVITE", AUDIO)
    (response,) = rig.answers(rig.receive(theirs(rig)))
    assert response.status == 500
    assert response.retry_after is not None


def test_one_whose_session_would_be_too_short_is_told_so() -> None:
    rig = Talking()
    short = theirs(rig, ("Session-Expires", "60"), ("Supported", "timer"))
    (response,) = rig.answers(rig.receive(short))
    assert (response.status, response.headers.get("Min-SE")) == (422, "90")
    assert rig.calls() == (1,)


def test_an_invite_may_require_replaces_and_name_no_dialog() -> None:
    rig = Rig().registered()
    plain = invite(AUDIO, ("Require", "replaces"))
    assert rig.answers(rig.receive(plain))[0].status == 180


def test_a_bye_owed_to_a_far_end_goes_over_the_proxy_that_is_left() -> None:
    rig = Talking()
    rig.down()
    rig.feed(Hang(1))
    rig.up(BACKUP, NEXT)
    rig.register()
    (route,) = rig.one("BYE").request.routes
    assert str(route) == "<sip:proxy2.example.org:5061;transport=tls;lr>"


def test_what_is_owed_is_not_said_to_a_link_that_is_left_in_the_same_step() -> None:
    rig, sent = replacing()
    rig.open = [sent]
    rig.down()
    rig.up(BACKUP, LOCAL)
    register = rig.one("REGISTER")
    rig.reply(register, answer(register.request, 503))
    assert of(ProxyUnfit, rig.out)
    assert not of(CancelLost, rig.out)
    rig.down()
    rig.up(BACKUP, LOCAL)
    rig.register()
    assert of(CancelLost, rig.out) == [CancelLost(sent.request, reasons.REPEATED)]
