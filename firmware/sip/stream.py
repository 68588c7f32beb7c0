r"""A byte stream cut into messages, pings and pongs (RFC 3261 7.5, 18.3; RFC 5626 3.5.1, 4.4.1).

CRLF between messages is a small machine of its own, because phones that got it wrong were hung up
on, or hung themselves up:

- While a pong is owed to us, a CRLF at a message boundary is that pong and leaves the buffer at
  once. Two pongs that come 90 s apart are two pongs, never glued into a ping.
- CRLFCRLF that is in the buffer together while nothing is owed is the peer's ping.
- CRLFCRLF while exactly one pong is owed: the first CRLF is the pong. What is left, a lone CRLF, is
  skipped. If it was the peer's ping after all, the peer loses one answer and its own pong comes
  later; answering what was no ping would put a stray CRLF before our next message.
- Any other CRLF before a start line is skipped (7.5), and none is kept for later. So a ping whose
  two halves arrive apart is not answered: the halves cannot be told from two late pongs.

Everything is bounded: a header part of 16 KiB, a message of 64 KiB, 100 fields. A body that is
announced too long is refused from its Content-Length, before it is read. What breaks the framing
ends the stream (RemoteProtocolError); a malformed request inside good framing is `Unacceptable`
and carries its answer; a malformed response or ACK is dropped.
"""

from __future__ import annotations

from dataclasses import dataclass

from firmware.sip.errors import RemoteProtocolError
from firmware.sip.headers import Headers
from firmware.sip.message import (
    HEADER_BYTES_MAX,
    Message,
    Request,
    Response,
    build_message,
    content_length,
    split_head,
)
from firmware.sip.uri import OtherUri

MESSAGE_BYTES_MAX = 64 * 1024
"""Header part and body together; no phone has use for more."""

PONGS_OWED_MAX = 4
"""Pings that were never answered do not make every later CRLF a pong."""

CRLF = b"\r\n"
HEAD_END = b"\r\n\r\n"
_MISSING = OtherUri("unknown", "unknown")


@dataclass(frozen=True, slots=True)
class Ping:
    """The peer's CRLFCRLF; it is owed one CRLF."""


@dataclass(frozen=True, slots=True)
class Pong:
    """The answer to a ping of ours."""


@dataclass(frozen=True, slots=True)
class Unacceptable:
    """A malformed request, and the answer it deserves."""

    answer: Response
    why: str


Item = Request | Response | Ping | Pong | Unacceptable


class StreamParser:
    """Feed it what arrives, take items until there is None."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._scanned = 0  # Up to here the buffer holds no end of a header part.
        self._head: tuple[str, Headers, RemoteProtocolError | None] | None = None
        self._body_bytes = 0
        self._pongs_owed = 0

    @property
    def buffered(self) -> int:
        """How many bytes wait for more."""
        return len(self._buffer)

    def expect_pong(self) -> None:
        """Remember that a ping of ours went out."""
        self._pongs_owed = min(self._pongs_owed + 1, PONGS_OWED_MAX)

    def receive(self, data: bytes) -> None:
        """Take bytes from the peer; call `next_item` until it has none before the next call."""
        self._buffer += data

    def next_item(self) -> Item | None:
        """Return the next item, or None when more bytes are needed."""
        while True:
            if self._head is None:
                if (beat := self._between_messages()) is not None:
                    return beat
                if not self._find_head():
                    return None
            if len(self._buffer) < self._body_bytes:
                return None
            item = self._finish()
            if item is not None:
                return item

    def _between_messages(self) -> Ping | Pong | None:
        """Take CRLFs off the front of the buffer, one meaning at a time."""
        buffer = self._buffer
        while buffer.startswith(CRLF):
            if self._pongs_owed:
                del buffer[:2]
                self._pongs_owed -= 1
                return Pong()
            if buffer.startswith(HEAD_END):
                del buffer[:4]
                return Ping()
            if len(buffer) == 3 and buffer[2] == CRLF[0]:
                return None  # Half of the second CRLF is here already.
            del buffer[:2]
        return None

    def _find_head(self) -> bool:
        """Look for the end of the header part; True when `_head` is there."""
        buffer = self._buffer
        if buffer and buffer[:1] != b"\r" and not 0x21 <= buffer[0] < 0x7F:
            raise RemoteProtocolError(f"a message cannot begin with byte {buffer[0]:#04x}")
        end = buffer.find(HEAD_END, self._scanned)
        if end < 0:
            if len(buffer) > HEADER_BYTES_MAX:
                raise RemoteProtocolError("the header part is too long", 513)
            self._scanned = max(0, len(buffer) - len(HEAD_END) + 1)
            return False
        self._head = split_head(bytes(buffer[:end]))
        self._scanned = 0
        self._body_bytes = self._announced(self._head, end)
        del buffer[: end + len(HEAD_END)]
        return True

    def _announced(
        self, head: tuple[str, Headers, RemoteProtocolError | None], head_bytes: int
    ) -> int:
        """Return the length of the body; without one the stream cannot be framed (18.3)."""
        start, headers, _ = head
        if "SIP/" not in start.upper():
            raise RemoteProtocolError(f"not a SIP message: {start[:60]!r}")
        length = content_length(headers)
        if length is None:
            raise RemoteProtocolError("Content-Length is missing")
        if head_bytes + length > MESSAGE_BYTES_MAX:
            raise RemoteProtocolError("the message is too long", 513)
        return length

    def _finish(self) -> Message | Unacceptable | None:
        """Make the message whose head and body are there; None for one that is dropped."""
        assert self._head is not None
        (start, headers, fault), self._head = self._head, None
        body = bytes(self._buffer[: self._body_bytes])
        del self._buffer[: self._body_bytes]
        try:
            if fault:
                raise fault
            return build_message(start, headers, body)
        except RemoteProtocolError as error:
            return _answer(start, headers, error)


def _answer(start: str, headers: Headers, error: RemoteProtocolError) -> Unacceptable | None:
    """Answer a malformed request where its headers allow; anything else is dropped."""
    method = start.partition(" ")[0]
    if method.upper() == "SIP/2.0" or method == "ACK":
        return None
    request = Request(method, _MISSING, headers)
    try:
        for name in ("Via", "From", "To", "Call-ID", "CSeq"):
            if name not in headers:
                return None
        _ = request.vias, request.from_, request.to, request.cseq
    except RemoteProtocolError:
        if "CSeq" not in headers or not _routable(request):
            return None
    reason = "" if error.status != 400 else _phrase(error.text)
    answer = request.answer(error.status, reason)
    for name, value in error.header_lines:
        answer = Response(answer.status, answer.reason, answer.headers.add(name, value))
    return Unacceptable(answer, error.text)


def _routable(request: Request) -> bool:
    """Tell whether an answer would find its way back: the top Via is what counts."""
    try:
        return bool(request.via.branch)
    except RemoteProtocolError:
        return False


def _phrase(text: str) -> str:
    """Say in the reason phrase what is wrong, in printable ASCII."""
    plain = "".join(char if " " <= char < "\x7f" else "?" for char in text)
    return f"Bad Request ({plain[:80]})"
