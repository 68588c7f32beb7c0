"""The head of a message: start line and header fields, read without ever giving up.

A head that is malformed is still read as far as it goes, and its first flaw is kept: what can be
read is needed to know where the message ends, and to answer it.

Text is UTF-8 (RFC 3261 7.3); a head that is not, as old exchanges write names, is taken for
Latin-1.
"""

from __future__ import annotations

import re

from firmware.frozen import frozen
from firmware.sip.errors import RemoteProtocolError
from firmware.sip.fields import read_number
from firmware.sip.grammar import FORBIDDEN, TOKEN, WHITE_SPACE
from firmware.sip.headers import KNOWN, Headers, canonical

FIELDS_MAX = 100
"""Header fields of one message; a call through ten proxies has about forty."""

LENGTH_MAX = 2**31 - 1
"""Content-Length: more than any message that is taken; the number must only be readable."""

SINGLE = frozenset(
    {"From", "To", "Call-ID", "CSeq", "Max-Forwards", "Content-Type", "Expires", "Min-Expires"}
)
"""Fields that stand once: with two that differ, two readers would read two messages."""

_PRINTABLE = bytes((*b"\t\r\n", *range(0x20, 0x7F), *range(0x80, 0x100)))
_FIELD = re.compile(rf"\r\n({TOKEN.pattern}+)[ \t]*+:[ \t]*+([^\r\n]*+)")
_FOLD = re.compile(r"[ \t]*+\r\n[ \t]++")


@frozen
class Head:
    """What was read of a message before its body; `flaw` is the first thing that was wrong."""

    start_line: str
    headers: Headers
    flaw: RemoteProtocolError | None = None


def read_head(data: bytes) -> Head:
    """Read start line and header fields, without the empty line that ends them."""
    text = _decoded(data)
    if "\r\n " in text or "\r\n\t" in text:
        text = _FOLD.sub(" ", text)
    start_line = text.partition("\r\n")[0]
    found = _FIELD.findall(text, len(start_line))
    fields = tuple(
        [(KNOWN.get(name) or canonical(name), value.rstrip(WHITE_SPACE)) for name, value in found]
    )
    flaw = _find_control(data) or _find_repeat(fields)
    if flaw is None and len(found) != text.count("\r\n"):
        flaw = RemoteProtocolError("header line without a field name")
    return Head(start_line, Headers(fields), flaw)


def content_length(headers: Headers) -> int | None:
    """Return the length of the body; raises where it cannot be known for sure (18.3)."""
    values = headers.all("Content-Length")
    if not values:
        return None
    lengths = {read_number("Content-Length", value, LENGTH_MAX) for value in values}
    if len(lengths) > 1:
        raise RemoteProtocolError("Content-Length stands twice and differs")
    return lengths.pop()


def _decoded(data: bytes) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError:
        return data.decode("latin-1")


def _find_control(data: bytes) -> RemoteProtocolError | None:
    """Find a control character outside a quoted pair, or one half of a line end."""
    halves = data.count(b"\r") + data.count(b"\n") - 2 * data.count(b"\r\n")
    if not halves and not data.translate(None, _PRINTABLE):
        return None
    if not FORBIDDEN.search(_decoded(data).replace("\r\n", "")):
        return None
    return RemoteProtocolError("control character in a header field")


def _find_repeat(fields: tuple[tuple[str, str], ...]) -> RemoteProtocolError | None:
    """Find a field that stands twice and says two things, or one field too many."""
    if len(fields) > FIELDS_MAX:
        return RemoteProtocolError("too many header fields")
    if len(dict(fields)) == len(fields):
        return None
    seen: dict[str, str] = {}
    for name, value in fields:
        if name in SINGLE and seen.setdefault(name, value) != value:
            return RemoteProtocolError(f"{name} stands twice")
    return None
