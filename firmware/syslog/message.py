"""A line of the log as a syslog message (RFC 5424), and messages as a stream (RFC 6587, 5425).

    <PRI>1 TIME HOST handset PROCESS MODULE [meta sequenceId="7"][handset@32473 mac=""] text

The module stands where RFC 5424 has the type of message. A line's fields and the phone's MAC are
structured data. Their name needs the number of an enterprise; 32473 is the one that RFC 5612 keeps
for whoever has none. A time that is not known is "-" (6.2.3), and so is whether it is right
(`timeQuality`, 7.1). What is too long loses the end of its text (6.1); fields are whole or not
there: half an element is no message.
"""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import accumulate

from firmware.frozen import frozen
from firmware.syslog.line import LogLine, printable

Parameters = tuple[tuple[str, str], ...]

FACILITY = 16
"""local0: of no part of an operating system."""

APPLICATION = "handset"
ELEMENT = "handset@32473"
NIL = "-"

DATAGRAM_BYTES_MAX = 1400
"""With its headers it fits one frame of an Ethernet (RFC 5426 3.2)."""

MESSAGE_BYTES_MAX = 8192
"""Of a stream: what collectors take unless they are told otherwise."""

MARK = "\ufeff"
"""Stands before a text that is UTF-8 and not ASCII (RFC 5424 6.4)."""

HOST_CHARACTERS_MAX = 255
SEQUENCE_MAX = 2147483647

FIELDS_SHARE = 2
"""A line's fields take half of a message at most: its text says the same, for a person."""


@frozen
class Origin:
    """Who logs."""

    host: str
    mac: str
    process: int
    version: str


def message(line: LogLine, sequence: int, origin: Origin, bytes_max: int) -> bytes:
    """Return a line as a syslog message of at most so many bytes."""
    head = " ".join(
        (
            f"<{FACILITY * 8 + line.severity}>1",
            _time(line.unix_s),
            _name(origin.host, HOST_CHARACTERS_MAX),
            APPLICATION,
            str(origin.process),
            _name(line.module, 32),
            _structured(line, sequence, origin, bytes_max // FIELDS_SHARE),
        )
    ).encode()
    text = printable(line.text)
    body = (text if text.isascii() else MARK + text).encode()
    return cut(head + b" " + body, bytes_max)


def octets_counted(data: bytes) -> bytes:
    """Return a message as it stands in a stream (RFC 6587 3.4.1, RFC 5425 4.3.1)."""
    return b"%d %b" % (len(data), data)


def cut(data: bytes, bytes_max: int) -> bytes:
    """Return UTF-8 of at most so many bytes, without half a character at its end."""
    return data if len(data) <= bytes_max else data[:bytes_max].decode(errors="ignore").encode()


def _time(unix_s: float | None) -> str:
    if unix_s is None:
        return NIL
    return f"{datetime.fromtimestamp(unix_s, UTC):%Y-%m-%dT%H:%M:%S.%fZ}"


def _name(text: str, most: int) -> str:
    """Return printable ASCII without spaces (RFC 5424 6: PRINTUSASCII)."""
    return "".join(c for c in text if "!" <= c <= "~")[:most] or NIL


def _structured(line: LogLine, sequence: int, origin: Origin, bytes_max: int) -> str:
    own = (("mac", origin.mac), ("version", origin.version), *_fitting(line.fields, bytes_max))
    known, kept = int(line.unix_s is not None), int(line.is_synchronised)
    return (
        _element("meta", (("sequenceId", str(sequence)),))
        + _element("timeQuality", (("tzKnown", str(known)), ("isSynced", str(kept))))
        + _element(ELEMENT, own)
    )


def _fitting(fields: Parameters, bytes_max: int) -> Parameters:
    """Return the fields that have room, whole, the first ones first."""
    sizes = accumulate(len(_written(*each).encode()) + 1 for each in fields)
    return tuple(each for each, size in zip(fields, sizes, strict=True) if size <= bytes_max)


def _element(identity: str, parameters: Parameters) -> str:
    """Return a structured data element (RFC 5424 6.3)."""
    return f"[{' '.join((identity, *(_written(*each) for each in parameters)))}]"


def _written(name: str, text: str) -> str:
    return f'{name}="{_value(text)}"'


def _value(text: str) -> str:
    text = printable(text).replace("\n", " ")
    for character in '\\"]':
        text = text.replace(character, f"\\{character}")
    return text
