"""The longer ways in which a command goes on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from firmware.console.sight import Sight


class CommandError(ValueError):
    """What is wrong with a line, as the end of a sentence for the person who typed it."""


@dataclass(frozen=True, slots=True)
class Follow:
    """Show a line that follows what happens, until a key is pressed."""

    line: Callable[[Sight], str]
    tests_link: bool = False  # Meanwhile a link that is up is tested every few seconds.


@dataclass(frozen=True, slots=True)
class Question:
    """Ask for a line; `answered` goes on with it, and may ask again."""

    prompt: str
    answered: Callable[[Sight, str], list[object]]
    hidden: bool = False


@dataclass(frozen=True, slots=True)
class Work:
    """Have something done outside; `done` goes on with what came of it."""

    request: object
    done: Callable[[Sight, object], list[object]]
    stops: bool = False  # When nobody waits for it any more; else it is done to its end.


@dataclass(frozen=True, slots=True)
class Exit:
    """Leave the console."""
