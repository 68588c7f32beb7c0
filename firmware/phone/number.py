"""The number that a person types: its digits, when they are dialled, and what is dialled for them.

After each key the dial plan says whether the number is complete. One that is complete is dialled at
once; one that may go on, or that no pattern fits, is dialled when no key has come for a while: the
plan says when a number is complete, it forbids none. A `#` that no pattern wants ends the number.
Signs without a digit (`*`) are the beginning of a code, and no number that a plan could complete:
who means them presses Dial, or `#`, unless a pattern knows them.

An emergency number is dialled as it is, at once. Only where a pattern of a fixed length goes on
from it (`1xxx` and 112) it waits for another key like any other.
"""

from __future__ import annotations

import re

from config.dial_plan import KEYS, DialPlan, Match, Verdict
from firmware.agent.events import Party
from firmware.agent.target import SEPARATORS
from firmware.frozen import frozen

DIGITS_MAX = 32
"""Longer than any telephone number (E.164 has 15) with prefixes and codes."""

END = "#"

PLUS_KEY, PLUS = "0", "+"
"""A 0 that is held begins an international number."""

COMPLETE = frozenset({Match.COMPLETE, Match.OPEN})


@frozen
class Dialled:
    """What is sent for the digits."""

    number: str
    is_emergency: bool = False


class NumberEntry:
    """Digits so far; without a key for `timeout_s` they are dialled."""

    def __init__(
        self, timeout_s: float, plan: DialPlan, emergency: DialPlan, *, hash_ends: bool
    ) -> None:
        self._timeout_s = timeout_s
        self._plan, self._emergency = plan, emergency
        self._hash_ends = hash_ends
        self.forget()

    def forget(self) -> None:
        """Begin anew."""
        self.digits = ""
        self.offered: tuple[Party, ...] = ()  # Who may be meant, as of the last digit.
        self.chosen = -1  # Of them; -1: the digits themselves.
        self.dial_by: float | None = None

    def press(self, digit: str, now: float) -> bool:
        """Add a digit; tell whether the number is to be dialled at once."""
        if self._is_end(digit):
            return True
        self.chosen = -1
        if len(self.digits) < DIGITS_MAX:
            self.digits += digit
            self._wait(now)
        verdict = self._verdict(self.digits)
        if self.dialled().is_emergency:
            return not verdict.may_be_fixed
        return verdict.match is Match.COMPLETE and bool(verdict.number)

    def delete(self, now: float) -> None:
        """Take the last digit away."""
        self.digits, self.chosen = self.digits[:-1], -1
        self._wait(now)

    def hold(self, key: str, now: float) -> None:
        """Let a key that stays down mean something else than the digit it has added."""
        if key == self.digits == PLUS_KEY:
            self.digits, self.chosen, self.dial_by = PLUS, -1, None

    def choose(self, step: int, now: float) -> None:
        """Go on to the next of those who may be meant, or back to the digits."""
        self.chosen = (self.chosen + 1 + step) % (len(self.offered) + 1) - 1
        self.dial_by = now + self._timeout_s

    @property
    def is_number(self) -> bool:
        """Tell whether who does nothing more has dialled: with a digit, or as the plan knows it."""
        verdict = self._verdict(self.digits)
        is_known = verdict.match in COMPLETE and bool(verdict.number)
        return is_known or any(key.isdigit() for key in self.digits)

    def _wait(self, now: float) -> None:
        """Dial when no key comes."""
        self.dial_by = now + self._timeout_s if self.is_number else None

    def dialled(self) -> Dialled:
        """Return what is dialled now, "" without a digit; a lone # is dialled, and ends nothing."""
        if self.is_emergency(self.digits):
            return Dialled(self.digits, is_emergency=True)
        dialled = self._verdict(self.digits).number or self.digits
        return Dialled(dialled if dialled != PLUS else "")

    @property
    def second_tone(self) -> bool:
        """Tell whether the digits so far ask for a second dial tone."""
        return self._verdict(self.digits).second_tone

    def is_emergency(self, target: str) -> bool:
        """Tell whether a target, typed or not and however written, is an emergency number."""
        number = _number_in(target)
        return _is_typed(number) and self._emergency.match(number).match in COMPLETE

    def _is_end(self, key: str) -> bool:
        """Tell whether this key ends the number and is none of its digits."""
        if key != END or not self.digits:
            return False
        return self._hash_ends or self._verdict(self.digits + END).match is Match.NONE

    def _verdict(self, digits: str) -> Verdict:
        """Say what the plan means; it has no opinion of an international number."""
        if digits.startswith(PLUS):
            return Verdict(Match.NONE, digits)
        return self._plan.match(digits)


def _number_in(target: str) -> str:
    """Return the number that a target calls: "112" of "1 1 2", "112,,1" and "tel:112"."""
    number = re.split("[,;]", target.strip().lower().removeprefix("tel:"))[0]
    return SEPARATORS.sub("", number)


def _is_typed(target: str) -> bool:
    return bool(target) and set(target) <= set(KEYS)
