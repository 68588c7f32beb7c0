"""Outages, in a picture and in words, and the last lines of the log; no secret is in them (T4)."""

from __future__ import annotations

from collections.abc import Sequence

from firmware.console.sight import Sight
from firmware.phone.outage import Outage
from firmware.phone.outage_words import after_in_words, cause_in_words, length_in_words
from firmware.web.html import Html, tag
from firmware.web.outage_picture import outage_picture
from firmware.web.status_page import section

OUTAGES_SHOWN = 50

HEADS = ("Began", "Length", "What was lost, and why", "Proxy", "Then")


def outage_section(sight: Sight) -> Html:
    """Return the outages, the newest first."""
    shown = sight.status.outages[:OUTAGES_SHOWN]
    if not shown:
        return section("Outages", outage_picture(sight), tag("p", "no outage is known"))
    head = tag("tr", *(tag("th", text, scope="col") for text in HEADS))
    rows = [_row(outage, sight) for outage in shown]
    table = tag("table", tag("thead", head), tag("tbody", *rows), class_="list")
    return section("Outages", outage_picture(sight), table)


def _row(outage: Outage, sight: Sight) -> Html:
    cells = (
        sight.moment(outage.began),
        length_in_words(outage),
        cause_in_words(outage),
        outage.proxy,
        after_in_words(outage),
    )
    return tag(
        "tr", *(tag("td", text, data_title=head) for head, text in zip(HEADS, cells, strict=True))
    )


def log_section(lines: Sequence[str]) -> Html:
    """Return the last lines of the log, the newest first."""
    text = "\n".join(reversed(lines)) or "nothing was logged"
    save = tag("p", tag("a", "All lines that the phone has, as a file", href="/logs/log.txt"))
    return section(
        "Log",
        save,
        tag("pre", text, class_="log", tabindex="0", role="region", aria_label="Lines of the log"),
    )
