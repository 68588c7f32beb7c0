"""The display through luma itself and a bus that records: golden traffic, diffs, faults, care."""

from __future__ import annotations

import hashlib
import sys
from types import ModuleType, SimpleNamespace

import pytest
from PIL import Image, ImageChops, ImageDraw

from board.handset import HANDSETS
from drivers.display import RETRY_S, DisplayBus, Oled, recorded
from drivers.display_care import DIM_CONTRAST, DIM_S, PLACES, WANDER_S, WANDER_STEP_S, care
from drivers.display_memory import DisplayMemory, strip_bytes
from drivers.interfaces import DISPLAY_SIZE, WIDE_SIZE, Display
from tests.unit.drivers.circuit import Desk

I2C_COMMAND, I2C_DATA = 0x00, 0x40


class I2cBus:
    """As `smbus2.SMBus`: what crosses it, and a plug."""

    unplugged = False
    missing = False
    opened = 0
    calls = 0
    traffic: list[tuple[int, bytes]] = []  # noqa: RUF012 (of all of them, by a test's wish)

    def __init__(self, port: int) -> None:
        if I2cBus.missing:
            raise FileNotFoundError(2, "No such file or directory", f"/dev/i2c-{port}")
        assert port == 1
        I2cBus.opened += 1

    def i2c_rdwr(self, *messages: SimpleNamespace) -> None:
        assert 1 <= len(messages) <= 42, "the kernel takes no more in one call"
        I2cBus.calls += 1
        for message in messages:
            self._write(message.address, message.data[0], bytes(message.data[1:]))

    def close(self) -> None:
        I2cBus.opened -= 1

    def _write(self, address: int, mode: int, data: bytes) -> None:
        assert address == 0x3C
        if I2cBus.unplugged:
            raise OSError(121, "Remote I/O error")
        I2cBus.traffic.append((mode, data))


class SpiBus:
    """As `spidev.SpiDev`; which of command and data a byte is, a pin says."""

    fails = False

    def __init__(self, desk: Desk, traffic: list[tuple[int, bytes]]) -> None:
        self.desk, self.traffic = desk, traffic
        self.max_speed_hz = 0

    def open(self, port: int, device: int) -> None:
        assert (port, device) == (0, 0)

    def writebytes(self, data: list[int]) -> None:
        if self.fails:
            raise OSError(110, "Connection timed out")
        self.traffic.append((I2C_DATA if self.desk.circuit.driven[4] else 0, bytes(data)))

    def close(self) -> None:
        """Let go."""


class Glass:
    """A display in simulated time, and what its chip holds after the traffic."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, bus: DisplayBus) -> None:
        self.desk = Desk(monkeypatch)
        self.traffic: list[tuple[int, bytes]] = []
        I2cBus.traffic, I2cBus.unplugged, I2cBus.missing, I2cBus.opened = (
            self.traffic,
            False,
            False,
            0,
        )
        smbus = ModuleType("smbus2")
        smbus.SMBus = I2cBus  # type: ignore[attr-defined]
        smbus.i2c_msg = SimpleNamespace(  # type: ignore[attr-defined]
            write=lambda address, data: SimpleNamespace(address=address, data=data)
        )
        monkeypatch.setitem(sys.modules, "smbus2", smbus)
        spidev = ModuleType("spidev")
        self.spi = SpiBus(self.desk, self.traffic)
        spidev.SpiDev = lambda: self.spi  # type: ignore[attr-defined]
        monkeypatch.setitem(sys.modules, "spidev", spidev)
        monkeypatch.setattr("atexit.register", lambda _: None)  # luma's, for every display ever.
        self.desk.module.setup = self._setup  # type: ignore[assignment, method-assign]
        self.oled = Oled(bus, self.desk)

    def _setup(self, channel: int, direction: int) -> None:
        self.desk.circuit.driven[channel] = False

    def run(self, until: float) -> list[tuple[int, bytes]]:
        """Let time pass; return what crossed the bus."""
        self.traffic.clear()
        self.desk.run(self.oled.step, until)
        return list(self.traffic)


I2C = DisplayBus("sh1106", "i2c")
BUSES = {
    "sh1106": I2C,
    "ssd1306": DisplayBus("ssd1306", "i2c"),
    "ssd1322": DisplayBus("ssd1322", "spi", port=0, data_pin=4, reset_pin=7),
}


def picture(*boxes: tuple[int, int, int, int], size: tuple[int, int] = DISPLAY_SIZE) -> Image.Image:
    image = Image.new("1", size)
    for box in boxes:
        ImageDraw.Draw(image).rectangle(box, fill=1)
    return image


def sh1106_memory(traffic: list[tuple[int, bytes]], memory: Image.Image) -> Image.Image:
    """Do what the chip does with what it is sent; return what the glass shows."""
    page = column = 0
    for mode, data in traffic:
        if mode == I2C_COMMAND and data and data[0] & 0xF0 == 0xB0:
            page, column = data[0] & 0x0F, (data[1] & 0x0F | (data[2] & 0x0F) << 4) - 2
        elif mode == I2C_DATA:
            for byte in data:
                for row in range(8):
                    memory.putpixel((column, page * 8 + row), byte >> row & 1)
                column += 1
    return memory


def ssd1322_memory(traffic: list[tuple[int, bytes]], memory: Image.Image) -> Image.Image:
    """Do what the wide chip does; its glass has the columns from 28 on, four pixels each."""
    command, window = 0, {0x15: b"\0\0", 0x75: b"\0\0"}
    for mode, data in traffic:
        if mode != I2C_DATA:
            command = data[0]
        elif command in window:
            window[command] = data
        elif command == 0x5C:
            (first, last), top = window[0x15], window[0x75][0]
            across = (last - first + 1) * 2  # Two pixels a byte.
            for number, byte in enumerate(data):
                x, y = (first - 28) * 4 + number % across * 2, top + number // across
                memory.putpixel((x, y), byte >> 4 == 0xF)
                memory.putpixel((x + 1, y), byte & 0xF == 0xF)
    return memory


def test_the_wide_chip_holds_the_whole_width_of_the_picture(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    glass = Glass(monkeypatch, BUSES["ssd1322"])
    memory = picture(size=WIDE_SIZE)
    assert glass.oled.size == WIDE_SIZE
    for number, boxes in enumerate(
        [
            [(0, 0, 255, 63), (3, 3, 9, 40)],
            [(5, 7, 170, 8), (200, 60, 255, 63)],
            [(6, 7, 171, 8), (255, 0, 255, 0)],
            [],
        ]
    ):
        image = picture(*boxes, size=WIDE_SIZE)
        glass.oled.show(image, ())
        memory = ssd1322_memory(glass.run(1 + number), memory)
        assert memory.tobytes() == image.tobytes()


def test_what_is_recorded_sets_the_chip_up_and_shows_the_picture() -> None:
    image = picture((3, 3, 9, 40), (100, 60, 127, 63))
    parts = recorded(I2C, image)
    assert sh1106_memory(parts, picture()).tobytes() == image.tobytes()
    switched = [data for mode, data in parts if mode == I2C_COMMAND and data in {b"\xae", b"\xaf"}]
    assert switched[-1] == b"\xaf", "it is on"


def test_a_picture_of_another_size_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    for chip, size in (("ssd1322", DISPLAY_SIZE), ("sh1106", WIDE_SIZE)):
        with pytest.raises(AssertionError):
            Glass(monkeypatch, BUSES[chip]).oled.show(picture(size=size), ())


def test_the_wide_display_is_cared_for_and_recovers_too(monkeypatch: pytest.MonkeyPatch) -> None:
    glass = Glass(monkeypatch, BUSES["ssd1322"])
    image = picture((0, 0, 9, 9), (250, 60, 255, 63), size=WIDE_SIZE)
    glass.oled.show(image, ())
    glass.run(1)
    assert [(mode, data.hex()) for mode, data in glass.run(DIM_S + 1)] == [
        (0, "c1"),
        (I2C_DATA, f"{DIM_CONTRAST:02x}"),
    ]
    blank = picture(size=WIDE_SIZE)
    moved = ssd1322_memory(glass.run(WANDER_S + 1), image.copy())
    assert moved.tobytes() == ImageChops.offset(image, 1, 0).tobytes()
    monkeypatch.setattr(SpiBus, "fails", True)
    glass.oled.touch()
    glass.run(WANDER_S + 10)
    assert glass.oled.fault == "No display: SSD1322 on SPI bus 0 does not answer"
    monkeypatch.setattr(SpiBus, "fails", False)
    memory = ssd1322_memory(glass.run(WANDER_S + 10 + RETRY_S), blank)
    assert (memory.tobytes(), glass.oled.fault) == (image.tobytes(), "")


def test_what_the_chip_holds_is_the_picture(monkeypatch: pytest.MonkeyPatch) -> None:
    glass = Glass(monkeypatch, I2C)
    memory = picture()
    pictures = [
        picture((0, 0, 127, 63), (3, 3, 9, 40)),
        picture((5, 7, 70, 8), (100, 60, 127, 63)),
        picture((5, 7, 71, 8)),
        picture(),
    ]
    display: Display = glass.oled
    for number, image in enumerate(pictures):
        display.show(image, ())
        memory = sh1106_memory(glass.run(1 + number), memory)
        assert memory.tobytes() == image.tobytes()


def test_on_spi_the_small_chip_holds_the_picture_too(monkeypatch: pytest.MonkeyPatch) -> None:
    bus = HANDSETS["handset-spi"].display
    assert (bus.chip, bus.clock_hz) == ("sh1106", 4_000_000), "as fast as that chip may"
    glass = Glass(monkeypatch, bus)
    memory = picture()
    for number, box in enumerate([(0, 0, 127, 63), (5, 7, 70, 8), (100, 60, 127, 63)]):
        glass.oled.show(picture(box), ())
        memory = sh1106_memory(glass.run(1 + number), memory)
        assert memory.tobytes() == picture(box).tobytes()
    assert glass.spi.max_speed_hz == 4_000_000


GOLDEN_CHANGE = {
    "sh1106": ["00 b2 02 10", "40 01 ff", "00 b3 06 14", "40 80"],
    "ssd1306": ["00 21 00 01 22 02 02", "40 01 ff", "00 21 44 44 22 03 03", "40 80"],
    "ssd1322": [
        *("00 15", "40 1c 1c", "00 75", "40 10 17", "00 5c"),
        "40 ff 00 0f 00 0f 00 0f 00 0f 00 0f 00 0f 00 0f 00",
        *("00 15", "40 2d 2d", "00 75", "40 18 1f", "00 5c"),
        "40 00 00 00 00 00 00 00 00 00 00 00 00 00 00 f0 00",
    ],
}


@pytest.mark.parametrize("chip", BUSES)
def test_only_what_changed_crosses_the_bus(monkeypatch: pytest.MonkeyPatch, chip: str) -> None:
    glass = Glass(monkeypatch, BUSES[chip])
    size = glass.oled.size
    glass.oled.show(picture(size=size), ())
    glass.run(1)
    image = picture((0, 16, 0, 16), (1, 16, 1, 23), (68, 31, 68, 31), size=size)
    glass.oled.show(image, ())
    crossed = [f"{mode:02x} {data.hex(' ')}" for mode, data in glass.run(2)]
    assert crossed == GOLDEN_CHANGE[chip]
    glass.oled.show(image.copy(), ())
    assert glass.run(3) == []


GOLDEN_START = {
    "sh1106": (37, 2127, "9db4208c5d1f"),
    "ssd1306": (23, 2130, "806089e1dd57"),
    "ssd1322": (94, 16489, "df73473ebb72"),
}


@pytest.mark.parametrize("chip", BUSES)
def test_the_traffic_of_a_start_and_a_first_picture(
    monkeypatch: pytest.MonkeyPatch, chip: str
) -> None:
    """How many messages, bytes, and their digest: luma's set-up, then the picture."""
    glass = Glass(monkeypatch, BUSES[chip])
    glass.oled.show(picture((10, 10, 50, 30), size=glass.oled.size), ())
    crossed = glass.run(1)
    digest = hashlib.sha256(repr(crossed).encode()).hexdigest()[:12]
    assert (len(crossed), sum(len(data) for _, data in crossed), digest) == GOLDEN_START[chip]


def test_a_picture_crosses_an_i2c_bus_in_one_call_of_the_kernel(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    glass = Glass(monkeypatch, I2C)
    I2cBus.calls = 0
    assert len(glass.run(1)) == 37, "the set-up and the first picture"
    assert I2cBus.calls == 2, "is anybody there, and all the rest"
    for number, boxes in enumerate([[(0, 0, 127, 63)], [(0, 0, 9, 63), (60, 0, 70, 63)]]):
        before = I2cBus.calls
        glass.oled.show(picture(*boxes), ())
        assert len(glass.run(2 + number)) >= 16
        assert I2cBus.calls == before + 1
    glass.oled.show(picture(*[(column, 0, column, 63) for column in range(0, 128, 20)]), ())
    assert len(glass.run(10)) == 2 * 8 * 7, "more than one call may hold: nothing is left out"


def test_pictures_do_not_queue(monkeypatch: pytest.MonkeyPatch) -> None:
    glass = Glass(monkeypatch, I2C)
    glass.run(1)
    for row in range(64):
        glass.oled.show(picture((0, 0, 127, row)), ())
    assert len([1 for mode, _ in glass.run(2) if mode == I2C_DATA]) == 8


def test_a_display_that_is_not_there_is_said_and_found_later(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    glass = Glass(monkeypatch, I2C)
    I2cBus.unplugged = True
    glass.oled.show(picture((0, 0, 5, 5)), ())
    glass.run(60)
    assert glass.oled.fault == "No display: SH1106 on I2C bus 1 (0x3C) does not answer"
    assert I2cBus.opened == 0  # No try leaves a bus open.
    I2cBus.unplugged = False
    memory = sh1106_memory(glass.run(60 + RETRY_S), picture())
    assert memory.tobytes() == picture((0, 0, 5, 5)).tobytes()
    assert glass.oled.fault == ""


def test_a_bus_error_in_the_middle_is_recovered_from(monkeypatch: pytest.MonkeyPatch) -> None:
    glass = Glass(monkeypatch, I2C)
    glass.oled.show(picture((0, 0, 127, 63)), ())
    memory = sh1106_memory(glass.run(1), picture())
    I2cBus.unplugged = True
    glass.oled.show(picture((0, 0, 60, 60)), ())
    glass.run(2)
    assert glass.oled.fault
    I2cBus.unplugged = False
    glass.oled.show(picture((0, 0, 61, 60)), ())
    memory = sh1106_memory(glass.run(10), memory)
    assert memory.tobytes() == picture((0, 0, 61, 60)).tobytes()
    assert glass.oled.fault == ""
    assert I2cBus.opened == 1


def test_a_machine_without_the_bus_or_without_luma(monkeypatch: pytest.MonkeyPatch) -> None:
    glass = Glass(monkeypatch, I2C)
    I2cBus.missing = True
    glass.run(1)
    assert glass.oled.fault == "No display: SH1106 on I2C bus 1 (0x3C) does not answer"
    monkeypatch.setitem(sys.modules, "luma.oled.device", None)
    glass.run(10)
    assert glass.oled.fault == "No display: luma.oled is not installed"
    glass.oled.close()


def test_spi_without_its_module_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    glass = Glass(monkeypatch, BUSES["ssd1322"])
    monkeypatch.setitem(sys.modules, "spidev", None)
    glass.run(1)
    assert "SSD1322 on SPI bus 0: " in glass.oled.fault
    assert "spidev" in glass.oled.fault


def contrasts(traffic: list[tuple[int, bytes]]) -> list[int]:
    return [data[1] for mode, data in traffic if mode == I2C_COMMAND and data[0] == 0x81]


def test_a_display_nobody_touches_is_dim_then_wanders_and_is_never_off(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    glass = Glass(monkeypatch, I2C)
    glass.oled.show(picture((0, 0, 9, 9)), ())
    memory = sh1106_memory(glass.run(1), picture())
    assert contrasts(glass.run(DIM_S + 1)) == [DIM_CONTRAST]
    assert glass.run(WANDER_S - 1) == []
    places = []
    for number in range(5):
        memory = sh1106_memory(glass.run(WANDER_S + (number + 0.5) * WANDER_STEP_S), memory)
        places.append(memory.getbbox())
    assert places == [
        (1, 0, 11, 10),
        (1, 1, 11, 11),
        (0, 1, 10, 11),
        (0, 0, 10, 10),
        (1, 0, 11, 10),
    ]
    glass.oled.touch()
    traffic = glass.run(WANDER_S * 2)
    assert contrasts(traffic)[0] == 0xCF
    assert 0xAE not in [data[0] for mode, data in traffic if mode == I2C_COMMAND]


def test_care_of_a_display_by_the_clock() -> None:
    assert care(100, 100, 200).contrast == 200
    assert care(100, 100 + DIM_S, 4).contrast == 4  # Darker than dim already.
    for second in range(0, 4000, 7):
        wish = care(0, second, 200)
        assert wish.until > second
        assert wish.place in PLACES
        assert care(0, wish.until - 0.001, 200) == wish


def test_a_display_is_as_bright_and_dims_as_late_as_is_wanted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    glass = Glass(monkeypatch, I2C)
    glass.run(1)
    glass.traffic.clear()
    glass.oled.adjust(0.5, 300)
    assert contrasts(glass.run(2)) == [0x80]
    glass.traffic.clear()
    assert contrasts(glass.run(299)) == []
    assert contrasts(glass.run(302)) == [DIM_CONTRAST]
    glass.traffic.clear()
    glass.oled.adjust(0.5, 0)
    assert contrasts(glass.run(3000)) == [0x80]
    for dim_s in (0, 30, 3600):
        for second in range(0, 9000, 7):
            wish = care(0, second, 200, dim_s)
            assert wish.until > second
            assert (wish.contrast == DIM_CONTRAST) == bool(dim_s and second >= dim_s)
            assert (wish.place == PLACES[0]) or second >= max(WANDER_S, dim_s)


def test_a_display_that_is_closed_is_dark(monkeypatch: pytest.MonkeyPatch) -> None:
    glass = Glass(monkeypatch, I2C)
    glass.run(1)
    glass.traffic.clear()
    glass.oled.close()
    assert glass.traffic[0] == (I2C_COMMAND, b"\xae")
    assert I2cBus.opened == 0
    glass.oled.close()


def test_small_gaps_are_written_and_large_ones_are_not() -> None:
    memory = DisplayMemory(8)
    list(memory.changes(picture()))
    found = list(memory.changes(picture((3, 0, 3, 0), (10, 0, 10, 0), (40, 0, 40, 0))))
    assert [(one.strip, one.first, one.last) for one in found] == [(0, 3, 11), (0, 40, 41)]
    assert strip_bytes(picture((2, 8, 2, 9)), 1)[2] == 0b11
