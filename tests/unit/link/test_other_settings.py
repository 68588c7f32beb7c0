"""Other settings while the phone runs (L5): in every state, at once, and what they cost a link."""

from __future__ import annotations

from dataclasses import fields, replace

import pytest

from firmware.link.chooser import Chooser
from firmware.link.events import (
    Address,
    CallsInProgress,
    Close,
    Connect,
    Failure,
    FailureKind,
    LeaveSoon,
    LinkDown,
    LinkState,
    LinkUp,
    Lost,
    NetworkChanged,
    Proxy,
    ProxyUnfit,
    Role,
    SendMessage,
    ServiceConfirmed,
    StayHere,
)
from firmware.link.link import STUCK_S
from firmware.link.settings import LinkSettings, UseSettings
from tests.unit.link.rig import (
    BACKUP,
    PING,
    PRIMARY,
    REFUSED,
    answer,
    of,
    request,
    written,
)
from tests.unit.link.test_two_proxies import Two

OTHER = Proxy(Role.PRIMARY, "192.0.2.77", 5061)
NO_TRUST = Failure(FailureKind.CONFIGURATION, "persistent TLS needs trusted certificates")
ONE = LinkSettings(proxies=(PRIMARY,))
TWO = LinkSettings(proxies=(PRIMARY, BACKUP))


class Changing(Two):
    """A link whose settings change."""

    def __init__(self, settings: LinkSettings = ONE) -> None:
        rest = {f.name: getattr(settings, f.name) for f in fields(settings) if f.name != "proxies"}
        super().__init__(*settings.proxies, **rest)
        self.settings = settings

    def use(self, **changes: object) -> list[object]:
        """Change settings; do what is due then."""
        self.settings = replace(self.settings, **changes)  # type: ignore[arg-type] # a test's own words
        return [*self.feed(UseSettings(self.settings)), *self.advance(self.now)]

    def served(self) -> int:
        """Bring the link up, registered, its first ping answered."""
        attempt = self.registered()
        self.feed(ServiceConfirmed())
        return attempt

    def on_the_backup(self) -> int:
        """Come to the backup, its first ping answered."""
        attempt = super().on_the_backup()
        self.receive(attempt, b"\r\n")
        return attempt

    def probe(self) -> Connect:
        """Answer every ping at once until somebody is probed beside the link."""
        attempt = self.link.attempt
        (connect,) = of(Connect, self.live(100.0))
        assert self.link.attempt == attempt
        return connect

    def pings_until(self, end: float) -> list[float]:
        """Answer every ping at once; return when each came."""
        found: list[float] = []
        while (due := self.link.deadline()) is not None and due <= end:
            if PING in written(self.advance(max(due, self.now))):
                found.append(self.now)
                self.receive(self.link.attempt or 0, b"\r\n")
        self.advance(end)
        return found


# Keep-alive (L6).


def test_l5_a_shorter_keep_alive_is_seen_at_once_and_the_link_stays() -> None:
    rig = Changing()
    attempt = rig.served()
    rig.advance(rig.now + 10)
    out = rig.use(keep_alive_s=5.0)
    assert PING in written(out)
    assert not of(Close, out)
    assert rig.link.attempt == attempt
    assert rig.status.keep_alive_s == 5.0
    rig.receive(attempt, b"\r\n")
    began = rig.now
    pings = rig.pings_until(began + 15)
    assert all(4.0 <= b - a <= 5.0 for a, b in zip([began, *pings], pings, strict=False)), pings
    assert len(pings) >= 3


def test_l6_a_keep_alive_of_zero_ends_the_pings_and_another_begins_them_again() -> None:
    rig = Changing()
    rig.served()
    rig.use(keep_alive_s=0.0)
    assert rig.pings_until(rig.now + 50) == []
    assert rig.status.keep_alive_s == 0.0
    assert PING in written(rig.use(keep_alive_s=20.0))


def test_l6_a_keep_alive_that_was_off_waits_for_the_first_register_as_ever() -> None:
    rig = Changing(replace(ONE, keep_alive_s=0.0))
    attempt = rig.connect()
    assert PING not in written(rig.use(keep_alive_s=10.0))
    rig.feed(SendMessage(request("REGISTER")))
    assert PING in written(rig.receive(attempt, bytes(answer("REGISTER"))))


def test_l6_the_registrars_flow_timer_holds_under_another_keep_alive_too() -> None:
    rig = Changing()
    rig.registered()
    rig.feed(ServiceConfirmed(12))
    assert rig.status.keep_alive_s == 12.0
    rig.use(keep_alive_s=600.0)
    assert rig.status.keep_alive_s == 12.0
    rig.use(keep_alive_s=6.0)
    assert rig.status.keep_alive_s == 6.0


def test_d2_a_question_that_is_out_keeps_its_limit_under_other_settings() -> None:
    rig = Changing()
    attempt = rig.served()
    asked = rig.advance(rig.now + 30.0)
    assert PING in written(asked), "a ping is out, and not answered"
    for period_s in (20.0, 25.0, 28.0):
        assert PING not in written(rig.use(keep_alive_s=period_s))
    rig.kernel(attempt, 0)
    out = rig.advance(rig.now + 11)
    assert of(LinkDown, out), "changes do not put the verdict off"


def test_l6_a_shorter_keep_alive_holds_from_the_pong_that_is_waited_for() -> None:
    rig = Changing(replace(ONE, keep_alive_s=60.0))
    attempt = rig.served()
    rig.advance(rig.link.deadline() or 0.0)
    assert PING not in written(rig.use(keep_alive_s=5.0)), "one is out"
    began = rig.now
    rig.receive(attempt, b"\r\n")
    assert rig.pings_until(began + 5.0), "not after a minute"


def test_d4_another_transaction_timer_holds_from_the_next_request_on() -> None:
    rig = Changing()
    rig.served()
    rig.use(transaction_timer_s=8.0)
    rig.feed(SendMessage(request("INVITE", "z9hG4bKnext")))
    assert PING not in written(rig.advance(rig.now + 3.9))
    assert PING in written(rig.advance(rig.now + 0.2))


# Another proxy.


def test_l5_another_proxy_is_gone_to_when_the_accounts_have_signed_off() -> None:
    rig = Changing()
    attempt = rig.served()
    out = rig.use(proxies=(OTHER,))
    assert of(LeaveSoon, out) == [LeaveSoon("the settings were changed")]
    assert not of(Close, out), "what is said to sign off goes over the old link"
    rig.advance(rig.now + 0.2)
    out = rig.leaves()
    assert of(Close, out) == [Close(attempt)]
    (down,) = of(LinkDown, out)
    assert down.failure.kind is FailureKind.SETTINGS
    (connect,) = of(Connect, out)
    assert connect.address.host == OTHER.host
    assert out.index(down) < out.index(connect), "one link at most (L10)"
    assert of(LinkUp, rig.stands(connect))
    assert rig.status.proxy == OTHER


def test_l5_who_does_not_sign_off_is_waited_for_a_second() -> None:
    rig = Changing()
    rig.served()
    began = rig.now
    rig.use(proxies=(OTHER,))
    connect = rig.until(Connect)
    assert rig.now - began == pytest.approx(1.0)
    assert connect.address.host == OTHER.host


def test_l5_changes_in_a_row_do_not_put_the_leaving_off() -> None:
    rig = Changing()
    rig.served()
    began = rig.now
    for number in range(4):
        rig.use(proxies=(replace(OTHER, port=5070 + number),))
        rig.advance(rig.now + 0.2)
    connect = rig.until(Connect)
    assert rig.now - began == pytest.approx(1.0)
    assert connect.address.port == 5073


def test_l5_a_call_does_not_keep_the_link_from_another_proxy() -> None:
    rig = Changing()
    rig.served()
    rig.feed(CallsInProgress(1))
    rig.use(proxies=(OTHER,))
    assert of(Connect, rig.leaves())[0].address.host == OTHER.host


def test_d8_a_proxy_that_is_left_by_choice_is_not_unfit_when_it_comes_back() -> None:
    rig = Changing(TWO)
    rig.served()
    rig.use(proxies=(BACKUP,))
    (connect,) = of(Connect, rig.leaves())
    rig.stands(connect)
    assert rig.status.proxy == BACKUP
    rig.use(proxies=(PRIMARY,))
    assert of(Connect, rig.leaves())[0].address.host == PRIMARY.host


def test_l5_a_link_that_dies_while_the_accounts_sign_off_leads_to_the_new_proxy() -> None:
    rig = Changing()
    attempt = rig.served()
    rig.use(proxies=(OTHER,))
    out = [*rig.lose(attempt), *rig.advance(rig.now)]
    assert of(Connect, out)[0].address.host == OTHER.host
    assert not of(Close, rig.advance(rig.now + 0.9)), "there is nothing left to leave"


def test_d8_a_proxy_that_is_found_unfit_while_it_is_left_costs_nothing_more() -> None:
    rig = Changing()
    rig.served()
    rig.use(proxies=(OTHER,))
    rig.feed(ProxyUnfit(Failure(FailureKind.UNFIT, "registrar overloaded")))
    assert rig.until(Connect, 3.0).address.host == OTHER.host


def test_l5_a_race_begins_anew_with_the_new_proxies() -> None:
    rig = Changing()
    first = rig.until(Connect)
    rig.advance(rig.now + STUCK_S + 0.1)
    out = rig.use(proxies=(OTHER,))
    assert of(Close, out) == [Close(first.attempt)]
    assert of(Connect, out)[0].address.host == OTHER.host
    assert not of(Close, rig.feed(NetworkChanged())), "it has only begun, and is not stuck (D6)"


def test_l5_a_wait_is_cut_short_for_a_new_proxy() -> None:
    rig = Changing()
    for _ in range(6):
        rig.lose(rig.until(Connect).attempt)
    assert rig.status.state is LinkState.WAITING
    assert rig.status.retry_at is not None
    assert rig.status.retry_at > rig.now
    assert of(Connect, rig.use(proxies=(OTHER,)))[0].address.host == OTHER.host


def test_f2_a_wait_is_not_cut_short_by_a_keep_alive() -> None:
    rig = Changing()
    for _ in range(6):
        rig.lose(rig.until(Connect).attempt)
    before = rig.status.retry_at
    assert not of(Connect, rig.use(keep_alive_s=7.0))
    assert rig.status.retry_at == before


def test_f2_other_bounds_hold_from_the_next_wait_on() -> None:
    rig = Changing()
    rig.use(retry_cap_s=10.0)
    waits = []
    for _ in range(12):
        rig.lose(rig.until(Connect).attempt)
        assert rig.status.retry_at is not None
        waits.append(rig.status.retry_at - rig.now)
    assert max(waits) <= 10.0
    assert max(waits) > 5.0


def test_f1_another_blacklist_holds_for_what_has_failed_before() -> None:
    chooser = Chooser((PRIMARY,), 0.0, 300.0)
    failed, other = Address("192.0.2.1", 5061), Address("192.0.2.2", 5061)
    chooser.targets(PRIMARY).failed(failed, 0.0)
    chooser.use(replace(ONE, blacklist_s=10.0), None)
    assert chooser.targets(PRIMARY).ordered((failed, other), 11.0) == (failed, other)


def test_f2_a_link_that_is_left_by_choice_comes_to_health_no_more() -> None:
    rig = Changing()
    rig.lose(rig.until(Connect).attempt)
    rig.served()
    assert rig.link._retry.healthy_at is not None
    rig.use(proxies=(OTHER,))
    rig.leaves()
    assert rig.link._retry.healthy_at is None


# The way home (F3).


def test_f3_a_new_primary_is_probed_from_the_backup_and_the_old_one_no_more() -> None:
    rig = Changing(TWO)
    attempt = rig.on_the_backup()
    out = rig.use(proxies=(OTHER, BACKUP))
    assert not of(Close, out)
    assert rig.link.attempt == attempt, "the backup is still one of them"
    probe = rig.probe()
    assert probe.address.host == OTHER.host


def test_f3_whoever_signs_off_for_an_old_primary_stays() -> None:
    rig = Changing(replace(TWO, minimum_stay_s=0.0, probe_count=1, probe_interval_s=5.0))
    rig.on_the_backup()
    probe = rig.probe()
    assert of(LeaveSoon, rig.stands(probe))
    out = rig.use(proxies=(OTHER, BACKUP))
    assert of(Close, out) == [Close(probe.attempt)]
    assert of(StayHere, out)


def test_l10_a_probe_ends_when_its_link_is_to_be_left() -> None:
    rig = Changing(TWO)
    rig.on_the_backup()
    probe = rig.probe()
    assert Close(probe.attempt) in rig.use(ways=1)


def test_f3_a_backup_that_becomes_the_only_proxy_is_left_no_more() -> None:
    rig = Changing(TWO)
    attempt = rig.on_the_backup()
    rig.use(proxies=(BACKUP,))
    assert rig.link.attempt == attempt
    rig.out.clear()
    assert rig.pings_until(rig.now + 300)
    assert rig.link.attempt == attempt
    assert not of(Connect, rig.out), "nobody is probed"


def test_f3_another_interval_and_number_of_probes_hold_at_once() -> None:
    rig = Changing(TWO)
    rig.on_the_backup()
    rig.use(probe_interval_s=10.0, probe_count=1, minimum_stay_s=0.0)
    began = rig.now
    probe = rig.probe()
    assert 8.0 <= rig.now - began <= 12.0
    assert of(LeaveSoon, rig.stands(probe)), "one is enough now"


def test_f3_a_shorter_stay_counts_from_when_the_link_came() -> None:
    rig = Changing(replace(TWO, probe_interval_s=10.0, probe_count=1, minimum_stay_s=3600.0))
    rig.on_the_backup()
    assert not of(LeaveSoon, rig.stands(rig.probe()))
    rig.use(minimum_stay_s=1.0)
    assert of(LeaveSoon, rig.stands(rig.probe()))


# How connections are made, and a configuration that is wrong (L11).


def test_l5_connections_that_are_made_otherwise_make_the_link_anew() -> None:
    rig = Changing()
    attempt = rig.served()
    assert of(LeaveSoon, rig.use(ways=1))
    out = rig.leaves()
    assert of(Close, out) == [Close(attempt)]
    assert of(Connect, out)[0].address.host == PRIMARY.host


def test_l11_a_configuration_error_closes_what_there_is_and_opens_nothing() -> None:
    rig = Changing()
    attempt = rig.served()
    out = rig.use(problem=NO_TRUST)
    assert of(Close, out) == [Close(attempt)]
    assert of(LinkDown, out) == [LinkDown(NO_TRUST)]
    assert (rig.status.state, rig.status.reason) == (LinkState.OFF, NO_TRUST)
    assert not of(Connect, rig.advance(rig.now + 1000))


@pytest.mark.parametrize("waits", [False, True])
def test_l11_it_ends_a_race_and_a_wait_too(waits: bool) -> None:
    rig = Changing()
    first = rig.until(Connect)
    if waits:
        rig.lose(first.attempt)
    out = rig.use(problem=NO_TRUST)
    assert of(Close, out) == ([] if waits else [Close(first.attempt)])
    assert rig.status.state is LinkState.OFF
    assert rig.status.proxy is None
    assert not of(Connect, rig.feed(Lost(first.attempt, REFUSED)))
    assert not of(Connect, rig.advance(rig.now + 1000))


def test_l11_once_it_is_put_right_the_link_comes_at_once() -> None:
    rig = Changing(replace(ONE, problem=NO_TRUST))
    rig.advance(rig.now + 100)
    assert rig.status.state is LinkState.OFF
    assert of(Connect, rig.use(problem=None))[0].address.host == PRIMARY.host


def test_l11_another_error_is_said_in_place_of_the_first() -> None:
    rig = Changing(replace(ONE, problem=NO_TRUST))
    rig.advance(rig.now + 1)
    no_proxy = Failure(FailureKind.CONFIGURATION, "no proxy is configured (sip proxy ip)")
    rig.use(proxies=(), problem=no_proxy)
    assert rig.status.reason == no_proxy
