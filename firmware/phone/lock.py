"""The key lock: whether the keys are locked, and what a wrong PIN costs.

Theory of operation
-------------------
    open --lock(), or nobody there for a while--> locked --the PIN, or none is set--> open

Locked, a person may answer and end calls, read the link's pages and call an emergency number;
nothing else. The digits of a PIN are checked outside (a hash takes its time): `CheckPin` goes out,
`PinChecked` comes back, and meanwhile no other is taken. Each wrong one doubles the wait for the
next, from a second to `WAIT_MAX_S`. The PIN itself is kept nowhere, and no value shows it (T4).
"""

from __future__ import annotations

from dataclasses import field
from enum import Enum

from firmware.frozen import frozen
from firmware.machine import is_due
from firmware.phone.screen import Progress

PIN_DIGITS_MIN, PIN_DIGITS_MAX = 4, 8

WAIT_MAX_S = 60.0
"""A thousand PINs of four digits take a day and a half on average."""

WRONG = "wrong PIN"
CHECKING = "checking the PIN"


class Purpose(Enum):
    """What a PIN is asked for."""

    UNLOCK = "unlock"
    CHANGE = "change"  # The old one, before another is set.
    REMOVE = "remove"
    RESET = "reset"
    NEW = "new"
    AGAIN = "again"  # The new one once more.


@frozen
class Pin:
    """Digits that nobody sees."""

    digits: str = field(repr=False)


@frozen
class CheckPin:
    """Is this the PIN? `PinChecked` answers."""

    pin: Pin


@frozen
class PinChecked:
    """Whether it was."""

    is_right: bool


@frozen
class KeepPin:
    """Keep a new PIN as a hash, or none any more."""

    pin: Pin | None


class Lock:
    """Of the keys of one phone."""

    def __init__(self, *, is_locked: bool, has_pin: bool) -> None:
        self.is_locked, self.has_pin = is_locked, has_pin
        self.asked: Purpose | None = None  # What the PIN that is being checked is for.
        self._wrong = 0  # In a row.
        self._wait_until: float | None = None  # Until then none is taken,
        self._wait_s = 0  # and so long in all.

    def deadline(self, now: float) -> float | None:
        """Return when another PIN may be tried, or the seconds until then change."""
        if self._wait_until is None:
            return None
        left = self._wait_until - now
        whole = self._wait_until - int(left - 1e-6) if left > 0 else now
        return whole if whole > now + 1e-6 else self._wait_until

    def wake(self, now: float) -> None:
        """Let another PIN be tried."""
        if is_due(self._wait_until, now):
            self._wait_until = None

    def ask(self, purpose: Purpose, pin: Pin) -> list[object]:
        """Have a PIN checked, unless one is, or it is too early."""
        if self.asked is not None or self._wait_until is not None:
            return []
        self.asked = purpose
        return [CheckPin(pin)]

    def checked(self, *, is_right: bool, now: float) -> Purpose | None:
        """Hear whether it was right; return what may be done now."""
        purpose, self.asked = self.asked, None
        if is_right:
            self._wrong = 0
            return purpose
        self._wait_s = int(min(2.0**self._wrong, WAIT_MAX_S))
        self._wait_until = now + self._wait_s
        self._wrong += 1
        return None

    def word(self, now: float) -> str:
        """Say what is wrong with the last PIN, "" while nothing is."""
        if self._wait_until is not None:
            return f"{WRONG}: wait {self._left_s(self._wait_until, now)} s"
        return WRONG if self._wrong and self.asked is None else ""

    def progress(self, now: float) -> Progress | None:
        """Return how far a PIN is checked, which nobody knows, or how much of a wait is over."""
        if self.asked is not None:
            return Progress(CHECKING)
        if self._wait_until is None:
            return None
        return Progress("", self._wait_s - self._left_s(self._wait_until, now), self._wait_s)

    @staticmethod
    def _left_s(until: float, now: float) -> int:
        return max(1, -int(-(until - now - 1e-6) // 1))
