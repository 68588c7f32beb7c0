"""The certificate files (L2): what each holds now, and a place to put another one."""

from __future__ import annotations

from collections.abc import Iterable

from config.certificate_list import Entry
from config.checks import CERTIFICATE, CHAIN, KEY, REVOKED, TRUSTED
from config.configuration import Configuration
from firmware.web.gate import Session
from firmware.web.html import Html, tag
from firmware.web.layout import button, form
from firmware.web.parameter_page import slug
from firmware.web.status_page import facts, section

FILE, WHICH = "file", "parameter"
"""The fields of its form."""

ACTION = "/link/certificate"

TITLES = {
    TRUSTED: "Trusted certificates",
    CHAIN: "Root and intermediate certificates",
    CERTIFICATE: "Local certificate",
    KEY: "Private key",
    REVOKED: "Certificate revocation list",
}


LABELS = {"sha256": "SHA-256"}

SHOWN_MAX = 3
"""Certificates of one file; a bundle of authorities has a hundred."""


def certificate_section(held: Configuration, entries: Iterable[Entry], session: Session) -> Html:
    """Return the files with what is known of them."""
    by_parameter: dict[str, list[Entry]] = {}
    for entry in entries:
        by_parameter.setdefault(entry.parameter, []).append(entry)
    files = [_file(held, name, by_parameter.get(name, []), session) for name in TITLES]
    how = "PEM files. What is sent is looked at first; a file that is wrong changes nothing."
    return section("Send a certificate file", tag("p", how), *files)


def _file(held: Configuration, name: str, entries: Iterable[Entry], session: Session) -> Html:
    there = [_entry(entry) for entry in entries] or [tag("p", "none", class_="soft")]
    if len(there) > SHOWN_MAX:
        more = tag("summary", f"{len(there) - SHOWN_MAX} more")
        there = [*there[:SHOWN_MAX], tag("details", more, *there[SHOWN_MAX:])]
    title = tag("h3", TITLES[name])
    if not held.may_change(name):
        locked = tag("p", f"Set by the files ({held.ruling(name).origin}).", class_="soft")
        return tag("div", title, *there, locked, class_="file")
    box = slug(f"file {name}")
    send = form(
        ACTION,
        session,
        tag("input", type="hidden", name=WHICH, value=name),
        tag("label", f"Another file for {TITLES[name].lower()}", for_=box),
        tag("input", type="file", name=FILE, id=box, required=True, accept=".pem,.crt,.cer,.key"),
        button("Send"),
        sends_files=True,
    )
    return tag("div", title, *there, send, class_="file")


def _entry(entry: Entry) -> Html:
    rows = [("File", entry.file), *entry.facts, ("Warning", entry.warning), ("Wrong", entry.wrong)]
    return facts([(LABELS.get(label, label.capitalize()), text) for label, text in rows])
