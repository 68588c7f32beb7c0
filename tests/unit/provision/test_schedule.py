"""Appointments at a time of day: each is met once, whatever becomes of the wall clock."""

from __future__ import annotations

from random import Random

import pytest

from firmware.provision.schedule import DAY_S, Appointments
from firmware.provision.server import Resync

HOUR_S = 3600.0
MINUTE_S = 60.0
MIDNIGHT = 1_788_825_600.0
NIGHTLY = Resync(3 * 60, 0.0, 0)


class Rig:
    """Appointments, a monotonic clock and a wall clock that can be set."""

    def __init__(self, resync: Resync = NIGHTLY, hour: float = 12.0) -> None:
        self.now, self.wall = 5e6, MIDNIGHT + hour * HOUR_S
        self.appointments = Appointments(Random(7))
        self.appointments.follow(resync, self.now)
        self.steps(0.0)

    def passes(self, seconds: float) -> list[float]:
        """Let time pass; return the hours of the day at which appointments were met."""
        met, until = list[float](), self.now + seconds
        while (due_at := self.appointments.due_at) is not None and due_at <= until:
            assert due_at >= self.now
            self._go_to(due_at)
            met.append(self.hour)
            assert len(met) < 50
            self.appointments.meet(self.now)
        self._go_to(until)
        return met

    def _go_to(self, moment: float) -> None:
        self.wall += moment - self.now
        self.now = moment

    @property
    def hour(self) -> float:
        return round((self.wall - MIDNIGHT) % DAY_S / HOUR_S, 4)

    def until(self, hour: float) -> list[float]:
        """Let time pass until the wall clock shows this hour."""
        return self.passes((hour - self.hour) % 24 * HOUR_S)

    def steps(self, seconds: float, zone_s: float = 0.0) -> None:
        """Set the wall clock by so much."""
        self.wall += seconds
        self.appointments.set_clock(self.wall, zone_s, self.now)


def test_it_is_met_each_day_at_its_time() -> None:
    assert Rig().passes(3 * DAY_S) == [3.0, 3.0, 3.0]


@pytest.mark.parametrize("step_s", [-5.0, -8 * HOUR_S, -DAY_S, -400 * DAY_S, HOUR_S, 14 * HOUR_S])
def test_a_clock_that_is_set_at_noon_has_it_at_its_time_of_the_new_clock(step_s: float) -> None:
    rig = Rig()
    rig.passes(3 * DAY_S)
    rig.steps(step_s)
    assert rig.passes(2 * DAY_S) == [3.0, 3.0]


def test_a_clock_that_is_put_forward_over_it_has_it_at_once() -> None:
    rig = Rig()
    rig.until(2.9)
    rig.steps(20 * MINUTE_S)
    assert rig.passes(HOUR_S) == [3.2333]
    assert rig.passes(DAY_S) == [3.0], "and the next night as ever"


@pytest.mark.parametrize("back_s", [2 * MINUTE_S, HOUR_S, 11 * HOUR_S])
def test_a_clock_that_is_put_back_over_it_has_it_once(back_s: float) -> None:
    rig = Rig()
    assert rig.until(3.01) == [3.0]
    rig.steps(-back_s)
    assert rig.passes(back_s + HOUR_S) == []
    assert rig.until(4.0) == [3.0], "the next night"


@pytest.mark.parametrize("days", [1, 400])
def test_a_clock_that_is_put_forward_by_days_makes_up_for_one_night(days: int) -> None:
    rig = Rig()
    rig.passes(DAY_S)
    rig.steps(days * DAY_S)
    assert rig.passes(HOUR_S) == [12.0]
    assert rig.passes(DAY_S) == [3.0]


def test_a_clock_that_is_put_back_by_a_day_has_it_the_next_night() -> None:
    rig = Rig()
    assert rig.until(3.01) == [3.0]
    rig.steps(-DAY_S)
    assert rig.passes(DAY_S) == [3.0]


def test_summer_time_that_begins_or_ends_over_it_has_it_once() -> None:
    spring = Rig(Resync(2 * 60 + 30, 0.0, 0))
    assert spring.until(1.99) == []
    spring.steps(0.0, HOUR_S)
    assert spring.passes(HOUR_S) == [1.99], "2:30 is left out: at 2:59 here"
    autumn = Rig(Resync(2 * 60 + 30, 0.0, 0))
    autumn.steps(0.0, HOUR_S)
    assert autumn.until(1.99) == [1.5]
    autumn.steps(0.0)
    assert autumn.passes(HOUR_S) == [], "it was half past two before"


def test_a_clock_that_is_set_while_a_phone_waits_its_turn_does_not_lose_it() -> None:
    """Its delay is its own, not so that all phones come at once."""
    undisturbed, rig = Rig(Resync(3 * 60, 900.0, 0)), Rig(Resync(3 * 60, 900.0, 0))
    (hour,) = undisturbed.until(3.3)
    assert rig.until(hour - 0.001) == []
    rig.steps(0.0)
    assert rig.until(3.3) == [pytest.approx(hour, abs=0.001)]
    forward = Rig(Resync(3 * 60, 900.0, 0))
    forward.until(2.9)
    forward.steps(HOUR_S)
    (late,) = forward.passes(HOUR_S)
    assert 3.9 < late <= 4.15
    assert late == pytest.approx(3.9 + hour - 3.0, abs=0.001)


def test_a_delay_of_nearly_a_day_takes_no_night_out() -> None:
    rig = Rig(Resync(3 * 60, 86_000.0, 0))
    assert len(rig.passes(10 * DAY_S)) in {9, 10}


def test_nights_without_a_clock_are_made_up_for_once() -> None:
    rig = Rig()
    rig.appointments.set_clock(None, 0.0, rig.now)
    assert rig.appointments.unix_s(rig.now) is None
    assert rig.passes(5 * DAY_S) == []
    rig.steps(0.0)
    assert rig.passes(HOUR_S) == [12.0]
    assert rig.passes(DAY_S) == [3.0]


def test_a_clock_that_is_set_for_the_first_time_makes_nothing_up() -> None:
    rig = Rig(hour=1.0)
    rig.appointments = Appointments(Random(7))
    rig.appointments.follow(NIGHTLY, rig.now)
    assert rig.passes(6 * HOUR_S) == []
    rig.steps(0.0)
    assert rig.passes(HOUR_S) == []


def test_another_time_counts_from_now_and_the_same_one_changes_nothing() -> None:
    rig = Rig()
    assert rig.until(3.01) == [3.0]
    rig.appointments.follow(NIGHTLY, rig.now)
    rig.steps(-HOUR_S)
    assert rig.passes(2 * HOUR_S) == []
    rig.appointments.follow(Resync(2 * 60, 0.0, 0), rig.now)
    assert rig.passes(HOUR_S) == [], "two o'clock has passed today"
    assert rig.passes(DAY_S) == [2.0]
    assert rig.until(23.0) == []
    rig.appointments.follow(Resync(20 * 60, 0.0, 0), rig.now)
    assert rig.passes(HOUR_S) == [], "eight in the evening too"


def test_days_between_are_counted_from_what_was_done_last() -> None:
    rig = Rig(Resync(3 * 60, 0.0, 7))
    assert rig.passes(6 * DAY_S) == []
    rig.appointments.count_from(rig.now)
    assert rig.passes(6 * DAY_S) == []
    assert rig.passes(8 * DAY_S) == [3.0, 3.0]
