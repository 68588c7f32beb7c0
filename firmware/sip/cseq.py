"""The CSeq header (RFC 3261 20.16)."""

from __future__ import annotations

from dataclasses import dataclass

from firmware.sip.errors import RemoteProtocolError
from firmware.sip.grammar import is_token, number

NUMBER_MAX = 2**31 - 1
"""RFC 3261 8.1.1.5: less than 2**31."""


@dataclass(frozen=True, slots=True)
class CSeq:
    """A sequence number and the method it counts for."""

    number: int
    method: str

    @classmethod
    def parse(cls, text: str) -> CSeq:
        """Read `314159 INVITE`."""
        parts = text.split()
        if len(parts) != 2 or not is_token(parts[1]):
            raise RemoteProtocolError(f"bad CSeq {text[:40]!r}")
        return cls(number(parts[0].lstrip("0") or "0", NUMBER_MAX, "CSeq"), parts[1])

    def __str__(self) -> str:
        return f"{self.number} {self.method}"
