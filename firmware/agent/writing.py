"""Small helps for writing requests."""

from __future__ import annotations

from dataclasses import replace

from firmware.sip.address import NameAddress
from firmware.sip.uri import SipUri

MAX_FORWARDS = 70
"""RFC 3261 8.1.1.6."""


def uri_with(uri: SipUri, name: str, value: str | None = None) -> SipUri:
    """Return the URI with a parameter more."""
    return replace(uri, parameters=uri.parameters.with_(name, value))


def address_with(address: NameAddress, name: str, value: str | None = None) -> NameAddress:
    """Return the address with a header parameter more."""
    return replace(address, parameters=address.parameters.with_(name, value))
