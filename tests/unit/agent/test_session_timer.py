"""The session timer, both roles (RFC 4028)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from firmware.agent.events import (
    Answer,
    CallEnded,
    Dial,
    EndCause,
    FarEndSounds,
    Tie,
    TieChanged,
)
from firmware.agent.session_timer import RAISES_MAX
from firmware.sip.message import Response
from firmware.transaction.events import AckReceived, RequestFailed, RequestFailure, SendRequest
from tests.unit.agent.registrar import answer
from tests.unit.agent.rig import Rig, account, invite, of, sdp

AUDIO = sdp("m=audio 4000 RTP/AVP 0")
UPDATES = ("Allow", "INVITE, ACK, BYE, UPDATE")
TIMER = ("Supported", "timer")


class Timed(Rig):
    """An agent that asks for a session of 100 s."""

    def __init__(self, wanted_s: int = 100) -> None:
        super().__init__(replace(account(), session_timer_s=wanted_s))
        self.registered()
        self.key = ""

    def placed(self, expires: str = "", *fields: tuple[str, str]) -> Timed:
        """Place a call; the far end answers with this `Session-Expires`."""
        self.feed(Dial(1, "100"))
        sent = self.one("INVITE")
        self.grant(sent, expires, *fields)
        assert self.calls() == (1,)
        return self

    def grant(self, sent: SendRequest, expires: str = "", *fields: tuple[str, str]) -> None:
        ok = self.accept(sent.request, body=None if sent.request.body else "")
        said = [("Session-Expires", expires)] if expires else []
        for name, value in (*said, *(fields or (UPDATES,))):
            ok = replace(ok, headers=ok.headers.add(name, value))
        self.reply(sent, ok)

    def called(self, expires: str = "", *fields: tuple[str, str]) -> Response:
        """Be called and answer; return our 2xx."""
        said = [("Session-Expires", expires)] if expires else []
        self.key = self.receive(invite(AUDIO, *said, *fields))
        self.feed(Answer(1))
        ok = self.answers(self.key)[-1]
        if ok.status == 200:
            ack = invite("", To=ok.headers.get("To") or "", CSeq="1 ACK")
            self.feed(AckReceived(replace(ack, method="ACK")))
        return ok

    def refresh_after(self, method: str = "UPDATE") -> float:
        """Wait for our refresh; return how long that took."""
        began = self.now
        while not (sent := self.take(method)):
            self.wait(1)
            assert self.now < began + 5000, "never"
        self.open += sent
        return self.now - began

    def ends_after(self) -> float:
        began = self.now
        while self.calls():
            self.wait(1)
            assert self.now < began + 5000, "never"
        return self.now - began


def test_rfc4028_7_1_the_timer_is_asked_for() -> None:
    rig = Timed()
    rig.feed(Dial(1, "100"))
    request = rig.one("INVITE").request
    assert request.headers.get("Session-Expires") == "100"
    assert "timer" in request.supported


def test_without_the_parameter_none_is_asked_for() -> None:
    rig = Timed(0)
    rig.feed(Dial(1, "100"))
    request = rig.one("INVITE").request
    assert "Session-Expires" not in request.headers
    assert "timer" in request.supported


def test_rfc4028_10_who_refreshes_does_so_at_half_the_interval() -> None:
    rig = Timed().placed("120;refresher=uac")
    assert rig.refresh_after() == 60
    update = rig.one("UPDATE")
    assert update.request.headers.get("Session-Expires") == "120;refresher=uac"
    assert update.request.contacts
    assert not update.request.body
    rig.grant(update, "120;refresher=uac")
    assert rig.refresh_after() == 60, "and again"


def test_rfc4028_7_2_a_far_end_without_timers_is_refreshed_from_here() -> None:
    assert Timed().placed().refresh_after() == 50


def test_rfc4028_10_without_update_an_invite_refreshes() -> None:
    rig = Timed().placed("120;refresher=uac", ("Allow", "INVITE, ACK, BYE"))
    assert rig.refresh_after("INVITE") == 60
    sent = rig.one("INVITE")
    assert sent.request.headers.get("Session-Expires") == "120;refresher=uac"
    assert sent.request.body
    rig.grant(sent, "120;refresher=uac")
    assert rig.refresh_after("INVITE") == 60


@pytest.mark.parametrize("status", [405, 481, 488, 500, 501])
def test_an_update_that_is_refused_is_followed_by_an_invite(status: int) -> None:
    rig = Timed().placed("120;refresher=uac")
    rig.refresh_after()
    update = rig.one("UPDATE")
    rig.reply(update, answer(update.request, status))
    rig.grant(rig.one("INVITE"), "120;refresher=uac")
    again = "INVITE" if status in {405, 501} else "UPDATE"
    assert rig.refresh_after(again) == 60


def test_an_update_without_an_answer_is_followed_by_an_invite() -> None:
    rig = Timed().placed("120;refresher=uac")
    rig.refresh_after()
    update = rig.one("UPDATE")
    rig.feed(RequestFailed(update.key, RequestFailure.TIMEOUT))
    assert rig.one("INVITE")


@pytest.mark.parametrize("status", [481, 408])
@pytest.mark.parametrize("placed", [True, False])
def test_rfc3261_12_2_1_2_a_refresh_that_finds_no_dialog_is_its_end_and_another_is_asked_for(
    status: int, placed: bool
) -> None:
    """F6: and where nobody has another, the call is kept as long as it is heard."""
    rig = Timed()
    if placed:
        rig.placed("120;refresher=uac")
    else:
        rig.called("120;refresher=uas", UPDATES, ("Supported", "timer"))
    rig.refresh_after()
    update = rig.one("UPDATE")
    rig.reply(update, answer(update.request, status))
    refresh = rig.one("INVITE")
    assert refresh.request.call_id == update.request.call_id
    rig.reply(refresh, answer(refresh.request, status))
    rig.wait(4)
    another = rig.one("INVITE")
    assert str(another.request.headers.get("Replaces")).startswith(update.request.call_id)
    rig.reply(another, answer(another.request, 481))
    assert [changed.tie for changed in of(TieChanged, rig.out)] == [Tie.REPLACING, Tie.ADRIFT]
    rig.wait(1000)
    assert rig.calls() == (1,), "it is heard"
    rig.feed(FarEndSounds(1, heard=False))
    rig.wait(10)
    assert rig.ended() == CallEnded(1, EndCause.FAILED, reason="the far end is gone")
    assert rig.one("BYE").request.call_id == update.request.call_id


@pytest.mark.parametrize(("interval", "end"), [(120, 88), (90, 60), (1800, 1768)])
def test_rfc4028_10_who_is_not_refreshed_ends_the_call(interval: int, end: int) -> None:
    rig = Timed().placed(f"{interval};refresher=uas")
    assert rig.ends_after() == end
    assert rig.ended() == CallEnded(1, EndCause.FAILED, reason="the other side is gone")
    assert rig.one("BYE").request.headers.get("Reason") == 'SIP;cause=408;text="Session expired"'


def test_their_refresh_starts_the_interval_anew() -> None:
    rig = Timed(0)
    ok = rig.called("120;refresher=uac", TIMER)
    assert ok.headers.get("Session-Expires") == "120;refresher=uac"
    assert ok.require == ("timer",)
    rig.wait(60)
    update = invite("", To=ok.headers.get("To") or "", CSeq="2 UPDATE")
    headers = update.headers.add("Session-Expires", "120;refresher=uac").add(*TIMER)
    key = rig.receive(replace(update, method="UPDATE", headers=headers))
    (answered,) = rig.answers(key)
    assert answered.headers.get("Session-Expires") == "120;refresher=uac"
    assert rig.ends_after() == 88


def test_rfc4028_9_where_we_are_asked_to_refresh_we_do() -> None:
    rig = Timed(0)
    ok = rig.called("120;refresher=uas", TIMER, UPDATES)
    assert ok.headers.get("Session-Expires") == "120;refresher=uas"
    assert not ok.require
    assert rig.refresh_after() == 60
    assert rig.one("UPDATE").request.headers.get("Session-Expires") == "120;refresher=uac"


def test_rfc4028_9_a_caller_that_knows_no_timer_is_refreshed_from_here() -> None:
    rig = Timed()
    ok = rig.called("", UPDATES)
    assert ok.headers.get("Session-Expires") == "100;refresher=uas"
    assert not ok.require
    assert rig.refresh_after() == 50


def test_rfc4028_9_the_shorter_interval_wins_but_not_below_their_minimum() -> None:
    assert Timed(100).called("1800", TIMER).headers.get("Session-Expires") == "100;refresher=uac"
    longer = Timed(100).called("1800", TIMER, ("Min-SE", "600"))
    assert longer.headers.get("Session-Expires") == "600;refresher=uac"


def test_rfc4028_9_an_interval_that_is_too_short_is_refused() -> None:
    rig = Timed(0)
    refused = rig.called("30", TIMER)
    assert (refused.status, refused.headers.get("Min-SE")) == (422, "90")
    assert not rig.calls()


def test_within_a_dialog_too() -> None:
    rig = Timed(0)
    ok = rig.called()
    update = invite("", To=ok.headers.get("To") or "", CSeq="2 UPDATE")
    headers = update.headers.add("Session-Expires", "30").add(*TIMER)
    key = rig.receive(replace(update, method="UPDATE", headers=headers))
    assert rig.answers(key)[-1].status == 422
    assert rig.calls() == (1,)


def test_rfc4028_7_3_after_a_422_a_longer_interval_is_asked_for() -> None:
    rig = Timed()
    rig.feed(Dial(1, "100"))
    first = rig.one("INVITE")
    rig.reply(first, answer(first.request, 422, ("Min-SE", "600")))
    again = rig.one("INVITE")
    assert again.request.headers.get("Session-Expires") == "600"
    assert again.request.headers.get("Min-SE") == "600"
    assert again.request.call_id == first.request.call_id
    assert again.request.cseq.number == first.request.cseq.number + 1


@pytest.mark.parametrize("minimum", ["", "90", "x", "99999999999"])
def test_a_422_that_says_nothing_new_ends_the_call(minimum: str) -> None:
    rig = Timed()
    rig.feed(Dial(1, "100"))
    sent = rig.one("INVITE")
    rig.reply(sent, answer(sent.request, 422, *([("Min-SE", minimum)] if minimum else [])))
    assert rig.ended().cause is EndCause.REFUSED
    assert not rig.open


def test_a_server_that_never_has_enough_is_given_up() -> None:
    rig = Timed()
    rig.feed(Dial(1, "100"))
    for number in range(RAISES_MAX + 1):
        sent = rig.one("INVITE")
        rig.reply(sent, answer(sent.request, 422, ("Min-SE", str(200 + number))))
    assert rig.ended().cause is EndCause.REFUSED


def test_an_update_that_is_too_short_is_asked_anew() -> None:
    rig = Timed().placed("120;refresher=uac")
    rig.refresh_after()
    update = rig.one("UPDATE")
    rig.reply(update, answer(update.request, 422, ("Min-SE", "300")))
    assert rig.one("UPDATE").request.headers.get("Session-Expires") == "300;refresher=uac"


def test_a_far_end_without_the_timer_is_refreshed_as_seldom_as_a_422_has_asked_for() -> None:
    rig = Timed(100)
    rig.feed(Dial(1, "100"))
    sent = rig.one("INVITE")
    rig.reply(sent, answer(sent.request, 422, ("Min-SE", "300")))
    rig.grant(rig.one("INVITE"))
    assert rig.refresh_after() == 150


@pytest.mark.parametrize(
    "text", ["x", "0", "-5", "99999999999", ";refresher=uac", "120x", "\t", "9" * 500]
)
def test_nonsense_is_no_timer(text: str) -> None:
    rig = Timed(0)
    ok = rig.called(text, TIMER)
    assert ok.status == 200
    assert "Session-Expires" not in ok.headers
    rig.wait(4000)
    assert rig.calls() == (1,)


def test_with_the_link_down_the_refresh_waits_for_the_next_one() -> None:
    rig = Timed().placed("120;refresher=uac")
    rig.wait(50)
    rig.down()
    rig.wait(500)
    assert rig.calls() == (1,), "nobody can refresh, nobody is dead"
    rig.up()
    rig.register()
    rig.wait(1)
    assert of(SendRequest, rig.out)[-1].request.method in {"UPDATE", "INVITE"}
    assert rig.calls() == (1,)


def test_an_update_that_goes_down_with_its_link_asks_for_nothing_on_it() -> None:
    rig = Timed().placed("120;refresher=uac")
    rig.refresh_after()
    assert not of(SendRequest, rig.down())
    rig.up()
    rig.register()
    assert rig.one("INVITE").request.cseq.number == 3, "no number is lost"


def test_with_the_link_down_their_refresh_is_not_missed() -> None:
    rig = Timed().placed("120;refresher=uas")
    rig.down()
    rig.wait(500)
    rig.up()
    rig.register()
    assert rig.calls() == (1,)
    assert rig.ends_after() == 88, "a whole interval from there on"
