"""Factory reset for who cannot get into the phone any more: two keys held while it starts.

Whoever holds `*` and `#` when the phone starts sees a count-down. Who lets go keeps everything; who
holds on to its end gets a phone as on its first day. A key that is stuck is no chord: it takes two,
which lie apart.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from drivers.interfaces import Keypad
from firmware.phone.font import broken
from firmware.phone.grid import INDENT, PAGE_LINES, ROOM
from firmware.phone.language import Language
from firmware.phone.screen import PageScreen, Screen

CHORD = frozenset({"*", "#"})

COUNT_S = 10
"""Long enough to read what it is, and to let go."""

LOOK_S = 0.1
LOOKS_A_SECOND = 10

TITLE, WARNING = "Factory reset", "Everything is deleted. Let go to keep it."


async def is_held(
    keypad: Keypad, show: Callable[[Screen], None], language: Language, look_s: float = LOOK_S
) -> bool:
    """Count down while the keys are held; tell whether they were to the end."""
    for second in range(COUNT_S) if keypad.down >= CHORD else ():
        show(_screen(second, language))
        for _ in range(LOOKS_A_SECOND):
            if not keypad.down >= CHORD:
                return False
            await asyncio.sleep(look_s)
    return keypad.down >= CHORD


def _screen(second: int, language: Language) -> Screen:
    said = broken(language.say(WARNING), ROOM - INDENT, PAGE_LINES - 1)
    rows = (*(("", line) for line in said), ("", f"{COUNT_S - second} s"))
    return PageScreen(language.say(TITLE), rows, has_keys=False)
