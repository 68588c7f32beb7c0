"""Whether the phone is sane, as a machine: only then is the service manager's watchdog fed.

Theory of operation
-------------------
    SANE       fed at every look
    WRONG      not fed: the manager ends the process when its patience is over, and starts it anew
    ENDING     the phone says goodbye: the manager is asked for time, but not for ever

A phone that has stopped being a phone mostly still has a process. So somebody else watches it, and
is fed by the event loop alone, a few times within the patience of whoever watches:

- *The loop turns*, or nobody would look.
- *No deadline is overdue*: what the stack wanted done by a moment is done `OVERDUE_S` after it.
- *The threads answer* (the display's, the pins', the sound's): each is woken at a look, and has
  turned by `ANSWER_S` later. One that has never turned is a part that does not work from the start:
  the screen says so, and to start anew would not mend it.

One look that finds something wrong is not the end: the machine may have been held up. Whoever is
sane again within the manager's patience is fed again.
"""

from __future__ import annotations

from enum import Enum
from typing import assert_never

from firmware.frozen import frozen
from firmware.machine import is_due

LOOKS = 4
"""Within the patience of whoever watches."""

UNWATCHED_LOOK_S = 10.0
"""Between two looks where nobody watches: what is wrong is still told."""

OVERDUE_S = 5.0
ANSWER_S = 10.0

MORE_S = 5.0
"""Asked for at a time, at the end; asked for every `END_LOOK_S`,"""

END_LOOK_S = 2.0

END_MAX_S = 30.0
"""and no longer than that."""


# From the phone.
@frozen
class Seen:
    """How things are: the moment of the stack's deadline, and how often each thread has turned."""

    due_at: float | None
    turns: tuple[tuple[str, int], ...]


@frozen
class StateIs:
    """The state of the link, in words."""

    words: str


@frozen
class Ending:
    """The phone stops; where `again`, it goes on in the same process at once."""

    again: bool


Event = Seen | StateIs | Ending


# To the phone.
@frozen
class Look:
    """Say how things are (`Seen`)."""


@frozen
class WakeThreads:
    """Let every thread turn."""


@frozen
class Feed:
    """Tell the service manager that the phone is sane."""


@frozen
class TellState:
    """Tell it how the phone is, in words."""

    words: str


@frozen
class TellEnd:
    """Tell it that the phone stops, or that it starts anew."""

    again: bool


@frozen
class AskForTime:
    """The goodbye takes longer."""

    seconds: float


@frozen
class TellTrouble:
    """Say why the phone is not sane."""

    why: str


Output = Look | WakeThreads | Feed | TellState | TellEnd | AskForTime | TellTrouble


class State(Enum):
    """Where the phone stands."""

    SANE = "sane"
    WRONG = "wrong"
    ENDING = "ending"


LEGAL = {
    State.SANE: {State.WRONG, State.ENDING},
    State.WRONG: {State.SANE, State.ENDING},
    State.ENDING: set[State](),
}


@frozen
class Answer:
    """How often a thread had turned when it last answered, and since when it is asked again."""

    turns: int
    asked_at: float


class Watchdog:
    """The machine; `patience_s` is the service manager's, None where it does not watch."""

    def __init__(self, patience_s: float | None, now: float) -> None:
        self._look_s = UNWATCHED_LOOK_S if patience_s is None else patience_s / LOOKS
        self._state = State.SANE
        self._look_at: float | None = now
        self._end_by = 0.0
        self._words = ""
        self._answers: dict[str, Answer] = {}

    def deadline(self) -> float | None:
        return self._look_at

    def wake(self, now: float) -> list[Output]:
        if not is_due(self._look_at, now):
            return []
        if self._state is State.ENDING:
            self._look_at = now + END_LOOK_S if now + END_LOOK_S < self._end_by else None
            return [AskForTime(MORE_S), Feed()]
        self._look_at = now + self._look_s
        return [Look()]

    def handle(self, event: Event, now: float) -> list[Output]:
        match event:
            case Seen():
                return self._judge(event, now)
            case StateIs(words):
                return self._tell(words)
            case Ending(again):
                return self._end(now, again=again)
            case _:
                assert_never(event)

    def _judge(self, seen: Seen, now: float) -> list[Output]:
        if self._state is State.ENDING:
            return []
        why = self._overdue(seen, now) or self._silent(seen, now)
        if why:
            first = self._state is State.SANE
            self._enter(State.WRONG)
            return [WakeThreads(), *([TellTrouble(why)] if first else [])]
        self._enter(State.SANE)
        return [WakeThreads(), Feed()]

    def _overdue(self, seen: Seen, now: float) -> str:
        late_s = 0.0 if seen.due_at is None else now - seen.due_at
        return f"what was due is {late_s:.0f} s late" if late_s > OVERDUE_S else ""

    def _silent(self, seen: Seen, now: float) -> str:
        """Name a thread that was asked long ago and has not turned since."""
        before = self._answers
        self._answers = {name: _answer(before.get(name), n, now) for name, n in seen.turns if n}
        silent = [name for name, one in self._answers.items() if now - one.asked_at > ANSWER_S]
        return f"the thread of the {silent[0]} does not answer" if silent else ""

    def _tell(self, words: str) -> list[Output]:
        if words == self._words or self._state is State.ENDING:
            return []
        self._words = words
        return [TellState(words)]

    def _end(self, now: float, *, again: bool) -> list[Output]:
        if self._state is State.ENDING:
            return []
        self._enter(State.ENDING)
        self._end_by, self._look_at = now + END_MAX_S, now + END_LOOK_S
        return [TellEnd(again)]

    def _enter(self, state: State) -> None:
        """The one door; to stay is no change."""
        assert state is self._state or state in LEGAL[self._state], (self._state, state)
        self._state = state


def _answer(known: Answer | None, turns: int, now: float) -> Answer:
    return known if known is not None and known.turns == turns else Answer(turns, now)
