"""A message catalogue: the text of a gettext .po file, read into what is said in a language.

Of the format, what translators' tools write: msgid, msgid_plural, msgstr, msgstr[N], comments,
strings on several lines. The plural rule is that of the file's head, computed by gettext itself.
"""

from __future__ import annotations

import gettext
import re
from collections.abc import Callable, Iterator

from firmware.frozen import frozen

KEYWORD = re.compile(r'(msgid_plural|msgid|msgstr(?:\[(\d)\])?)?\s*"(.*)"')
PLURAL = re.compile(r"plural=([^;]+);")
ESCAPES = {"n": "\n", "t": "\t", '"': '"', "\\": "\\"}


class CatalogueError(ValueError):
    """A text is no catalogue; the message names the line."""


@frozen
class Entry:
    """A message: as the program says it, and in the language; of a plural one, each form."""

    message: str
    plural: str
    said: tuple[str, ...]


@frozen
class Catalogue:
    """The messages of a language, and which form goes with which number."""

    entries: tuple[Entry, ...]
    form_of: Callable[[int], int]


def read_catalogue(text: str) -> Catalogue:
    """Read the text of a .po file."""
    head, entries = "", []
    for entry in _entries(text):
        if entry.message:
            entries.append(entry)
        else:
            head = entry.said[0]
    rule = PLURAL.search(head)
    return Catalogue(tuple(entries), gettext.c2py(rule[1] if rule else "n != 1"))


def _entries(text: str) -> Iterator[Entry]:
    """Yield the entries; one ends where the next msgid begins."""
    parts: dict[str, str] = {}
    current = ""
    for number, line in enumerate(text.splitlines(), start=1):
        stripped = line.strip()
        if not stripped or stripped.startswith("#"):
            continue
        found = KEYWORD.fullmatch(stripped)
        if found is None or not (found[1] or current):
            raise CatalogueError(f"line {number}: {stripped[:40]!r} is no part of a catalogue")
        if found[1] == "msgid" and parts:
            yield _entry(parts)
            parts = {}
        current = found[1] or current
        parts[current] = parts.get(current, "") + _unescaped(found[3])
    if parts:
        yield _entry(parts)


def _entry(parts: dict[str, str]) -> Entry:
    forms = sorted(key for key in parts if key.startswith("msgstr"))
    said = tuple(parts[form] for form in forms)
    return Entry(parts.get("msgid", ""), parts.get("msgid_plural", ""), said)


def _unescaped(text: str) -> str:
    return re.sub(r"\\(.)", lambda found: ESCAPES.get(found[1], found[1]), text)
