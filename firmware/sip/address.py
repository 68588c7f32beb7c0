"""Name-addresses: From, To, Contact, Route and their kin (RFC 3261 20.10, 25.1)."""

from __future__ import annotations

from dataclasses import dataclass

from firmware.sip.errors import RemoteProtocolError
from firmware.sip.grammar import Parameters, quote, split_outside, unquote
from firmware.sip.uri import Uri, parse_uri


@dataclass(frozen=True, slots=True)
class NameAddress:
    """A display name, a URI and header parameters; always written with angle brackets."""

    uri: Uri
    display_name: str = ""
    parameters: Parameters = Parameters()

    @classmethod
    def parse(cls, text: str) -> NameAddress:
        """Read `"Name" <uri>;tag=x` or `uri;tag=x`, whose parameters are the header's (20.10)."""
        text = text.strip()
        begin = _find_angle(text)
        if begin < 0:
            uri, _, parameters = text.partition(";")
            if "?" in uri or "," in uri:
                raise RemoteProtocolError(f"this URI needs angle brackets: {text[:60]!r}")
            return cls(parse_uri(uri.strip()), "", Parameters.parse(parameters))
        end = text.find(">", begin)
        if end < 0:
            raise RemoteProtocolError(f"no closing bracket in {text[:60]!r}")
        rest = text[end + 1 :].strip()
        if rest and rest[0] != ";":
            raise RemoteProtocolError(f"bad text behind the address {text[:60]!r}")
        name = unquote(text[:begin].strip())
        return cls(parse_uri(text[begin + 1 : end].strip()), name, Parameters.parse(rest[1:]))

    @property
    def tag(self) -> str | None:
        """The tag parameter, None where there is none."""
        return self.parameters.get("tag") or None

    def with_tag(self, tag: str) -> NameAddress:
        """Return this address with a tag."""
        return NameAddress(self.uri, self.display_name, self.parameters.with_("tag", tag))

    def __str__(self) -> str:
        name = f"{quote(self.display_name)} " if self.display_name else ""
        return f"{name}<{self.uri}>{self.parameters}"


def _find_angle(text: str) -> int:
    """Return where the `<` outside quotes is, or -1."""
    if '"' not in text:
        return text.find("<")
    index, quoted = 0, False
    while index < len(text):
        char = text[index]
        if char == "\\" and quoted:
            index += 1
        elif char == '"':
            quoted = not quoted
        elif char == "<" and not quoted:
            return index
        index += 1
    return -1


def parse_list(text: str) -> tuple[NameAddress, ...]:
    """Read a comma-joined list of name-addresses."""
    return tuple(NameAddress.parse(part) for part in split_outside(text, ",") if part)
