"""What is sane, moment by moment, and what the service manager is told of it."""

from __future__ import annotations

from firmware.runtime.watchdog import (
    ANSWER_S,
    END_LOOK_S,
    END_MAX_S,
    LOOKS,
    MORE_S,
    OVERDUE_S,
    UNWATCHED_LOOK_S,
    AskForTime,
    Ending,
    Event,
    Feed,
    Look,
    Output,
    Seen,
    StateIs,
    TellEnd,
    TellState,
    TellTrouble,
    WakeThreads,
    Watchdog,
)

PATIENCE_S = 30.0
LOOK_S = PATIENCE_S / LOOKS


class Rig:
    """A watchdog, its time, and how the phone is."""

    def __init__(self, patience_s: float | None = PATIENCE_S) -> None:
        self.now = 1000.0
        self.watchdog = Watchdog(patience_s, self.now)
        self.due_at: float | None = None
        self.turns: dict[str, int] = {}
        self.answers: set[str] = set()  # Threads that turn when they are woken.

    def look(self, after_s: float = LOOK_S) -> list[Output]:
        """Let time pass to the next look; return what follows from what is seen."""
        self.now += after_s
        assert self.watchdog.deadline() == self.now
        assert self.watchdog.wake(self.now) == [Look()]
        said = self.hand(Seen(self.due_at, tuple(self.turns.items())))
        if WakeThreads() in said:
            self.turns |= {name: self.turns[name] + 1 for name in self.answers}
        return said

    def hand(self, event: Event) -> list[Output]:
        return self.watchdog.handle(event, self.now)


def with_threads(*names: str) -> Rig:
    rig = Rig()
    rig.turns, rig.answers = dict.fromkeys(names, 1), set(names)
    return rig


def test_a_sane_phone_is_fed_some_times_within_the_patience() -> None:
    rig = Rig()
    assert rig.look(0.0) == [WakeThreads(), Feed()], "at once: it may have been loaded for long"
    for _ in range(3 * LOOKS):
        assert rig.look() == [WakeThreads(), Feed()]


def test_where_nobody_watches_what_is_wrong_is_still_looked_for() -> None:
    rig = Rig(patience_s=None)
    rig.look(0.0)
    rig.due_at = rig.now - OVERDUE_S
    assert TellTrouble("what was due is 15 s late") in rig.look(UNWATCHED_LOOK_S)


def test_a_deadline_of_the_stack_may_be_a_little_late_and_no_more() -> None:
    rig = Rig()
    rig.look(0.0)
    rig.due_at = rig.now + LOOK_S - OVERDUE_S
    assert Feed() in rig.look()
    rig.due_at = rig.now + LOOK_S - OVERDUE_S - 0.1
    assert Feed() not in rig.look()


def test_what_is_wrong_is_said_once_and_nobody_is_fed_until_it_is_right_again() -> None:
    rig = Rig()
    rig.due_at = rig.now - 60.0
    assert rig.look(0.0) == [WakeThreads(), TellTrouble("what was due is 60 s late")]
    assert rig.look() == [WakeThreads()]
    rig.due_at = rig.now + 100.0
    assert rig.look() == [WakeThreads(), Feed()]


def test_threads_that_turn_when_woken_are_well_however_seldom_they_run() -> None:
    rig = with_threads("display", "pins")
    rig.look(0.0)
    for _ in range(2 * LOOKS):
        assert rig.look() == [WakeThreads(), Feed()]


def test_a_thread_that_is_woken_and_does_not_turn_is_named() -> None:
    rig = with_threads("display", "sound")
    rig.look(0.0)
    rig.look()
    rig.answers.remove("sound")
    assert Feed() in rig.look(), "it has answered the look before"
    assert Feed() in rig.look(), f"asked {LOOK_S} s ago: it has {ANSWER_S} s"
    assert rig.look() == [WakeThreads(), TellTrouble("the thread of the sound does not answer")]
    rig.answers.add("sound")
    rig.look()
    assert Feed() in rig.look(), "it is back"


def test_a_thread_that_has_never_turned_is_a_part_that_does_not_work_and_no_reason() -> None:
    rig = with_threads("display")
    rig.turns["display"], rig.answers = 0, set()
    rig.look(0.0)
    for _ in range(2 * LOOKS):
        assert rig.look() == [WakeThreads(), Feed()]


def test_a_thread_that_is_not_there_any_more_is_not_missed() -> None:
    rig = with_threads("sound")
    rig.look(0.0)
    rig.turns, rig.answers = {}, set()
    for _ in range(2 * LOOKS):
        assert Feed() in rig.look()


def test_the_state_is_told_when_it_changes() -> None:
    rig = Rig()
    assert rig.hand(StateIs("up, proxy")) == [TellState("up, proxy")]
    assert rig.hand(StateIs("up, proxy")) == []
    assert rig.hand(StateIs("down")) == [TellState("down")]


def test_a_goodbye_asks_for_time_but_not_for_ever() -> None:
    rig = Rig()
    rig.look(0.0)
    assert rig.hand(Ending(again=False)) == [TellEnd(again=False)]
    began = rig.now
    while (due := rig.watchdog.deadline()) is not None:
        rig.now = due
        assert rig.watchdog.wake(rig.now) == [AskForTime(MORE_S), Feed()]
    assert END_MAX_S - END_LOOK_S <= rig.now - began < END_MAX_S


def test_whoever_says_goodbye_is_judged_no_more_and_says_it_once() -> None:
    rig = Rig()
    assert rig.hand(Ending(again=True)) == [TellEnd(again=True)]
    assert rig.hand(Ending(again=False)) == []
    assert rig.hand(Seen(rig.now - 60.0, ())) == []
    assert rig.hand(StateIs("down")) == []
