"""The key lock: what locked keys still do, what a PIN costs, and that nobody ever sees it."""

from __future__ import annotations

from random import Random

import pytest

from firmware.agent.events import (
    Answer,
    CallAnswered,
    CallEnded,
    Dial,
    Dialling,
    EndCause,
    HangUp,
    IncomingCall,
    Party,
)
from firmware.phone.canvas import Canvas
from firmware.phone.events import (
    KEYS,
    DialTarget,
    HoldCall,
    HookLifted,
    HookReplaced,
    KeepSetting,
    KeyHeld,
    KeyPressed,
)
from firmware.phone.lock import WAIT_MAX_S, CheckPin, KeepPin, Lock, Pin, PinChecked, Purpose
from firmware.phone.preferences import Preferences
from firmware.phone.render import IDLE_PITCH, render
from firmware.phone.screen import AccountLine, IdleScreen, LinkIcon, LinkLine
from firmware.phone.state import State
from tests.unit.phone.menu_scenes import locked, open_setting, pressed, remembering
from tests.unit.phone.rig import Rig, of, waiting

SECRET = "7391"
EMERGENCY = [("112", True)]


def kept(items: list[object]) -> list[tuple[str, str]]:
    return [(item.parameter, item.text) for item in of(KeepSetting, items)]


def dialled(rig: Rig) -> list[tuple[str, bool]]:
    return [(dial.target, dial.is_emergency) for dial in of(Dial, rig.out)]


def unlocked(rig: Rig) -> bool:
    return "locked=False" in repr(rig.screen)


# Locking.


def test_keys_are_locked_in_the_menu_and_unlocked_without_a_pin() -> None:
    rig = open_setting(Rig.registered(), 7)
    assert kept(rig.press("soft1")) == [("key lock", "1")]
    assert rig.words.splitlines()[-1] == "[Unlock] [Link]"
    assert kept(rig.press("soft1")) == [("key lock", "0")]
    assert rig.words.splitlines()[-1] == "[Menu] [Link]"


def test_a_held_hash_locks_and_one_that_is_part_of_a_number_does_not() -> None:
    rig = pressed(Rig.registered(), "#")
    assert kept(rig.feed(KeyHeld("#"))) == [("key lock", "1")]
    assert isinstance(rig.screen, IdleScreen)
    rig = pressed(Rig.registered(), "*", "#")
    assert kept(rig.feed(KeyHeld("#"))) == []
    rig = Rig.registered()
    rig.feed(HookLifted(), KeyPressed("#"), KeyHeld("#"))
    assert kept(rig.out) == []
    rig = locked("#")
    assert kept(rig.feed(KeyHeld("#"))) == []
    rig = Rig.registered().talking()
    assert kept(rig.feed(KeyPressed("#"), KeyHeld("#"))) == []


def test_keys_lock_by_themselves_after_the_last_key_and_never_in_a_call() -> None:
    preferences = Preferences((("key lock time", "60"),))
    rig = Rig.registered(preferences=preferences)
    rig.pass_time(50)
    rig.press("down")
    assert kept(rig.pass_time(59.9)) == []
    assert kept(rig.pass_time(0.2)) == [("key lock", "1")]
    rig = Rig.registered(preferences=preferences).talking()
    assert kept(rig.pass_time(300)) == []
    rig.ended(EndCause.HUNG_UP_THERE)
    assert kept(rig.pass_time(60)) == []
    assert kept(rig.pass_time(5)) == [("key lock", "1")]
    rig = Rig.registered()
    assert kept(rig.pass_time(1e6)) == []


def test_who_is_away_from_the_menu_finds_it_locked() -> None:
    rig = Rig.registered(preferences=Preferences((("key lock time", "30"),)))
    rig.press("soft1", "down")
    assert kept(rig.pass_time(31)) == [("key lock", "1")]
    assert isinstance(rig.screen, IdleScreen)


def test_a_phone_that_was_locked_is_locked_after_a_restart() -> None:
    rig = Rig(preferences=Preferences((("key lock", "1"),)), has_pin=True)
    assert "[Unlock]" in rig.words


# What locked keys do.


@pytest.mark.parametrize("keys", [[*"603", "soft1"], [*"603#"], ["#", "soft1"], ["6", "down"]])
def test_nothing_but_an_emergency_is_dialled(keys: list[str]) -> None:
    rig = remembering()
    rig.phone._lock.is_locked = True
    rig.press(*keys[:1])
    assert "Locked: emergency only" in rig.words
    assert "Bert" not in rig.words
    rig.press(*keys[1:])
    rig.pass_time(10)
    assert rig.phone.state is State.IDLE
    assert dialled(rig) == []


def test_nothing_but_an_emergency_is_dialled_with_the_handset_in_hand_or_by_a_program() -> None:
    rig = remembering()
    rig.phone._lock.is_locked = True
    rig.feed(HookLifted())
    assert "Redial" not in rig.words
    rig.press(*"603#")
    assert "Locked: emergency only" in rig.words
    rig.press(*"603")
    rig.feed(HookReplaced(), DialTarget("603"))
    assert dialled(rig) == []
    rig.feed(IncomingCall(8, 1, Party("Anna", "604")))
    rig.press("soft1")
    rig.feed(CallAnswered(8), HoldCall(True), DialTarget("603"))
    assert dialled(rig) == []
    assert rig.phone.state is State.TALKING


def test_no_view_of_the_menu_is_opened_and_the_link_is_still_told() -> None:
    rig = remembering()
    rig.phone._lock.is_locked = True
    rig.phone._lock.has_pin = True
    rig.press("soft1")
    assert rig.words.splitlines()[0] == "PIN"
    rig.press("soft2", "soft2")
    assert rig.words.startswith("Link 1/")
    rig.press("soft1")
    assert rig.words.splitlines()[0] == "PIN"


@pytest.mark.parametrize("link", ["up", "down"])
def test_an_emergency_is_dialled_from_locked_keys_whatever_is_shown(link: str) -> None:
    for before in ([], ["soft1"], ["soft1", "1"], ["soft2"], ["soft2", "down"]):
        rig = locked(*before)
        if link == "down":
            rig.feed(waiting(rig.now, 60))
        if before[:1] == ["soft1"]:
            rig.press(*"12" if before[1:] else "112", "soft1")
        else:
            rig.press(*"112")
        assert dialled(rig) == EMERGENCY, before
    rig = locked("soft1", *"112")
    rig.feed(HookLifted())
    assert dialled(rig) == EMERGENCY
    rig = locked()
    rig.feed(HookLifted())
    rig.press(*"112")
    assert dialled(rig) == EMERGENCY


def test_an_emergency_is_dialled_while_a_pin_is_checked_or_waited_for() -> None:
    rig = locked("soft1", *"1234", "soft1", *"112", "soft1")
    assert dialled(rig) == EMERGENCY
    rig = locked("soft1", *"1234", "soft1")
    rig.feed(PinChecked(False))
    rig.press(*"112", "soft1")
    assert dialled(rig) == EMERGENCY


def test_an_emergency_call_does_not_unlock() -> None:
    rig = locked(*"112")
    rig.feed(Dialling(7, 1, Party("", "112")), CallAnswered(7), CallEnded(7, EndCause.HUNG_UP_HERE))
    rig.pass_time(10)
    assert "[Unlock]" in rig.words


def test_a_call_that_comes_is_answered_and_ended_and_no_other_begun_beside_it() -> None:
    rig = locked()
    rig.feed(IncomingCall(8, 1, Party("Anna", "604")))
    assert of(Answer, rig.press("soft1")) == [Answer(8)]
    rig.feed(CallAnswered(8))
    rig.press("soft1", *"603#")
    assert dialled(rig) == []
    rig.pass_time(10)
    rig.press("soft2")
    assert of(HangUp, rig.out) == [HangUp(8)]
    rig.pass_time(10)
    assert "[Unlock]" in rig.words


# The PIN.


def test_the_right_pin_unlocks() -> None:
    rig = locked("soft1", *SECRET)
    assert rig.words.splitlines()[:2] == ["PIN", "****"]
    assert of(CheckPin, rig.press("soft1")) == [CheckPin(Pin(SECRET))]
    assert kept(rig.feed(PinChecked(True))) == [("key lock", "0")]
    assert "[Menu]" in rig.words


def test_a_wrong_pin_costs_more_each_time() -> None:
    rig = locked("soft1")
    for wait_s in (1, 2, 4, 8, 16, 32, WAIT_MAX_S, WAIT_MAX_S):
        assert len(of(CheckPin, rig.press(*"1234", "soft1"))) == 1
        rig.feed(PinChecked(False))
        assert f"wrong PIN: wait {wait_s:.0f} s" in rig.words
        assert of(CheckPin, rig.press(*"1234", "soft1")) == [], "too early"
        rig.press("1")
        rig.pass_time(wait_s - 0.5)
        if wait_s < WAIT_MAX_S:
            assert "wrong PIN: wait 1 s" in rig.words
        rig.pass_time(0.6)
        rig.press(*["soft2"] * rig.words.count("*")) if "*" in rig.words else None
        if "[Unlock]" in rig.words:  # Nobody was there for a minute.
            rig.press("soft1")
        assert "wait" not in rig.words
    rig.press(*SECRET, "soft1")
    rig.feed(PinChecked(True))
    assert kept(rig.out) == [("key lock", "0")]


def test_the_waits_begin_anew_after_the_right_one_and_count_down_in_seconds() -> None:
    lock = Lock(is_locked=True, has_pin=True)
    for wait_s in (1.0, 2.0, 4.0):
        assert lock.ask(Purpose.UNLOCK, Pin("1234")) == [CheckPin(Pin("1234"))]
        assert lock.ask(Purpose.UNLOCK, Pin("1235")) == [], "one after the other"
        assert lock.checked(is_right=False, now=100.0) is None
        said, now = [], 100.0
        while (due := lock.deadline(now)) is not None:
            assert due > now
            said.append(lock.word(now))
            now = due
            lock.wake(now)
        assert said == [f"wrong PIN: wait {left} s" for left in range(int(wait_s), 0, -1)]
        assert now == 100 + wait_s
    lock.ask(Purpose.UNLOCK, Pin("1234"))
    assert lock.checked(is_right=True, now=200.0) is Purpose.UNLOCK
    lock.ask(Purpose.UNLOCK, Pin("1234"))
    lock.checked(is_right=False, now=300.0)
    assert lock.word(300.0) == "wrong PIN: wait 1 s"


def test_a_pin_is_set_typed_twice() -> None:
    rig = open_setting(Rig.registered(), 7)
    rig.press("down", "down", "soft1", *"123", "soft1")
    assert "a PIN has 4 to 8 digits" in rig.words
    rig.press(*SECRET, "soft1", *"7390", "soft1")
    assert "the PINs differ" in rig.words
    assert of(KeepPin, rig.out) == []
    rig.press(*SECRET, "soft1")
    assert rig.words.splitlines()[:2] == ["PIN again", "[OK] [Back]"]
    assert of(KeepPin, rig.press(*SECRET, "soft1")) == [KeepPin(Pin(SECRET))]
    assert "> Change PIN" in rig.words
    assert "Remove PIN" in rig.words


def test_no_more_than_eight_digits_are_taken() -> None:
    rig = locked("soft1", *"123456789", "soft1")
    assert of(CheckPin, rig.out) == [CheckPin(Pin("12345678"))]


def test_who_changes_or_removes_a_pin_knows_it() -> None:
    rig = open_setting(Rig.registered(has_pin=True), 7)
    rig.press("down", "down", "soft1", *"1234", "soft1")
    rig.feed(PinChecked(False))
    assert rig.words.startswith("Old PIN")
    rig.pass_time(1)
    rig.press(*SECRET, "soft1")
    rig.feed(PinChecked(True))
    assert rig.words.startswith("New PIN")
    rig.press(*"2222", "soft1", *"2222", "soft1")
    assert of(KeepPin, rig.out) == [KeepPin(Pin("2222"))]
    rig.press("down", "soft1", *"2222", "soft1")
    assert of(KeepPin, rig.feed(PinChecked(True))) == [KeepPin(None)]
    assert "Set a PIN" in rig.words


def test_a_word_on_a_pin_that_comes_late_does_nothing_to_who_has_gone_on() -> None:
    rig = locked("soft1", *SECRET, "soft1", "soft2")
    assert kept(rig.feed(PinChecked(True))) == []
    assert "[Unlock]" in rig.words


@pytest.mark.parametrize("seed", range(30))
def test_whatever_is_done_a_pin_is_never_seen_and_locked_keys_call_nobody(seed: int) -> None:
    random, rig = Random(seed), locked()
    for _ in range(200):
        choice = random.random()
        if choice < 0.1:
            rig.feed(PinChecked(False))
        elif choice < 0.2:
            rig.pass_time(random.choice([0.5, 3, 70]))
        elif choice < 0.25:
            lifted = rig.phone._lifted
            rig.feed(HookReplaced() if lifted else HookLifted())
        elif choice < 0.35:
            rig.press("soft1", *SECRET, "soft1")
            assert SECRET not in rig.words or rig.phone.state is State.DIALLING
        elif choice < 0.4:
            rig.feed(KeyPressed("#"), KeyHeld("#"))
        else:
            rig.press(random.choice(KEYS))
    assert rig.phone._lock.is_locked
    assert {emergency for _, emergency in dialled(rig)} <= {True}
    said = repr([item for item in rig.out if isinstance(item, CheckPin | KeepPin)])
    assert SECRET not in said
    assert unlocked(rig) is False


def test_a_late_word_on_an_old_pin_leaves_another_view_alone() -> None:
    rig = open_setting(Rig.registered(has_pin=True), 7)
    rig.press("down", "down", "soft1", *SECRET, "soft1", "soft2")
    before = rig.screen
    rig.feed(PinChecked(True))
    assert rig.screen == before


def test_nobody_is_offered_behind_a_locked_screen() -> None:
    rig = remembering()
    rig.phone._lock.is_locked = True
    rig.press("6")
    assert rig.phone._number.offered == ()


@pytest.mark.parametrize("is_locked", [False, True])
def test_how_many_accounts_are_registered_is_never_cut_off(is_locked: bool) -> None:
    accounts = (AccountLine("201", True), AccountLine("202", True))
    link = LinkLine(LinkIcon.UP, "primary 29 ms")
    shown = render(IdleScreen("02:36", "Thu 26 Nov", accounts, link, locked=is_locked))
    wanted = Canvas()
    wanted.text_right(IDLE_PITCH - 1, "2/2" if is_locked else "2/2 registered")
    place = (64, 10, 128, 16)  # Below the date, above what reaches below a line.
    assert shown.crop(place).tobytes() == wanted.image.crop(place).tobytes()
