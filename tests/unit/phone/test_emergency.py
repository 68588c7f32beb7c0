"""An emergency number is one by whatever way it is dialled: of each, locked and not registered."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from firmware.agent.events import Dial, Dialling, IncomingCall, Party, RegistrationState, Reject
from firmware.phone.events import DialTarget, HookLifted, KeyPressed
from firmware.phone.kept import (
    CallsKept,
    CallWay,
    Contact,
    ContactNumber,
    ContactsKept,
    NumberKind,
    PastCall,
)
from firmware.phone.preferences import Preferences
from firmware.phone.programmed import KeyKind, ProgrammedKey
from firmware.phone.services import ServiceSettings
from firmware.phone.state import State
from tests.unit.phone.rig import ANNA, Rig, account, of

HELP = (Contact("Help", (ContactNumber(NumberKind.WORK, "112"),)),)
PAST = tuple(PastCall(way, "", "112", 1) for way in CallWay)
KEY = ProgrammedKey(KeyKind.SPEED_DIAL, "1 1 2", "Help", account=2)


def refused(*, locked: bool = False, key: ProgrammedKey | None = KEY) -> Rig:
    """A phone with two accounts, of which the second is refused, and 112 in every list."""
    preferences = Preferences((("key lock", "1"),) if locked else ())
    keys = (key,) if key else ()
    rig = Rig.registered(
        "Desk",
        "Home",
        preferences=preferences,
        has_pin=locked,
        services=ServiceSettings(keys=keys, mailboxes=((2, "112"),)),
    )
    rig.feed(account(2, "Home", RegistrationState.REFUSED, "wrong password"))
    rig.feed(ContactsKept(HELP), CallsKept(PAST))
    rig.out.clear()
    return rig


def list_of(rows_down: int) -> Callable[[Rig], None]:
    def go(rig: Rig) -> None:
        rig.press("soft1", *["down"] * rows_down, "soft1", "soft1", "soft1")

    return go


def lift_on(rows_down: int) -> Callable[[Rig], None]:
    def go(rig: Rig) -> None:
        rig.press("soft1", *["down"] * rows_down, "soft1")
        rig.feed(HookLifted())

    return go


def offered(rig: Rig) -> None:
    rig.press("1", "1", "down", "soft1")


def redialled(rig: Rig) -> None:
    rig.feed(HookLifted())
    rig.press("soft1")


def on_hook_then_lifted(rig: Rig) -> None:
    rig.press("1", "1", "2")


WAYS: dict[str, Callable[[Rig], object]] = {
    "typed": on_hook_then_lifted,
    "offered while dialling": offered,
    "missed calls": list_of(0),
    "received calls": list_of(1),
    "dialled calls": list_of(2),
    "directory": list_of(3),
    "missed calls, lifted": lift_on(0),
    "dialled calls, lifted": lift_on(2),
    "directory, lifted": lift_on(3),
    "searched in the directory": lambda rig: (
        rig.feed(*map(KeyPressed, ("soft1", "down", "down", "down", "soft1", "1", "1", "2")))
        and None
    ),
    "redial": redialled,
    "speed dial of a refused account": lambda rig: rig.press("soft2"),
    "a program": lambda rig: rig.feed(DialTarget("112", 2)),
    "a program, written otherwise": lambda rig: rig.feed(DialTarget(" 1-1-2 ", 2)),
    "a program, as a tel URI": lambda rig: rig.feed(DialTarget("TEL:112", 2)),
    "with digits behind it": lambda rig: rig.feed(DialTarget("112,,1", 2)),
    "the mailbox of a refused account": lambda rig: (
        rig.press("soft1", "down", "down", "down", "down", "down", "down", "soft1", "soft1")
        and None
    ),
}


@pytest.mark.parametrize("way", WAYS)
def test_by_whatever_way_it_is_dialled_it_is_an_emergency_call_from_a_registered_account(
    way: str,
) -> None:
    rig = refused()
    WAYS[way](rig)
    (dial,) = of(Dial, rig.out)
    assert dial.is_emergency, dial
    assert dial.account == 1
    assert rig.phone.state is State.CALLING


@pytest.mark.parametrize(
    "target", ["112", "1 1 2", "1.1.2", "(112)", "tel:112", "112,1", "911", "tel:112;x=y"]
)
def test_locked_keys_let_it_pass_however_it_is_written(target: str) -> None:
    rig = refused(locked=True)
    rig.feed(DialTarget(target))
    assert [dial.is_emergency for dial in of(Dial, rig.out)] == [True]


@pytest.mark.parametrize(
    "target", ["", "1120", "11", "+112", "sip:112@evil.example.org", "anna", ",112", "x,112"]
)
def test_locked_keys_let_nothing_else_pass(target: str) -> None:
    rig = refused(locked=True)
    rig.feed(DialTarget(target))
    assert not of(Dial, rig.out)


def test_with_no_account_registered_the_first_one_calls() -> None:
    rig = refused()
    rig.feed(account(1, "Desk", RegistrationState.REFUSED, "wrong password"))
    rig.feed(DialTarget("112", 2))
    assert [dial.account for dial in of(Dial, rig.out)] == [1]


def test_an_account_that_is_registered_and_chosen_is_kept() -> None:
    rig = refused()
    rig.feed(account(2, "Home"))
    rig.press("soft2")
    assert [dial.account for dial in of(Dial, rig.out)] == [2]


def test_beside_a_call_that_is_held() -> None:
    rig = refused(key=None)
    rig.talking().press("hold", "1", "1", "2")
    assert [(dial.target, dial.is_emergency) for dial in of(Dial, rig.out)][-1] == ("112", True)


def ringing(rig: Rig, *keys: str) -> list[object]:
    """Let a call come, and press keys while it rings."""
    rig.feed(IncomingCall(8, 1, ANNA))
    return rig.press(*keys)


@pytest.mark.parametrize("locked", [False, True])
@pytest.mark.parametrize("before", ["", "1", "11"])
def test_it_is_dialled_over_a_call_that_rings(before: str, locked: bool) -> None:
    rig = refused(locked=locked)
    rig.press(*before)
    out = ringing(rig, *"112".removeprefix(before))
    assert of(Reject, out) == [Reject(8)]
    assert [(dial.target, dial.is_emergency) for dial in of(Dial, out)] == [("112", True)]
    assert rig.phone.state is State.CALLING


def test_what_was_typed_for_a_pin_when_it_rang_goes_on_as_well() -> None:
    rig = refused(locked=True)
    rig.press("soft1", "1", "1")
    assert of(Dial, ringing(rig, "2"))


@pytest.mark.parametrize("keys", ["5112", "0112", "603#", "11", "1"])
def test_no_other_number_is_dialled_over_a_call_that_rings(keys: str) -> None:
    rig = refused()
    out = ringing(rig, *keys)
    assert not of(Dial, out)
    assert not of(Reject, out)
    assert rig.phone.state is State.RINGING


def test_over_a_call_that_rings_a_pause_begins_the_number_anew() -> None:
    rig = refused()
    ringing(rig, "5", "1")
    rig.pass_time(4.1)
    assert [dial.target for dial in of(Dial, rig.press(*"112"))] == ["112"]
    rig = refused()
    rig.press(*"11")
    rig.feed(IncomingCall(8, 1, ANNA))
    rig.pass_time(4.1)
    assert not of(Dial, rig.press("2"))


def test_digits_behind_an_emergency_number_are_pressed_and_not_dialled() -> None:
    rig = refused()
    rig.feed(DialTarget("112,1"), Dialling(7, 1, Party("", "112")))
    assert [dial.target for dial in of(Dial, rig.out)] == ["112"]
