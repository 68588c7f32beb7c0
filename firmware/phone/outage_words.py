"""The outage log in words that a person understands, two to four lines an entry (S3)."""

from __future__ import annotations

from firmware.phone.font import broken
from firmware.phone.grid import INDENT, PAGE_LINES, ROOM, Fact
from firmware.phone.language import ENGLISH, Language
from firmware.phone.outage import EndedBy, Outage, OutageKind
from firmware.phone.wall import Wall

SHOWN_MAX = 10
"""Entries on the pages; more is for somebody who has a larger screen."""

TEXT_ROOM = ROOM - INDENT
"""Columns of a line below the first."""

WEEK_DAYS = 7


def outage_lines(
    outage: Outage, unix_s: float | None, wall: Wall, language: Language = ENGLISH
) -> tuple[Fact, ...]:
    """Say an entry on one page: when and how long, then why, then what came of it.

    A sentence that has no room for its end moves.
    """
    say = language.say
    head = (say(when_in_words(outage.began, unix_s, wall)), say(length_in_words(outage)))
    after = broken(say(after_in_words(outage)), TEXT_ROOM, 1)
    cause = broken(say(cause_in_words(outage)), TEXT_ROOM, PAGE_LINES - 1 - len(after))
    return (head, *(("", line) for line in (*cause, *after)))


def when_in_words(began: float | None, unix_s: float | None, wall: Wall) -> str:
    """Say a moment: "today 14:03", "yesterday 14:03", "Mon 14:03", "12 Nov 14:03"."""
    if began is None:
        return "time unknown"
    then = wall.local(began)
    clock = wall.clock(then)
    if unix_s is None:
        return f"{wall.day(then)} {clock}"
    today = wall.local(unix_s).date()
    days = (today - then.date()).days
    if days in {0, 1}:
        return f"{'yesterday' if days else 'today'} {clock}"
    if 0 < days < WEEK_DAYS:
        return f"{then:%a} {clock}"
    return f"{wall.day(then, with_year=then.year != today.year)} {clock}"


def length_in_words(outage: Outage) -> str:
    """Say how long it was: "0.3 s", "12 s", "5 min", "2 h 5 min", "3 days"."""
    seconds = outage.duration_s
    if seconds is None:
        return "goes on" if outage.is_open else "how long?"
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    if seconds < 59.5:
        return f"{seconds:.0f} s"
    minutes = int(seconds // 60 or 1)
    if minutes < 60:
        return f"{minutes} min"
    hours, rest = divmod(minutes, 60)
    if hours < 48:
        return f"{hours} h {rest} min" if rest else f"{hours} h"
    return f"{hours // 24} days"


def cause_in_words(outage: Outage) -> str:
    """Say what was lost, and why."""
    if outage.kind is OutageKind.HOME:
        return "moved home"
    lost = outage.role.value if outage.role else "since the start"
    return f"{lost}: {outage.failure.text}"


def after_in_words(outage: Outage) -> str:
    """Say where service came back, and what became of the calls: "on backup, 1 call kept"."""
    if outage.ended_by is EndedBy.RESTART:
        return "ended by a restart"
    back_on = outage.back_on if outage.kind is OutageKind.OUTAGE else None
    calls = calls_in_words(outage.calls, outage.calls_lost)
    return ", ".join(filter(None, (f"on {back_on.value}" if back_on else "", calls)))


def calls_in_words(calls: int, lost: int) -> str:
    """Say how many calls were kept or lost: "1 call kept", "1/2 calls lost"."""
    if not calls:
        return ""
    noun = "call" if calls == 1 else "calls"
    if not lost:
        return f"{calls} {noun} kept"
    return f"{lost}/{calls} {noun} lost" if lost < calls else f"{calls} {noun} lost"
