"""What a part of the handset looks like from above, and the plain values it speaks.

A part is anything that has these methods: a chip on the board, a fake in a web page. Nothing here
knows a bus or a pin, and nothing above knows more than this. A part calls its listener on the
thread of the event loop, one call at a time, and a listener returns at once.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from typing import Protocol

from PIL.Image import Image

KEYS = (
    *"123456789*0#",
    "soft1", "soft2", "up", "down",
    "hold", "mute", "volume", "speaker",
)  # fmt: skip
"""The names of the keys: twelve digits, two soft keys, up and down, four function keys."""

DISPLAY_SIZE = (128, 64)
"""Columns and rows of the display, in pixels."""


class LampPattern(Enum):
    """What the message lamp does."""

    OFF = "off"
    ON = "on"
    FLASHING = "flashing"


class Keypad(Protocol):
    """The keys."""

    def listen(self, pressed: Callable[[str], None]) -> None:
        """Call `pressed` with a name of `KEYS` each time a key goes down."""


class Hook(Protocol):
    """The switch that the handset rests on."""

    @property
    def lifted(self) -> bool:
        """Tell whether the handset is off the hook now."""

    def listen(self, moved: Callable[[bool], None]) -> None:
        """Call `moved` each time the handset is lifted (True) or put back (False)."""


class Lamp(Protocol):
    """The message lamp."""

    def show(self, pattern: LampPattern) -> None:
        """Show this pattern from now on."""


class Ringer(Protocol):
    """The ringer."""

    def ring(self, ringing: bool) -> None:
        """Start ringing, or stop."""


class Display(Protocol):
    """The screen."""

    def show(self, image: Image, words: tuple[str, ...]) -> None:
        """Show a 1-bit image of `DISPLAY_SIZE`.

        `words` says the same line by line, for whoever reads instead of looks: a screen reader,
        a program. A part that has only pixels leaves it.
        """


class Parts(Protocol):
    """The parts that a person meets. A board is one of these."""

    @property
    def keypad(self) -> Keypad: ...

    @property
    def hook(self) -> Hook: ...

    @property
    def lamp(self) -> Lamp: ...

    @property
    def ringer(self) -> Ringer: ...

    @property
    def display(self) -> Display: ...
