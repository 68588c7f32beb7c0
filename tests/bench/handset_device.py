"""The handset's process on a machine without its parts: pins and the display's bus are ours.

Run by `handset.py` and `boot.py` with a board, a folder of configuration, one of state and what is
to be measured. The figures are one line of JSON. What is not needed at the start is imported later,
as in the phone itself: the start is measured.
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
from typing import Any

from board.handset import HANDSETS
from firmware.runtime.options import Options
from firmware.runtime.start import run
from tests.bench.handset_parts import Bus, Call, Gpio, install

PRESS_S, PAUSE_S = 0.06, 0.14
QUIET_S, LIMIT_S = 0.05, 5.0
"""A bus without a message for so long has drawn it all; and how long that is waited for."""

LETTERS, PAGES, LIFTS = 100, 100, 10
IDLE_S, SCAN_S = 30.0, 10.0
SETTLE_S = 3.0

ALL, START, FIRST, SCREEN, REGISTERED = "all", "start", "first", "screen", "registered"
"""What is measured: everything, or the moments of a start. Or nothing: all is loaded once, so that
it is compiled; or the process ends as soon as the first screen stands, or when it is told on its
standard input that it is registered."""


class Finger:
    """Moves what a person moves, and measures."""

    def __init__(self, board: str, wish: str) -> None:
        self.wish = wish
        wiring = HANDSETS[board]
        self.gpio = Gpio(wiring)
        self.bus = Bus(self.gpio, wiring, self._first_screen)
        self.bus.takes_time = wish in {
            ALL,
            START,
            FIRST,
        }  # Else instructions are counted: nobody waits.
        install(self.gpio, self.bus)
        self.tone_at = 0.0
        self.frames: list[list[Call]] = []
        self.moments: dict[str, float] = {}
        """Unix seconds: when the first screen stood, when this process first called a proxy."""
        sys.addaudithook(self._audit)

    def _first_screen(self) -> None:
        self.moments["screen_at"] = time.time()
        if self.wish == SCREEN:
            os._exit(0)

    def _audit(self, event: str, arguments: tuple[Any, ...]) -> None:
        if event == "socket.connect":
            self.moments.setdefault("called_at", time.time())

    def work(self) -> None:
        """Measure, say it, and stop the phone."""
        sys.stdin.readline()
        if self.wish == REGISTERED:
            os._exit(0)
        if self.wish == SCREEN:
            return
        try:
            time.sleep(SETTLE_S)
            self._look()
            if self.wish == FIRST:
                self._lift()
            figures = self._figures() if self.wish == ALL else {}
            print(json.dumps({**self.moments, **figures}), flush=True)
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

    def _look(self) -> None:
        """See what is drawn and heard from now on."""
        from drivers.display import Oled
        from drivers.voice import SoundCard

        step: Callable[[Oled, float], float | None] = Oled.step

        def stepped(oled: Oled, now: float) -> float | None:
            before = len(self.bus.calls)
            until = step(oled, now)
            if drawn := self.bus.calls[before:]:
                self.frames.append(drawn)
            return until

        setattr(Oled, "step", stepped)  # noqa: B010 (of a class)
        setattr(SoundCard, "give", lambda _, frame: self._hear(frame))  # noqa: B010

    def _hear(self, frame: bytes) -> None:
        if not self.tone_at and any(frame):
            self.tone_at = time.perf_counter()

    def _load(self, for_s: float) -> float:
        """Return the processor time of that while in percent."""
        before = time.process_time()
        time.sleep(for_s)
        return (time.process_time() - before) / for_s * 100

    def _press(self, key: str) -> tuple[float, int, int]:
        """Press a key; return seconds to the last pixel of its picture, messages and bytes."""
        self.frames.clear()
        at = time.perf_counter()
        self.gpio.move(key)
        time.sleep(PRESS_S)
        self.gpio.move("")
        time.sleep(PAUSE_S)
        while not self.frames or time.perf_counter() - self.frames[-1][-1].at < QUIET_S:
            assert time.perf_counter() - at < LIMIT_S, f"{key}: nothing was drawn"
            time.sleep(QUIET_S)
        frame = self.frames[0]  # A later one is that of an age that counts on.
        sizes = sum(call.messages for call in frame), sum(call.length for call in frame)
        return frame[-1].at - at, *sizes

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
    board, config, state, wish = sys.argv[1:5]
    finger = Finger(board, wish)
    threading.Thread(target=finger.work, daemon=True).start()
    return asyncio.run(run(Options(board, Path(config), Path(state))))


if __name__ == "__main__":
    sys.exit(main())
