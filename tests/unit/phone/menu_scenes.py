"""Scenes of menu, history and directory for the golden screens, and the phone behind them."""

from __future__ import annotations

from collections.abc import Callable

from firmware.phone.events import HookLifted, SettingsAre
from firmware.phone.kept import (
    CallsKept,
    CallWay,
    Contact,
    ContactNumber,
    ContactsKept,
    NumberKind,
    PastCall,
)
from firmware.phone.lock import PinChecked
from firmware.phone.preferences import Preferences
from tests.unit.phone.rig import MONDAY, Rig, waiting

BERT = Contact(
    "Bert Baker",
    (ContactNumber(NumberKind.WORK, "603"), ContactNumber(NumberKind.MOBILE, "01701234567")),
)
ZOE = Contact("Zoë", (ContactNumber(NumberKind.HOME, "0301234567"),))
LONG = Contact(
    "Anna-Magdalena von Trappenburg", (ContactNumber(NumberKind.OTHER, "anna@desk.example.org"),)
)
DAY = 86400.0


def missed(number: str, name: str = "", days: float = 0.0, *, is_new: bool = True) -> PastCall:
    began = MONDAY - days * DAY
    return PastCall(CallWay.MISSED, name, number, 1, began, None, "caller gave up", is_new)


CALLS = (
    missed("603", "B."),
    missed("699", days=1.5),
    missed("698", "Anna", days=30, is_new=False),
    PastCall(CallWay.RECEIVED, "", "605", 1, MONDAY - 60, 75.0),
    PastCall(CallWay.DIALLED, "", "0301234567", 1, MONDAY - 7200, None, "busy"),
)


def rig_with(*kept: CallsKept | ContactsKept) -> Rig:
    rig = Rig.registered()
    rig.feed(*kept)
    rig.out.clear()
    return rig


def remembering(*more: Contact) -> Rig:
    return rig_with(CallsKept(CALLS), ContactsKept((BERT, ZOE, *more)))


def open_directory(rig: Rig) -> Rig:
    """Go to the directory from the idle screen, past what is missed."""
    if "missed]" in rig.words:
        rig.press("soft1", "soft2")
    rig.press("soft1", *["down"] * 3, "soft1")
    return rig


ZONES = (
    "America/Anchorage",
    "America/Argentina/Buenos_Aires",
    "Europe/Berlin",
    "Europe/Paris",
    "UTC",
)


def open_settings(rig: Rig) -> Rig:
    """Go to the settings from the idle screen."""
    rig.press("soft1", "up", "soft1")
    rig.out.clear()
    return rig


def open_setting(rig: Rig, number: int) -> Rig:
    """Go to the options of a setting."""
    open_settings(rig)
    rig.press(*["down"] * number, "soft1")
    rig.out.clear()
    return rig


LOCKED = Preferences((("key lock", "1"), ("key lock time", "300")))


def locked(*keys: str) -> Rig:
    return pressed(Rig.registered(preferences=LOCKED, has_pin=True), *keys)


def locked_wrong() -> Rig:
    rig = locked("soft1", *"1234", "soft1")
    rig.feed(PinChecked(False))
    return rig


def locked_long() -> Rig:
    """The fifth wrong PIN: 16 s to wait, of which 6 are over."""
    rig = locked_wrong()
    for _ in range(4):
        rig.pass_time(61)
        pressed(rig, "soft1", *"1234", "soft1").feed(PinChecked(False))
    rig.pass_time(6)
    return rig


def lock_list(*keys: str) -> Rig:
    return pressed(open_setting(Rig.registered(has_pin=True), 7), *keys)


def new_pin_differs() -> Rig:
    rig = pressed(open_setting(Rig.registered(), 7), "down", "down", "soft1")
    return pressed(rig, *"1234", "soft1", *"1235", "soft1")


def with_zones() -> Rig:
    rig = Rig.registered()
    rig.feed(SettingsAre(Preferences((("time zone name", "Europe/Paris"),)), ZONES))
    return rig


def twelve_hours() -> Rig:
    rig = Rig.registered()
    rig.feed(SettingsAre(Preferences((("time format", "0"), ("date format", "1")))))
    return rig


def numbers_of_bert(*keys: str) -> Rig:
    return pressed(open_directory(remembering()), "soft1", "up", "up", "soft1", *keys)


def pressed(rig: Rig, *keys: str) -> Rig:
    rig.press(*keys)
    return rig


def missed_without_link() -> Rig:
    rig = remembering()
    rig.feed(waiting(rig.now, 8))
    return pressed(rig, "soft1", "down", "down")


def lifted() -> Rig:
    rig = remembering()
    rig.feed(HookLifted())
    return rig


MENU_SCENES: dict[str, Callable[[], Rig]] = {
    "idle-missed": remembering,
    "menu": lambda: pressed(remembering(), "soft1", "soft2", "soft1"),
    "list-missed": lambda: pressed(remembering(), "soft1"),
    "list-missed-without-link": missed_without_link,
    "list-empty": lambda: pressed(rig_with(), "soft1", "soft1"),
    "list-call": lambda: pressed(remembering(), "soft1", "down", "soft1"),
    "list-sure": lambda: pressed(remembering(), "soft1", "up", "soft1"),
    "directory": lambda: open_directory(remembering(LONG)),
    "directory-found": lambda: pressed(open_directory(remembering(LONG)), *"22"),
    "directory-contact": lambda: pressed(open_directory(remembering(LONG)), "soft1"),
    "directory-number": lambda: pressed(open_directory(remembering()), "up", "soft1", *"0301"),
    "directory-name": lambda: pressed(open_directory(remembering()), "soft1", *["up"] * 3, "soft1"),
    "directory-numbers": numbers_of_bert,
    "directory-number-details": lambda: pressed(numbers_of_bert(), "soft1"),
    "directory-number-kinds": lambda: pressed(numbers_of_bert(), "soft1", "down", "soft1"),
    "directory-number-twice": lambda: pressed(numbers_of_bert(), "up", "soft1", *"603", "soft1"),
    "directory-number-sure": lambda: pressed(numbers_of_bert(), "soft1", "up", "soft1"),
    "directory-name-wrong": lambda: pressed(
        open_directory(remembering()), "up", "soft1", *"605", "soft1", "soft1"
    ),
    "idle-twelve-hours": twelve_hours,
    "settings": lambda: open_settings(Rig.registered()),
    "settings-more": lambda: pressed(open_settings(with_zones()), "up"),
    "settings-ring-tone": lambda: pressed(open_setting(Rig.registered(), 0), "down"),
    "settings-dims": lambda: open_setting(Rig.registered(), 3),
    "settings-time": lambda: open_setting(Rig.registered(), 4),
    "settings-date": lambda: open_setting(Rig.registered(), 5),
    "settings-regions": lambda: pressed(open_settings(with_zones()), "up", "up", "soft1"),
    "settings-zones": lambda: pressed(open_settings(with_zones()), "up", "up", "soft1", "soft1"),
    "settings-found": lambda: pressed(open_settings(with_zones()), "up", "up", "soft1", *"28"),
    "settings-none-found": lambda: pressed(
        open_settings(with_zones()), "up", "up", "soft1", *"2222"
    ),
    "idle-locked": locked,
    "locked-dialling": lambda: locked("6", "0"),
    "lock": lock_list,
    "lock-pin": lambda: locked("soft1", *"1234"),
    "lock-checking": lambda: locked("soft1", *"1234", "soft1"),
    "lock-wrong-pin": locked_wrong,
    "lock-wait": locked_long,
    "lock-pins-differ": new_pin_differs,
    "dialling-matches": lambda: pressed(remembering(), "6", "down"),
    "dialling-redial": lifted,
}
