"""Addresses in header fields: From, To, Contact, Route and their kin (RFC 3261 20.10, 25.1)."""

from __future__ import annotations

import re
from dataclasses import replace

from firmware.frozen import frozen
from firmware.sip.errors import RemoteProtocolError
from firmware.sip.grammar import WHITE_SPACE, Parameters, quote, split_list, unquote
from firmware.sip.uri import Uri, parse_uri

_BRACKETED = re.compile(
    r'[ \t]*+(?:("(?:[^"\\]++|\\.)*+")[ \t]*+|([^"<>]*+))<([^<>"]*+)>[ \t]*+((?:;.*+)?)', re.DOTALL
)
_NEEDS_BRACKETS = re.compile(r'[?,<>"]')


@frozen
class NameAddress:
    """A URI with a display name and the header field's own parameters."""

    uri: Uri
    display_name: str = ""
    parameters: Parameters = Parameters()

    @classmethod
    def parse(cls, text: str) -> NameAddress:
        """Read one address, with or without angle brackets."""
        found = _BRACKETED.fullmatch(text)
        if found is None:
            return cls._parse_bare(text.strip(WHITE_SPACE))
        quoted, plain, uri, parameters = found.groups()
        name = plain.rstrip(WHITE_SPACE) if quoted is None else unquote(quoted)
        return cls(parse_uri(uri.strip(WHITE_SPACE)), name, Parameters.parse(parameters))

    @classmethod
    def _parse_bare(cls, text: str) -> NameAddress:
        """Without brackets, parameters are the header field's, not the URI's (20)."""
        uri, semicolon, parameters = text.partition(";")
        if _NEEDS_BRACKETS.search(uri):
            raise RemoteProtocolError("not an address")
        uri = uri.rstrip(WHITE_SPACE)
        return cls(parse_uri(uri), parameters=Parameters.parse(semicolon + parameters))

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
