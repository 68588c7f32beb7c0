"""Reliable provisional answers, both roles (RFC 3262), and offers before the answer (RFC 3311)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from firmware.agent.asking import OPEN_MAX
from firmware.agent.events import (
    Answer,
    CallAnswered,
    CallEnded,
    EndCause,
    HangUp,
    IncomingCall,
    MediaChanged,
    RemoteRinging,
)
from firmware.media.plan import Endpoint
from firmware.sip.message import Request, Response
from firmware.transaction.events import AckReceived, SendAck, SendRequest, SendResponse
from tests.unit.agent.calling import Calling
from tests.unit.agent.registrar import answer
from tests.unit.agent.rig import Rig, invite, of, sdp
from tests.unit.agent.talking import Talking

AUDIO = sdp("m=audio 4000 RTP/AVP 0")
OTHER = sdp("m=audio 5000 RTP/AVP 0")
SDP = ("Content-Type", "application/sdp")
CONTACT = ("Contact", "<sip:far@198.51.100.7:5061;transport=tls>")


class Ringing(Calling):
    """An agent whose INVITE is out, and far ends that answer provisionally."""

    def rings(
        self, sequence: int | None = 1, status: int = 183, body: str = "", tag: str = "far"
    ) -> list[object]:
        reliable = [("Require", "100rel"), ("RSeq", str(sequence))] if sequence else []
        fields = [CONTACT, *reliable, *([SDP] if body else [])]
        response = answer(self.invite.request, status, *fields, tag=tag)
        return self.reply(self.invite, replace(response, body=body.encode()))

    def asks(self, method: str, body: str = "", cseq: int = 1, tag: str = "far") -> Response:
        """Let the far end ask within its early dialog."""
        ours = self.invite.request
        request = invite(
            body,
            From=f"<sip:100@example.org>;tag={tag}",
            To=f"<sip:201@example.org>;tag={ours.from_.tag}",
            Call_ID=ours.call_id,
            CSeq=f"{cseq} {method}",
        )
        return self.answers(self.receive(replace(request, method=method)))[-1]


def pracks(out: list[object]) -> list[str]:
    sent = [item.request for item in of(SendRequest, out) if item.request.method == "PRACK"]
    return [request.headers.get("RAck") or "" for request in sent]


def ports(out: list[object]) -> list[int]:
    return [changed.plan.remote.port for changed in of(MediaChanged, out)]


# Theirs.


def test_rfc3262_4_a_reliable_answer_is_acknowledged() -> None:
    rig = Ringing()
    assert "100rel" in (rig.invite.request.headers.get("Supported") or "")
    out = rig.rings(7, status=180)
    assert pracks(out) == ["7 1 INVITE"]
    assert of(RemoteRinging, out) == [RemoteRinging(1)]
    prack = rig.one("PRACK").request
    assert (str(prack.uri), prack.cseq.number) == ("sip:far@198.51.100.7:5061;transport=tls", 2)
    assert prack.to.tag == "far"


def test_rfc3262_4_answers_are_taken_in_order_and_once() -> None:
    rig = Ringing()
    assert pracks(rig.rings(7)) == ["7 1 INVITE"]
    assert not rig.rings(7), "repeated"
    assert not rig.rings(9, status=180), "one is missing"
    assert pracks(rig.rings(8)) == ["8 1 INVITE"]
    assert pracks(rig.rings(20, tag="other")) == ["20 1 INVITE"], "each far end counts for itself"


@pytest.mark.parametrize("sequence", ["", "0", "x", "4294967296", "99999999999"])
def test_a_number_that_is_none_asks_for_nothing(sequence: str) -> None:
    rig = Ringing()
    out = rig.hears(180, ("Require", "100rel"), ("RSeq", sequence))
    assert not pracks(out)
    assert of(RemoteRinging, out)


def test_a_prack_that_is_challenged_goes_again_and_a_refused_one_changes_nothing() -> None:
    rig = Ringing()
    rig.rings()
    sent = rig.one("PRACK")
    challenge = ("Proxy-Authenticate", rig.registrar.realm.challenge())
    rig.reply(sent, answer(sent.request, 407, challenge))
    again = rig.one("PRACK")
    assert again.request.cseq.number == 3
    rig.reply(again, answer(again.request, 481))
    assert rig.calls() == (1,)
    assert of(CallAnswered, rig.is_answered())


def test_a_prack_that_is_challenged_too_late_does_not_go_again() -> None:
    rig = Ringing()
    challenge = ("Proxy-Authenticate", rig.registrar.realm.challenge())
    rig.rings()
    moved, sent = ("Contact", "<sip:400@example.org>"), rig.one("PRACK")
    rig.hears(302, moved)
    rig.reply(sent, answer(sent.request, 407, challenge))
    assert not rig.take("PRACK"), "another INVITE has gone out"
    rig.invite = rig.one("INVITE")
    rig.rings(tag="other")
    sent = rig.one("PRACK")
    rig.is_answered()
    rig.reply(sent, answer(sent.request, 407, challenge))
    assert not rig.take("PRACK"), "another far end has answered"


def test_the_order_of_requests_goes_on_when_the_call_is_answered() -> None:
    rig = Ringing()
    rig.rings()
    rig.rings(2)
    (ack,) = of(SendAck, rig.is_answered())
    assert ack.request.cseq.number == 1, "the ACK is the INVITE's (13.2.2.4)"
    rig.hangs_up()
    assert rig.one("BYE").request.cseq.number == 4


def test_a_flood_of_reliable_answers_is_bounded() -> None:
    rig = Ringing()
    for number in range(1, OPEN_MAX + 10):
        rig.rings(number)
    assert len(rig.take("PRACK")) == OPEN_MAX


def test_after_the_cancel_it_is_still_acknowledged() -> None:
    rig = Ringing()
    rig.hangs_up()
    assert pracks(rig.rings(body=AUDIO)) == ["1 1 INVITE"]
    assert not of(MediaChanged, rig.out)


def test_rfc3261_13_2_1_the_first_reliable_session_is_the_answer() -> None:
    rig = Ringing()
    assert ports(rig.rings(body=AUDIO)) == [4000]
    out = rig.is_answered(body=OTHER)
    assert of(CallAnswered, out)
    assert not ports(out), "whatever the 2xx says"


def test_a_2xx_needs_no_session_of_its_own_then() -> None:
    rig = Ringing()
    rig.rings(body=AUDIO)
    assert of(CallAnswered, rig.is_answered(body=""))


# Early media.


def test_early_media_is_heard_and_the_2xx_may_say_another() -> None:
    rig = Ringing()
    assert ports(rig.rings(None, body=AUDIO)) == [4000]
    assert not ports(rig.rings(None, body=AUDIO)), "told once"
    assert ports(rig.is_answered(body=OTHER)) == [5000]


def test_of_several_forks_the_last_with_sound_is_heard_and_who_answers_wins() -> None:
    rig = Ringing()
    assert ports(rig.rings(None, body=AUDIO, tag="one")) == [4000]
    assert ports(rig.rings(None, body=OTHER, tag="two")) == [5000]
    assert not ports(rig.rings(None, status=180, tag="three"))
    out = rig.is_answered(tag="one", body=AUDIO)
    assert ports(out) == [4000]
    assert of(CallAnswered, out)
    late = rig.is_answered(tag="two", body=OTHER)
    assert len(of(SendAck, late)) == 1
    assert [s.request.method for s in of(SendRequest, late)] == ["BYE"]
    assert not ports(late)


@pytest.mark.parametrize("body", ["v=1\r\n", sdp("m=audio 4000 RTP/AVP 18")])
def test_an_early_session_that_cannot_be_used_is_none(body: str) -> None:
    rig = Ringing()
    assert not ports(rig.rings(None, body=body))
    assert ports(rig.is_answered()) == [4000]


def test_a_challenge_after_early_media_offers_what_was_offered_before() -> None:
    rig = Ringing()
    rig.rings(None, body=AUDIO)
    challenge = ("Proxy-Authenticate", rig.registrar.realm.challenge(stale=True))
    rig.hears(407, challenge)
    again = rig.one("INVITE")
    assert again.request.body == rig.invite.request.body
    rig.invite = again
    assert of(CallAnswered, rig.is_answered(body=OTHER))


def test_p_early_media_is_tolerated() -> None:
    rig = Ringing()
    assert of(RemoteRinging, rig.hears(180, ("P-Early-Media", "inactive, gated")))


# UPDATE before the answer (RFC 3311).


def test_rfc3311_5_2_an_offer_beside_ours_comes_too_early() -> None:
    rig = Ringing()
    rig.rings(None, status=180)
    assert rig.asks("UPDATE", AUDIO).status == 491


def test_rfc3311_5_1_a_far_end_that_has_answered_may_change_its_session() -> None:
    rig = Ringing()
    rig.rings(body=AUDIO)
    rig.out.clear()
    ok = rig.asks("UPDATE", OTHER)
    assert ok.status == 200
    assert b"m=audio 3000" in ok.body
    assert ports(rig.out) == [5000]
    assert not ports(rig.is_answered(body=AUDIO)), "the 2xx says what is old"


def test_an_update_that_cannot_be_had_changes_nothing() -> None:
    rig = Ringing()
    rig.rings(body=AUDIO)
    rig.out.clear()
    assert rig.asks("UPDATE", sdp("m=audio 5000 RTP/AVP 18")).status == 488
    assert not ports(rig.out)
    assert of(CallAnswered, rig.is_answered(body=""))


def test_requests_of_an_early_dialog_are_taken_in_order() -> None:
    rig = Ringing()
    rig.rings(None)
    assert rig.asks("OPTIONS", cseq=5).status == 200
    assert rig.asks("OPTIONS", cseq=5).status == 500
    rig.is_answered()
    assert rig.asks("OPTIONS", cseq=5).status == 500, "also when the call stands"
    assert rig.asks("OPTIONS", cseq=6).status == 200


def test_rfc3261_15_1_2_who_says_bye_while_it_rings_is_neither_heard_nor_asked_any_more() -> None:
    rig = Ringing()
    rig.rings()
    prack = rig.one("PRACK")
    assert rig.asks("BYE", cseq=1).status == 200
    rig.out.clear()
    challenge = ("Proxy-Authenticate", rig.registrar.realm.challenge())
    rig.reply(prack, answer(prack.request, 407, challenge))
    assert not rig.take("PRACK"), "signed for a dialog that is over"
    rig.rings(2, body=AUDIO)
    assert not rig.take("PRACK")
    assert not ports(rig.out)
    assert rig.asks("OPTIONS", cseq=2).status == 481
    assert rig.calls() == (1,), "the INVITE goes on"
    assert pracks(rig.rings(tag="other")) == ["1 1 INVITE"]


# Ours.


class Called(Rig):
    """An agent whom a caller calls that requires reliable answers."""

    def __init__(self, body: str = AUDIO) -> None:
        super().__init__()
        self.registered()
        self.invite = invite(body, ("Require", "100rel"))
        self.key = self.receive(self.invite)

    @property
    def ringing(self) -> Response:
        return self.answers(self.key)[-1]

    @property
    def rack(self) -> str:
        return f"{self.ringing.headers.get('RSeq')} 1 INVITE"

    def within(self, method: str, body: str, cseq: int, *fields: tuple[str, str]) -> Request:
        to = self.answers(self.key)[0].headers.get("To") or ""
        request = invite(body, *fields, To=to, CSeq=f"{cseq} {method}")
        return replace(request, method=method)

    def pracks(self, rack: str = "", body: str = "", cseq: int = 2) -> Response:
        """Let the PRACK come in."""
        fields = ("RAck", rack or self.rack)
        return self.answers(self.receive(self.within("PRACK", body, cseq, fields)))[-1]


def test_rfc3262_3_a_caller_that_requires_it_is_answered_reliably() -> None:
    rig = Called()
    assert of(IncomingCall, rig.out)
    assert rig.ringing.status == 180
    assert rig.ringing.headers.get("Require") == "100rel"
    assert 1 <= int(rig.ringing.headers.get("RSeq") or "") < 2**31
    assert rig.pracks().status == 200
    assert not rig.wait(50), "acknowledged: said no more"


def test_one_that_only_supports_it_is_answered_as_ever() -> None:
    rig = Rig().registered()
    key = rig.receive(invite(AUDIO, ("Supported", "100rel")))
    (ringing,) = rig.answers(key)
    assert "RSeq" not in ringing.headers


def test_rfc3262_3_it_is_repeated_after_t1_doubling() -> None:
    rig = Called()
    began, times = rig.now, []
    while rig.now < began + 20:
        if of(SendResponse, rig.wait(0.5)):
            times.append(rig.now - began)
    assert times == [0.5, 1.5, 3.5, 7.5, 15.5]


def test_rfc3262_3_without_a_prack_the_call_is_refused() -> None:
    rig = Called()
    rig.wait(32)
    assert rig.ringing.status == 504
    assert rig.ended() == CallEnded(1, EndCause.FAILED, 504, "the caller does not confirm")


@pytest.mark.parametrize("rack", ["1 1 INVITE", "x", "", "{0} 2 INVITE", "{0} 1 BYE", "{0}"])
def test_rfc3262_3_a_prack_for_another_answer_is_481(rack: str) -> None:
    rig = Called()
    named = rack.format(rig.ringing.headers.get("RSeq"))
    assert rig.pracks(named or "-").status == 481
    assert rig.pracks(cseq=3).status == 200
    assert rig.pracks(rig.rack, cseq=4).status == 481, "once"


@pytest.mark.parametrize("placed", [True, False], ids=["placed", "received"])
def test_rfc3262_3_a_prack_of_nothing_is_481_in_every_call(placed: bool) -> None:
    rig = Talking(placed=placed)
    assert rig.sends("PRACK").status == 481
    assert rig.calls() == (1,)


def test_a_prack_may_be_written_with_leading_zeros_and_tabs() -> None:
    rig = Called()
    assert rig.pracks(f"0{rig.ringing.headers.get('RSeq')}\t01 INVITE").status == 200


def test_a_long_ringing_is_told_again_with_the_next_number() -> None:
    rig = Called()
    first = int(rig.ringing.headers.get("RSeq") or "")
    rig.pracks()
    rig.wait(60)
    assert int(rig.ringing.headers.get("RSeq") or "") == first + 1
    assert rig.pracks(cseq=3).status == 200


def test_a_call_may_be_answered_before_the_prack() -> None:
    rig = Called()
    assert of(CallAnswered, rig.feed(Answer(1)))
    assert rig.ringing.status == 200


def test_rfc3262_3_a_prack_that_crosses_the_answer_is_good_and_nothing_is_repeated_for_it() -> None:
    rig = Called()
    rack = rig.rack
    rig.feed(Answer(1))
    assert {r.response.status for r in of(SendResponse, rig.wait(20))} == {200}, "the 180 rests"
    assert rig.pracks(rack).status == 200
    assert rig.pracks(rack, cseq=3).status == 481, "once"


def test_rfc3262_5_without_an_offer_ours_is_in_the_180_and_the_answer_in_the_prack() -> None:
    rig = Called(body="")
    assert b"m=audio 3000" in rig.ringing.body
    assert not rig.feed(Answer(1)), "no 2xx before the PRACK of an offer"
    assert rig.pracks(body=AUDIO).status == 200
    ok = rig.ringing
    assert (ok.status, ok.body) == (200, b""), "all is said"
    assert of(CallAnswered, rig.out)
    assert of(MediaChanged, rig.out)[-1].plan.remote == Endpoint("198.51.100.7", 4000)
    rig.feed(AckReceived(rig.within("ACK", "", 1)))
    assert rig.calls() == (1,)


@pytest.mark.parametrize("body", ["", sdp("m=audio 4000 RTP/AVP 18")])
def test_a_prack_without_a_usable_answer_ends_the_call(body: str) -> None:
    rig = Called(body="")
    assert rig.pracks(body=body).status == 200
    assert rig.ringing.status == 488
    assert rig.ended().cause is EndCause.FAILED


def test_an_offer_in_a_prack_beside_one_that_is_open_comes_too_early() -> None:
    rig = Called()
    assert rig.pracks(body=OTHER).status == 491
    assert not rig.wait(40), "it is acknowledged all the same"


def test_rfc3311_5_2_once_the_session_is_agreed_the_caller_may_change_it() -> None:
    rig = Called(body="")
    rig.pracks(body=AUDIO)
    ok = rig.answers(rig.receive(rig.within("UPDATE", OTHER, 3)))[-1]
    assert ok.status == 200
    assert b"m=audio 3000" in ok.body
    assert not of(MediaChanged, rig.out), "nobody is heard before the call is answered"
    rig.feed(Answer(1))
    assert of(MediaChanged, rig.out)[-1].plan.remote.port == 5000


def test_hanging_up_forgets_what_was_to_be_acknowledged() -> None:
    rig = Called()
    rig.feed(HangUp(1))
    assert rig.ended().cause is EndCause.HUNG_UP_HERE
    assert not rig.wait(40)
