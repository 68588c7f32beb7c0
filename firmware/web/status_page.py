"""The first page: how the phone is, in the words of console and screen."""

from __future__ import annotations

from firmware.console.reports import (
    account_line,
    call_line,
    link_facts,
    outage_line,
    phone_rows,
    wrong_rows,
)
from firmware.console.sight import Rows, Sight
from firmware.web.html import Content, Html, join, tag

RENEWED = "/renewed"
"""The same page for a browser that looks again by itself: that keeps nobody logged in."""

REFRESH = f"15; url={RENEWED}"
"""Without scripts the page is loaded anew so often, in seconds."""

LIVE = "live"
"""The id of what a script renews."""


def status_content(sight: Sight) -> Html:
    """Return the page's content."""
    sections = [section(title, facts(rows)) for title, rows in status_rows(sight)]
    return tag("div", *sections, id=LIVE)


def status_rows(sight: Sight) -> list[tuple[str, Rows]]:
    """Return what there is to say, by its headings; where nothing is wrong, nothing of that."""
    status = sight.status
    accounts = [("", account_line(one, sight.now)) for _, one in sorted(status.accounts.items())]
    calls = [("", call_line(call)) for _, call in sorted(status.calls.items())]
    outages = [("", outage_line(status.outages[0], sight))] if status.outages else []
    wrong = wrong_rows(sight)
    return [
        *([("What is wrong", wrong)] if wrong else []),
        ("Phone", phone_rows(sight)),
        ("Link", link_facts(sight)),
        ("Accounts", accounts or [("", "no account is configured")]),
        ("Calls", calls or [("", "no calls")]),
        ("Last outage", outages or [("", "none")]),
    ]


def section(title: str, *content: Content) -> Html:
    """Return a part of a page with its heading."""
    name = title.lower().replace(" ", "-")
    return tag("section", tag("h2", title, id=name), *content, aria_labelledby=name)


def facts(rows: Rows) -> Html:
    """Return labels and values; without any label, a list."""
    if not any(label for label, _ in rows):
        return tag("ul", *(tag("li", text) for _, text in rows), class_="plain")
    pairs = (join(tag("dt", label), tag("dd", text)) for label, text in rows if text)
    return tag("dl", *pairs, class_="facts")
