"""Warnings (I4): what a person should know of certificates and lists while all still works."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509

from firmware.link.events import ServerName
from firmware.link.identity import RevocationList
from firmware.link.inventory import Certificates, Inventory, warnings
from tests.lab.authority import Authority, Identity
from tests.unit.phone.rig import fits_a_page

NAME = ServerName("proxy1.example.com")
OTHER = ServerName("sip-proxy-02.voice.branch.example.com")


@pytest.fixture(scope="module")
def authority() -> Authority:
    return Authority()


def now() -> datetime:
    return datetime.fromtimestamp(time.time(), UTC)


def chain(identity: Identity, root: Authority) -> Certificates:
    return (identity.certificate, *identity.chain, root.certificate)


def crl(pem: bytes) -> RevocationList:
    return RevocationList(x509.load_pem_x509_crl(pem))


def said(inventory: Inventory, when: datetime | None = None) -> tuple[str, ...]:
    found = warnings(inventory, when or now())
    for sentence in found:
        assert fits_a_page("Warning", sentence)
    return found


def test_nothing_is_said_of_what_is_good_for_a_while(authority: Authority) -> None:
    good = authority.issue(NAME.text, ends_days=31)
    inventory = Inventory(
        own=chain(good, authority),
        trusted=(authority.certificate,),
        proxies=((NAME, chain(good, authority)),),
        crls=(crl(authority.revoke()),),
    )
    assert said(inventory) == ()


def test_every_certificate_that_ends_is_named_with_its_days(authority: Authority) -> None:
    middle = authority.intermediate(ends_days=20.5)
    soon, phone = middle.issue(NAME.text, ends_days=12.5), authority.issue("p", ends_days=3.5)
    root = Authority("Another root", ends_days=1.5)
    inventory = Inventory(
        own=(phone.certificate, Authority("Phones", ends_days=5.5).certificate),
        trusted=(authority.certificate, root.certificate),
        proxies=((NAME, chain(soon, authority)), (OTHER, chain(soon, authority))),
    )
    assert said(inventory) == (
        "this phone's certificate ends in 3 days",
        "certificate of authority Phones ends in 5 days",
        "certificate of proxy1.example.com ends in 12 days",
        "certificate of authority Lab intermediate ends in 20 days",
        "certificate of sip-proxy-…ample.com ends in 12 days",
        "certificate of authority Another root ends in 1 day",
    )


def test_a_warning_comes_and_changes_with_time_alone(authority: Authority) -> None:
    certificate = authority.issue(NAME.text, ends_days=40).certificate
    inventory = Inventory(proxies=((NAME, (certificate,)),))
    heard = [said(inventory, now() + timedelta(days=days)) for days in (9, 10.5, 39.5, 41.5)]
    assert heard == [
        (),
        ("certificate of proxy1.example.com ends in 29 days",),
        ("certificate of proxy1.example.com ends in 11 hours",),
        ("certificate of proxy1.example.com expired 1 day ago",),
    ]


def test_a_phone_whose_clock_is_not_set_says_nothing_of_days(authority: Authority) -> None:
    ended = authority.issue(NAME.text, starts_days=-9, ends_days=-5).certificate
    lists = (crl(authority.revoke(ends_days=-5)), crl(Authority("Nobody").revoke()))
    inventory = Inventory((ended,), proxies=((NAME, (ended,)),), crls=lists)
    assert warnings(inventory, None)[-1] == "revocation list of Nobody covers no proxy"
    assert not any("ago" in sentence for sentence in warnings(inventory, None))


@pytest.mark.parametrize(
    ("starts", "ends", "words"),
    [
        (-60, -5.5, "revocation list of Lab root expired 5 days ago"),
        (2.5, 30, "revocation list of Lab root begins in 2 days"),
    ],
)
def test_a_list_outside_its_days_warns_and_still_refuses(
    authority: Authority, starts: float, ends: float, words: str
) -> None:
    """I2: the refusal is in test_certificate_matrix.py; here is the warning beside it."""
    leaf = authority.issue(NAME.text)
    listed = crl(authority.revoke(leaf, starts_days=starts, ends_days=ends))
    assert said(Inventory(trusted=(authority.certificate,), crls=(listed,))) == (words,)
    assert listed.covers(leaf.certificate, authority.certificate)
    assert listed.revokes(leaf.certificate)


def test_a_list_without_effect_says_so_once_a_proxy_is_known(authority: Authority) -> None:
    middle = authority.intermediate()
    leaf = middle.issue(NAME.text)
    lists = (
        crl(authority.revoke()),
        crl(middle.revoke()),
        crl(Authority("Nobody").revoke()),
        crl(Authority().revoke()),  # It bears our root's name, signed with another key.
    )
    before = Inventory(trusted=(authority.certificate,), crls=lists)
    assert said(before) == ()
    after = Inventory(before.own, before.trusted, ((NAME, chain(leaf, authority)),), lists)
    assert said(after) == (
        "revocation list of Nobody covers no proxy",
        "revocation list of Lab root is not signed by it",
    )
