"""Sessions, the code of the first log-in, and what wrong ones cost; in simulated time."""

from __future__ import annotations

from random import Random

from firmware.console.events import Secret, ShowCode
from firmware.phone.lockout import FREE_MAX, LOCK_S, Lockout
from firmware.web.gate import CODE_S, IDLE_S, LASTS_S, SESSIONS_MAX, Gate, Notice


def gate(lockout: Lockout | None = None) -> Gate:
    return Gate(Random(1), lockout or Lockout())


def test_a_session_ends_when_nobody_is_there() -> None:
    door = gate()
    session = door.begin(100.0)
    assert door.session(session.name, 100.0 + IDLE_S - 1) is session
    session.seen_at = 500.0
    assert door.session(session.name, 500.0 + IDLE_S - 1) is session
    assert door.session(session.name, 500.0 + IDLE_S) is None
    assert not door.is_in_use(500.0 + IDLE_S)


def test_nobody_stays_for_ever() -> None:
    door = gate()
    session = door.begin(0.0)
    for moment in range(0, int(LASTS_S), int(IDLE_S) - 1):
        session.seen_at = float(moment)
    assert door.session(session.name, LASTS_S - 1) is session
    session.seen_at = LASTS_S - 1
    assert door.session(session.name, LASTS_S) is None


def test_each_log_in_has_a_name_and_a_word_of_its_own() -> None:
    door = gate()
    sessions = [door.begin(0.0) for _ in range(4)]
    words = {word for one in sessions for word in (one.name, one.form_word)}
    assert len(words) == 8
    assert all(len(word) == 48 for word in words)
    assert sessions[0].sent(sessions[0].form_word)
    assert not sessions[0].sent(sessions[1].form_word)
    assert not sessions[0].sent("")
    assert not sessions[0].sent("\udce4")
    assert sessions[0].name not in repr(sessions[0])
    assert sessions[0].form_word not in repr(sessions[0])


def test_only_so_many_are_logged_in() -> None:
    door = gate()
    sessions = [door.begin(float(moment)) for moment in range(SESSIONS_MAX)]
    sessions[0].seen_at = 50.0
    newest = door.begin(60.0)
    assert door.session(sessions[1].name, 60.0) is None, "the one that was used longest ago"
    assert door.session(sessions[0].name, 60.0) is sessions[0]
    assert door.session(newest.name, 60.0) is newest


def test_who_leaves_is_gone_and_another_password_sends_all_away() -> None:
    door = gate()
    first, second, third = (door.begin(0.0) for _ in range(3))
    door.end(first)
    assert door.session(first.name, 0.0) is None
    assert door.session(second.name, 0.0) is second
    door.end_all()
    assert door.session(third.name, 0.0) is None


def test_wrong_passwords_lock_the_door() -> None:
    lockout = Lockout()
    door = gate(lockout)
    for _ in range(FREE_MAX - 1):
        assert door.begin_check(0.0) == ""
        assert door.end_check(0.0, is_right=False) == "That is wrong."
    assert door.begin_check(0.0) == ""
    assert door.end_check(0.0, is_right=False) == "Locked after 3 wrong tries: wait 30 s"
    assert lockout.wait_s(0.0) == LOCK_S
    assert door.begin_check(LOCK_S - 1) == "Locked after 3 wrong tries: wait 1 s"
    assert door.begin_check(LOCK_S) == ""
    assert door.end_check(LOCK_S, is_right=True) == ""
    assert lockout.wait_s(LOCK_S) == 0


def test_one_password_is_checked_at_a_time() -> None:
    door = gate()
    assert door.begin_check(0.0) == ""
    assert door.begin_check(0.0).startswith("Somebody else logs in")
    door.end_check(0.0, is_right=False)
    assert door.begin_check(0.0) == ""


def test_the_code_is_shown_and_goes_by_itself() -> None:
    door = gate()
    assert not door.is_code("")
    (shown,) = door.show_code(0.0)
    assert isinstance(shown, ShowCode)
    code = shown.code.text
    assert len(code) == 6
    assert door.show_code(10.0) == [shown], "who asks again reads the same"
    assert door.is_code(f" {code[:3]} {code[3:]}")
    assert not door.is_code(code[:5])
    assert door.deadline() == 10.0 + CODE_S
    assert door.wake(10.0 + CODE_S - 1) == []
    assert door.wake(10.0 + CODE_S) == [ShowCode(Secret(""))]
    assert not door.shows_code
    assert not door.is_code(code)
    assert door.deadline() is None


def test_a_notice_is_said_once() -> None:
    session = gate().begin(0.0)
    session.notice = Notice("Kept.")
    assert session.take_notice() == Notice("Kept.")
    assert session.take_notice() is None


def test_who_knows_the_password_is_not_held_to_guesses_of_before() -> None:
    door = gate()
    wrong = [False] * (FREE_MAX - 1)
    for is_right in (*wrong, True, *wrong):
        assert door.begin_check(0.0) == ""
        said = door.end_check(0.0, is_right=is_right)
    assert said == "That is wrong.", "they are counted anew"
