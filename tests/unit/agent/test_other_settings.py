"""Other settings of the accounts while the phone runs (L5): who registers anew, and as whom."""

from __future__ import annotations

from dataclasses import replace

import pytest

from firmware.agent.account import Account, AgentSettings, RegistrationSettings, UseAccounts
from firmware.agent.events import AccountStatus, Dial, HangUp, RegistrationState, UnregisterAll
from firmware.link.events import LeaveSoon, ReadyToLeave, StayHere
from firmware.sip.message import Request
from firmware.transaction.events import RequestFailed, RequestFailure
from tests.unit.agent.registrar import answer
from tests.unit.agent.rig import BACKUP, INSTANCE, Rig, account, of

SETTINGS = AgentSettings(instance=INSTANCE, user_agent="handset/1")


def use(rig: Rig, *accounts: Account, **changes: object) -> list[object]:
    return rig.feed(UseAccounts(accounts, replace(SETTINGS, **changes)))  # type: ignore[arg-type] # a test's own words


def expires(request: Request) -> str | None:
    return request.contacts[0].parameters.get("expires")


def who(request: Request) -> str:
    return str(request.to.uri)


def told(rig: Rig, number: int = 1) -> AccountStatus:
    return rig.statuses(number)[-1]


def test_what_is_as_it_was_asks_nobody() -> None:
    rig = Rig().registered()
    use(rig, account())
    assert not rig.open
    assert rig.accounts() == (1,)


def test_another_screen_name_is_shown_and_asks_nobody() -> None:
    rig = Rig().registered()
    use(rig, account(screen_name="Kitchen"))
    assert not rig.open
    assert told(rig).name == "Kitchen"


@pytest.mark.parametrize(
    "changed",
    [
        account(password="other"),
        account(auth_name="201-desk"),
        account(display_name="Kitchen"),
        replace(account(), registration=RegistrationSettings(period_s=600)),
    ],
    ids=["password", "auth name", "display name", "period"],
)
def test_what_the_registrar_sees_is_registered_at_once_and_the_binding_stays(
    changed: Account,
) -> None:
    rig = Rig().registered()
    use(rig, changed)
    (sent,) = [one.request for one in rig.open]
    assert sent.method == "REGISTER"
    assert expires(sent) == str(changed.registration.period_s or 3600)
    assert rig.accounts() == (1,), "nothing is lost meanwhile"


def test_another_name_signs_the_old_one_off_first() -> None:
    rig = Rig().registered()
    use(rig, account(user="300"))
    (off,) = rig.take("REGISTER")
    assert (who(off.request), expires(off.request)) == ("sip:201@example.org", "0")
    rig.reply(off, rig.registrar.answer(off.request))
    (on,) = rig.take("REGISTER")
    assert (who(on.request), expires(on.request)) == ("sip:300@example.org", "3600")
    assert on.request.call_id != off.request.call_id, "a series of its own"
    rig.reply(on, rig.registrar.answer(on.request))
    assert rig.accounts() == (1,)
    assert told(rig).address == "300@example.org"


def test_another_name_waits_for_the_register_that_is_out() -> None:
    rig = Rig()
    rig.up()
    (first,) = rig.take("REGISTER")
    use(rig, account(user="300"))
    assert not rig.open, "one REGISTER at a time (RFC 3261 10.2)"
    rig.reply(first, answer(first.request, 200, *rig_contact(first.request)))
    (off,) = rig.take("REGISTER")
    assert (who(off.request), expires(off.request)) == ("sip:201@example.org", "0")


def rig_contact(request: Request) -> list[tuple[str, str]]:
    return [("Contact", str(request.contacts[0]))]


def test_a_name_that_was_refused_is_forgotten_with_its_wait() -> None:
    rig = Rig()
    rig.up()
    (first,) = rig.take("REGISTER")
    rig.reply(first, answer(first.request, 403))
    assert told(rig).state is RegistrationState.REFUSED
    use(rig, account(user="300"))
    (on,) = rig.take("REGISTER")
    assert who(on.request) == "sip:300@example.org"


def test_f4_a_refused_account_that_only_looks_otherwise_keeps_its_wait() -> None:
    rig = Rig()
    rig.up()
    (first,) = rig.take("REGISTER")
    rig.reply(first, answer(first.request, 403))
    before = told(rig).retry_at
    use(rig, account(display_name="Kitchen"))
    assert not rig.open
    assert told(rig).retry_at == before


def test_f4_a_password_that_is_put_right_is_tried_at_once() -> None:
    rig = Rig()
    rig.up()
    (first,) = rig.take("REGISTER")
    rig.reply(first, answer(first.request, 403))
    use(rig, account(password="right"))
    assert len(rig.take("REGISTER")) == 1
    rig.down()
    rig.up()
    assert len(rig.take("REGISTER")) == 1, "nothing is held against it on the next link either"


def test_settings_that_come_without_a_link_hold_on_the_next_one() -> None:
    rig = Rig().registered()
    rig.down()
    use(rig, account(user="300"))
    assert not rig.open
    rig.up()
    (on,) = rig.take("REGISTER")
    assert who(on.request) == "sip:300@example.org"


def test_a_link_that_is_lost_while_the_old_name_signs_off_leads_to_the_new_one() -> None:
    rig = Rig().registered()
    use(rig, account(user="300"))
    rig.down()
    rig.up()
    (on,) = rig.take("REGISTER")
    assert (who(on.request), expires(on.request)) == ("sip:300@example.org", "3600")


def test_a_sign_off_that_is_not_answered_does_not_hold_the_new_name_up() -> None:
    rig = Rig().registered()
    use(rig, account(user="300"))
    (off,) = rig.take("REGISTER")
    rig.feed(RequestFailed(off.key, RequestFailure.TIMEOUT))
    (on,) = rig.take("REGISTER")
    assert who(on.request) == "sip:300@example.org"


def test_who_leaves_for_another_proxy_registers_there_by_the_new_name() -> None:
    rig = Rig().registered()
    rig.feed(LeaveSoon("the settings were changed"))
    use(rig, account(domain="example.net"))
    (off,) = rig.take("REGISTER")
    assert (who(off.request), expires(off.request)) == ("sip:201@example.org", "0")
    rig.reply(off, rig.registrar.answer(off.request))
    assert of(ReadyToLeave, rig.out) == [ReadyToLeave()]
    assert not rig.open, "not here any more"
    assert told(rig).reason == "the settings were changed"
    rig.down()
    rig.up(BACKUP)
    (on,) = rig.take("REGISTER")
    assert who(on.request) == "sip:201@example.net"


def test_who_changes_names_and_is_then_told_to_leave_does_not_register_here_again() -> None:
    rig = Rig().registered()
    use(rig, account(user="300"))
    rig.feed(LeaveSoon("the settings were changed"))
    (off,) = rig.take("REGISTER")
    rig.reply(off, rig.registrar.answer(off.request))
    assert of(ReadyToLeave, rig.out) == [ReadyToLeave()]
    assert not rig.open


def test_who_changes_names_has_nothing_to_make_anew_when_the_link_stays() -> None:
    rig = Rig().registered()
    use(rig, account(user="300"))
    rig.feed(StayHere())
    (off,) = rig.take("REGISTER")
    rig.reply(off, rig.registrar.answer(off.request))
    (on,) = rig.take("REGISTER")
    assert who(on.request) == "sip:300@example.org"


def test_an_account_without_a_registrar_gets_one_and_loses_it_again() -> None:
    rig = Rig(account(domain=""))
    rig.up()
    assert not rig.open
    use(rig, account())
    assert rig.register()
    assert rig.accounts() == (1,)
    use(rig, account(domain=""))
    (off,) = rig.take("REGISTER")
    assert expires(off.request) == "0"
    rig.reply(off, rig.registrar.answer(off.request))
    assert told(rig).state is RegistrationState.OFF
    assert not rig.open


def test_outbound_that_is_switched_off_is_asked_for_no_more() -> None:
    rig = Rig().registered()
    use(rig, account(), outbound=False)
    (again,) = rig.take("REGISTER")
    assert again.request.contacts[0].parameters.get("reg-id") is None


def test_sips_uris_are_another_name() -> None:
    rig = Rig().registered()
    use(rig, account(), send_sips=True)
    (off,) = rig.take("REGISTER")
    assert expires(off.request) == "0"
    rig.reply(off, rig.registrar.answer(off.request))
    (on,) = rig.take("REGISTER")
    assert who(on.request) == "sips:201@example.org"


def test_a_phone_that_stops_takes_nothing_more_over() -> None:
    rig = Rig().registered()
    rig.feed(UnregisterAll())
    rig.register()
    use(rig, account(user="300"))
    assert not rig.open
    assert told(rig).state is RegistrationState.OFF


@pytest.mark.parametrize("out", ["REGISTER", "sign-off"])
@pytest.mark.parametrize("lost", [False, True])
def test_a_phone_that_stops_while_it_changes_names_stays_off(out: str, lost: bool) -> None:
    rig = Rig()
    rig.up()
    if out == "sign-off":
        rig.register()
    use(rig, account(user="300"))
    rig.feed(UnregisterAll())
    if not lost:
        rig.register()
    rig.down()
    rig.up()
    assert not rig.open
    assert told(rig).state is RegistrationState.OFF


def test_a_call_that_is_dialled_while_the_name_changes_waits_for_the_new_one() -> None:
    rig = Rig().registered()
    use(rig, account(user="300"))
    (off,) = rig.take("REGISTER")
    rig.reply(off, rig.registrar.answer(off.request))
    rig.feed(Dial(1, "100", wait_s=10.0))
    assert not rig.take("INVITE")
    rig.register()
    invite = rig.one("INVITE")
    assert str(invite.request.from_.uri) == "sip:300@example.org"


def test_a_call_that_stands_keeps_its_names_and_is_signed_by_the_new_password() -> None:
    rig = Rig().registered()
    rig.feed(Dial(1, "100"))
    invite = rig.one("INVITE")
    rig.reply(invite, rig.accept(invite.request))
    use(rig, account(user="300", password="other"))
    rig.register()
    (call,) = rig.calls()
    rig.feed(HangUp(call))
    bye = rig.one("BYE")
    assert str(bye.request.from_.uri) == "sip:201@example.org"


def test_a_mailbox_goes_with_the_name() -> None:
    rig = Rig(replace(account(), subscribes=True)).registered()
    assert str(rig.one("SUBSCRIBE").request.uri) == "sip:201@example.org"
    use(rig, replace(account(user="300"), subscribes=True))
    rig.register()
    assert str(rig.one("SUBSCRIBE").request.uri) == "sip:300@example.org"


def test_a_mailbox_is_subscribed_to_when_that_is_set_and_no_more_when_it_is_not() -> None:
    rig = Rig().registered()
    use(rig, replace(account(), subscribes=True))
    assert str(rig.one("SUBSCRIBE").request.uri) == "sip:201@example.org"
    use(rig, account())
    rig.down()
    rig.up()
    rig.register()
    assert not rig.take("SUBSCRIBE")
