"""The console as a machine: lines in, text out.

Theory of operation
-------------------
    away --logged in--> ready --a command--> ready
                              --Follow--> following --a key--> ready
                              --Question--> asking --a line--> ready, or on with the command
                              --Work--> working --WorkDone--> ready, or on with the command
    any of them --exit, or nobody there for so long--> away

`login.py` says who comes in. Ctrl-C leads back to `ready` from everywhere; what is done outside
then goes on, and nobody hears of it, but for what stops with whoever waited (`StopWork`). Whatever
a line holds, it is answered by a sentence.

Nothing here knows a terminal: `editor.py` makes lines of bytes. What the commands see is given to
them with each line (`sight.py`), what they say is text.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from random import Random
from typing import assert_never

from config.admin_password import ADMIN_PASSWORD
from config.configuration import Configuration
from firmware.console.commands import run
from firmware.console.events import (
    Ask,
    ConfigurationIs,
    Do,
    Heard,
    InputEnded,
    Interrupted,
    KeyTouched,
    LineEntered,
    PasswordChecked,
    PasswordKept,
    Say,
    StopWork,
    TerminalIs,
    TestLinkNow,
    Watch,
    WorkDone,
)
from firmware.console.login import SLEEPING, Login, Step
from firmware.console.reports import status_report
from firmware.console.sight import Sight
from firmware.console.steps import CommandError, Exit, Follow, Question, Work
from firmware.link.events import LinkState
from firmware.machine import earliest, is_due
from firmware.phone.events import TimeIs
from firmware.phone.lockout import Lockout
from firmware.phone.status import Status
from firmware.phone.wall import Wall

TIMEOUT = "console timeout"

PROMPT = Ask("handset> ")

REFRESH_S = 1.0
"""A view that follows is made anew so often,"""

TEST_EVERY = 5
"""and the link is tested with each of so many."""

ConsoleEvent = (
    LineEntered | Interrupted | InputEnded | KeyTouched | TerminalIs | ConfigurationIs | TimeIs
    | PasswordChecked | PasswordKept | WorkDone | Heard
)  # fmt: skip


class Stage(Enum):
    """What the console is at."""

    AWAY = "away"  # Nobody is logged in.
    READY = "ready"
    FOLLOWING = "following"
    ASKING = "asking"
    WORKING = "working"


LEGAL = {
    Stage.AWAY: {Stage.READY},
    Stage.READY: {Stage.FOLLOWING, Stage.ASKING, Stage.WORKING, Stage.AWAY},
    Stage.FOLLOWING: {Stage.READY, Stage.AWAY},
    Stage.ASKING: {Stage.READY, Stage.WORKING, Stage.AWAY},
    Stage.WORKING: {Stage.READY, Stage.ASKING, Stage.AWAY},
}


class Console:
    """One console of one phone."""

    def __init__(
        self, status: Status, configuration: Configuration, random: Random, lockout: Lockout
    ) -> None:
        self.stage = Stage.AWAY
        self.sight = Sight(status, configuration)
        self._login = Login(random, lockout)
        self._unix_offset_s: float | None = None  # Wall clock minus monotonic.
        self._idle_at: float | None = None
        self._refresh_at: float | None = None
        self._refreshes = 0
        self._works = 0  # Numbered: what was not waited for is not heard.
        self._step: Follow | Question | Work | None = None

    @property
    def is_asleep(self) -> bool:
        """Tell whether nobody is there, logged in or about to."""
        return self._login.step is Step.NOBODY

    def deadline(self) -> float | None:
        return earliest((self._login.gives_up_at, self._idle_at, self._refresh_at))

    def handle(self, event: ConsoleEvent, now: float) -> list[object]:
        self._look(now)
        self._touch(event, now)
        match event:
            case LineEntered(text):
                return self._line(text, now)
            case Interrupted():
                return self._interrupt(now)
            case InputEnded():
                return self._go() if self.stage is Stage.READY else self._interrupt(now)
            case KeyTouched():
                return self._ready() if self.stage is Stage.FOLLOWING else []
            case TerminalIs(_, columns):
                self.sight.columns = columns
                return []
            case ConfigurationIs(configuration):
                self.sight.configuration = configuration
                return []
            case TimeIs(unix_s, offset_s, is_synchronised):
                self.sight.is_synchronised = is_synchronised
                self._unix_offset_s = None if unix_s is None else unix_s - now
                self.sight.wall = Wall(offset_s)
                return []
            case PasswordChecked(is_right):
                return self._arrive(self._login.checked(now, is_right=is_right), now)
            case PasswordKept(problem):
                return self._arrive(self._login.kept(problem, now), now)
            case WorkDone():
                return self._done(event, now)
            case Heard(text):
                return [] if self.stage is Stage.AWAY else [Say(text)]
            case _:
                assert_never(event)

    def wake(self, now: float) -> list[object]:
        self._look(now)
        if is_due(self._login.gives_up_at, now):
            return [Say(""), *self._login.leave()]
        if is_due(self._idle_at, now):
            return [Say("Nobody there: logged out."), *self._go()]
        if is_due(self._refresh_at, now):
            return self._refresh(now)
        return []

    def _look(self, now: float) -> None:
        self.sight.now = now
        offset = self._unix_offset_s
        self.sight.unix_s = None if offset is None else now + offset

    def _touch(self, event: ConsoleEvent, now: float) -> None:
        """Somebody is there, if it was a person who did it."""
        by_person = isinstance(event, LineEntered | Interrupted | InputEnded | KeyTouched)
        if by_person and self.stage is not Stage.AWAY:
            self._idle_at = self._gone_at(now)

    def _gone_at(self, now: float) -> float | None:
        timeout_s = int(self.sight.configuration.value(TIMEOUT))
        return now + timeout_s if timeout_s else None

    # Lines.

    def _line(self, text: str, now: float) -> list[object]:
        if self._login.step is Step.NOBODY:
            has_password = bool(self.sight.configuration.value(ADMIN_PASSWORD))
            return self._login.begin(now, has_password=has_password)
        match self.stage:
            case Stage.AWAY:
                return self._login.take(text, now)
            case Stage.READY:
                return self._go_on(lambda: run(self.sight, text), now)
            case Stage.ASKING:
                question = self._step
                assert isinstance(question, Question)
                return self._go_on(lambda: question.answered(self.sight, text), now)
            case Stage.FOLLOWING | Stage.WORKING:
                return []  # Nothing is asked for.
            case _:
                assert_never(self.stage)

    def _go_on(self, deed: Callable[[], list[object]], now: float) -> list[object]:
        try:
            return self._carry_out(deed(), now)
        except CommandError as error:
            return [Say(str(error)), *self._ready()]

    def _carry_out(self, steps: list[object], now: float) -> list[object]:
        """Give out what is for others; the last of the steps may be a longer way to go on."""
        out: list[object] = []
        for step in steps:
            match step:
                case Follow():
                    self._enter(Stage.FOLLOWING, step)
                    self._refreshes = 0
                    return out + self._refresh(now)
                case Question(prompt, _, hidden):
                    self._enter(Stage.ASKING, step)
                    return [*out, Ask(prompt, hidden)]
                case Work(request):
                    self._enter(Stage.WORKING, step)
                    self._works += 1
                    return [*out, Do(self._works, request)]
                case Exit():
                    return out + self._go()
                case _:
                    out.append(step)
        return out + self._ready()

    def _done(self, done: WorkDone, now: float) -> list[object]:
        work = self._step
        if not isinstance(work, Work) or done.number != self._works:
            return []  # They did not wait for it.
        return self._go_on(lambda: work.done(self.sight, done.result), now)

    def _refresh(self, now: float) -> list[object]:
        follow = self._step
        assert isinstance(follow, Follow)
        self._refresh_at = now + REFRESH_S
        link = self.sight.status.link
        is_up = link is not None and link.state in {LinkState.UP, LinkState.UNPROVEN}
        tests = follow.tests_link and is_up and self._refreshes % TEST_EVERY == 0
        self._refreshes += 1
        line = follow.line(self.sight)[: self.sight.columns - 1]
        return [*([TestLinkNow()] if tests else []), Watch(line)]

    def _interrupt(self, now: float) -> list[object]:
        """Give up what is being done."""
        if self._login.step is Step.CHECKING:
            return []  # The answer comes in a moment.
        if self.stage is Stage.AWAY:
            return self._login.leave() or [SLEEPING]
        return [*self._stop_work(), *self._ready()]

    # Coming and going.

    def _arrive(self, out: list[object], now: float) -> list[object]:
        """Let somebody in, if what the log-in says is that they are."""
        if self._login.step is not Step.IN or self.stage is not Stage.AWAY:
            return out
        self._idle_at = self._gone_at(now)
        return [*out, Say(f"{status_report(self.sight)}\nType help."), *self._ready()]

    def _go(self) -> list[object]:
        stopping = self._stop_work()
        self._enter(Stage.AWAY)
        self._idle_at = None
        self.sight.traced.clear()
        return [*stopping, Say("Good bye."), *self._login.leave()]

    def _stop_work(self) -> list[object]:
        work = self._step
        return [StopWork(self._works)] if isinstance(work, Work) and work.stops else []

    def _ready(self) -> list[object]:
        self._enter(Stage.READY)
        return [PROMPT]

    def _enter(self, stage: Stage, step: Follow | Question | Work | None = None) -> None:
        assert stage is self.stage or stage in LEGAL[self.stage], (self.stage, stage)
        self.stage, self._step = stage, step
        self._refresh_at = None
