"""What a part of the handset looks like from above, and the plain values it speaks.

A part is anything that has these methods: a chip on the board, a fake in a web page. Nothing here
knows a bus or a pin, and nothing above knows more than this. A part calls its listener on the
thread of the event loop, one call at a time, and a listener returns at once; `Voice` alone ticks on
a thread of its own.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import astuple, dataclass
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
"""Columns and rows of the display, in pixels,"""

WIDE_SIZE = (256, 64)
"""and of a wide one."""


def nobody(*_: object) -> None:
    """Hear nothing: the listener before there is one."""


class Watched(Protocol):
    """A thread that can be asked whether it still turns; from any thread."""

    @property
    def name(self) -> str:
        """What it is for."""

    @property
    def turns(self) -> int:
        """How often it has turned."""

    def wake(self) -> None:
        """Let it turn soon."""


class LampPattern(Enum):
    """What the message lamp does."""

    OFF = "off"
    ON = "on"
    FLASHING = "flashing"


class Keypad(Protocol):
    """The keys."""

    @property
    def fault(self) -> str:
        """What is wrong with the part, as a sentence; "" while it works."""

    @property
    def down(self) -> frozenset[str]:
        """The keys that are down now."""

    def listen(self, pressed: Callable[[str], None], held: Callable[[str], None] = nobody) -> None:
        """Call `pressed` with a name of `KEYS` each time a key goes down.

        A key that stays down either repeats, as if it were pressed again and again, or `held` is
        called with its name, once: some of them mean more when they are held.
        """


class Hook(Protocol):
    """The switch that the handset rests on."""

    @property
    def fault(self) -> str:
        """What is wrong with the part, as a sentence; "" while it works."""

    @property
    def lifted(self) -> bool:
        """Tell whether the handset is off the hook now."""

    def listen(self, moved: Callable[[bool], None]) -> None:
        """Call `moved` each time the handset is lifted (True) or put back (False)."""


class Lamp(Protocol):
    """The message lamp."""

    @property
    def fault(self) -> str:
        """What is wrong with the part, as a sentence; "" while it works."""

    def show(self, pattern: LampPattern) -> None:
        """Show this pattern from now on."""


@dataclass(frozen=True, slots=True)
class Melody:
    """What a ringer plays, again and again: pitches in Hz (0: silence) and their lengths in s.

    `loudness` is from 0, silent, to 1.
    """

    notes: tuple[tuple[float, float], ...]
    loudness: float = 1.0


class Ringer(Protocol):
    """The ringer."""

    @property
    def fault(self) -> str:
        """What is wrong with the part, as a sentence; "" while it works."""

    def tune(self, melody: Melody) -> None:
        """Ring like this from now on."""

    def ring(self, ringing: bool) -> None:
        """Start ringing, or stop."""


SoftKeys = tuple[str, str]
"""What the left and the right soft key do now, "" for nothing."""

NO_KEYS: SoftKeys = ("", "")


class Display(Protocol):
    """The screen."""

    @property
    def fault(self) -> str:
        """What is wrong with the part, as a sentence; "" while it works."""

    @property
    def size(self) -> tuple[int, int]:
        """Columns and rows, in pixels: `DISPLAY_SIZE` or `WIDE_SIZE`."""

    def show(self, image: Image, words: tuple[str, ...], keys: SoftKeys = NO_KEYS) -> None:
        """Show a 1-bit image of that size.

        `words` says the same line by line and `keys` what the soft keys do, for whoever reads
        instead of looks: a screen reader, a program. A part that has only pixels leaves them.
        """

    def adjust(self, brightness: float, dim_s: float) -> None:
        """Be so bright in use, from 0 to 1, and dim when nobody touched it so long, 0: never."""


FRAME_S = 0.02
"""Sound crosses the drivers in frames of this length, in seconds."""


@dataclass(frozen=True, slots=True)
class VoiceCounts:
    """What the sound card lost since its start, in frames."""

    overflows: int = 0  # The card's own words for what was captured and not fetched in time,
    underflows: int = 0  # and for what was to be played and not there.
    late: int = 0  # We had nothing to play.
    dropped: int = 0  # Nobody took it in time.
    restarts: int = 0  # The card was gone and opened anew.

    def plus(self, other: VoiceCounts) -> VoiceCounts:
        """Return what two of them lost together."""
        return VoiceCounts(*(a + b for a, b in zip(astuple(self), astuple(other), strict=True)))


class VoiceMode(Enum):
    """By which the person hears and speaks."""

    HANDSET = "handset"
    HEADSET = "headset"
    HANDS_FREE = "hands-free"


@dataclass(frozen=True, slots=True)
class VoiceWay:
    """The way of a mode: a part of the card's name ("": the system's own), and its gains."""

    card: str = ""
    microphone_db: float = 0.0
    earpiece_db: float = 0.0


class Voice(Protocol):
    """A microphone and an earpiece; frames are signed 16-bit samples of one channel."""

    @property
    def rate(self) -> int:
        """Samples a second."""

    @property
    def frame_bytes(self) -> int:
        """Bytes of a frame of `FRAME_S`."""

    @property
    def keeps_time(self) -> bool:
        """Tell whether it ticks; without a card that would, the owner keeps time himself."""

    @property
    def fault(self) -> str:
        """What is wrong in words, "" while there is sound; the ticks come all the same."""

    @property
    def counts(self) -> VoiceCounts:
        """What was lost since the start."""

    def use(self, mode: VoiceMode) -> VoiceWay:
        """Let sound go this way from now on; return the way, whose gains are the caller's task."""

    def start(self, tick: Callable[[], None]) -> None:
        """Begin; `tick` is called every `FRAME_S` from a thread of the part's own."""

    def stop(self) -> None:
        """End; no tick follows."""

    def take(self) -> bytes:
        """Return the oldest captured frame, silence where there is none."""

    def give(self, frame: bytes) -> None:
        """Queue a frame to be played."""


class SerialLine(Protocol):
    """A line of bytes to the administrator's terminal."""

    @property
    def fault(self) -> str:
        """What is wrong with the part, as a sentence; "" while it works."""

    @property
    def place(self) -> str:
        """The device that it is, "" while it is none."""

    def listen(self, heard: Callable[[bytes], None]) -> None:
        """Call `heard` with the bytes that come, in whatever pieces."""

    def write(self, data: bytes) -> None:
        """Send bytes; what finds no room is lost."""

    def forget(self) -> None:
        """Send nothing of what waits to be sent."""

    def start(self) -> None:
        """Begin; call this where the event loop runs."""

    def stop(self) -> None:
        """End."""


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
