"""A collector of logs that a test plays: it takes apart what the sender writes."""

from __future__ import annotations

import re

MESSAGE = re.compile(
    rb"<(?P<priority>\d{1,3})>1 (?P<time>\S+) (?P<host>\S+) (?P<application>\S+) (?P<process>\S+)"
    rb" (?P<module>\S+) (?P<structured>(?:\[(?:[^\]\\]|\\.)*\])+|-)(?: (?P<text>.*))?",
    re.DOTALL,
)
"""RFC 5424 6, by its own grammar."""

ELEMENT = re.compile(rb"\[([^ \]=\"]{1,32})((?: [^ \]=\"]{1,32}=\"(?:[^\"\\\]]|\\[\"\\\]])*\")*)\]")
PARAMETER = re.compile(rb" ([^ \]=\"]{1,32})=\"((?:[^\"\\\]]|\\[\"\\\]])*)\"")


class Parsed:
    """A message, part by part."""

    def __init__(self, data: bytes) -> None:
        found = MESSAGE.fullmatch(data)
        assert found is not None, data
        self.facility, self.severity = divmod(int(found["priority"]), 8)
        self.time, self.host = found["time"].decode(), found["host"].decode()
        self.module = found["module"].decode()
        self.text = (found["text"] or b"").decode().removeprefix("\ufeff")
        elements = ELEMENT.findall(found["structured"])
        assert b"".join(b"[%b%b]" % one for one in elements) == found["structured"]
        self.structured = {
            identity.decode(): {name.decode(): value.decode() for name, value in _parameters(rest)}
            for identity, rest in elements
        }

    @property
    def sequence(self) -> int:
        return int(self.structured["meta"]["sequenceId"])


def _parameters(rest: bytes) -> list[tuple[bytes, bytes]]:
    return [(name, re.sub(rb"\\(.)", rb"\1", value)) for name, value in PARAMETER.findall(rest)]


def frames(stream: bytes) -> list[bytes]:
    """Return the whole messages of an octet counted stream (RFC 6587 3.4.1)."""
    out = []
    while stream:
        count, space, rest = stream.partition(b" ")
        if not space or len(rest) < int(count):
            break
        out.append(rest[: int(count)])
        stream = rest[int(count) :]
    return out
