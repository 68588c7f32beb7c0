"""Work that goes on by itself is held until it is done, or given up by all who began it."""

from __future__ import annotations

import asyncio
import gc

import pytest

from firmware.runtime.tasks import Tasks


def test_what_was_begun_is_held_and_waited_for() -> None:
    done = list[str]()

    async def work(gate: asyncio.Event, name: str) -> str:
        await gate.wait()
        done.append(name)
        return name

    async def scene() -> str:
        tasks, gate = Tasks(), asyncio.Event()
        first = tasks.begin(work(gate, "first"))
        tasks.begin(work(gate, "second"))
        await asyncio.sleep(0)
        gc.collect()
        gate.set()
        await tasks.finish()
        return first.result()

    assert asyncio.run(scene()) == "first"
    assert done == ["first", "second"]


def test_what_is_given_up_has_ended_when_all_is_waited_for() -> None:
    async def scene() -> bool:
        tasks = Tasks()
        task = tasks.begin(asyncio.sleep(3600))
        await asyncio.sleep(0)
        tasks.cancel()
        await tasks.finish()
        return task.cancelled()

    assert asyncio.run(scene())


def test_an_error_that_nobody_asks_for_is_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    async def fail() -> None:
        raise OSError("the disk is gone")

    async def scene() -> None:
        tasks = Tasks()
        tasks.begin(fail())
        await tasks.finish()

    asyncio.run(scene())
    gc.collect()
    assert "the disk is gone" in caplog.text
