"""A line of the log as a datagram for the system's journal (its native protocol).

A field is `NAME=value` and a newline. A value that holds a newline is written as its name, a
newline, its length in eight bytes with the lowest first, the value, a newline. Control characters
are told as such: one of them, and the journal shows no text but "blob data".
"""

from __future__ import annotations

import struct

from firmware.syslog.line import LogLine, printable
from firmware.syslog.message import APPLICATION

PREFIX = "HANDSET_"
"""Of our own fields: `journalctl HANDSET_MODULE=link`."""


def entry(line: LogLine) -> bytes:
    """Return the datagram. The journal notes time and process itself."""
    fields = {
        "MESSAGE": line.text,
        "PRIORITY": str(int(line.severity)),
        "SYSLOG_IDENTIFIER": APPLICATION,
        f"{PREFIX}MODULE": line.module,
        **{f"{PREFIX}{name.upper()}": text for name, text in line.fields},
    }
    return b"".join(_field(name, text) for name, text in fields.items())


def _field(name: str, text: str) -> bytes:
    value = printable(text).encode(errors="backslashreplace")
    if b"\n" not in value:
        return b"%b=%b\n" % (name.encode(), value)
    return b"%b\n%b%b\n" % (name.encode(), struct.pack("<Q", len(value)), value)
