"""Two people with handsets: they call each other, talk, hold, press keys, hang up."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING

from firmware.agent.account import DigitMethod
from firmware.media.plan import Direction
from firmware.phone.events import AnswerCall, DialTarget, EndCall, HoldCall, KeyPressed
from firmware.phone.state import State
from tests.simulator.handsets.plan import USERS

if TYPE_CHECKING:
    from tests.simulator.handsets.handset import Handset
    from tests.simulator.handsets.world import World

INFO_S = 40.0
"""A digit by INFO has failed by then, if it has."""

DIGITS = "0123456789*#"


class Person:
    """Whims, drawn from the seed."""

    def __init__(self, world: World, handset: Handset, random: Random) -> None:
        self.is_done = False  # No more calls, no more whims.
        kinds = [
            "dials",
            "answers",
            "rejects",
            "gives up",
            "hangs up",
            "holds",
            "resumes",
            "mutes",
            "digits",
        ]
        self.seen = dict.fromkeys(kinds, 0)
        self._world, self._handset, self._random = world, handset, random
        self._is_chatty = world.plan.is_long

    def live(self) -> None:
        """Have a whim now and then."""
        pace_s = 1.5 * self._world.plan.quick
        self._world.schedule.later(self._random.expovariate(1 / pace_s), self._whim)

    def _whim(self) -> None:
        if self.is_done:
            return
        random, state = self._random, self._handset.state
        match state:
            case State.IDLE | State.ENDED:
                self._maybe(0.25, "dials", DialTarget(USERS[1 - self._handset.side]))
            case State.RINGING:
                if not self._maybe(0.04, "rejects", KeyPressed("soft2")):
                    self._maybe(0.7, "answers", AnswerCall())
            case State.CALLING:
                self._maybe(0.06, "gives up", EndCall())
            case State.TALKING:
                self._talk(random)
            case _:
                pass
        self.live()

    def _talk(self, random: Random) -> None:
        if self._is_chatty:
            if random.random() < 0.04:
                self._press(random.choice(DIGITS))
            return
        plan = self._handset.plan
        holds = plan is not None and plan.direction in {Direction.SENDONLY, Direction.INACTIVE}
        if holds:
            self._maybe(0.4, "resumes", HoldCall(on=False))
        elif not self._maybe(0.06, "holds", HoldCall(on=True)):
            self._mute_or_press(random)

    def _mute_or_press(self, random: Random) -> None:
        if self._handset.is_muted:
            self._maybe(0.4, "mutes", KeyPressed("mute"))
        elif not self._maybe(0.06, "mutes", KeyPressed("mute")):
            for _ in range(random.choice([0] * 12 + [1, 1, 3])):
                self._press(random.choice(DIGITS))
            self._maybe(0.05, "hangs up", EndCall())

    def _press(self, digit: str) -> None:
        """Press a digit; one that goes by INFO is told to be sent by nobody else."""
        now, side = self._world.schedule.now, self._handset.side
        if self._world.plan.accounts[side].digits is DigitMethod.INFO:
            self._world.digits[side].said(digit, now, now + INFO_S, by_info=True)
        self.seen["digits"] += 1
        self._handset.tell(KeyPressed(digit))

    def _maybe(self, chance: float, what: str, event: object) -> bool:
        if self._random.random() >= chance:
            return False
        self.seen[what] += 1
        self._handset.tell(event)
        return True
