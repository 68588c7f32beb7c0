"""Why this phone ends something (RFC 3326): read on the wire, as the far end gets it."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count

import pytest

from firmware.agent.events import Answer, FarEndSounds, HangUp, Hold
from firmware.link.events import LinkUp, MessageReceived, SendMessage
from firmware.sip.message import Request
from firmware.transaction.events import CancelLost, CancelRequest, SendRequest
from firmware.transaction.layer import Transactions
from tests.unit.agent.calling import Calling
from tests.unit.agent.registrar import answer
from tests.unit.agent.rig import BACKUP, LOCAL, PRIMARY, Rig, invite, of, sdp
from tests.unit.agent.talking import AUDIO, Talking

ELSEWHERE = 'Reason: SIP;cause=200;text="Call completed elsewhere"'
REPEATED = 'Reason: SIP;cause=200;text="Call goes on in another dialog"'


def reason_of(out: list[object], method: str = "BYE") -> str:
    """Return the Reason line of the one request of a method among orders, as it is written."""
    (request,) = (s.request for s in of(SendRequest, out) if s.request.method == method)
    return _reason_in(request)


def _reason_in(request: Request) -> str:
    lines = bytes(request).decode().split("\r\n")
    return next((line for line in lines if line.startswith("Reason:")), "")


class Wire:
    """The transactions below an agent: what leaves them is what is written."""

    def __init__(self) -> None:
        ids: Iterator[str] = (f"branch{n}" for n in count(1))
        self.layer = Transactions(ids)
        self.layer.handle(LinkUp(PRIMARY, LOCAL, LOCAL), 0.0)

    def cancels(self, sent: SendRequest, cancel: CancelRequest) -> str:
        """Return the Reason of the CANCEL that goes once the INVITE is answered by 180."""
        (written,) = of(SendMessage, self.layer.handle(sent, 0.0))
        assert isinstance(written.message, Request)
        assert not self.layer.handle(cancel, 0.1), "9.1: not before a provisional answer"
        ringing = answer(written.message, 180, tag="far")
        (out,) = of(SendMessage, self.layer.handle(MessageReceived(ringing), 0.2))
        assert isinstance(out.message, Request)
        assert out.message.method == "CANCEL"
        return _reason_in(out.message)


def test_a_person_who_hangs_up_needs_no_reason() -> None:
    rig = Talking()
    assert reason_of(rig.feed(HangUp(1))) == ""
    calling = Calling()
    (cancel,) = of(CancelRequest, calling.hangs_up())
    assert Wire().cancels(calling.invite, cancel) == ""


def test_a_call_that_nobody_answers_is_cancelled_for_that() -> None:
    rig = Calling()
    rig.hears(180)
    (cancel,) = of(CancelRequest, rig.wait(301))
    assert Wire().cancels(rig.invite, cancel) == 'Reason: SIP;cause=408;text="No answer"'


def test_a_reinvite_without_an_end_is_cancelled_for_that() -> None:
    rig = Talking()
    rig.feed(Hold(1))
    sent = rig.asked()
    (cancel,) = of(CancelRequest, rig.wait(33))
    assert Wire().cancels(sent, cancel) == 'Reason: SIP;cause=408;text="No answer"'


def test_a_call_that_comes_again_was_not_missed() -> None:
    rig = Calling()
    rig.open.append(rig.invite)
    rig.down()
    rig.up()
    rig.register()
    (lost,) = of(CancelLost, rig.out)
    layer = Wire().layer
    (out,) = of(SendMessage, layer.handle(SendRequest("k", lost.invite), 0.0))
    assert isinstance(out.message, Request)
    (out,) = of(SendMessage, layer.handle(CancelLost(out.message, lost.reason), 0.0))
    assert isinstance(out.message, Request)
    assert _reason_in(out.message) == REPEATED


def test_a_call_that_was_hung_up_meanwhile_was_missed() -> None:
    rig = Calling()
    rig.open.append(rig.invite)
    rig.down()
    rig.hangs_up()
    rig.up()
    rig.register()
    assert of(CancelLost, rig.out) == [CancelLost(rig.invite.request, "")]


def test_another_fork_that_answers_too_hears_that_the_call_is_elsewhere() -> None:
    rig = Calling()
    rig.is_answered("one")
    assert reason_of(rig.is_answered("two")) == ELSEWHERE


def test_an_answer_that_crosses_the_cancel_does_not() -> None:
    rig = Calling()
    rig.hangs_up()
    assert reason_of(rig.is_answered()) == ""


def test_an_answer_without_a_usable_session_is_told_so() -> None:
    rig = Calling()
    out = rig.is_answered(body=sdp("m=audio 4000 RTP/AVP 99"))
    assert reason_of(out) == 'Reason: SIP;cause=488;text="No common media"'


def test_a_2xx_that_nobody_acknowledges_is_said() -> None:
    rig = Rig().registered()
    key = rig.receive(invite(AUDIO))
    rig.feed(Answer(1))
    assert rig.answers(key)[-1].status == 200
    assert reason_of(rig.wait(33)) == 'Reason: SIP;cause=408;text="No ACK"'


def test_a_dialog_whose_place_another_has_taken_is_ended_for_that() -> None:
    rig = Talking()
    rig.down()
    rig.up(BACKUP)
    rig.register()
    rig.denies(rig.asked(), 481)
    assert reason_of(rig.grants(rig.asked())) == REPEATED


@pytest.mark.parametrize("placed", [True, False])
def test_a_call_that_is_closed_for_silence_says_so(placed: bool) -> None:
    rig = Talking(placed=placed)
    rig.feed(FarEndSounds(1, heard=False))
    rig.denies(rig.asked(), 481)
    rig.wait(5)
    rig.denies(rig.asked(), 404)
    out = rig.wait(6)
    assert reason_of(out) == 'Reason: SIP;cause=408;text="Nothing is heard"'
