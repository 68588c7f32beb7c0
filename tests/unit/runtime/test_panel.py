"""The panel between the parts of a board and the phone."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import NamedTuple, cast

import pytest

from board.board import Board
from drivers.fakes import FakeDisplay, FakeHook, FakeKeypad, FakeLamp, FakeRinger, FakeVoice
from drivers.interfaces import KEYS, LampPattern, Melody
from firmware.agent.events import CallAnswered
from firmware.phone import events as phone
from firmware.phone.screen import CallScreen, CallStage, DialScreen, ListScreen, Screen
from firmware.phone.scrolling import STEP_S, STILL_S, WAIT_S
from firmware.runtime.panel import Panel
from tests.unit.runtime.pictures import draw_words, picture, screen


class Loop:
    """An event loop's clock: what is to be called, and when."""

    def __init__(self) -> None:
        self.now = 100.0
        self.later: list[Callable[[], None]] = []
        self.timers: list[Timer] = []

    def time(self) -> float:
        return self.now

    def call_soon(self, callback: Callable[[], None]) -> asyncio.Handle:
        self.later.append(callback)
        return cast("asyncio.Handle", None)

    def turn(self) -> None:
        while self.later:
            self.later.pop(0)()

    def call_at(self, when: float, callback: Callable[[], None]) -> asyncio.TimerHandle:
        assert not self.timers, "one timer at a time"
        timer = Timer(when, callback, self.timers)
        self.timers.append(timer)
        return cast("asyncio.TimerHandle", timer)

    def run(self, seconds: float) -> int:
        """Let time pass; return how often something was called."""
        end, called = self.now + seconds, 0
        while self.timers and self.timers[0].when <= end:
            timer = self.timers.pop()
            self.now = timer.when
            timer.callback()
            called += 1
        self.now = end
        return called


class Timer(NamedTuple):
    """What waits on a clock."""

    when: float
    callback: Callable[[], None]
    timers: list[Timer]

    def cancel(self) -> None:
        if self in self.timers:
            self.timers.remove(self)


class Desk:
    """A board of fakes with a panel on it, and what the phone heard."""

    def __init__(self) -> None:
        self.loop = Loop()
        self.keypad, self.hook = FakeKeypad(), FakeHook()
        self.lamp, self.ringer, self.display = FakeLamp(), FakeRinger(), FakeDisplay()
        self.fed: list[object] = []
        board = Board(self.keypad, self.hook, self.lamp, self.ringer, self.display, FakeVoice())
        self.panel = Panel(board, self.fed.append, self.loop)

    def show(self, *screens: Screen) -> None:
        """Show screens in one turn of the loop, and let the next one come."""
        for each in screens:
            self.panel.take(phone.Show(each))
        self.loop.turn()


def test_keys_and_hook_become_events() -> None:
    desk = Desk()
    desk.panel.start()
    desk.hook.lift()
    for key in KEYS:
        desk.keypad.press(key)
    desk.keypad.hold("#")
    desk.hook.replace()
    pressed = [phone.KeyPressed(key) for key in phone.KEYS]
    assert desk.fed == [phone.HookLifted(), *pressed, phone.KeyHeld("#"), phone.HookReplaced()]


def test_a_handset_that_is_off_the_hook_at_the_start_counts_as_lifted() -> None:
    desk = Desk()
    desk.hook.lift()
    assert not desk.fed
    desk.panel.start()
    assert desk.fed == [phone.HookLifted()]


def test_ringer_and_lamp_do_what_the_phone_says() -> None:
    desk = Desk()
    for pattern in phone.LampPattern:
        desk.panel.take(phone.SetLamp(pattern))
        assert desk.lamp.pattern is LampPattern(pattern.value)
    desk.panel.take(phone.SetRinger(True))
    assert desk.ringer.ringing
    desk.panel.take(phone.SetRinger(False))
    assert not desk.ringer.ringing


def test_a_ring_tone_is_played_and_the_display_set_as_the_person_wants() -> None:
    desk = Desk()
    desk.panel.take(phone.TuneRinger("Chime", 4))
    assert desk.ringer.melody == Melody(((1047, 0.35), (0, 0.05), (784, 0.6), (0, 3)), 0.5)
    desk.panel.take(phone.SampleRing(True))
    assert desk.ringer.ringing
    desk.panel.take(phone.SampleRing(False))
    assert not desk.ringer.ringing
    desk.panel.take(phone.SetDisplay(5, 30))
    assert (desk.display.brightness, desk.display.dim_s) == (0.5, 30)


def test_a_screen_is_drawn_and_shown_only_when_there_is_something_new(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    drawn, desk = draw_words(monkeypatch), Desk()
    desk.show(screen("one", seed=1))
    assert (desk.display.pixels, desk.display.words) == (picture(1).tobytes(), ("one",))
    desk.show(screen("one", seed=1))  # The same screen: not drawn.
    assert len(drawn) == 1
    desk.show(screen("one", seed=1, age=5))  # Drawn, and looks the same.
    assert (len(drawn), len(desk.display.history)) == (2, 1)
    desk.show(screen("one", seed=2))  # Other pixels.
    desk.show(screen("two", seed=2))  # Other words.
    desk.show(screen("one", seed=1))  # Back to the first.
    assert list(desk.display.history) == [("one",), ("one",), ("two",), ("one",)]


def test_the_display_is_told_what_the_soft_keys_do() -> None:
    desk = Desk()
    desk.show(DialScreen("", "Call from 201", can_redial=True))
    assert desk.display.keys == ("Redial", "")
    desk.show(DialScreen("7", "Call from 201"))
    assert desk.display.keys == ("Dial", "Delete")


def test_of_screens_that_come_in_one_turn_only_the_last_is_drawn(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    drawn, desk = draw_words(monkeypatch), Desk()
    desk.show(screen("one", seed=1), screen("two", seed=2), screen("three", seed=3))
    assert list(desk.display.history) == [("three",)]
    assert len(drawn) == 1
    desk.show(screen("two", seed=2), screen("three", seed=3))
    assert (len(drawn), len(desk.display.history)) == (1, 1), "it stands there already"


def test_what_is_for_somebody_else_is_left() -> None:
    desk = Desk()
    desk.panel.take(phone.Report(CallAnswered(1)))
    desk.panel.take(object())
    assert not desk.fed
    assert not desk.display.history


# What moves.

LONG = "Prof. Dr. Maximiliane von Hohenstein-Waldburg-Zollernhausen"


def talking(seconds: int, name: str = LONG) -> Screen:
    return CallScreen(CallStage.TALKING, name, "603", f"0:{seconds:02}")


def test_a_text_without_room_moves_on_the_display() -> None:
    desk = Desk()
    desk.show(talking(0))
    first = desk.display.pixels
    assert desk.loop.run(WAIT_S - 0.01) == 0
    assert desk.loop.run(0.02) == 1
    second = desk.display.pixels
    assert second != first
    assert desk.loop.run(STEP_S) == 1
    assert desk.display.pixels not in {first, second}
    assert len(set(desk.display.history)) == 1  # Who has it read out hears it once.


def test_a_new_second_of_the_call_does_not_begin_it_anew() -> None:
    steady, told = Desk(), Desk()
    for desk in (steady, told):
        desk.show(talking(0))
        desk.loop.run(WAIT_S + 0.5)
    told.show(talking(1))
    told.show(talking(0))
    assert told.display.pixels == steady.display.pixels
    assert told.loop.run(STEP_S) == steady.loop.run(STEP_S) == 1
    assert told.display.pixels == steady.display.pixels


def test_another_screen_begins_at_its_beginning() -> None:
    desk, fresh = Desk(), Desk()
    desk.show(talking(0))
    desk.loop.run(WAIT_S + 1)
    for each in (desk, fresh):
        each.show(talking(0, f"Herr {LONG}"))
    assert desk.display.pixels == fresh.display.pixels


def test_without_anything_to_move_there_is_no_timer() -> None:
    desk = Desk()
    desk.panel.start()
    desk.show(talking(0, "Bert"))
    desk.keypad.press("5")
    desk.hook.lift()
    assert desk.loop.timers == []
    desk.show(talking(0))
    assert len(desk.loop.timers) == 1
    desk.show(talking(0, "Bert"))
    assert desk.loop.timers == []


def test_nothing_crosses_the_bus_once_nobody_is_there_until_a_key_is_pressed() -> None:
    desk = Desk()
    desk.panel.start()
    desk.show(talking(0))
    first = desk.display.pixels
    desk.loop.run(STILL_S + WAIT_S)
    assert desk.loop.timers == []
    assert desk.display.pixels == first
    assert desk.loop.run(3600) == 0
    desk.keypad.press("5")
    desk.loop.run(WAIT_S)
    assert desk.display.pixels != first


def test_it_rests_as_soon_as_the_display_dims() -> None:
    desk = Desk()
    desk.panel.take(phone.SetDisplay(5, 15))
    desk.show(talking(0))
    desk.loop.run(15 + WAIT_S)
    assert desk.loop.timers == []


def test_a_panel_that_is_stopped_moves_nothing() -> None:
    desk = Desk()
    rows = ((LONG, ""),)
    desk.show(ListScreen("Directory", rows, 0, can_take=True))
    desk.panel.stop()
    assert desk.loop.timers == []
