"""A serial line of text, through pyserial: for the administrator's console.

It lives on the event loop: the loop watches the port, so nothing runs while nobody types. What
comes is bounded: a line longer than `LINE_MAX` is left out whole, and bytes that are no UTF-8
become question marks of their kind. What is written waits in a queue of `QUEUE_MAX` bytes; a
terminal that takes nothing (or hardware that is gone) loses the rest, and keeps nobody waiting.

A port that fails is opened anew every `RETRY_S`; `fault` says meanwhile what is wrong.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from contextlib import suppress
from typing import Any

LINE_MAX = 1024
"""Bytes of a line that is read."""

QUEUE_MAX = 65_536
"""Bytes that wait to be written."""

READ_MAX = 4096

RETRY_S = 5.0


class SerialPortLine:
    """One port; begins with `start`."""

    def __init__(self, device: str, baud: int) -> None:
        self.fault = ""
        self._device, self._baud = device, baud
        self._heard: Callable[[str], None] = _nobody
        self._port: Any = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._retry: asyncio.TimerHandle | None = None
        self._incoming = bytearray()
        self._is_too_long = False
        self._outgoing = bytearray()

    def listen(self, heard: Callable[[str], None]) -> None:
        """Call `heard` with each line, without its end."""
        self._heard = heard

    def write(self, text: str) -> None:
        """Send a text; what finds no room is lost."""
        if self._port is not None:
            room = QUEUE_MAX - len(self._outgoing)
            self._outgoing += text.encode()[:room]
            self._flush()

    def start(self) -> None:
        """Open the port, and again whenever it fails; call this where the event loop runs."""
        self._loop = asyncio.get_running_loop()
        try:
            self._open()
        except (OSError, ImportError) as error:  # pyserial's own error is an OSError.
            self._fail(error)

    def stop(self) -> None:
        """Let go of the port."""
        if self._retry is not None:
            self._retry.cancel()
        self._close()
        self._loop = None

    def _open(self) -> None:
        # The package brings no types.
        import serial  # type: ignore[import-untyped] # noqa: PLC0415

        assert self._loop is not None
        self._port = serial.Serial(self._device, self._baud, timeout=0, exclusive=True)
        self._loop.add_reader(self._port.fileno(), self._readable)
        self.fault = ""

    def _close(self) -> None:
        port, self._port = self._port, None
        self._incoming.clear()
        self._outgoing.clear()
        self._is_too_long = False
        if port is not None and self._loop is not None:
            self._loop.remove_reader(port.fileno())
            self._loop.remove_writer(port.fileno())
            with suppress(OSError):
                port.close()

    def _fail(self, error: Exception) -> None:
        assert self._loop is not None
        self._close()
        self.fault = f"No serial line {self._device}: {_words(error)}"
        self._retry = self._loop.call_later(RETRY_S, self.start)

    def _readable(self) -> None:
        try:
            data = self._port.read(READ_MAX)
        except OSError as error:
            self._fail(error)
            return
        for byte in data:
            self._take(byte)

    def _take(self, byte: int) -> None:
        """Put a byte to its line; either of CR and LF ends it, and an empty line is one."""
        if byte not in b"\r\n":
            self._is_too_long = self._is_too_long or len(self._incoming) >= LINE_MAX
            if not self._is_too_long:
                self._incoming.append(byte)
            return
        line, is_too_long = bytes(self._incoming), self._is_too_long
        self._incoming.clear()
        self._is_too_long = False
        if not is_too_long:
            self._heard(line.decode(errors="replace"))

    def _flush(self) -> None:
        """Write what the port takes; the loop calls again when it takes more."""
        assert self._loop is not None
        try:
            # pyserial's own write() would turn in circles while the port takes nothing.
            del self._outgoing[: os.write(self._port.fileno(), self._outgoing)]
        except BlockingIOError:
            pass
        except OSError as error:
            self._fail(error)
            return
        if self._outgoing:
            self._loop.add_writer(self._port.fileno(), self._flush)
        else:
            self._loop.remove_writer(self._port.fileno())


def _nobody(_: str) -> None:
    """Hear nothing: the listener before there is one."""


def _words(error: Exception) -> str:
    if isinstance(error, ImportError):
        return "pyserial is not installed"
    return str(error).partition("\n")[0]
