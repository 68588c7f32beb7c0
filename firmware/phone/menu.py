"""The menu: which view is shown, what is chosen in it, what is typed, and the way back.

Theory of operation
-------------------
The views that were opened lie on each other; the top one is shown. Up and down choose, the left
soft key does what is chosen, the right one goes back, from the first view to the idle screen.
Digits search in the directory. While a name is typed they are letters (`multitap.py`), and the
right key deletes. Without a key for `AWAY_S` the idle screen comes back; a call covers the menu.
"""

from __future__ import annotations

from firmware.machine import earliest, is_due
from firmware.phone.directory import DirectoryError, checked
from firmware.phone.events import ChooseLanguage
from firmware.phone.kept import TEXT_CHARACTERS_MAX, CallWay, Contact, ContactNumber, NumberKind
from firmware.phone.listing import items_of, title_of
from firmware.phone.memory import Memory
from firmware.phone.multitap import Case, MultiTap
from firmware.phone.screen import LinkLine, ListScreen, Screen, TextScreen
from firmware.phone.views import (
    TYPED,
    Call,
    CallDetails,
    CallList,
    ContactDetails,
    ContactList,
    Deed,
    ForgetCall,
    ForgetCalls,
    GoBack,
    Item,
    NameEntry,
    NumberTyped,
    Open,
    RemoveContact,
    ShowFacts,
    TakeLanguage,
    View,
)

AWAY_S = 60.0
"""Without a key for so long, nobody is there."""

SEARCH_MAX = 16
"""Keys of a search: more than any name needs."""


class Menu:
    """The views that are open; nothing is shown while there is none."""

    def __init__(self, memory: Memory) -> None:
        self._memory = memory
        self._views: list[tuple[View, int]] = []  # With what is chosen in it.
        self._line: MultiTap | None = None  # What is typed,
        self._wrong = ""  # and what is wrong with it.
        self._away_by: float | None = None

    @property
    def is_open(self) -> bool:
        """Tell whether a view is shown."""
        return bool(self._views)

    @property
    def takes_digits(self) -> bool:
        """Tell whether digits are for the view: to search, or as letters."""
        return self.is_open and isinstance(self._views[-1][0], ContactList | TYPED)

    @property
    def search(self) -> str:
        """The keys that search in the directory, "" where none do."""
        view = self._views[-1][0] if self._views else None
        return view.keys if isinstance(view, ContactList) else ""

    def deadline(self) -> float | None:
        """Return when a letter counts, or nobody is there any more."""
        return earliest((self._away_by, self._line.deadline() if self._line else None))

    def wake(self, now: float) -> None:
        """Let a letter count; go back to the idle screen."""
        if self._line:
            self._line.wake(now)
        if is_due(self._away_by, now):
            self.close()

    def close(self) -> None:
        """Go back to the idle screen."""
        self._views, self._line, self._wrong, self._away_by = [], None, "", None

    def open(self, view: View, now: float) -> list[object]:
        """Go on to a view; who opens the missed calls has seen them."""
        self._touched(now)
        chosen = next((at for at, item in enumerate(self._items(view, now)) if item.deed), 0)
        self._views.append((view, chosen))
        self._wrong, self._line = "", _line_for(view)
        seen = view == CallList(CallWay.MISSED)
        return self._memory.history.seen() if seen else []

    def back(self, now: float) -> None:
        """Go back by one view."""
        self._touched(now)
        self._views.pop()
        self._line = None
        if not self._views:
            self.close()

    def move(self, step: int, now: float) -> None:
        """Choose the next item, or the one before."""
        self._touched(now)
        view, chosen = self._views[-1]
        count = len(self._items(view, now))
        if count:
            self._views[-1] = (view, (chosen + step) % count)

    def digit(self, key: str, now: float) -> None:
        """Search, or type."""
        self._touched(now)
        view, _ = self._views[-1]
        if self._line:
            self._wrong = ""
            self._line.press(key, now)
        elif isinstance(view, ContactList) and len(view.keys) < SEARCH_MAX:
            self._views[-1] = (ContactList(view.keys + key), 0)

    def delete(self, now: float) -> None:
        """Take the last key away; where there is none, go back."""
        self._touched(now)
        view, _ = self._views[-1]
        if self._line and self._line.text:
            self._wrong = ""
            self._line.delete()
        elif isinstance(view, ContactList) and view.keys:
            self._views[-1] = (ContactList(view.keys[:-1]), 0)
        else:
            self.back(now)

    def chosen(self, now: float) -> Deed | None:
        """Return what follows when the chosen item is taken."""
        view, chosen = self._views[-1]
        items = self._items(view, now)
        return items[min(chosen, len(items) - 1)].deed if items else None

    def number(self, now: float) -> str:
        """Return the number that is meant by what is chosen, for who lifts the handset."""
        match self.chosen(now) if self.is_open else None:
            case Call(number):
                return number
            case Open(CallDetails(call)):
                return call.number
            case Open(ContactDetails(contact)):
                return contact.numbers[0].number
            case _:
                return ""

    def take(self, now: float) -> list[object]:
        """Do what is chosen; what the phone itself has to do is given back as the deed."""
        self._touched(now)
        if self._line:
            return self._typed(now)
        match deed := self.chosen(now):
            case None:
                return []
            case Open(view):
                return self.open(view, now)
            case GoBack():
                self.back(now)
                return []
            case Call() | ShowFacts():
                self.close()
                return [deed]
            case TakeLanguage(code):
                self.back(now)
                return [ChooseLanguage(code)]
            case ForgetCall(call):
                self.back(now)
                return self._memory.history.forget_one(call)
            case ForgetCalls(way):
                self.back(now)
                return self._memory.history.forget(way)
            case RemoveContact(contact):
                self.back(now)
                self.back(now)
                return self._memory.directory.remove(contact)

    def _typed(self, now: float) -> list[object]:
        """Take what was typed."""
        view, line = self._views[-1][0], self._line
        assert line is not None
        try:
            return self._take_text(view, line.text, now)
        except DirectoryError as error:
            self._wrong = str(error)
            return []

    def _take_text(self, view: View, text: str, now: float) -> list[object]:
        directory = self._memory.directory
        match view:
            case NumberTyped():
                checked("?", [ContactNumber(NumberKind.OTHER, text)])
                self.back(now)
                return self.open(NameEntry(text), now)
            case NameEntry(_, Contact() as old):
                out = directory.replace(old, contact := checked(text, old.numbers))
                self.back(now)
                self.back(now)
                return [*out, *self.open(ContactDetails(contact), now)]
            case NameEntry(number):
                contact = checked(text, [ContactNumber(NumberKind.WORK, number)])
                merged, out = directory.merge([contact])
                if merged.problems:
                    raise DirectoryError(merged.problems[0])
                self.back(now)
                return out
            case _:
                raise AssertionError(f"nothing is typed in {view}")

    def _items(self, view: View, now: float) -> tuple[Item, ...]:
        return items_of(view, self._memory, now)

    def _touched(self, now: float) -> None:
        self._away_by = now + AWAY_S

    def screen(self, trouble: LinkLine | None, now: float) -> Screen:
        """Return what is shown."""
        view, chosen = self._views[-1]
        title = title_of(view, self._memory)
        if self._line:
            wrong = self._memory.language.say(self._wrong)
            return TextScreen(title, self._line.text, self._line.case.value, wrong, trouble)
        items = self._items(view, now)
        rows = tuple((item.text, item.side) for item in items)
        at = min(chosen, len(items) - 1)
        can_take = items[at].deed is not None
        return ListScreen(title, rows, at, can_take, bool(self.search), trouble)


def _line_for(view: View) -> MultiTap | None:
    match view:
        case NumberTyped():
            return MultiTap("", TEXT_CHARACTERS_MAX, Case.NUMBERS)
        case NameEntry(_, contact):
            return MultiTap(contact.name if contact else "", TEXT_CHARACTERS_MAX)
        case _:
            return None
