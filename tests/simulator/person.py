"""A person with a phone: lifts, dials, answers, hangs up, presses any key at any time."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from firmware.phone.events import (
    KEYS,
    AnswerCall,
    DialTarget,
    EndCall,
    HookLifted,
    HookReplaced,
    KeyPressed,
)
from tests.simulator.schedule import Schedule

TARGETS = ("300", "bob", "sip:carol@example.net", "*97", "+49 30 123", "", "a b", "sip:", "9" * 600)


class Person:
    """Whims, drawn from the seed; the hook alone is where it physically can be."""

    def __init__(self, schedule: Schedule, random: Random, tell: Callable[[object], None]) -> None:
        self.is_lifted = False
        self.hears_ringing = False
        self.phone_sleeps = False
        self.is_home = True
        self._schedule = schedule
        self._random = random
        self._tell = tell
        self._pace_s = random.choice([2.0, 6.0, 20.0])

    def live(self) -> None:
        """Have a whim now and then."""
        self._schedule.later(self._random.expovariate(1 / self._pace_s), self._whim)

    def go_home(self) -> None:
        """Hang up whatever there is, and leave the phone alone."""
        self.is_home = False
        if not self.is_lifted:
            self._lift()
        self._replace()
        for _ in range(10):
            self._tell(EndCall())

    def _whim(self) -> None:
        if not self.is_home:
            return
        if self.phone_sleeps:
            pass  # Nothing moves on the screen: nobody presses keys for minutes.
        elif self.hears_ringing and self._random.random() < 0.6:
            self._react()
        else:
            self._random.choices(
                [self._hook, self._dial, self._press, self._end], weights=[3, 3, 6, 1]
            )[0]()
        self.live()

    def _react(self) -> None:
        """The phone rings: answer it by hook or by command, or refuse."""
        choice = self._random.random()
        if choice < 0.5 and not self.is_lifted:
            self._lift()
        elif choice < 0.8:
            self._tell(AnswerCall())
        else:
            self._tell(EndCall())

    def _hook(self) -> None:
        if self.is_lifted:
            self._replace()
        else:
            self._lift()

    def _lift(self) -> None:
        self.is_lifted = True
        self._tell(HookLifted())

    def _replace(self) -> None:
        self.is_lifted = False
        self._tell(HookReplaced())

    def _dial(self) -> None:
        weights = [10, 3, 3, 1, 1, 1, 1, 1, 1]
        target = self._random.choices(TARGETS, weights)[0]
        self._tell(DialTarget(target, self._random.choice([0, 0, 1, 2, 9])))

    def _press(self) -> None:
        for _ in range(self._random.choice([1, 1, 3])):
            self._tell(KeyPressed(self._random.choice(KEYS)))

    def _end(self) -> None:
        self._tell(EndCall())
