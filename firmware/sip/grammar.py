"""The pieces that all SIP header fields are made of (RFC 3261 25.1): tokens, quotes, parameters.

Text here is one unfolded field value: white space is spaces and tabs. Every expression runs in
linear time: quantifiers that could give characters back are possessive.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from firmware.frozen import frozen
from firmware.sip.errors import RemoteProtocolError

WHITE_SPACE = " \t"

TOKEN = re.compile(r"[A-Za-z0-9\-.!%*_+`'~]+")
QUOTED = re.compile(r'"(?:[^"\\]++|\\.)*+"', re.DOTALL)
FORBIDDEN = re.compile(r"[\x00-\x08\x0a-\x1f\x7f](?<!\\[^\r\n])", re.DOTALL)
"""Control characters, but for one in a quoted pair, which may be any except CR and LF."""

SHOWN_MAX = 40
"""Characters of a peer's text that an error repeats."""

_NOT_PLAIN = re.compile(r"[^!-~]")
_ESCAPED_PAIR = re.compile(r"\\(.)", re.DOTALL)
_TO_ESCAPE = re.compile(r'["\\\x00-\x08\x0b\x0c\x0e-\x1f\x7f]')
_LIST_ELEMENT = re.compile(r'(?:[^,"<]|"(?:[^"\\]++|\\.)*+"?|<[^>]*+>?)++', re.DOTALL)
_PARAMETER = re.compile(r'(?:[^;"]|"(?:[^"\\]++|\\.)*+"?)++', re.DOTALL)
_PARAMETER_VALUE = re.compile(r'"(?:[^"\\]++|\\.)*+"|[^\s;,"<>]*+', re.DOTALL)
_PLAIN_PARAMETERS = re.compile(r'(?:;[^\s;,"<>=?@]++(?:=[^\s;,"<>]*+)?)++')
_PARAMETER_NAME = re.compile(r'[^\s;,"<>=?@]++')
_ESCAPE = re.compile(r"%([0-9A-Fa-f]{2})")


def is_token(text: str) -> bool:
    """Tell whether the whole text is one token."""
    return TOKEN.fullmatch(text) is not None


def shown(text: str) -> str:
    """Return a few plain characters of what a peer wrote, to name it in an error."""
    return _NOT_PLAIN.sub("?", text[:SHOWN_MAX])


def quote(text: str) -> str:
    """Return the text as a quoted string; a line end cannot be quoted."""
    if "\r" in text or "\n" in text:
        raise ValueError("a quoted string cannot hold a line end")
    return '"' + _TO_ESCAPE.sub(r"\\\g<0>", text) + '"'


def unquote(text: str) -> str:
    """Return what a quoted string says; text that is not quoted is returned as it is."""
    if len(text) < 2 or text[0] != '"' or text[-1] != '"':
        return text
    inner = text[1:-1]
    return _ESCAPED_PAIR.sub(r"\1", inner) if "\\" in inner else inner


def split_list(text: str) -> tuple[str, ...]:
    """Split at the commas outside quotes and angle brackets; empty elements are dropped.

    Never raises: what follows an open quote or bracket is one element, which its own reader
    then refuses.
    """
    if "," not in text:
        only = text.strip(WHITE_SPACE)
        return (only,) if only else ()
    elements = (found.group().strip(WHITE_SPACE) for found in _LIST_ELEMENT.finditer(text))
    return tuple(element for element in elements if element)


def unescape(text: str) -> str:
    """Resolve %-escapes; bytes that are not UTF-8 are taken for Latin-1."""
    if "%" not in text:
        return text
    data = b"".join(
        bytes((int(piece, 16),)) if position % 2 else piece.encode()
        for position, piece in enumerate(_ESCAPE.split(text))
    )
    try:
        return data.decode()
    except UnicodeDecodeError:
        return data.decode("latin-1")


def escape(text: str, allowed: re.Pattern[str]) -> str:
    """Write every character that is not `allowed` as %-escapes of its UTF-8 bytes."""
    if allowed.fullmatch(text):
        return text
    return "".join(
        character
        if allowed.fullmatch(character)
        else "".join(f"%{byte:02X}" for byte in character.encode())
        for character in text
    )


@frozen
class Parameters:
    """Parameters in order: (name, value as written, with its quotes; None without a value).

    Names are compared without regard to case (RFC 3261 7.3.1).
    """

    items: tuple[tuple[str, str | None], ...] = ()

    @classmethod
    def parse(cls, text: str) -> Parameters:
        """Read `;name=value;name`: nothing, or text that begins with a semicolon."""
        if not text:
            return _NONE
        if _PLAIN_PARAMETERS.fullmatch(text):
            parts = [piece.partition("=") for piece in text[1:].split(";")]
            items = [(name, value if equals else None) for name, equals, value in parts]
        elif text[0] == ";":
            items = [_read(piece) for piece in _split_quoted(text)]
        else:
            raise RemoteProtocolError("what follows an address or value is not a parameter")
        return cls(tuple(items) if len(items) == 1 else _without_repeats(items))

    def get(self, name: str) -> str | None:
        """Return the value as written; None where the parameter is missing or has no value."""
        name = name.lower()
        for key, value in self.items:
            if key == name or key.lower() == name:
                return value
        return None

    def with_(self, name: str, value: str | None = None) -> Parameters:
        """Return these with the parameter set, in its old place where it was there."""
        if not _PARAMETER_NAME.fullmatch(name):
            raise ValueError(f"not a parameter name: {name!r}")
        if value is not None and not _PARAMETER_VALUE.fullmatch(value):
            raise ValueError(f"not a value for the parameter {name}")
        if name not in self:
            return Parameters((*self.items, (name, value)))
        wanted = name.lower()
        return Parameters(
            tuple((name, value) if key.lower() == wanted else (key, old) for key, old in self.items)
        )

    def without(self, name: str) -> Parameters:
        """Return these without that parameter."""
        wanted = name.lower()
        return Parameters(tuple(item for item in self.items if item[0].lower() != wanted))

    def __contains__(self, name: str) -> bool:
        name = name.lower()
        return any(key.lower() == name for key, _ in self.items)

    def __iter__(self) -> Iterator[tuple[str, str | None]]:
        return iter(self.items)

    def __len__(self) -> int:
        return len(self.items)

    def __str__(self) -> str:
        return "".join(
            [f";{name}" if value is None else f";{name}={value}" for name, value in self.items]
        )


_NONE = Parameters()


def _split_quoted(text: str) -> list[str]:
    """Split at the semicolons outside quotes; an empty piece is kept, to be refused."""
    pieces, position = [], 1
    while position <= len(text):
        found = _PARAMETER.match(text, position)
        pieces.append(found.group() if found else "")
        position = (found.end() if found else position) + 1
    return pieces


def _read(piece: str) -> tuple[str, str | None]:
    name, equals, value = piece.partition("=")
    name = name.strip(WHITE_SPACE)
    if not _PARAMETER_NAME.fullmatch(name):
        raise RemoteProtocolError("bad parameter name")
    if not equals:
        return name, None
    value = value.strip(WHITE_SPACE)
    if not _PARAMETER_VALUE.fullmatch(value):
        raise RemoteProtocolError(f"bad value of parameter {shown(name)}")
    return name, value


def _without_repeats(items: list[tuple[str, str | None]]) -> tuple[tuple[str, str | None], ...]:
    """RFC 3261 7.3.1: a parameter stands once. The same said twice is harmless, and dropped."""
    if len({name.lower() for name, _ in items}) == len(items):
        return tuple(items)
    kept: dict[str, tuple[str, str | None]] = {}
    for name, value in items:
        if kept.setdefault(name.lower(), (name, value))[1] != value:
            raise RemoteProtocolError(f"parameter {shown(name)} stands twice")
    return tuple(kept.values())
