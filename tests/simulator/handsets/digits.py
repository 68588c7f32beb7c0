"""Digits of one side, as the other side is told of them: once each, in order (RFC 4733)."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.simulator.handsets.ear import Ear
    from tests.simulator.handsets.handset import Handset
    from tests.simulator.schedule import Schedule

ARRIVES_S = 1.5
"""After its last packet was sent."""

LOST_MAX = 3
"""Of seven packets of a digit, or of more, that many may be lost."""


@dataclass
class Press:
    """A digit that was pressed."""

    digit: str
    at: float
    sent_by: float
    is_by_info: bool
    is_told: bool = False
    may_fail: bool = False


class Digits:
    """What one side has pressed."""

    def __init__(self, speaker: Handset, ear: Ear, schedule: Schedule) -> None:
        self.seen = dict.fromkeys(["pressed", "told", "owed", "failed"], 0)
        self._speaker, self._ear, self._schedule = speaker, ear, schedule
        self._pressed: deque[Press] = deque(maxlen=200)

    def said(self, digit: str, now: float, sent_by: float, *, by_info: bool = False) -> None:
        """Remember a digit that is to be sent until then."""
        self.seen["pressed"] += 1
        press = Press(digit, now, sent_by, by_info)
        self._pressed.append(press)
        self._schedule.at(sent_by + ARRIVES_S, lambda: self._has_arrived(press))

    def failed(self, digit: str) -> None:
        """The handset says that a digit could not be sent: it may have arrived all the same."""
        self.seen["failed"] += 1
        for press in self._pressed:
            press.may_fail = press.may_fail or (press.digit == digit and not press.is_told)

    def told(self, digit: str) -> None:
        """The far end is told of a digit: the next of those that were pressed."""
        self.seen["told"] += 1
        waiting = [press for press in self._pressed if not press.is_told]
        alike = [press for press in waiting if press.digit == digit]
        found = next((press for press in alike if not press.may_fail), next(iter(alike), None))
        assert found is not None, f"digit {digit}, which nobody has pressed, or once more"
        for press in waiting[: waiting.index(found)]:
            if press.is_by_info:
                continue  # It may still be on its way, or about to fail.
            self._may_be_lost(press, "out of order")
            press.is_told = True  # It must not come any more.
        found.is_told = True

    def _has_arrived(self, press: Press) -> None:
        """By now it is there, unless it waits for the far end to take the call back."""
        if press.is_told:
            return
        now, arrives_at = self._schedule.now, self._speaker.digits_until + ARRIVES_S
        if self._speaker.has_digits or arrives_at > now:  # The last may have been sent just now.
            at = max(now + ARRIVES_S, arrives_at)
            self._schedule.at(at, lambda: self._has_arrived(press))
            return
        self._may_be_lost(press, "lost")
        press.is_told = True  # Whatever it was, it is past.

    def _may_be_lost(self, press: Press, how: str) -> None:
        """A digit may be lost where its way was not open, or too much of it was."""
        self.seen["owed"] += 1
        ear = self._ear
        harmed_at = max(ear.broken_at, ear.way.harmed_at)
        lost = sum(press.at - 0.5 < at for at in ear.way.lost_at)
        excused = press.may_fail or harmed_at > press.at - 2 or lost > LOST_MAX
        assert excused, f"digit {press.digit} is {how}"
