"""What the menu lists of contacts: those that the keys find, one, its numbers, their kinds."""

from __future__ import annotations

from firmware.phone.directory import NUMBERS_MAX
from firmware.phone.kept import Contact, ContactNumber, NumberKind
from firmware.phone.memory import Memory
from firmware.phone.views import (
    Call,
    ChangeNumbers,
    ContactChoice,
    ContactDetails,
    ContactList,
    Item,
    KindList,
    NameEntry,
    NumberDetails,
    NumberList,
    NumberTyped,
    Open,
    RemoveContact,
    Sure,
)

KINDS = {
    NumberKind.WORK: "Work",
    NumberKind.MOBILE: "Mobile",
    NumberKind.HOME: "Home",
    NumberKind.OTHER: "Number",
}

ContactView = ContactList | ContactDetails | ContactChoice | NumberList | NumberDetails | KindList


def rows_of_contacts(view: ContactView, memory: Memory) -> tuple[Item, ...]:
    """Return what a view of contacts lists."""
    match view:
        case ContactList(keys):
            return _contacts(keys, memory)
        case ContactChoice(number, keys):
            return _choice(number, keys, memory)
        case ContactDetails(contact):
            return _contact(contact, memory)
        case NumberList(contact):
            return _numbers(contact, memory)
        case NumberDetails(contact, number):
            return _number(contact, number, memory)
        case KindList(contact, number):
            return _kinds(contact, number, memory)


def _contacts(keys: str, memory: Memory) -> tuple[Item, ...]:
    say = memory.language.say
    found = memory.directory.search(keys) if keys else memory.directory.contacts
    rows = tuple(Item(contact.name, "", Open(ContactDetails(contact))) for contact in found)
    if keys:
        return rows or (Item(say("nobody found")),)
    return (*rows, Item(say("New contact"), "", Open(NumberTyped())))


def _choice(number: str, keys: str, memory: Memory) -> tuple[Item, ...]:
    """Return the contacts that have room for one more number."""
    found = memory.directory.search(keys) if keys else memory.directory.contacts
    more = ContactNumber(NumberKind.OTHER, number)
    rows = tuple(
        Item(contact.name, "", ChangeNumbers(contact, (*contact.numbers, more)))
        for contact in found
        if len(contact.numbers) < NUMBERS_MAX
    )
    return rows or (Item(memory.language.say("nobody found")),)


def _contact(contact: Contact, memory: Memory) -> tuple[Item, ...]:
    say = memory.language.say
    numbers = (Item(say(KINDS[n.kind]), n.number, Call(n.number)) for n in contact.numbers)
    return (
        *numbers,
        Item(say("Change name"), "", Open(NameEntry(contact=contact))),
        Item(say("Edit numbers"), "", Open(NumberList(contact))),
        Item(say("Delete"), "", Open(Sure("Delete contact?", RemoveContact(contact)))),
    )


def _numbers(contact: Contact, memory: Memory) -> tuple[Item, ...]:
    say = memory.language.say
    rows = (
        Item(say(KINDS[each.kind]), each.number, Open(NumberDetails(contact, each)))
        for each in contact.numbers
    )
    has_room = len(contact.numbers) < NUMBERS_MAX
    add = (Item(say("Add a number"), "", Open(NumberTyped(contact))),) if has_room else ()
    return (*rows, *add)


def _number(contact: Contact, number: ContactNumber, memory: Memory) -> tuple[Item, ...]:
    """Return what may be done with a number; the only one goes with its contact."""
    say = memory.language.say
    rest = tuple(each for each in contact.numbers if each != number)
    delete = Open(Sure("Delete number?", ChangeNumbers(contact, rest)))
    return (
        Item(say("Change"), number.number, Open(NumberTyped(contact, number))),
        Item(say("Kind"), say(KINDS[number.kind]), Open(KindList(contact, number))),
        *((Item(say("Delete"), "", delete),) if rest else ()),
    )


def _kinds(contact: Contact, number: ContactNumber, memory: Memory) -> tuple[Item, ...]:
    def of_kind(kind: NumberKind) -> tuple[ContactNumber, ...]:
        return with_number(contact, number, ContactNumber(kind, number.number))

    return tuple(
        Item(
            memory.language.say(word),
            "✓" if kind is number.kind else "",
            ChangeNumbers(contact, of_kind(kind)),
            kind is number.kind,
        )
        for kind, word in KINDS.items()
    )


def with_number(
    contact: Contact, old: ContactNumber | None, new: ContactNumber
) -> tuple[ContactNumber, ...]:
    """Return a contact's numbers with a new one, in the old one's place where there is one."""
    if old is None:
        return (*contact.numbers, new)
    return tuple(new if each == old else each for each in contact.numbers)
