"""Contacts as vCards: reads versions 2.1, 3.0 (RFC 2426) and 4.0 (RFC 6350), writes 3.0.

Own code, because so little of a vCard is needed (FN or N, and TEL) that a general library is mostly
what is left out: `vobject` brings `python-dateutil`, `pytz` and `six` along (6 MB), takes 0.3 s to
import here, and ends at the first fault of a card. Mobile phones still export 2.1, with its
quoted-printable lines. What else a card holds (a picture, a birthday) is passed over.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from quopri import decodestring

from firmware.phone.imported import LINES_MAX, Imported, Reading, decoded
from firmware.phone.kept import Contact, ContactNumber, NumberKind

LINE = re.compile(r'(?:[A-Za-z0-9-]+\.)?([A-Za-z0-9-]+)((?:;(?:[^":;]|"[^"]*")*)*):(.*)', re.DOTALL)
ESCAPED = re.compile(r"\\(.)", re.DOTALL)
UNESCAPED_SEMICOLON = re.compile(r"(?<!\\);")

KINDS = {
    "cell": NumberKind.MOBILE,
    "home": NumberKind.HOME,
    "work": NumberKind.WORK,
}
"""By the types of a TEL; the first that fits."""

NO_NUMBERS = frozenset({"fax", "pager", "modem", "bbs"})

CARD_LINE_OCTETS = 75
"""RFC 2426 2.6: longer lines are folded."""


@dataclass(slots=True)
class Card:
    """A card that is being read."""

    line: int
    formatted: str = ""
    parts: str = ""
    numbers: list[ContactNumber] = field(default_factory=list)


def read_vcards(data: bytes) -> Imported:
    """Read a file of vCards."""
    reading = Reading()
    card: Card | None = None
    for number, line in _lines(decoded(data), reading):
        found = LINE.fullmatch(line)
        if found is None:
            if line.strip() and card is not None:
                reading.wrong(number, "no property of a vCard")
            continue
        name, types, value = found[1].upper(), found[2].lower(), found[3]
        if name == "BEGIN" and value.strip().upper() == "VCARD":
            if card is not None:
                reading.wrong(card.line, "the card has no END")
            card = Card(number)
        elif card is None:
            continue
        elif name == "END":
            reading.add(card.line, card.formatted or card.parts, card.numbers)
            card = None
        else:
            _take(card, name, types, value)
    if card is not None:
        reading.wrong(card.line, "the card has no END")
    return reading.done()


def _take(card: Card, name: str, types: str, value: str) -> None:
    """Learn from a property what this phone keeps."""
    if name not in {"FN", "N", "TEL"}:
        return
    text = _text(types, value)
    if name == "FN":
        card.formatted = card.formatted or _unescaped(text)
    elif name == "N":
        family, given = [*map(_unescaped, UNESCAPED_SEMICOLON.split(text)), ""][:2]
        card.parts = f"{given} {family}".strip()
    else:
        words = set(re.split(r"[;,=\"]", types))
        if not words & NO_NUMBERS:
            kind = next((kind for word, kind in KINDS.items() if word in words), NumberKind.OTHER)
            card.numbers.append(ContactNumber(kind, _unescaped(text)))


def _text(types: str, value: str) -> str:
    """Return a value without its encoding (2.1)."""
    if "quoted-printable" not in types:
        return value
    charset = "latin-1" if "charset=iso-8859-1" in types else "utf-8"
    return decodestring(value.encode("utf-8", "replace")).decode(charset, errors="replace")


def _unescaped(text: str) -> str:
    def meant(found: re.Match[str]) -> str:
        return " " if found[1] in "nN" else found[1]

    return ESCAPED.sub(meant, text).strip()


def _lines(text: str, reading: Reading) -> Iterator[tuple[int, str]]:
    """Yield the lines with their numbers, folded ones put together."""
    pieces, begun, is_quoted = [""], 1, False
    for number, line in enumerate(text.replace("\r\n", "\n").split("\n"), start=1):
        if number > LINES_MAX:
            reading.wrong(number, f"only {LINES_MAX} lines are read")
            break
        if line[:1] in {" ", "\t"} and pieces[0]:
            pieces.append(line[1:])
        elif is_quoted and pieces[-1].endswith("="):
            pieces[-1] = pieces[-1][:-1]
            pieces.append(line.lstrip())
        else:
            yield begun, "".join(pieces)
            pieces, begun = [line], number
            is_quoted = "QUOTED-PRINTABLE" in line.partition(":")[0].upper()
    yield begun, "".join(pieces)


def write_vcards(contacts: tuple[Contact, ...]) -> bytes:
    """Return a file of vCards 3.0."""
    return b"".join(_folded(line) for contact in contacts for line in _card(contact))


def _card(contact: Contact) -> Iterator[str]:
    types = {kind: word.upper() for word, kind in KINDS.items()}
    name = _escaped(contact.name)
    yield from ("BEGIN:VCARD", "VERSION:3.0", f"FN:{name}", f"N:{name};;;;")
    for number in contact.numbers:
        kind = f";TYPE={types[number.kind]}" if number.kind in types else ""
        yield f"TEL{kind}:{_escaped(number.number)}"
    yield "END:VCARD"


def _escaped(text: str) -> str:
    return re.sub(r"([\\,;])", r"\\\1", text)


def _folded(line: str) -> bytes:
    """Return a line in pieces of at most 75 octets, no letter torn in two."""
    out, used = b"", 0
    for character in line:
        octets = character.encode()
        if used + len(octets) > CARD_LINE_OCTETS:
            out += b"\r\n "
            used = 1
        out += octets
        used += len(octets)
    return out + b"\r\n"
