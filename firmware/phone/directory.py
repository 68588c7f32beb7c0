"""The directory: contacts with several numbers, found by their letters on the digit keys (T9).

`2 2 8` finds "Bat": each word of a name, and each number, may begin with the keys. Letters with
accents count as those without. A `0` stands for the space between two words, which may be left out.
Contacts are in the order of their names. Two contacts of one name are one.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable

from firmware.frozen import frozen
from firmware.phone.kept import (
    TEXT_CHARACTERS_MAX,
    Contact,
    ContactNumber,
    ContactsKept,
    DirectoryLog,
)
from firmware.phone.multitap import LETTERS
from firmware.phone.pauses import without_digits

CONTACTS_MAX = 1000
"""A company's own; the search goes through all of them with each key, in 2 ms."""

FULL = f"the directory is full: {CONTACTS_MAX} contacts"

NUMBERS_MAX = 4
"""Of one contact: what a page of the screen shows."""

SUFFIX_DIGITS_MIN = 7
"""As many last digits make two forms of a number one: 030 1234567 and +49 30 1234567."""

_KEY_OF = {
    letter: key for key, letters in LETTERS.items() for letter in letters if letter.isalpha()
}
_SPELT = str.maketrans({"ß": "ss", "æ": "ae", "œ": "oe", "ø": "o", "ł": "l", "đ": "d"})

DIALLED = frozenset("0123456789*#+")
ORNAMENTS = frozenset(" -/().\u00a0\u2011")


class DirectoryError(ValueError):
    """A contact cannot be taken; the message says why, for a person."""


def plain_number(text: str, *, digits_behind: bool = False) -> str:
    """Return a number as it is dialled; DirectoryError where it is none.

    A contact's may have digits behind it, after a comma.
    """
    number = text.strip()
    for scheme in ("tel:", "sip:", "sips:"):
        if number[: len(scheme)].lower() == scheme:
            number = number[len(scheme) :].partition(";")[0]
    if "@" not in number:
        number = "".join(character for character in number if character not in ORNAMENTS)
    user, at, host = number.partition("@")
    is_address = bool(user and at and host) and number.isprintable() and " " not in number
    called = without_digits(number)[0] if digits_behind else number
    if not number or not (is_address or set(called) <= DIALLED):
        raise DirectoryError(f'"{_shown(text)}" is no number')
    if len(number) > TEXT_CHARACTERS_MAX:
        raise DirectoryError(f'"{_shown(text)}" is longer than {TEXT_CHARACTERS_MAX} characters')
    return number


def _shown(text: str) -> str:
    short = text if len(text) <= 30 else text[:30] + "…"
    return "".join(character if character.isprintable() else "?" for character in short)


def checked(name: str, numbers: Iterable[ContactNumber]) -> Contact:
    """Return a contact that the directory can hold; DirectoryError says what is wrong."""
    words = " ".join(name.split())
    if not words:
        raise DirectoryError("a name is missing")
    if len(words) > TEXT_CHARACTERS_MAX:
        raise DirectoryError(f'"{_shown(words)}" is longer than {TEXT_CHARACTERS_MAX} characters')
    if not words.isprintable():
        raise DirectoryError(f'"{_shown(words)}" holds a control character')
    plain: dict[str, ContactNumber] = {}
    for number in numbers:
        dialled = plain_number(number.number, digits_behind=True)
        plain.setdefault(dialled, ContactNumber(number.kind, dialled))
    if not plain:
        raise DirectoryError(f'"{_shown(words)}" has no number')
    if len(plain) > NUMBERS_MAX:
        raise DirectoryError(f'"{_shown(words)}" has more than {NUMBERS_MAX} numbers')
    return Contact(words, tuple(plain.values()))


def keys_of(text: str) -> str:
    """Return the digit keys that spell a text; what is on none is left out."""
    return "".join(c if c in DIALLED else _KEY_OF.get(c, "") for c in _plain(text))


def _plain(text: str) -> str:
    """Return a text in small letters, each accent behind its letter."""
    return unicodedata.normalize("NFD", text.casefold()).translate(_SPELT)


def _sorting(name: str) -> tuple[str, str]:
    return "".join(c for c in _plain(name) if not unicodedata.combining(c)), name


def name_keys(name: str) -> tuple[str, ...]:
    """Return what may be typed for a name: from each of its words on, with 0 for a space or not."""
    words = [keys for keys in map(keys_of, name.replace("-", " ").split()) if keys]
    rests = [words[at:] for at in range(len(words))]
    return tuple(dict.fromkeys(join.join(rest) for rest in rests for join in ("", "0")))


@frozen
class Merged:
    """What became of contacts that were taken in."""

    added: int = 0
    changed: int = 0  # They got more numbers.
    known: int = 0
    problems: tuple[str, ...] = ()


class Directory:
    """The contacts, and how they are found."""

    def __init__(self) -> None:
        self._contacts: dict[str, Contact] = {}  # By the folded name.
        self._keys: dict[str, tuple[str, ...]] = {}
        self._ordered: tuple[Contact, ...] = ()
        self._ends: dict[str, list[tuple[str, str]]] = {}  # Numbers and names, by a number's end.

    @property
    def contacts(self) -> tuple[Contact, ...]:
        """All of them in the order of their names."""
        return self._ordered

    def kept(self, event: ContactsKept) -> list[object]:
        """Take in what was kept over a restart."""
        for contact in event.contacts:
            self._put(contact)
        self._order()
        return []

    def replace(self, old: Contact, new: Contact) -> list[object]:
        """Put a checked contact in another one's place."""
        same = new.name.casefold() == old.name.casefold()
        if not same and new.name.casefold() in self._contacts:
            raise DirectoryError(f'"{new.name}" is there already')
        self._drop(old)
        self._put(new)
        return self._changed()

    def edited(self, before: Contact | None, after: Contact | None) -> list[object]:
        """Put a checked contact in another's place, where that may still be."""
        return [] if self.edit_problem(before, after) else self._edit(before, after)

    def edit_problem(self, before: Contact | None, after: Contact | None) -> str:
        """Say why a contact may not take another's place, or ""."""
        if before is not None and self._contacts.get(before.name.casefold()) != before:
            return f'"{before.name}" was changed meanwhile'
        if after is None:
            return ""
        is_renamed = before is None or before.name.casefold() != after.name.casefold()
        if is_renamed and after.name.casefold() in self._contacts:
            return f'"{after.name}" is there already'
        if before is None and len(self._contacts) >= CONTACTS_MAX:
            return FULL
        return ""

    def _edit(self, before: Contact | None, after: Contact | None) -> list[object]:
        if before is not None:
            self._drop(before)
        if after is not None:
            self._put(after)
        return self._changed()

    def remove(self, contact: Contact) -> list[object]:
        """Forget a contact."""
        self._drop(contact)
        return self._changed()

    def merge(self, contacts: Iterable[Contact]) -> tuple[Merged, list[object]]:
        """Take in checked contacts of a file: names that are known get the numbers that are new."""
        added = changed = known = 0
        problems: list[str] = []
        for contact in contacts:
            there = self._contacts.get(contact.name.casefold())
            try:
                if there is None:
                    self._check_room()
                    self._put(contact)
                    added += 1
                    continue
                both = checked(there.name, (*there.numbers, *contact.numbers))
            except DirectoryError as error:
                problems.append(str(error))
                continue
            changed += both != there
            known += both == there
            self._put(both)
        return Merged(added, changed, known, tuple(dict.fromkeys(problems))), self._changed()

    def search(self, keys: str) -> tuple[Contact, ...]:
        """Return the contacts that these keys spell, by a name or a number."""
        return tuple(
            contact
            for contact in self._ordered
            if any(spelt.startswith(keys) for spelt in self._keys[contact.name.casefold()])
        )

    def name_of(self, number: str) -> str:
        """Return whose number it is, "" where nobody here has it."""
        same = self._ends.get(_end_of(number), ())
        return next((name for known, name in same if is_same_number(number, known)), "")

    def _check_room(self) -> None:
        if len(self._contacts) >= CONTACTS_MAX:
            raise DirectoryError(FULL)

    def _put(self, contact: Contact) -> None:
        numbers = (keys_of(number.number.lstrip("+")) for number in contact.numbers)
        self._contacts[contact.name.casefold()] = contact
        self._keys[contact.name.casefold()] = (*name_keys(contact.name), *numbers)

    def _drop(self, contact: Contact) -> None:
        self._contacts.pop(contact.name.casefold(), None)
        self._keys.pop(contact.name.casefold(), None)

    def _order(self) -> None:
        self._ordered = tuple(sorted(self._contacts.values(), key=lambda c: _sorting(c.name)))
        self._ends = {}
        for contact in self._ordered:
            for number in contact.numbers:
                end = self._ends.setdefault(_end_of(number.number), [])
                end.append((number.number, contact.name))

    def _changed(self) -> list[object]:
        before = self._ordered
        self._order()
        return [] if self._ordered == before else [DirectoryLog(self._ordered)]


def is_same_number(one: str, other: str) -> bool:
    """Tell whether two forms are one number: the same, or with and without a country's code."""
    one, other = without_digits(one)[0], without_digits(other)[0]
    if one == other:
        return True
    shorter, longer = sorted((one.lstrip("+0"), other.lstrip("+0")), key=len)
    return _has_end(shorter) and longer.isdigit() and longer.endswith(shorter)


def _has_end(digits: str) -> bool:
    return digits.isdigit() and len(digits) >= SUFFIX_DIGITS_MIN


def _end_of(number: str) -> str:
    """Return what all forms of a number have in common: its last digits, else all of it."""
    number = without_digits(number)[0]
    digits = number.lstrip("+0")
    return digits[-SUFFIX_DIGITS_MIN:] if _has_end(digits) else number
