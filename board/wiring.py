"""How a handset is wired: which part is on which pins. Data, refused where it cannot be built."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal

from board.board import BoardError
from board.pins import FUNCTIONS, HEADER
from drivers.display import DisplayBus
from drivers.hook import HookPins
from drivers.interfaces import KEYS, VoiceMode, VoiceWay
from drivers.keypad import KeypadPins
from drivers.lamp import LampPins
from drivers.ringer import RingerPins

LIKE_HANDSET = VoiceWay()


@dataclass(frozen=True, slots=True)
class SoundLink:
    """The sound card: a part of its name, and how it is joined; `boot_line` is its own."""

    card: str
    bus: Literal["USB", "I2S"]
    boot_line: str = ""
    headset: VoiceWay = LIKE_HANDSET  # Gains beside the handset's, and a card of its own, if any.
    hands_free: VoiceWay = LIKE_HANDSET

    def ways(self, card: str) -> dict[VoiceMode, VoiceWay]:
        """Return the way of each mode; `card` is what the administrator chose, "" the board's."""
        card = card or self.card
        return {
            VoiceMode.HANDSET: VoiceWay(card),
            VoiceMode.HEADSET: replace(self.headset, card=self.headset.card or card),
            VoiceMode.HANDS_FREE: replace(self.hands_free, card=self.hands_free.card or card),
        }


@dataclass(frozen=True, slots=True)
class SerialPort:
    """The administrator's console."""

    device: str = "/dev/serial0"
    baud: int = 115_200


@dataclass(frozen=True, slots=True)
class Use:
    """What a pin is used for."""

    pin: int
    purpose: str
    function: str = ""  # The bus, where the pin belongs to one.


@dataclass(frozen=True, slots=True)
class Wiring:
    """One handset; `BoardError` names what cannot be built."""

    name: str
    title: str
    keypad: KeypadPins
    hook: HookPins
    lamp: LampPins
    ringer: RingerPins
    display: DisplayBus
    sound: SoundLink
    serial: SerialPort | None

    def __post_init__(self) -> None:
        for trouble in (*self._wrong_keys(), *self._wrong_pins()):
            raise BoardError(f"board {self.name}: {trouble}")

    @property
    def functions(self) -> tuple[str, ...]:
        """Return the buses in use."""
        is_i2c = self.display.bus == "i2c" or self.sound.bus == "I2S"  # A codec is set up by I2C.
        wanted = {
            "I2C": is_i2c,
            "SPI": self.display.bus == "spi",
            "I2S": self.sound.bus == "I2S",
            "UART": self.serial is not None,
        }
        return tuple(name for name, is_wanted in wanted.items() if is_wanted)

    def uses(self) -> Iterator[Use]:
        """Yield every pin with what it is for, part by part."""
        for number, pin in enumerate(self.keypad.rows, 1):
            yield Use(pin, f"keypad row {number}")
        for number, pin in enumerate(self.keypad.columns, 1):
            yield Use(pin, f"keypad column {number}")
        yield Use(self.hook.pin, "hook switch")
        yield Use(self.lamp.pin, "message lamp")
        yield Use(self.ringer.pin, "ringer")
        if self.display.bus == "spi":
            yield Use(self.display.data_pin, "display DC")
            yield Use(self.display.reset_pin, "display RST")
        for function in self.functions:
            for pin, role in FUNCTIONS[function].items():
                yield Use(pin, f"{function} {role}", function)

    def _wrong_pins(self) -> Iterator[str]:
        taken: dict[int, Use] = {}
        for use in sorted(self.uses(), key=lambda use: not use.function):  # The buses first.
            other = taken.setdefault(use.pin, use)
            if use.pin not in HEADER:
                yield f"GPIO{use.pin} ({use.purpose}) is not for parts"
            elif other is not use and other.function:
                yield f"GPIO{use.pin} is {other.purpose} and cannot be the {use.purpose} too"
            elif other is not use:
                yield f"GPIO{use.pin} is used twice: {other.purpose} and {use.purpose}"

    def _wrong_keys(self) -> Iterator[str]:
        rows, columns = len(self.keypad.rows), len(self.keypad.columns)
        lines = self.keypad.keys
        if len(lines) != rows or any(len(line) != columns for line in lines):
            yield f"the keys are not {rows} rows of {columns}"
        counts = Counter(key for line in lines for key in line if key)
        for key in (*counts, *KEYS):
            if key not in KEYS:
                yield f"there is no key {key!r}"
            elif counts[key] != 1:
                yield f"the key {key!r} is there {counts[key]} times"
