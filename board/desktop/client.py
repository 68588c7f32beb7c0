"""One open page: a WebSocket that is told what changed and says which keys were pressed.

To the page go *pixels* (a binary message: the frame buffer, row by row, eight pixels a byte) and
*state* (a JSON object: lamp, ringer, hook, words, faults), each only when it differs from what was
sent before. Nothing is queued: a page that reads slowly gets the newest picture next, not every
picture. The state also goes out every `BEAT_S`, so that the page can tell silence from stillness.

The page sends JSON objects of at most `MESSAGE_BYTES_MAX`. The first holds the token; the server
closes with a code that the page puts into words.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import struct
from collections.abc import Callable
from enum import IntEnum

from microdot.websocket import WebSocket, WebSocketError

MESSAGE_BYTES_MAX = 512
"""The longest message of a page is its token, about 50 bytes."""
TOKEN_S = 5.0
"""A page sends its token at once."""
BEAT_S = 2.0
"""The page takes three beats without a message for a lost connection."""

GONE = (OSError, EOFError, WebSocketError)
"""The ways in which a page is found to have gone away."""


class CloseCode(IntEnum):
    """Why the server closes a WebSocket (RFC 6455 7.4; from 4000 on they are our own)."""

    GOING_AWAY = 1001
    BAD_MESSAGE = 1008
    WRONG_TOKEN = 4401
    TAKEN_OVER = 4409
    TOO_MANY_PAGES = 4429


class BadMessageError(ValueError):
    """A page sent what no page of ours sends."""


class Client:
    """The server's end of one page."""

    def __init__(self, socket: WebSocket) -> None:
        socket.max_message_length = MESSAGE_BYTES_MAX
        self._socket = socket
        self._news = asyncio.Event()

    def changed(self) -> None:
        """Look again at what there is to send."""
        self._news.set()

    async def receive(self) -> dict[str, object]:
        """Return the next message; raise one of `GONE`, or `BadMessageError`."""
        try:
            message = json.loads(await self._socket.receive())
        except (ValueError, RecursionError) as error:
            raise BadMessageError("not JSON") from error
        if not isinstance(message, dict):
            raise BadMessageError("not an object")
        return message

    async def receive_token(self) -> object:
        """Return the token that the page begins with, None where it does not."""
        async with asyncio.timeout(TOKEN_S):
            return (await self.receive()).get("token")

    async def push(self, state: Callable[[], str], pixels: Callable[[], bytes]) -> None:
        """Send what changes until the page is gone."""
        shown, said = b"", ""
        while True:
            self._news.clear()
            if (frame := pixels()) != shown:
                await self._socket.send(frame)
                shown = frame
            if (words := state()) != said:
                await self._socket.send(words)
                said = words
            try:
                async with asyncio.timeout(BEAT_S):
                    await self._news.wait()
            except TimeoutError:
                said = ""  # The beat: say it again.

    async def close(self, code: CloseCode) -> None:
        """Say why, and close."""
        await close(self._socket, code)


async def close(socket: WebSocket, code: CloseCode) -> None:
    """Say why, and close; nobody minds where the page is gone already."""
    with contextlib.suppress(*GONE):
        await socket.send(struct.pack("!H", code), WebSocket.CLOSE)
