"""The grammar that all headers share: tokens, quoted strings, lists, parameters (RFC 3261 25)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from firmware.sip.errors import RemoteProtocolError

TOKEN = re.compile(r"[A-Za-z0-9\-.!%*_+`'~]+")
_HOST = re.compile(r"\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._\-]+")
_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")

PARAMETERS_MAX = 64
"""No header that a phone reads has more; a list without end is an attack."""


def is_token(text: str) -> bool:
    """Tell whether a text is an RFC 3261 token."""
    return TOKEN.fullmatch(text) is not None


def quote(text: str) -> str:
    """Return a quoted-string; a text with control characters cannot be one (ValueError)."""
    if _CONTROL.search(text):
        raise ValueError("a control character cannot be quoted")
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def unquote(text: str) -> str:
    """Return what a quoted-string says; any other text is returned as it is."""
    if len(text) < 2 or text[0] != '"' or text[-1] != '"':
        return text
    return re.sub(r"\\(.)", r"\1", text[1:-1], flags=re.DOTALL)


def split_outside(text: str, separator: str) -> list[str]:
    """Split at a separator that stands outside quotes and angle brackets; parts are stripped."""
    if '"' not in text and "<" not in text:
        return [part.strip() for part in text.split(separator)]
    parts: list[str] = []
    start = index = 0
    in_angle = False
    while index < len(text):
        char = text[index]
        if char == '"' and not in_angle:
            index = _end_of_quotes(text, index)
            continue
        if char == "<":
            in_angle = True
        elif char == ">":
            in_angle = False
        elif char == separator and not in_angle:
            parts.append(text[start:index].strip())
            start = index + 1
        index += 1
    parts.append(text[start:].strip())
    return parts


def _end_of_quotes(text: str, start: int) -> int:
    """Return the index behind the quoted-string that begins at `start`."""
    index = start + 1
    while index < len(text):
        if text[index] == "\\":
            index += 2
        elif text[index] == '"':
            return index + 1
        else:
            index += 1
    raise RemoteProtocolError("a quoted string does not end")


def split_host_port(text: str) -> tuple[str, int | None]:
    """Read `host`, `host:port`, `[IPv6]` or `[IPv6]:port`; IPv6 is returned without brackets."""
    match = _HOST.match(text)
    if match is None:
        raise RemoteProtocolError(f"no host in {text[:60]!r}")
    host, rest = match.group(), text[match.end() :]
    port = None
    if rest:
        if rest[0] != ":":
            raise RemoteProtocolError(f"bad host in {text[:60]!r}")
        port = number(rest[1:].strip(), 65_535, "port")
    return host.strip("[]"), port


def write_host(host: str, port: int | None = None) -> str:
    """Write a host with IPv6 in brackets, and the port where there is one."""
    text = f"[{host}]" if ":" in host else host
    return text if port is None else f"{text}:{port}"


def number(text: str, largest: int, what: str) -> int:
    """Read digits as a number from 0 to `largest`."""
    if not (text.isascii() and text.isdigit()) or len(text) > 10 or int(text) > largest:
        raise RemoteProtocolError(f"{what} is not a number: {text[:40]!r}")
    return int(text)


@dataclass(frozen=True, slots=True)
class Parameters:
    """`;name=value` pairs in their order; names are not case-sensitive, values are kept raw."""

    pairs: tuple[tuple[str, str | None], ...] = ()

    @classmethod
    def parse(cls, text: str, separator: str = ";") -> Parameters:
        """Read `name=value;name`, without a leading separator."""
        if not text.strip():
            return cls()
        parts = split_outside(text, separator)
        if len(parts) > PARAMETERS_MAX:
            raise RemoteProtocolError("too many parameters")
        return cls(tuple(_pair(part) for part in parts))

    def get(self, name: str) -> str | None:
        """Return the value without its quotes; "" for a name without value; None if not there."""
        wanted = name.lower()
        for key, value in self.pairs:
            if key.lower() == wanted:
                return unquote(value) if value is not None else ""
        return None

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and any(key.lower() == name.lower() for key, _ in self.pairs)

    def __iter__(self) -> Iterator[tuple[str, str | None]]:
        return iter(self.pairs)

    def __len__(self) -> int:
        return len(self.pairs)

    def with_(self, name: str, value: str | None = None) -> Parameters:
        """Return these with one parameter set, in its old place or at the end."""
        if name not in self:
            return Parameters((*self.pairs, (name, value)))
        wanted = name.lower()
        return Parameters(
            tuple((key, value) if key.lower() == wanted else (key, old) for key, old in self.pairs)
        )

    def without(self, name: str) -> Parameters:
        """Return these without one parameter."""
        wanted = name.lower()
        return Parameters(tuple(pair for pair in self.pairs if pair[0].lower() != wanted))

    def __str__(self) -> str:
        return "".join(
            f";{name}" if value is None else f";{name}={value}" for name, value in self.pairs
        )


def _pair(text: str) -> tuple[str, str | None]:
    name, equals, value = text.partition("=")
    name, value = name.strip(), value.strip()
    if not is_token(name):
        raise RemoteProtocolError(f"bad parameter {text[:60]!r}")
    if equals and not value:
        raise RemoteProtocolError(f"parameter {name} has no value")
    return name, value if equals else None
