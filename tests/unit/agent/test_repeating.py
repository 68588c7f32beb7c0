"""A call whose link died before the far end answered goes again: each sentence of F5."""

from __future__ import annotations

from dataclasses import replace

import pytest

from firmware.agent.absence import NOT_YET_S
from firmware.agent.events import CallAnswered, CallEnded, EndCause, RemoteRinging, Repeating
from firmware.link.events import Proxy
from firmware.sip.message import Request
from firmware.transaction.events import (
    CancelLost,
    RequestFailed,
    RequestFailure,
    SendRequest,
    ServiceLost,
)
from tests.unit.agent.calling import Calling
from tests.unit.agent.registrar import answer
from tests.unit.agent.rig import BACKUP, LOCAL, PRIMARY, RESET, Rig, of


class Lost(Calling):
    """A call whose INVITE went down with its link, and the next link."""

    def __init__(self, *, ringing: bool = False) -> None:
        super().__init__()
        self.first = self.invite.request
        if ringing:
            self.hears(180)
        self.open.append(self.invite)
        self.down()

    def comes_back(self, proxy: Proxy = PRIMARY) -> Request:
        """Let a link serve; return the INVITE that goes over it."""
        self.up(proxy)
        self.register()
        self.invite = self.one("INVITE")
        return self.invite.request


def cancels(rig: Rig) -> list[Request]:
    return [item.invite for item in of(CancelLost, rig.out)]


@pytest.mark.parametrize("ringing", [False, True])
def test_the_call_goes_on_and_the_person_hears_that_it_is_repeated(ringing: bool) -> None:
    rig = Lost(ringing=ringing)
    assert of(Repeating, rig.out) == [Repeating(1)]
    assert not of(CallEnded, rig.out)
    assert rig.calls() == (1,), "the phone does not go home meanwhile (F3)"
    rig.wait(60)
    assert not rig.take("INVITE"), "nothing is sent without a link"


@pytest.mark.parametrize("proxy", [PRIMARY, BACKUP])
def test_it_is_another_invite_with_new_call_id_and_from_tag(proxy: Proxy) -> None:
    rig = Lost()
    again = rig.comes_back(proxy)
    assert again.uri == rig.first.uri
    assert again.call_id != rig.first.call_id
    assert again.from_.tag != rig.first.from_.tag
    assert again.cseq.number == 1
    rig.hears(180)
    rig.is_answered()
    assert of(RemoteRinging, rig.out) == [RemoteRinging(1)]
    assert of(CallAnswered, rig.out) == [CallAnswered(1)], "the same call for the person"


def test_to_the_same_proxy_the_old_branch_is_cancelled_before() -> None:
    rig = Lost()
    rig.comes_back(PRIMARY)
    assert cancels(rig) == [rig.first]
    kinds = [type(item) for item in rig.out if isinstance(item, CancelLost | SendRequest)]
    assert kinds[-2:] == [CancelLost, SendRequest]


def test_another_proxy_is_not_asked_to_cancel() -> None:
    rig = Lost()
    rig.comes_back(BACKUP)
    assert not cancels(rig)


def test_it_waits_for_the_registration_of_its_account() -> None:
    rig = Lost()
    rig.up()
    assert not rig.take("INVITE")
    rig.register()
    assert rig.take("INVITE")


def test_the_contact_is_that_of_the_new_link_and_the_nonce_counts_on() -> None:
    rig = Lost()
    rig.up(local=replace(LOCAL, port=40001))
    rig.register()
    again = rig.one("INVITE").request
    assert again.contacts[0].uri != rig.first.contacts[0].uri
    assert ":40001" in str(again.contacts[0])
    counts = [r.headers.get("Proxy-Authorization") or "" for r in (rig.first, again)]
    assert counts[0] != counts[1]


def test_every_loss_is_followed_by_another_try() -> None:
    rig = Lost()
    seen = {rig.first.call_id}
    for _ in range(3):
        again = rig.comes_back()
        assert again.call_id not in seen
        seen.add(again.call_id)
        rig.open.append(rig.invite)
        rig.down()
    assert len(cancels(rig)) == 3
    assert {cancelled.call_id for cancelled in cancels(rig)} == seen - {again.call_id}


def busy(rig: Calling) -> list[object]:
    return rig.hears(486)


def test_a_486_is_retried_once_after_four_seconds() -> None:
    rig = Lost()
    second = rig.comes_back()
    assert not of(CallEnded, busy(rig)), "our first attempt may still be ringing"
    rig.wait(3.9)
    assert not rig.take("INVITE")
    rig.wait(0.2)
    rig.invite = rig.one("INVITE")
    assert rig.invite.request.call_id != second.call_id
    assert len(cancels(rig)) == 1, "what was answered needs no CANCEL"
    busy(rig)
    assert rig.ended() == CallEnded(1, EndCause.REFUSED, 486, "busy")


def test_the_first_invite_is_not_retried_when_busy() -> None:
    rig = Calling()
    busy(rig)
    assert rig.ended() == CallEnded(1, EndCause.REFUSED, 486, "busy")


def test_another_refusal_of_the_repeated_one_is_final() -> None:
    rig = Lost()
    rig.comes_back()
    rig.hears(603)
    assert rig.ended().status == 603


@pytest.mark.parametrize("proxy", [PRIMARY, BACKUP])
@pytest.mark.parametrize("status", [404, 408, 480, 503])
def test_a_far_end_that_lost_its_link_too_is_waited_for(proxy: Proxy, status: int) -> None:
    rig = Lost(ringing=True)
    again = rig.comes_back(proxy)
    for wait_s in NOT_YET_S:
        assert not of(CallEnded, rig.hears(status)), "it may be there in a moment"
        rig.wait(wait_s - 0.1)
        assert not rig.take("INVITE")
        rig.wait(0.2)
        rig.invite = rig.one("INVITE")
        assert rig.invite.request.call_id != again.call_id
    rig.hears(180)
    rig.is_answered()
    assert of(CallAnswered, rig.out) == [CallAnswered(1)], "the same call for the person"


def test_a_far_end_that_does_not_come_back_is_not_there() -> None:
    rig = Lost()
    rig.comes_back()
    for wait_s in NOT_YET_S:
        rig.hears(404)
        rig.wait(wait_s + 0.1)
        rig.invite = rig.one("INVITE")
    rig.hears(404)
    assert rig.ended() == CallEnded(1, EndCause.REFUSED, 404, "no such number")


@pytest.mark.parametrize("status", [408, 480])
def test_a_far_end_that_rings_and_does_not_answer_is_not_called_again(status: int) -> None:
    rig = Lost()
    rig.comes_back()
    rig.hears(180)
    rig.hears(status)
    assert rig.ended().status == status, "it is there"
    rig.wait(60)
    assert not rig.take("INVITE")


def test_who_is_not_there_at_first_is_not_waited_for() -> None:
    rig = Calling()
    rig.hears(404)
    assert rig.ended() == CallEnded(1, EndCause.REFUSED, 404, "no such number")


def test_hanging_up_while_waiting_for_the_far_end_is_the_end() -> None:
    rig = Lost()
    rig.comes_back(BACKUP)
    rig.hears(404)
    rig.hangs_up()
    assert rig.ended() == CallEnded(1, EndCause.HUNG_UP_HERE)
    rig.wait(60)
    assert not rig.take("INVITE")
    assert not rig.agent._calls


def test_a_link_that_dies_while_busy_is_waited_for_too() -> None:
    rig = Lost()
    rig.comes_back()
    busy(rig)
    rig.down()
    rig.wait(10)
    assert not rig.take("INVITE")
    rig.comes_back(BACKUP)
    assert len(cancels(rig)) == 1


def test_a_wait_that_the_next_link_cuts_short_is_over() -> None:
    rig = Lost()
    rig.comes_back()
    busy(rig)
    rig.down()
    rig.comes_back(BACKUP)
    rig.wait(10)
    assert not rig.take("INVITE"), "it has gone again with the link, and that was all"


def test_a_challenge_of_the_repeated_one_is_answered() -> None:
    rig = Lost()
    again = rig.comes_back()
    challenge = rig.registrar.realm.challenge()
    rig.hears(407, ("Proxy-Authenticate", challenge))
    signed = rig.one("INVITE").request
    assert (signed.call_id, signed.cseq.number) == (again.call_id, 2)


# The caller who does not wait.


def test_hanging_up_meanwhile_ends_the_call_and_only_the_cancel_goes() -> None:
    rig = Lost(ringing=True)
    rig.hangs_up()
    assert rig.ended() == CallEnded(1, EndCause.HUNG_UP_HERE)
    rig.up()
    rig.register()
    assert cancels(rig) == [rig.first], "the far end may be ringing still"
    assert not rig.open
    assert not rig.agent._calls


def test_hanging_up_meanwhile_leaves_nothing_for_another_proxy() -> None:
    rig = Lost(ringing=True)
    rig.hangs_up()
    rig.up(BACKUP)
    rig.register()
    assert not cancels(rig)
    assert not rig.open
    assert not rig.agent._calls


def test_hanging_up_while_busy_with_ourselves_is_the_end() -> None:
    rig = Lost()
    rig.comes_back()
    busy(rig)
    rig.hangs_up()
    assert rig.ended() == CallEnded(1, EndCause.HUNG_UP_HERE)
    rig.wait(10)
    assert not rig.take("INVITE")
    assert not rig.agent._calls


def test_a_cancel_that_went_down_with_the_link_goes_again() -> None:
    rig = Calling()
    rig.hears(180)
    rig.hangs_up()
    rig.open.append(rig.invite)
    rig.down()
    assert len(of(CallEnded, rig.out)) == 1
    assert not of(Repeating, rig.out)
    rig.up()
    rig.register()
    assert cancels(rig) == [rig.invite.request]
    assert not rig.open


def test_the_patience_of_the_call_runs_on() -> None:
    rig = Lost()
    rig.wait(299)
    assert not of(CallEnded, rig.out)
    rig.wait(2)
    assert rig.ended() == CallEnded(1, EndCause.LINK_LOST)
    rig.up()
    rig.register()
    assert not rig.open


def test_an_owed_cancel_is_not_owed_for_ever() -> None:
    rig = Lost()
    rig.hangs_up()
    rig.wait(301)
    assert not rig.agent._calls


def test_an_account_that_the_next_proxy_refuses_cannot_call() -> None:
    rig = Lost()
    rig.up(BACKUP)
    sent = rig.one("REGISTER")
    rig.reply(sent, answer(sent.request, 403))
    words = "not registered: refused by the registrar (403)"
    assert rig.ended() == CallEnded(1, EndCause.FAILED, 0, words)


def test_what_was_never_written_is_not_cancelled() -> None:
    rig = Calling()
    rig.feed(ServiceLost(RESET))
    rig.feed(RequestFailed(rig.invite.key, RequestFailure.LINK_LOST))
    rig.up()
    rig.register()
    assert not cancels(rig)
    assert rig.take("INVITE")


def test_the_cancel_before_one_that_was_never_written_is_owed_and_not_said_twice() -> None:
    rig = Lost()
    rig.comes_back()
    rig.feed(ServiceLost(RESET))
    rig.feed(RequestFailed(rig.invite.key, RequestFailure.LINK_LOST))
    rig.comes_back()
    assert cancels(rig) == [rig.first]


def test_an_answer_to_the_first_one_is_not_heard_any_more() -> None:
    rig = Lost()
    first = rig.invite
    rig.comes_back()
    assert not rig.reply(first, rig.accept(first.request))
