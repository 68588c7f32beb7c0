"""What a command of the console sees: the phone as it is at this moment."""

from __future__ import annotations

from dataclasses import dataclass, field
from textwrap import wrap

from config.configuration import Configuration
from firmware.phone.status import Status
from firmware.phone.wall import Wall

LABEL_COLUMNS = 14
"""Of a label, before its value."""

COLUMNS = 80
"""Of a terminal that does not tell its size."""

Rows = list[tuple[str, str]]


@dataclass(slots=True)
class Sight:
    """Facts as they are now; `unix_s` is None while the clock is not set (I3)."""

    status: Status
    configuration: Configuration
    about: tuple[tuple[str, str], ...] = ()
    began: float = 0.0  # When the phone started.
    now: float = 0.0
    unix_s: float | None = None
    is_synchronised: bool = False  # The clock, by a time server.
    wall: Wall = field(default_factory=Wall)
    columns: int = COLUMNS
    traced: set[str] = field(default_factory=set)

    def rows(self, rows: Rows) -> str:
        """Lay out labels and values; what is empty is left out, what is long is wrapped."""
        return "\n".join(self._row(label, text) for label, text in rows if text)

    def _row(self, label: str, text: str) -> str:
        room = max(self.columns - LABEL_COLUMNS - 1, LABEL_COLUMNS)
        first, *more = wrap(text, room, break_on_hyphens=False) or [""]
        indent = " " * LABEL_COLUMNS
        head = label.ljust(LABEL_COLUMNS) if len(label) < LABEL_COLUMNS else f"{label} "
        return "\n".join([head + first, *(indent + line for line in more)])

    def wrapped(self, text: str) -> list[str]:
        """Return a text in lines."""
        return wrap(text, self.columns - 1, break_on_hyphens=False)

    def moment(self, unix_s: float | None) -> str:
        """Say when something was."""
        if unix_s is None:
            return "time unknown"
        return f"{self.wall.local(unix_s):%Y-%m-%d %H:%M:%S}"
