"""The wire of a display: commands and data as luma's chips send them, and whole pictures.

A picture is a few dozen messages, and so is a chip's set-up. On I2C they cross in one call of the
kernel: each call of its own costs the bus a pause and this process a wait for its turn, which is
long while the phone starts.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any, Protocol

COMMAND, DATA = 0x00, 0x40
"""What a message is; on I2C its first byte."""

Part = tuple[int, bytes]

MESSAGES_MAX = 42
"""In one call of the kernel (I2C_RDWR_IOCTL_MAX_MSGS)."""


class Line(Protocol):
    """What a chip is reached by; luma knows the first three."""

    def command(self, *command: int) -> None:
        """Send a command."""

    def data(self, data: list[int]) -> None:
        """Send data."""

    def cleanup(self) -> None:
        """Let go of the bus."""

    def send(self, parts: Sequence[Part]) -> None:
        """Send commands and data, one behind the other."""

    def together(self) -> AbstractContextManager[None]:
        """Send what is said within the block at its end, where that is quicker."""


class I2cLine:
    """A chip on an I2C bus; raises OSError where bus or chip do not answer."""

    def __init__(self, port: int, address: int) -> None:
        import smbus2  # noqa: PLC0415 (a display on SPI needs none)

        self._bus = smbus2.SMBus(port)
        self._message, self._address = smbus2.i2c_msg.write, address
        self._held: list[Part] | None = None  # What is said together.

    def command(self, *command: int) -> None:
        self.send([(COMMAND, bytes(command))])

    def data(self, data: list[int]) -> None:
        self.send([(DATA, bytes(data))])

    def cleanup(self) -> None:
        self._bus.close()

    @contextmanager
    def together(self) -> Iterator[None]:
        held: list[Part] = []
        self._held = held
        yield
        self._held = None
        self.send(held)

    def send(self, parts: Sequence[Part]) -> None:
        if self._held is not None:
            self._held += parts
            return
        messages = [self._message(self._address, bytes((mode,)) + data) for mode, data in parts]
        for first in range(0, len(messages), MESSAGES_MAX):
            self._bus.i2c_rdwr(*messages[first : first + MESSAGES_MAX])


class Recording:
    """No bus: keeps what would be sent."""

    def __init__(self) -> None:
        self.parts: list[Part] = []

    def command(self, *command: int) -> None:
        self.parts.append((COMMAND, bytes(command)))

    def data(self, data: list[int]) -> None:
        self.parts.append((DATA, bytes(data)))

    def cleanup(self) -> None:
        """Nothing is held."""

    def together(self) -> AbstractContextManager[None]:
        """Each part is kept as it is."""
        return nullcontext()

    def send(self, parts: Sequence[Part]) -> None:
        self.parts += parts


class SpiLine:
    """A chip on SPI, by luma's own `spi`: a pin tells commands from data, so each goes alone."""

    def __init__(self, spi: Any) -> None:
        self.command, self.data, self.cleanup = spi.command, spi.data, spi.cleanup

    def together(self) -> AbstractContextManager[None]:
        """Nothing waits: each message goes alone."""
        return nullcontext()

    def send(self, parts: Sequence[Part]) -> None:
        """Send commands and data, one behind the other."""
        for mode, data in parts:
            if mode == COMMAND:
                self.command(*data)
            else:
                self.data(list(data))
