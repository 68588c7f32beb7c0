r"""A byte stream cut into messages, pings and pongs (RFC 3261 18.3, RFC 5626 3.5.1 and 5.4).

Messages. A head ends at an empty line, its Content-Length says how long the body is. Without a
readable Content-Length nobody knows where the next message begins, so the stream ends: `next_item`
raises `RemoteProtocolError`. So it does for a start line that is not SIP, for a head or a message
beyond its limit (a long body is refused as soon as it is announced), and for a request that cannot
even be answered. A malformed request in an intact frame is `Unacceptable`, with its answer; a
malformed ACK or response is dropped, because nothing may answer it.

CRLFs. Outside a message, each CRLF is taken off the stream at once and means one thing:

- while a pong is owed to us, it is that pong;
- else, directly behind another CRLF that was none, it completes the peer's ping;
- else it means nothing yet: line ends before a start line are skipped (RFC 3261 7.5).

So what a run of bytes means does not depend on where it was cut. Two pongs, however far apart, are
two pongs. CRLFCRLF while one pong is owed is that pong and a loose line end: if it was a ping that
crossed ours, the peer's pong is still to come and completes it. A first half is forgotten when a
message begins, and when we ping: a lone CRLF of long ago is never glued to a pong.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator

from firmware.frozen import frozen
from firmware.sip.errors import RemoteProtocolError
from firmware.sip.grammar import FORBIDDEN
from firmware.sip.head import Head, content_length, read_head
from firmware.sip.headers import Headers
from firmware.sip.message import Request, Response, answer_headers, build_message
from firmware.sip.phrases import phrase

HEAD_BYTES_MAX = 64 * 1024
"""Start line and header fields; a call through ten proxies has about 5 KiB. But this is what the
usual proxies pass on at most: a stranger who calls shall not be able to end the link."""

MESSAGE_BYTES_MAX = HEAD_BYTES_MAX + 64 * 1024
"""A whole message; an INVITE with four offers and a picture is below 20 KiB."""

PASSED_OVER_BYTES_MAX = 256 * 1024
"""A body that is too long is passed over up to here, for the same reason. More comes from a proxy
that is not one."""

PONGS_OWED_MAX = 8
"""More pings than this are not out at a time: an unanswered one ends the link in 10 s."""

TAG_DIGITS = 16

CRLF = b"\r\n"
HEAD_END = b"\r\n\r\n"

_IS_SIP = re.compile(rb"SIP/[0-9.]+ |[!-~]+[ \t].*SIP/[0-9.]+[ \t]*\Z", re.IGNORECASE | re.DOTALL)


@frozen
class Ping:
    """The peer's CRLFCRLF; it wants one CRLF back."""


@frozen
class Pong:
    """The peer's answer to a ping of ours."""


@frozen
class Unacceptable:
    """A malformed request: its answer, and why in words."""

    answer: Response
    why: str


Item = Request | Response | Ping | Pong | Unacceptable


class StreamParser:
    """Bytes in with `receive`, whole items out with `next_item` until there is None.

    Once everything is taken, fewer than `MESSAGE_BYTES_MAX` bytes wait for more.
    """

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._start = 0  # What stands before it is taken.
        self._scanned = 0  # No head ends before it.
        self._start_line_seen = False
        self._head: Head | None = None  # That of the message whose body is awaited.
        self._body_bytes = 0
        self._unwanted_bytes = 0  # Of a body that is too long: passed over, not kept.
        self._pongs_owed = 0
        self._half_ping = False
        self._failure: RemoteProtocolError | None = None

    def expect_pong(self) -> None:
        """A ping of ours goes out: the next CRLF between messages answers it."""
        self._pongs_owed = min(self._pongs_owed + 1, PONGS_OWED_MAX)
        self._half_ping = False

    def receive(self, data: bytes) -> None:
        """Take bytes from the peer; a stream that has ended takes no more."""
        if self._failure is not None:
            return
        del self._buffer[: self._start]
        self._scanned = max(0, self._scanned - self._start)
        self._start = 0
        self._buffer += data

    def next_item(self) -> Item | None:
        """Return the next whole item; None when more bytes are needed.

        Raises `RemoteProtocolError` when the stream cannot be read on, now and ever after.
        """
        if self._failure is not None:
            raise self._failure
        try:
            return self._next_item()
        except RemoteProtocolError as error:
            self._failure = error
            self._buffer.clear()
            self._start = 0
            raise

    def _next_item(self) -> Item | None:
        while True:
            if self._head is None:
                if not self._pass_over():
                    return None
                beat = self._take_line_ends()
                if beat is not None:
                    return beat
                if not self._take_head():
                    return None
            if len(self._buffer) - self._start < self._body_bytes:
                return None
            item = self._take_message()
            if item is not None:
                return item

    def _pass_over(self) -> bool:
        """Leave out what is there of a body that is too long; tell whether that is all of it."""
        if self._unwanted_bytes:
            passed = min(self._unwanted_bytes, len(self._buffer) - self._start)
            self._start += passed
            self._unwanted_bytes -= passed
        return self._unwanted_bytes == 0

    def _take_line_ends(self) -> Ping | Pong | None:
        """Take CRLFs off the front until one is a whole item or there is none."""
        while self._buffer.startswith(CRLF, self._start):
            self._start += len(CRLF)
            if self._pongs_owed:
                self._pongs_owed -= 1
                return Pong()
            self._half_ping = not self._half_ping
            if not self._half_ping:
                return Ping()
        return None

    def _take_head(self) -> bool:
        """Take the head of the next message if it is whole; say whether it was."""
        waiting = len(self._buffer) - self._start
        if not waiting or (waiting == 1 and self._buffer[self._start] == CRLF[0]):
            return False
        self._half_ping = False
        self._check_start_line()
        end = self._buffer.find(HEAD_END, max(self._start, self._scanned))
        could_end = len(self._buffer) - len(HEAD_END) + 1  # At the earliest, if it has not.
        head_bytes = (could_end if end < 0 else end) - self._start
        if head_bytes > HEAD_BYTES_MAX:
            raise RemoteProtocolError("head of a message too long", 513)
        if end < 0:
            self._scanned = max(self._start, could_end)
            return False
        head = read_head(bytes(self._buffer[self._start : end]))
        length = _announced(head)
        fits = head_bytes + len(HEAD_END) + length <= MESSAGE_BYTES_MAX
        self._body_bytes, self._unwanted_bytes = (length, 0) if fits else (0, length)
        self._head = head
        self._start = end + len(HEAD_END)
        self._start_line_seen = False
        return True

    def _check_start_line(self) -> None:
        """Refuse what is not SIP as soon as its first line is there."""
        if self._start_line_seen:
            return
        if not 0x21 <= self._buffer[self._start] <= 0x7E:
            raise RemoteProtocolError("a message cannot begin like this")
        end = self._buffer.find(CRLF, max(self._start, self._scanned - 1))
        if end < 0 or end - self._start > HEAD_BYTES_MAX:
            return
        self._start_line_seen = True
        if not _IS_SIP.match(self._buffer[self._start : end]):
            raise RemoteProtocolError("not a SIP message")

    def _take_message(self) -> Request | Response | Unacceptable | None:
        """Take the message whose head and body are there; None where it is dropped."""
        head, end = self._head, self._start + self._body_bytes
        assert head is not None
        body = bytes(self._buffer[self._start : end])
        self._head, self._start = None, end
        if self._unwanted_bytes:
            return _refuse(head, RemoteProtocolError("message too long", 513))
        try:
            message = build_message(head, body)
            check(message)
        except RemoteProtocolError as error:
            return _refuse(head, error)
        return message


def check(message: Request | Response) -> None:
    """Read what every message must have; raises `RemoteProtocolError` (RFC 3261 8.1.1)."""
    _ = message.via, message.from_, message.to, message.call_id
    method = message.cseq.method
    if isinstance(message, Request):
        _ = message.max_forwards
        if method != message.method:
            raise RemoteProtocolError("CSeq names another method")


def _announced(head: Head) -> int:
    """Return how long the body will be."""
    length = content_length(head.headers)
    if length is None:
        raise RemoteProtocolError("Content-Length is missing")
    if length > PASSED_OVER_BYTES_MAX:
        raise RemoteProtocolError("message too long", 513)
    return length


def _refuse(head: Head, error: RemoteProtocolError) -> Unacceptable | None:
    """Answer a malformed request as far as it can be read; drop an ACK or a response."""
    method = head.start_line.partition(" ")[0]
    if method == "ACK" or method[:4].upper() == "SIP/":
        return None
    headers = head.headers
    if "Via" not in headers or "CSeq" not in headers:
        raise RemoteProtocolError(f"a request that cannot be answered: {error}")
    copied = answer_headers(headers, error.status, _stateless_tag(headers))
    fields = Headers(tuple(_readable(copied)))
    reason = phrase(error.status)
    if error.status == 400:
        reason = f"{reason} ({error})"
    return Unacceptable(Response(error.status, reason, fields), str(error))


def _readable(headers: Headers) -> Iterator[tuple[str, str]]:
    """Yield what an answer repeats: of a field that may stand once, the first."""
    seen: set[str] = set()
    for name, value in headers:
        if name == "Via" or name not in seen:
            yield name, FORBIDDEN.sub("?", value)
        seen.add(name)


def _stateless_tag(headers: Headers) -> str:
    """Return a tag for the To that is the same each time the request comes (8.2.7)."""
    facts = "\n".join(headers.get(name) or "" for name in ("Via", "From", "Call-ID", "CSeq"))
    return hashlib.sha256(facts.encode()).hexdigest()[:TAG_DIGITS]
