"""The number that a person types: its digits, and when they dial themselves."""

from __future__ import annotations

DIGITS_MAX = 32
"""Longer than any telephone number (E.164 has 15) with prefixes and codes."""


class NumberEntry:
    """Digits so far; without a key for `timeout_s` they are dialled."""

    def __init__(self, timeout_s: float) -> None:
        self._timeout_s = timeout_s
        self.forget()

    def forget(self) -> None:
        """Begin anew."""
        self.digits = ""
        self.dial_by: float | None = None

    def press(self, digit: str, now: float) -> None:
        """Add a digit."""
        if len(self.digits) < DIGITS_MAX:
            self.digits += digit
            self.dial_by = now + self._timeout_s

    def delete(self, now: float) -> None:
        """Take the last digit away."""
        self.digits = self.digits[:-1]
        self.dial_by = now + self._timeout_s if self.digits else None
