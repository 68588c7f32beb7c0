"""SIP messages as values (RFC 3261 7): a start line, header fields, a body.

Reading is lazy: `parse_message` cuts the header part into fields, and a typed property reads its
field when it is asked. So a bad value in a header that nobody needs harms nobody, and a bad value
in one that somebody needs raises RemoteProtocolError there. What every message must have right is
checked by `check_message`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from firmware.sip.address import NameAddress
from firmware.sip.auth import Challenge
from firmware.sip.cseq import CSeq
from firmware.sip.errors import RemoteProtocolError
from firmware.sip.grammar import is_token, number
from firmware.sip.headers import SINGLE, Headers, canonical
from firmware.sip.reasons import REASONS
from firmware.sip.uri import Uri, parse_uri
from firmware.sip.via import Via

T = TypeVar("T")

HEADER_BYTES_MAX = 16 * 1024
"""The header part; real ones are below 4 KiB."""

HEADER_FIELDS_MAX = 100
"""Real messages have below 40."""

SECONDS_MAX = 2**32 - 1
"""RFC 3261 20.19: Expires is a number from 0 to 2**32 - 1."""

_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_FOLD = re.compile(r"(?:\r\n|\n)[ \t]+")
_LINE_END = re.compile(r"\r\n|\n")
_VERSION = re.compile(r"SIP/\d+\.\d+", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class _Reading:
    """The typed values that requests and responses share; each is read when it is asked for."""

    headers: Headers

    def _one(self, name: str, parse: Callable[[str], T]) -> T:
        text = self.headers.get(name)
        if text is None:
            raise RemoteProtocolError(f"{name} is missing")
        return parse(text)

    def _many(self, name: str, parse: Callable[[str], T]) -> tuple[T, ...]:
        return tuple(parse(value) for value in self.headers.all(name))

    def _seconds(self, name: str) -> int | None:
        text = self.headers.get(name)
        if text is None:
            return None
        # Retry-After may carry a comment and parameters behind the number (20.33).
        digits = re.split(r"[\s;(]", text.strip(), maxsplit=1)[0]
        return number(digits, SECONDS_MAX, name)

    def _tokens(self, name: str) -> tuple[str, ...]:
        return self.headers.all(name)

    @property
    def via(self) -> Via:
        """The topmost Via."""
        return self.vias[0]

    @property
    def vias(self) -> tuple[Via, ...]:
        """All Vias, topmost first; at least one."""
        found = self._many("Via", Via.parse)
        if not found:
            raise RemoteProtocolError("Via is missing")
        return found

    @property
    def from_(self) -> NameAddress:
        """Who the message is from."""
        return self._one("From", NameAddress.parse)

    @property
    def to(self) -> NameAddress:
        """Who the message is to."""
        return self._one("To", NameAddress.parse)

    @property
    def call_id(self) -> str:
        """The Call-ID."""
        return self._one("Call-ID", str.strip)

    @property
    def cseq(self) -> CSeq:
        """The CSeq."""
        return self._one("CSeq", CSeq.parse)

    @property
    def contact_is_star(self) -> bool:
        """Whether the Contact is `*` (10.2.2)."""
        return self.headers.all("Contact") == ("*",)

    @property
    def contacts(self) -> tuple[NameAddress, ...]:
        """The Contacts; none for `*`."""
        return () if self.contact_is_star else self._many("Contact", NameAddress.parse)

    @property
    def routes(self) -> tuple[NameAddress, ...]:
        """The Route set as sent."""
        return self._many("Route", NameAddress.parse)

    @property
    def record_routes(self) -> tuple[NameAddress, ...]:
        """The Record-Route entries, topmost first."""
        return self._many("Record-Route", NameAddress.parse)

    @property
    def path(self) -> tuple[NameAddress, ...]:
        """The Path (RFC 3327)."""
        return self._many("Path", NameAddress.parse)

    @property
    def service_routes(self) -> tuple[NameAddress, ...]:
        """The Service-Route (RFC 3608)."""
        return self._many("Service-Route", NameAddress.parse)

    @property
    def p_asserted_identity(self) -> tuple[NameAddress, ...]:
        """Who the network says the caller is (RFC 3325)."""
        return self._many("P-Asserted-Identity", NameAddress.parse)

    @property
    def max_forwards(self) -> int | None:
        """How many hops are left."""
        text = self.headers.get("Max-Forwards")
        return None if text is None else number(text.strip(), 255, "Max-Forwards")

    @property
    def expires(self) -> int | None:
        """Expires in seconds."""
        return self._seconds("Expires")

    @property
    def min_expires(self) -> int | None:
        """Min-Expires of a 423, in seconds."""
        return self._seconds("Min-Expires")

    @property
    def retry_after(self) -> int | None:
        """Retry-After in seconds."""
        return self._seconds("Retry-After")

    @property
    def flow_timer(self) -> int | None:
        """Flow-Timer in seconds (RFC 5626 10.3)."""
        return self._seconds("Flow-Timer")

    @property
    def supported(self) -> tuple[str, ...]:
        """Option tags of Supported."""
        return self._tokens("Supported")

    @property
    def require(self) -> tuple[str, ...]:
        """Option tags of Require."""
        return self._tokens("Require")

    @property
    def unsupported(self) -> tuple[str, ...]:
        """Option tags of Unsupported."""
        return self._tokens("Unsupported")

    @property
    def allow(self) -> tuple[str, ...]:
        """Methods of Allow."""
        return self._tokens("Allow")

    @property
    def reason_values(self) -> tuple[str, ...]:
        """The Reason header's values (RFC 3326)."""
        return self._tokens("Reason")

    @property
    def content_type(self) -> str:
        """The media type in lower case without its parameters, "" where there is none."""
        return (self.headers.get("Content-Type") or "").partition(";")[0].strip().lower()

    @property
    def www_challenges(self) -> tuple[Challenge, ...]:
        """The Digest challenges of WWW-Authenticate; other schemes are passed over."""
        return self._challenges("WWW-Authenticate")

    @property
    def proxy_challenges(self) -> tuple[Challenge, ...]:
        """The Digest challenges of Proxy-Authenticate."""
        return self._challenges("Proxy-Authenticate")

    def _challenges(self, name: str) -> tuple[Challenge, ...]:
        texts = self.headers.all(name)
        return tuple(Challenge.parse(text) for text in texts if Challenge.is_digest(text))


@dataclass(frozen=True, slots=True, init=False)
class Request(_Reading):
    """A request; Content-Length is computed when it is written."""

    method: str
    uri: Uri
    body: bytes

    def __init__(
        self, method: str, uri: Uri, headers: Headers | None = None, body: bytes = b""
    ) -> None:
        object.__setattr__(self, "method", method)
        object.__setattr__(self, "uri", uri)
        object.__setattr__(self, "headers", headers or Headers())
        object.__setattr__(self, "body", body)

    def __bytes__(self) -> bytes:
        return _write(f"{self.method} {self.uri} SIP/2.0", self.headers, self.body)

    def answer(self, status: int, reason: str = "", to_tag: str = "") -> Response:
        """Begin the answer: Via, From, To, Call-ID, CSeq, and Record-Route (8.2.6.2, 12.1.1)."""
        names = ["Via", "From", "To", "Call-ID", "CSeq"]
        if 100 < status < 300:
            names.append("Record-Route")
        wanted = {canonical(name) for name in names}
        headers = Headers(tuple(item for item in self.headers if item[0] in wanted))
        if to_tag and status > 100 and self.to.tag is None:
            headers = headers.set("To", self.to.with_tag(to_tag))
        return Response(status, reason, headers)


@dataclass(frozen=True, slots=True, init=False)
class Response(_Reading):
    """A response; an empty reason is written as the RFC's phrase."""

    status: int
    reason: str
    body: bytes

    def __init__(
        self, status: int, reason: str = "", headers: Headers | None = None, body: bytes = b""
    ) -> None:
        object.__setattr__(self, "status", status)
        object.__setattr__(self, "reason", reason or REASONS.get(status, "Unknown"))
        object.__setattr__(self, "headers", headers or Headers())
        object.__setattr__(self, "body", body)

    def __bytes__(self) -> bytes:
        return _write(f"SIP/2.0 {self.status} {self.reason}", self.headers, self.body)


Message = Request | Response


def _write(start: str, headers: Headers, body: bytes) -> bytes:
    if "\r" in start or "\n" in start:
        raise ValueError("a start line cannot hold a line end")
    lines = [f"{name}: {value}" for name, value in headers if name != "Content-Length"]
    text = "\r\n".join([start, *lines, f"Content-Length: {len(body)}", "", ""])
    return text.encode("utf-8", "surrogateescape") + body


def split_head(head: bytes) -> tuple[str, Headers, RemoteProtocolError | None]:
    """Cut a header part into its start line and fields.

    Raises where the limits are broken. A line that is no field is left out and reported as the
    third value, so that a request with one bad line can still be answered.
    """
    if len(head) > HEADER_BYTES_MAX:
        raise RemoteProtocolError("the header part is too long", 513)
    text = head.decode("utf-8", "surrogateescape")
    fault = None
    if _CONTROL.search(text):
        fault = RemoteProtocolError("a control character in the header part")
        text = _CONTROL.sub("?", text)
    start, *lines = _LINE_END.split(_FOLD.sub(" ", text))
    if len(lines) > HEADER_FIELDS_MAX:
        raise RemoteProtocolError("too many header fields", 513)
    fields: list[tuple[str, str]] = []
    for line in lines:
        name, colon, value = line.partition(":")
        name = name.rstrip()
        if colon and "\r" not in value and is_token(name):
            fields.append((canonical(name), value.strip()))
        elif line:
            fault = fault or RemoteProtocolError(f"not a header field: {line[:60]!r}")
    return start, Headers(tuple(fields)), fault


def parse_message(data: bytes) -> Message:
    """Read one whole message; the body is what Content-Length says, or all that is there."""
    head, found, body = data.partition(b"\r\n\r\n")
    if not found:
        raise RemoteProtocolError("the header part does not end")
    start, headers, fault = split_head(head)
    if fault:
        raise fault
    length = content_length(headers)
    if length is not None:
        if length > len(body):
            raise RemoteProtocolError("the body is shorter than Content-Length")
        body = body[:length]
    return build_message(start, headers, body)


def build_message(start: str, headers: Headers, body: bytes) -> Message:
    """Make a checked message of its parts."""
    message = start_line(start, headers.without("Content-Length"), body)
    check_message(message)
    return message


def start_line(start: str, headers: Headers, body: bytes = b"") -> Message:
    """Read a start line; 505 for another version, 400 for what is no SIP at all."""
    first, _, rest = start.partition(" ")
    if first.upper() == "SIP/2.0":
        code, _, reason = rest.partition(" ")
        if not re.fullmatch(r"[1-6]\d\d", code):
            raise RemoteProtocolError(f"bad status line {start[:60]!r}")
        return Response(int(code), reason.strip(), headers, body)
    uri, _, version = rest.rpartition(" ")
    if not is_token(first) or not _VERSION.fullmatch(version):
        raise RemoteProtocolError(f"not a SIP message: {start[:60]!r}")
    if version.upper() != "SIP/2.0":
        raise RemoteProtocolError("Version Not Supported", 505)
    if uri != uri.strip():
        raise RemoteProtocolError("white space around the Request-URI")
    return Request(first, parse_uri(uri), headers, body)


def content_length(headers: Headers) -> int | None:
    """Return the one Content-Length; two different ones, or no number, are refused."""
    found = {value.strip() for value in headers.all("Content-Length")}
    if not found:
        return None
    if len(found) > 1:
        raise RemoteProtocolError("two different Content-Lengths")
    return number(found.pop(), SECONDS_MAX, "Content-Length")


def check_message(message: Message) -> None:
    """Check what every message must have right (8.1.1), strictly where ambiguity is dangerous."""
    for name in SINGLE:
        if len({value.strip() for value in message.headers.all(name)}) > 1:
            raise RemoteProtocolError(f"two different {canonical(name)} fields")
    _ = message.via, message.from_, message.to, message.max_forwards
    if not message.call_id:
        raise RemoteProtocolError("Call-ID is empty")
    cseq = message.cseq
    if isinstance(message, Request) and cseq.method != message.method:
        raise RemoteProtocolError("CSeq does not name the method")
