"""Parts of the handset tried out from the console: what may be tried, and when not."""

from __future__ import annotations

from enum import Enum

from firmware.console.events import Say
from firmware.console.sight import Sight
from firmware.console.steps import CommandError, Work
from firmware.console.vocabulary import PARTS
from firmware.frozen import frozen


class Part(Enum):
    """What can be tried."""

    KEYPAD = "keypad"  # And the hook.
    SCREEN = "screen"
    LAMP = "lamp"
    AUDIO = "audio"


@frozen
class TryPart:
    """Try a part until it is over, or given up; the result is a sentence."""

    part: Part


def test(sight: Sight, words: str) -> list[object]:
    """Try a part; whoever is in a call needs all of them but the lamp."""
    name = words.lower()
    if name not in PARTS:
        raise CommandError(f"test {', '.join(PARTS[:-1])} or {PARTS[-1]}")
    part = Part(name)
    if sight.status.calls and part is not Part.LAMP:
        raise CommandError(f"there is a call, whose person needs the {name}: try again later")
    return [Say("Ctrl-C ends it."), Work(TryPart(part), _over, stops=True)]


def _over(_: Sight, result: object) -> list[object]:
    return [Say(str(result) if result else "this phone has no such part")]
