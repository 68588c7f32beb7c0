"""The outages of the last days as a picture: a row for each day, dark where there was no service.

Service is shown from the phone's start on: before that only the outages are known, and not whether
the phone was running. What the picture shows stands below it in words, for whoever does not see it.
"""

from __future__ import annotations

from collections.abc import Iterable

from firmware.console.sight import Sight
from firmware.phone.outage import Outage, OutageKind
from firmware.phone.outage_words import cause_in_words, length_in_words
from firmware.web.html import Html, join, tag

DAYS = 7
DAY_S = 86400.0

LEFT, WIDE, ROW, BAR, TOP = 136, 720, 26, 16, 24
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
    since = sight.moment(_began(sight, sight.unix_s))
    hours = [
        tag("text", f"{hour}:00", x=LEFT + WIDE * hour // 24, y=17, class_="hour")
        for hour in range(0, 24, 6)
    ]
    label = f"Outages of the last {DAYS} days, and service since the start of the phone on {since}"
    picture = tag(
        "svg",
        tag("title", label),
        *hours,
        *rows,
        viewBox=f"0 0 {LEFT + WIDE + 2} {TOP + DAYS * ROW}",
        role="img",
        class_="outages",
    )
    words = f"Dark: no service. Light: service since the phone started on {since}."
    return join(picture, tag("p", words, class_="soft"))


def _began(sight: Sight, unix_s: float) -> float:
    return unix_s - (sight.now - sight.began)


def _day(sight: Sight, row: int, begins: float, now: float) -> list[Html]:
    """Return a day: what has passed of it, and what was out."""
    y = TOP + row * ROW
    name = f"{sight.wall.local(begins):%a %d %b}"
    return [
        tag("text", name, x=LEFT - 8, y=y + BAR - 2, class_="day"),
        _bar(y, 0.0, min(now - begins, DAY_S), "unknown"),
        *_served(sight, y, begins, now),
        *_bars(sight.status.outages, y, begins, now),
    ]


def _served(sight: Sight, y: int, begins: float, now: float) -> list[Html]:
    start, end = max(_began(sight, now) - begins, 0.0), min(now - begins, DAY_S)
    return [_bar(y, start, end, "served")] if start < end else []


def _bar(y: int, start_s: float, end_s: float, kind: str, *content: Html) -> Html:
    """Return a piece of a day."""
    width = max(NARROWEST, WIDE * (end_s - start_s) / DAY_S)
    x = LEFT + WIDE * start_s / DAY_S
    return tag("rect", *content, x=f"{x:.1f}", y=y, width=f"{width:.1f}", height=BAR, class_=kind)


def _bars(outages: Iterable[Outage], y: int, begins: float, now: float) -> list[Html]:
    bars = []
    for outage in outages:
        if outage.kind is not OutageKind.OUTAGE or outage.began is None:
            continue
        ended = now if outage.is_open else outage.began + (outage.duration_s or 0.0)
        start, end = max(outage.began - begins, 0.0), min(ended - begins, DAY_S)
        if start <= end:
            words = f"{length_in_words(outage)}, {cause_in_words(outage)}"
            bars.append(_bar(y, start, end, "out", tag("title", words)))
    return bars
