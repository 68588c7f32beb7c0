"""By which names the page may be asked for: no trick with DNS leads here."""

from __future__ import annotations

import pytest

from firmware.web.hosts import address_of, is_own, own_names

NAMES = own_names("Desk-7.example.org", "phone.example.org")


@pytest.mark.parametrize(
    "host",
    [
        *("192.0.2.7", "192.0.2.7:8443", "[2001:db8::7]", "[2001:db8::7]:8443", "localhost:8443"),
        *("desk-7.example.org", "DESK-7.local:443", "phone.example.org", "phone.example.org."),
    ],
)
def test_the_phones_own(host: str) -> None:
    assert is_own(host, NAMES)


@pytest.mark.parametrize(
    "host",
    [
        *("", "attacker.example", "desk-7.attacker.example", "127.0.0.1.attacker.example"),
        *("[::1", "[", "192.0.2.7.evil", "0x7f.1", "localhost.attacker.example", "[phone]"),
    ],
)
def test_foreign_ones(host: str) -> None:
    assert not is_own(host.replace("192.0.2.7.evil", "192.0.2.7.evil"), NAMES)


def test_the_address_of_the_page() -> None:
    assert address_of("192.0.2.7", 443) == "https://192.0.2.7/"
    assert address_of("2001:db8::7", 8443) == "https://[2001:db8::7]:8443/"
