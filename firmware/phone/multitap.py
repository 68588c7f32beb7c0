"""Text typed on the digit keys: a key pressed again within a second is its next letter.

`#` goes on to the next case: Abc (a capital begins each word), abc, ABC, 123. `*` is the key of
signs. A letter counts when another key is pressed, or after `LETTER_S`; until then it may change.
"""

from __future__ import annotations

from enum import Enum

from firmware.machine import is_due

LETTER_S = 1.0
"""How long the same key goes on to its next letter."""

LETTERS = {
    "1": ".,-'@_&1",
    "2": "abcäàáâåãæç2",
    "3": "deféèêë3",
    "4": "ghiïíîì4",
    "5": "jkl5",
    "6": "mnoöñóôòõø6",
    "7": "pqrsß7",
    "8": "tuvüùúû8",
    "9": "wxyzÿý9",
    "0": " 0",
    "*": "+*#/():;!?",
}
"""The letters of the four languages, each on the key where its plain form is."""


class Case(Enum):
    """How letters are written."""

    WORDS = "Abc"
    SMALL = "abc"
    CAPITALS = "ABC"
    NUMBERS = "123"


_NEXT = dict(zip(Case, [*list(Case)[1:], Case.WORDS], strict=True))


class MultiTap:
    """A line of text that is being typed."""

    def __init__(self, text: str, length_max: int, case: Case = Case.WORDS) -> None:
        self._text = text
        self._length_max = length_max
        self.case = case
        self._key = ""  # Whose letter may still change,
        self._presses = 0
        self._settled_by: float | None = None  # until then.

    @property
    def text(self) -> str:
        """What has been typed, with the letter that may still change."""
        return self._text

    def deadline(self) -> float | None:
        """Return when the last letter counts."""
        return self._settled_by

    def wake(self, now: float) -> None:
        """Let the last letter count where its time is over."""
        if is_due(self._settled_by, now):
            self.settle()

    def settle(self) -> None:
        """Let the last letter count."""
        self._key, self._presses, self._settled_by = "", 0, None

    def press(self, key: str, now: float) -> None:
        """Take one of the twelve keys."""
        self.wake(now)
        if key == "#":
            self.settle()
            self.case = _NEXT[self.case]
        elif self.case is Case.NUMBERS:
            self._append(key)
        elif key == self._key:
            self._presses += 1
            self._text = self._text[:-1]
            self._append(self._letter(key))
            self._settled_by = now + LETTER_S
        else:
            self._begin(key, now)

    def _begin(self, key: str, now: float) -> None:
        self.settle()
        if self._append(self._letter(key)):
            self._key, self._settled_by = key, now + LETTER_S

    def delete(self) -> None:
        """Take the last letter away."""
        self.settle()
        self._text = self._text[:-1]

    def _append(self, letter: str) -> bool:
        if len(self._text) >= self._length_max:
            return False
        self._text += letter
        return True

    def _letter(self, key: str) -> str:
        letter = LETTERS[key][self._presses % len(LETTERS[key])]
        begins = not self._text or self._text[-1] in " -"
        capital = self.case is Case.CAPITALS or (self.case is Case.WORDS and begins)
        return letter.upper() if capital and letter != "ß" else letter
