"""The sound of a page: a WebSocket of 20 ms frames each way, signed 16-bit samples at 48 kHz.

The first message is the token, as on the page's other WebSocket. A message that is no frame ends
it. What the page does not read in time is forgotten, the oldest first.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable

from microdot.websocket import WebSocket

from board.desktop.browser_voice import FRAME_BYTES, RING_MAX
from board.desktop.client import BadMessageError


class SoundLine:
    """The server's end, behind the token."""

    def __init__(self, socket: WebSocket) -> None:
        socket.max_message_length = FRAME_BYTES
        self._socket = socket
        self._frames: deque[bytes] = deque(maxlen=RING_MAX)
        self._news = asyncio.Event()

    def offer(self, frame: bytes) -> None:
        """Queue a frame to be played."""
        self._frames.append(frame)
        self._news.set()

    async def push(self) -> None:
        """Send what is to be played until the page is gone."""
        while True:
            self._news.clear()
            while self._frames:
                await self._socket.send(self._frames.popleft())
            await self._news.wait()

    async def listen(self, hear: Callable[[bytes], None]) -> None:
        """Give away what is heard, frame by frame; raise `BadMessageError` at anything else."""
        while True:
            frame = await self._socket.receive()
            if not isinstance(frame, bytes) or len(frame) != FRAME_BYTES:
                raise BadMessageError("no frame of sound")
            hear(frame)
