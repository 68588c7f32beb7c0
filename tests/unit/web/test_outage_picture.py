"""The picture of outages claims no service that nobody has seen (S3)."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from firmware.console.sight import Sight
from firmware.link.events import Failure, FailureKind
from firmware.phone.outage import EndedBy, Outage, OutageKind
from firmware.phone.status import Status
from firmware.web.outage_picture import DAYS, outage_picture
from firmware.web.status_page import status_rows
from tests.unit.console.rig import configuration

NOON_S = 20_833 * 86400.0 + 12 * 3600
HOUR_WIDE = 30.0
LEFT = 136.0


@pytest.fixture
def phone(tmp_path: Path) -> Sight:
    """A phone at noon, which was started an hour ago."""
    return Sight(Status(), configuration(tmp_path), began=1000.0, now=4600.0, unix_s=NOON_S)


def drawn(phone: Sight) -> str:
    picture = outage_picture(phone)
    assert picture is not None
    return picture


def outage(hours_ago: float, lasted_h: float) -> Outage:
    return Outage(
        OutageKind.OUTAGE,
        Failure(FailureKind.CLOSED, "the proxy closed the connection"),
        began=NOON_S - hours_ago * 3600,
        ended=NOON_S - (hours_ago - lasted_h) * 3600,
        duration_s=lasted_h * 3600,
        ended_by=EndedBy.SERVICE,
    )


def bars(picture: str, kind: str) -> list[tuple[float, float]]:
    """Return where bars of a kind are, in hours of their day: from, to."""
    found = re.findall(r'<rect x="([0-9.]+)"[^>]* width="([0-9.]+)"[^>]* class="(\w+)"', picture)
    places = [(float(x) - LEFT, float(wide)) for x, wide, name in found if name == kind]
    return [(x / HOUR_WIDE, (x + wide) / HOUR_WIDE) for x, wide in places]


def test_service_is_shown_from_the_start_of_the_phone_on_and_not_before(phone: Sight) -> None:
    assert bars(drawn(phone), "served") == [(11.0, 12.0)]
    assert bars(drawn(phone), "unknown") == [(0.0, 24.0)] * (DAYS - 1) + [(0.0, 12.0)]
    assert "service since the phone started on 2027-01-15 11:00:00" in drawn(phone)


def test_a_phone_that_has_run_for_two_days_has_served_them(phone: Sight) -> None:
    phone = replace(phone, began=phone.now - 40 * 3600)
    assert bars(drawn(phone), "served") == [(20.0, 24.0), (0.0, 24.0), (0.0, 12.0)]


def test_an_outage_before_the_start_is_shown_and_one_over_midnight_on_both_days(
    phone: Sight,
) -> None:
    phone.status.outages = (outage(hours_ago=14, lasted_h=4),)
    assert bars(drawn(phone), "out") == [(22.0, 24.0), (0.0, 2.0)]
    assert "the proxy closed the connection" in drawn(phone)


def test_without_a_clock_there_is_no_picture(phone: Sight) -> None:
    assert outage_picture(replace(phone, unix_s=None)) is None


def test_where_nothing_is_wrong_the_status_says_nothing_of_it(phone: Sight) -> None:
    assert "What is wrong" not in dict(status_rows(phone))
    phone.status.warnings = ("certificate of proxy1 ends in 3 days",)
    assert dict(status_rows(phone))["What is wrong"] == [("Warning", phone.status.warnings[0])]
