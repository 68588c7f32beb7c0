"""Addresses in header fields: From, To, Contact, Route and their kin (RFC 3261 20.10, 25.1)."""

from __future__ import annotations

from dataclasses import dataclass, replace

from firmware.sip.errors import RemoteProtocolError
from firmware.sip.grammar import QUOTED, WHITE_SPACE, Parameters, quote, split_list, unquote
from firmware.sip.uri import Uri, parse_uri


@dataclass(frozen=True, slots=True)
class NameAddress:
    """A URI with a display name and the header field's own parameters."""

    uri: Uri
    display_name: str = ""
    parameters: Parameters = Parameters()

    @classmethod
    def parse(cls, text: str) -> NameAddress:
        """Read one address, with or without angle brackets."""
        text = text.strip(WHITE_SPACE)
        if text[:1] == '"':
            found = QUOTED.match(text)
            if found is None:
                raise RemoteProtocolError("display name without closing quote")
            name, rest = unquote(found.group()), text[found.end() :].lstrip(WHITE_SPACE)
            if rest[:1] != "<":
                raise RemoteProtocolError("no address after the display name")
            rest = rest[1:]
        else:
            name, bracket, rest = text.partition("<")
            if not bracket:
                return cls._parse_bare(text)
            name = name.rstrip(WHITE_SPACE)
            if '"' in name or ">" in name:
                raise RemoteProtocolError("bad display name")
        uri, bracket, tail = rest.partition(">")
        if not bracket:
            raise RemoteProtocolError("address without closing bracket")
        return cls(
            parse_uri(uri.strip(WHITE_SPACE)), name, Parameters.parse(tail.strip(WHITE_SPACE))
        )

    @classmethod
    def _parse_bare(cls, text: str) -> NameAddress:
        """Without brackets, parameters are the header field's, not the URI's (20)."""
        uri, semicolon, parameters = text.partition(";")
        if "?" in uri or "," in uri:
            raise RemoteProtocolError("address that needs angle brackets")
        return cls(
            parse_uri(uri.rstrip(WHITE_SPACE)),
            parameters=Parameters.parse(semicolon + parameters),
        )

    @property
    def tag(self) -> str | None:
        """The tag of a From or To."""
        return self.parameters.get("tag")

    def with_tag(self, tag: str) -> NameAddress:
        """Return this address with that tag."""
        return replace(self, parameters=self.parameters.with_("tag", tag))

    def __str__(self) -> str:
        name = f"{quote(self.display_name)} " if self.display_name else ""
        return f"{name}<{self.uri}>{self.parameters}"


def parse_list(text: str) -> tuple[NameAddress, ...]:
    """Read a comma-joined list of addresses."""
    return tuple(NameAddress.parse(element) for element in split_list(text))
