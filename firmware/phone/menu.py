"""The menu: which view is shown, what is chosen in it, what is typed, and the way back.

Theory of operation
-------------------
The views that were opened lie on each other; the top one is shown. Up and down choose, the left
soft key does what is chosen, the right one goes back, from the first view to the idle screen.
Digits search in the directory and among the time zones. While a name is typed they are letters
(`multitap.py`), and the right key deletes. Without a key for `AWAY_S` the idle screen comes back; a
call covers the menu.

An option that is chosen and not yet taken is tried: the phone is as if it were set, and a ring tone
is heard for `SAMPLE_S`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from firmware.machine import earliest, is_due
from firmware.phone.contact_items import with_number
from firmware.phone.directory import DirectoryError, checked
from firmware.phone.kept import CallWay, Contact, ContactNumber, NumberKind
from firmware.phone.listing import items_of, title_of
from firmware.phone.lock import PIN_DIGITS_MIN, KeepPin, Pin, Purpose
from firmware.phone.memory import Memory
from firmware.phone.multitap import Case, MultiTap
from firmware.phone.opening import first_of, line_for
from firmware.phone.preferences import HEARD, Preferences
from firmware.phone.screen import LinkLine, ListScreen, Screen, TextScreen
from firmware.phone.service_views import (
    CallFrom,
    CallMailbox,
    DialFrom,
    ForwardEntry,
    SetRingTime,
    SwitchDisturbance,
    SwitchRinger,
)
from firmware.phone.setting_items import RESET_SURE
from firmware.phone.views import (
    TYPED,
    Call,
    CallDetails,
    CallList,
    ChangeNumbers,
    ContactChoice,
    ContactDetails,
    ContactList,
    Deed,
    ForgetCall,
    ForgetCalls,
    GoBack,
    Item,
    LockKeys,
    NameEntry,
    NumberTyped,
    Open,
    OptionList,
    PinEntry,
    RemoveContact,
    ResetPhone,
    ShowFacts,
    TakeOption,
    UnlockKeys,
    View,
    ZoneList,
)

AWAY_S = 60.0
"""Without a key for so long, nobody is there."""

SAMPLE_S = 4.0
"""A round of a ring tone."""

SEARCH_MAX = 16
"""Keys of a search: more than any name needs."""

SEARCHED = ContactList | ContactChoice | ZoneList
"""Views in which digits search."""


class Menu:
    """The views that are open; nothing is shown while there is none."""

    def __init__(self, memory: Memory, is_emergency: Callable[[str], bool]) -> None:
        self._memory, self._is_emergency = memory, is_emergency
        self._views: list[tuple[View, int]] = []  # With what is chosen in it.
        self._line: MultiTap | None = None  # What is typed,
        self._wrong = ""  # and what is wrong with it.
        self._away_by: float | None = None
        self._sample_by: float | None = None  # Until then the ring tone is heard.

    @property
    def is_open(self) -> bool:
        """Tell whether a view is shown."""
        return bool(self._views)

    def shows(self, view: View) -> bool:
        """Tell whether it is this view that is shown."""
        return self.is_open and self._views[-1][0] == view

    @property
    def takes_digits(self) -> bool:
        """Tell whether digits are for the view: to search, or as letters."""
        return self.is_open and isinstance(self._views[-1][0], SEARCHED | TYPED)

    @property
    def search(self) -> str:
        """The keys that search in the directory, "" where none do."""
        view = self._views[-1][0] if self._views else None
        return view.keys if isinstance(view, SEARCHED) else ""

    @property
    def preferences(self) -> Preferences:
        """What is set, with the option that is tried."""
        view, chosen = self._views[-1] if self._views else (None, 0)
        set_now = self._memory.preferences
        if not isinstance(view, OptionList):
            return set_now
        deed = items_of(view, self._memory, 0.0)[chosen].deed
        return (
            set_now.changed(deed.parameter, deed.text) if isinstance(deed, TakeOption) else set_now
        )

    @property
    def samples(self) -> bool:
        """Tell whether the ring tone is to be heard."""
        return self._sample_by is not None

    def deadline(self) -> float | None:
        """Return when a letter counts, a sample ends, or nobody is there any more."""
        settles_at = self._line.deadline() if self._line else None
        return earliest((self._away_by, self._sample_by, settles_at))

    def wake(self, now: float) -> None:
        """Let a letter count; end a sample; go back to the idle screen."""
        if self._line:
            self._line.wake(now)
        if is_due(self._sample_by, now):
            self._sample_by = None
        if is_due(self._away_by, now):
            self.close()

    def close(self) -> None:
        """Go back to the idle screen."""
        self._views, self._line, self._wrong = [], None, ""
        self._away_by = self._sample_by = None

    def open(self, view: View, now: float) -> list[object]:
        """Go on to a view; who opens the missed calls has seen them."""
        self._touched(now)
        self._views.append((view, first_of(self._items(view, now))))
        self._wrong, self._line = "", line_for(view, self._memory)
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
        if isinstance(view, OptionList) and view.parameter in HEARD:
            self._sample_by = now + SAMPLE_S

    def digit(self, key: str, now: float) -> None:
        """Search, or type."""
        self._touched(now)
        view, _ = self._views[-1]
        if self._line:
            self._wrong = ""
            self._line.press(key, now)
        elif isinstance(view, SEARCHED) and len(view.keys) < SEARCH_MAX:
            self._views[-1] = (replace(view, keys=view.keys + key), 0)

    def delete(self, now: float) -> None:
        """Take the last key away; where there is none, go back."""
        self._touched(now)
        view, _ = self._views[-1]
        if self._line and self._line.text:
            self._wrong = ""
            self._line.delete()
        elif isinstance(view, SEARCHED) and view.keys:
            self._views[-1] = (replace(view, keys=view.keys[:-1]), 0)
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
            case (
                Call() | CallFrom() | CallMailbox() | DialFrom()
                | ShowFacts() | LockKeys() | ResetPhone()
            ):  # fmt: skip
                self.close()
                return [deed]
            case SwitchDisturbance() | SetRingTime() | SwitchRinger():
                return self._serve(deed, now)
            case TakeOption(parameter, text):
                self._leave_options(now)
                return self._memory.set(parameter, text)
            case ForgetCall(call):
                self.back(now)
                return self._memory.history.forget_one(call)
            case ForgetCalls(way):
                self.back(now)
                return self._memory.history.forget(way)
            case ChangeNumbers(contact, numbers):
                return self._change_numbers(contact, numbers, now)
            case RemoveContact(contact):
                self.back(now)
                self.back(now)
                return self._memory.directory.remove(contact)

    def _change_numbers(
        self, contact: Contact, numbers: tuple[ContactNumber, ...], now: float
    ) -> list[object]:
        """Let a contact have these numbers, and go back to it."""
        new = checked(contact.name, numbers)
        if len(new.numbers) < len(numbers):
            raise DirectoryError("the same number stands there twice")
        out = self._memory.directory.replace(contact, new)
        while not isinstance(self._views[-1][0], ContactList | CallDetails):
            self.back(now)
        if isinstance(self._views[-1][0], CallDetails):
            return out
        return [*out, *self.open(ContactDetails(new), now)]

    def _leave_options(self, now: float) -> None:
        """Go back to the settings: from a town past its region."""
        while self._views and isinstance(self._views[-1][0], OptionList | ZoneList):
            self.back(now)

    def _serve(
        self, deed: SwitchDisturbance | SetRingTime | SwitchRinger, now: float
    ) -> list[object]:
        """Change a service: what is switched stays in sight, what is chosen leads back."""
        services = self._memory.services
        if isinstance(deed, SwitchRinger):
            return self._memory.switch_ringer()
        if isinstance(deed, SwitchDisturbance):
            return services.disturb_none(deed.accounts, on=deed.on)
        self.back(now)
        return services.ring_for(deed.accounts, deed.ring_s)

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
            case ForwardEntry(accounts, condition):
                if self._is_emergency(text):
                    raise DirectoryError("no call is sent to an emergency number")
                number = self._memory.services.checked(text)
                self.back(now)
                return self._memory.services.send_on(accounts, condition, number)
            case PinEntry() if self._is_emergency(text):
                self.close()
                return [Call(text)]  # Whatever it was typed for.
            case PinEntry(purpose, first):
                return self._take_pin(purpose, first, Pin(text), now)
            case NumberTyped(Contact() as contact, old):
                new = ContactNumber(old.kind if old else NumberKind.OTHER, text)
                return self._change_numbers(contact, with_number(contact, old, new), now)
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

    def _take_pin(self, purpose: Purpose, first: Pin | None, pin: Pin, now: float) -> list[object]:
        """Have a PIN checked, or take a new one that was typed twice."""
        lock, self._line = self._memory.lock, line_for(PinEntry(purpose), self._memory)
        if purpose not in {Purpose.NEW, Purpose.AGAIN}:
            return lock.ask(purpose, pin)
        if not len(pin.digits) >= PIN_DIGITS_MIN:
            raise DirectoryError("a PIN has 4 to 8 digits")
        self.back(now)
        if purpose is Purpose.NEW:
            return self.open(PinEntry(Purpose.AGAIN, pin), now)
        if pin != first:
            self.open(PinEntry(Purpose.NEW), now)
            raise DirectoryError("the PINs differ")
        lock.has_pin = True
        return [KeepPin(pin)]

    def pin_checked(self, *, is_right: bool, now: float) -> list[object]:
        """Hear of a PIN; return what follows."""
        purpose = self._memory.lock.checked(is_right=is_right, now=now)
        if purpose is None or not self.is_open or self._views[-1][0] != PinEntry(purpose):
            return []  # The person has gone on.
        self.back(now)
        if purpose is Purpose.CHANGE:
            return self.open(PinEntry(Purpose.NEW), now)
        if purpose is Purpose.RESET:
            return self.open(RESET_SURE, now)
        if purpose is Purpose.REMOVE:
            self._memory.lock.has_pin = False
            return [KeepPin(None)]
        self.close()
        return [UnlockKeys()]

    @property
    def typed_digits(self) -> str:
        """What is typed where digits are no letters: it may be an emergency number."""
        is_number = self._line is not None and self._line.case is Case.NUMBERS
        return self._line.text if self._line and is_number else ""

    def _items(self, view: View, now: float) -> tuple[Item, ...]:
        return items_of(view, self._memory, now)

    def _touched(self, now: float) -> None:
        self._away_by = now + AWAY_S
        self._sample_by = None

    def screen(self, trouble: LinkLine | None, now: float) -> Screen:
        """Return what is shown."""
        view, chosen = self._views[-1]
        memory, title = self._memory, title_of(view, self._memory)
        say, line = memory.language.say, self._line
        if line and isinstance(view, PinEntry):
            wrong, stars = say(self._wrong or memory.lock.word(now)), "*" * len(line.text)
            return TextScreen(title, stars, "", wrong, trouble, memory.lock.progress(now))
        if line:
            return TextScreen(title, line.text, line.case.value, say(self._wrong), trouble)
        items = self._items(view, now)
        rows = tuple((item.text, item.side) for item in items)
        at = min(chosen, len(items) - 1)
        can_take = items[at].deed is not None
        return ListScreen(title, rows, at, can_take, bool(self.search), trouble)
