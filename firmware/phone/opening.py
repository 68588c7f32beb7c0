"""What a view of the menu begins with: the row that is chosen, and the line that is typed."""

from __future__ import annotations

from firmware.phone.kept import TEXT_CHARACTERS_MAX, ContactNumber
from firmware.phone.lock import PIN_DIGITS_MAX
from firmware.phone.memory import Memory
from firmware.phone.multitap import Case, MultiTap
from firmware.phone.service_views import ForwardEntry
from firmware.phone.views import Item, NameEntry, NumberTyped, PinEntry, View


def first_of(items: tuple[Item, ...]) -> int:
    """Return which item is chosen at first: the one that is set, else the first to be taken."""
    is_set = (at for at, item in enumerate(items) if item.is_set)
    can_take = (at for at, item in enumerate(items) if item.deed)
    return next(is_set, next(can_take, 0))


def line_for(view: View, memory: Memory) -> MultiTap | None:
    """Return the line that is typed in a view, None where nothing is."""
    match view:
        case ForwardEntry(accounts, condition):
            number = memory.services.of(accounts[0]).number(condition)
            return MultiTap(number, TEXT_CHARACTERS_MAX, Case.NUMBERS)
        case PinEntry():
            return MultiTap("", PIN_DIGITS_MAX, Case.NUMBERS)
        case NumberTyped(_, ContactNumber(_, number)):
            return MultiTap(number, TEXT_CHARACTERS_MAX, Case.NUMBERS)
        case NumberTyped():
            return MultiTap("", TEXT_CHARACTERS_MAX, Case.NUMBERS)
        case NameEntry(_, contact, name):
            begun = contact.name if contact else name[:TEXT_CHARACTERS_MAX]
            return MultiTap(begun, TEXT_CHARACTERS_MAX)
        case _:
            return None
