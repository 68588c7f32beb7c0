"""The panel between the parts of a board and the phone."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from board.board import Board
from drivers.fakes import FakeDisplay, FakeHook, FakeKeypad, FakeLamp, FakeRinger, FakeVoice
from drivers.interfaces import KEYS, LampPattern, Melody
from firmware.agent.events import CallAnswered
from firmware.phone import events as phone
from firmware.phone.screen import Screen
from firmware.runtime.panel import Panel
from tests.unit.runtime.pictures import draw_words, picture, screen


class Desk:
    """A board of fakes with a panel on it, and what the phone heard."""

    def __init__(self) -> None:
        self.keypad, self.hook = FakeKeypad(), FakeHook()
        self.lamp, self.ringer, self.display = FakeLamp(), FakeRinger(), FakeDisplay()
        self.fed: list[object] = []
        board = Board(self.keypad, self.hook, self.lamp, self.ringer, self.display, FakeVoice())
        self.later: list[Callable[[], None]] = []
        self.panel = Panel(board, self.fed.append, self.later.append)

    def show(self, *screens: Screen) -> None:
        """Show screens in one turn of the loop, and let the next one come."""
        for each in screens:
            self.panel.take(phone.Show(each))
        while self.later:
            self.later.pop(0)()


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
