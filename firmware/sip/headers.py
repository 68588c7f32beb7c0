"""Header fields as an ordered list of (name, text); typed values are read from it on demand.

Names are kept in their canonical spelling, compact forms are expanded (RFC 3261 7.3.3).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from firmware.sip.grammar import split_outside

COMPACT = {
    "a": "Accept-Contact", "b": "Referred-By", "c": "Content-Type", "d": "Request-Disposition",
    "e": "Content-Encoding", "f": "From", "i": "Call-ID", "j": "Reject-Contact", "k": "Supported",
    "l": "Content-Length", "m": "Contact", "o": "Event", "r": "Refer-To", "s": "Subject", "t": "To",
    "u": "Allow-Events", "v": "Via", "x": "Session-Expires",
}  # fmt: skip
"""Compact forms: RFC 3261 7.3.3 and the registry of header fields."""

LISTS = frozenset(
    name.lower()
    for name in (
        "Accept", "Accept-Encoding", "Accept-Language", "Alert-Info", "Allow", "Allow-Events",
        "Call-Info", "Contact", "Content-Encoding", "Content-Language", "Error-Info", "In-Reply-To",
        "P-Asserted-Identity", "P-Preferred-Identity", "Path", "Proxy-Require", "Reason",
        "Record-Route", "Require", "Route", "Service-Route", "Supported", "Unsupported", "Via",
        "Warning", "Diversion", "History-Info", "Security-Server",
    )
)  # fmt: skip
"""Header fields whose values may be joined by commas; WWW-Authenticate and its kin may not."""

SINGLE = frozenset(
    {"from", "to", "call-id", "cseq", "max-forwards", "content-length", "content-type", "expires"}
)
"""Two different values of one of these are an ambiguity that somebody may want to use."""

_SPELLING = {
    "call-id": "Call-ID", "cseq": "CSeq", "www-authenticate": "WWW-Authenticate",
    "mime-version": "MIME-Version", "rack": "RAck", "rseq": "RSeq", "min-se": "Min-SE",
}  # fmt: skip
_KNOWN: dict[str, str] = {}
_KNOWN_MAX = 512

_UNSAFE = re.compile(r"[\r\n\x00]")


def canonical(name: str) -> str:
    """Return the canonical spelling of a header name, compact forms expanded."""
    known = _KNOWN.get(name)
    if known is not None:
        return known
    lower = name.lower()
    full = COMPACT.get(lower) or _SPELLING.get(lower)
    if full is None:
        full = "-".join(part.capitalize() for part in lower.split("-"))
    if len(_KNOWN) < _KNOWN_MAX:
        _KNOWN[name] = full
    return full


@dataclass(frozen=True, slots=True)
class Headers:
    """An ordered multimap; every change makes a new one."""

    fields: tuple[tuple[str, str], ...] = ()

    @classmethod
    def of(cls, *pairs: tuple[str, object]) -> Headers:
        """Make headers from names and values; values are written with `str`."""
        return cls(tuple(_field(name, value) for name, value in pairs))

    def get(self, name: str) -> str | None:
        """Return the text of the first field of that name, None where there is none."""
        wanted = canonical(name)
        for key, value in self.fields:
            if key == wanted:
                return value
        return None

    def all(self, name: str) -> tuple[str, ...]:
        """Return every value; fields that are lists are split at their commas."""
        wanted = canonical(name)
        found = [value for key, value in self.fields if key == wanted]
        if wanted.lower() not in LISTS:
            return tuple(found)
        return tuple(part for value in found for part in split_outside(value, ",") if part)

    def set(self, name: str, *values: object) -> Headers:
        """Replace all fields of a name, in the place of the first, or at the end."""
        wanted = canonical(name)
        new = [_field(wanted, value) for value in values]
        out: list[tuple[str, str]] = []
        placed = False
        for item in self.fields:
            if item[0] != wanted:
                out.append(item)
            elif not placed:
                out += new
                placed = True
        return Headers(tuple(out if placed else [*out, *new]))

    def add(self, name: str, value: object) -> Headers:
        """Append a field."""
        return Headers((*self.fields, _field(name, value)))

    def prepend(self, name: str, value: object) -> Headers:
        """Put a field before all others: a Via goes on top."""
        return Headers((_field(name, value), *self.fields))

    def without(self, name: str) -> Headers:
        """Return these without any field of that name."""
        wanted = canonical(name)
        return Headers(tuple(item for item in self.fields if item[0] != wanted))

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and self.get(name) is not None

    def __iter__(self) -> Iterator[tuple[str, str]]:
        return iter(self.fields)

    def __len__(self) -> int:
        return len(self.fields)


def _field(name: str, value: object) -> tuple[str, str]:
    text = str(value)
    if _UNSAFE.search(text):
        raise ValueError(f"{name}: a header value cannot hold a line end")
    return canonical(name), text
