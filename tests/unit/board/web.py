"""A browser's end of HTTP and WebSocket, down to the bytes, with nothing a browser would hide."""

from __future__ import annotations

import asyncio
import contextlib
import json
import struct
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

from board.board import Board, open_board

TEXT, BINARY, CLOSE = 1, 2, 8


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes


@contextlib.asynccontextmanager
async def running(**options: Any) -> AsyncIterator[Board]:
    board = open_board("desktop", **options)
    await board.start()
    try:
        yield board
    finally:
        await board.stop()


def port_of(board: Board) -> int:
    return int(board.address.split(":")[2].split("/")[0])


def token_of(board: Board) -> str:
    return board.address.split("#")[1]


async def exchange(port: int, request: bytes) -> bytes:
    """Send bytes and return everything that comes back."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(request)
        async with asyncio.timeout(5):
            return await reader.read()
    finally:
        writer.close()


async def get(board: Board, path: str = "/", host: str = "", **headers: str) -> Answer:
    """Ask for a path as a browser does; `origin="..."` and so on add headers."""
    port = port_of(board)
    lines = [f"GET {path} HTTP/1.1", f"Host: {host or f'127.0.0.1:{port}'}"]
    lines += [f"{name.replace('_', '-').title()}: {value}" for name, value in headers.items()]
    head, _, body = (await exchange(port, encode(lines))).partition(b"\r\n\r\n")
    first, *rest = head.decode().split("\r\n")
    fields = dict(line.split(": ", 1) for line in rest)
    return Answer(int(first.split()[1]), fields, body)


def encode(lines: list[str]) -> bytes:
    return "\r\n".join([*lines, "", ""]).encode("latin-1")


class Page:
    """A WebSocket as a page has it."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer
        self.status = 0

    @classmethod
    async def open(
        cls, board: Board, host: str = "", origin: str | None = None, path: str = "/live"
    ) -> Page:
        """Open it; `status` is 101 where the server agreed. `origin=""` sends none."""
        port = port_of(board)
        page = cls(*await asyncio.open_connection("127.0.0.1", port))
        host = host or f"127.0.0.1:{port}"
        lines = [f"GET {path} HTTP/1.1", f"Host: {host}", "Upgrade: websocket"]
        lines += ["Connection: keep-alive, Upgrade", "Sec-WebSocket-Version: 13"]
        lines += ["Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="]
        if origin != "":
            lines.append(f"Origin: {origin or f'http://{host}'}")
        page.writer.write(encode(lines))
        async with asyncio.timeout(5):
            head = await page.reader.readuntil(b"\r\n\r\n")
        page.status = int(head.split()[1])
        return page

    @classmethod
    async def let_in(cls, board: Board) -> Page:
        """Open it and show the token."""
        page = await cls.open(board)
        page.say(token=token_of(board))
        return page

    def say(self, **message: object) -> None:
        self.send(json.dumps(message).encode())

    def send(self, payload: bytes, opcode: int = TEXT) -> None:
        length = len(payload)
        size = bytes([0x80 | length]) if length < 126 else b"\xfe" + struct.pack("!H", length)
        self.writer.write(bytes([0x80 | opcode]) + size + bytes(4) + payload)

    async def receive(self) -> tuple[int, bytes]:
        async with asyncio.timeout(5):
            first, length = await self.reader.readexactly(2)
            if length == 126:
                (length,) = struct.unpack("!H", await self.reader.readexactly(2))
            return first & 15, await self.reader.readexactly(length)

    async def next_pixels(self) -> bytes:
        while True:
            opcode, payload = await self.receive()
            if opcode == BINARY:
                return payload

    async def next_state(self) -> dict[str, Any]:
        while True:
            opcode, payload = await self.receive()
            if opcode == TEXT:
                state: dict[str, Any] = json.loads(payload)
                return state

    async def state_where(self, **wanted: object) -> dict[str, Any]:
        """Return the first state in which these fields are so."""
        while True:
            state = await self.next_state()
            if wanted.items() <= state.items():
                return state

    async def close_code(self) -> int:
        """Return why the server closes, whatever it said before."""
        while True:
            opcode, payload = await self.receive()
            if opcode == CLOSE:
                code: int = struct.unpack("!H", payload)[0]
                return code

    async def close(self) -> None:
        self.writer.close()
        with contextlib.suppress(OSError):
            await self.writer.wait_closed()
