"""The ringer that a person switched off: heard no more, said on the screen, back as it was."""

from __future__ import annotations

from firmware.agent.events import (
    CallEnded,
    Dial,
    Dialling,
    EndCause,
    IncomingCall,
    Party,
    RegistrationState,
)
from firmware.phone.events import (
    DialTarget,
    HookLifted,
    KeepSetting,
    KeyHeld,
    KeyPressed,
    SettingsAre,
    TuneRinger,
)
from firmware.phone.preferences import Preferences
from firmware.phone.programmed import KeyKind, ProgrammedKey
from firmware.phone.screen import IdleScreen
from firmware.phone.services import ServiceSettings
from firmware.phone.serving import CALL_BACK_S
from firmware.phone.state import State
from tests.unit.phone.rig import ANNA, Rig, account, of

OFF, ON = KeepSetting("ringer off", "1"), KeepSetting("ringer off", "0")


def held(rig: Rig, key: str = "*") -> list[object]:
    return rig.feed(KeyPressed(key), KeyHeld(key))


def volume(out: list[object]) -> list[int]:
    return [tune.volume for tune in of(TuneRinger, out)]


def set_to(*values: tuple[str, str], locked: frozenset[str] = frozenset()) -> Rig:
    rig = Rig.registered()
    rig.feed(SettingsAre(Preferences(values, locked)))
    rig.out.clear()
    return rig


def test_a_star_that_is_held_switches_it_off_and_on() -> None:
    rig = Rig.registered()
    out = held(rig)
    assert (of(KeepSetting, out), volume(out)) == ([OFF], [0])
    assert isinstance(rig.screen, IdleScreen)
    assert rig.screen.silent
    assert "ringer silent" in rig.words
    out = held(rig)
    assert (of(KeepSetting, out), volume(out)) == ([ON], [6])
    assert "ringer" not in rig.words


def test_it_is_as_loud_afterwards_as_before() -> None:
    rig = set_to(("ringer volume", "2"))
    held(rig)
    assert volume(held(rig)) == [2]


def test_a_ringer_that_was_set_to_silent_rings_as_usual_when_it_is_switched_on() -> None:
    rig = set_to(("ringer volume", "0"))
    assert "ringer silent" in rig.words
    out = held(rig)
    assert of(KeepSetting, out) == [KeepSetting("ringer volume", "6")]
    assert volume(out) == [6]
    rig = set_to(("ringer volume", "0"), ("ringer off", "1"))
    out = held(rig)
    assert of(KeepSetting, out) == [ON, KeepSetting("ringer volume", "6")]


def test_a_star_of_a_number_a_lifted_handset_and_locked_keys_are_left_alone() -> None:
    rig = Rig.registered()
    rig.press("1")
    held(rig)
    lifted = Rig.registered()
    lifted.feed(HookLifted())
    held(lifted)
    locked = set_to(("key lock", "1"))
    locked.phone._lock.is_locked = True
    held(locked)
    assert not [
        *of(KeepSetting, rig.out),
        *of(KeepSetting, lifted.out),
        *of(KeepSetting, locked.out),
    ]


def test_who_sets_a_volume_wants_to_hear_it() -> None:
    rig = Rig.registered()
    held(rig)
    rig.called()
    out = rig.press("up")
    assert set(of(KeepSetting, out)) == {ON, KeepSetting("ringer volume", "1")}
    assert volume(out) == [1]
    rig = Rig.registered()
    held(rig)
    rig.press("volume")
    assert "> silent ✓" in rig.words
    rig.press("down", "down", "down", "down", "down", "down")
    assert of(KeepSetting, rig.press("soft1")) == [ON], "6 it was before"
    assert "ringer" not in rig.words


def test_files_that_lock_it_off_are_obeyed() -> None:
    rig = set_to(("ringer off", "1"), locked=frozenset({"ringer off"}))
    assert not of(KeepSetting, held(rig))
    rig.press("volume", "down", "down")
    rig.press("soft1")
    assert "ringer silent" in rig.words


def test_it_is_listed_as_silent_and_taking_silent_again_changes_nothing() -> None:
    rig = Rig.registered()
    held(rig)
    rig.press("soft1", "up", "soft1")
    assert "Ringer volume silent" in rig.words
    rig.press("down", "soft1")
    assert not of(KeepSetting, rig.press("soft1"))


def test_an_emergency_service_that_calls_back_is_heard() -> None:
    rig = Rig.registered()
    held(rig)
    rig.feed(DialTarget("112"), Dialling(7, 1, Party("", "112")))
    rig.feed(CallEnded(7, EndCause.HUNG_UP_THERE))
    rig.pass_time(10)
    assert volume(rig.feed(IncomingCall(8, 1, ANNA))) == [6]
    assert volume(rig.feed(CallEnded(8, EndCause.CANCELLED_THERE))) == [0]
    rig.pass_time(CALL_BACK_S)
    assert not volume(rig.feed(IncomingCall(9, 1, ANNA)))


def test_a_key_switches_it_and_says_how_it_stands() -> None:
    keys = (ProgrammedKey(KeyKind.SILENCE), ProgrammedKey(KeyKind.LINE, account=2))
    rig = Rig.registered("Desk", "Home", services=ServiceSettings(keys=keys))
    rig.press("soft2")
    assert "> Ringer\n" in rig.words
    assert of(KeepSetting, rig.press("soft1")) == [OFF]
    assert "> Ringer silent" in rig.words
    alone = Rig.registered(services=ServiceSettings(keys=keys[:1]))
    assert "[Ringer]" in alone.words
    assert of(KeepSetting, alone.press("soft2")) == [OFF]


def test_a_key_of_an_account_begins_a_number_from_it() -> None:
    key = ProgrammedKey(KeyKind.LINE, account=2)
    rig = Rig.registered("Desk", "Home", services=ServiceSettings(keys=(key,)))
    assert "[Home]" in rig.words
    rig.press("soft2")
    assert "Call from Home" in rig.words
    assert [dial.account for dial in of(Dial, rig.press(*"603#"))] == [2]


def test_a_key_of_an_account_says_whether_it_is_registered() -> None:
    keys = tuple(ProgrammedKey(KeyKind.LINE, account=number) for number in (1, 2))
    rig = Rig.registered("Desk", "Home", services=ServiceSettings(keys=keys))
    rig.feed(account(2, "Home", RegistrationState.REFUSED, "wrong password"))
    rig.press("soft2")
    assert "> Desk ✓\nHome not registered" in rig.words


def test_a_key_locks_the_keys() -> None:
    key = ProgrammedKey(KeyKind.LOCK)
    rig = Rig.registered(services=ServiceSettings(keys=(key,)))
    assert "[Lock]" in rig.words
    assert of(KeepSetting, rig.press("soft2")) == [KeepSetting("key lock", "1")]
    assert isinstance(rig.screen, IdleScreen)
    assert rig.screen.locked
    rig.press("5")
    assert rig.phone.state is State.DIALLING
    assert "Locked: emergency only" in rig.words
