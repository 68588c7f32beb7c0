"""What a file of contacts was read into: contacts, and what is wrong with it, by line."""

from __future__ import annotations

from collections.abc import Iterable

from firmware.frozen import frozen
from firmware.phone.directory import CONTACTS_MAX, DirectoryError, checked
from firmware.phone.kept import Contact, ContactNumber

FILE_BYTES_MAX = 4 * 1024 * 1024
"""Of a file of contacts: a thousand with pictures would be more, and pictures are not read."""

LINES_MAX = 100_000
"""Of its lines."""

PROBLEMS_MAX = 50
"""Of its problems that are listed; the rest is counted."""


@frozen
class Imported:
    """Checked contacts, and sentences such as `line 3: "Bert" has no number`."""

    contacts: tuple[Contact, ...]
    problems: tuple[str, ...]


class Reading:
    """Contacts as they are read; what is wrong with one never loses the others."""

    def __init__(self) -> None:
        self._contacts: list[Contact] = []
        self._problems: list[str] = []
        self._unlisted = 0

    @property
    def is_full(self) -> bool:
        """Tell whether more contacts have no room anyway."""
        return len(self._contacts) >= CONTACTS_MAX

    def add(self, line: int, name: str, numbers: Iterable[ContactNumber]) -> None:
        """Take in a contact that begins at a line, or say what is wrong with it."""
        if self.is_full:
            self.wrong(line, f"the directory holds {CONTACTS_MAX} contacts")
            return
        try:
            self._contacts.append(checked(name, numbers))
        except DirectoryError as error:
            self.wrong(line, str(error))

    def wrong(self, line: int, text: str) -> None:
        """Note what is wrong at a line."""
        if len(self._problems) < PROBLEMS_MAX:
            self._problems.append(f"line {line}: {text}")
        else:
            self._unlisted += 1

    def done(self) -> Imported:
        """Return what was read."""
        rest = [f"{self._unlisted} more problems are not listed"] if self._unlisted else []
        return Imported(tuple(self._contacts), (*self._problems, *rest))


def decoded(data: bytes) -> str:
    """Return a file as text: UTF-8, marked or not, UTF-16 where it is marked, else Windows-1252."""
    if data[:2] in {b"\xff\xfe", b"\xfe\xff"}:
        return data.decode("utf-16", errors="replace")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("cp1252", errors="replace")
