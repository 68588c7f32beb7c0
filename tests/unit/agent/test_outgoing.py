"""Calls placed from here: every answer, CANCEL and its crossings, forks, lost links."""

from __future__ import annotations

from dataclasses import replace

import pytest

from firmware.agent import reasons
from firmware.agent.absence import NOT_YET_S
from firmware.agent.agent import CALLS_MAX
from firmware.agent.events import (
    CallAnswered,
    CallEnded,
    Dial,
    Dialling,
    EndCause,
    HangUp,
    MediaEnded,
    Party,
    RemoteRinging,
)
from firmware.agent.words import status_words
from firmware.link.events import CallsInProgress
from firmware.phone.font import width
from firmware.phone.grid import ROOM
from firmware.sip.message import Request
from firmware.sip.phrases import PHRASES
from firmware.transaction.events import (
    AckReceived,
    CancelRequest,
    RequestFailed,
    RequestFailure,
    ResponseReceived,
    SendAck,
    SendRequest,
)
from tests.unit.agent.calling import Calling
from tests.unit.agent.registrar import answer
from tests.unit.agent.rig import BACKUP, Rig, account, invite, of, sdp, text

INVITE = """\
INVITE sip:100@example.org SIP/2.0
Max-Forwards: 70
From: "Ann" <sip:201@example.org>;tag={tag}
To: <sip:100@example.org>
Call-ID: {call_id}
CSeq: 1 INVITE
Contact: <sip:201@192.0.2.99:40000;transport=tls;ob>
Allow: INVITE, ACK, CANCEL, BYE, OPTIONS, UPDATE, INFO, PRACK, NOTIFY
Supported: 100rel, from-change, timer, outbound, gruu, replaces
Content-Type: application/sdp
User-Agent: handset/1
Proxy-Authorization: {credentials}
Content-Length: 235

v=0
o=- {session} 1 IN IP4 192.0.2.99
s=-
c=IN IP4 192.0.2.99
t=0 0
m=audio 3000 RTP/AVP 0 8 101
a=rtpmap:0 PCMU/8000
a=rtpmap:8 PCMA/8000
a=rtpmap:101 telephone-event/8000
a=fmtp:101 0-15
a=ptime:20
a=rtcp-mux
a=sendrecv
"""

ACK = """\
ACK sip:far@198.51.100.7:5061;transport=tls SIP/2.0
Max-Forwards: 70
Route: <sip:proxy1.example.org;lr>
From: "Ann" <sip:201@example.org>;tag={tag}
To: <sip:100@example.org>;tag=far
Call-ID: {call_id}
CSeq: 1 ACK
Proxy-Authorization: {credentials}
User-Agent: handset/1
Content-Length: 0

"""

BYE = """\
BYE sip:far@198.51.100.7:5061;transport=tls SIP/2.0
Max-Forwards: 70
Route: <sip:proxy1.example.org;lr>
From: "Ann" <sip:201@example.org>;tag={tag}
To: <sip:100@example.org>;tag=far
Call-ID: {call_id}
CSeq: 2 BYE
User-Agent: handset/1
Content-Length: 0

"""


def acks(out: list[object]) -> list[Request]:
    return [item.request for item in of(SendAck, out)]


def byes(out: list[object]) -> list[Request]:
    return [item.request for item in of(SendRequest, out) if item.request.method == "BYE"]


def test_the_messages_of_a_call_are_written_as_the_rfcs_say() -> None:
    rig = Calling()
    request = rig.invite.request
    names = {
        "tag": request.from_.tag,
        "call_id": request.call_id,
        "credentials": request.headers.get("Proxy-Authorization"),
        "session": request.body.split()[2].decode(),
    }
    assert text(request) == INVITE.format(**names)
    (ack,) = acks(rig.is_answered())
    assert text(ack) == ACK.format(**names)
    (bye,) = byes(rig.hangs_up())
    assert text(bye) == BYE.format(**names)


def test_a_call_that_is_answered_and_hung_up_here() -> None:
    rig = Calling()
    assert of(Dialling, rig.out) == [Dialling(1, 1, Party("", "100"))]
    assert not rig.hears(100)
    assert rig.hears(180) == [RemoteRinging(1)]
    assert not rig.hears(180), "said once"
    assert not rig.hears(183)
    assert of(CallAnswered, rig.is_answered()) == [CallAnswered(1)]
    assert rig.calls() == (1,)
    out = rig.hangs_up()
    assert of(CallEnded, out) == [CallEnded(1, EndCause.HUNG_UP_HERE)]
    bye = rig.one("BYE")
    rig.reply(bye, answer(bye.request, 200))
    assert rig.calls() == ()
    assert not rig.hangs_up()


REFUSALS = [
    (300, "moved to nowhere known"),
    (302, "moved to nowhere known"),
    (305, "another proxy is demanded"),
    (400, "not understood there"),
    (403, "call not allowed"),
    (404, "no such number"),
    (405, "not possible there"),
    (408, "no answer"),
    (410, "number gone"),
    (415, "no common media"),
    (420, "not possible there"),
    (433, "anonymous calls not taken"),
    (480, "not available"),
    (482, "call loops"),
    (483, "call loops"),
    (484, "number incomplete"),
    (486, "busy"),
    (487, "cancelled"),
    (488, "no common media"),
    (491, "both sides asked at once"),
    (499, "call refused"),
    (500, "server error"),
    (503, "service not available"),
    (504, "server does not answer"),
    (599, "server error"),
    (600, "busy"),
    (603, "declined"),
    (604, "no such number"),
    (606, "no common media"),
    (699, "call refused everywhere"),
]


@pytest.mark.parametrize("ringing", [False, True])
@pytest.mark.parametrize(("status", "reason"), REFUSALS)
def test_a_refusal_is_said_in_words(status: int, reason: str, ringing: bool) -> None:
    rig = Calling()
    if ringing:
        rig.hears(180)
    rig.hears(status)
    assert rig.ended() == CallEnded(1, EndCause.REFUSED, status, reason)
    assert not rig.open
    assert rig.calls() == ()


@pytest.mark.parametrize("status", [s for s in PHRASES if s >= 300])
def test_no_status_is_a_number_to_a_person_and_all_words_fit_the_screen(status: int) -> None:
    words = status_words(status)
    assert not any(letter.isdigit() for letter in words)
    assert width(words) <= ROOM


def test_what_a_peer_says_in_its_phrase_is_not_shown() -> None:
    rig = Calling()
    response = answer(rig.invite.request, 499)
    rig.reply(rig.invite, replace(response, reason="x" * 200))
    assert rig.ended().reason == "call refused"


# Before the answer.


@pytest.mark.parametrize("ringing", [False, True])
def test_hanging_up_before_the_answer_cancels(ringing: bool) -> None:
    rig = Calling()
    if ringing:
        rig.hears(180)
    out = rig.hangs_up()
    assert of(CancelRequest, out) == [CancelRequest(rig.invite.key)]
    assert of(CallEnded, out) == [CallEnded(1, EndCause.HUNG_UP_HERE)]
    assert rig.calls() == ()
    assert not rig.hangs_up(), "once"
    assert not rig.hears(180)
    assert not rig.hears(487)
    assert not rig.is_answered(), "the call is forgotten"


def test_an_answer_that_crosses_the_cancel_is_ended() -> None:
    rig = Calling()
    rig.hangs_up()
    out = rig.is_answered()
    assert len(acks(out)) == len(byes(out)) == 1
    assert not of(CallAnswered, out)
    (again,) = rig.is_answered()
    assert acks([again]) == acks(out), "a repeated 2xx gets its ACK again"


@pytest.mark.parametrize("status", [401, 407])
def test_a_challenge_after_the_cancel_is_not_answered(status: int) -> None:
    rig = Calling()
    rig.hangs_up()
    challenge = rig.registrar.realm.challenge()
    rig.hears(status, ("WWW-Authenticate", challenge), ("Proxy-Authenticate", challenge))
    assert not rig.open


def test_a_call_that_nobody_answers_is_given_up() -> None:
    rig = Calling()
    rig.hears(180)
    out = rig.wait(299)
    assert not of(CallEnded, out)
    out = rig.wait(1)
    assert of(CancelRequest, out) == [CancelRequest(rig.invite.key, reasons.NO_ANSWER)]
    assert of(CallEnded, out) == [CallEnded(1, EndCause.FAILED, 408, "no answer")]


def test_silence_of_the_proxy_is_said() -> None:
    rig = Calling()
    rig.fails(RequestFailure.TIMEOUT)
    assert rig.ended() == CallEnded(1, EndCause.FAILED, 0, "the proxy does not answer")


# The answer.


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("", "no media in the answer"),
        ("v=1\r\n", "the media cannot be read"),
        ("m=audio 0 RTP/AVP 0", "no common media"),
        ("m=audio 4000 RTP/AVP 18", "no common codec"),
        ("m=video 4000 RTP/AVP 0", "no common media"),
        ("m=audio 4000 RTP/SAVP 0", "no common encryption"),
    ],
)
def test_an_answer_without_common_media_is_ended(body: str, reason: str) -> None:
    rig = Calling()
    out = rig.is_answered(body=sdp(body) if body.startswith("m=") else body)
    assert len(acks(out)) == len(byes(out)) == 1
    assert of(CallEnded, out) == [CallEnded(1, EndCause.FAILED, 0, reason)]
    assert not of(CallAnswered, out)
    assert len(acks(rig.is_answered())) == 1


def test_a_dynamic_payload_type_is_common_by_its_name() -> None:
    rig = Calling()
    body = sdp("m=audio 4000 RTP/AVP 96", "a=rtpmap:96 pcma/8000/1")
    assert of(CallAnswered, rig.is_answered(body=body))


def test_a_repeated_2xx_is_acknowledged_again_and_a_fork_ended() -> None:
    rig = Calling()
    first = acks(rig.is_answered())
    assert rig.is_answered() == [SendAck(first[0])]
    out = rig.is_answered(tag="other")
    assert [ack.to.tag for ack in acks(out)] == ["other"]
    assert [bye.to.tag for bye in byes(out)] == ["other"]
    assert not of(CallAnswered, out)
    assert rig.calls() == (1,)
    rig.wait(31)
    assert len(acks(rig.is_answered(tag="other"))) == 1


def test_repetitions_are_acknowledged_when_the_call_is_over_and_then_forgotten() -> None:
    rig = Calling()
    rig.is_answered()
    rig.hangs_up()
    rig.wait(31)
    assert len(acks(rig.is_answered())) == 1
    rig.wait(2)
    assert not rig.is_answered()
    assert rig.agent.deadline() == pytest.approx(1000 + 3585)


def test_the_far_end_may_change_a_call_that_we_placed() -> None:
    rig = Calling()
    rig.is_answered()
    ours = rig.invite.request
    to = f"<sip:201@example.org>;tag={ours.from_.tag}"
    names = {"From": "<sip:100@example.org>;tag=far", "To": to, "Call_ID": ours.call_id}
    key = rig.receive(invite(sdp("m=audio 4000 RTP/AVP 8"), CSeq="7 INVITE", **names))
    (response,) = rig.answers(key)
    assert response.status == 200
    assert b"m=audio 3000 RTP/AVP 8\r\n" in response.body
    rig.feed(AckReceived(replace(invite("", CSeq="7 ACK", **names), method="ACK")))
    (bye,) = byes(rig.hangs_up())
    assert str(bye.uri) == "sip:bob@198.51.100.7:5061;transport=tls", "where it moved to"


def test_forks_are_bounded() -> None:
    rig = Calling()
    for number in range(40):
        rig.is_answered(tag=f"fork{number}")
    assert len(rig.take("BYE")) == 15


@pytest.mark.parametrize("field", ["Contact", "Record-Route"])
def test_an_answer_that_cannot_be_read_fails_the_call(field: str) -> None:
    rig = Calling()
    response = rig.accept(rig.invite.request)
    broken = replace(response, headers=response.headers.set(field, "<garbage"))
    rig.is_answered()
    assert not rig.reply(rig.invite, replace(broken, headers=broken.headers.set("To", "<x>;tag=y")))
    rig = Calling()
    rig.reply(rig.invite, broken)
    assert rig.ended() == CallEnded(1, EndCause.FAILED, 0, "the answer cannot be read")


# Links that go (F5, F6).


def test_a_call_that_stands_survives_its_link() -> None:
    rig = Calling()
    rig.is_answered()
    rig.down()
    assert not of(CallEnded, rig.out)
    assert rig.calls() == (1,)
    rig.wait(600)
    rig.up()
    rig.register()
    assert rig.calls() == (1,)
    rig.hangs_up()
    bye = rig.one("BYE").request
    assert str(bye.uri) == "sip:far@198.51.100.7:5061;transport=tls"


def test_the_ack_goes_again_while_the_far_end_may_wait_for_it() -> None:
    rig = Calling()
    first = acks(rig.is_answered())
    rig.down()
    rig.wait(2)
    rig.up()
    assert not acks(rig.out[-3:]), "not before the registrar has had its say"
    rig.out.clear()
    rig.register()
    assert acks(rig.out) == first
    rig.down()
    rig.up(BACKUP)
    rig.out.clear()
    rig.register()
    assert not acks(rig.out), "its Route names the other proxy"
    rig.down()
    rig.wait(31)
    rig.up()
    rig.out.clear()
    rig.register()
    assert not acks(rig.out)


def test_a_bye_is_owed_while_there_is_no_link_and_delivered_on_the_next() -> None:
    rig = Calling()
    rig.is_answered()
    rig.down()
    ended = CallEnded(1, EndCause.HUNG_UP_HERE)
    assert rig.hangs_up() == [MediaEnded(1), ended, CallsInProgress(0)]
    rig.wait(3600)
    rig.up()
    assert not rig.take("BYE"), "a stranger's BYE might be refused"
    rig.register()
    bye = rig.one("BYE")
    rig.reply(bye, answer(bye.request, 200))
    rig.down()
    rig.up()
    rig.register()
    assert not rig.take("BYE")


def test_a_bye_whose_link_died_goes_again_as_a_new_transaction() -> None:
    rig = Calling()
    rig.is_answered()
    rig.hangs_up()
    (first,) = [sent for sent in rig.open if sent.request.method == "BYE"]
    rig.down()
    rig.up()
    rig.register()
    again = rig.one("BYE")
    assert again.key != first.key
    assert again.request.cseq.number == first.request.cseq.number + 1
    assert again.request.call_id == first.request.call_id


def test_a_bye_waits_while_a_registration_that_has_run_out_is_renewed() -> None:
    rig = Calling()
    rig.is_answered()
    rig.wait(4000)
    assert not rig.accounts()
    rig.hangs_up()
    assert not rig.take("BYE")
    rig.register()
    rig.one("BYE")


@pytest.mark.parametrize("status", [200, 403, 481, 488, 603])
def test_an_answer_of_the_far_end_ends_a_bye(status: int) -> None:
    rig = Calling()
    rig.is_answered()
    rig.hangs_up()
    bye = rig.one("BYE")
    rig.reply(bye, answer(bye.request, status))
    rig.down()
    rig.up()
    rig.register()
    assert not rig.open


@pytest.mark.parametrize("status", [404, 408, 480, 500, 503])
def test_a_far_end_that_is_not_there_yet_is_told_later(status: int) -> None:
    rig = Calling()
    rig.is_answered()
    rig.hangs_up()
    for wait_s in NOT_YET_S:
        bye = rig.one("BYE")
        rig.reply(bye, answer(bye.request, status))
        rig.wait(wait_s - 0.1)
        assert not rig.take("BYE")
        rig.wait(0.2)
    bye = rig.one("BYE")
    rig.reply(bye, answer(bye.request, status))
    rig.wait(100)
    assert not rig.take("BYE"), "it is gone"


def test_a_bye_that_is_said_again_later_may_be_challenged_again() -> None:
    rig = Calling()
    rig.is_answered()
    rig.hangs_up()
    for status in (407, 404, 407):
        bye = rig.one("BYE")
        challenge = ("Proxy-Authenticate", rig.registrar.realm.challenge())
        rig.reply(bye, answer(bye.request, status, challenge))
        rig.wait(NOT_YET_S[0] + 0.1)
    bye = rig.one("BYE")
    rig.reply(bye, answer(bye.request, 200))
    assert not rig.agent.remembered - len(rig.agent._calls)


def test_a_bye_that_waits_for_its_far_end_goes_at_once_over_the_next_link() -> None:
    rig = Calling()
    rig.is_answered()
    rig.hangs_up()
    bye = rig.one("BYE")
    rig.reply(bye, answer(bye.request, 404))
    rig.down()
    rig.wait(10)
    assert not rig.take("BYE")
    rig.up()
    rig.register()
    bye = rig.one("BYE")
    rig.reply(bye, answer(bye.request, 404))
    rig.wait(NOT_YET_S[0] + 0.1)
    bye = rig.one("BYE")  # It is waited for anew there, too.
    rig.reply(bye, answer(bye.request, 200))
    rig.wait(100)
    assert not rig.take("BYE")


@pytest.mark.parametrize("is_lost", [False, True], ids=["one link", "a link each"])
def test_a_bye_that_nobody_answers_is_sent_again_for_a_while(is_lost: bool) -> None:
    rig = Calling()
    rig.is_answered()
    rig.hangs_up()
    for wait_s in (0.0, *NOT_YET_S):  # The far end may be on a path that is dead, and come back.
        rig.wait(wait_s)
        rig.feed(RequestFailed(rig.one("BYE").key, RequestFailure.TIMEOUT))
        if is_lost:
            rig.down()
            rig.up()
            rig.register()
    rig.wait(100)
    assert not rig.open
    rig.down()
    rig.up()
    rig.register()
    assert not rig.open


def test_a_challenged_bye_is_signed_and_the_next_one_at_once() -> None:
    rig = Calling()
    for trips in (2, 1):
        if trips == 1:
            rig.feed(Dial(1, "100"))
            rig.invite = rig.one("INVITE")
        rig.is_answered()
        rig.feed(HangUp(3 - trips))
        count = 0
        while sent := rig.take("BYE"):
            count += 1
            refused = rig.registrar.proxy_challenge(sent[0].request)
            rig.reply(sent[0], refused or answer(sent[0].request, 200))
        assert count == trips


def test_a_bye_with_a_wrong_password_gives_up() -> None:
    rig = Calling()
    rig.is_answered()
    rig.hangs_up()
    for _ in range(2):
        bye = rig.one("BYE")
        challenge = ("Proxy-Authenticate", rig.registrar.realm.challenge())
        rig.reply(bye, answer(bye.request, 407, challenge))
    assert not rig.open


def test_owed_byes_are_bounded() -> None:
    rig = Rig(account()).registered()
    for call in range(1, 60):
        rig.feed(Dial(1, "100"))
        invite = rig.one("INVITE")
        rig.reply(invite, rig.accept(invite.request))
        if call % CALLS_MAX == 0:
            rig.down()
            for number in rig.calls():
                rig.feed(HangUp(number))
            rig.up()
            sent = rig.one("REGISTER")
            rig.reply(sent, rig.registrar.answer(sent.request))
            rig.wait(10)
            rig.open.clear()
    rig.down()
    rig.up()
    rig.register()
    assert len(rig.take("BYE")) <= 32


# What cannot be dialled.


@pytest.mark.parametrize(
    ("number", "target", "reason"),
    [
        (2, "100", "no such account"),
        (0, "100", "no such account"),
        (1, "", "nothing dialled"),
        (1, "not an address", "not a number or address"),
    ],
)
def test_a_bad_dial_is_refused_in_words(number: int, target: str, reason: str) -> None:
    rig = Rig().registered()
    assert rig.feed(Dial(number, target)) == [CallEnded(0, EndCause.FAILED, 0, reason)]


def test_nobody_dials_unregistered() -> None:
    rig = Rig()
    no_link = CallEnded(0, EndCause.FAILED, 0, "no link")
    assert no_link in rig.feed(Dial(1, "100"))
    rig.up()
    unregistered = CallEnded(0, EndCause.FAILED, 0, "not registered")
    assert unregistered in rig.feed(Dial(1, "100"))
    rig.register()
    rig.down()
    assert no_link in rig.feed(Dial(1, "100"))


def test_an_emergency_call_needs_a_link_and_no_registration() -> None:
    rig = Rig()
    refused = CallEnded(0, EndCause.FAILED, 0, "no link")
    assert refused in rig.feed(Dial(1, "112", is_emergency=True))
    rig.up()
    rig.feed(Dial(1, "112", is_emergency=True))
    (invite,) = rig.take("INVITE")
    assert str(invite.request.uri).startswith("sip:112@example.org")


def test_calls_are_bounded() -> None:
    rig = Rig().registered()
    for _ in range(CALLS_MAX):
        rig.feed(Dial(1, "100"))
    assert len(rig.calls()) == CALLS_MAX
    assert rig.feed(Dial(1, "100")) == [CallEnded(0, EndCause.FAILED, 0, "too many calls")]


def test_calls_that_are_over_are_not_kept_without_bound() -> None:
    rig = Rig().registered()
    for number in range(1, 200):
        rig.feed(Dial(1, "100"))
        invite = rig.one("INVITE")
        rig.reply(invite, rig.accept(invite.request))
        rig.feed(HangUp(number))
        bye = rig.one("BYE")
        rig.reply(bye, answer(bye.request, 200))
    assert len(rig.agent._calls) <= 64


def test_ringing_from_many_ends_is_remembered_within_bounds() -> None:
    rig = Calling()
    for number in range(100):
        rig.hears(183, tag=f"fork{number}")
    assert len(rig.agent._calls) == 1
    rig.hears(180)
    assert of(RemoteRinging, rig.out) == [RemoteRinging(1)]


def test_stray_answers_to_calls_are_ignored() -> None:
    rig = Calling()
    rig.hears(486)
    assert not rig.hears(200)
    assert not rig.feed(ResponseReceived("nobody", answer(rig.invite.request, 200)))
