"""A handset of real parts: its wiring is refused or built, and its parts work together."""

from __future__ import annotations

import asyncio
import sys
import threading
from dataclasses import replace
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
from PIL import Image

from board.board import Board, BoardError, open_board
from board.handset import HANDSETS, KEYS
from board.hardware import Hardware, open_handset
from board.wiring import SerialPort, Wiring
from drivers.display import DisplayBus
from drivers.hook import HookPins
from drivers.interfaces import LampPattern
from drivers.lamp import LampPins
from drivers.ringer import RingerPins
from tests.unit.drivers.circuit import GROUND, Contact, Desk

HANDSET, WIDE = HANDSETS["handset"], HANDSETS["handset-wide"]
WAIT_S = 20.0


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"hook": HookPins(17)}, "GPIO17 is used twice: keypad column 1 and hook switch"),
        ({"lamp": LampPins(2)}, "GPIO2 is I2C SDA and cannot be the message lamp too"),
        ({"ringer": RingerPins(15)}, "GPIO15 is UART RXD and cannot be the ringer too"),
        ({"hook": HookPins(28)}, r"GPIO28 \(hook switch\) is not for parts"),
        ({"hook": HookPins(0)}, r"GPIO0 \(hook switch\) is not for parts"),
        (
            {"display": DisplayBus("ssd1306", "spi", port=0, data_pin=8, reset_pin=7)},
            "GPIO8 is SPI CE0 and cannot be the display DC too",
        ),
        (
            {"keypad": replace(HANDSET.keypad, keys=KEYS[:4])},
            "the keys are not 5 rows of 4",
        ),
        (
            {"keypad": replace(HANDSET.keypad, keys=(("1", "up", "down", "soft2"), *KEYS[1:]))},
            "the key '1' is there 2 times",
        ),
        (
            {"keypad": replace(HANDSET.keypad, keys=(("F", "up", "down", "soft2"), *KEYS[1:]))},
            "there is no key 'F'",
        ),
    ],
)
def test_what_cannot_be_built_is_refused_by_name(change: dict[str, Any], words: str) -> None:
    with pytest.raises(BoardError, match=f"board handset: .*{words}") as raised:
        replace(HANDSET, **change)
    assert "\n" not in str(raised.value)


def test_i2s_takes_its_pins_and_i2c_for_its_codec() -> None:
    assert WIDE.functions == ("I2C", "SPI", "I2S", "UART")
    with pytest.raises(BoardError, match="GPIO18 is I2S BCLK and cannot be the hook"):
        replace(WIDE, hook=HookPins(18))


def test_the_pins_of_a_bus_that_nobody_uses_are_free() -> None:
    free: Wiring = replace(HANDSET, serial=None, hook=HookPins(14), lamp=LampPins(18))
    assert free.functions == ("I2C",)
    assert replace(free, serial=SerialPort(), hook=HookPins(24)).functions == ("I2C", "UART")


def test_every_handset_can_be_opened_by_its_name() -> None:
    for name in HANDSETS:
        board = open_board(name)
        assert board.address == ""
        assert board.troubles == ()


def test_a_machine_that_is_no_handset_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = Desk(monkeypatch)
    desk.module.setmode = _refuse  # type: ignore[method-assign]
    with pytest.raises(BoardError, match=r"board handset: This module .*Raspberry Pi!; no .*i2c-1"):
        asyncio.run(Hardware(HANDSET, tmp_path).start())
    with pytest.raises(BoardError, match=r"no .*spidev0\.0"):
        asyncio.run(Hardware(WIDE, tmp_path).start())


def _refuse(_: int) -> None:
    raise RuntimeError("This module can only be run on a Raspberry Pi!")


async def until(condition: object) -> None:
    assert callable(condition)
    give_up_at = asyncio.get_running_loop().time() + WAIT_S
    while not condition():
        assert asyncio.get_running_loop().time() < give_up_at
        await asyncio.sleep(0.01)


def test_the_parts_work_together_and_a_display_that_is_missing_stops_none(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """On real threads: a key, the hook and the lamp, while there is no display."""
    desk = Desk(monkeypatch)
    key = Contact(HANDSET.keypad.columns[0], HANDSET.keypad.rows[1])
    hook = Contact(HANDSET.hook.pin, GROUND)
    desk.circuit.contacts += [key, hook]

    def move(contact: Contact) -> None:
        contact.moves.append(desk.circuit.now)
        desk.circuit.moved()
        desk.module.look_for_edges()

    async def scene(board: Board) -> None:
        heard: list[object] = []
        board.keypad.listen(heard.append)
        board.hook.listen(heard.append)
        await board.start()
        board.lamp.show(LampPattern.ON)
        board.ringer.ring(True)
        await until(lambda: board.troubles)
        assert board.troubles[0].startswith("No display: SH1106 on I2C bus 1")
        await until(lambda: desk.circuit.driven.get(HANDSET.lamp.pin))
        await until(lambda: desk.module.pwms and desk.module.pwms[HANDSET.ringer.pin].is_on)
        move(key)
        await until(lambda: heard == ["1"])
        move(key)
        move(hook)
        await until(lambda: heard == ["1", True])
        assert len(board.troubles) == 1
        await board.stop()
        assert not desk.module.pwms[HANDSET.ringer.pin].is_on
        pins = {use.pin for use in HANDSET.uses() if not use.function}
        assert set(desk.module.cleaned) == pins

    asyncio.run(scene(open_handset(HANDSET)))


class Bus:
    """As `smbus2.SMBus`: what crossed it; it may hang until it is let go."""

    def __init__(self) -> None:
        self.crossed = bytearray()
        self.flows = threading.Event()

    def i2c_rdwr(self, *messages: bytes) -> None:
        assert self.flows.wait(WAIT_S)
        self.crossed += b"".join(messages)

    def close(self) -> None:
        """Let go."""


@pytest.mark.parametrize("hangs", [False, True])
def test_a_board_has_begun_when_its_first_picture_stands_and_waits_for_no_bus_that_hangs(
    monkeypatch: pytest.MonkeyPatch, hangs: bool
) -> None:
    Desk(monkeypatch)
    bus, smbus = Bus(), ModuleType("smbus2")
    smbus.SMBus = lambda _: bus  # type: ignore[attr-defined]
    smbus.i2c_msg = SimpleNamespace(write=lambda _, data: data)  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "smbus2", smbus)
    monkeypatch.setattr("atexit.register", lambda _: None)  # luma's, for every display ever.
    lit = b"\xff" * HANDSET.display.size[0]

    async def scene(board: Board) -> None:
        if not hangs:
            bus.flows.set()
        board.display.show(Image.new("1", HANDSET.display.size, 1), ())
        await board.start()
        assert bus.crossed.count(lit) == (0 if hangs else 8)
        bus.flows.set()
        await until(lambda: bus.crossed.count(lit) == 8)
        await board.stop()

    asyncio.run(scene(open_handset(HANDSET)))
