"""The one clock and the one timer: time only goes forward, and what is wrong with us stops us."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable

import pytest

from firmware.link.events import CheckDelivery, Close, Write
from firmware.runtime.driver import HELD_UP_S, Driver, NetworkCommand
from tests.unit.runtime.wire import run, until


class Machine:
    """Notes when it is called and with what; answers as it is told."""

    def __init__(self) -> None:
        self.calls: list[tuple[object, float]] = []
        self.due: float | None = None
        self.answer: Callable[[object], list[object]] = lambda event: []

    def handle(self, event: object, now: float) -> list[object]:
        self.calls.append((event, now))
        return self.answer(event)

    def wake(self, now: float) -> list[object]:
        self.calls.append(("wake", now))
        if self.due is not None and now >= self.due:
            self.due = None
        return self.answer("wake")

    def deadline(self) -> float | None:
        return self.due

    @property
    def events(self) -> list[object]:
        return [event for event, _ in self.calls]


class Net:
    """A network that notes what it is told, and may talk back at once."""

    def __init__(self) -> None:
        self.did: list[NetworkCommand] = []
        self.stopped = 0
        self.echo: Callable[[NetworkCommand], None] = lambda command: None

    def do(self, command: NetworkCommand) -> None:
        self.did.append(command)
        self.echo(command)

    def stop(self) -> None:
        self.stopped += 1


class Bench:
    """A driver between a machine, a network and the outside; made within a loop."""

    def __init__(self) -> None:
        self.machine, self.net, self.said = Machine(), Net(), list[object]()
        self.driver = Driver(self.machine, self.net, self.said.append)


def test_the_wire_comes_before_the_screen() -> None:
    async def scene() -> None:
        bench, order = Bench(), list[object]()
        bench.net.echo = order.append
        driver = Driver(bench.machine, bench.net, order.append)
        bench.machine.answer = lambda event: ["a screen", Write(1, b"x"), "a lamp", Close(1)]
        driver.feed("a key")
        assert order == [Write(1, b"x"), Close(1)]
        await asyncio.sleep(0)
        assert order == [Write(1, b"x"), Close(1), "a screen", "a lamp"]
        driver.stop()

    run(scene())


def test_a_connection_is_on_its_way_before_the_screen_is_drawn() -> None:
    """A task of the network's takes its first step before anything is shown."""

    async def scene() -> None:
        bench, order = Bench(), list[object]()

        async def dial() -> None:
            order.append("dialled")

        tasks = list[asyncio.Task[None]]()
        bench.net.echo = lambda command: tasks.append(asyncio.create_task(dial()))
        driver = Driver(bench.machine, bench.net, order.append)
        bench.machine.answer = lambda event: ["no link", Close(1), "connecting"]
        driver.feed("lost")
        await asyncio.sleep(0)
        assert order == ["dialled", "no link", "connecting"]
        driver.stop()

    run(scene())


def test_what_was_said_before_the_end_is_shown() -> None:
    async def scene() -> None:
        bench = Bench()
        bench.machine.answer = lambda event: ["the last word"]
        bench.driver.feed("go")
        bench.driver.stop()
        assert bench.said == ["the last word"]

    run(scene())


def test_what_is_due_at_once_goes_out_before_the_screen_is_drawn() -> None:
    """A link that is lost is retried at once (F1), not after the picture that says so."""

    async def scene() -> None:
        bench, order = Bench(), list[object]()
        bench.net.echo = order.append
        driver = Driver(bench.machine, bench.net, order.append)

        def answer(event: object) -> list[object]:
            bench.machine.due = driver.now if event == "lost" else None
            return ["no link"] if event == "lost" else ["connecting", Write(1, b"x")]

        bench.machine.answer = answer
        driver.feed("lost")
        await asyncio.sleep(0)
        assert order == [Write(1, b"x"), "no link", "connecting"]
        driver.stop()

    run(scene())


def test_it_wakes_the_machine_when_it_asked_to_be_woken_and_never_before() -> None:
    async def scene() -> None:
        bench = Bench()
        bench.driver.start()
        assert bench.machine.events == ["wake"]
        for _ in range(20):
            due = bench.driver.now + 0.003
            bench.machine.due = due
            count = len(bench.machine.calls)
            bench.driver.feed("look at the clock")
            await until(lambda count=count: len(bench.machine.calls) == count + 2)  # type: ignore[misc] # A default.
            event, at = bench.machine.calls[-1]
            assert event == "wake"
            assert at >= due
        bench.driver.stop()

    run(scene())


def test_a_clock_that_fires_early_is_told_the_moment_that_was_asked_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def scene() -> None:
        loop, now = asyncio.get_running_loop(), [1000.0]
        bench = Bench()
        monkeypatch.setattr(loop, "time", lambda: now[0])
        armed = list[tuple[float, Callable[[], None]]]()
        handle = asyncio.TimerHandle(0, lambda: None, (), loop)

        def arm(at: float, do: Callable[[], None]) -> asyncio.TimerHandle:
            armed.append((at, do))
            return handle

        monkeypatch.setattr(loop, "call_at", arm)
        bench.machine.due = 1005.0
        bench.driver.start()
        now[0] = 1004.999
        bench.machine.due = 1005.0
        armed[-1][1]()
        assert bench.machine.calls[-1] == ("wake", 1005.0)
        bench.driver.feed("an event just after")
        assert bench.machine.calls[-1] == ("an event just after", 1005.0)

    run(scene())


def test_time_never_goes_backwards(monkeypatch: pytest.MonkeyPatch) -> None:
    async def scene() -> None:
        loop, now = asyncio.get_running_loop(), [1000.0]
        monkeypatch.setattr(loop, "time", lambda: now[0])
        bench = Bench()
        for moment in (1000.0, 999.0, 1001.0, 0.0, 1001.0, 1002.0):
            now[0] = moment
            bench.driver.feed(moment)
        told = [at for _, at in bench.machine.calls]
        assert told == [1000.0, 1000.0, 1001.0, 1001.0, 1001.0, 1002.0]
        monkeypatch.undo()

    run(scene())


def test_what_came_while_the_loop_was_held_up_goes_before_what_was_due_meanwhile() -> None:
    async def scene() -> None:
        bench = Bench()
        bench.machine.due = bench.driver.now + 0.01
        bench.driver.start()

        async def come() -> None:
            for word in ("pong", "connected"):
                await asyncio.sleep(0)
                await asyncio.sleep(0)
                bench.driver.feed(word)

        coming = asyncio.create_task(come())
        time.sleep(HELD_UP_S + 0.1)
        await until(lambda: len(bench.machine.calls) == 4)
        assert bench.machine.events == ["wake", "pong", "connected", "wake"]
        await coming
        bench.driver.stop()

    run(scene())


def test_what_is_due_is_done_though_nothing_came_while_the_loop_was_held_up() -> None:
    async def scene() -> None:
        bench = Bench()
        for held_up in range(2):
            bench.machine.due = bench.driver.now + 0.01
            bench.driver.feed("armed")
            time.sleep(HELD_UP_S + 0.1)
            await until(lambda held_up=held_up: len(bench.machine.calls) == 2 * held_up + 2)  # type: ignore[misc] # A default.
        assert bench.machine.events == ["armed", "wake"] * 2
        bench.driver.stop()

    run(scene())


def test_one_timer_serves_and_moves_with_the_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    async def scene() -> None:
        loop = asyncio.get_running_loop()
        bench, armed, call_at = Bench(), list[asyncio.TimerHandle](), loop.call_at

        def noted(*words: object) -> asyncio.TimerHandle:
            armed.append(call_at(*words))  # type: ignore[arg-type] # As they came.
            return armed[-1]

        monkeypatch.setattr(loop, "call_at", noted)
        for due in (loop.time() + 60, loop.time() + 30, loop.time() + 30, None):
            bench.machine.due = due
            bench.driver.feed("move")
            assert sum(not handle.cancelled() for handle in armed) == (due is not None)
        bench.driver.stop()
        assert all(handle.cancelled() for handle in armed)

    run(scene())


def test_commands_go_to_the_network_and_everything_else_outside() -> None:
    async def scene() -> None:
        bench = Bench()
        bench.machine.answer = lambda event: [Write(1, b"x"), "show", Close(1)]
        bench.driver.feed("go")
        assert bench.net.did == [Write(1, b"x"), Close(1)]
        await asyncio.sleep(0)
        assert bench.said == ["show"]

    run(scene())


def test_an_event_from_within_waits_its_turn() -> None:
    async def scene() -> None:
        bench = Bench()
        bench.machine.answer = lambda event: [CheckDelivery(1), "said"] if event == "go" else []
        bench.net.echo = lambda command: bench.driver.feed("answer")
        bench.driver.feed("go")
        assert bench.machine.events == ["go", "answer"]
        await asyncio.sleep(0)
        assert bench.said == ["said"]

    run(scene())


def test_a_machine_that_raises_stops_the_phone_and_is_asked_no_more(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def scene() -> None:
        bench = Bench()

        def fail(event: object) -> list[object]:
            raise AssertionError("a state it should not have")

        bench.driver.start()
        bench.machine.answer = fail
        bench.driver.feed("go")
        assert bench.driver.failed.done()
        assert isinstance(bench.driver.failed.exception(), AssertionError)
        bench.driver.feed("again")
        assert bench.machine.events == ["wake", "go"]
        bench.driver.stop()
        assert bench.net.stopped == 1

    with caplog.at_level(logging.ERROR, "handset.driver"):
        run(scene())
    (record,) = caplog.records
    assert record.exc_info is not None
    assert "a state it should not have" in caplog.text


def test_after_a_stop_nothing_is_handed_on() -> None:
    async def scene() -> None:
        bench = Bench()
        bench.driver.start()
        bench.machine.due = bench.driver.now + 0.01
        bench.driver.feed("arm")
        bench.driver.stop()
        bench.driver.feed("late")
        await asyncio.sleep(0.05)
        assert bench.machine.events == ["wake", "arm"]
        assert bench.net.stopped == 1

    run(scene())
