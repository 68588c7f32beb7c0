"""The handset's process on a machine without its parts: `RPi.GPIO` and the display's bus are ours.

Keys and hook are moved by a thread of this process, as by a finger; what crosses the bus takes as
long as on I2C at 400 kHz, and is noted with its moment. Run by `handset.py`, which says on standard
input what to measure when the phone is registered; the figures are one line of JSON.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

from board.handset import HANDSETS
from drivers.voice import SoundCard
from firmware.runtime.options import Options
from firmware.runtime.start import run

BIT_S = 1 / 400_000
BITS = 9
"""Of a byte on I2C, its acknowledgement included."""

DATA = 0x40

PRESS_S, PAUSE_S = 0.06, 0.14
QUIET_S, LIMIT_S = 0.05, 5.0
"""A bus without a message for so long has drawn it all; and how long that is waited for."""

LETTERS, PAGES, LIFTS = 200, 40, 10
IDLE_S, SCAN_S = 30.0, 10.0
SETTLE_S = 3.0

ALL, START = "all", "start"
"""What is measured, besides when the first pixels were."""

WIRING = HANDSETS["handset"]


class Bus:
    """As `smbus2.SMBus`; every message with the moment of its end."""

    def __init__(self) -> None:
        self.messages: list[tuple[float, int]] = []
        self.first_pixels_at = 0.0  # Unix seconds.

    def write_i2c_block_data(self, address: int, mode: int, data: list[int]) -> None:
        self._cross(mode, bytes(data))

    def i2c_rdwr(self, message: Any) -> None:
        self._cross(message.data[0], bytes(message.data[1:]))

    def close(self) -> None:
        """Let go."""

    def _cross(self, mode: int, data: bytes) -> None:
        time.sleep((len(data) + 2) * BITS * BIT_S)
        if mode == DATA and not self.first_pixels_at and any(data):
            self.first_pixels_at = time.time()
        self.messages.append((time.perf_counter(), len(data) + 2))


class Gpio(ModuleType):
    """As `RPi.GPIO`: a key joins its row to its column, the lifted handset its pin to ground."""

    BCM, OUT, IN, LOW, HIGH, PUD_UP, BOTH = 11, 0, 1, 0, 1, 22, 33

    def __init__(self) -> None:
        super().__init__("RPi.GPIO")
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
        if channel == WIRING.hook.pin:
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
        places = [
            (WIRING.keypad.rows[row], WIRING.keypad.columns[column])
            for row, line in enumerate(WIRING.keypad.keys)
            for column, name in enumerate(line)
            if name == key
        ]
        before, self.key = self.key, places[0] if places else None
        self._edge((self.key or before or (0, 0))[1])

    def hook(self, lifted: bool) -> None:
        self.is_lifted = lifted
        self._edge(WIRING.hook.pin)

    def _edge(self, channel: int) -> None:
        if channel in self.edges:
            self.edges[channel](channel)


class Finger:
    """Moves what a person moves, and measures."""

    def __init__(self) -> None:
        self.gpio, self.bus = Gpio(), Bus()
        self.tone_at = 0.0
        package = ModuleType("RPi")
        package.GPIO = self.gpio  # type: ignore[attr-defined]
        smbus = ModuleType("smbus2")
        smbus.SMBus = lambda _: self.bus  # type: ignore[attr-defined]
        smbus.i2c_msg = SimpleNamespace(  # type: ignore[attr-defined]
            write=lambda address, data: SimpleNamespace(address=address, data=data)
        )
        sys.modules.update({"RPi": package, "RPi.GPIO": self.gpio, "smbus2": smbus})
        setattr(SoundCard, "give", lambda _, frame: self._hear(frame))  # noqa: B010 (of a class)

    def _hear(self, frame: bytes) -> None:
        if not self.tone_at and any(frame):
            self.tone_at = time.perf_counter()

    def work(self) -> None:
        """Measure, say it, and stop the phone."""
        try:
            wish = sys.stdin.readline().strip()
            time.sleep(SETTLE_S)
            found = {"first_pixels_at": self.bus.first_pixels_at}
            found |= self._figures() if wish == ALL else {}
            print(json.dumps(found), flush=True)
        finally:
            os.kill(os.getpid(), signal.SIGTERM)

    def _figures(self) -> dict[str, Any]:
        found: dict[str, Any] = {"idle": self._load(IDLE_S)}
        self.gpio.move("mute")
        found["scanning"] = self._load(SCAN_S)
        self.gpio.move("")
        time.sleep(PAUSE_S)
        self._press("5")
        found["letters"] = [self._press("1" if n % 2 else "soft2") for n in range(1, LETTERS + 1)]
        self._press("soft2")
        found["pages"] = [self._press("soft2") for _ in range(PAGES)]
        found["tones"] = [self._lift() for _ in range(LIFTS)]
        status = Path("/proc/self/status").read_text()
        found["rss_mib"] = int(status.partition("VmRSS:")[2].split()[0]) / 1024
        return found

    def _load(self, for_s: float) -> float:
        """Return the processor time of that while in percent."""
        before = time.process_time()
        time.sleep(for_s)
        return (time.process_time() - before) / for_s * 100

    def _press(self, key: str) -> tuple[float, int, int]:
        """Press a key; return seconds to the last pixel, messages and bytes of the bus."""
        self.bus.messages.clear()
        at = time.perf_counter()
        self.gpio.move(key)
        time.sleep(PRESS_S)
        self.gpio.move("")
        time.sleep(PAUSE_S)
        while not self.bus.messages or time.perf_counter() - self.bus.messages[-1][0] < QUIET_S:
            assert time.perf_counter() - at < LIMIT_S, f"{key}: nothing was drawn"
            time.sleep(QUIET_S)
        crossed = list(self.bus.messages)
        return crossed[-1][0] - at, len(crossed), sum(length for _, length in crossed)

    def _lift(self) -> float:
        """Lift the handset; return the seconds to the first frame of the dial tone."""
        self.tone_at = 0.0
        at = time.perf_counter()
        self.gpio.hook(lifted=True)
        time.sleep(1.0)
        self.gpio.hook(lifted=False)
        time.sleep(0.5)
        assert self.tone_at, "no dial tone"
        return self.tone_at - at


def main() -> int:
    """Run the phone beside the finger."""
    finger = Finger()
    threading.Thread(target=finger.work, daemon=True).start()
    config, state = map(Path, sys.argv[1:3])
    return asyncio.run(run(Options("handset", config, state)))


if __name__ == "__main__":
    sys.exit(main())
