"""What a person dials, as a Request-URI."""

from __future__ import annotations

import re
from dataclasses import replace

from firmware.agent.events import Party
from firmware.agent.line import Line
from firmware.agent.writing import uri_with
from firmware.sip.address import NameAddress
from firmware.sip.errors import RemoteProtocolError
from firmware.sip.uri import SipUri, TelUri, Uri, parse_uri

TARGET_MAX = 512
"""Characters: as long as a dial plan may be, and far longer than any number."""

NAME_MAX = 64
"""Characters of a far end's name or number that are kept: more than any screen shows."""

NUMBER = re.compile(r"\+?[0-9*#]+")
SEPARATORS = re.compile(r"[-.() ]")
NAME = re.compile(r"[A-Za-z0-9_.!~*'()&=+$,;?/-]+")


class BadTargetError(ValueError):
    """What was dialled is no address; the text says so to the person."""


def parse_target(text: str, line: Line) -> Uri:
    """Return where digits, a name, user@host or a URI lead; raises `BadTargetError`."""
    text = text.strip()
    if not text:
        raise BadTargetError("nothing dialled")
    if len(text) > TARGET_MAX:
        raise BadTargetError("number too long")
    scheme = line.address_of_record.scheme
    bare = SEPARATORS.sub("", text)
    if NUMBER.fullmatch(bare):
        return SipUri(scheme, line.account.domain, user=bare)
    if re.match(r"(sips?|tel):", text, re.IGNORECASE):
        return as_target(_parse(text), line)
    if "@" in text:
        return as_target(_parse(f"{scheme}:{text}"), line)
    if NAME.fullmatch(text):
        return SipUri(scheme, line.account.domain, user=text)
    raise BadTargetError("not a number or address")


def party_of(address: NameAddress) -> Party:
    """Return a far end as a person reads it."""
    uri = address.uri
    if isinstance(uri, SipUri):
        number = uri.user or uri.host
    elif isinstance(uri, TelUri):
        number = uri.number
    else:
        number = str(uri)
    return Party(_short(address.display_name), _short(number))


def _parse(text: str) -> Uri:
    try:
        return parse_uri(text)
    except RemoteProtocolError as error:
        raise BadTargetError("not a number or address") from error


def as_target(uri: Uri, line: Line) -> Uri:
    """Make a Request-URI of a URI: no headers, no method (RFC 3261 19.1.5), no tel (19.1.6)."""
    if isinstance(uri, TelUri):
        if tuple(uri.parameters):
            return uri  # A phone-context: the proxy knows what it means.
        user = SEPARATORS.sub("", uri.number)
        scheme = line.address_of_record.scheme
        return uri_with(SipUri(scheme, line.account.domain, user=user), "user", "phone")
    if not isinstance(uri, SipUri):
        raise BadTargetError("not a number or address")
    return replace(uri, headers=(), parameters=uri.parameters.without("method"))


def _short(text: str) -> str:
    line = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return line[:NAME_MAX]
