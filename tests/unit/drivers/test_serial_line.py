"""The serial line over a pty: lines, garbage, a terminal that is full, a plug that is pulled."""

from __future__ import annotations

import asyncio
import os
import sys
import tty
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from drivers import serial_line
from drivers.interfaces import SerialLine
from drivers.serial_line import LINE_MAX, QUEUE_MAX, SerialPortLine

WAIT_S = 20.0


class Terminal:
    """The far end of the wire."""

    def __init__(self) -> None:
        self.far, self.near = os.openpty()
        tty.setraw(self.near)
        tty.setraw(self.far)
        os.set_blocking(self.far, False)
        self.line = SerialPortLine(os.ttyname(self.near), 115_200)
        self.heard: list[str] = []
        self.line.listen(self.heard.append)
        part: SerialLine = self.line
        part.start()

    def read(self) -> bytes:
        try:
            return os.read(self.far, 65_536)
        except BlockingIOError:
            return b""


@contextmanager
def terminal() -> Iterator[Terminal]:
    end = Terminal()
    try:
        yield end
    finally:
        end.line.stop()
        for number in (end.far, end.near):
            os.close(number)


async def until(condition: Callable[[], object]) -> None:
    give_up_at = asyncio.get_running_loop().time() + WAIT_S
    while not condition():
        assert asyncio.get_running_loop().time() < give_up_at
        await asyncio.sleep(0.005)


def test_lines_go_both_ways() -> None:
    async def scene() -> None:
        with terminal() as end:
            os.write(end.far, b"sta")
            await asyncio.sleep(0.02)
            assert end.heard == []
            os.write(end.far, "tus\rGr\u00fc\u00dfe\n\r".encode())
            await until(lambda: len(end.heard) == 3)
            assert end.heard == ["status", "Gr\u00fc\u00dfe", ""]
            end.line.write("Hello\r\n")
            await until(lambda: end.read() == b"Hello\r\n")

    asyncio.run(scene())


def test_garbage_is_bounded_and_the_next_line_is_read() -> None:
    async def scene() -> None:
        with terminal() as end:
            for _ in range(20):
                os.write(end.far, b"x" * 500)
                await asyncio.sleep(0.001)
            os.write(end.far, b"\r\xff\xfe\x00\rok\r" + b"y" * LINE_MAX + b"\r")
            await until(lambda: len(end.heard) == 3)
            assert end.heard == ["\ufffd\ufffd\x00", "ok", "y" * LINE_MAX]

    asyncio.run(scene())


def test_a_terminal_that_takes_nothing_keeps_nobody_waiting() -> None:
    async def scene() -> None:
        with terminal() as end:
            for _ in range(100):
                end.line.write("z" * 10_000)
            got = 0
            while data := end.read():
                got += len(data)
                await asyncio.sleep(0.01)
            assert QUEUE_MAX <= got < 100 * 10_000
            end.line.write("after")
            await until(lambda: end.read() == b"after")

    asyncio.run(scene())


def test_a_port_that_is_not_there_is_said_and_found_later(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(serial_line, "RETRY_S", 0.01)

    async def scene() -> None:
        with terminal() as end:
            line = SerialPortLine("/dev/nothing", 9600)
            line.start()
            assert line.fault.startswith("No serial line /dev/nothing: ")
            line.write("nobody")
            line.stop()
            os.close(end.far)  # The plug is pulled.
            await until(lambda: end.line.fault)
            end.far = os.open("/dev/null", os.O_RDWR)
            monkeypatch.setitem(sys.modules, "serial", None)
            await until(lambda: "pyserial is not installed" in end.line.fault)
            monkeypatch.undo()
            other, near = os.openpty()
            end.line._device = os.ttyname(near)
            await until(lambda: not end.line.fault)
            os.write(other, b"back\n")
            await until(lambda: end.heard == ["back"])
            end.line.stop()
            os.close(other)
            os.close(near)

    asyncio.run(scene())
