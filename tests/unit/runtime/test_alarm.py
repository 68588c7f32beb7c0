"""The one timer that joins a machine to the loop's clock."""

from __future__ import annotations

import asyncio

import pytest

from firmware.runtime.alarm import Alarm

WHEN_S, LONGER_S = 0.02, 0.1


def test_it_rings_once_at_the_moment_that_was_set_last() -> None:
    async def scene() -> None:
        rung: list[float] = []
        alarm = Alarm(lambda: rung.append(alarm.now))
        due = alarm.now + WHEN_S
        alarm.set(alarm.now + WHEN_S / 2)
        alarm.set(due)
        await asyncio.sleep(LONGER_S)
        (at,) = rung
        assert at >= due

    asyncio.run(scene())


@pytest.mark.parametrize("silence", [Alarm.stop, lambda alarm: alarm.set(None)])
def test_it_rings_no_more_when_it_is_stopped(silence: object) -> None:
    async def scene() -> None:
        rung: list[float] = []
        alarm = Alarm(lambda: rung.append(alarm.now))
        alarm.set(alarm.now + WHEN_S)
        assert callable(silence)
        silence(alarm)
        await asyncio.sleep(LONGER_S)
        assert rung == []

    asyncio.run(scene())


def test_a_timer_that_fires_a_hair_early_is_at_its_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    async def scene() -> None:
        loop = asyncio.get_running_loop()
        rung: list[float] = []
        alarm = Alarm(lambda: rung.append(alarm.now))
        due = alarm.now + 60.0
        monkeypatch.setattr(loop, "call_at", lambda _, ring, *values: loop.call_soon(ring, *values))
        alarm.set(due)
        await asyncio.sleep(0)
        assert rung == [due]
        assert alarm.now == due, "it never goes back"

    asyncio.run(scene())
