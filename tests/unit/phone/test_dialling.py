"""Dialling with the plan: at once, by time-out, by #; what is sent; tones; emergency numbers."""

from __future__ import annotations

import pytest

from config.dial_plan import DialPlan
from firmware.agent.events import Dial, RegistrationState
from firmware.link.events import Failure, FailureKind, LinkState, LinkStatus
from firmware.media.events import PlayTone
from firmware.media.tone_table import ToneKind
from firmware.phone.beginning import LEFT_S
from firmware.phone.events import KEYS, DialTarget, HookLifted, KeyHeld, TimeIs, WarningsChanged
from firmware.phone.phone import Phone
from firmware.phone.screen import IdleScreen
from firmware.phone.settings import DELAY_S, PhoneSettings
from tests.unit.phone.rig import MONDAY, Rig, account, of, up, waiting


def planned(plan: str = "x+#|xx+*", *, hash_ends: bool = False, registered: bool = True) -> Rig:
    rig = Rig()
    settings = PhoneSettings(dial_plan=DialPlan(plan), hash_ends=hash_ends)
    rig.phone = Phone(settings, 1, rig.now)
    state = RegistrationState.REGISTERED if registered else RegistrationState.REFUSED
    rig.feed(TimeIs(MONDAY), up(rig.now), account(1, "Desk", state))
    return rig


def dialled(rig: Rig) -> list[str]:
    return [dial.target for dial in of(Dial, rig.out)]


@pytest.mark.parametrize("lifted", [False, True])
@pytest.mark.parametrize(
    ("plan", "keys", "at_once", "later"),
    [
        ("x+#|xx+*", "102#", ["102"], ["102"]),
        ("x+#|xx+*", "102", [], ["102"]),
        ("x+#|xx+*", "102*", ["102*"], ["102*"]),
        ("x+#|xx+*", "*97", [], ["*97"]),
        ("x+#|xx+*", "*97#", ["*97"], ["*97"]),
        ("x+#|xx+*", "#", [], []),
        ("x+#|xx+*", "*", [], []),
        ("x+#|xx+*", "**", [], []),
        ("x+#|xx+*", "*#", ["*"], ["*"]),
        ("*|*xx", "*", [], ["*"]),
        ("**", "**", ["**"], ["**"]),
        ("[2-4]xx|0x+", "234", ["234"], ["234"]),
        ("[2-4]xx|0x+", "23", [], ["23"]),
        ("[2-4]xx|0x+", "0123", [], ["0123"]),
        ("[2-4]xx|0x+", "0123#", ["0123"], ["0123"]),
        ("[2-4]xx|0x+", "77", [], ["77"]),
        ("2xx,91", "234", ["91234"], ["91234"]),
        ("2xx,91", "23", [], ["9123"]),
        ("*xx#|x+#", "*21#", ["*21#"], ["*21#"]),
        ("", "12", [], ["12"]),
        ("", "12#", ["12"], ["12"]),
    ],
)
def test_a_number_is_dialled_when_the_plan_says_so(
    plan: str, keys: str, at_once: list[str], later: list[str], lifted: bool
) -> None:
    rig = planned(plan)
    if lifted:
        rig.feed(HookLifted())
    rig.press(*keys)
    assert dialled(rig) == at_once
    rig.pass_time(3.9)
    assert dialled(rig) == at_once
    rig.pass_time(0.2)
    assert dialled(rig) == later


def test_a_star_alone_waits_for_the_digits_of_its_code_and_is_nobodys_number() -> None:
    rig = planned()
    rig.press("*")
    rig.pass_time(LEFT_S - 1)
    assert "*" in rig.words.splitlines(), "it is still there, to go on with"
    rig.press(*"97")
    rig.pass_time(4.1)
    assert dialled(rig) == ["*97"]


def test_a_star_that_nobody_goes_on_with_is_forgotten() -> None:
    rig = planned()
    rig.press("*")
    rig.pass_time(LEFT_S + 1)
    assert isinstance(rig.screen, IdleScreen)
    assert dialled(rig) == []


def test_who_lifts_the_handset_over_a_star_goes_on_with_it_and_who_dials_it_means_it() -> None:
    rig = planned()
    rig.press("*")
    rig.feed(HookLifted())
    assert dialled(rig) == []
    rig.press("1", "soft2")
    rig.pass_time(4.1)
    assert dialled(rig) == [], "nor does deleting the digit dial the rest"
    rig.press("soft1")
    assert dialled(rig) == ["*"]


def test_a_hash_ends_every_number_where_the_administrator_wants_it() -> None:
    rig = planned("*xx#|x+#", hash_ends=True)
    rig.press(*"*21#")
    assert dialled(rig) == ["*21"]


def test_each_key_begins_the_wait_anew_and_deleting_too() -> None:
    rig = planned()
    for key in "123":
        rig.press(key)
        rig.pass_time(3.5)
    rig.press("soft2")
    rig.pass_time(3.5)
    assert dialled(rig) == []
    rig.pass_time(1)
    assert dialled(rig) == ["12"]


def test_a_second_dial_tone_is_heard_by_who_has_lifted() -> None:
    rig = planned("9;xxx|2xx")
    rig.press("9")
    assert of(PlayTone, rig.out) == []
    rig = planned("9;xxx|2xx")
    rig.feed(HookLifted())
    rig.press("9")
    rig.press("1")
    tones = [tone.kind for tone in of(PlayTone, rig.out)]
    assert tones == [ToneKind.DIAL, ToneKind.SECOND_DIAL, None]


@pytest.mark.parametrize(
    ("plan", "keys", "target"),
    [
        ("x+#|xx+*", "112", "112"),
        ("x+#,9", "911", "911"),
        ("", "110", "110"),
        ("x+#|1xx", "112", "112"),
    ],
)
def test_an_emergency_number_is_dialled_at_once_and_as_it_is(
    plan: str, keys: str, target: str
) -> None:
    rig = planned(plan)
    rig.press(*keys)
    assert of(Dial, rig.out) == [Dial(1, target, is_emergency=True, wait_s=DELAY_S)]


def test_an_emergency_number_that_begins_an_extension_waits_for_a_key() -> None:
    rig = planned("1xxx,88")
    rig.press(*"112")
    assert dialled(rig) == []
    rig.press("5")
    assert of(Dial, rig.out) == [Dial(1, "881125", wait_s=DELAY_S)]
    rig = planned("1xxx,88")
    rig.press(*"112")
    rig.pass_time(4.1)
    assert of(Dial, rig.out) == [Dial(1, "112", is_emergency=True, wait_s=DELAY_S)]


def test_an_emergency_number_dials_from_a_page_and_without_a_registration() -> None:
    rig = planned(registered=False)
    rig.feed(WarningsChanged(("something is old",)))
    rig.press("down", "down")
    rig.press(*"112")
    assert of(Dial, rig.out) == [Dial(1, "112", is_emergency=True, wait_s=DELAY_S)]


def test_a_0_that_is_held_is_the_plus_of_an_international_number() -> None:
    rig = planned()
    rig.press("0")
    rig.feed(KeyHeld("0"))
    assert "+" in rig.words.splitlines()
    rig.press(*"493012345")
    assert dialled(rig) == []
    rig.press("#")
    assert dialled(rig) == ["+493012345"]


def test_a_plus_alone_is_no_number_and_a_later_0_that_is_held_is_a_0() -> None:
    rig = planned()
    rig.press("0")
    rig.feed(KeyHeld("0"))
    rig.pass_time(10)
    rig.press("soft1", "1", "soft2")
    rig.pass_time(10)
    assert dialled(rig) == []
    rig.press("1", "0")
    rig.feed(KeyHeld("0"))
    rig.pass_time(10)
    assert dialled(rig) == ["+10"]


def test_an_international_number_is_no_emergency_number() -> None:
    rig = planned(registered=False)
    rig.press("0")
    rig.feed(KeyHeld("0"))
    rig.press(*"112")
    assert dialled(rig) == []
    rig.pass_time(10)
    assert [dial.is_emergency for dial in of(Dial, rig.out)] == [False]


def test_a_key_that_is_held_means_nothing_else() -> None:
    rig = planned()
    for key in KEYS:
        shown = rig.words
        rig.feed(KeyHeld(key))
        assert rig.words == shown


def test_an_emergency_call_waits_for_a_link_that_is_far_off_and_no_other_does() -> None:
    for number, wait_s in (("112", DELAY_S), ("603", 0.0)):
        rig = planned()
        rig.feed(waiting(rig.now, 8))
        rig.press(*number, "soft1")
        assert [dial.wait_s for dial in of(Dial, rig.out)] == [wait_s]


def test_who_dials_where_no_link_may_ever_be_is_told_at_once() -> None:
    """L11: the redial key asks for the link, and would wait for what cannot come."""
    rig = planned(registered=False)
    failure = Failure(FailureKind.CONFIGURATION, "persistent TLS needs trusted certificates")
    rig.feed(LinkStatus(LinkState.OFF, None, failure, since=rig.now), DialTarget("603"))
    assert [dial.wait_s for dial in of(Dial, rig.out)] == [0.0]


def test_a_program_that_dials_an_emergency_number_has_it_treated_as_one() -> None:
    rig = planned()
    rig.feed(DialTarget("112"))
    assert of(Dial, rig.out) == [Dial(1, "112", is_emergency=True, wait_s=DELAY_S)]
    rig = planned()
    rig.feed(DialTarget("sip:112@example.org"))
    assert of(Dial, rig.out) == [Dial(1, "sip:112@example.org", wait_s=DELAY_S)]
