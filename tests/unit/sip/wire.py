"""Bytes through a stream parser, in one piece or in many, and what comes out of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from firmware.frozen import frozen
from firmware.sip.errors import RemoteProtocolError
from firmware.sip.stream import Item, StreamParser


@frozen
class Ended:
    """The stream cannot be read on."""

    why: str
    status: int


def in_pieces(data: bytes, size: int = 1) -> Iterator[bytes]:
    """Cut bytes into pieces of one size."""
    for start in range(0, len(data), size):
        yield data[start : start + size]


def read(parser: StreamParser, pieces: Iterable[bytes]) -> list[Item | Ended]:
    """Return what comes out, taken after each piece as the link does."""
    out: list[Item | Ended] = []
    for piece in pieces:
        parser.receive(piece)
        try:
            while (item := parser.next_item()) is not None:
                out.append(item)
        except RemoteProtocolError as error:
            out.append(Ended(str(error), error.status))
            return out
    return out


def whole(data: bytes) -> list[Item | Ended]:
    """Read bytes that come at once."""
    return read(StreamParser(), [data])


def byte_by_byte(data: bytes) -> list[Item | Ended]:
    """Read bytes that come one at a time."""
    return read(StreamParser(), in_pieces(data))


def names(items: Iterable[Item | Ended]) -> str:
    return " ".join(type(item).__name__ for item in items)


def message(start_line: str, *lines: str, body: bytes = b"", method: str = "OPTIONS") -> bytes:
    """Write a message whose other header fields are right; `lines` come first."""
    fields = [
        "Via: SIP/2.0/TLS p1;branch=z9hG4bK1",
        "From: <sip:a@example.org>;tag=f",
        "To: <sip:b@example.org>",
        "Call-ID: c1",
        f"CSeq: 1 {method}",
        "Max-Forwards: 70",
        f"Content-Length: {len(body)}",
    ]
    given = {line.partition(":")[0].strip().lower() for line in lines}
    kept = [field for field in fields if field.partition(":")[0].lower() not in given]
    return "\r\n".join([start_line, *lines, *kept, "", ""]).encode() + body


CRLF = b"\r\n"
REQUEST_LINE = "OPTIONS sip:b@example.org SIP/2.0"
OPTIONS = message(REQUEST_LINE)
OK = message("SIP/2.0 200 OK")
