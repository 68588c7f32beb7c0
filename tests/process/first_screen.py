"""A phone with fake parts that tells what its process has done when the first picture is shown.

`test_first_screen.py` runs it: `python -m tests.process.first_screen CONFIG STATE`. While the board
begins somebody presses a key; the phone is stopped when that key has been answered.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import board.board as boards
from board.board import Board
from drivers.fakes import FakeDisplay, FakeHook, FakeKeypad, FakeLamp, FakeRinger, FakeVoice
from firmware.runtime.options import Options
from firmware.runtime.start import run

KEY = "7"

connected: list[object] = []
"""Where this process has called."""


class Service:
    """Presses a key while the board begins."""

    address = ""
    ended = False

    def __init__(self, keypad: FakeKeypad) -> None:
        self.keypad = keypad

    async def start(self) -> None:
        asyncio.get_running_loop().call_soon_threadsafe(self.keypad.press, KEY)

    async def stop(self) -> None:
        """Nothing runs."""


def main() -> int:
    """Run the phone; print what was so at the first picture, and the words of every picture."""
    at_connect = set[str]()

    def heard(name: str, about: tuple[Any, ...]) -> None:
        if name == CONNECT:
            at_connect.update([] if connected else sys.modules)
            connected.append(about[1])

    sys.addaudithook(heard)
    first: dict[str, Any] = {}
    shown: list[tuple[str, ...]] = []

    def changed() -> None:
        shown.append(display.words)
        if not first:
            first.update(loaded=sorted(sys.modules), connected=len(connected))
        if any(KEY in line for line in display.words):
            os.kill(os.getpid(), signal.SIGTERM)

    display, keypad = FakeDisplay(changed), FakeKeypad()
    parts = Board(keypad, FakeHook(), FakeLamp(), FakeRinger(), display, FakeVoice())
    boards.open_board = lambda *_, **__: replace(parts, service=Service(keypad))
    status = asyncio.run(run(Options("fakes", Path(sys.argv[1]), Path(sys.argv[2]))))
    first.update(loaded_at_connect=sorted(at_connect), connected_in_the_end=len(connected))
    print(json.dumps({**first, "shown": shown}))
    return status


CONNECT = "socket.connect"

if __name__ == "__main__":
    sys.exit(main())
