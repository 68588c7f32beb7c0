"""Typed reading of header fields, the same for requests and responses.

A field is parsed when it is first asked for, and once: layers below and above ask for the same
ones. What cannot be read raises `RemoteProtocolError` with the field's name.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar, cast

from firmware.sip.address import NameAddress
from firmware.sip.auth import Challenge
from firmware.sip.cseq import CSeq
from firmware.sip.errors import RemoteProtocolError
from firmware.sip.fields import (
    HOPS_MAX,
    MediaType,
    Reason,
    read_number,
    read_seconds,
    read_tokens,
    read_word,
)
from firmware.sip.headers import LISTS, Headers
from firmware.sip.replaces import Replaces
from firmware.sip.via import Via

T = TypeVar("T")


class Reading:
    """The header fields of a message as typed values."""

    __slots__ = ()

    headers: Headers
    _read: dict[str, object]

    @property
    def via(self) -> Via:
        """The topmost Via: the hop that sent this."""
        return self._one("Via", Via.parse)

    @property
    def vias(self) -> tuple[Via, ...]:
        """Every Via from the top."""
        return self._every("Via", Via.parse)

    @property
    def from_(self) -> NameAddress:
        """Who sent the request."""
        return self._one("From", NameAddress.parse)

    @property
    def to(self) -> NameAddress:
        """Whom the request was meant for."""
        return self._one("To", NameAddress.parse)

    @property
    def call_id(self) -> str:
        """The name of the call; one word."""
        return self._one("Call-ID", read_word)

    @property
    def cseq(self) -> CSeq:
        """The place in the order of the dialog."""
        return self._one("CSeq", CSeq.parse)

    @property
    def contacts(self) -> tuple[NameAddress, ...]:
        """The addresses of Contact; none for `*`."""
        return () if self.contact_is_star else self._every("Contact", NameAddress.parse)

    @property
    def contact_is_star(self) -> bool:
        """Whether Contact is `*`: every binding (10.2.2)."""
        return self.headers.get("Contact") == "*"

    @property
    def routes(self) -> tuple[NameAddress, ...]:
        """The proxies that the request still has to pass."""
        return self._every("Route", NameAddress.parse)

    @property
    def record_routes(self) -> tuple[NameAddress, ...]:
        """The proxies that want to stay in the dialog."""
        return self._every("Record-Route", NameAddress.parse)

    @property
    def path(self) -> tuple[NameAddress, ...]:
        """The proxies between registrar and phone (RFC 3327)."""
        return self._every("Path", NameAddress.parse)

    @property
    def service_routes(self) -> tuple[NameAddress, ...]:
        """The proxies that requests of ours have to pass (RFC 3608)."""
        return self._every("Service-Route", NameAddress.parse)

    @property
    def p_asserted_identity(self) -> tuple[NameAddress, ...]:
        """Who the proxy says that the caller is (RFC 3325)."""
        return self._every("P-Asserted-Identity", NameAddress.parse)

    @property
    def diversions(self) -> tuple[NameAddress, ...]:
        """Who has sent the call on, the last one first (RFC 5806)."""
        return self._every("Diversion", NameAddress.parse)

    @property
    def max_forwards(self) -> int | None:
        """The hops that are left."""
        text = self.headers.get("Max-Forwards")
        return None if text is None else read_number("Max-Forwards", text, HOPS_MAX)

    @property
    def expires(self) -> int | None:
        """Expires in seconds; one that cannot be read counts as none (10.2.1.1, 20.19)."""
        try:
            return self._seconds("Expires")
        except RemoteProtocolError:
            return None

    @property
    def min_expires(self) -> int | None:
        """The shortest registration that is taken, in seconds."""
        return self._seconds("Min-Expires")

    @property
    def retry_after(self) -> int | None:
        """When to try again, in seconds from now."""
        return self._seconds("Retry-After")

    @property
    def flow_timer(self) -> int | None:
        """How often the registrar wants a sign of life, in seconds (RFC 5626)."""
        return self._seconds("Flow-Timer")

    @property
    def supported(self) -> tuple[str, ...]:
        """Option tags of Supported, in lower case like those below."""
        return self._option_tags("Supported")

    @property
    def require(self) -> tuple[str, ...]:
        """Option tags that whoever serves the request must know."""
        return self._option_tags("Require")

    @property
    def unsupported(self) -> tuple[str, ...]:
        """Option tags that a 420 refuses."""
        return self._option_tags("Unsupported")

    @property
    def allow(self) -> tuple[str, ...]:
        """The methods that the peer takes."""
        return read_tokens("Allow", self.headers.all("Allow"))

    @property
    def replaces(self) -> Replaces | None:
        """The dialog that an INVITE takes the place of; more than one is an error (RFC 3891 3)."""
        if self.headers.count("Replaces") > 1:
            raise RemoteProtocolError("more than one Replaces")
        return self._one("Replaces", Replaces.parse) if "Replaces" in self.headers else None

    @property
    def content_type(self) -> MediaType | None:
        """What the body is."""
        return (
            self._one("Content-Type", MediaType.parse) if "Content-Type" in self.headers else None
        )

    @property
    def www_challenges(self) -> tuple[Challenge, ...]:
        """The digest challenges of a 401, the preferred first; other schemes are left out."""
        return self._challenges("WWW-Authenticate")

    @property
    def proxy_challenges(self) -> tuple[Challenge, ...]:
        """The digest challenges of a 407."""
        return self._challenges("Proxy-Authenticate")

    @property
    def reason_values(self) -> tuple[Reason, ...]:
        """Why the request was sent (RFC 3326)."""
        return self._every("Reason", Reason.parse)

    def _one(self, name: str, parse: Callable[[str], T]) -> T:
        """Read the only or the topmost value of a field."""
        known = self._read.get(name)
        if known is None:
            known = self._read[name] = _parsed(name, self._first(name), parse)
        return cast(T, known)

    def _every(self, name: str, parse: Callable[[str], T]) -> tuple[T, ...]:
        """Read every value of a field that is a list."""
        key = f"every {name}"
        known = self._read.get(key)
        if known is None:
            values = [_parsed(name, text, parse) for text in self.headers.all(name)]
            known = self._read[key] = tuple(values)
        return cast(tuple[T, ...], known)

    def _first(self, name: str) -> str:
        text = self.headers.get(name) or ""
        if "," in text and name in LISTS:
            text = next(iter(self.headers.all(name)), "")
        if not text:
            raise RemoteProtocolError(f"{name} is missing")
        return text

    def _seconds(self, name: str) -> int | None:
        text = self.headers.get(name)
        return None if text is None else read_seconds(name, text)

    def _option_tags(self, name: str) -> tuple[str, ...]:
        return tuple([tag.lower() for tag in read_tokens(name, self.headers.all(name))])

    def _challenges(self, name: str) -> tuple[Challenge, ...]:
        values = self.headers.all(name)
        return tuple([Challenge.parse(text) for text in values if Challenge.is_digest(text)])


def _parsed(name: str, text: str, parse: Callable[[str], T]) -> T:
    """Parse a value; an error says in which field it is."""
    try:
        return parse(text)
    except RemoteProtocolError as error:
        raise RemoteProtocolError(f"{name}: {error}") from error
