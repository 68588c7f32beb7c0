"""Where configuration files stand: what the last round brought, and a button for the next one."""

from __future__ import annotations

from firmware.console.fetching import fetched_rows
from firmware.provision.events import ProvisionStatus
from firmware.web.gate import Session
from firmware.web.html import Html, tag
from firmware.web.layout import button, form
from firmware.web.status_page import facts, section

FETCH = "/updates/fetch"


def fetch_section(status: ProvisionStatus | None, session: Session) -> Html:
    """Return it; a phone that has only begun knows nothing of it yet."""
    if status is None or not status.server:
        return section("Configuration files", tag("p", "No server of files is known."))
    rows = [(label or "Then", text) for label, text in fetched_rows(status)]
    return section(
        "Configuration files", facts(rows), form(FETCH, session, button("Fetch them now"))
    )
