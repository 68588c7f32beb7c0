"""A handset of real parts, made from its wiring.

Keys, hook, lamp and ringer share one thread, since the pins are for one; the display has another,
since its bus takes tens of milliseconds. A part that fails says so in its `fault`, and the others
go on: only a machine that has neither pins nor a bus for a display is refused.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from pathlib import Path

from board.board import Board, BoardError
from board.wiring import Wiring
from drivers.display import Oled
from drivers.gpio import Gpio, GpioError
from drivers.hook import HookSwitch
from drivers.keypad import MatrixKeypad
from drivers.lamp import Light
from drivers.ringer import PiezoRinger
from drivers.serial_line import SerialPortLine
from drivers.voice import SoundCard
from drivers.voice_switch import VoiceSwitch
from drivers.worker import Worker

FIRST_PICTURE_S = 0.5
"""Until the first picture stands on the slowest board; a bus that hangs keeps no phone away."""


@dataclass(slots=True)
class Hardware:
    """The threads of a handset's parts; a board's service."""

    wiring: Wiring
    devices: Path = Path("/dev")
    address: str = ""  # It stands on a desk.
    gpio: Gpio = field(default_factory=Gpio)
    pins: Worker = field(default_factory=lambda: Worker("pins"))
    screen: Worker = field(default_factory=lambda: Worker("display"))

    async def start(self) -> None:
        """Start the parts; raise `BoardError` where this machine can have none."""
        try:
            await asyncio.to_thread(self.gpio.open)
        except GpioError as error:
            if not self._bus.exists():
                raise BoardError(f"board {self.wiring.name}: {error}; no {self._bus}") from error
        self.screen.start()
        await self.screen.first_step(FIRST_PICTURE_S)
        self.pins.start()  # Now: what is pressed from here on waits for whoever listens.

    async def stop(self) -> None:
        """Stop the parts: dark, silent, every pin let go of."""
        await asyncio.to_thread(self._stop)

    def _stop(self) -> None:
        self.pins.stop()
        self.screen.stop()
        self.gpio.close()

    @property
    def ended(self) -> bool:
        """Tell whether a thread of the parts has ended by itself."""
        return self.pins.ended or self.screen.ended

    @property
    def _bus(self) -> Path:
        """Where the display's bus is."""
        display = self.wiring.display
        name = f"i2c-{display.port}" if display.bus == "i2c" else f"spidev{display.port}.0"
        return self.devices / name


def open_handset(wiring: Wiring, sound_device: str = "") -> Board:
    """Return a board of real parts; they begin with its `start`."""
    hardware = Hardware(wiring)
    gpio, pins = hardware.gpio, hardware.pins
    display = Oled(wiring.display, hardware.screen)
    keypad = MatrixKeypad(wiring.keypad, gpio, pins, display.touch)
    hook = HookSwitch(wiring.hook, gpio, pins, display.touch)
    lamp = Light(wiring.lamp, gpio, pins)
    ringer = PiezoRinger(wiring.ringer, gpio, pins, display.touch)
    for part in (keypad, hook, lamp, ringer):
        pins.add(part)
    hardware.screen.add(display)
    voice = VoiceSwitch(wiring.sound.ways(sound_device), SoundCard)
    port = wiring.serial
    serial = SerialPortLine(port.device, port.baud) if port else None
    threads = (hardware.screen, hardware.pins)
    return Board(keypad, hook, lamp, ringer, display, voice, hardware, serial, threads)
