"""Accounts and two proxies: signing off, staying after all, refusals that are kept (F3, F4)."""

from __future__ import annotations

import pytest

from firmware.agent.events import (
    AccountStatus,
    CallEnded,
    Dial,
    Dialling,
    EndCause,
    RegistrationState,
)
from firmware.link.events import CallsInProgress, LeaveSoon, ReadyToLeave, StayHere
from firmware.sip.message import Request
from tests.unit.agent.registrar import answer
from tests.unit.agent.rig import BACKUP, PRIMARY, Rig, account, of


class Leaving(Rig):
    """An agent on the backup that is told to sign off."""

    def __init__(self, accounts: int = 1) -> None:
        super().__init__(*(account(number) for number in range(1, accounts + 1)))
        self.up(BACKUP)
        self.register()
        self.out.clear()
        self.feed(LeaveSoon())

    def signs_off(self) -> None:
        """Let the registrar confirm."""
        self.register()


def expires(request: Request) -> str | None:
    return request.contacts[0].parameters.get("expires")


def test_every_account_signs_off_and_the_link_hears_when_all_have() -> None:
    rig = Leaving(2)
    assert [expires(sent.request) for sent in rig.open] == ["0", "0"]
    first, second = rig.take("REGISTER")
    rig.reply(first, rig.registrar.answer(first.request))
    assert not of(ReadyToLeave, rig.out)
    rig.reply(second, rig.registrar.answer(second.request))
    assert of(ReadyToLeave, rig.out) == [ReadyToLeave()]
    assert rig.accounts() == ()


def test_s1_who_signs_off_claims_the_binding_no_longer_than_it_lasts() -> None:
    rig = Rig()
    rig.registrar.granted_s = 60
    rig.up(BACKUP)
    rig.register()
    rig.wait(29)
    rig.feed(LeaveSoon())
    assert rig.accounts() == (1,), "until the registrar says so"
    rig.wait(31)
    assert rig.accounts() == ()
    assert of(AccountStatus, rig.out)[-1].reason == "moving to the primary"
    assert not of(ReadyToLeave, rig.out), "the request is out still"
    rig.register()
    assert of(ReadyToLeave, rig.out) == [ReadyToLeave()]


def test_at_home_every_account_registers_at_once_with_the_same_instance_and_reg_id() -> None:
    rig = Leaving(2)
    rig.signs_off()
    rig.down()
    rig.up(PRIMARY)
    sent = [s.request for s in rig.open]
    assert [expires(request) for request in sent] == ["3600", "3600"]
    assert {r.contacts[0].parameters.get("reg-id") for r in sent} == {"1"}
    assert len({r.contacts[0].parameters.get("+sip.instance") for r in sent}) == 1


@pytest.mark.parametrize("confirmed", [False, True])
def test_who_stays_after_all_registers_again_at_once(confirmed: bool) -> None:
    rig = Leaving()
    leaving = rig.open[0].request
    if confirmed:
        rig.signs_off()
    rig.open.clear()
    rig.feed(StayHere())
    (again,) = rig.take("REGISTER")
    assert expires(again.request) == "3600"
    assert again.request.cseq.number > leaving.cseq.number
    assert rig.accounts() == ()
    rig.reply(again, rig.registrar.answer(again.request))
    assert rig.accounts() == (1,)


def test_who_stays_tells_the_link_nothing_more() -> None:
    rig = Leaving()
    rig.feed(StayHere())
    rig.signs_off()
    assert not of(ReadyToLeave, rig.out)


def test_a_call_dialled_when_signed_off_is_told_to_the_link_and_waits_for_the_account() -> None:
    rig = Leaving(2)
    first = rig.take("REGISTER")[0]
    rig.reply(first, rig.registrar.answer(first.request))
    out = rig.feed(Dial(1, "100"))
    assert of(Dialling, out)
    assert of(CallsInProgress, out) == [CallsInProgress(1)]
    assert not rig.take("INVITE"), "nobody knows the account just now"
    rig.feed(StayHere())
    rig.register()
    assert rig.take("INVITE")


def test_a_call_dialled_while_signing_off_goes_out_at_once() -> None:
    rig = Leaving()
    rig.feed(Dial(1, "100"))
    assert rig.take("INVITE")


@pytest.mark.parametrize("answered", [False, True])
def test_f3_a_sign_off_that_was_not_answered_may_undo_the_next_binding(answered: bool) -> None:
    rig = Leaving()
    if answered:
        rig.signs_off()
    rig.down()
    rig.up(PRIMARY)
    rig.register()
    rig.wait(6)
    again = rig.take("REGISTER")
    assert bool(again) is not answered
    for sent in again:
        rig.reply(sent, rig.registrar.answer(sent.request))
    rig.register()
    rig.wait(60)
    assert not rig.take("REGISTER"), "once is enough"


@pytest.mark.parametrize("later", [False, True], ids=["at once", "after one more link"])
def test_f3_what_the_last_proxy_but_one_may_undo_is_made_anew(later: bool) -> None:
    rig = Leaving()
    rig.down()
    if later:
        rig.up(PRIMARY)
        rig.down()  # Under its own REGISTER, or not: the sign-off at the backup is still to come.
    rig.up(PRIMARY)
    rig.register()
    rig.wait(6)
    assert rig.take("REGISTER")


def refuse(rig: Rig, status: int = 403) -> None:
    (sent,) = rig.take("REGISTER")
    rig.reply(sent, answer(sent.request, status))


def test_f4_a_refusal_is_kept_while_another_proxy_refuses_too() -> None:
    rig = Rig(rejected_retry_s=1000.0)
    rig.up(PRIMARY)
    refuse(rig)
    rig.down()
    rig.up(BACKUP)
    refuse(rig, 404)
    rig.down()
    rig.up(PRIMARY)
    assert not rig.open, "asked again before its wait is over"
    assert of(AccountStatus, rig.out)[-1].state is RegistrationState.REFUSED
    assert of(AccountStatus, rig.out)[-1].reason == "refused by the registrar (403)"
    rig.wait(1100)
    assert rig.take("REGISTER")


def test_f4_a_refusal_is_kept_while_another_proxy_serves() -> None:
    rig = Rig(rejected_retry_s=1000.0)
    rig.up(PRIMARY)
    refuse(rig)
    rig.down()
    rig.up(BACKUP)
    rig.register()
    assert rig.accounts() == (1,)
    rig.down()
    rig.up(PRIMARY)
    assert not rig.open
    rig.wait(1100)
    assert rig.take("REGISTER")


def test_a_refused_account_cannot_dial() -> None:
    rig = Rig()
    rig.up(PRIMARY)
    refuse(rig)
    rig.feed(Dial(1, "100"))
    assert of(CallEnded, rig.out) == [
        CallEnded(0, EndCause.FAILED, reason="not registered: refused by the registrar (403)")
    ]
