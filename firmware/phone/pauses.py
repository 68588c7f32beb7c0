"""Digits behind a number: `0301234567,,12#` calls, waits, and then presses 1, 2 and #.

A comma is a pause of `PAUSE_S`, counted from the answer on; a digit follows the one before after
`GAP_S`. Whoever presses a digit, or holds the call, goes on by hand: nothing more is sent. What
stands behind the comma may be somebody's own code, so the list of dialled calls has none of it.
"""

from __future__ import annotations

from config.dial_plan import KEYS

PAUSE = ","

PAUSE_S = 2.0
GAP_S = 0.3
"""Longer than a digit and the silence behind it (`media/dtmf.py`)."""

_DIALLED = frozenset(KEYS) | {"+", PAUSE}


def without_digits(target: str) -> tuple[str, str]:
    """Return what is called, and what is pressed when it answers: "" unless a pause says so."""
    if not set(target) <= _DIALLED:
        return target, ""  # An address.
    number, pause, rest = target.partition(PAUSE)
    return (number, pause + rest) if number else (target, "")


class Pauses:
    """The digits of one call that are still to be pressed."""

    def __init__(self) -> None:
        self._rest = ""
        self.due: float | None = None

    def keep(self, rest: str) -> None:
        """Have these ready for the answer."""
        self._rest = rest

    def answered(self, now: float) -> None:
        """Begin to wait."""
        self._wait(0.0, now)

    def forget(self) -> None:
        """Let the person go on."""
        self._rest, self.due = "", None

    def next_digit(self, now: float) -> str:
        """Return the digit that is due, and wait for the one behind it."""
        digit, self._rest = self._rest[0], self._rest[1:]
        self._wait(GAP_S, now)
        return digit

    def _wait(self, gap_s: float, now: float) -> None:
        digits = self._rest.lstrip(PAUSE)
        pauses = len(self._rest) - len(digits)
        self._rest = digits
        self.due = now + gap_s + pauses * PAUSE_S if digits else None
