"""Keys that the administrator has programmed: `softkeyN type`, `value`, `label` and `line`.

A handset has two soft keys, and the menu needs one of them. A single programmed key is the other
one of the idle screen; of several the first stands there, or a list of all of them.
"""

from __future__ import annotations

from enum import Enum

from firmware.frozen import frozen


class KeyKind(Enum):
    """What a key does, by the word of `softkeyN type`."""

    SPEED_DIAL = "speeddial"
    NO_DISTURBANCE = "dnd"
    FORWARD = "callforward"
    VOICE_MAIL = "voicemail"
    DIRECTORY = "directory"
    CALLERS = "callers"
    LINE = "line"
    SILENCE = "silence"
    LOCK = "phonelock"
    LAMP = "blf"


WORDS = {
    KeyKind.NO_DISTURBANCE: "Quiet",
    KeyKind.FORWARD: "Forward",
    KeyKind.VOICE_MAIL: "Messages",
    KeyKind.DIRECTORY: "Directory",
    KeyKind.CALLERS: "Callers",
    KeyKind.SILENCE: "Ringer",
    KeyKind.LOCK: "Lock",
}
"""What stands above a key without a label: short enough for a soft key."""


@frozen
class ProgrammedKey:
    """One of them."""

    kind: KeyKind
    value: str = ""
    label: str = ""
    account: int = 1
    pickup: str = ""  # What goes before the number of a lamp that rings, to take that call.

    @property
    def word(self) -> str:
        """Our own word for it, in English."""
        return WORDS.get(self.kind, "")
