"""The serial line over a pty: bytes, breaks, a terminal that is full, a plug that is pulled."""

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
from drivers.serial_line import QUEUE_MAX, DeskLine, SerialPortLine

WAIT_S = 20.0


class Terminal:
    """The far end of the wire."""

    def __init__(self) -> None:
        self.far, self.near = os.openpty()
        tty.setraw(self.near)
        tty.setraw(self.far)
        os.set_blocking(self.far, False)
        self.line = SerialPortLine(os.ttyname(self.near), 115_200)
        self.heard = bytearray()
        self.line.listen(self.heard.extend)
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


def test_bytes_go_both_ways_whatever_they_are() -> None:
    async def scene() -> None:
        with terminal() as end:
            every = bytes(range(256))
            os.write(end.far, every)
            await until(lambda: len(end.heard) >= len(every))
            assert end.heard == every
            end.line.write(every)
            sent = bytearray()

            def read() -> bool:
                sent.extend(end.read())
                return len(sent) >= len(every)

            await until(read)
            assert sent == every

    asyncio.run(scene())


def test_the_terminal_of_a_desk_is_opened_by_any_program_and_outlives_it() -> None:
    async def scene() -> None:
        line, heard = DeskLine(), bytearray()
        part: SerialLine = line
        part.listen(heard.extend)
        part.start()
        try:
            line.write(b"who is there?")  # Nobody yet: it must not come back as if it were typed.
            for text in (b"first", b"second"):
                heard.clear()
                person = os.open(line.place, os.O_RDWR | os.O_NOCTTY)
                os.write(person, text)
                await until(lambda: heard)
                os.close(person)
                assert bytes(heard) == text
            assert not os.stat(line.place).st_mode & 0o077
        finally:
            line.stop()
        assert not os.path.exists(line.place)

    asyncio.run(scene())


def test_a_terminal_that_takes_nothing_keeps_nobody_waiting() -> None:
    async def scene() -> None:
        with terminal() as end:
            for _ in range(100):
                end.line.write(b"z" * 10_000)
            got = 0
            while data := end.read():
                got += len(data)
                await asyncio.sleep(0.01)
            assert QUEUE_MAX <= got < 100 * 10_000
            for _ in range(100):
                end.line.write(b"z" * 10_000)
            end.line.forget()
            while end.read():
                pass
            end.line.write(b"after")
            await until(lambda: end.read() == b"after")

    asyncio.run(scene())


def test_a_port_that_is_not_there_is_said_and_found_later(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(serial_line, "RETRY_S", 0.01)

    async def scene() -> None:
        with terminal() as end:
            line = SerialPortLine("/dev/nothing", 9600)
            line.start()
            assert line.fault.startswith("No serial line /dev/nothing: ")
            line.write(b"nobody")
            line.stop()
            os.close(end.far)  # The plug is pulled.
            await until(lambda: end.line.fault)
            end.far = os.open("/dev/null", os.O_RDWR)
            monkeypatch.setitem(sys.modules, "serial", None)
            await until(lambda: "pyserial is not installed" in end.line.fault)
            monkeypatch.undo()
            other, near = os.openpty()
            end.line.place = os.ttyname(near)
            await until(lambda: not end.line.fault)
            os.write(other, b"back\n")
            await until(lambda: end.heard == b"back\n")
            end.line.stop()
            os.close(other)
            os.close(near)

    asyncio.run(scene())
