"""URIs: `sip:` and `sips:` (RFC 3261 19.1), `tel:` (RFC 3966), and any other scheme unread."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from urllib.parse import quote, unquote

from firmware.sip.errors import RemoteProtocolError
from firmware.sip.grammar import Parameters, split_host_port, write_host

URI_LENGTH_MAX = 2048
"""Longer ones serve nobody."""

_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*")
_BAD = re.compile(r"[\x00-\x20\x7f<>\"]")
_UNRESERVED = "-_.!~*'()&=+$,"
_USER_UNRESERVED = _UNRESERVED + ";?/"
_BAD_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")
_TEL = re.compile(r"[+0-9A-Fa-f*#.\-()]+")


def unescape(text: str) -> str:
    """Resolve %XX as UTF-8; a broken sequence becomes a replacement character."""
    return unquote(text, errors="replace")


@dataclass(frozen=True, slots=True)
class SipUri:
    """A `sip:` or `sips:` URI; user and password are unescaped, an IPv6 host has no brackets."""

    scheme: str
    host: str
    user: str | None = None
    password: str | None = field(default=None, repr=False)
    port: int | None = None
    parameters: Parameters = Parameters()
    headers: tuple[tuple[str, str], ...] = ()

    def __str__(self) -> str:
        user = ""
        if self.user is not None:
            secret = (
                f":{quote(self.password, safe=_UNRESERVED)}" if self.password is not None else ""
            )
            user = f"{quote(self.user, safe=_USER_UNRESERVED)}{secret}@"
        headers = "&".join(f"{name}={value}" for name, value in self.headers)
        question = f"?{headers}" if headers else ""
        return f"{self.scheme}:{user}{write_host(self.host, self.port)}{self.parameters}{question}"

    def equals(self, other: object) -> bool:
        """Compare as RFC 3261 19.1.4 says."""
        if not isinstance(other, SipUri):
            return False
        mine = (self.scheme, self.user, self.password, self.host.lower(), self.port)
        theirs = (other.scheme, other.user, other.password, other.host.lower(), other.port)
        if mine != theirs:
            return False
        return self._parameters_agree(other) and self._header_set() == other._header_set()

    def _parameters_agree(self, other: SipUri) -> bool:
        names = {name.lower() for name, _ in (*self.parameters, *other.parameters)}
        for name in names:
            one, two = self.parameters.get(name), other.parameters.get(name)
            if one is None or two is None:
                if name in {"user", "ttl", "method", "maddr", "transport"}:
                    return False
            elif unescape(one).lower() != unescape(two).lower():
                return False
        return True

    def _header_set(self) -> set[tuple[str, str]]:
        return {(name.lower(), unescape(value)) for name, value in self.headers}


@dataclass(frozen=True, slots=True)
class TelUri:
    """A `tel:` URI: the number as written and its parameters."""

    number: str
    parameters: Parameters = Parameters()

    def __str__(self) -> str:
        return f"tel:{self.number}{self.parameters}"


@dataclass(frozen=True, slots=True)
class OtherUri:
    """A URI of a scheme that the phone does not speak."""

    scheme: str
    rest: str

    def __str__(self) -> str:
        return f"{self.scheme}:{self.rest}"


Uri = SipUri | TelUri | OtherUri


def parse_uri(text: str) -> Uri:
    """Read a URI; RemoteProtocolError where it is none."""
    if len(text) > URI_LENGTH_MAX:
        raise RemoteProtocolError("the URI is too long", 414)
    scheme, colon, rest = text.partition(":")
    if not colon or not rest or not _SCHEME.fullmatch(scheme) or _BAD.search(text):
        raise RemoteProtocolError(f"not a URI: {text[:60]!r}")
    scheme = scheme.lower()
    if scheme in {"sip", "sips"}:
        return _parse_sip(scheme, rest)
    if scheme == "tel":
        return _parse_tel(rest)
    return OtherUri(scheme, rest)


def _parse_tel(rest: str) -> TelUri:
    number, _, parameters = rest.partition(";")
    if not _TEL.fullmatch(number):
        raise RemoteProtocolError(f"not a telephone number: {number[:40]!r}")
    return TelUri(number, Parameters.parse(parameters))


def _parse_sip(scheme: str, rest: str) -> SipUri:
    if _BAD_ESCAPE.search(rest):
        raise RemoteProtocolError(f"bad escape in URI {rest[:60]!r}")
    before, at, after = rest.rpartition("@")
    if not at:
        before, after = "", rest
    user, password = _user(before) if at else (None, None)
    address, _, headers = after.partition("?")
    host_port, _, parameters = address.partition(";")
    host, port = split_host_port(host_port)
    return SipUri(
        scheme, host, user, password, port, Parameters.parse(parameters), _headers(headers)
    )


def _user(text: str) -> tuple[str, str | None]:
    user, colon, password = text.partition(":")
    if not user:
        raise RemoteProtocolError("the URI has an empty user")
    return unescape(user), unescape(password) if colon else None


def _headers(text: str) -> tuple[tuple[str, str], ...]:
    if not text:
        return ()
    pairs = []
    for part in text.split("&"):
        name, equals, value = part.partition("=")
        if not name or not equals:
            raise RemoteProtocolError(f"bad header in URI: {part[:60]!r}")
        pairs.append((name, value))
    return tuple(pairs)
