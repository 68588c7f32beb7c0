"""Who may use the console: the administrator's password, or at the first start the one-time code.

Theory of operation
-------------------
    nobody --a line--> password --it--> checking --right--> in
    nobody --a line, no password is set--> code --the one on the screen--> choose -> repeat
        -> checking (it is kept) -> in

The password is checked outside, since a hash takes its time (scrypt). The code is drawn anew each
time it is asked for, and shown on the phone's own screen (T3): whoever reads it stands before the
phone. What wrong ones cost is in `phone/lockout.py`. Lines that are empty count for nothing: a bad
wire makes them.
"""

from __future__ import annotations

from enum import Enum
from random import Random

from config.admin_password import PASSWORD_MAX, PASSWORD_MIN, length_problem
from firmware.console.events import (
    Arrived,
    Ask,
    CheckPassword,
    KeepPassword,
    Left,
    Say,
    Secret,
    ShowCode,
)
from firmware.phone.lockout import Lockout

STEP_S = 60.0
"""A person who has to read the screen needs half a minute."""

CODE_DIGITS = 6


class Step(Enum):
    """Where somebody stands who wants to come in."""

    NOBODY = "nobody"
    CODE = "code"
    CHOOSE = "choose"
    REPEAT = "repeat"
    PASSWORD = "password"  # noqa: S105 (the name of a step)
    CHECKING = "checking"
    IN = "in"


LEGAL = {
    Step.NOBODY: {Step.CODE, Step.PASSWORD},
    Step.CODE: {Step.CHOOSE, Step.NOBODY},
    Step.CHOOSE: {Step.REPEAT, Step.NOBODY},
    Step.REPEAT: {Step.CHOOSE, Step.CHECKING, Step.NOBODY},
    Step.PASSWORD: {Step.CHECKING, Step.NOBODY},
    Step.CHECKING: {Step.IN, Step.PASSWORD, Step.NOBODY},
    Step.IN: {Step.NOBODY},
}

SLEEPING = Ask("", hidden=True)
"""Nobody is there: a line wakes the console."""

CHOOSING = Ask("New password: ", hidden=True)
ASKING = Ask("Password: ", hidden=True)


class Login:
    """One console's door."""

    def __init__(self, random: Random, lockout: Lockout) -> None:
        self.step = Step.NOBODY
        self.gives_up_at: float | None = None
        self._random, self._lockout = random, lockout
        self._code = ""
        self._chosen = ""

    def begin(self, now: float, *, has_password: bool) -> list[object]:
        """Somebody pressed Enter."""
        if self._lockout.wait_s(now):
            return [Say(self._lockout.words(now)), SLEEPING]
        if has_password:
            self._enter(Step.PASSWORD, now)
            return [Say("Handset console"), ASKING]
        self._enter(Step.CODE, now)
        self._code = "".join(str(self._random.randrange(10)) for _ in range(CODE_DIGITS))
        how = "No password is set yet. The phone's screen shows a code: soft key Link, first page."
        return [ShowCode(Secret(self._code)), Say(f"Handset console\n{how}"), Ask("Code: ")]

    def take(self, line: str, now: float) -> list[object]:
        """Take what was typed."""
        match self.step:
            case Step.CODE:
                return self._take_code(line.strip(), now)
            case Step.CHOOSE:
                return self._choose(line, now)
            case Step.REPEAT:
                return self._repeat(line, now)
            case Step.PASSWORD:
                return self._take_password(line, now)
            case _:
                return []  # Typed ahead of the answer.

    def checked(self, now: float, *, is_right: bool) -> list[object]:
        """Hear whether the password was right."""
        if self.step is not Step.CHECKING:
            return []  # They have gone meanwhile.
        if is_right:
            return self._come_in(now)
        return self._refuse("wrong password", Step.PASSWORD, ASKING, now)

    def kept(self, problem: str, now: float) -> list[object]:
        """Hear whether the new password is kept."""
        if self.step is not Step.CHECKING:
            return []
        if problem:
            return [Say(f"The password is not kept: {problem}"), *self.leave()]
        return [Say("From now on this password is asked for."), *self._come_in(now)]

    def leave(self) -> list[object]:
        """Nobody is there any more."""
        if self.step is Step.NOBODY:
            return []
        shown = self.step in {Step.CODE, Step.CHOOSE, Step.REPEAT}
        was_in = self.step is Step.IN
        self._enter(Step.NOBODY, 0.0)
        hide: list[object] = [ShowCode(Secret(""))] if shown else []
        return [*hide, *([Left()] if was_in else []), SLEEPING]

    def _take_code(self, code: str, now: float) -> list[object]:
        if not code:
            return [Ask("Code: ")]
        if code.replace(" ", "") != self._code:
            return self._refuse("wrong code", Step.NOBODY, SLEEPING, now)
        self._lockout.forgive()
        self._enter(Step.CHOOSE, now)
        how = f"Choose the administrator's password: {PASSWORD_MIN} characters or more."
        return [ShowCode(Secret("")), Say(how), CHOOSING]

    def _choose(self, line: str, now: float) -> list[object]:
        if problem := length_problem(line):
            return [Say(f"The password does not fit: {problem}."), CHOOSING]
        self._chosen = line
        self._enter(Step.REPEAT, now)
        return [Ask("Once more: ", hidden=True)]

    def _repeat(self, line: str, now: float) -> list[object]:
        chosen = self._chosen
        if line != chosen:
            self._enter(Step.CHOOSE, now)
            return [Say("That was another one."), CHOOSING]
        self._enter(Step.CHECKING, now)
        return [KeepPassword(Secret(chosen))]

    def _take_password(self, line: str, now: float) -> list[object]:
        if not line:
            return [ASKING]
        self._enter(Step.CHECKING, now)
        return [CheckPassword(Secret(line[:PASSWORD_MAX]))]

    def _refuse(self, why: str, step: Step, ask: Ask, now: float) -> list[object]:
        """Say that it was wrong, and how long nobody is heard for it."""
        hide: list[object] = [ShowCode(Secret(""))] if self.step is Step.CODE else []
        self._lockout.note_wrong(now)
        if not self._lockout.wait_s(now):
            self._enter(step, now)
            return [*hide, Say(why), ask]
        self._enter(Step.NOBODY, now)
        return [*hide, Say(self._lockout.words(now)), SLEEPING]

    def _come_in(self, now: float) -> list[object]:
        self._lockout.forgive()
        self._enter(Step.IN, now)
        return [Arrived()]

    def _enter(self, step: Step, now: float) -> None:
        assert step is self.step or step in LEGAL[self.step], (self.step, step)
        self.step = step
        waits = step not in {Step.NOBODY, Step.IN, Step.CHECKING}
        self.gives_up_at = now + STEP_S if waits else None
        if step is not Step.CODE:
            self._code = ""
        if step is not Step.REPEAT:
            self._chosen = ""
