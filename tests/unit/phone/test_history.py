"""The history of calls: which list a call is in, what is said of it, what is kept."""

from __future__ import annotations

from random import Random

import pytest

from firmware.agent.events import (
    CallAnswered,
    CallEnded,
    Dialling,
    EndCause,
    FarChanged,
    IncomingCall,
    Party,
)
from firmware.phone.history import CALLS_MAX, History, HistoryFact
from firmware.phone.kept import WHY_CHARACTERS_MAX, CallsKept, CallWay, HistoryLog, PastCall

BERT = Party("Bert", "603")
MISSED, RECEIVED, DIALLED = CallWay.MISSED, CallWay.RECEIVED, CallWay.DIALLED


def history() -> History:
    made = History()
    made.set_clock(1000.0, 0.0)
    return made


def told(out: list[object]) -> PastCall:
    (log,) = out
    assert isinstance(log, HistoryLog)
    return log.calls[0]


@pytest.mark.parametrize(
    ("cause", "way", "why"),
    [
        (EndCause.CANCELLED_THERE, MISSED, "caller gave up"),
        (EndCause.LINK_LOST, MISSED, "link lost"),
        (EndCause.FAILED, MISSED, "failed"),
        (EndCause.HUNG_UP_HERE, MISSED, "busy here"),
        (EndCause.ANSWERED_ELSEWHERE, RECEIVED, "answered elsewhere"),
    ],
)
def test_a_call_that_nobody_answered(cause: EndCause, way: CallWay, why: str) -> None:
    calls = history()
    assert calls.learn(IncomingCall(7, 2, BERT), 5.0) == []
    entry = told(calls.learn(CallEnded(7, cause), 12.0))
    assert entry == PastCall(way, "Bert", "603", 2, 1005.0, None, why, is_new=way is MISSED)
    assert calls.new_missed == (way is MISSED)


def test_a_call_that_the_person_refused_is_not_missed() -> None:
    calls = history()
    calls.learn(IncomingCall(7, 1, BERT), 5.0)
    calls.rejects(7)
    entry = told(calls.learn(CallEnded(7, EndCause.HUNG_UP_HERE), 6.0))
    assert (entry.way, entry.why, calls.new_missed) == (RECEIVED, "rejected", 0)


def test_a_call_that_was_answered_has_a_length() -> None:
    calls = history()
    calls.learn(IncomingCall(7, 1, BERT), 5.0)
    calls.learn(FarChanged(7, Party("Anna", "604")), 5.5)
    calls.learn(CallAnswered(7), 8.0)
    calls.learn(CallAnswered(7), 9.0)
    entry = told(calls.learn(CallEnded(7, EndCause.HUNG_UP_THERE), 38.0))
    assert entry == PastCall(RECEIVED, "Anna", "604", 1, 1005.0, 30.0)


def test_what_was_dialled_is_what_redial_dials_whatever_becomes_of_it() -> None:
    calls = history()
    calls.dials("0301234", 1, 1.0)
    assert calls.last_dialled == "0301234"
    calls.learn(Dialling(7, 1, Party("", "0301234")), 1.0)
    calls.learn(FarChanged(7, Party("Bert at his desk", "603")), 2.0)
    entry = told(calls.learn(CallEnded(7, EndCause.REFUSED, 486, "busy"), 3.0))
    assert entry == PastCall(DIALLED, "Bert at his desk", "0301234", 1, 1001.0, None, "busy")
    assert calls.learn(CallEnded(0, EndCause.FAILED), 3.5) == [], "it is in the list once"
    calls.dials("999", 1, 4.0)
    assert told(calls.learn(CallEnded(0, EndCause.FAILED, reason="no link"), 4.0)).why == "no link"
    assert calls.last_dialled == "999"


def test_a_call_that_we_gave_up_needs_no_reason() -> None:
    calls = history()
    calls.learn(Dialling(7, 1, BERT), 1.0)
    assert told(calls.learn(CallEnded(7, EndCause.HUNG_UP_HERE), 3.0)).why == ""


def test_each_list_is_bounded_and_the_oldest_go() -> None:
    calls = history()
    calls.learn(IncomingCall(1, 1, Party("First", "1")), 0.0)
    calls.learn(CallEnded(1, EndCause.CANCELLED_THERE), 0.0)
    for number in range(CALLS_MAX + 5):
        calls.dials(str(number), 1, number)
        calls.learn(CallEnded(0, EndCause.FAILED), number)
    assert len(calls.of(DIALLED)) == CALLS_MAX
    assert calls.of(DIALLED)[-1].number == "5"
    assert len(calls.of(MISSED)) == 1


def test_long_and_odd_texts_are_bounded() -> None:
    calls = history()
    calls.learn(IncomingCall(1, 1, Party("x" * 500, "6\n3")), 0.0)
    entry = told(calls.learn(CallEnded(1, EndCause.CANCELLED_THERE), 0.0))
    assert (len(entry.name), entry.number) == (64, "6?3")
    calls.learn(Dialling(2, 1, BERT), 1.0)
    why = told(calls.learn(CallEnded(2, EndCause.REFUSED, 486, "x\n" * 500), 2.0)).why
    assert (len(why), why[:4]) == (WHY_CHARACTERS_MAX, "x?x?")


def test_what_was_kept_stands_below_what_this_run_has_seen() -> None:
    calls = history()
    old = PastCall(MISSED, "Old", "1", 1, 500.0, None, "caller gave up", is_new=True)
    calls.dials("603", 1, 1.0)
    calls.learn(CallEnded(0, EndCause.FAILED), 1.0)
    assert calls.kept(CallsKept((old,))) == [HistoryLog(calls.calls)]
    assert [call.number for call in calls.calls] == ["603", "1"]
    assert calls.new_missed == 1
    assert told(calls.seen()).way is DIALLED
    assert calls.new_missed == 0
    assert calls.seen() == []


def test_times_are_set_when_the_clock_is() -> None:
    calls = History()
    calls.learn(IncomingCall(1, 1, BERT), 10.0)
    assert told(calls.learn(CallEnded(1, EndCause.CANCELLED_THERE), 12.0)).began is None
    assert told(calls.set_clock(2000.0, 100.0)).began == 1910.0
    assert calls.set_clock(2000.0, 100.0) == []
    assert calls.set_clock(None, 101.0) == [], "a clock that is lost changes nothing"


def test_calls_are_forgotten_one_by_one_or_by_list() -> None:
    calls = history()
    kept = tuple(PastCall(way, "", str(n), 1) for way in CallWay for n in range(3))
    calls.kept(CallsKept(kept))
    calls.forget_one(kept[0])
    calls.forget(RECEIVED)
    assert calls.calls == (*kept[1:3], *kept[6:])


@pytest.mark.parametrize("seed", range(20))
def test_random_calls_leave_a_history_that_can_be_kept(seed: int) -> None:
    random, calls = Random(seed), History()
    for step in range(600):
        number = random.randint(0, 4)
        facts: list[HistoryFact] = [
            IncomingCall(number, 1, BERT),
            Dialling(number, 1, BERT),
            CallAnswered(number),
            FarChanged(number, Party("", "9")),
            CallEnded(number, random.choice(list(EndCause))),
        ]
        fact = random.choice(facts)
        if random.random() < 0.1:
            calls.dials("77", 1, step)
        before = calls.calls
        out = calls.learn(fact, step)
        assert out == ([] if calls.calls == before else [HistoryLog(calls.calls)])
        assert all(len(calls.of(way)) <= CALLS_MAX for way in CallWay)
        assert all(call.duration_s is None for call in calls.of(MISSED))
        assert not any(call.is_new for call in (*calls.of(RECEIVED), *calls.of(DIALLED)))
