"""`python -m board check`: walks through every part of a handset with whoever stands before it.

The parts are those that the phone itself uses, made from the same data. Each is tried, and the
person says what was seen or heard; what a part reports of itself is printed at the end.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from board.board import Board
from drivers.interfaces import FRAME_S, KEYS, LampPattern
from drivers.pictures import pictures

KEY_S = 20.0
"""How long a key is waited for."""

VOICE_S = 4.0

Ask = Callable[[str], Awaitable[bool]]
"""Puts a question to the person; true for yes."""

Say = Callable[[str], None]


class Check:
    """One walk; `failures` names what did not work."""

    def __init__(self, board: Board, ask: Ask, say: Say, key_s: float = KEY_S) -> None:
        self._board, self._ask, self._say, self._key_s = board, ask, say, key_s
        self._keys: asyncio.Queue[str] = asyncio.Queue()
        self._moves: asyncio.Queue[bool] = asyncio.Queue()
        self.failures: list[str] = []

    async def run(self) -> bool:
        """Try every part; return whether all of them work."""
        board = self._board
        board.keypad.listen(self._keys.put_nowait)
        board.hook.listen(self._moves.put_nowait)
        await self._display()
        board.lamp.show(LampPattern.FLASHING)
        await self._seen("lamp", "The lamp flashes")
        await self._ringer()
        await self._pressed()
        await self._moved()
        await self._voice()
        await self._serial()
        for trouble in board.troubles:
            self._say(trouble)
        words = ", ".join(self.failures)
        self._say(f"Did not work: {words}." if words else "Everything works.")
        return not self.failures

    async def _display(self) -> None:
        for name, image in pictures(self._board.display.size):
            self._board.display.show(image, (name,))
            await self._seen("display", f"The display shows {name}")

    async def _ringer(self) -> None:
        self._board.ringer.ring(True)
        await self._seen("ringer", "The ringer rings")
        self._board.ringer.ring(False)
        self._board.lamp.show(LampPattern.OFF)

    async def _seen(self, part: str, words: str) -> None:
        if not await self._ask(f"{words}?"):
            self._fail(part)

    async def _pressed(self) -> None:
        """Have each key pressed once; a wrong one is said by its name."""
        for key in KEYS:
            self._say(f"Press {key}")
            heard = await self._next(self._keys)
            if heard != key:
                self._fail(f"key {key}")
                self._say("Nothing was heard." if heard is None else f"That was {heard}.")

    async def _moved(self) -> None:
        for lifted, words in ((True, "Lift the handset"), (False, "Put it back")):
            self._say(words)
            if await self._next(self._moves) is not lifted:
                self._fail("hook switch")

    async def _voice(self) -> None:
        """Play back what the microphone hears, a frame later."""
        voice = self._board.voice
        self._say("Speak: you hear yourself in the earpiece")
        voice.start(lambda: voice.give(voice.take()))
        try:
            await asyncio.sleep(min(VOICE_S, self._key_s))
        finally:
            voice.stop()
        self._say(voice.fault or f"{voice.counts.late} of {int(VOICE_S / FRAME_S)} frames late")
        await self._seen("sound", "You heard yourself")

    async def _serial(self) -> None:
        """Wait for a key of the terminal at the other end."""
        serial = self._board.serial
        if serial is None:
            return
        keys: asyncio.Queue[bytes] = asyncio.Queue()
        serial.listen(keys.put_nowait)
        serial.start()
        try:
            serial.write(b"Press a key\r\n")
            self._say("Press a key on the serial terminal")
            heard = await self._next(keys)
            said = heard and heard[:40].decode(errors="replace")
            self._say(f"It said {said!r}" if said else serial.fault or "Nothing was heard.")
        finally:
            serial.stop()
        if not heard:
            self._fail("serial line")

    async def _next(self, queue: asyncio.Queue[Any]) -> Any:
        """Return what a part said, None where it says nothing in time."""
        try:
            return await asyncio.wait_for(queue.get(), self._key_s)
        except TimeoutError:
            return None

    def _fail(self, part: str) -> None:
        if part not in self.failures:
            self.failures.append(part)
