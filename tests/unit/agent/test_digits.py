"""Digits in a call: by sound, by INFO, both; a failed one is never repeated (F5, RFC 6086)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from firmware.agent.account import DigitMethod
from firmware.agent.asking import OPEN_MAX
from firmware.agent.events import Answer, Dial, DigitFailed, DigitReceived, SendDigit
from firmware.media.dtmf import PLAIN, RELAY
from firmware.media.events import SayDigit
from firmware.sip.message import Response
from firmware.transaction.events import AckReceived, RequestFailed, RequestFailure, SendRequest
from tests.unit.agent.registrar import answer
from tests.unit.agent.rig import Rig, account, invite, of, sdp, text

AUDIO = sdp("m=audio 4000 RTP/AVP 0")

INFO = """\
INFO sip:far@198.51.100.7:5061;transport=tls SIP/2.0
Max-Forwards: 70
Route: <sip:proxy1.example.org;lr>
From: <sip:201@example.org>;tag={tag}
To: <sip:100@example.org>;tag=far
Call-ID: {call_id}
CSeq: 2 INFO
Content-Type: application/dtmf-relay
User-Agent: handset/1
Content-Length: 24

Signal=5
Duration=100
"""


class Talking(Rig):
    """A call that was placed from here and answered."""

    def __init__(self, method: DigitMethod) -> None:
        super().__init__(replace(account(), digits=method))
        self.registered()
        self.feed(Dial(1, "100"))
        sent = self.one("INVITE")
        self.reply(sent, self.accept(sent.request))
        self.out.clear()

    def presses(self, digit: str = "5") -> SendRequest:
        self.feed(SendDigit(1, digit))
        return self.one("INFO")

    def failures(self) -> list[str]:
        return [f"{failed.digit}: {failed.reason}" for failed in of(DigitFailed, self.out)]


def test_by_default_a_digit_goes_with_the_sound() -> None:
    rig = Talking(DigitMethod.RTP)
    assert rig.feed(SendDigit(1, "5")) == [SayDigit(1, "5")]


def test_by_info_a_digit_is_written_as_the_rfcs_say() -> None:
    rig = Talking(DigitMethod.INFO)
    sent = rig.presses().request
    names = {"tag": sent.from_.tag, "call_id": sent.call_id}
    assert text(sent) == INFO.format(**names)
    assert not of(SayDigit, rig.out)


def test_both_ways() -> None:
    rig = Talking(DigitMethod.BOTH)
    rig.presses("#")
    assert of(SayDigit, rig.out) == [SayDigit(1, "#")]


def test_a_digit_that_arrived_is_not_spoken_of() -> None:
    rig = Talking(DigitMethod.INFO)
    sent = rig.presses()
    rig.reply(sent, answer(sent.request, 100))
    assert not rig.reply(sent, answer(sent.request, 200))


@pytest.mark.parametrize("status", [405, 481, 503])
def test_a_refused_digit_is_told_and_not_repeated(status: int) -> None:
    rig = Talking(DigitMethod.INFO)
    sent = rig.presses()
    rig.reply(sent, answer(sent.request, status))
    assert rig.failures()[0].startswith("5: ")
    assert not rig.take("INFO")
    assert rig.calls() == (1,), "the call goes on"


@pytest.mark.parametrize(("status", "asks"), [(481, 1), (408, 1), (0, 1), (405, 0), (503, 0)])
def test_rfc5057_5_1_where_the_dialog_may_be_gone_a_refresh_shows_whether(
    status: int, asks: int
) -> None:
    rig = Talking(DigitMethod.INFO)
    sent = rig.presses()
    if status:
        rig.reply(sent, answer(sent.request, status))
    else:
        rig.feed(RequestFailed(sent.key, RequestFailure.TIMEOUT))
    refreshes = rig.take("INVITE")
    assert len(refreshes) == asks
    for asked in refreshes:
        assert asked.request.to.tag == "far"
        rig.reply(asked, answer(asked.request, 481))
        assert rig.one("INVITE").request.replaces, "it is gone: the far end is asked for another"


def test_f5_an_info_is_never_repeated_over_the_next_link() -> None:
    rig = Talking(DigitMethod.INFO)
    rig.presses()
    rig.open.clear()
    rig.feed(SendDigit(1, "6"))
    rig.down()
    assert rig.failures() == ["6: link lost"]
    rig.feed(SendDigit(1, "7"))
    assert rig.failures() == ["6: link lost", "7: not possible now"]
    rig.up()
    rig.register()
    assert not [s for s in rig.open if s.request.method == "INFO"]


def test_silence_is_a_failure() -> None:
    rig = Talking(DigitMethod.INFO)
    sent = rig.presses()
    rig.feed(RequestFailed(sent.key, RequestFailure.TIMEOUT))
    assert rig.failures() == ["5: no answer"]


def test_an_info_that_is_challenged_goes_again_signed() -> None:
    rig = Talking(DigitMethod.INFO)
    sent = rig.presses()
    challenge = ("Proxy-Authenticate", rig.registrar.realm.challenge())
    rig.reply(sent, answer(sent.request, 407, challenge))
    again = rig.one("INFO")
    assert again.request.cseq.number == sent.request.cseq.number + 1
    assert "Proxy-Authorization" in again.request.headers
    assert again.request.body == sent.request.body
    rig.reply(again, answer(again.request, 200))
    assert not rig.failures()


def test_digits_into_a_deaf_far_end_are_bounded() -> None:
    rig = Talking(DigitMethod.INFO)
    for _ in range(OPEN_MAX + 3):
        rig.feed(SendDigit(1, "5"))
    assert len(rig.take("INFO")) == OPEN_MAX
    assert rig.failures() == ["5: not possible now"] * 3


def test_a_digit_of_a_call_that_is_gone_is_nobodys() -> None:
    assert not Talking(DigitMethod.INFO).feed(SendDigit(2, "5"))


# Theirs.


def informed(body: str, content_type: str = RELAY, **fields: str) -> tuple[Response, Rig]:
    """Let an INFO come in a call that stands."""
    rig = Rig().registered()
    key = rig.receive(invite(AUDIO))
    rig.feed(Answer(1))
    ok = rig.answers(key)[-1]
    ack = invite("", CSeq="1 ACK", To=ok.headers.get("To") or "")
    rig.feed(AckReceived(replace(ack, method="ACK")))
    info = invite("", CSeq="2 INFO", To=ok.headers.get("To") or "", **fields)
    headers = info.headers.add("Content-Type", content_type) if body else info.headers
    key = rig.receive(replace(info, method="INFO", headers=headers, body=body.encode()))
    (response,) = rig.answers(key)
    return response, rig


@pytest.mark.parametrize(
    ("body", "content_type", "digit", "duration_ms"),
    [
        ("Signal=5\r\nDuration=160\r\n", RELAY, "5", 160),
        ("signal= #\r\n", RELAY, "#", 100),
        ("Signal=10\r\nDuration=250\r\n", "Application/DTMF-Relay; x=y", "*", 250),
        ("9", PLAIN, "9", 100),
    ],
)
def test_a_digit_by_info_is_taken(
    body: str, content_type: str, digit: str, duration_ms: int
) -> None:
    response, rig = informed(body, content_type)
    assert response.status == 200
    assert of(DigitReceived, rig.out) == [DigitReceived(1, digit, duration_ms)]


@pytest.mark.parametrize(
    ("body", "content_type", "status"),
    [
        ("", "", 200),
        ("Signal=\r\n", RELAY, 400),
        ("Signal=55\r\n", RELAY, 400),
        ("<media_control/>", "application/media_control+xml", 415),
        ("5", "not a type", 415),
    ],
)
def test_another_info_is_answered_and_tells_nothing(
    body: str, content_type: str, status: int
) -> None:
    response, rig = informed(body, content_type)
    assert response.status == status
    assert not of(DigitReceived, rig.out)
    assert rig.calls() == (1,)


def test_an_info_package_is_refused_as_rfc_6086_says() -> None:
    response, _ = informed("", Info_Package="nobody")
    assert response.status == 469
    assert "Recv-Info" in response.headers


def test_without_out_of_band_digits_are_sound() -> None:
    rig = Rig(replace(account(), digit_events=False)).registered()
    rig.feed(Dial(1, "100"))
    sent = rig.one("INVITE")
    assert b"telephone-event" not in sent.request.body
    key = rig.receive(
        invite(sdp("m=audio 4000 RTP/AVP 0 101", "a=rtpmap:101 telephone-event/8000"))
    )
    rig.feed(Answer(2))
    assert b"telephone-event" not in rig.answers(key)[-1].body
