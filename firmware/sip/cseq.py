"""The CSeq header field: a request's place in the order of its dialog (RFC 3261 20.16)."""

from __future__ import annotations

import re

from firmware.frozen import frozen
from firmware.sip.errors import RemoteProtocolError
from firmware.sip.grammar import TOKEN, WHITE_SPACE

NUMBER_MAX = 2**31 - 1
"""RFC 3261 8.1.1.5."""

_CSEQ = re.compile(rf"([0-9]++)[ \t]++({TOKEN.pattern})")


@frozen
class CSeq:
    """A number and the method of the request it counts."""

    number: int
    method: str

    @classmethod
    def parse(cls, text: str) -> CSeq:
        """Read `314159 INVITE`; leading zeros are allowed."""
        found = _CSEQ.fullmatch(text.strip(WHITE_SPACE))
        if found is None:
            raise RemoteProtocolError("not a number and a method")
        digits = found.group(1).lstrip("0") or "0"
        # Compared by length first: a number of 16000 digits is not worth its arithmetic.
        if len(digits) > 10 or int(digits) > NUMBER_MAX:
            raise RemoteProtocolError("number too large")
        return cls(int(digits), found.group(2))

    def __str__(self) -> str:
        return f"{self.number} {self.method}"
