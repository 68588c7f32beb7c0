"""What comes from servers: where configuration and firmware stand, and buttons for both."""

from __future__ import annotations

from firmware.console.fetching import fetched_rows
from firmware.console.updates import update_rows
from firmware.provision.events import ProvisionStatus
from firmware.provision.update_events import NOT_THIS_WAY, UpdateStatus
from firmware.web.gate import Session
from firmware.web.html import Html, tag
from firmware.web.layout import button, form
from firmware.web.status_page import facts, section

FETCH, UPDATE, UPLOAD = "/updates/fetch", "/updates/firmware", "/updates/file"

URI = "uri"
"""The field of a place where firmware is."""

BUNDLE = "bundle"
"""The field of a file of firmware."""


def fetch_section(status: ProvisionStatus | None, session: Session) -> Html:
    """Return it; a phone that has only begun knows nothing of it yet."""
    if status is None or not status.server:
        return section("Configuration files", tag("p", "No server of files is known."))
    rows = [(label or "Then", text) for label, text in fetched_rows(status)]
    return section(
        "Configuration files", facts(rows), form(FETCH, session, button("Fetch them now"))
    )


def firmware_section(status: UpdateStatus, session: Session) -> Html:
    """Return where firmware stands, and the form that asks for another one."""
    rows = facts([(label, text) for label, text in update_rows(status) if text])
    if status.state == NOT_THIS_WAY:
        return section("Firmware of this phone", rows)
    what = (
        "It is installed beside what runs, when nobody uses the phone, which then restarts. If the"
        " phone does not register with it, it goes back by itself."
    )
    field = tag(
        "p",
        tag("label", "From (empty: from where the parameters below say)", for_="update-uri"),
        tag("input", id="update-uri", name=URI, type="url", autocomplete="off"),
        class_="field",
    )
    return section(
        "Firmware of this phone",
        rows,
        tag("p", what),
        form(UPDATE, session, field, button("Update now")),
        form(UPLOAD, session, _file(), button("Send and install"), sends_files=True),
    )


def _file() -> Html:
    return tag(
        "p",
        tag("label", "Or a file of this computer (a signed bundle, .raucb)", for_="update-file"),
        tag("input", id="update-file", name=BUNDLE, type="file", accept=".raucb", required=True),
        class_="field",
    )
