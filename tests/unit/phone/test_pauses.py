"""Digits behind a number: pressed when the call is answered, and nobody else's business."""

from __future__ import annotations

import pytest

from firmware.agent.events import (
    CallAnswered,
    CallEnded,
    Dial,
    Dialling,
    EndCause,
    IncomingCall,
    Party,
    SendDigit,
)
from firmware.phone.directory import (
    Directory,
    DirectoryError,
    checked,
    is_same_number,
    plain_number,
)
from firmware.phone.events import DialTarget
from firmware.phone.kept import Contact, ContactNumber, ContactsKept, NumberKind
from firmware.phone.pauses import GAP_S, PAUSE_S, without_digits
from firmware.phone.programmed import KeyKind, ProgrammedKey
from firmware.phone.services import ServiceSettings
from tests.unit.phone.rig import Rig, of


def calling(target: str) -> Rig:
    rig = Rig.registered()
    rig.feed(DialTarget(target))
    number = of(Dial, rig.out)[-1].target
    rig.feed(Dialling(7, 1, Party("", number)))
    return rig


def pressed(rig: Rig, seconds: float) -> str:
    return "".join(item.digit for item in of(SendDigit, rig.pass_time(seconds)))


@pytest.mark.parametrize(
    ("target", "parts"),
    [
        ("0301234567", ("0301234567", "")),
        ("0301234567,12#", ("0301234567", ",12#")),
        ("+49301,,*1", ("+49301", ",,*1")),
        (",12", (",12", "")),
        ("sip:a,b@example.org", ("sip:a,b@example.org", "")),
        ("anna,1", ("anna,1", "")),
    ],
)
def test_a_comma_parts_the_number_from_the_digits(target: str, parts: tuple[str, str]) -> None:
    assert without_digits(target) == parts


def test_the_digits_are_pressed_after_the_answer_with_pauses_and_gaps() -> None:
    rig = calling("*97,,12,#")
    assert of(Dial, rig.out)[-1].target == "*97"
    assert pressed(rig, 60) == "", "nobody has answered"
    rig.feed(CallAnswered(7))
    assert pressed(rig, 2 * PAUSE_S - 0.01) == ""
    assert pressed(rig, 0.02) == "1"
    assert pressed(rig, GAP_S - 0.02) == ""
    assert pressed(rig, 0.02) == "2"
    assert pressed(rig, PAUSE_S + GAP_S - 0.02) == ""
    assert pressed(rig, 0.02) == "#"
    assert pressed(rig, 60) == ""


def test_nobody_waits_who_dialled_no_digits() -> None:
    rig = calling("603")
    rig.feed(CallAnswered(7))
    assert pressed(rig, 60) == ""


@pytest.mark.parametrize("how", ["digit", "hold", "end"])
def test_who_goes_on_by_hand_goes_on_alone(how: str) -> None:
    rig = calling("603,1,2,3")
    rig.feed(CallAnswered(7))
    assert pressed(rig, PAUSE_S + 0.01) == "1"
    match how:
        case "digit":
            rig.press("9")
        case "hold":
            rig.press("hold", "hold")
        case _:
            rig.feed(CallEnded(7, EndCause.HUNG_UP_THERE))
    assert pressed(rig, 60) == ""


def test_another_call_gets_none_of_them() -> None:
    rig = calling("603,1,2")
    rig.feed(CallAnswered(7), IncomingCall(8, 1, Party("", "604")))
    rig.press("soft1")
    rig.feed(CallAnswered(8))
    assert pressed(rig, 60) == ""


def test_a_code_stands_in_no_list_and_on_no_screen_of_the_call() -> None:
    rig = calling("*97,4711#")
    assert "4711" not in rig.words
    rig.feed(CallAnswered(7), CallEnded(7, EndCause.HUNG_UP_THERE))
    assert [call.number for call in rig.phone._memory.history.calls] == ["*97"]
    rig.pass_time(10)
    rig.press("soft1", "down", "down", "soft1", "soft1")
    assert "*97" in rig.words
    assert "4711" not in rig.words


def test_a_contact_has_them_and_is_known_by_its_number() -> None:
    contact = checked("Voice mail", [ContactNumber(NumberKind.WORK, "030 1234567, 12#")])
    assert contact.numbers[0].number == "0301234567,12#"
    directory = Directory()
    directory.kept(ContactsKept((contact,)))
    assert directory.name_of("+49301234567") == "Voice mail"
    assert directory.search("0301234") == (contact,)
    assert is_same_number("1234567,1", "1234567")
    for wrong in (",12", ",", "1;2"):
        with pytest.raises(DirectoryError, match="is no number"):
            checked("X", [ContactNumber(NumberKind.WORK, wrong)])


def test_no_call_is_sent_on_to_digits() -> None:
    with pytest.raises(DirectoryError, match="is no number"):
        plain_number("603,12")


def test_a_speed_dial_key_and_a_contact_press_them() -> None:
    key = ProgrammedKey(KeyKind.SPEED_DIAL, "*97,1", "Mail")
    rig = Rig.registered(services=ServiceSettings(keys=(key,)))
    rig.press("soft2")
    assert of(Dial, rig.out)[-1].target == "*97"
    rig.feed(Dialling(7, 1, Party("", "*97")), CallAnswered(7))
    assert pressed(rig, PAUSE_S + 0.1) == "1"
    rig = Rig.registered()
    numbers = (ContactNumber(NumberKind.WORK, "604,2"),)
    rig.feed(ContactsKept((Contact("Anna", numbers),)))
    rig.press("soft1", "down", "down", "down", "soft1", "soft1", "soft1")
    assert of(Dial, rig.out)[-1].target == "604"
    rig.feed(Dialling(7, 1, Party("", "604")), CallAnswered(7))
    assert pressed(rig, PAUSE_S + 0.1) == "2"
