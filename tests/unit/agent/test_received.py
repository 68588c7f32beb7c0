"""Calls that come in, and what comes in within them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from firmware.agent.agent import CALLS_MAX
from firmware.agent.events import (
    Answer,
    CallAnswered,
    CallEnded,
    EndCause,
    HangUp,
    IncomingCall,
    MediaChanged,
    MediaEnded,
    Party,
    Reject,
)
from firmware.agent.unheard import ACK_S
from firmware.link.events import CallsInProgress
from firmware.sip.message import Request, Response
from firmware.transaction.events import (
    AckReceived,
    CancelReceived,
    SendRequest,
    SendResponse,
)
from tests.unit.agent.rig import Rig, account, invite, of, sdp, text

TIMER_L_S = 32.0
ALLOW = "INVITE, ACK, CANCEL, BYE, OPTIONS, UPDATE, INFO, PRACK, NOTIFY"
AUDIO = sdp("m=audio 4000 RTP/AVP 0 8 18")

RINGING = """\
SIP/2.0 180 Ringing
Via: SIP/2.0/TLS proxy1.example.org;branch=z9hG4bK1
Record-Route: <sip:proxy1.example.org;lr>
From: "Bob" <sip:100@example.org>;tag=bob
To: <sip:201@example.org>;tag={tag}
Call-ID: in1
CSeq: 1 INVITE
Contact: <sip:201@192.0.2.99:40000;transport=tls;ob>
Allow: INVITE, ACK, CANCEL, BYE, OPTIONS, UPDATE, INFO, PRACK, NOTIFY
Supported: 100rel, from-change, timer, outbound, gruu, replaces
User-Agent: handset/1
Content-Length: 0

"""

OK = """\
SIP/2.0 200 OK
Via: SIP/2.0/TLS proxy1.example.org;branch=z9hG4bK1
Record-Route: <sip:proxy1.example.org;lr>
From: "Bob" <sip:100@example.org>;tag=bob
To: <sip:201@example.org>;tag={tag}
Call-ID: in1
CSeq: 1 INVITE
Contact: <sip:201@192.0.2.99:40000;transport=tls;ob>
Allow: INVITE, ACK, CANCEL, BYE, OPTIONS, UPDATE, INFO, PRACK, NOTIFY
Supported: 100rel, from-change, timer, outbound, gruu, replaces
User-Agent: handset/1
Content-Type: application/sdp
Content-Length: 167

v=0
o=- {session} 1 IN IP4 192.0.2.99
s=-
c=IN IP4 192.0.2.99
t=0 0
m=audio 3000 RTP/AVP 0 8
a=rtpmap:0 PCMU/8000
a=rtpmap:8 PCMA/8000
a=ptime:20
a=sendrecv
"""

BYE = """\
BYE sip:bob@198.51.100.7:5061;transport=tls SIP/2.0
Max-Forwards: 70
Route: <sip:proxy1.example.org;lr>
From: <sip:201@example.org>;tag={tag}
To: "Bob" <sip:100@example.org>;tag=bob
Call-ID: in1
CSeq: 1 BYE
User-Agent: handset/1
Content-Length: 0

"""


class Called(Rig):
    """An agent that somebody calls."""

    def __init__(self, request: Request | None = None) -> None:
        super().__init__(account())
        self.registered()
        self.invite = invite(AUDIO) if request is None else request
        self.key = self.receive(self.invite)
        self.cseq = 1

    @property
    def tag(self) -> str:
        return self.answers(self.key)[0].to.tag or ""

    def last(self, key: str | None = None) -> Response:
        return self.answers(key or self.key)[-1]

    def within(self, method: str, body: str = "", cseq: int | None = None) -> Request:
        """Write a request of theirs within the dialog."""
        self.cseq = self.cseq + 1 if cseq is None else cseq
        to = f"<sip:201@example.org>;tag={self.tag}"
        request = invite(body, To=to, CSeq=f"{self.cseq} {method}")
        return replace(request, method=method)

    def sends(self, method: str, body: str = "", cseq: int | None = None) -> Response:
        key = self.receive(self.within(method, body, cseq))
        return self.last(key)

    def acknowledges(self, cseq: int = 1, body: str = "") -> list[object]:
        return self.feed(AckReceived(self.within("ACK", body, cseq)))

    def stands(self) -> Called:
        """Answer and be acknowledged."""
        self.feed(Answer(1))
        self.acknowledges()
        return self


def byes(out: list[object]) -> list[Request]:
    return [item.request for item in of(SendRequest, out) if item.request.method == "BYE"]


def test_the_messages_of_a_call_are_written_as_the_rfcs_say() -> None:
    rig = Called()
    assert text(rig.last()) == RINGING.format(tag=rig.tag)
    rig.feed(Answer(1))
    session = rig.last().body.split()[2].decode()
    assert text(rig.last()) == OK.format(tag=rig.tag, session=session)
    rig.acknowledges()
    (bye,) = byes(rig.feed(HangUp(1)))
    assert text(bye) == BYE.format(tag=rig.tag)


def test_a_call_that_is_answered_and_ended_there() -> None:
    rig = Called()
    assert of(IncomingCall, rig.out) == [IncomingCall(1, 1, Party("Bob", "100"))]
    assert of(CallAnswered, rig.feed(Answer(1))) == [CallAnswered(1)]
    assert not rig.feed(Answer(1)), "once"
    assert not rig.acknowledges()
    assert rig.sends("BYE").status == 200
    assert rig.ended() == CallEnded(1, EndCause.HUNG_UP_THERE)
    assert rig.calls() == ()
    assert rig.sends("BYE").status == 481


def test_the_network_may_say_who_calls() -> None:
    rig = Called(invite(AUDIO, ("P-Asserted-Identity", '"Robert" <sip:+4930@example.org>')))
    assert of(IncomingCall, rig.out)[0].far == Party("Robert", "+4930")


def test_an_asserted_identity_that_cannot_be_read_is_none() -> None:
    rig = Called(invite(AUDIO, ("P-Asserted-Identity", "<garbage")))
    assert of(IncomingCall, rig.out)[0].far == Party("Bob", "100")


# Before the answer.


@pytest.mark.parametrize("status", [486, 480, 603])
def test_a_call_is_rejected(status: int) -> None:
    rig = Called()
    assert of(CallEnded, rig.feed(Reject(1, status))) == [
        CallEnded(1, EndCause.HUNG_UP_HERE, status)
    ]
    assert (rig.last().status, rig.last().to.tag) == (status, rig.tag)
    assert not rig.feed(Answer(1))
    assert not rig.feed(Reject(1))


def test_hanging_up_while_it_rings_is_busy_here() -> None:
    rig = Called()
    rig.feed(HangUp(1))
    assert rig.last().status == 486
    assert rig.ended().cause is EndCause.HUNG_UP_HERE


@pytest.mark.parametrize(
    ("reason", "cause"),
    [
        ("", EndCause.CANCELLED_THERE),
        ('SIP;cause=200;text="Call completed elsewhere"', EndCause.ANSWERED_ELSEWHERE),
        ('Q.850;cause=16, SIP ;cause=200 ;text="x"', EndCause.ANSWERED_ELSEWHERE),
        ("SIP;cause=600", EndCause.CANCELLED_THERE),
        ("Q.850;cause=200", EndCause.CANCELLED_THERE),
        ("garbage;;;", EndCause.CANCELLED_THERE),
    ],
)
def test_a_cancelled_call_says_why_it_stops_ringing(reason: str, cause: EndCause) -> None:
    rig = Called()
    rig.feed(CancelReceived(rig.key, reason))
    assert (rig.last().status, rig.last().to.tag) == (487, rig.tag)
    assert rig.ended() == CallEnded(1, cause)


def test_a_cancel_for_nothing_is_ignored() -> None:
    rig = Called()
    assert not rig.feed(CancelReceived("other"))
    rig.feed(Answer(1))
    assert not rig.feed(CancelReceived(rig.key)), "the answer was first"


def test_a_bye_before_the_answer_ends_the_invite_too() -> None:
    rig = Called()
    assert rig.sends("BYE").status == 200
    assert rig.last().status == 487
    assert rig.ended() == CallEnded(1, EndCause.CANCELLED_THERE)


def test_a_long_ringing_is_told_again_and_then_given_up() -> None:
    rig = Called()
    rig.wait(299)
    assert [response.status for response in rig.answers(rig.key)] == [180] * 5
    rig.wait(1)
    assert rig.last().status == 480
    assert rig.ended() == CallEnded(1, EndCause.FAILED, 480, "not answered")


# The answer and its ACK (13.3.1.4).


def test_the_2xx_is_repeated_until_its_ack() -> None:
    rig = Called()
    rig.feed(Answer(1))
    times = []
    start = rig.now
    while rig.now < start + 20:
        due = rig.agent.deadline()
        assert due is not None
        if of(SendResponse, rig.advance(due)):
            times.append(round(rig.now - start, 3))
    assert times == [0.5, 1.5, 3.5, 7.5, 11.5, 15.5, 19.5, 23.5]
    assert len({bytes(response) for response in rig.answers(rig.key)[1:]}) == 1
    rig.acknowledges()
    rig.out.clear()
    rig.wait(100)
    assert not rig.out


def test_without_an_ack_the_call_is_ended_by_bye() -> None:
    rig = Called()
    rig.feed(Answer(1))
    out = rig.wait(31.9)
    assert not byes(out)
    out = rig.wait(0.1)
    assert len(byes(out)) == 1
    assert of(CallEnded, out) == [CallEnded(1, EndCause.FAILED, 0, "the answer was not confirmed")]


def test_the_ack_of_another_invite_does_not_count() -> None:
    rig = Called()
    rig.feed(Answer(1))
    rig.acknowledges(cseq=7)
    assert of(SendResponse, rig.wait(1))


def test_hanging_up_waits_for_the_ack() -> None:
    rig = Called()
    rig.feed(Answer(1))
    out = rig.feed(HangUp(1))
    assert out == [MediaEnded(1), CallEnded(1, EndCause.HUNG_UP_HERE), CallsInProgress(0)]
    assert of(SendResponse, rig.wait(1)), "the 2xx is repeated still"
    assert len(byes(rig.acknowledges())) == 1


def test_hanging_up_without_an_ack_ever_says_bye_in_the_end() -> None:
    rig = Called()
    rig.feed(Answer(1))
    rig.feed(HangUp(1))
    out = rig.wait(32)
    assert len(byes(out)) == 1
    assert not of(CallEnded, out), "said already"


def test_a_bye_may_overtake_the_ack() -> None:
    rig = Called()
    rig.feed(Answer(1))
    assert rig.sends("BYE").status == 200
    rig.out.clear()
    rig.wait(40)
    assert not of(SendResponse, rig.out)


def test_a_delayed_offer_is_ours_and_its_answer_comes_with_the_ack() -> None:
    rig = Called(invite(body=""))
    rig.feed(Answer(1))
    assert b"m=audio 3000 RTP/AVP 0 8" in rig.last().body
    (changed,) = rig.acknowledges(body=AUDIO)
    assert isinstance(changed, MediaChanged)
    assert rig.calls() == (1,)


@pytest.mark.parametrize(
    ("body", "reason"),
    [("", "no media in the answer"), (sdp("m=audio 0 RTP/AVP 0"), "no common media")],
)
def test_a_delayed_offer_without_an_answer_ends_the_call(body: str, reason: str) -> None:
    rig = Called(invite(body=""))
    rig.feed(Answer(1))
    out = rig.acknowledges(body=body)
    assert len(byes(out)) == 1
    assert of(CallEnded, out) == [CallEnded(1, EndCause.FAILED, 0, reason)]


def test_the_loss_of_the_link_before_the_ack_leaves_the_call_standing() -> None:
    rig = Called()
    rig.feed(Answer(1))
    rig.down()
    rig.out.clear()
    rig.wait(TIMER_L_S - 1)
    assert not of(CallEnded, rig.out)
    rig.up()
    rig.register()
    assert not byes(rig.feed(HangUp(1))), "the ACK may come yet (RFC 3261 15)"
    assert len(byes(rig.wait(ACK_S))) == 1


def test_an_ack_that_can_come_no_more_is_not_waited_for() -> None:
    rig = Called()
    rig.feed(Answer(1))
    rig.down()
    rig.out.clear()
    rig.wait(100)
    assert not of(CallEnded, rig.out)
    rig.up()
    rig.register()
    assert len(byes(rig.feed(HangUp(1)))) == 1, "the transaction is over (RFC 3261 15)"


def test_hung_up_before_the_ack_and_then_no_link_owes_a_bye() -> None:
    rig = Called()
    rig.feed(Answer(1))
    rig.feed(HangUp(1))
    rig.down()
    rig.up()
    rig.register()
    assert not rig.take("BYE"), "the caller may hear ringing still, and hears our 2xx first"
    rig.wait(ACK_S)
    assert len(rig.take("BYE")) == 1


# What the media offer may be.


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (sdp("m=audio 4000 RTP/AVP 18"), 488),
        (sdp("m=audio 4000 RTP/SAVP 0"), 488),
        (sdp("m=audio 0 RTP/AVP 0"), 488),
        (sdp("m=video 4000 RTP/AVP 96"), 488),
        (sdp(), 488),
        (sdp("m=audio 4000 RTP/AVP 0").replace("t=0 0", "t=0\r0"), 400),  # Found by fuzzing.
    ],
)
def test_an_offer_that_cannot_be_had_is_refused_before_it_rings(body: str, status: int) -> None:
    rig = Called(invite(body))
    assert rig.last().status == status
    assert "Warning" in rig.last().headers
    assert rig.last().to.tag
    assert not of(IncomingCall, rig.out)
    assert not of(CallEnded, rig.out)
    assert rig.calls() == ()


@pytest.mark.parametrize("body", ["v=1", "nonsense", "v=0\r\nm=\r\n"])
def test_an_offer_that_cannot_be_read_is_refused(body: str) -> None:
    rig = Called(invite(body))
    assert 400 <= rig.last().status < 500
    assert not of(IncomingCall, rig.out)


def test_every_media_line_is_answered_in_its_place() -> None:
    body = sdp(
        "m=video 4002 RTP/AVP 96",
        "m=audio 4004 RTP/SAVP 0",
        "m=audio 4000 RTP/AVP 101 96 8",
        "a=rtpmap:96 PCMU/8000",
        "m=audio 4006 RTP/AVP 0",
    )
    rig = Called(invite(body))
    rig.feed(Answer(1))
    lines = rig.last().body.decode().splitlines()
    assert [line for line in lines if line.startswith("m=")] == [
        "m=video 0 RTP/AVP 96",
        "m=audio 0 RTP/SAVP 0",
        "m=audio 3000 RTP/AVP 96 8",
        "m=audio 0 RTP/AVP 0",
    ]
    assert "a=rtpmap:96 PCMU/8000" in lines
    assert "a=sendrecv" in lines


# Within the dialog.


def test_a_reinvite_is_answered_with_the_same_session() -> None:
    rig = Called().stands()
    first = rig.answers(rig.key)[1].body
    response = rig.sends("INVITE", AUDIO)
    assert (response.status, response.body) == (200, first)
    assert response.contacts
    assert of(SendResponse, rig.wait(1)), "it is repeated as any 2xx"
    rig.acknowledges(rig.cseq)
    rig.out.clear()
    rig.wait(40)
    assert not rig.out
    assert rig.calls() == (1,)


def test_a_reinvite_without_offer_gets_ours() -> None:
    rig = Called().stands()
    response = rig.sends("INVITE")
    assert response.status == 200
    assert b"m=audio 3000 RTP/AVP 0 8" in response.body
    (changed,) = rig.acknowledges(rig.cseq, AUDIO)
    assert isinstance(changed, MediaChanged)


def test_a_reinvite_that_changes_the_session_gets_a_higher_version() -> None:
    rig = Called().stands()
    response = rig.sends("INVITE", sdp("m=audio 4000 RTP/AVP 8"))
    assert b" 2 IN IP4" in response.body
    assert b"m=audio 3000 RTP/AVP 8\r\n" in response.body


def test_a_reinvite_that_cannot_be_had_changes_nothing() -> None:
    rig = Called().stands()
    assert rig.sends("INVITE", sdp("m=audio 4000 RTP/AVP 18")).status == 488
    assert rig.calls() == (1,)
    assert rig.sends("INVITE", AUDIO).status == 200


def test_a_reinvite_before_the_ack_of_the_last_comes_too_early() -> None:
    rig = Called()
    rig.feed(Answer(1))
    response = rig.sends("INVITE", AUDIO)
    assert response.status == 500
    assert 0 <= (response.retry_after or 0) <= 10


def test_a_reinvite_without_an_ack_ends_the_call() -> None:
    rig = Called().stands()
    rig.sends("INVITE", AUDIO)
    out = rig.wait(32)
    assert len(byes(out)) == 1
    assert of(CallEnded, out)[0].reason == "the answer was not confirmed"


def test_a_reinvite_moves_the_target() -> None:
    rig = Called().stands()
    request = rig.within("INVITE", AUDIO)
    headers = request.headers.set("Contact", "<sip:bob@new>")
    rig.receive(replace(request, headers=headers))
    rig.acknowledges(rig.cseq)
    (bye,) = byes(rig.feed(HangUp(1)))
    assert str(bye.uri) == "sip:bob@new"


def test_an_update_is_answered_with_the_same_session() -> None:
    rig = Called().stands()
    first = rig.answers(rig.key)[1].body
    response = rig.sends("UPDATE", AUDIO)
    assert (response.status, response.body) == (200, first)
    assert rig.sends("UPDATE", sdp("m=audio 4000 RTP/AVP 18")).status == 488
    empty = rig.sends("UPDATE")
    assert (empty.status, empty.body) == (200, b"")
    assert empty.contacts


@pytest.mark.parametrize("method", ["INVITE", "UPDATE"])
def test_an_offer_before_our_answer_comes_too_early(method: str) -> None:
    rig = Called()
    response = rig.sends(method, AUDIO)
    assert response.status == 500
    assert response.retry_after is not None


def test_options_within_a_call_is_answered() -> None:
    rig = Called().stands()
    response = rig.sends("OPTIONS")
    assert (response.status, response.headers.get("Allow")) == (200, ALLOW)


@pytest.mark.parametrize(
    ("method", "status"),
    [
        *((method, 405) for method in ("MESSAGE", "REFER", "SUBSCRIBE")),
        ("FROBNICATE", 501),
    ],
)
@pytest.mark.parametrize("stands", [False, True])
def test_other_methods_are_refused_with_what_is_allowed(
    method: str, status: int, stands: bool
) -> None:
    rig = Called().stands() if stands else Called()
    response = rig.sends(method)
    assert (response.status, response.headers.get("Allow")) == (status, ALLOW)
    assert rig.calls() == (1,)


def test_a_call_is_no_subscription() -> None:
    rig = Called().stands()
    response = rig.sends("NOTIFY")
    assert (response.status, response.headers.get("Allow-Events")) == (489, "message-summary")
    assert rig.calls() == (1,)


@pytest.mark.parametrize("cseq", [1, 0])
@pytest.mark.parametrize("method", ["INVITE", "BYE", "OPTIONS", "UPDATE"])
def test_a_request_out_of_order_is_refused(method: str, cseq: int) -> None:
    rig = Called().stands()
    assert rig.sends(method, cseq=cseq).status == 500
    assert rig.calls() == (1,)


@pytest.mark.parametrize("field", [("Require", "gin"), ("Content-Type", "text/plain")])
def test_a_reinvite_is_screened_like_any_request(field: tuple[str, str]) -> None:
    rig = Called().stands()
    request = rig.within("INVITE", AUDIO)
    key = rig.receive(replace(request, headers=request.headers.set(*field)))
    assert rig.last(key).status == (420 if field[0] == "Require" else 415)
    assert rig.calls() == (1,)


def test_a_bye_may_say_why() -> None:
    rig = Called().stands()
    request = rig.within("BYE")
    headers = request.headers.add("Reason", 'Q.850;cause=38;text="Network out of order"')
    rig.receive(replace(request, headers=headers))
    assert rig.ended() == CallEnded(1, EndCause.HUNG_UP_THERE, 0, "Network out of order")


def test_byes_that_cross_are_both_answered() -> None:
    rig = Called().stands()
    rig.feed(HangUp(1))
    assert rig.sends("BYE").status == 200
    rig.down()
    rig.up()
    rig.register()
    assert not rig.take("BYE"), "they have heard enough"


def test_other_requests_after_our_bye_find_no_dialog() -> None:
    rig = Called().stands()
    rig.feed(HangUp(1))
    assert rig.sends("INVITE", AUDIO).status == 481


# Too many, or the same again.


def test_the_same_invite_on_another_path_is_a_loop() -> None:
    rig = Called()
    key = rig.receive(invite(AUDIO))
    assert rig.last(key).status == 482
    assert rig.calls() == (1,)


def test_one_call_too_many_is_busy() -> None:
    rig = Called()
    for number in range(2, CALLS_MAX + 1):
        rig.receive(invite(AUDIO, Call_ID=f"in{number}"))
    assert len(rig.calls()) == CALLS_MAX
    key = rig.receive(invite(AUDIO, Call_ID="more"))
    assert rig.last(key).status == 486
    assert len(of(IncomingCall, rig.out)) == CALLS_MAX


def test_a_peer_without_tags_is_still_a_peer() -> None:
    rig = Called(invite(AUDIO, From="<sip:100@example.org>"))
    rig.feed(Answer(1))
    ack = rig.within("ACK", cseq=1)
    rig.feed(AckReceived(replace(ack, headers=ack.headers.set("From", "<sip:100@example.org>"))))
    (bye,) = byes(rig.feed(HangUp(1)))
    assert bye.headers.get("To") == "<sip:100@example.org>"


def test_what_the_person_does_to_a_call_that_is_gone_is_nothing() -> None:
    rig = Called()
    rig.feed(Reject(1))
    for event in (Answer(1), Reject(1), HangUp(1), Answer(99), HangUp(99)):
        assert not rig.feed(event)
