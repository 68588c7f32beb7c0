"""One account and its registrar: every answer, every wait, every link (L8, F4, F5, D8)."""

from __future__ import annotations

import pytest

from firmware.agent.account import ContactMatching
from firmware.agent.events import (
    AccountStatus,
    Dial,
    EndCause,
    RegistrationState,
    UnregisterAll,
)
from firmware.link.events import (
    Address,
    FailureKind,
    HoldProxy,
    Proxy,
    ProxyUnfit,
    ServiceConfirmed,
)
from firmware.sip.message import Request
from firmware.sip.uri import SipUri
from firmware.transaction.events import (
    RequestFailed,
    RequestFailure,
    ResponseReceived,
    SendRequest,
)
from tests.unit.agent.registrar import answer, refusal
from tests.unit.agent.rig import BACKUP, INSTANCE, LOCAL, PRIMARY, RESET, Rig, account, of, text

OTHER = Address("192.0.2.99", 40001)

FIRST_REGISTER = f"""\
REGISTER sip:example.org SIP/2.0
Max-Forwards: 70
From: <sip:201@example.org>;tag=id3
To: <sip:201@example.org>
Call-ID: id2
CSeq: 1 REGISTER
Contact: <sip:201@192.0.2.99:40000;transport=tls>;+sip.instance="<{INSTANCE}>";reg-id=1;expires=3600
Expires: 3600
Supported: path, outbound, gruu
Allow: INVITE, ACK, CANCEL, BYE, OPTIONS, UPDATE, INFO, PRACK, NOTIFY
User-Agent: handset/1
Content-Length: 0

"""


def states(rig: Rig, number: int = 1) -> list[RegistrationState]:
    return [status.state for status in rig.statuses(number)]


def last(rig: Rig, number: int = 1) -> AccountStatus:
    return rig.statuses(number)[-1]


def contact_of(request: Request) -> str:
    return request.headers.all("Contact")[0]


def user_of(request: Request) -> str | None:
    assert isinstance(request.to.uri, SipUri)
    return request.to.uri.user


# The request.


def test_the_first_register_is_written_as_the_rfcs_say() -> None:
    rig = Rig()
    rig.up()
    assert text(rig.one("REGISTER").request) == FIRST_REGISTER


def test_sips_stands_in_every_address_where_it_is_asked_for() -> None:
    rig = Rig(send_sips=True)
    rig.up()
    request = rig.one("REGISTER").request
    assert str(request.uri) == "sips:example.org"
    assert str(request.from_.uri) == str(request.to.uri) == "sips:201@example.org"
    assert str(request.contacts[0].uri) == "sips:201@192.0.2.99:40000"


def test_an_ipv6_link_is_a_contact_in_brackets() -> None:
    rig = Rig()
    rig.up(local=Address("2001:db8::5", 40000))
    assert "<sip:201@[2001:db8::5]:40000;transport=tls>" in contact_of(rig.one("REGISTER").request)


def test_without_outbound_there_is_no_flow() -> None:
    rig = Rig(outbound=False)
    rig.up()
    request = rig.one("REGISTER").request
    assert request.headers.get("Supported") == "path, gruu"
    assert "reg-id" not in contact_of(request)
    assert "+sip.instance" in contact_of(request)


@pytest.mark.parametrize(("period", "asked"), [(0, 3600), (600, 600), (2**31, 2**31 - 1)])
def test_the_period_is_asked_for(period: int, asked: int) -> None:
    rig = Rig(period_s=period)
    rig.up()
    assert rig.one("REGISTER").request.expires == asked


def test_nine_accounts_register_at_once_each_with_its_own_call_id() -> None:
    rig = Rig(*(account(number) for number in range(1, 10)))
    rig.up()
    sent = [item.request for item in rig.take("REGISTER")]
    assert [user_of(request) for request in sent] == [f"20{n}" for n in range(1, 10)]
    assert len({request.call_id for request in sent}) == 9


def test_every_account_is_told_before_there_is_a_link() -> None:
    """S1: a phone whose proxy is away does not say that it has no account."""
    rig = Rig(account(1), account(2), account(3, domain=""))
    rig.wait(0)
    states = {status.account: status.state for status in of(AccountStatus, rig.out)}
    waiting = RegistrationState.WAITING
    assert states == {1: waiting, 2: waiting, 3: RegistrationState.OFF}
    assert rig.agent.deadline() is None


def test_an_account_without_a_registrar_is_off() -> None:
    rig = Rig(account(domain=""))
    rig.up()
    assert states(rig) == [RegistrationState.OFF]
    assert not rig.take("REGISTER")


# Registered, and kept so.


def test_a_challenged_register_ends_registered() -> None:
    rig = Rig()
    rig.up()
    assert rig.register() == 2
    assert rig.accounts() == (1,)
    assert states(rig) == [RegistrationState.REGISTERING, RegistrationState.REGISTERED]
    assert of(ServiceConfirmed, rig.out) == [ServiceConfirmed(None)]


def test_flow_timer_is_handed_to_the_link() -> None:
    rig = Rig()
    rig.registrar.extra = (("Flow-Timer", "25"),)
    rig.up()
    rig.register()
    assert of(ServiceConfirmed, rig.out) == [ServiceConfirmed(25)]


@pytest.mark.parametrize(
    ("granted", "renewal", "after"),
    [(None, 15, 3585), (60, 15, 45), (20, 15, 10), (100, 3, 97), (3600, 600, 3000)],
)
def test_it_is_renewed_in_time(granted: int | None, renewal: int, after: int) -> None:
    rig = Rig(renewal_s=renewal)
    rig.registrar.granted_s = granted
    rig.registered()
    assert rig.agent.deadline() == rig.now + after
    rig.wait(after - 0.01)
    assert not rig.take("REGISTER")
    rig.wait(0.01)
    assert rig.register() == 1, "the nonce serves on"
    assert rig.accounts() == (1,)


def test_it_stays_registered_while_the_renewal_runs_but_not_beyond_its_end() -> None:
    rig = Rig().registered()
    rig.wait(3585)
    assert rig.accounts() == (1,)
    rig.wait(15)
    assert last(rig).state is RegistrationState.REGISTERING
    assert last(rig).reason == "the registration has run out"
    rig.register()
    assert last(rig).state is RegistrationState.REGISTERED


@pytest.mark.parametrize("contacts", [(), ("<sip:201@198.51.100.7:5061>",), ("*",), ("<garbage",)])
def test_a_200_without_our_binding_is_no_registration(contacts: tuple[str, ...]) -> None:
    rig = Rig(contact_matching=ContactMatching.WHOLE_URI)
    rig.up()
    sent = rig.one("REGISTER")
    rig.reply(sent, answer(sent.request, 200, *(("Contact", text) for text in contacts)))
    assert rig.accounts() == ()
    assert last(rig).state is RegistrationState.WAITING
    assert last(rig).reason == "registrar did not keep the registration"
    assert rig.now + 120 <= (last(rig).retry_at or 0) <= rig.now + 132
    rig.wait(133)
    rig.register()
    assert rig.accounts() == (1,)


def test_the_own_binding_is_found_among_many() -> None:
    rig = Rig()
    rig.up()
    sent = rig.one("REGISTER")
    ours = contact_of(sent.request).replace("expires=3600", "expires=300")
    others = [f'<sip:201@198.51.100.{n}:5061>;+sip.instance="<urn:uuid:{n}>"' for n in range(20)]
    contacts = [*others[:10], ours, *others[10:]]
    rig.reply(sent, answer(sent.request, 200, *(("Contact", text) for text in contacts)))
    assert last(rig).state is RegistrationState.REGISTERED
    assert last(rig).renew_at == rig.now + 285
    assert not rig.take("REGISTER"), "other phones' bindings are left alone"


def test_service_route_and_gruu_are_used_for_calls() -> None:
    rig = Rig()
    rig.registrar.extra = (("Service-Route", "<sip:edge.example.org;lr>, <sip:home;lr>"),)
    rig.up()
    rig.register()
    rig.wait(3585)
    sent = rig.one("REGISTER")
    gruu = "sip:201@example.org;gr=urn:uuid:x"
    contact = f'{contact_of(sent.request)};pub-gruu="{gruu}";temp-gruu="sip:tgr@example.org;gr"'
    fields = (("Contact", contact), *rig.registrar.extra)
    rig.reply(sent, answer(sent.request, 200, *fields))
    rig.feed(Dial(1, "100"))
    invite = rig.one("INVITE").request
    assert invite.headers.all("Route") == ("<sip:edge.example.org;lr>", "<sip:home;lr>")
    assert invite.headers.get("Contact") == f"<{gruu}>"


# Refusals: this account alone waits (F4).

REFUSALS = [
    (301, "301 Moved Permanently"),
    (400, "400 Bad Request"),
    (403, "refused by the registrar (403)"),
    (404, "account not known (404)"),
    (405, "registrar does not register (405)"),
    (406, "406 Not Acceptable"),
    (410, "410 Gone"),
    (416, "416 Unsupported URI Scheme"),
    (480, "480 Temporarily Unavailable"),
    (501, "501 Not Implemented"),
    (505, "505 Version Not Supported"),
    (600, "600 Busy Everywhere"),
    (606, "refused by the registrar (606)"),
]


@pytest.mark.parametrize(("status", "reason"), REFUSALS)
def test_a_refusal_waits_and_says_why(status: int, reason: str) -> None:
    rig = Rig(account(1), account(2))
    rig.up()
    first, second = rig.take("REGISTER")
    rig.reply(first, answer(first.request, status))
    rig.reply(second, rig.registrar.answer(second.request))
    rig.register()
    assert rig.accounts() == (2,), "the other account is untouched"
    assert (last(rig).state, last(rig).reason) == (RegistrationState.REFUSED, reason)
    assert rig.now + 1800 <= (last(rig).retry_at or 0) <= rig.now + 1980
    assert not of(ProxyUnfit, rig.out), "it is about the account, not the proxy (D8)"
    rig.wait(1799)
    assert not rig.take("REGISTER")
    rig.wait(182)
    rig.register()
    assert rig.accounts() == (1, 2)


def test_a_longer_retry_after_of_a_refusal_is_honoured() -> None:
    rig = Rig(rejected_retry_s=30)
    rig.registrar.refusals = [refusal(403, ("Retry-After", "7200"))]
    rig.up()
    rig.register()
    assert (last(rig).retry_at or 0) >= rig.now + 7200


def test_a_wrong_password_is_said_once_and_not_tried_again() -> None:
    rig = Rig(account(password="guess"))
    rig.up()
    assert rig.register() == 2
    assert (last(rig).state, last(rig).reason) == (RegistrationState.REFUSED, "wrong password")
    assert not of(ProxyUnfit, rig.out)


def test_a_new_link_to_the_same_proxy_does_not_shorten_the_wait_of_a_refusal() -> None:
    rig = Rig(account(password="guess"))
    rig.up()
    rig.register()
    until = last(rig).retry_at
    for _ in range(5):
        rig.down()
        rig.up()
    assert not rig.take("REGISTER")
    assert last(rig).retry_at == until
    rig.down()
    rig.up(BACKUP)
    assert rig.take("REGISTER"), "another proxy may know better"


def test_a_refusal_whose_wait_ends_without_a_link_registers_with_the_next_one() -> None:
    rig = Rig()
    rig.registrar.refusals = [refusal(403)]
    rig.up()
    rig.register()
    rig.down()
    rig.wait(2000)
    assert last(rig).state is RegistrationState.WAITING
    rig.up()
    rig.register()
    assert rig.accounts() == (1,)


# What the registrar wants otherwise.


def test_423_asks_for_longer() -> None:
    rig = Rig(period_s=60)
    rig.registrar.refusals = [refusal(423, ("Min-Expires", "300"))]
    rig.up()
    rig.register()
    assert [request.expires for request in rig.registrar.requests] == [60, 300, 300]
    assert rig.accounts() == (1,)


@pytest.mark.parametrize("least", ["60", "5", "nonsense", "99999999999", None])
def test_423_that_makes_no_sense_is_a_refusal(least: str | None) -> None:
    rig = Rig(period_s=60)
    fields = (("Min-Expires", least),) if least else ()
    rig.registrar.refusals = [refusal(423, *fields)]
    rig.up()
    assert rig.register() == 1
    assert last(rig).state is RegistrationState.REFUSED


def test_a_registrar_that_always_wants_longer_is_left_alone() -> None:
    rig = Rig(period_s=60)
    rig.registrar.refusals = [refusal(423, ("Min-Expires", str(60 * n))) for n in range(2, 30)]
    rig.up()
    assert rig.register() == 5
    assert last(rig).state is RegistrationState.REFUSED


def test_439_falls_back_without_outbound_and_asks_again_on_the_next_link() -> None:
    rig = Rig()
    rig.registrar.refusals = [refusal(439)]
    rig.up()
    rig.register()
    requests = rig.registrar.requests
    assert [r.headers.get("Supported") for r in requests[:2]] == [
        "path, outbound, gruu",
        "path, gruu",
    ]
    assert "reg-id" in contact_of(requests[0])
    assert "reg-id" not in contact_of(requests[1])
    assert rig.accounts() == (1,)
    rig.down()
    rig.up()
    assert "outbound" in (rig.one("REGISTER").request.headers.get("Supported") or "")


def test_420_goes_without_what_is_not_supported() -> None:
    rig = Rig()
    rig.registrar.refusals = [refusal(420, ("Unsupported", "gruu, path"))]
    rig.up()
    rig.register()
    assert rig.registrar.requests[1].headers.get("Supported") == "outbound"
    assert rig.accounts() == (1,)


def test_420_for_something_else_is_a_refusal() -> None:
    rig = Rig()
    rig.registrar.refusals = [refusal(420, ("Unsupported", "timer"))]
    rig.up()
    assert rig.register() == 1
    assert last(rig).state is RegistrationState.REFUSED


# The registrar does not serve (D8).

FAILURES = [
    (408, "registrar does not answer (408)"),
    (500, "registrar fails (500)"),
    (502, "registrar fails (502)"),
    (503, "registrar does not serve (503)"),
    (504, "registrar fails (504)"),
]


@pytest.mark.parametrize(("status", "reason"), FAILURES)
def test_a_registrar_that_serves_nobody_makes_the_proxy_unfit(status: int, reason: str) -> None:
    rig = Rig()
    rig.registrar.refusals = [refusal(status, ("Retry-After", "17"))]
    rig.up()
    rig.register()
    (unfit,) = of(ProxyUnfit, rig.out)
    assert (unfit.failure.kind, unfit.failure.text) == (FailureKind.UNFIT, reason)
    assert of(HoldProxy, rig.out) == [HoldProxy(PRIMARY, 17.0)]
    assert last(rig).state is RegistrationState.WAITING


def test_silence_makes_the_proxy_unfit() -> None:
    rig = Rig()
    rig.up()
    rig.feed(RequestFailed(rig.one("REGISTER").key, RequestFailure.TIMEOUT))
    (unfit,) = of(ProxyUnfit, rig.out)
    assert unfit.failure.text == "registrar does not answer"
    assert not of(HoldProxy, rig.out), "nothing was asked for"


@pytest.mark.parametrize(("status", "reason"), FAILURES)
@pytest.mark.parametrize("retry_after", [None, "30"])
def test_an_account_that_alone_is_not_served_waits_alone(
    status: int, reason: str, retry_after: str | None
) -> None:
    rig = Rig(account(1), account(2))
    rig.up()
    first, second = rig.take("REGISTER")
    fields = (("Retry-After", retry_after),) if retry_after else ()
    rig.reply(first, answer(first.request, status, *fields))
    assert not of(ProxyUnfit, rig.out), "the other account has no verdict yet"
    rig.reply(second, rig.registrar.answer(second.request))
    rig.register()
    assert rig.accounts() == (2,)
    assert not of(ProxyUnfit, rig.out)
    assert (last(rig).state, last(rig).reason) == (RegistrationState.WAITING, reason)
    wait_s = float(retry_after or 120)
    assert rig.now + wait_s <= (last(rig).retry_at or 0) <= rig.now + wait_s * 1.1
    rig.wait(wait_s * 1.1)
    rig.register()
    assert rig.accounts() == (1, 2)


def test_every_retry_after_is_told_before_the_verdict_when_nobody_is_served() -> None:
    rig = Rig(account(1), account(2), account(3))
    rig.up()
    for sent, seconds in zip(rig.take("REGISTER"), ("5", "60", "7"), strict=True):
        rig.reply(sent, answer(sent.request, 503, ("Retry-After", seconds)))
    said = [item for item in rig.out if isinstance(item, HoldProxy | ProxyUnfit)]
    assert said[:-1] == [HoldProxy(PRIMARY, seconds) for seconds in (5.0, 60.0, 7.0)]
    assert isinstance(said[-1], ProxyUnfit)


def test_d8_more_than_a_day_is_taken_to_mean_a_day() -> None:
    rig = Rig()
    rig.registrar.refusals = [refusal(503, ("Retry-After", "4294967295"))]
    rig.up()
    rig.register()
    assert of(HoldProxy, rig.out) == [HoldProxy(PRIMARY, 86_400.0)]
    assert (last(rig).retry_at or 0) <= rig.now + 1.1 * 86_400.0


def test_d8_retry_after_is_told_before_the_other_accounts_have_their_verdicts() -> None:
    rig = Rig(account(1), account(2), account(3))
    rig.up()
    first, second, third = rig.take("REGISTER")
    rig.reply(first, answer(first.request, 503, ("Retry-After", "40")))
    assert of(HoldProxy, rig.out) == [HoldProxy(PRIMARY, 40.0)]
    rig.reply(second, answer(second.request, 503))
    assert len(of(HoldProxy, rig.out)) == 1, "nothing was asked for"
    rig.down()
    assert not of(ProxyUnfit, rig.out), "the last account has no verdict"
    rig.reply(third, answer(third.request, 503, ("Retry-After", "50")))
    assert len(of(HoldProxy, rig.out)) == 1, "nobody waits for that answer any more"


def test_d8_retry_after_is_the_accounts_own_where_another_is_registered() -> None:
    rig = Rig(account(1), account(2))
    rig.up()
    for challenged in rig.take("REGISTER"):
        rig.reply(challenged, rig.registrar.answer(challenged.request))
    first, second = rig.take("REGISTER")
    rig.reply(first, rig.registrar.answer(first.request))
    assert rig.accounts() == (1,)
    rig.reply(second, answer(second.request, 503, ("Retry-After", "40")))
    assert last(rig, 2).state is RegistrationState.WAITING
    assert not of(HoldProxy, rig.out)


@pytest.mark.parametrize(("late_s", "registered"), [(20.0, True), (61.0, False)])
def test_s1_a_binding_lasts_from_its_request_not_from_its_answer(
    late_s: float, registered: bool
) -> None:
    rig = Rig()
    rig.registrar.granted_s = 60
    rig.up()
    challenged = rig.one("REGISTER")
    rig.reply(challenged, rig.registrar.answer(challenged.request))
    sent = rig.one("REGISTER")
    asked_at = rig.now
    rig.now += late_s  # The proxy is slow, or the phone has slept.
    rig.reply(sent, rig.registrar.answer(sent.request))
    rig.advance(rig.now)
    assert bool(rig.accounts()) is registered
    if registered:
        rig.take("REGISTER")
        rig.advance(asked_at + 60)
        assert not rig.accounts(), "nobody answers the renewal"
    assert rig.take("REGISTER"), "it goes again at once"


def test_s1_a_binding_that_is_over_when_its_answer_is_read_is_never_claimed() -> None:
    rig = Rig()
    rig.registrar.granted_s = 60
    rig.up()
    challenged = rig.one("REGISTER")
    rig.reply(challenged, rig.registrar.answer(challenged.request))
    sent = rig.one("REGISTER")
    rig.now += 61.0
    rig.reply(sent, rig.registrar.answer(sent.request))
    assert RegistrationState.REGISTERED not in states(rig)
    assert last(rig).reason == "the registration has run out"
    assert of(ServiceConfirmed, rig.out), "the proxy serves, late as it is"
    rig.register()
    assert rig.accounts() == (1,)


def test_a_renewal_that_is_not_served_ends_the_registration() -> None:
    rig = Rig().registered()
    rig.registrar.refusals = [refusal(503)]
    rig.wait(3585)
    rig.register()
    assert len(of(ProxyUnfit, rig.out)) == 1
    assert rig.accounts() == ()


# Links that come and go (L8, F5).


def test_every_account_registers_again_on_the_next_link_in_one_round_trip() -> None:
    rig = Rig(*(account(number) for number in range(1, 10))).registered()
    rig.down()
    assert rig.accounts() == ()
    assert all(rig.statuses(n)[-1].state is RegistrationState.WAITING for n in range(1, 10))
    assert last(rig).reason == RESET.text
    rig.up(local=OTHER)
    sent = rig.take("REGISTER")
    assert len(sent) == 9
    for request in sent:
        assert "192.0.2.99:40001" in contact_of(request.request)
        rig.reply(request, rig.registrar.answer(request.request))
    assert len(rig.accounts()) == 9
    assert not rig.take("REGISTER"), "one round trip each"


def test_an_unanswered_register_goes_again_as_a_new_transaction() -> None:
    rig = Rig().registered()
    rig.wait(3585)
    (lost,) = rig.open
    rig.down()
    rig.up()
    again = rig.one("REGISTER")
    assert again.key != lost.key
    assert again.request.call_id == lost.request.call_id
    assert again.request.cseq.number == lost.request.cseq.number + 1
    assert "nc=00000003" in (again.request.headers.get("Authorization") or "")
    assert "nc=00000002" in (lost.request.headers.get("Authorization") or "")
    assert not rig.feed(ResponseReceived(lost.key, answer(lost.request, 403))), "not heard"


def test_each_proxy_has_its_own_call_id_and_keeps_it() -> None:
    rig = Rig().registered()
    seen: dict[Proxy, str] = {}
    for proxy in (BACKUP, PRIMARY, BACKUP, PRIMARY):
        rig.down()
        rig.up(proxy)
        request = rig.open[0].request
        assert seen.setdefault(proxy, request.call_id) == request.call_id
        rig.register()
    assert len(set(seen.values())) == 2


def test_the_account_with_a_call_registers_first() -> None:
    rig = Rig(account(1), account(2), account(3)).registered()
    rig.feed(Dial(3, "100"))
    sent = rig.one("INVITE")
    rig.reply(sent, rig.accept(sent.request))
    rig.down()
    rig.up()
    assert [user_of(sent.request) for sent in rig.take("REGISTER")] == ["203", "201", "202"]


# Leftovers.


@pytest.mark.parametrize("shows_instance", [True, False])
def test_a_binding_left_behind_is_asked_away(shows_instance: bool) -> None:
    rig = Rig()
    rig.registrar.replaces = False
    rig.registrar.shows_instance = shows_instance
    rig.registered()
    rig.down()
    rig.up(local=OTHER)
    assert rig.register() == 2
    second = rig.registrar.requests[-1]
    ours, gone = second.headers.all("Contact")
    assert "192.0.2.99:40001" in ours
    assert gone == "<sip:201@192.0.2.99:40000;transport=tls>;expires=0"
    held = rig.registrar.bindings["sip:201@example.org"]
    assert [str(contact.uri) for contact in held] == ["sip:201@192.0.2.99:40001;transport=tls"]
    assert rig.accounts() == (1,)


def test_a_leftover_that_stays_is_asked_away_only_once_per_link() -> None:
    rig = Rig().registered()
    rig.wait(3585)
    for trips in range(3):
        sent = rig.one("REGISTER")
        stale = f'<sip:201@192.0.2.5:1>;+sip.instance="<{INSTANCE}>";expires=50'
        contacts = (("Contact", contact_of(sent.request)), ("Contact", stale))
        rig.reply(sent, answer(sent.request, 200, *contacts))
        if trips:
            assert not rig.take("REGISTER")
            return
    raise AssertionError


def test_a_registrar_that_refuses_to_remove_leftovers_still_registers() -> None:
    rig = Rig()
    rig.registrar.replaces = False
    rig.registered()
    rig.down()
    rig.up(local=OTHER)
    sent = rig.one("REGISTER")
    rig.reply(sent, rig.registrar.answer(sent.request))
    rig.registrar.refusals = [refusal(400)]
    assert rig.register() == 2
    assert rig.accounts() == (1,)
    assert len(rig.registrar.requests[-1].contacts) == 1


def test_local_addresses_are_remembered_within_bounds() -> None:
    rig = Rig()
    rig.registrar.replaces = rig.registrar.shows_instance = False
    for port in range(40000, 40030):
        rig.up(local=Address("192.0.2.99", port))
        rig.wait(10)
        rig.register()
        rig.down()
    held = rig.registrar.bindings["sip:201@example.org"]
    assert [str(contact.uri) for contact in held] == ["sip:201@192.0.2.99:40029;transport=tls"]


# The rate (a storm helps nobody).


def test_registers_are_rate_limited_whatever_the_cause() -> None:
    rig = Rig(timeout_retry_s=30)
    sent = 0
    for _ in range(600):
        rig.up()
        sent += len(rig.take("REGISTER"))
        rig.down()
        rig.wait(0.1)
    assert sent <= 10 + 60 / 3


def test_a_held_register_goes_when_the_rate_allows() -> None:
    rig = Rig()
    for _ in range(10):
        rig.up()
        rig.down()
    rig.up()
    assert not rig.open
    assert states(rig)[-1] is RegistrationState.REGISTERING
    rig.wait(3)
    assert rig.register() == 1
    assert rig.accounts() == (), "the answer to the challenge has to wait too"
    rig.wait(3)
    rig.register()
    assert rig.accounts() == (1,)


def test_who_slept_beyond_a_binding_and_beyond_the_wait_for_its_renewal_asks_once() -> None:
    rig = Rig()
    rig.registrar.granted_s = 4
    rig.registered()
    while rig.wait(2) and rig.open:  # Renewed more often than the rate allows.
        rig.register()
    assert rig.accounts() == (1,), "the renewal waits its turn"
    rig.sleep(60)
    assert len(rig.take("REGISTER")) == 1
    assert last(rig).state is RegistrationState.REGISTERING


# Leaving.


def test_unregister_takes_every_binding_away() -> None:
    rig = Rig(account(1), account(2)).registered()
    rig.feed(UnregisterAll())
    assert rig.accounts() == (1, 2), "until the registrar says so"
    assert "not registered" in str(rig.feed(Dial(1, "100")))
    assert rig.register() == 1, "signed at once"
    assert rig.accounts() == ()
    assert all(not held for held in rig.registrar.bindings.values())
    assert [request.expires for request in rig.registrar.requests[-2:]] == [0, 0]
    assert states(rig)[-1] is states(rig, 2)[-1] is RegistrationState.OFF
    assert rig.agent.deadline() is None
    rig.down()
    rig.up()
    assert not rig.open, "off is off"


def test_unregister_answers_a_challenge() -> None:
    rig = Rig().registered()
    rig.registrar.realm.counts.clear()  # The registrar has forgotten its nonces.
    rig.feed(UnregisterAll())
    assert rig.register() == 2
    assert not rig.registrar.bindings["sip:201@example.org"]


def test_unregister_without_a_link_or_a_binding_says_nothing() -> None:
    rig = Rig()
    assert not of(SendRequest, rig.feed(UnregisterAll()))
    rig.up()
    assert not rig.open


@pytest.mark.parametrize("end", ["link", "timeout", "refused", "wrong password"])
def test_a_phone_that_stops_is_off_however_that_ends(end: str) -> None:
    rig = Rig().registered()
    rig.feed(UnregisterAll())
    sent = rig.open[0]
    match end:
        case "link":
            rig.down()
        case "timeout":
            rig.feed(RequestFailed(sent.key, RequestFailure.TIMEOUT))
        case "refused":
            rig.reply(sent, answer(sent.request, 503))
        case _:
            rig.registrar.realm.password = "changed"
            rig.register()
    assert last(rig).state is RegistrationState.OFF
    assert rig.agent.deadline() is None
    assert not of(ProxyUnfit, rig.out)
    rig.open.clear()
    rig.up()
    assert not rig.open, "off is off"


def test_a_stop_ends_calls_before_it_signs_off() -> None:
    rig = Rig().registered()
    rig.feed(Dial(1, "100"))
    invite = rig.one("INVITE")
    rig.reply(invite, rig.accept(invite.request))
    out = rig.feed(UnregisterAll())
    assert [item.request.method for item in of(SendRequest, out)] == ["BYE", "REGISTER"]
    assert rig.ended().cause is EndCause.HUNG_UP_HERE


def test_a_register_that_is_out_is_taken_back() -> None:
    rig = Rig()
    rig.up()
    rig.feed(UnregisterAll())
    first, second = rig.take("REGISTER")
    assert (first.request.expires, second.request.expires) == (3600, 0)
    assert second.request.cseq.number == first.request.cseq.number + 1
    rig.reply(first, rig.registrar.answer(first.request))
    assert rig.accounts() == ()


def test_stray_answers_are_ignored() -> None:
    rig = Rig().registered()
    request = rig.registrar.requests[0]
    assert not rig.feed(ResponseReceived("nobody", answer(request, 200)))
    assert not rig.feed(RequestFailed("nobody", RequestFailure.TIMEOUT))
    rig.wait(3585)
    sent = rig.one("REGISTER")
    assert not rig.reply(sent, answer(sent.request, 100))
    rig.reply(sent, rig.registrar.answer(sent.request))
    assert rig.accounts() == (1,)


def test_the_status_names_the_account_and_keeps_its_secrets() -> None:
    rig = Rig(account(screen_name="Desk", display_name="Ann", auth_name="ann-auth"))
    rig.up()
    status = last(rig)
    assert (status.account, status.name, status.address) == (1, "Desk", "201@example.org")
    assert "secret" not in repr(account())
    assert LOCAL.host not in repr(status)
