"""What the menu lists of settings: each with what is set, its options, the time zones."""

from __future__ import annotations

from firmware.phone.directory import name_keys
from firmware.phone.memory import Memory
from firmware.phone.preferences import SETTINGS, TIME_ZONE, Setting
from firmware.phone.views import Deed, Item, Open, OptionList, TakeOption, View, ZoneList

NO_ZONE = "system"
"""What the zone is called where none is set."""


def settings(memory: Memory) -> tuple[Item, ...]:
    """Return every setting and what is set; one that is locked is only told."""
    say, preferences = memory.language.say, memory.preferences
    rows = [
        (
            s.parameter,
            s.title,
            say(s.word_of(preferences.text(s.parameter))),
            OptionList(s.parameter),
        )
        for s in SETTINGS
    ]
    zone = town_of(preferences.text(TIME_ZONE)) or say(NO_ZONE)
    views: list[tuple[str, str, str, View]] = [*rows, (TIME_ZONE, "Time zone", zone, ZoneList())]
    return tuple(
        Item(say(title), word, None if parameter in preferences.locked else Open(view))
        for parameter, title, word, view in views
    )


def options(setting: Setting, memory: Memory) -> tuple[Item, ...]:
    """Return the options of a setting; what is set is marked."""
    say, now = memory.language.say, memory.preferences.text(setting.parameter)
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
