"""What each view of the menu lists, made anew from what the phone remembers when it is shown."""

from __future__ import annotations

from firmware.phone.contact_items import ContactView, rows_of_contacts
from firmware.phone.kept import CallWay, PastCall
from firmware.phone.link_words import duration
from firmware.phone.memory import Memory
from firmware.phone.outage_words import WEEK_DAYS, when_in_words
from firmware.phone.preferences import setting_of
from firmware.phone.service_listing import main_rows, rows_of_service, title_of_service
from firmware.phone.service_views import ForwardEntry, ServiceView
from firmware.phone.setting_items import PIN_TITLES, SettingView, rows_of_setting
from firmware.phone.views import (
    Call,
    CallDetails,
    CallList,
    ContactChoice,
    ContactDetails,
    ContactList,
    ForgetCall,
    ForgetCalls,
    GoBack,
    Item,
    KindList,
    LockList,
    MainMenu,
    NameEntry,
    NumberDetails,
    NumberList,
    NumberTyped,
    Open,
    OptionList,
    PinEntry,
    SettingList,
    ShowFacts,
    Sure,
    View,
    ZoneList,
)
from firmware.phone.wall import Wall

TITLES = {
    CallWay.MISSED: "Missed calls",
    CallWay.RECEIVED: "Received calls",
    CallWay.DIALLED: "Dialled calls",
}


PLAIN_TITLES: dict[type, str] = {
    MainMenu: "Menu",
    SettingList: "Settings",
    LockList: "Key lock",
    NameEntry: "Name",
    NumberTyped: "Number",
}


def title_of(view: View, memory: Memory) -> str:
    """Return what stands above a view."""
    say = memory.language.say
    if isinstance(view, ServiceView):
        return say(title_of_service(view, memory.services))
    match view:
        case CallList(way):
            return say(TITLES[way])
        case CallDetails(call):
            return memory.directory.name_of(call.number) or call.name or call.number
        case ContactList(keys) | ContactChoice(_, keys):
            return say(f"Find: {keys}" if keys else "Directory")
        case ContactDetails(contact) | NumberList(contact):
            return contact.name
        case NumberDetails(_, number) | KindList(_, number):
            return number.number
        case OptionList(parameter):
            return say(setting_of(parameter).title)
        case ZoneList(region, keys):
            return say(f"Find: {keys}") if keys else region or say("Time zone")
        case PinEntry(purpose):
            return say(PIN_TITLES[purpose])
        case Sure(question):
            return say(question)
        case _:
            return say(PLAIN_TITLES[type(view)])


def items_of(view: View, memory: Memory, now: float) -> tuple[Item, ...]:
    """Return what a view lists."""
    say = memory.language.say
    if isinstance(view, ServiceView):
        is_silent = not memory.preferences.ringer_volume
        rows = rows_of_service(view, memory.services, memory.language, is_silent=is_silent)
        is_typed = isinstance(view, ForwardEntry)
        return rows if rows or is_typed else (Item(say("none so far")),)
    if isinstance(view, ContactView):
        return rows_of_contacts(view, memory)
    if isinstance(view, SettingView):
        return rows_of_setting(view, memory)
    match view:
        case MainMenu():
            return _main(memory)
        case CallList(way):
            return _calls(way, memory, now)
        case CallDetails(call):
            return _call(call, memory, now)
        case NameEntry() | NumberTyped() | PinEntry():
            return ()
        case Sure(_, deed):
            return (Item(say("No"), deed=GoBack()), Item(say("Yes"), deed=deed))


def _main(memory: Memory) -> tuple[Item, ...]:
    say = memory.language.say
    missed, contacts = memory.history.new_missed, len(memory.directory.contacts)
    return (
        Item(say("Missed calls"), str(missed or ""), Open(CallList(CallWay.MISSED))),
        Item(say("Received calls"), "", Open(CallList(CallWay.RECEIVED))),
        Item(say("Dialled calls"), "", Open(CallList(CallWay.DIALLED))),
        Item(say("Directory"), str(contacts or ""), Open(ContactList())),
        *main_rows(memory.services, memory.language),
        Item(say("Link and accounts"), "", ShowFacts()),
        Item(say("Settings"), "", Open(SettingList())),
    )


def _calls(way: CallWay, memory: Memory, now: float) -> tuple[Item, ...]:
    say = memory.language.say
    calls = memory.history.of(way)
    if not calls:
        return (Item(say("none so far")),)
    rows = tuple(
        Item(
            memory.directory.name_of(call.number) or call.name or call.number or say("anonymous"),
            say(short_when(call.began, memory.unix_time(now), memory.wall)),
            Open(CallDetails(call)),
        )
        for call in calls
    )
    sure = Sure("Delete all?", ForgetCalls(way))
    return (*rows, Item(say("Delete all"), "", Open(sure)))


def _call(call: PastCall, memory: Memory, now: float) -> tuple[Item, ...]:
    say = memory.language.say
    when = when_in_words(call.began, memory.unix_time(now), memory.wall)
    length = "" if call.duration_s is None else duration(call.duration_s)
    facts = (Item(say(when), length), *((Item(say(call.why)),) if call.why else ()))
    can_call = (Item(say("Call"), call.number, Call(call.number)),) if call.number else ()
    known = memory.directory.name_of(call.number)
    is_new = bool(call.number) and not known
    entry = NameEntry(call.number, name=call.name)
    save = (Item(say("Save"), "", Open(entry)),) if is_new else ()
    if is_new and memory.directory.contacts:
        save = (*save, Item(say("Add to contact"), "", Open(ContactChoice(call.number))))
    return (*can_call, *facts, *save, Item(say("Delete"), "", ForgetCall(call)))


def short_when(began: float | None, unix_s: float | None, wall: Wall) -> str:
    """Say a moment where there is little room: "14:03", "Mon", "12 Nov"."""
    if began is None:
        return ""
    then = wall.local(began)
    if unix_s is None:
        return wall.day(then)
    days = (wall.local(unix_s).date() - then.date()).days
    if days == 0:
        return wall.clock(then)
    return f"{then:%a}" if 0 < days < WEEK_DAYS else wall.day(then)
