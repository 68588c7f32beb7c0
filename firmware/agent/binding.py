"""Reading the list of contacts in a 200 to REGISTER: which is ours, which is a leftover of ours.

A registrar with RFC 5626 shows `+sip.instance` and `reg-id`, and they decide. One without shows
plain addresses, perhaps rewritten by a router in between: then the URI, or what
`sip contact matching` says, decides. A contact with another instance is another phone.
"""

from __future__ import annotations

import re
from collections.abc import Collection

from firmware.agent.account import ContactMatching
from firmware.agent.reading import or_none
from firmware.frozen import frozen
from firmware.link.events import Address
from firmware.sip.address import NameAddress
from firmware.sip.errors import RemoteProtocolError
from firmware.sip.grammar import unquote
from firmware.sip.message import Response
from firmware.sip.uri import SipUri, parse_uri

REGISTRATION_ID = "1"
"""One flow at a time, so `reg-id` never changes (F3)."""

EXPIRES = re.compile(r"[0-9]{1,10}")

STALE_MAX = 8
"""Leftovers that one REGISTER removes."""


@frozen
class Identity:
    """What tells our bindings from others."""

    uri: SipUri  # The Contact that was registered.
    instance: str
    matching: ContactMatching


def contacts_of(response: Response) -> list[NameAddress]:
    """Return the contacts with a SIP URI; one that cannot be read is another phone's."""
    found = []
    for text in response.headers.all("Contact"):
        try:
            contact = NameAddress.parse(text)
        except RemoteProtocolError:
            continue
        if isinstance(contact.uri, SipUri):
            found.append(contact)
    return found


def own_binding(contacts: list[NameAddress], identity: Identity) -> NameAddress | None:
    """Find the binding that was just made."""
    flows = [
        contact
        for contact in contacts
        if _instance(contact) == identity.instance
        and contact.parameters.get("reg-id") in {None, REGISTRATION_ID}
    ]
    strangers = [
        contact for contact in contacts if _instance(contact) not in {"", identity.instance}
    ]
    plain = [contact for contact in contacts if contact not in strangers]
    exact = [contact for contact in plain if _uri(contact).equals(identity.uri)]
    alike = [contact for contact in plain if _is_alike(_uri(contact), identity)]
    return _freshest(exact) or _freshest(flows) or _freshest(alike)


def stale_bindings(
    contacts: list[NameAddress],
    own: NameAddress,
    identity: Identity,
    used: Collection[Address],
) -> tuple[SipUri, ...]:
    """Find bindings that calls to this phone would be lost to."""
    stale = []
    for contact in contacts:
        uri = _uri(contact)
        if contact is own or uri.equals(_uri(own)) or uri.equals(identity.uri):
            continue
        instance = _instance(contact)
        left_behind = not instance and uri.user == identity.uri.user and _address(uri) in used
        if instance == identity.instance or left_behind:
            stale.append(uri)
    return tuple(stale[:STALE_MAX])


def granted_s(own: NameAddress, response: Response, asked_s: int) -> int:
    """Return for how long the registrar keeps the binding (RFC 3261 10.2.4)."""
    for granted in (_expires(own), or_none(lambda: response.expires)):
        if granted is not None:
            return granted
    return asked_s


def gruu(own: NameAddress, name: str) -> SipUri | None:
    """Read `pub-gruu` or `temp-gruu` (RFC 5627 4.2); an unreadable one is none."""
    text = own.parameters.get(name)
    if text is None:
        return None
    try:
        uri = parse_uri(unquote(text))
    except RemoteProtocolError:
        return None
    return uri if isinstance(uri, SipUri) else None


def _instance(contact: NameAddress) -> str:
    return unquote(contact.parameters.get("+sip.instance") or "").strip("<> ").lower()


def _uri(contact: NameAddress) -> SipUri:
    assert isinstance(contact.uri, SipUri)
    return contact.uri


def _address(uri: SipUri) -> Address:
    return Address(uri.host, uri.port or 0)


def _is_alike(uri: SipUri, identity: Identity) -> bool:
    same_host = uri.host.lower() == identity.uri.host.lower()
    same_user = uri.user == identity.uri.user
    match identity.matching:
        case ContactMatching.WHOLE_URI:
            return uri.equals(identity.uri)
        case ContactMatching.ADDRESS:
            return same_host
        case ContactMatching.USER:
            return same_user
        case ContactMatching.ADDRESS_AND_USER:
            return same_host and same_user


def _freshest(contacts: list[NameAddress]) -> NameAddress | None:
    """Return the one that lasts longest: it was registered last."""
    return max(contacts, key=lambda contact: _expires(contact) or 0, default=None)


def _expires(contact: NameAddress) -> int | None:
    text = contact.parameters.get("expires") or ""
    return int(text) if EXPIRES.fullmatch(text) else None
