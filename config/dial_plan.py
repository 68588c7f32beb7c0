"""A dial plan: when a dialled number is complete, and what is sent for it.

Theory of operation
-------------------
    plan    = pattern *("|" pattern)
    pattern = sequence ["^"] ["," digits]      digits: put before the number that is sent
    sequence = 1*(symbol ["+"] / ";")          "+": no time, once or more often
    symbol  = digit / "*" / "#" / "x" / "[" set "]" / "(" sequence *("|" sequence) ")"

`x` is any digit. Behind a `;` the person hears a second dial tone. A `#` that ends a pattern behind
a repetition (`x+#`) ends the number and is not sent; any other `#` is dialled (`*21#`). The desk
phones' `^` at a pattern's end is taken and changes nothing. Of several patterns that fit, the first
counts. An empty plan knows no number.

The text is compiled once (Glushkov's automaton): every symbol is a position, and a set of
positions is an int with a bit for each. A key leads from the positions before it to those that
follow them and have that key; nothing is ever tried twice, so no plan and no number takes long.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import Enum
from typing import NamedTuple

DIAL_PLAN_MAX = 512
"""Characters of a dial plan (PARAMETERS)."""

DEPTH_MAX = 8
"""Brackets within brackets: more than any real plan has, and no deep recursion."""

DIGITS = "0123456789"
KEYS = DIGITS + "*#"

NOT_STARTED = -1
"""The state before the first key."""


class DialPlanError(ValueError):
    """A text is no dial plan; the message names the column."""

    def __init__(self, column: int, text: str) -> None:
        super().__init__(f"column {column}: {text}")


class Match(Enum):
    """What a plan says of the keys so far."""

    NONE = "no match"
    PARTIAL = "may match"
    COMPLETE = "complete"
    OPEN = "complete, but may go on"


class Verdict(NamedTuple):
    """What the keys so far mean, and what is sent if they are dialled now."""

    match: Match
    number: str
    second_tone: bool = False
    may_be_fixed: bool = False  # A pattern without a repetition may go on from here.


class Part(NamedTuple):
    """A piece of a pattern, as sets of positions: where it begins and ends; may it be nothing?"""

    first: int
    last: int
    empty: bool


class Pattern(NamedTuple):
    """One alternative of the plan, behind its bars."""

    positions: int  # All of them,
    accepting: int  # and those that may be its last.
    prepended: str
    ends: int  # The position of a # that ends the number and is not sent, as a set.
    fixed: bool  # It has no repetition.


NOTHING = Part(0, 0, empty=True)


class DialPlan:
    """A compiled plan. A state is an int; `step` leads from one to the next."""

    def __init__(self, text: str) -> None:
        compiled = _Compiler(text)
        self._patterns = tuple(compiled.plan())
        self._first = compiled.first
        self._follow = compiled.follow
        self._having = compiled.having
        self._second_tone = compiled.second_tone

    def step(self, state: int, key: str) -> int:
        """Return the state after one more key."""
        if state == NOT_STARTED:
            return self._first & self._having[key]
        after = 0
        for position in _members(state):
            after |= self._follow[position]
        return after & self._having[key]

    def match(self, keys: str) -> Verdict:
        """Say what these keys mean."""
        state = NOT_STARTED
        for key in keys:
            state = self.step(state, key)
        return self.verdict(state, keys)

    def verdict(self, state: int, keys: str) -> Verdict:
        """Say what a state means that these keys led to."""
        if state == NOT_STARTED:
            return Verdict(Match.PARTIAL if self._patterns else Match.NONE, "")
        alive = [pattern for pattern in self._patterns if pattern.positions & state]
        if not alive:
            return Verdict(Match.NONE, keys)
        complete = [pattern for pattern in alive if pattern.accepting & state]
        chosen = (complete or alive)[0]
        ended = bool(complete and chosen.ends & state)
        number = chosen.prepended + (keys[:-1] if ended else keys)
        going_on = [pattern for pattern in alive if self._goes_on(pattern, state)]
        match = (Match.OPEN if going_on else Match.COMPLETE) if complete else Match.PARTIAL
        tone = bool(state & self._second_tone)
        return Verdict(match, number, tone, any(pattern.fixed for pattern in going_on))

    def _goes_on(self, pattern: Pattern, state: int) -> bool:
        return any(self._follow[position] for position in _members(state & pattern.positions))


def _members(positions: int) -> Iterator[int]:
    """Yield the members of a set, the first in the text first."""
    while positions:
        lowest = positions & -positions
        yield lowest.bit_length() - 1
        positions ^= lowest


class _Compiler:
    """Reads the text once, from left to right; one method for each rule of the grammar."""

    def __init__(self, text: str) -> None:
        if len(text) > DIAL_PLAN_MAX:
            raise DialPlanError(DIAL_PLAN_MAX + 1, f"longer than {DIAL_PLAN_MAX} characters")
        self._text = text
        self._at = 0
        self._depth = 0
        self._repeats = 0
        self._ends = 0
        self.first = 0
        self.follow: list[int] = []
        self.having = dict.fromkeys(KEYS, 0)
        self.second_tone = 0

    def plan(self) -> Iterator[Pattern]:
        """Yield the patterns of the plan."""
        if not self._text:
            return
        yield self._pattern()
        while self._take("|"):
            yield self._pattern()
        if self._next:
            raise self._wrong(f"{_quoted(self._next)} has no place here")

    @property
    def _next(self) -> str:
        return self._text[self._at : self._at + 1]

    def _take(self, character: str) -> bool:
        found = self._next == character
        self._at += found
        return found

    def _wrong(self, text: str, at: int | None = None) -> DialPlanError:
        return DialPlanError((self._at if at is None else at) + 1, text)

    def _pattern(self) -> Pattern:
        before, repeats = len(self.follow), self._repeats
        self._ends = 0
        part = self._sequence()
        self._take("^")
        if self._next == "^":
            raise self._wrong('"^" stands once, at the end of a pattern')
        prepended = self._prepended() if self._take(",") else ""
        positions = (1 << len(self.follow)) - (1 << before)
        self.first |= part.first
        return Pattern(
            positions, part.last, prepended, self._ends & part.last, self._repeats == repeats
        )

    def _prepended(self) -> str:
        begin = self._at
        while self._next and self._next in KEYS:
            self._at += 1
        if begin == self._at:
            raise self._wrong('digits are missing behind ","')
        return self._text[begin : self._at]

    def _sequence(self) -> Part:
        """Read symbols, one behind the other, up to what belongs to none of them."""
        whole, begin, after_repeat = NOTHING, self._at, False
        while self._next and self._next not in "|),^":
            if self._take(";"):
                self.second_tone |= whole.last
                continue
            is_hash = self._next == "#"
            symbol, repeated = self._repeated()
            if is_hash and not repeated:
                self._ends = symbol.last if after_repeat and not self._depth else 0
            after_repeat = repeated
            whole = self._joined(whole, symbol)
        if begin == self._at:
            raise self._wrong("a pattern is missing")
        return whole

    def _repeated(self) -> tuple[Part, bool]:
        symbol = self._symbol()
        repeated = self._take("+")
        if repeated:
            self._repeats += 1
            self._lead(symbol.last, symbol.first)
            symbol = symbol._replace(empty=True)
        if self._next == "+":
            raise self._wrong('"+" repeats what stands before it, and stands once')
        return symbol, repeated

    def _symbol(self) -> Part:
        character = self._next
        if character == "(":
            return self._group()
        if character == "[":
            return self._position(self._set())
        if character == "+":
            raise self._wrong('nothing to repeat before "+"')
        keys = DIGITS if character in "xX" else character if character in KEYS else ""
        if not keys:
            raise self._wrong(f"{_quoted(character)} has no place here")
        self._at += 1
        return self._position(keys)

    def _group(self) -> Part:
        opened = self._at
        self._at += 1
        self._depth += 1
        if self._depth > DEPTH_MAX:
            raise self._wrong(f"more than {DEPTH_MAX} brackets within each other", opened)
        whole = self._sequence()
        while self._take("|"):
            other = self._sequence()
            empty = whole.empty or other.empty
            whole = Part(whole.first | other.first, whole.last | other.last, empty)
        if not self._next:
            raise self._wrong('"(" is not closed', opened)
        if not self._take(")"):
            raise self._wrong(f"{_quoted(self._next)} has no place within brackets")
        self._depth -= 1
        return whole

    def _set(self) -> str:
        """Read `[2-8*]`; return its keys."""
        opened = self._at
        self._at += 1
        keys = ""
        while self._next and self._next in KEYS:
            keys += self._range()
        if not self._next:
            raise self._wrong('"[" is not closed', opened)
        if not self._take("]"):
            raise self._wrong(f"{_quoted(self._next)} has no place within [ ]")
        if not keys:
            raise self._wrong("nothing within [ ]", opened)
        return keys

    def _range(self) -> str:
        begin, low = self._at, self._next
        self._at += 1
        if not self._take("-"):
            return low
        high = self._next
        if not (low in DIGITS and high and high in DIGITS and low <= high):
            raise self._wrong("a range is two digits, the lower one first", begin)
        self._at += 1
        return DIGITS[int(low) : int(high) + 1]

    def _position(self, keys: str) -> Part:
        """Make a position that has these keys."""
        position = 1 << len(self.follow)
        self.follow.append(0)
        for key in set(keys):
            self.having[key] |= position
        return Part(position, position, empty=False)

    def _joined(self, left: Part, right: Part) -> Part:
        """Put one piece behind another."""
        self._lead(left.last, right.first)
        first = left.first | (right.first if left.empty else 0)
        last = right.last | (left.last if right.empty else 0)
        return Part(first, last, left.empty and right.empty)

    def _lead(self, sources: int, targets: int) -> None:
        for position in _members(sources):
            self.follow[position] |= targets


def _quoted(character: str) -> str:
    return f'"{character}"' if character.isprintable() else repr(character)
