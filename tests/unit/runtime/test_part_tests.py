"""Parts tried out from the console: what is said, what the phone misses, what it gets back."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from board.board import Board
from drivers.fakes import FakeDisplay, FakeHook, FakeKeypad, FakeLamp, FakeRinger, FakeVoice
from drivers.interfaces import LampPattern
from firmware.agent.events import IncomingCall, Party
from firmware.console.part_tests import Part
from firmware.phone import events as phone
from firmware.runtime import part_tests
from firmware.runtime.panel import Panel
from firmware.runtime.part_tests import PartTests, level
from tests.unit.runtime.pictures import draw_words, screen

CALL = phone.Report(IncomingCall(1, 1, Party("", "202")))


class Bench:
    """A panel, its parts, and whoever tries them."""

    def __init__(self) -> None:
        self.keypad, self.hook, self.lamp = FakeKeypad(), FakeHook(), FakeLamp()
        self.display, self.voice = FakeDisplay(), FakeVoice()
        board = Board(self.keypad, self.hook, self.lamp, FakeRinger(), self.display, self.voice)
        self.fed: list[object] = []
        self.told: list[str] = []
        self.panel = Panel(board, self.fed.append, asyncio.get_running_loop())
        self.panel.start()
        self.tests = PartTests(self.panel, self.voice)

    async def begin(self, part: Part) -> asyncio.Task[str]:
        task = asyncio.create_task(self.tests.run(part, self.told.append))
        await asyncio.sleep(0.01)
        return task


def play(scene: Callable[[Bench], Awaitable[None]]) -> None:
    async def run() -> None:
        async with asyncio.timeout(10):
            await scene(Bench())

    asyncio.run(run())


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("SHOWN_S", "TONE_S", "ECHO_S"):
        monkeypatch.setattr(part_tests, name, 0.05)


def test_keys_and_hook_are_said_and_the_phone_does_not_hear_them() -> None:
    async def scene(bench: Bench) -> None:
        trial = await bench.begin(Part.KEYPAD)
        bench.keypad.press("5")
        bench.keypad.hold("*")
        bench.hook.lift()
        bench.hook.replace()
        await asyncio.sleep(0.01)
        assert bench.told == [
            *("key 5", "key * is held", "handset lifted", "handset put back"),
        ]
        assert bench.fed == []
        trial.cancel()
        await asyncio.wait({trial})
        await asyncio.sleep(0.01)
        bench.keypad.press("6")
        assert bench.fed == [phone.KeyPressed("6")]

    play(scene)


def test_a_handset_that_was_lifted_meanwhile_is_told_at_the_end() -> None:
    async def scene(bench: Bench) -> None:
        trial = await bench.begin(Part.KEYPAD)
        bench.hook.lift()
        trial.cancel()
        await asyncio.wait({trial})
        await asyncio.sleep(0.01)
        assert bench.fed == [phone.HookLifted()]

    play(scene)


def test_nobody_presses_a_key_and_the_test_is_over(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(part_tests, "KEY_S", 0.05)

    async def scene(bench: Bench) -> None:
        assert "the test is over" in await bench.tests.run(Part.KEYPAD, bench.told.append)

    play(scene)


def test_a_call_that_comes_in_gets_the_parts_back_at_once() -> None:
    async def scene(bench: Bench) -> None:
        trial = await bench.begin(Part.AUDIO)
        assert bench.voice.running
        bench.tests.take(CALL)
        assert not bench.voice.running, "before the call's own sound begins"
        assert await trial == "A call comes in: the test is over."
        bench.keypad.press("6")
        assert bench.fed == [phone.KeyPressed("6")]

    play(scene)


def test_the_display_shows_pictures_and_then_what_the_phone_wants_by_then() -> None:
    async def scene(bench: Bench) -> None:
        bench.panel.take(phone.Show(screen("before")))
        await asyncio.sleep(0.01)
        trial = await bench.begin(Part.SCREEN)
        bench.panel.take(phone.Show(screen("after")))
        await asyncio.sleep(0.01)
        assert "after" not in bench.display.words
        assert await trial == "The phone has its display back."
        await asyncio.sleep(0.01)
        assert bench.told[-1] == "a chessboard"
        assert "after" in " ".join(bench.display.words)

    with pytest.MonkeyPatch.context() as patch:
        draw_words(patch)
        play(scene)


def test_the_lamp_shows_its_patterns_and_then_the_phones() -> None:
    async def scene(bench: Bench) -> None:
        trial = await bench.begin(Part.LAMP)
        bench.panel.take(phone.SetLamp(phone.LampPattern.ON))
        during = bench.lamp.pattern
        await trial
        assert bench.told == ["flashing", "on", "off"]
        assert (during, bench.lamp.pattern) == (LampPattern.FLASHING, LampPattern.ON)

    play(scene)


def test_a_tone_is_played_then_the_microphone_is_heard_and_measured() -> None:
    async def scene(bench: Bench) -> None:
        trial = await bench.begin(Part.AUDIO)
        bench.voice.tick()
        tone = bench.voice.played[-1]
        assert max(memoryview(tone).cast("h")) == part_tests.TONE_PEAK
        while "speak: you hear yourself" not in bench.told:
            await asyncio.sleep(0.005)
        loud = (16384).to_bytes(2, "little", signed=True) * (bench.voice.frame_bytes // 2)
        bench.voice.spoken.append(loud)
        bench.voice.tick()
        assert bench.voice.played[-1] == loud
        await trial
        assert "microphone -6 dB" in bench.told
        assert bench.told[-1] == "microphone silent"
        assert not bench.voice.running

    play(scene)


def test_one_test_at_a_time() -> None:
    async def scene(bench: Bench) -> None:
        trial = await bench.begin(Part.KEYPAD)
        said = await bench.tests.run(Part.LAMP, bench.told.append)
        assert said == "Another test is under way."
        trial.cancel()

    play(scene)


@pytest.mark.parametrize(("peak", "words"), [(0, "silent"), (32767, "0 dB"), (3277, "-20 dB")])
def test_a_level_is_said_below_full(peak: int, words: str) -> None:
    assert level(peak).replace("-0", "0") == words
