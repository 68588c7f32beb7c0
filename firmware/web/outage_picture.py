"""The outages of the last days as a picture: a row for each day, dark where there was no service.

What it shows stands below it in words, for whoever does not see it.
"""

from __future__ import annotations

from collections.abc import Iterable

from firmware.console.sight import Sight
from firmware.phone.outage import Outage, OutageKind
from firmware.phone.outage_words import cause_in_words, length_in_words
from firmware.web.html import Html, tag

DAYS = 7
DAY_S = 86400.0

LEFT, WIDE, ROW, BAR, TOP = 70, 720, 26, 16, 20
"""Of the picture, in its own units: room for a day's name, the day, a row, its bar, the hours."""

NARROWEST = 2.0
"""An outage of a second is seen too."""


def outage_picture(sight: Sight) -> Html | None:
    """Return the picture; None where nobody knows what time it is (I3)."""
    if sight.unix_s is None:
        return None
    now = sight.wall.local(sight.unix_s)
    midnight = sight.unix_s - (now.hour * 3600 + now.minute * 60 + now.second)
    rows = [
        shape
        for row in range(DAYS)
        for shape in _day(sight, row, midnight - (DAYS - 1 - row) * DAY_S, sight.unix_s)
    ]
    hours = [
        tag("text", f"{hour}:00", x=LEFT + WIDE * hour // 24, y=12, class_="hour")
        for hour in range(0, 24, 6)
    ]
    label = f"Service in the last {DAYS} days; the list below says the same in words"
    picture = tag(
        "svg",
        tag("title", label),
        *hours,
        *rows,
        viewBox=f"0 0 {LEFT + WIDE + 2} {TOP + DAYS * ROW}",
        role="img",
        class_="outages",
    )
    return tag("div", picture, class_="wide", tabindex=0, role="group", aria_label="Picture")


def _day(sight: Sight, row: int, begins: float, now: float) -> list[Html]:
    """Return a day: what has passed of it, and what was out."""
    y = TOP + row * ROW
    passed = min(1.0, (now - begins) / DAY_S)
    name = f"{sight.wall.local(begins):%a %d %b}"
    return [
        tag("text", name, x=0, y=y + BAR - 3, class_="day"),
        tag("rect", x=LEFT, y=y, width=f"{WIDE * passed:.1f}", height=BAR, class_="served"),
        *_bars(sight.status.outages, y, begins, now),
    ]


def _bars(outages: Iterable[Outage], y: int, begins: float, now: float) -> list[Html]:
    bars = []
    for outage in outages:
        if outage.kind is not OutageKind.OUTAGE or outage.began is None:
            continue
        ended = now if outage.is_open else outage.began + (outage.duration_s or 0.0)
        start, end = max(outage.began, begins), min(ended, begins + DAY_S)
        if start > end:
            continue
        width = max(NARROWEST, WIDE * (end - start) / DAY_S)
        x = LEFT + WIDE * (start - begins) / DAY_S
        words = f"{length_in_words(outage)}, {cause_in_words(outage)}"
        bars.append(
            tag(
                "rect", tag("title", words), x=f"{x:.1f}", y=y, width=f"{width:.1f}", height=BAR,
                class_="out",
            )
        )  # fmt: skip
    return bars
