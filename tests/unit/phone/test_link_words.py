"""The link page in words, beside what the golden screens show (S1, I2)."""

from __future__ import annotations

from firmware.link.events import Failure, FailureKind, LinkState, LinkStatus, Proxy, Role
from firmware.phone.link_words import link_rows

BACKUP = Proxy(Role.BACKUP, "proxy2.example.com", 5061)
EXPIRED = Failure(FailureKind.CERTIFICATE, "certificate of proxy1 expired 3 days ago")


def test_i2_the_page_says_why_the_primary_is_not_had() -> None:
    status = LinkStatus(LinkState.UP, BACKUP, home_failure=EXPIRED)
    rows = link_rows(status, 0.0, "")
    assert ("Backup", "proxy2.example.com:5061") in rows
    assert ("Primary", EXPIRED.text) in rows
