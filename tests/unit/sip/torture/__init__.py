"""The torture tests of RFC 4475, read from the file that holds them in the RFC's notation."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

_TITLE = re.compile(r"^=== (\S+) (\S+) (\S+)\n", re.MULTILINE)
_ONE_LINE = re.compile(r"<allOneLine>\n(.*?)</allOneLine>\n", re.DOTALL)
_REPEAT = re.compile(r"<repeat count=(\d+)>(.*?)</repeat>", re.DOTALL)
_HEX = re.compile(rb"<hex>([0-9A-F]*)</hex>")


@dataclass(frozen=True)
class Torture:
    """One message, where the RFC has it, and what becomes of it on a stream."""

    name: str
    section: str
    verdict: str
    data: bytes


def load() -> dict[str, Torture]:
    """Return the messages by name."""
    text = Path(__file__).with_name("rfc4475.txt").read_text()
    _, *parts = _TITLE.split(text)
    found = zip(parts[::4], parts[1::4], parts[2::4], parts[3::4], strict=True)
    return {
        name: Torture(name, section, verdict, _plain(body))
        for name, section, verdict, body in found
    }


def _plain(text: str) -> bytes:
    text = _ONE_LINE.sub(lambda found: found.group(1).replace("\n", "") + "\n", text)
    text = _REPEAT.sub(lambda found: found.group(2) * int(found.group(1)), text)
    data = text.replace("\n", "\r\n").encode()
    return _HEX.sub(lambda found: bytes.fromhex(found.group(1).decode()), data)
