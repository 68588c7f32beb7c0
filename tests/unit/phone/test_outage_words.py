"""The outage log in words: when, how long, why, and what came of it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from firmware.link.events import Failure, FailureKind, Role
from firmware.phone.font import width
from firmware.phone.grid import PAGE_LINES, ROOM, row_lines
from firmware.phone.outage import EndedBy, Outage, OutageKind
from firmware.phone.outage_words import (
    after_in_words,
    calls_in_words,
    length_in_words,
    outage_lines,
    when_in_words,
)
from firmware.phone.wall import DateForm, Wall

MONDAY = 1_795_444_320.0
"""Monday 23 November 2026, 14:32 UTC."""

DAY = 86400.0
HOUR = 3600

LOST = Outage(
    OutageKind.OUTAGE,
    Failure(FailureKind.RESET, "connection reset by the proxy"),
    Role.PRIMARY,
    "proxy1:5061",
    began=MONDAY,
    duration_s=12.0,
    back_on=Role.BACKUP,
    ended_by=EndedBy.SERVICE,
)


@pytest.mark.parametrize(
    ("began", "zone_s", "words"),
    [
        (None, 0, "time unknown"),
        (MONDAY - 60, 0, "today 14:31"),
        (MONDAY - 60, HOUR, "today 15:31"),
        (MONDAY - 14.6 * HOUR, 0, "yesterday 23:56"),
        (MONDAY - 14.6 * HOUR, HOUR, "today 00:56"),
        (MONDAY - 14.6 * HOUR, -5 * HOUR, "yesterday 18:56"),
        (MONDAY - 2 * DAY, 0, "Sat 14:32"),
        (MONDAY - 6 * DAY, 0, "Tue 14:32"),
        (MONDAY - 7 * DAY, 0, "16 Nov 14:32"),
        (MONDAY - 400 * DAY, 0, "19 Oct 2025 14:32"),
        (MONDAY + 2 * DAY, 0, "25 Nov 14:32"),
        (0.0, 0, "1 Jan 1970 00:00"),
        (1e11, 0, "16 Nov 5138 09:46"),
    ],
)
def test_a_moment_in_words(began: float | None, zone_s: int, words: str) -> None:
    assert when_in_words(began, MONDAY, Wall(zone_s)) == words


@pytest.mark.parametrize(
    ("form", "is_24", "words"),
    [
        (DateForm.DAY_MONTH, False, ("Mon 16 Nov", "16 Nov 2:32 pm", "19 Oct 2025 2:32 pm")),
        (DateForm.MONTH_DAY, True, ("Mon Nov 16", "Nov 16 14:32", "Oct 19 2025 14:32")),
        (DateForm.DOTS, True, ("Mon 16.11.", "16.11. 14:32", "19.10.2025 14:32")),
        (DateForm.SLASHES, True, ("Mon 16/11", "16/11 14:32", "19/10/2025 14:32")),
        (DateForm.MONTH_FIRST, False, ("Mon 11/16", "11/16 2:32 pm", "10/19/2025 2:32 pm")),
        (DateForm.ISO, True, ("2026-11-16", "2026-11-16 14:32", "2025-10-19 14:32")),
    ],
)
def test_moments_in_the_form_that_a_person_wants(
    form: DateForm, is_24: bool, words: tuple[str, str, str]
) -> None:
    wall = Wall(0, is_24=is_24, form=form)
    said = (when_in_words(MONDAY - days * DAY, MONDAY, wall) for days in (7, 400))
    assert (wall.date(wall.local(MONDAY - 7 * DAY)), *said) == words


def test_midnight_and_noon_by_twelve_hours() -> None:
    wall = Wall(is_24=False)
    clocks = [wall.clock(wall.local(hour * HOUR)) for hour in (0, 1, 12, 23)]
    assert clocks == ["12:00 am", "1:00 am", "12:00 pm", "11:00 pm"]


def test_a_moment_of_an_earlier_run_while_the_clock_is_not_set() -> None:
    assert when_in_words(MONDAY, None, Wall()) == "23 Nov 14:32"


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0.0, "0.0 s"),
        (0.34, "0.3 s"),
        (9.94, "9.9 s"),
        (9.96, "10 s"),
        (59.4, "59 s"),
        (59.6, "1 min"),
        (119.0, "1 min"),
        (3599.0, "59 min"),
        (3600.0, "1 h"),
        (7500.0, "2 h 5 min"),
        (2 * DAY - 1, "47 h 59 min"),
        (3 * DAY, "3 days"),
        (1e11, "1157407 days"),
    ],
)
def test_a_length_in_words(seconds: float, words: str) -> None:
    assert length_in_words(replace(LOST, duration_s=seconds)) == words


def test_an_outage_without_a_length_goes_on_or_nobody_knows() -> None:
    unknown = replace(LOST, duration_s=None)
    assert length_in_words(replace(unknown, ended_by=None)) == "goes on"
    assert length_in_words(replace(unknown, ended_by=EndedBy.RESTART)) == "how long?"


@pytest.mark.parametrize(
    ("calls", "lost", "words"),
    [
        (0, 0, ""),
        (1, 0, "1 call kept"),
        (2, 0, "2 calls kept"),
        (1, 1, "1 call lost"),
        (2, 2, "2 calls lost"),
        (3, 1, "1/3 calls lost"),
    ],
)
def test_calls_in_words(calls: int, lost: int, words: str) -> None:
    assert calls_in_words(calls, lost) == words


def test_what_came_of_it() -> None:
    assert after_in_words(LOST) == "on backup"
    assert after_in_words(replace(LOST, calls=1)) == "on backup, 1 call kept"
    assert after_in_words(replace(LOST, back_on=None, ended_by=None, calls=1)) == "1 call kept"
    assert after_in_words(replace(LOST, ended_by=EndedBy.RESTART)) == "ended by a restart"
    home = replace(LOST, kind=OutageKind.HOME, back_on=Role.PRIMARY)
    assert after_in_words(home) == ""
    assert after_in_words(replace(home, calls=1)) == "1 call kept"


@pytest.mark.parametrize("calls", [0, 8])
@pytest.mark.parametrize("cause", ["", "x" * 160, "a certificate of a proxy " * 6])
@pytest.mark.parametrize("began", [None, MONDAY, MONDAY - 400 * DAY])
def test_every_entry_fits_a_page(cause: str, calls: int, began: float | None) -> None:
    entry = replace(LOST, failure=Failure(FailureKind.TLS, cause), calls=calls, began=began)
    for lost in range(calls + 1):
        (when, length), *rest = outage_lines(replace(entry, calls_lost=lost), MONDAY, Wall())
        assert width(when) + width(length) < ROOM
        laid = [line for fact in rest for line in row_lines(*fact)]
        assert laid == rest
        assert len(laid) <= PAGE_LINES - 1
        said = "".join(text for _, text in rest).replace(" ", "")
        assert cause.replace(" ", "") in said, "its end moves, and is not lost"
        assert not calls or rest[-1][1].endswith(("kept", "lost")), "the calls are not cut off"
