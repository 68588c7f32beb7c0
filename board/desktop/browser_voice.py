"""The microphone and the loudspeaker of a browser, as the sound of the virtual handset.

Theory of operation
-------------------
    page --20 ms a message--> `hear` (event loop) -> ring -> `take` (the sound's thread)
    page <-20 ms a message--- `offer` (event loop)        <- `give` (the sound's thread)

One page at a time is the *line*; another one that asks takes it over. The owner keeps time, since
a page comes and goes. Browser and phone have clocks of their own: the ring begins to give at
`CUSHION` frames, and one that has got longer than `RING_MAX` is cut back to that. So frames are
lost every few minutes, and the delay never grows.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Protocol

from drivers.interfaces import FRAME_S, VoiceCounts, VoiceMode, VoiceWay

RATE = 48_000

FRAME_BYTES = round(RATE * FRAME_S) * 2

CUSHION = 3

RING_MAX = 10

NO_LINE = "no sound: the page's microphone is off"


class Line(Protocol):
    """The page that has the sound."""

    def offer(self, frame: bytes) -> None:
        """Queue a frame to be played there."""


class BrowserVoice:
    """A voice whose card is a page."""

    keeps_time = False
    rate = RATE
    frame_bytes = FRAME_BYTES

    def __init__(self) -> None:
        self._line: Line | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._captured: deque[bytes] = deque()
        self._is_filling = True  # The ring is: nothing is taken before there is a cushion.
        self._is_running = False
        self._late = self._dropped = 0

    @property
    def fault(self) -> str:
        return "" if self._line else NO_LINE

    @property
    def counts(self) -> VoiceCounts:
        return VoiceCounts(late=self._late, dropped=self._dropped)

    def use(self, mode: VoiceMode) -> VoiceWay:
        """A browser has one way; which part of the computer it is, the person has chosen there."""
        return VoiceWay()

    # On the sound's thread.

    def start(self, tick: Callable[[], None]) -> None:
        self._captured.clear()
        self._is_filling = self._is_running = True

    def stop(self) -> None:
        self._is_running = False

    def take(self) -> bytes:
        if self._is_filling and len(self._captured) < CUSHION:
            return bytes(FRAME_BYTES)
        self._is_filling = not self._captured
        if self._is_filling:
            self._late += self._line is not None
            return bytes(FRAME_BYTES)
        return self._captured.popleft()

    def give(self, frame: bytes) -> None:
        assert len(frame) == FRAME_BYTES, f"a frame of {len(frame)} bytes"
        line, loop = self._line, self._loop
        if line is not None and loop is not None:
            loop.call_soon_threadsafe(line.offer, frame)

    # On the event loop.

    @property
    def has_line(self) -> bool:
        """Tell whether a page has its microphone on."""
        return self._line is not None

    def connect(self, line: Line) -> None:
        """Let this page be the line from now on."""
        self._loop = asyncio.get_running_loop()
        self._line = line

    def disconnect(self, line: Line) -> None:
        """Be without a line, unless another page has taken over."""
        if line is self._line:
            self._line = None

    def hear(self, line: Line, frame: bytes) -> None:
        """Take in what the page's microphone heard."""
        if line is not self._line or not self._is_running:
            return
        self._captured.append(frame)
        if len(self._captured) > RING_MAX:
            while len(self._captured) > CUSHION:
                self._captured.popleft()
                self._dropped += 1
