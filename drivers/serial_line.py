"""A serial line for the administrator's console: bytes, through pyserial, or a terminal of a desk.

It lives on the event loop: the loop watches the port, so nothing runs while nobody types. What is
written waits in a queue of `QUEUE_MAX` bytes; a terminal that takes nothing (or hardware that is
gone) loses the rest, and keeps nobody waiting.

A port that fails is opened anew every `RETRY_S`; `fault` says meanwhile what is wrong. A break is a
byte like any other, of the value 0.
"""

from __future__ import annotations

import asyncio
import os
import tty
from abc import ABC, abstractmethod
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from drivers.interfaces import nobody

QUEUE_MAX = 262_144
"""Bytes that wait to be written: more than the longest answer of the console."""

READ_MAX = 4096

RETRY_S = 5.0


class Line(ABC):
    """What a line is, whatever it is made of; begins with `start`."""

    def __init__(self, place: str = "") -> None:
        self.fault, self.place = "", place
        self._heard: Callable[[bytes], None] = nobody
        self._descriptor: int | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._retry: asyncio.TimerHandle | None = None
        self._outgoing = bytearray()

    def listen(self, heard: Callable[[bytes], None]) -> None:
        """Call `heard` with the bytes that come."""
        self._heard = heard

    def write(self, data: bytes) -> None:
        """Send bytes; what finds no room is lost."""
        if self._descriptor is not None:
            room = QUEUE_MAX - len(self._outgoing)
            self._outgoing += data[:room]
            self._flush()

    def forget(self) -> None:
        """Send nothing of what waits: nobody wants to read it any more."""
        self._outgoing.clear()

    def start(self) -> None:
        """Open the port, and again whenever it fails; call this where the event loop runs."""
        self._loop = asyncio.get_running_loop()
        try:
            self._descriptor = self._open()
        except (OSError, ImportError) as error:  # pyserial's own error is an OSError.
            self._fail(error)
            return
        self._loop.add_reader(self._descriptor, self._readable)
        self.fault = ""

    def stop(self) -> None:
        """Let go of the port."""
        if self._retry is not None:
            self._retry.cancel()
        self._close()
        self._loop = None

    @abstractmethod
    def _open(self) -> int:
        """Open the port; return the descriptor, which does not block."""

    @abstractmethod
    def _shut(self) -> None:
        """Close what `_open` has opened."""

    def _close(self) -> None:
        descriptor, self._descriptor = self._descriptor, None
        self._outgoing.clear()
        if descriptor is not None and self._loop is not None:
            self._loop.remove_reader(descriptor)
            self._loop.remove_writer(descriptor)
            with suppress(OSError):
                self._shut()

    def _fail(self, error: Exception) -> None:
        assert self._loop is not None
        self._close()
        self.fault = f"No serial line {self.place}".rstrip() + f": {_words(error)}"
        self._retry = self._loop.call_later(RETRY_S, self.start)

    def _readable(self) -> None:
        assert self._descriptor is not None
        try:
            data = os.read(self._descriptor, READ_MAX)
            if not data:
                raise OSError("the device is gone")
        except BlockingIOError:
            return
        except OSError as error:
            self._fail(error)
            return
        self._heard(data)

    def _flush(self) -> None:
        """Write what the port takes; the loop calls again when it takes more."""
        assert self._loop is not None
        assert self._descriptor is not None
        try:
            # pyserial's own write() would turn in circles while the port takes nothing.
            del self._outgoing[: os.write(self._descriptor, self._outgoing)]
        except BlockingIOError:
            pass
        except OSError as error:
            self._fail(error)
            return
        if self._outgoing:
            self._loop.add_writer(self._descriptor, self._flush)
        else:
            self._loop.remove_writer(self._descriptor)


class SerialPortLine(Line):
    """A port of the machine, at a speed in baud."""

    def __init__(self, device: str, baud: int) -> None:
        super().__init__(device)
        self._baud = baud
        self._port: Any = None

    def _open(self) -> int:
        # The package brings no types.
        import serial  # type: ignore[import-untyped] # noqa: PLC0415

        self._port = serial.Serial(self.place, self._baud, timeout=0, exclusive=True)
        return int(self._port.fileno())

    def _shut(self) -> None:
        self._port.close()


class DeskLine(Line):
    """A terminal of its own, on a machine without a serial port: any terminal program opens it.

    Its near end stays open here too, so that nobody's leaving ends it; raw, so that nothing that is
    written comes back; and for this user alone (T3).
    """

    _near = -1

    def _open(self) -> int:
        descriptor, self._near = os.openpty()
        tty.setraw(self._near)
        os.fchmod(self._near, 0o600)
        os.set_blocking(descriptor, False)
        self._far = descriptor
        self.place = os.ttyname(self._near)
        return descriptor

    def _shut(self) -> None:
        os.close(self._near)
        os.close(self._far)


def _words(error: Exception) -> str:
    if isinstance(error, ImportError):
        return "pyserial is not installed"
    return str(error).partition("\n")[0]
