"""Scripts in plain text: one step in a line, words apart by blanks, quotes around what has any.

`--` begins a comment. A step may begin with whose phone it is: `102: answer`.
"""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Step:
    """One line: whose phone, what, and with what."""

    place: str  # File and line.
    text: str
    phone: str  # "": the one that the script is about.
    verb: str
    words: tuple[str, ...]


def read_script(path: Path) -> list[Step]:
    """Return a script's steps; raises ValueError naming file and line."""
    numbered = enumerate(path.read_text().splitlines(), start=1)
    return [
        _step(f"{path.name}:{number}", line.strip())
        for number, line in numbered
        if line.strip() and not line.startswith("--")
    ]


def _step(place: str, line: str) -> Step:
    if line.startswith("config "):
        return Step(place, line, "", "config", (line.removeprefix("config ").strip(),))
    try:
        words = shlex.split(line, comments=False)
    except ValueError as error:
        raise ValueError(f"{place}: {error}: {line}") from error
    phone = words.pop(0).removesuffix(":") if words[0].endswith(":") else ""
    if not words:
        raise ValueError(f"{place}: nothing to do: {line}")
    return Step(place, line, phone, words[0], tuple(words[1:]))
