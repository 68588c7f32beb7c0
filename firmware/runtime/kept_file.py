"""A list of entries on disk: whole or not at all, and never a reason not to start.

Saving writes `NAME.new`, flushes it, renames it to `NAME` and flushes the folder: at each of these
steps one whole file is on disk. A checksum over the entries tells a damaged file. One that this
phone cannot use (damaged, foreign, of a newer version) is renamed to `NAME.aside`, so that somebody
may look at it, and the list begins anew; a sentence says so.

Why no data base: the longest of these lists has a few hundred KB and is written a few times an
hour. A file that is replaced as a whole has no journal to be replayed and no page to be torn, a
person can read it, and one pattern with one set of tests serves all lists.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Generic, TypeVar

from config.disk import draft_of, flush_folder, save_flushed
from config.files import read_bounded, reason
from firmware.frozen import frozen

EntryT = TypeVar("EntryT")

VERSION = 1


@frozen
class Kept(Generic[EntryT]):
    """What was on disk, and what is wrong with it, as a sentence.

    Where not `replaceable`, the file could not be moved out of the way: nothing may be saved.
    """

    entries: tuple[EntryT, ...] = ()
    problem: str = ""
    replaceable: bool = True


class NewerVersionError(ValueError):
    """A file that a newer version of the phone wrote."""


class KeptFile(Generic[EntryT]):
    """One such list: its file, its limits, and how an entry is written and read.

    `entry_of` raises ValueError for what is no entry. `title` names the list in sentences.
    """

    def __init__(
        self,
        title: str,
        fields_of: Callable[[EntryT], dict[str, object]],
        entry_of: Callable[[object], EntryT],
        *,
        name: str,
        list_name: str,
        entries_max: int,
        bytes_max: int,
    ) -> None:
        self.title = title
        self.name, self.aside = f"{name}.json", f"{name}.json.aside"
        self.draft = draft_of(Path(self.name)).name
        self.form = "handset " + title.removeprefix("the ")
        self.list_name = list_name
        self.bytes_max = bytes_max
        self._fields_of, self._entry_of = fields_of, entry_of
        self._entries_max = entries_max

    def read(self, folder: Path) -> Kept[EntryT]:
        """Return the list in this folder; what cannot be used is put aside."""
        try:
            return Kept(self._parsed(read_bounded(folder / self.name, self.bytes_max)))
        except FileNotFoundError:
            return Kept()  # A phone's first start.
        except OSError as error:
            return self._put_aside(folder, f"cannot be read: {reason(error)}")
        except NewerVersionError:
            return self._put_aside(folder, "is of a newer version")
        except (ValueError, RecursionError):
            return self._put_aside(folder, "is damaged")

    def save(self, folder: Path, entries: tuple[EntryT, ...]) -> None:
        """Save the list in place of the one before; OSError where that cannot be done."""
        fields = [self._fields_of(entry) for entry in entries]
        whole = {"format": self.form, "version": VERSION, "checksum": checksum(fields)}
        data = json.dumps(whole | {self.list_name: fields}, ensure_ascii=False) + "\n"
        save_flushed(folder / self.name, data.encode())

    def wipe(self, folder: Path) -> None:
        """Remove the list, and what is left of earlier ones."""
        for name in (self.name, self.draft, self.aside):
            (folder / name).unlink(missing_ok=True)
        flush_folder(folder)

    def _parsed(self, data: bytes) -> tuple[EntryT, ...]:
        """Return the entries of a file; ValueError where it is none of ours."""
        if len(data) > self.bytes_max:
            raise ValueError("too large")
        whole = json.loads(data)
        if not isinstance(whole, dict) or whole.get("format") != self.form:
            raise ValueError("foreign")
        version, entries = whole.get("version"), whole.get(self.list_name)
        if type(version) is int and version > VERSION:
            raise NewerVersionError
        if version != VERSION:
            raise ValueError("a version that there is not")
        if not isinstance(entries, list) or len(entries) > self._entries_max:
            raise ValueError("no list of entries, or too long a one")
        if whole.get("checksum") != checksum(entries):
            raise ValueError("the checksum is wrong")
        return tuple(self._entry_of(entry) for entry in entries)

    def _put_aside(self, folder: Path, problem: str) -> Kept[EntryT]:
        """Keep a file that cannot be used; of several the last."""
        try:
            os.replace(folder / self.name, folder / self.aside)
        except OSError as error:
            text = f"{problem}, and cannot be moved: {reason(error)}; nothing is kept"
            return Kept(problem=f"{self.title} {text}", replaceable=False)
        return Kept(problem=f"{self.title} {problem}; it is kept as {self.aside}")


def checksum(entries: list[object] | list[dict[str, object]]) -> str:
    """Return the checksum over the entries of a file."""
    return hashlib.sha256(json.dumps(entries).encode()).hexdigest()


def text_field(value: object, characters_max: int) -> str:
    """Return a text of an entry; ValueError where it is none, or too long."""
    if not isinstance(value, str) or len(value) > characters_max or not value.isprintable():
        raise ValueError("no text, or too long a one")
    return value


SECONDS_MAX = 1e11
"""Of a time or a length: a date that a calendar still has (the year 5138)."""


def seconds_field(value: object) -> float | None:
    """Return a time or a length of an entry; ValueError where it is none."""
    if value is None:
        return None
    if not isinstance(value, int | float) or isinstance(value, bool):
        raise ValueError("seconds are a number")
    if not 0 <= value <= SECONDS_MAX:  # Nor is NaN.
        raise ValueError("seconds out of range")
    return float(value)


def rounded(seconds: float | None) -> float | None:
    """Return a time as a file has it: to the millisecond."""
    return None if seconds is None else round(seconds, 3)
