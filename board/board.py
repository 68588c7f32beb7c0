"""A board says which parts a phone has. The phone is the same on every board.

`open_board(name)` makes the parts. A board that serves them to somebody (the virtual handset is a
web page) also has something to start and to stop; the others leave that empty.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from drivers.interfaces import (
    DISPLAY_SIZE,
    WIDE_SIZE,
    Display,
    Hook,
    Keypad,
    Lamp,
    Ringer,
    SerialLine,
    Voice,
    Watched,
)


class BoardError(OSError):
    """A board that does not exist or cannot be started; the text says why."""


class Service(Protocol):
    """What a board runs for its parts."""

    @property
    def address(self) -> str:
        """Where a person finds the board, key included; "" while it is not running."""

    @property
    def ended(self) -> bool:
        """Tell whether a thread of it has ended by itself: an error of ours."""

    async def start(self) -> None:
        """Start; raise `BoardError` with the reason where that cannot be done."""

    async def stop(self) -> None:
        """Stop and let go of everything; does nothing when not started."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault that can be switched; `key` switches it from the keyboard, "" where none does."""

    name: str
    label: str
    is_on: bool = False
    happens_once: bool = False  # It cannot stay on.
    key: str = ""


@dataclass(frozen=True, slots=True)
class FaultGroup:
    """The faults of one thing, and a few words on how it is."""

    title: str
    note: str
    faults: tuple[Fault, ...]


class Faults(Protocol):
    """Faults that can be switched on and off beside the phone, such as those of a lab exchange."""

    def groups(self) -> Sequence[FaultGroup]:
        """Return every fault, grouped by what it is a fault of."""

    async def set_fault(self, name: str, on: bool) -> None:
        """Switch a fault; raise OSError with the reason where that cannot be done."""


@dataclass(frozen=True, slots=True)
class Board:
    """The parts of one phone."""

    keypad: Keypad
    hook: Hook
    lamp: Lamp
    ringer: Ringer
    display: Display
    voice: Voice
    service: Service | None = None
    serial: SerialLine | None = None  # Begun by whoever speaks on it.
    threads: tuple[Watched, ...] = ()  # Those of its parts.

    @property
    def address(self) -> str:
        """Where a person finds the board, "" where it stands on a desk."""
        return self.service.address if self.service else ""

    @property
    def ended(self) -> bool:
        """Tell whether what the board runs has ended by itself: an error of ours."""
        return self.service is not None and self.service.ended

    @property
    def troubles(self) -> tuple[str, ...]:
        """What is wrong with its parts, as sentences; the voice tells its own."""
        parts = (self.display, self.keypad, self.hook, self.lamp, self.ringer)
        return tuple(part.fault for part in parts if part.fault)

    async def start(self) -> None:
        """Start what the board runs for its parts; raise `BoardError` where that fails."""
        if self.service:
            await self.service.start()

    async def stop(self) -> None:
        """Stop what `start` started."""
        if self.service:
            await self.service.stop()


def open_board(
    name: str,
    *,
    sound_device: str = "",
    page_port: int = 0,
    token: str = "",
    faults: Faults | None = None,
) -> Board:
    """Return the board of that name; raise `BoardError` where there is none.

    `sound_device` is a part of the sound card's name, "" the system's own choice, "none" none.
    `page_port` (0: any free one), `token` ("": a new one) and `faults` are for the boards
    `desktop` and `desktop-wide`: where its page is, the key to it, and the faults that it offers.
    """
    match name:
        case "desktop" | "desktop-wide":
            # Loaded here: a phone with real keys needs no web server.
            from board.desktop.desktop import open_desktop  # noqa: PLC0415

            size = WIDE_SIZE if name == "desktop-wide" else DISPLAY_SIZE
            return open_desktop(sound_device, page_port, token, faults, size)
        case _:
            # Loaded here: the virtual handset needs no driver of pins.
            from board.handset import HANDSETS  # noqa: PLC0415
            from board.hardware import open_handset  # noqa: PLC0415

            if name not in HANDSETS:
                names = ", ".join(("desktop", "desktop-wide", *HANDSETS))
                raise BoardError(f'there is no board "{name[:40]}": use one of {names}')
            return open_handset(HANDSETS[name], sound_device)
