"""Scenes of services for the golden screens."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from firmware.agent.events import Lamp, LampChanged, MessagesWaiting
from firmware.phone.events import KeyHeld, KeyPressed
from firmware.phone.kept import AccountServices
from firmware.phone.programmed import KeyKind, ProgrammedKey
from firmware.phone.services import KeyMode, ServiceSettings
from tests.unit.phone.rig import ANNA, Rig, waiting

QUIET = AccountServices(1, no_disturbance=True)
SENT_ON = AccountServices(2, always="0301234567")
LATE = AccountServices(3, busy="605", no_answer="605")

LONG_WAY = AccountServices(1, always="0049301234567")
LONG_NAME = "Anna-Magdalena von Trappenburg"
LONG_NAMES = (LONG_NAME, "Customer service Berlin", "Home office")

BERT = ProgrammedKey(KeyKind.SPEED_DIAL, "603", "Bert")
KEYS = (
    BERT,
    ProgrammedKey(KeyKind.SPEED_DIAL, "0301234567", account=2),
    *(ProgrammedKey(kind) for kind in KeyKind if kind not in {KeyKind.SPEED_DIAL, KeyKind.LAMP}),
)

BERTA = ProgrammedKey(KeyKind.LAMP, "202", "Berta")
HOUSE = (
    BERTA,
    ProgrammedKey(KeyKind.LAMP, "203"),
    ProgrammedKey(KeyKind.LAMP, "204", "Reception"),
    ProgrammedKey(KeyKind.LAMP, "205", "Anna-Magdalena von Trappenburg"),
)


def phone(*services: AccountServices, names: tuple[str, ...] = ("Desk",), **more: object) -> Rig:
    settings = ServiceSettings(services, **more)  # type: ignore[arg-type] # a test's own words
    return Rig.registered(*names, services=settings)


THREE = ("Desk", "Home office", "Shop")


def busy_house() -> Rig:
    """Three accounts, each with another service, and messages for two of them."""
    rig = phone(QUIET, SENT_ON, LATE, names=THREE, mailboxes=((1, "*97"), (2, "*98")))
    rig.feed(MessagesWaiting(1, True, 2, 8), MessagesWaiting(2, True, 1, 0))
    return rig


def menu(rig: Rig, row: int, *keys: str) -> Rig:
    """Open a row of the menu, counted from its end."""
    rig.press("soft1", *["up"] * row, "soft1", *keys)
    return rig


def without_link() -> Rig:
    rig = busy_house()
    rig.feed(waiting(rig.now, 7.5))
    return rig


def messages(count: int) -> Rig:
    rig = phone(mailboxes=((1, "*97"),))
    rig.feed(MessagesWaiting(1, True, count, 0))
    return rig


def forwarded_to_itself() -> Rig:
    return menu(phone(), 3, "soft1", *"201", "soft1")


def lamp(shown: Lamp, *keys: ProgrammedKey) -> Rig:
    """A phone whose keys show other phones: the first one does this."""
    rig = phone(keys=keys or (BERTA,))
    rig.feed(LampChanged(1, "202", shown))
    return rig


def lamps() -> Rig:
    """Four of them, each in another state."""
    rig = lamp(Lamp.BUSY, *HOUSE)
    rig.feed(LampChanged(1, "203", Lamp.IDLE), LampChanged(1, "204", Lamp.RINGING))
    return rig


def lamp_refused() -> Rig:
    """A page says why a lamp is not known."""
    rig = phone(keys=HOUSE)
    rig.feed(LampChanged(1, "202", Lamp.UNKNOWN, "not allowed (403)"))
    rig.feed(LampChanged(1, "204", Lamp.UNKNOWN, "tells what cannot be read"))
    rig.press("soft1", "soft2", "up", "up")
    return rig


def menu_of_keys() -> Rig:
    rig = phone(QUIET, SENT_ON, names=THREE, keys=KEYS, no_disturbance_mode=KeyMode.ACCOUNT)
    rig.press("soft2")
    return rig


def menu_end(rig: Rig) -> Rig:
    rig.press("soft1", "up", "up", "up")
    return rig


def pressed(rig: Rig, *keys: str) -> Rig:
    rig.press(*keys)
    return rig


def pressed_long(rig: Rig, key: str) -> Rig:
    rig.feed(KeyPressed(key), KeyHeld(key))
    return rig


SERVICE_SCENES: dict[str, Callable[[], Rig]] = {
    "idle-services": busy_house,
    "idle-services-no-link": without_link,
    "idle-messages": lambda: messages(3),
    "idle-messages-uncounted": lambda: messages(0),
    "idle-quiet": lambda: phone(QUIET),
    "idle-sent-on": lambda: phone(AccountServices(1, always="0301234567")),
    "idle-long-name-sent-on": lambda: phone(LONG_WAY, names=(LONG_NAME,)),
    "idle-long-names-sent-on": lambda: phone(LONG_WAY, SENT_ON, LATE, names=LONG_NAMES),
    "idle-long-names": lambda: phone(names=(*LONG_NAMES, "Shop")),
    "idle-key": lambda: phone(keys=(BERT,)),
    "idle-keys": lambda: phone(keys=KEYS),
    "keys": menu_of_keys,
    **{f"idle-lamp-{shown.name.lower()}": partial(lamp, shown) for shown in Lamp},
    "idle-lamps-one-rings": lamps,
    "lamps": lambda: pressed(lamps(), "soft2"),
    "lamp-refused": lamp_refused,
    "idle-key-long": lambda: phone(keys=(HOUSE[-1],)),
    "menu-services": lambda: menu_end(busy_house()),
    "disturbance": lambda: menu(busy_house(), 5),
    "mailboxes": lambda: menu(busy_house(), 3),
    "forward-accounts": lambda: menu(busy_house(), 4),
    "forward": lambda: menu(busy_house(), 4, "down", "soft1"),
    "forward-ring-time": lambda: menu(phone(), 3, "up", "soft1"),
    "forward-emergency": lambda: menu(phone(), 3, "soft1", *"112", "soft1"),
    "forward-number": lambda: menu(phone(), 3, "soft1", *"0301234567"),
    "forward-wrong": forwarded_to_itself,
    "idle-ringer-off": lambda: pressed_long(phone(QUIET, keys=(BERT,)), "*"),
    "keys-more": lambda: pressed(menu_of_keys(), *["down"] * 7),
    "reset-sure": lambda: pressed(phone(), "soft1", "up", "soft1", "up", "soft1"),
    "volume": lambda: pressed(phone().talking(ANNA), "up"),
    "volume-ringer": lambda: pressed(phone(names=THREE).called(), "up"),
    "volume-ringer-silent": lambda: pressed(phone().called(), *["down"] * 6),
}
