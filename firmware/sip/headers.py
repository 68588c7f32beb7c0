"""Header fields as an ordered multimap of texts, read only (RFC 3261 7.3, 20).

Names are canonical: a compact form is expanded and the case is the usual one, so that two names
that mean the same are equal. Values are the unfolded text between colon and line end.
"""

from __future__ import annotations

from collections.abc import Iterator

from firmware.frozen import frozen
from firmware.sip.grammar import FORBIDDEN, WHITE_SPACE, is_token, split_list
from firmware.sip.mask import masked_value

COMPACT = {
    "a": "Accept-Contact",
    "b": "Referred-By",
    "c": "Content-Type",
    "d": "Request-Disposition",
    "e": "Content-Encoding",
    "f": "From",
    "i": "Call-ID",
    "j": "Reject-Contact",
    "k": "Supported",
    "l": "Content-Length",
    "m": "Contact",
    "n": "Identity-Info",
    "o": "Event",
    "r": "Refer-To",
    "s": "Subject",
    "t": "To",
    "u": "Allow-Events",
    "v": "Via",
    "x": "Session-Expires",
    "y": "Identity",
}

LISTS = frozenset(
    {
        "Accept",
        "Accept-Contact",
        "Accept-Encoding",
        "Accept-Language",
        "Alert-Info",
        "Allow",
        "Allow-Events",
        "Call-Info",
        "Contact",
        "Content-Encoding",
        "Content-Language",
        "Diversion",
        "Error-Info",
        "Event-List",
        "History-Info",
        "In-Reply-To",
        "P-Asserted-Identity",
        "P-Associated-URI",
        "P-Preferred-Identity",
        "Path",
        "Proxy-Require",
        "Reason",
        "Record-Route",
        "Reject-Contact",
        "Require",
        "Route",
        "Security-Client",
        "Security-Server",
        "Security-Verify",
        "Service-Route",
        "Supported",
        "Unsupported",
        "Via",
        "Warning",
    }
)
"""Fields whose values may be joined by commas; in any other a comma is just a character."""

_OTHERS = (
    "Authentication-Info",
    "Authorization",
    "Call-ID",
    "Content-Disposition",
    "Content-Length",
    "Content-Type",
    "CSeq",
    "Date",
    "Event",
    "Expires",
    "Flow-Timer",
    "From",
    "Geolocation",
    "Identity",
    "Max-Forwards",
    "MIME-Version",
    "Min-Expires",
    "Min-SE",
    "Organization",
    "P-Access-Network-Info",
    "Priority",
    "Privacy",
    "Proxy-Authenticate",
    "Proxy-Authentication-Info",
    "Proxy-Authorization",
    "RAck",
    "Refer-Sub",
    "Refer-To",
    "Referred-By",
    "Replaces",
    "Reply-To",
    "Request-Disposition",
    "Retry-After",
    "RSeq",
    "Server",
    "Session-Expires",
    "SIP-ETag",
    "SIP-If-Match",
    "Subject",
    "Subscription-State",
    "Timestamp",
    "To",
    "User-Agent",
    "WWW-Authenticate",
)

KNOWN = {spelling: name for name in (*LISTS, *_OTHERS) for spelling in (name, name.lower())} | {
    spelling: name for short, name in COMPACT.items() for spelling in (short, short.upper())
}
"""Names by their usual spellings; each of these is a token."""


def canonical(name: str) -> str:
    """Return the one name for all spellings of a header field's name."""
    known = KNOWN.get(name) or KNOWN.get(name.lower())
    return known or "-".join(part.capitalize() for part in name.split("-"))


@frozen
class Headers:
    """Header fields in order: pairs of a canonical name and a value."""

    fields: tuple[tuple[str, str], ...] = ()

    @classmethod
    def of(cls, *fields: tuple[str, object]) -> Headers:
        """Make header fields of values that are written as their `str()`."""
        return cls(tuple([_checked(name, value) for name, value in fields]))

    def get(self, name: str) -> str | None:
        """Return the value of the first field of that name, a list in one piece."""
        name = canonical(name)
        for key, value in self.fields:
            if key == name:
                return value
        return None

    def all(self, name: str) -> tuple[str, ...]:
        """Return every value of that name, those joined by commas one by one."""
        name = canonical(name)
        values = [value for key, value in self.fields if key == name]
        if name not in LISTS:
            return tuple(values)
        return tuple([element for value in values for element in split_list(value)])

    def count(self, name: str) -> int:
        """Return how many fields of that name there are."""
        name = canonical(name)
        return sum(key == name for key, _ in self.fields)

    def set(self, name: str, *values: object) -> Headers:
        """Return these with that name's values replaced, where its first field stood."""
        new = [_checked(name, value) for value in values]
        name = canonical(name)
        place = next((at for at, field in enumerate(self.fields) if field[0] == name), None)
        if place is None:
            return Headers((*self.fields, *new))
        rest = (field for field in self.fields[place:] if field[0] != name)
        return Headers((*self.fields[:place], *new, *rest))

    def add(self, name: str, value: object) -> Headers:
        """Return these with a field more, as the last."""
        return Headers((*self.fields, _checked(name, value)))

    def prepend(self, name: str, value: object) -> Headers:
        """Return these with a field more, as the first."""
        return Headers((_checked(name, value), *self.fields))

    def without(self, name: str) -> Headers:
        """Return these without the fields of that name."""
        name = canonical(name)
        return Headers(tuple([field for field in self.fields if field[0] != name]))

    def __contains__(self, name: str) -> bool:
        return self.get(name) is not None

    def __iter__(self) -> Iterator[tuple[str, str]]:
        return iter(self.fields)

    def __len__(self) -> int:
        return len(self.fields)

    def __repr__(self) -> str:
        shown = ", ".join(f"{name}: {masked_value(name, value)}" for name, value in self.fields)
        return f"Headers({shown})"


def _checked(name: str, value: object) -> tuple[str, str]:
    """Refuse what would end the line or the field: a value may come from a person or a file."""
    if name not in KNOWN and not is_token(name):
        raise ValueError(f"not a header field name: {name!r}")
    text = str(value).strip(WHITE_SPACE)
    if FORBIDDEN.search(text):
        raise ValueError(f"control character in {name}")
    return canonical(name), text
