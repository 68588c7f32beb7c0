"""What the menu lists of settings: each with what is set, its options, the time zones."""

from __future__ import annotations

from firmware.phone.directory import name_keys
from firmware.phone.lock import Purpose
from firmware.phone.memory import Memory
from firmware.phone.preferences import (
    KEY_LOCK_TIME,
    LOCK_TIME,
    SETTINGS,
    TIME_ZONE,
    Setting,
    setting_of,
)
from firmware.phone.views import (
    Deed,
    Item,
    LockKeys,
    LockList,
    Open,
    OptionList,
    PinEntry,
    ResetPhone,
    SettingList,
    Sure,
    TakeOption,
    View,
    ZoneList,
)

PIN_TITLES = {
    Purpose.UNLOCK: "PIN",
    Purpose.CHANGE: "Old PIN",
    Purpose.REMOVE: "PIN",
    Purpose.RESET: "PIN",
    Purpose.NEW: "New PIN",
    Purpose.AGAIN: "PIN again",
}

RESET_SURE = Sure("Delete everything?", ResetPhone())

NO_ZONE = "system"
"""What the zone is called where none is set."""


SettingView = SettingList | LockList | OptionList | ZoneList


def rows_of_setting(view: SettingView, memory: Memory) -> tuple[Item, ...]:
    """Return what a view of settings lists."""
    match view:
        case SettingList():
            return settings(memory)
        case LockList():
            return lock_items(memory)
        case OptionList(parameter):
            return options(setting_of(parameter), memory)
        case ZoneList(region, keys):
            return zones(region, keys, memory)


def settings(memory: Memory) -> tuple[Item, ...]:
    """Return every setting and what is set; one that is locked is only told."""
    say, preferences = memory.language.say, memory.preferences
    rows = [_setting(setting, OptionList(setting.parameter), memory) for setting in SETTINGS]
    lock = Item(say("Key lock"), say("PIN") if memory.lock.has_pin else "", Open(LockList()))
    town = town_of(preferences.text(TIME_ZONE)) or say(NO_ZONE)
    zone = Item(
        say("Time zone"), town, None if TIME_ZONE in preferences.locked else Open(ZoneList())
    )
    first = Open(PinEntry(Purpose.RESET) if memory.lock.has_pin else RESET_SURE)
    return (*rows, lock, zone, Item(say("Factory reset"), "", first))


def _setting(setting: Setting, view: View, memory: Memory) -> Item:
    say, preferences = memory.language.say, memory.preferences
    word = say(setting.word_of(preferences.shown(setting.parameter)))
    is_locked = setting.parameter in preferences.locked
    return Item(say(setting.title), word, None if is_locked else Open(view))


def lock_items(memory: Memory) -> tuple[Item, ...]:
    """Return what may be done with the key lock."""
    say, has_pin = memory.language.say, memory.lock.has_pin
    first = Purpose.CHANGE if has_pin else Purpose.NEW
    remove = (Item(say("Remove PIN"), "", Open(PinEntry(Purpose.REMOVE))),) if has_pin else ()
    return (
        Item(say("Lock now"), "", LockKeys()),
        _setting(LOCK_TIME, OptionList(KEY_LOCK_TIME), memory),
        Item(say("Change PIN" if has_pin else "Set a PIN"), "", Open(PinEntry(first))),
        *remove,
    )


def options(setting: Setting, memory: Memory) -> tuple[Item, ...]:
    """Return the options of a setting; what is set is marked."""
    say, now = memory.language.say, memory.preferences.shown(setting.parameter)
    return tuple(
        _option(say(word), TakeOption(setting.parameter, text), is_set=text == now)
        for text, word in setting.options
    )


def zones(region: str, keys: str, memory: Memory) -> tuple[Item, ...]:
    """Return the regions, the zones of one, or those whose towns the keys spell."""
    say, now = memory.language.say, memory.preferences.text(TIME_ZONE)
    if not region and not keys:
        regions = dict.fromkeys(map(region_of, memory.zones))
        own = _option(say(NO_ZONE), TakeOption(TIME_ZONE, ""), is_set=not now)
        here = region_of(now)
        rows = (_option(name, Open(ZoneList(name)), is_set=name == here) for name in regions)
        return (own, *rows)
    found = tuple(zone for zone in memory.zones if _is_meant(zone, region, keys))
    rows = (_option(town_of(z), TakeOption(TIME_ZONE, z), is_set=z == now) for z in found)
    return tuple(rows) or (Item(say("nothing found")),)


def _is_meant(zone: str, region: str, keys: str) -> bool:
    spelt = name_keys(town_of(zone))
    return region in {"", region_of(zone)} and any(each.startswith(keys) for each in spelt)


def _option(text: str, deed: Deed, *, is_set: bool) -> Item:
    return Item(text, "✓" if is_set else "", deed, is_set)


def region_of(zone: str) -> str:
    """Return the region of a zone: "Europe"."""
    return zone.partition("/")[0]


def town_of(zone: str) -> str:
    """Return the town of a zone: "Buenos Aires"."""
    return zone.rpartition("/")[2].replace("_", " ")
