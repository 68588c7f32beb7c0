"""The OLED display: SH1106 or SSD1306 (128 x 64) or SSD1322 (256 x 64), through `luma.oled`.

Theory of operation
-------------------
    `show` (event loop)       keeps the newest picture, wakes the worker; no picture ever queues
    `step` (worker's thread)  opens the chip, sets its contrast, writes the columns that changed

luma knows the chips: how they are set up and switched on. Its own way to draw a picture writes all
of it, pixel by pixel in Python (20 ms of a PC's time), so the memory is written from here.

A bus that fails (a loose plug, no chip) is opened anew every `RETRY_S`, and then the whole picture
is written; `fault` says meanwhile what is wrong. The chip is asked for an answer first: luma keeps
every display that it was ever asked for until the process ends.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Literal

from PIL import Image, ImageChops

from drivers.display_care import DIM_S, Care, care
from drivers.display_line import COMMAND, DATA, I2cLine, Line, Part, Recording, SpiLine
from drivers.display_memory import STRIP_ROWS, DisplayMemory, Window
from drivers.interfaces import DISPLAY_SIZE, NO_KEYS, WIDE_SIZE, SoftKeys
from drivers.worker import Office

RETRY_S = 2.0

CONTRAST_MAX = 0xFF

NO_OPERATION = 0xE3
"""What the I2C chips answer and do nothing for."""

WIDE_FIRST = (480 - WIDE_SIZE[0]) // 2
"""The glass has the 256 columns in the middle of the 480 that an SSD1322 could have."""

WIDE_STEP = 4
"""Pixels that an SSD1322 addresses together."""

SH1106_FIRST = 2
"""The chip has 132 columns; the glass has the 128 in their middle."""


class DisplayError(OSError):
    """The display cannot be used; the text says why."""


@dataclass(frozen=True, slots=True)
class DisplayBus:
    """Which chip on which bus; pins (GPIO numbers) and clock are for SPI."""

    chip: Literal["sh1106", "ssd1306", "ssd1322"]
    bus: Literal["i2c", "spi"]
    port: int = 1
    address: int = 0x3C
    data_pin: int = 24
    reset_pin: int = 25
    clock_hz: int = 8_000_000
    contrast: int = 0xCF

    @property
    def size(self) -> tuple[int, int]:
        """Columns and rows of the glass."""
        return WIDE_SIZE if self.chip == "ssd1322" else DISPLAY_SIZE

    def __str__(self) -> str:
        """Say where it is, in words."""
        where = f"I2C bus {self.port} (0x{self.address:02X})"
        return f"{self.chip.upper()} on {where if self.bus == 'i2c' else f'SPI bus {self.port}'}"


class Oled:
    """The display of a board."""

    def __init__(self, bus: DisplayBus, office: Office) -> None:
        self.fault = ""
        self.size = bus.size
        self._bus, self._office = bus, office
        self._wanted = Image.new("1", self.size)
        self._memory = self._blank()
        self._chip: Any = None
        self._line: Line | None = None
        self._errors: tuple[type[Exception], ...] = (OSError,)
        self._open_at = 0.0
        self._touched, self._touched_at = True, 0.0
        self._contrast: int | None = None
        self._bright, self._dim_s = bus.contrast, DIM_S

    def show(self, image: Image.Image, words: tuple[str, ...], keys: SoftKeys = NO_KEYS) -> None:
        """Show a 1-bit image; words and keys are for parts that have them read out."""
        assert (image.mode, image.size) == ("1", self.size), f"{image.mode} {image.size}"
        self._wanted = image.copy()
        self._office.wake()

    def adjust(self, brightness: float, dim_s: float) -> None:
        """Be so bright in use, and dim when nobody touched it for so long."""
        self._bright, self._dim_s = round(CONTRAST_MAX * brightness), dim_s
        self._office.wake()

    def touch(self) -> None:
        """Be bright: somebody is there; from any thread."""
        self._touched = True
        self._office.wake()

    def step(self, now: float) -> float | None:
        """Bring the display to what is wanted."""
        if self._touched:
            self._touched, self._touched_at = False, now
        if self._chip is None and now < self._open_at:
            return self._open_at
        wish = care(self._touched_at, now, self._bright, self._dim_s)
        try:
            self._bring(wish)
        except DisplayError as error:
            return self._fail(now, str(error))
        except self._errors:
            return self._fail(now, f"{self._bus} does not answer")
        self.fault = ""
        return wish.until

    def close(self) -> None:
        """Be dark and let go of the bus."""
        chip, self._chip = self._chip, None
        if chip is not None:
            with suppress(*self._errors):  # It may be gone, and so is the picture.
                chip.cleanup()

    def _fail(self, now: float, words: str) -> float:
        line, self._line = self._line, None
        if line is not None:
            with suppress(*self._errors):
                line.cleanup()
        self._chip, self._contrast, self._memory = None, None, self._blank()
        self._open_at = now + RETRY_S
        self.fault = f"No display: {words}"
        return self._open_at

    def _blank(self) -> DisplayMemory:
        step = WIDE_STEP if self._bus.chip == "ssd1322" else 1
        return DisplayMemory(self.size[1] // STRIP_ROWS, step)

    def _bring(self, wish: Care) -> None:
        """Set the chip up where it is not; write; raise what `_errors` names, or `DisplayError`."""
        try:
            import luma.core.error  # noqa: PLC0415
            import luma.oled.device  # noqa: PLC0415
        except ImportError as error:
            raise DisplayError("luma.oled is not installed") from error
        self._errors = (OSError, luma.core.error.Error)
        line = self._line = self._line or self._open_line()
        with line.together():
            if self._chip is None:
                self._chip = _set_up(self._bus, line)
            self._write(line, wish)

    def _open_line(self) -> Line:
        bus = self._bus
        if bus.bus == "i2c":
            line = I2cLine(bus.port, bus.address)
            self._line = line  # It is let go of, also where nobody answers on it.
            line.command(NO_OPERATION)
            return line
        from luma.core.interface.serial import spi  # noqa: PLC0415

        try:
            pins = {"gpio_DC": bus.data_pin, "gpio_RST": bus.reset_pin}
            return SpiLine(spi(port=bus.port, bus_speed_hz=bus.clock_hz, **pins))
        except (ImportError, RuntimeError) as error:
            raise DisplayError(f"{bus}: {_first_line(error)}") from error

    def _write(self, line: Line, wish: Care) -> None:
        if wish.contrast != self._contrast:
            self._chip.contrast(wish.contrast)
            self._contrast = wish.contrast
        windows = self._memory.changes(_moved(self._wanted, wish.place))
        parts = [part for window in windows for part in WRITERS[self._bus.chip](window)]
        if parts:
            line.send(parts)


def _set_up(bus: DisplayBus, line: Line) -> Any:
    """Set a chip up by luma, dark; return it."""
    import luma.oled.device  # noqa: PLC0415

    wide = {"width": bus.size[0], "mode": "1"} if bus.chip == "ssd1322" else {}
    return getattr(luma.oled.device, bus.chip)(line, **wide)


def _moved(image: Image.Image, place: tuple[int, int]) -> Image.Image:
    """Return the picture moved to the right and down; what is moved out comes in elsewhere."""
    return ImageChops.offset(image, *place) if any(place) else image


def _sh1106(window: Window) -> Iterator[Part]:
    first = SH1106_FIRST + window.first
    yield COMMAND, bytes((0xB0 | window.strip, first & 0x0F, 0x10 | first >> 4))
    yield DATA, window.columns


def _ssd1306(window: Window) -> Iterator[Part]:
    places = (0x21, window.first, window.last - 1, 0x22, window.strip, window.strip)
    yield COMMAND, bytes(places)
    yield DATA, window.columns


def _ssd1322(window: Window) -> Iterator[Part]:
    """Four bits a pixel, row by row; what belongs to a command is data."""
    first, last = WIDE_FIRST + window.first, WIDE_FIRST + window.last
    top = window.strip * STRIP_ROWS
    yield COMMAND, b"\x15"
    yield DATA, bytes((first // WIDE_STEP, last // WIDE_STEP - 1))
    yield COMMAND, b"\x75"
    yield DATA, bytes((top, top + STRIP_ROWS - 1))
    yield COMMAND, b"\x5c"
    pairs = tuple(zip(window.columns[::2], window.columns[1::2], strict=True))
    rows = range(STRIP_ROWS)
    yield (
        DATA,
        bytes((a >> row & 1) * 0xF0 | (b >> row & 1) * 0x0F for row in rows for a, b in pairs),
    )


def recorded(bus: DisplayBus, image: Image.Image) -> list[Part]:
    """Return what sets a chip up and shows a picture there: for who has no driver yet."""
    line = Recording()
    _set_up(bus, line).contrast(bus.contrast)
    for window in DisplayMemory(bus.size[1] // STRIP_ROWS).changes(image):
        line.send(tuple(WRITERS[bus.chip](window)))
    return list(line.parts)


WRITERS: dict[str, Callable[[Window], Iterator[Part]]] = {
    "sh1106": _sh1106,
    "ssd1306": _ssd1306,
    "ssd1322": _ssd1322,
}


def _first_line(error: Exception) -> str:
    text = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return text.partition("\n")[0] or type(error).__name__
