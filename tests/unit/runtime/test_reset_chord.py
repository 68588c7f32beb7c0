"""Two keys that are held while the phone starts, and the count-down to a factory reset."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

import board.board as boards
from board.board import Board
from drivers.fakes import FakeDisplay, FakeHook, FakeKeypad, FakeLamp, FakeRinger, FakeVoice
from firmware.phone.language import ENGLISH
from firmware.phone.screen import Screen, lines
from firmware.runtime import reset_chord
from firmware.runtime.options import EXIT_AGAIN, RESET_MARK, Options
from firmware.runtime.reset_chord import CHORD, COUNT_S, WARNING, is_held
from firmware.runtime.start import run


def screen_words(shown: list[Screen]) -> list[str]:
    return [" ".join(lines(screen)) for screen in shown]


def keypad_with(*down: str) -> FakeKeypad:
    keypad = FakeKeypad()
    keypad.down = frozenset(down)
    return keypad


def test_held_to_the_end_it_counts_down_and_says_what_will_be() -> None:
    shown: list[Screen] = []
    assert asyncio.run(is_held(keypad_with("*", "#"), shown.append, ENGLISH, 0.0))
    assert screen_words(shown) == [
        f"Factory reset 1/1 {WARNING} {left} s" for left in range(COUNT_S, 0, -1)
    ]


@pytest.mark.parametrize("down", [["*"], ["1", "3"], ["#", "0"]])
def test_other_keys_are_no_chord(down: list[str]) -> None:
    shown: list[Screen] = []
    assert not asyncio.run(is_held(keypad_with(*down), shown.append, ENGLISH, 0.0))
    assert shown == []


def test_who_lets_go_keeps_everything() -> None:
    keypad, shown = keypad_with("*", "#"), list[Screen]()

    def show(screen: Screen) -> None:
        shown.append(screen)
        if len(shown) == COUNT_S:
            keypad.down = frozenset({"#"})

    assert not asyncio.run(is_held(keypad, show, ENGLISH, 0.0))
    assert len(shown) == COUNT_S


def test_a_start_with_the_keys_held_forgets_everything_and_begins_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    display = FakeDisplay()
    board = Board(keypad_with(*CHORD), FakeHook(), FakeLamp(), FakeRinger(), display, FakeVoice())
    (tmp_path / "startup.cfg").write_text("")
    monkeypatch.setattr(boards, "open_board", lambda *_, **__: board)
    monkeypatch.setattr(reset_chord, "COUNT_S", 1)
    options = Options("handset", tmp_path, tmp_path / "state")
    assert asyncio.run(run(options)) == EXIT_AGAIN
    assert (tmp_path / "state" / RESET_MARK).exists(), "the start that follows finishes it"
    assert display.history[-1][0].startswith("Factory reset")
