"""SIP requests and responses as frozen values (RFC 3261 7, 8.2.6).

`bytes(message)` writes one, `parse_message` reads one that stands alone. Content-Length is not
kept among the headers: it is computed from the body, and written last. Nothing of a message is
changed between reading and writing but the spelling of header names and white space.
"""

from __future__ import annotations

import re
from dataclasses import field

from firmware.frozen import frozen
from firmware.sip.address import NameAddress
from firmware.sip.errors import RemoteProtocolError
from firmware.sip.grammar import FORBIDDEN, is_token, shown
from firmware.sip.head import Head, content_length, read_head
from firmware.sip.headers import Headers
from firmware.sip.phrases import phrase
from firmware.sip.reading import Reading
from firmware.sip.uri import SipUri, Uri, parse_uri

VERSION = "SIP/2.0"

_STATUS_LINE = re.compile(r"SIP/2\.0 ([1-6][0-9]{2})(?: ([^\r\n]*+))?", re.IGNORECASE)
_REQUEST_LINE = re.compile(r"(\S++) ([^ ]++) (SIP/[0-9]++\.[0-9]++)", re.IGNORECASE)


@frozen
class Request(Reading):
    """A request; `headers` without Content-Length."""

    method: str
    uri: Uri
    headers: Headers = Headers()
    body: bytes = field(default=b"", repr=False)
    _read: dict[str, object] = field(default_factory=dict, init=False, repr=False, compare=False)

    def answer(self, status: int, reason: str = "", to_tag: str = "") -> Response:
        """Return a response with the fields that it takes from the request (8.2.6.2)."""
        return Response(status, reason, answer_headers(self.headers, status, to_tag))

    def __bytes__(self) -> bytes:
        return _write(f"{self.method} {self.uri} {VERSION}", self.headers, self.body)


@frozen
class Response(Reading):
    """A response; an empty reason phrase is filled in from the RFC's table."""

    status: int
    reason: str = ""
    headers: Headers = Headers()
    body: bytes = field(default=b"", repr=False)
    _read: dict[str, object] = field(default_factory=dict, init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        assert 100 <= self.status <= 699, f"status {self.status}"
        if not self.reason:
            object.__setattr__(self, "reason", phrase(self.status))

    def __bytes__(self) -> bytes:
        return _write(f"{VERSION} {self.status} {self.reason}", self.headers, self.body)


Message = Request | Response


def parse_message(data: bytes) -> Message:
    """Read one message that stands alone; bytes behind its body are dropped (18.3)."""
    blank = data.find(b"\r\n\r\n")
    if blank < 0:
        raise RemoteProtocolError("message without an empty line")
    head, body = read_head(data[:blank]), data[blank + 4 :]
    length = content_length(head.headers)
    if length is not None and length > len(body):
        raise RemoteProtocolError("body shorter than Content-Length")
    return build_message(head, body[:length])


def build_message(head: Head, body: bytes) -> Message:
    """Make a message of its parts; raises where the head is malformed."""
    if head.flaw is not None:
        raise head.flaw
    headers = head.headers.without("Content-Length")
    found = _STATUS_LINE.fullmatch(head.start_line)
    if found is not None:
        return Response(int(found.group(1)), found.group(2) or "", headers, body)
    found = _REQUEST_LINE.fullmatch(head.start_line)
    if found is None:
        raise RemoteProtocolError("bad start line")
    method, uri, version = found.groups()
    if version.upper() != VERSION:
        raise RemoteProtocolError(f"{shown(version)} is not spoken here", 505)
    if not is_token(method):
        raise RemoteProtocolError("bad method")
    target = parse_uri(uri)
    if isinstance(target, SipUri) and target.headers:
        raise RemoteProtocolError("header fields in the Request-URI")  # 19.1.1, table 1.
    return Request(method, target, headers, body)


def answer_headers(headers: Headers, status: int, to_tag: str = "") -> Headers:
    """Copy what a response takes from its request, as it is written there (8.2.6.2)."""
    copied = {"Via", "From", "To", "Call-ID", "CSeq"}
    if status == 100:
        copied.add("Timestamp")  # 8.2.6.1.
    elif status < 300:
        copied.add("Record-Route")  # 12.1.1.
    fields = [item for item in headers if item[0] in copied]
    if to_tag:
        fields = [(name, _tagged(text, to_tag) if name == "To" else text) for name, text in fields]
    return Headers(tuple(fields))


def _tagged(to: str, tag: str) -> str:
    """Add a tag to a To that has none; the text before it stays as it is."""
    try:
        has_tag = "tag" in NameAddress.parse(to).parameters
    except RemoteProtocolError:
        return to
    return to if has_tag else f"{to};tag={tag}"


def _write(start_line: str, headers: Headers, body: bytes) -> bytes:
    if FORBIDDEN.search(start_line):
        raise ValueError("control character in a start line")
    lines = [start_line]
    lines += [f"{name}: {value}" for name, value in headers.fields if name != "Content-Length"]
    lines.append(f"Content-Length: {len(body)}\r\n\r\n")
    return "\r\n".join(lines).encode() + body
