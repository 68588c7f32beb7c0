"""A line of the log as a value, and what of a part's lines is wanted.

`log module <name>` is the desk phones' sum of bits (1 fatal errors, 2 errors, 4 warnings, 8 start,
16 functions, 32 information; 65535 is everything). Here the most talkative bit decides.
"""

from __future__ import annotations

from enum import IntEnum

from firmware.frozen import frozen

MODULES = (
    *("accounts", "calls", "certificates", "clock", "connection", "console", "driver", "kept"),
    *("lamps", "link", "listener", "logs", "network", "outages", "parts", "pin", "provisioning"),
    *("service", "settings", "trace", "update", "web"),
)
"""Parts of the phone that log, as their names stand in the log."""

TEXT_CHARACTERS_MAX = 4096
"""Of a line: a message of SIP in a trace with its longest headers."""

FIELDS_MAX = 16


class Severity(IntEnum):
    """How much it matters (RFC 5424 6.2.1)."""

    CRITICAL = 2
    ERROR = 3
    WARNING = 4
    INFORMATION = 6
    DEBUG = 7


@frozen
class LogLine:
    """What was logged. `unix_s` is None where the clock was not set (I3)."""

    unix_s: float | None
    severity: Severity
    module: str
    text: str
    fields: tuple[tuple[str, str], ...] = ()
    is_synchronised: bool = False  # The clock, by a time server.

    @property
    def size(self) -> int:
        """How much memory it takes, about: in characters."""
        return len(self.text) + sum(len(name) + len(text) for name, text in self.fields)


def lost(count: int, unix_s: float | None = None, *, is_synchronised: bool = False) -> LogLine:
    """Return the line that stands where others were lost."""
    text = f"{count} line{'s were' if count > 1 else ' was'} lost"
    fields = (("lost", str(count)),)
    return LogLine(unix_s, Severity.WARNING, "logs", text, fields, is_synchronised)


def wanted(bits: int) -> Severity | None:
    """Return the least severity that a value of `log module <name>` lets through, None: nothing."""
    if bits & ~(1 | 2 | 4 | 8 | 32):
        return Severity.DEBUG
    if bits & (8 | 32):
        return Severity.INFORMATION
    if bits & 4:
        return Severity.WARNING
    if bits & 2:
        return Severity.ERROR
    return Severity.CRITICAL if bits else None


def printable(text: str) -> str:
    """Return a text whose lines stay lines, and whose other control characters are told as such."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() or c == "\n" else _escaped(c) for c in text)


def _escaped(character: str) -> str:
    return "    " if character == "\t" else ascii(character)[1:-1] * (character != "\r")
