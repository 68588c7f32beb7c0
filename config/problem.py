"""What can be wrong with a configuration, as a value and as an error.

Reading never raises for bad content: it collects `Problem`s, and the phone goes on with what it
has. Changing or saving a setting raises `ConfigError`. Neither ever holds the value of a secret
(T4).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum

PROBLEMS_MAX = 100
"""Problems kept of one reading: a file of garbage must not fill the memory."""

SHOWN_CHARACTERS_MAX = 60
"""How much of a bad value a message quotes: enough to find it, too little to fill a screen."""


class ConfigError(ValueError):
    """A setting could not be changed or saved; the text names the parameter or the path."""


class Severity(Enum):
    """Whether `python -m config check` fails because of it."""

    ERROR = "error"
    NOTE = "note"


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong, in words, and where: a file, and a line where there is one."""

    text: str
    file: str = ""
    line: int = 0
    severity: Severity = Severity.ERROR

    def __str__(self) -> str:
        return f"{place(self.file, self.line)}: {self.text}" if self.file else self.text


def place(file: str, line: int) -> str:
    """Return "startup.cfg:12", or only the file's name where no line is to blame."""
    return f"{file}:{line}" if line else file


class Problems:
    """A bounded list of problems; what no longer fits is counted."""

    def __init__(self, found: Iterable[Problem] = ()) -> None:
        self._kept: list[Problem] = []
        self._dropped = 0
        self.extend(found)

    def add(self, text: str, file: str = "", line: int = 0) -> None:
        """Note an error."""
        self.extend((Problem(text, file, line),))

    def extend(self, found: Iterable[Problem]) -> None:
        """Note several."""
        for problem in found:
            if len(self._kept) < PROBLEMS_MAX:
                self._kept.append(problem)
            else:
                self._dropped += 1

    def all(self) -> tuple[Problem, ...]:
        """Return what was noted, with a last word on what did not fit."""
        if not self._dropped:
            return tuple(self._kept)
        return (*self._kept, Problem(f"{self._dropped} more problems are not listed"))


def shown(value: str) -> str:
    """Return a value as messages quote it: short, printable, without a URL's password (T4)."""
    text = without_credentials(value)
    if len(text) > SHOWN_CHARACTERS_MAX:
        text = text[:SHOWN_CHARACTERS_MAX] + "..."
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)


def without_credentials(text: str) -> str:
    """Return the text with the `user:password@` of a URL masked."""
    scheme, separator, rest = text.partition("://")
    authority, slash, path = rest.partition("/")
    if not separator or "@" not in authority:
        return text
    return f"{scheme}://****@{authority.rpartition('@')[2]}{slash}{path}"
