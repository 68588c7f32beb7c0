"""SIP, SIPS, TEL and unknown URIs (RFC 3261 19.1, RFC 3966).

A user part is kept as what it says: its %-escapes are resolved, and written again where they are
needed. How it was spelled is remembered beside it and given back byte for byte, because to some
proxies `%3B` and `;` are not the same user. A host is kept as written; an IPv6 literal stands
without its brackets, as in an address. Parameters and headers keep their escapes.
"""

from __future__ import annotations

import re
from dataclasses import field
from ipaddress import AddressValueError, IPv6Address

from firmware.frozen import frozen
from firmware.sip.errors import RemoteProtocolError
from firmware.sip.grammar import Parameters, escape, unescape

PORT_MAX = 65535

_SIP = re.compile(
    r"(?P<scheme>sips?):"
    r"(?:(?P<user>[^\x00-\x20\x7f<>\"@:]++)(?::(?P<password>[^\x00-\x20\x7f<>\"@:]*+))?@)?"
    r"(?P<host>\[[0-9A-Fa-f:.]++\]|[A-Za-z0-9_.\-]++)"
    r"(?::(?P<port>[0-9]{1,5}+))?"
    r"(?P<parameters>(?:;[^\x00-\x20\x7f<>\"@?]*+)?)"
    r"(?:\?(?P<headers>[^\x00-\x20\x7f<>\"@]++))?",
    re.IGNORECASE,
)
_TEL = re.compile(r"tel:([0-9A-Fa-f*#().+\-]++)((?:;[^\x00-\x20\x7f<>\"]*+)?)", re.IGNORECASE)
_OTHER = re.compile(r"([A-Za-z][A-Za-z0-9+.\-]*+):([^\x00-\x20\x7f<>\"]++)")
_RESERVED_ESCAPE = re.compile(r"%(?:3B|2F|3F|3A|40|26|3D|2B|24|2C)")
_BAD_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")
_USER = re.compile(r"[A-Za-z0-9\-_.!~*'()&=+$,;?/]*+")
_VISUAL_SEPARATORS = str.maketrans("", "", "-.()")

_DECISIVE = ("user", "ttl", "method", "maddr", "transport")
"""RFC 3261 19.1.4: these, where only one URI has them, make two URIs differ."""


@frozen
class SipUri:
    """A SIP or SIPS URI."""

    scheme: str
    host: str
    user: str | None = None
    password: str | None = field(default=None, repr=False)
    port: int | None = None
    parameters: Parameters = Parameters()
    headers: tuple[tuple[str, str], ...] = ()
    spelled_user: str = field(default="", repr=False, compare=False)  # As it was written.

    def __post_init__(self) -> None:
        if self.host[:1] == "[":
            object.__setattr__(self, "host", self.host.strip("[]"))

    @classmethod
    def parse(cls, text: str) -> SipUri:
        """Read a SIP or SIPS URI without angle brackets."""
        found = _SIP.fullmatch(text)
        if found is None:
            raise RemoteProtocolError("not a SIP URI")
        return cls._make(text, found)

    @classmethod
    def _make(cls, text: str, found: re.Match[str]) -> SipUri:
        if "%" in text and _BAD_ESCAPE.search(text):
            raise RemoteProtocolError("bad escape in a SIP URI")
        scheme, user, password, host, port, parameters, headers = found.groups()
        return cls(
            scheme.lower(),
            checked_host(host),
            user if user is None else unescape(user),
            password,
            port if port is None else checked_port(port),
            Parameters.parse(parameters),
            _read_headers(headers) if headers else (),
            user or "",
        )

    def equals(self, other: SipUri) -> bool:
        """Compare as RFC 3261 19.1.4 does."""
        return (
            self.scheme == other.scheme
            and _same_user(self, other)
            and unescape(self.password or "") == unescape(other.password or "")
            and _comparable_host(self.host) == _comparable_host(other.host)
            and self.port == other.port
            and _same_parameters(self.parameters, other.parameters)
            and _comparable(self.headers) == _comparable(other.headers)
        )

    def __str__(self) -> str:
        parts = [self.scheme, ":"]
        if self.user is not None:
            parts.append(self._user_text())
            if self.password is not None:
                parts += (":", self.password)
            parts.append("@")
        parts.append(f"[{self.host}]" if ":" in self.host else self.host)
        if self.port is not None:
            parts.append(f":{self.port}")
        if self.parameters:
            parts.append(str(self.parameters))
        if self.headers:
            parts += ("?", "&".join(f"{name}={value}" for name, value in self.headers))
        return "".join(parts)

    def _user_text(self) -> str:
        """Return the user as it was spelled, if that still is this user."""
        assert self.user is not None
        if self.spelled_user and unescape(self.spelled_user) == self.user:
            return self.spelled_user
        return escape(self.user, _USER)


@frozen
class TelUri:
    """A telephone number (RFC 3966)."""

    number: str
    parameters: Parameters = Parameters()

    @classmethod
    def parse(cls, text: str) -> TelUri:
        """Read a TEL URI without angle brackets."""
        found = _TEL.fullmatch(text)
        if found is None:
            raise RemoteProtocolError("not a TEL URI")
        number, parameters = found.groups()
        return cls(number, Parameters.parse(parameters))

    @property
    def digits(self) -> str:
        """The number without the separators that only help the eye (RFC 3966 5.1.1)."""
        return self.number.translate(_VISUAL_SEPARATORS)

    def __str__(self) -> str:
        return f"tel:{self.number}{self.parameters}"


@frozen
class OtherUri:
    """A URI of a scheme that this phone does not speak."""

    scheme: str
    rest: str = field(repr=False)

    def __str__(self) -> str:
        return f"{self.scheme}:{self.rest}"


Uri = SipUri | TelUri | OtherUri


def parse_uri(text: str) -> Uri:
    """Read any absolute URI without angle brackets."""
    found = _SIP.fullmatch(text)
    if found is not None:
        return SipUri._make(text, found)
    scheme = text.partition(":")[0].lower()
    if scheme in {"sip", "sips"}:
        raise RemoteProtocolError("not a SIP URI")
    if scheme == "tel":
        return TelUri.parse(text)
    found = _OTHER.fullmatch(text)
    if found is None:
        raise RemoteProtocolError("not a URI")
    return OtherUri(found.group(1).lower(), found.group(2))


def checked_port(text: str) -> int:
    """Return a port number."""
    port = int(text)
    if port > PORT_MAX:
        raise RemoteProtocolError("port above 65535")
    return port


def checked_host(text: str) -> str:
    """Return a host without brackets, an IPv6 literal checked."""
    if text[0] != "[":
        return text
    try:
        IPv6Address(text[1:-1])
    except AddressValueError as error:
        raise RemoteProtocolError("not an IPv6 address") from error
    return text[1:-1]


def _read_headers(text: str) -> tuple[tuple[str, str], ...]:
    pairs = []
    for piece in text.split("&"):
        name, equals, value = piece.partition("=")
        if not name or not equals:
            raise RemoteProtocolError("bad header in a URI")
        pairs.append((name, value))
    return tuple(pairs)


def _comparable_host(host: str) -> str:
    """Return one spelling for all that name the same host."""
    return IPv6Address(host).compressed if ":" in host else host.lower()


def _same_user(one: SipUri, other: SipUri) -> bool:
    """Compare users: a reserved character and its escape differ (RFC 3261 19.1.4)."""
    return one.user == other.user and _reserved_escapes(one) == _reserved_escapes(other)


def _reserved_escapes(uri: SipUri) -> list[str]:
    """List the escapes that stand for a reserved character where it is written, in order."""
    return [] if uri.user is None else _RESERVED_ESCAPE.findall(uri._user_text().upper())


def _same_parameters(one: Parameters, other: Parameters) -> bool:
    mine, theirs = (
        {unescape(name).lower(): value and unescape(value).lower() for name, value in parameters}
        for parameters in (one, other)
    )
    names = {name for name in (*mine, *theirs) if name in _DECISIVE or name in mine & theirs.keys()}
    return all(name in mine and name in theirs and mine[name] == theirs[name] for name in names)


def _comparable(headers: tuple[tuple[str, str], ...]) -> list[tuple[str, str]]:
    return sorted((unescape(name).lower(), unescape(value)) for name, value in headers)
