"""The small header fields: numbers, tokens, media types, reasons (RFC 3261 20, RFC 3326)."""

from __future__ import annotations

import re

from firmware.frozen import frozen
from firmware.sip.errors import RemoteProtocolError
from firmware.sip.grammar import WHITE_SPACE, Parameters, is_token, unquote

SECONDS_MAX = 2**32 - 1
"""RFC 3261 20.19: the largest number of seconds that a field can name."""

HOPS_MAX = 255
"""RFC 3261 20.22."""

_SECONDS = re.compile(r"([0-9]++)[ \t]*+(?:[;(].*+)?", re.DOTALL)
_MEDIA_TYPE = re.compile(
    r"([A-Za-z0-9\-.!%*_+`'~]++)[ \t]*+/[ \t]*+([A-Za-z0-9\-.!%*_+`'~]++)[ \t]*+((?:;.*+)?)",
    re.DOTALL,
)


def read_number(name: str, text: str, number_max: int) -> int:
    """Read a plain decimal number of any length; leading zeros are allowed."""
    text = text.strip(WHITE_SPACE)
    if not (text.isascii() and text.isdigit()):
        raise RemoteProtocolError(f"{name} is not a number")
    digits = text.lstrip("0") or "0"
    if len(digits) > len(str(number_max)) or int(digits) > number_max:
        raise RemoteProtocolError(f"{name} is too large")
    return int(digits)


def read_seconds(name: str, text: str) -> int:
    """Read seconds, behind which a comment or parameters may stand (20.33)."""
    found = _SECONDS.fullmatch(text.strip(WHITE_SPACE))
    if found is None:
        raise RemoteProtocolError(f"{name} is not a number of seconds")
    return read_number(name, found.group(1), SECONDS_MAX)


def read_word(text: str) -> str:
    """Check that a Call-ID is one word, which other fields can name."""
    if any(character in text for character in " \t,;"):
        raise RemoteProtocolError("not one word")
    return text


def read_tokens(name: str, values: tuple[str, ...]) -> tuple[str, ...]:
    """Check that the elements of a list are tokens."""
    for value in values:
        if not is_token(value):
            raise RemoteProtocolError(f"bad {name}")
    return values


@frozen
class MediaType:
    """What a body is (20.15); type and subtype in lower case."""

    type: str
    subtype: str
    parameters: Parameters = Parameters()

    @classmethod
    def parse(cls, text: str) -> MediaType:
        """Read `application/sdp;charset=utf-8`."""
        found = _MEDIA_TYPE.fullmatch(text.strip(WHITE_SPACE))
        if found is None:
            raise RemoteProtocolError("not a media type")
        return cls(found.group(1).lower(), found.group(2).lower(), Parameters.parse(found.group(3)))

    @property
    def name(self) -> str:
        """Type and subtype without parameters."""
        return f"{self.type}/{self.subtype}"

    def __str__(self) -> str:
        return f"{self.name}{self.parameters}"


@frozen
class Reason:
    """Why a request was sent (RFC 3326): a protocol, its cause and a text."""

    protocol: str
    parameters: Parameters = Parameters()

    @classmethod
    def parse(cls, text: str) -> Reason:
        """Read `SIP;cause=200;text="Call completed elsewhere"`."""
        protocol, semicolon, parameters = text.partition(";")
        protocol = protocol.strip(WHITE_SPACE)
        if not is_token(protocol):
            raise RemoteProtocolError("not a reason")
        return cls(protocol, Parameters.parse((semicolon + parameters).rstrip(WHITE_SPACE)))

    @property
    def cause(self) -> int | None:
        """The cause; None where none, or no number, is given."""
        text = self.parameters.get("cause") or ""
        return int(text) if text.isascii() and text.isdigit() and len(text) < 6 else None

    @property
    def text(self) -> str:
        """The text for people."""
        return unquote(self.parameters.get("text") or "")

    def __str__(self) -> str:
        return f"{self.protocol}{self.parameters}"
