"""The directory: who is in it, and the ways in and out."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import quote

from firmware.phone.directory import Merged
from firmware.phone.imported import Imported
from firmware.phone.kept import Contact
from firmware.web.contact_form import CONTACT
from firmware.web.gate import Notice, Session
from firmware.web.html import Content, Html, tag
from firmware.web.layout import button, form
from firmware.web.status_page import section

FILE = "file"
"""The field of a file of contacts."""

SHOWN_MAX = 200
"""On one page; the rest is found by the search."""


def directory_content(
    contacts: Sequence[Contact], wanted: str, session: Session
) -> tuple[Content, ...]:
    """Return the page's content; `wanted` is what was searched for."""
    folded = wanted.casefold()
    found = [one for one in contacts if folded in one.name.casefold() or _has(one, folded)]
    return (_list(found, len(contacts), wanted), _files(session, len(contacts)))


def _has(contact: Contact, text: str) -> bool:
    return any(text in number.number for number in contact.numbers)


def _list(found: Sequence[Contact], count: int, wanted: str) -> Html:
    search = tag(
        "form",
        tag("label", "Name or number", for_="q"),
        tag("input", type="search", id="q", name="q", value=wanted, autocomplete="off"),
        tag("button", "Search", type="submit", class_="quiet"),
        action="/directory",
        class_="search",
        role="search",
    )
    words = f"{len(found)} of {count} contacts"
    if len(found) > SHOWN_MAX:
        words += f", the first {SHOWN_MAX} are shown"
    heads = ("Name", "Numbers")
    head = tag("tr", *(tag("th", text, scope="col") for text in heads))
    rows = [_row(contact) for contact in found[:SHOWN_MAX]]
    table = tag("table", tag("thead", head), tag("tbody", *rows), class_="list") if rows else None
    new = tag("p", tag("a", "New contact", href=CONTACT))
    return section("Contacts", search, tag("p", words, class_="soft"), new, table)


def _row(contact: Contact) -> Html:
    numbers = ", ".join(f"{number.number} ({number.kind.value})" for number in contact.numbers)
    name = tag("a", contact.name, href=f"{CONTACT}?name={quote(contact.name)}")
    cells = tag("td", name, data_title="Name"), tag("td", numbers, data_title="Numbers")
    return tag("tr", *cells)


def _files(session: Session, count: int) -> Html:
    send = form(
        "/directory/import",
        session,
        tag("label", "A file of contacts (.csv or .vcf)", for_="contacts"),
        tag(
            "input", type="file", name=FILE, id="contacts", required=True, accept=".csv,.vcf",
        ),
        button("Import"),
        sends_files=True,
    )  # fmt: skip
    how = "Contacts that are there already get the numbers that are new; nobody is removed."
    ways = [
        tag("li", tag("a", "Export as vCards", href="/directory/contacts.vcf")),
        tag("li", tag("a", "Export as CSV", href="/directory/contacts.csv")),
    ]
    out = tag("ul", *ways, class_="plain") if count else None
    return section("Import and export", tag("p", how), send, out)


def imported_notice(found: Imported, merged: Merged) -> Notice:
    """Say what became of a file."""
    problems = (*found.problems, *merged.problems)
    counts = f"{merged.added} added, {merged.changed} changed, {merged.known} known already"
    return Notice("\n".join((counts, *problems)), is_bad=bool(problems))
