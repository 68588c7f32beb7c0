"""What a handset's process finds in place of `RPi.GPIO`, `smbus2` and `spidev`: parts of ours.

Keys and hook are moved by a thread of the process, as by a finger. What crosses a display's bus
takes as long as on the real one, and is noted with its moment.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from types import ModuleType, SimpleNamespace
from typing import Any

from board.wiring import Wiring

I2C_HZ = 400_000
I2C_BITS = 9
"""Of a byte, its acknowledgement included."""

DATA = 0x40


@dataclass(frozen=True, slots=True)
class Call:
    """One call of the kernel: when it was over (`time.perf_counter`), messages, bytes."""

    at: float
    messages: int
    length: int


class Bus:
    """As `smbus2.SMBus` and as `spidev.SpiDev`; `glass` bytes are a whole picture."""

    def __init__(self, gpio: Gpio, wiring: Wiring, first_screen: Callable[[], None]) -> None:
        self.calls: list[Call] = []
        self.max_speed_hz = 0
        self._gpio, self._wiring = gpio, wiring
        self._first_screen, self._left = first_screen, wiring.display.size[0] * 8
        self._is_shown = False
        self.takes_time = True

    def i2c_rdwr(self, *messages: Any) -> None:
        length = sum(len(message.data) + 1 for message in messages)
        self._wait(length * I2C_BITS / I2C_HZ)
        self.calls.append(Call(time.perf_counter(), len(messages), length))
        for message in messages:
            self._note(message.data[0] == DATA, bytes(message.data[1:]))

    def open(self, port: int, device: int) -> None:
        """Begin."""

    def writebytes(self, data: list[int]) -> None:
        self._wait(len(data) * 8 / self.max_speed_hz)
        self.calls.append(Call(time.perf_counter(), 1, len(data)))
        self._note(bool(self._gpio.driven[self._wiring.display.data_pin]), bytes(data))

    def close(self) -> None:
        """Let go."""

    def _wait(self, seconds: float) -> None:
        if self.takes_time:
            time.sleep(seconds)

    def _note(self, is_data: bool, data: bytes) -> None:
        """Tell when the first picture is whole: luma blanks the glass before it."""
        self._is_shown |= is_data and any(data)
        if is_data and self._is_shown and self._left > 0:
            self._left -= len(data)
            if self._left <= 0:
                self._first_screen()


class Gpio(ModuleType):
    """As `RPi.GPIO`: a key joins its row to its column, the lifted handset its pin to ground."""

    BCM, OUT, IN, LOW, HIGH, PUD_UP, BOTH = 11, 0, 1, 0, 1, 22, 33

    def __init__(self, wiring: Wiring) -> None:
        super().__init__("RPi.GPIO")
        self.wiring = wiring
        self.driven: dict[int, int] = {}
        self.key: tuple[int, int] | None = None
        self.is_lifted = False
        self.edges: dict[int, Callable[[int], None]] = {}

    def setmode(self, mode: int) -> None:
        """Count pins as the chip does."""

    def setwarnings(self, on: bool) -> None:
        """Say nothing."""

    def setup(
        self, channel: int, direction: int, pull_up_down: int = 20, initial: int | None = None
    ) -> None:
        self.driven.pop(channel, None)
        if direction == self.OUT:
            self.driven[channel] = initial or 0

    def output(self, channel: int, value: int) -> None:
        self.driven[channel] = value

    def input(self, channel: int) -> int:
        if channel == self.wiring.hook.pin:
            return int(not self.is_lifted)
        key = self.key
        return int(not (key and key[1] == channel and self.driven.get(key[0]) == 0))

    def add_event_detect(self, channel: int, edge: int, callback: Callable[[int], None]) -> None:
        self.edges[channel] = callback

    def remove_event_detect(self, channel: int) -> None:
        self.edges.pop(channel, None)

    def cleanup(self, channel: list[int]) -> None:
        """Let go."""

    def PWM(self, channel: int, frequency: float) -> SimpleNamespace:  # noqa: N802
        return SimpleNamespace(
            start=lambda _: None, stop=lambda: None, ChangeFrequency=lambda _: None
        )

    def move(self, key: str) -> None:
        """Press a key, "" lets it go."""
        keypad = self.wiring.keypad
        places = [
            (keypad.rows[row], keypad.columns[column])
            for row, line in enumerate(keypad.keys)
            for column, name in enumerate(line)
            if name == key
        ]
        before, self.key = self.key, places[0] if places else None
        self._edge((self.key or before or (0, 0))[1])

    def hook(self, lifted: bool) -> None:
        self.is_lifted = lifted
        self._edge(self.wiring.hook.pin)

    def _edge(self, channel: int) -> None:
        if channel in self.edges:
            self.edges[channel](channel)


def install(gpio: Gpio, bus: Bus) -> None:
    """Let the drivers find them."""
    package = ModuleType("RPi")
    package.GPIO = gpio  # type: ignore[attr-defined]
    smbus, spidev = ModuleType("smbus2"), ModuleType("spidev")
    smbus.SMBus = lambda _: bus  # type: ignore[attr-defined]
    smbus.i2c_msg = SimpleNamespace(  # type: ignore[attr-defined]
        write=lambda address, data: SimpleNamespace(address=address, data=data)
    )
    spidev.SpiDev = lambda: bus  # type: ignore[attr-defined]
    sys.modules.update({"RPi": package, "RPi.GPIO": gpio, "smbus2": smbus, "spidev": spidev})
