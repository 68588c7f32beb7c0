"""Which account a page of accounts is of, and how each stands."""

from __future__ import annotations

from firmware.console.reports import account_line
from firmware.console.sight import Sight
from firmware.web.chapters import ACCOUNTS, ALL_ACCOUNTS
from firmware.web.html import Html, tag
from firmware.web.status_page import section

ACCOUNT = "account"
"""The word of the query that says which."""


def account_of(text: str) -> int:
    """Return the account that a query names; what is none is all of them."""
    return int(text) if text in {str(number) for number in ACCOUNTS} else ALL_ACCOUNTS


def account_links(sight: Sight, here: int) -> Html:
    """Return how the accounts stand, and the ways to each."""
    accounts = sorted(sight.status.accounts.items())
    lines = [tag("li", account_line(one, sight.now)) for _, one in accounts]
    stand = tag("ul", *lines, class_="plain") if lines else tag("p", "none is configured")
    links = [tag("li", _link(number, here)) for number in (ALL_ACCOUNTS, *ACCOUNTS)]
    ways = tag("nav", tag("ul", *links), aria_label="Accounts", class_="tabs")
    return section("How they stand", stand, ways)


def _link(number: int, here: int) -> Html:
    words = f"Account {number}" if number else "All accounts"
    where = f"/accounts?{ACCOUNT}={number}" if number else "/accounts"
    return tag("a", words, href=where, aria_current="true" if number == here else None)
