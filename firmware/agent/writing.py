"""Small helps for writing requests."""

from __future__ import annotations

from dataclasses import replace

from firmware.sip.address import NameAddress
from firmware.sip.message import Request
from firmware.sip.uri import SipUri

CREDENTIALS = ("Authorization", "Proxy-Authorization")

MAX_FORWARDS = 70
"""RFC 3261 8.1.1.6."""


def uri_with(uri: SipUri, name: str, value: str | None = None) -> SipUri:
    """Return the URI with a parameter more."""
    return replace(uri, parameters=uri.parameters.with_(name, value))


def address_with(address: NameAddress, name: str, value: str | None = None) -> NameAddress:
    """Return the address with a header parameter more."""
    return replace(address, parameters=address.parameters.with_(name, value))


def credentials_of(invite: Request) -> list[tuple[str, object]]:
    """Return the credentials of an INVITE: the ACK of its 2xx carries them too (13.2.2.4)."""
    return [(name, text) for name in CREDENTIALS for text in invite.headers.all(name)]
