"""The wall clock is told, and told again when it steps; one that was never set is said to be so."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator

import pytest

from firmware.link.events import NetworkChanged
from firmware.link.identity import CLOCK_FLOOR
from firmware.phone.events import TimeIs
from firmware.runtime import clock
from firmware.runtime.clock import ClockWatch
from tests.unit.runtime.wire import run, until

FLOOR = CLOCK_FLOOR.timestamp()


class Scene:
    """A wall clock that can be set, and what was said of it."""

    def __init__(self, wall: float) -> None:
        self._offset = wall - time.monotonic()
        self.heard: list[object] = []
        self.is_kept = False
        self.watch = ClockWatch(
            self.heard.append, lambda: time.monotonic() + self._offset, lambda: self.is_kept
        )

    def step(self, seconds: float) -> None:
        self._offset += seconds

    @property
    def told(self) -> list[float | None]:
        return [event.unix_s for event in self.heard if isinstance(event, TimeIs)]


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(clock, "LOOK_S", 0.01)
    monkeypatch.setattr(clock, "UNSET_LOOK_S", 0.01)
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


def test_a_time_zone_is_told_at_once_with_its_summer_time() -> None:
    async def scene() -> None:
        at = Scene(1_795_444_320.0)  # In November.
        at.watch.set_zone("Europe/Berlin")
        assert at.heard == [], "before the start nobody listens"
        at.watch.start()
        at.watch.set_zone("Asia/Kolkata")
        at.watch.set_zone("")
        at.step(-180 * 86400.0)
        at.watch.set_zone("Europe/Berlin")
        at.watch.stop()
        offsets = [event.offset_s for event in at.heard if isinstance(event, TimeIs)]
        assert offsets == [3600, 19800, 0, 7200]

    run(scene())


def test_the_time_is_told_at_the_start_and_not_again_while_it_only_passes() -> None:
    async def scene() -> None:
        at = Scene(FLOOR + 1000)
        at.watch.start()
        await asyncio.sleep(0.05)
        at.step(1.0)  # Drift that time synchronisation smooths away.
        await asyncio.sleep(0.05)
        at.watch.stop()
        assert len(at.heard) == 1
        assert at.told[0] == pytest.approx(FLOOR + 1000, abs=5)

    run(scene())


@pytest.mark.parametrize("seconds", [-3600.0, -3.0, 3.0, 1e9])
def test_a_step_is_told_and_lets_the_link_try_again(seconds: float) -> None:
    async def scene() -> None:
        at = Scene(FLOOR + 1e6)
        at.watch.start()
        at.step(seconds)
        await until(lambda: len(at.heard) >= 3)
        await asyncio.sleep(0.05)
        at.watch.stop()
        assert [type(event) for event in at.heard] == [TimeIs, TimeIs, NetworkChanged]
        assert at.told[1] == pytest.approx(FLOOR + 1e6 + seconds, abs=5)

    run(scene())


def test_a_clock_that_was_never_set_is_told_as_none_until_time_arrives() -> None:
    async def scene() -> None:
        at = Scene(1000.0)
        at.watch.start()
        await asyncio.sleep(0.05)
        assert at.told == [None]
        at.step(FLOOR)
        await until(lambda: len(at.heard) == 3)
        at.watch.stop()
        assert at.told == [None, pytest.approx(FLOOR + 1000, abs=5)]
        assert at.heard[2] == NetworkChanged()

    run(scene())


def test_summer_time_is_told_without_a_word_to_the_link(monkeypatch: pytest.MonkeyPatch) -> None:
    async def scene() -> None:
        at = Scene(FLOOR + 1000)
        at.watch.start()
        monkeypatch.setenv("TZ", "XST-2")
        time.tzset()
        await until(lambda: len(at.heard) == 2)
        at.watch.stop()
        zones = [event.offset_s for event in at.heard if isinstance(event, TimeIs)]
        assert zones == [0, 7200]

    run(scene())


def test_it_stops() -> None:
    async def scene() -> None:
        at = Scene(FLOOR + 1000)
        at.watch.stop()
        at.watch.start()
        at.watch.stop()
        at.step(1e6)
        await asyncio.sleep(0.05)
        assert len(at.heard) == 1

    run(scene())


def test_it_is_told_when_somebody_keeps_it_and_when_nobody_does(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level("INFO", logger="handset.clock")

    async def scene() -> None:
        at = Scene(FLOOR + 1.0)
        at.watch.start()
        at.is_kept = True
        await until(lambda: len(at.heard) == 2)
        at.is_kept = False
        await until(lambda: len(at.heard) == 3)
        at.watch.stop()
        kept = [event.is_synchronised for event in at.heard if isinstance(event, TimeIs)]
        assert kept == [False, True, False]

    run(scene())
    assert caplog.messages == ["the clock is synchronised", "the clock is not kept"]


def test_a_clock_that_was_never_set_is_kept_by_nobody() -> None:
    async def scene() -> None:
        at = Scene(FLOOR - 86400.0)
        at.is_kept = True
        assert at.watch.time() == TimeIs(None, 0, is_synchronised=False)
        at.step(2 * 86400.0)
        assert at.watch.time().is_synchronised

    run(scene())
