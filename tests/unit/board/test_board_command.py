"""`python -m board`: the page of wirings, and the walk through the parts."""

from __future__ import annotations

import asyncio
import re
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import board
from board.__main__ import main
from board.board import Board
from board.check import Check
from board.handset import HANDSETS
from board.pins import FUNCTIONS, HEADER, POWER
from board.wiring_page import wiring_page
from drivers.fakes import (
    FakeDisplay,
    FakeHook,
    FakeKeypad,
    FakeLamp,
    FakeRinger,
    FakeSerialLine,
    FakeVoice,
)
from drivers.interfaces import DISPLAY_SIZE, KEYS, WIDE_SIZE, LampPattern
from drivers.pictures import pictures

PAGE = Path(board.__file__).with_name("WIRING.md")


def test_the_shipped_page_is_what_the_data_says() -> None:
    assert PAGE.read_text() == wiring_page(tuple(HANDSETS.values())), "run `make generated`"


def test_the_page_names_every_pin_and_key_of_every_handset() -> None:
    parts = wiring_page(tuple(HANDSETS.values())).split("\n## ")[1:]
    for wiring, part in zip(HANDSETS.values(), parts, strict=True):
        for use in wiring.uses():
            assert f"| {use.purpose} | {use.pin} | {HEADER[use.pin]} |" in part
            assert f"{use.purpose} (GPIO{use.pin})" in part
        assert all(f"`{key}`" in part for key in KEYS)
        assert re.findall(r" (\d+) o o (\d+) ", part) == [
            (str(left), str(left + 1)) for left in range(1, 40, 2)
        ]


def test_the_header_has_forty_places_and_every_function_is_on_it() -> None:
    assert sorted([*HEADER.values(), *POWER]) == list(range(1, 41))
    pins = [pin for roles in FUNCTIONS.values() for pin in roles]
    assert len(pins) == len(set(pins))
    assert set(pins) <= HEADER.keys()


def test_the_command_prints_the_page_and_refuses_a_machine_without_parts(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["board", "wiring"])
    assert main() == 0
    assert capsys.readouterr().out == PAGE.read_text()
    monkeypatch.setitem(sys.modules, "RPi", None)
    monkeypatch.setattr("board.hardware.Path.exists", lambda _: False)
    monkeypatch.setattr(sys, "argv", ["board", "check"])
    assert main() == 1
    printed = capsys.readouterr().out
    assert printed.startswith("board handset: RPi.GPIO is not installed; no /dev/i2c-1")


class Person:
    """Does what is asked, but for what is broken."""

    def __init__(self, broken: str = "") -> None:
        self.keypad, self.hook, self.voice = FakeKeypad(), FakeHook(), FakeVoice()
        self.lamp, self.ringer, self.display = FakeLamp(), FakeRinger(), FakeDisplay()
        self.serial = FakeSerialLine()
        self.broken = broken
        self.said: list[str] = []
        self.asked: list[str] = []

    async def answer(self, question: str) -> bool:
        self.asked.append(question)
        if "lamp" in question:
            assert self.lamp.pattern is LampPattern.FLASHING
        if "ringer" in question:
            assert self.ringer.ringing
        return not self.broken or self.broken not in question

    def hear(self, words: str) -> None:
        self.said.append(words)
        do: dict[str, Callable[[], None]] = {
            "Lift the handset": self.hook.lift,
            "Put it back": self.hook.replace,
        }
        if "serial" in words and self.broken != "serial":
            self.serial.type("hello")
        key = words.removeprefix("Press ")
        if words in do and self.broken != "hook":
            do[words]()
        elif key in KEYS and key != self.broken:
            self.keypad.press(key)
        elif key == self.broken == "5":
            self.keypad.press("6")

    def check(self) -> list[str]:
        parts = Board(
            self.keypad,
            self.hook,
            self.lamp,
            self.ringer,
            self.display,
            self.voice,
            serial=self.serial,
        )
        walk = Check(parts, self.answer, self.hear, key_s=0.05)
        assert asyncio.run(walk.run()) is not bool(walk.failures)
        return walk.failures


def test_a_handset_that_works_passes() -> None:
    person = Person()
    assert person.check() == []
    assert person.said[-1] == "Everything works."
    assert list(person.keypad.history) == list(KEYS)
    shown = [name for name, _ in pictures(DISPLAY_SIZE)]
    assert [words for (words,) in person.display.history] == shown
    assert [image.size for _, image in pictures(WIDE_SIZE)] == [WIDE_SIZE] * 3
    assert person.lamp.pattern is LampPattern.OFF
    assert not person.ringer.ringing
    assert not person.voice.running
    assert not person.serial.running
    assert "It said 'hello'" in person.said


@pytest.mark.parametrize(
    ("broken", "failures"),
    [
        ("chessboard", ["display"]),
        ("lamp", ["lamp"]),
        ("ringer", ["ringer"]),
        ("5", ["key 5"]),
        ("speaker", ["key speaker"]),
        ("hook", ["hook switch"]),
        ("serial", ["serial line"]),
        ("heard yourself", ["sound"]),
    ],
)
def test_what_is_broken_is_named(broken: str, failures: list[str]) -> None:
    person = Person(broken)
    if broken == "lamp":
        person.lamp.fault = "No lamp: busy"
    assert person.check() == failures
    assert person.said[-1] == f"Did not work: {failures[0]}."
    assert (person.lamp.fault in person.said) == bool(person.lamp.fault)
    assert broken != "5" or "That was 6." in person.said
    assert broken != "speaker" or "Nothing was heard." in person.said
