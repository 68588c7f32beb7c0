"""What passed on a wire, counted outside the phone: which connection carried SIP, and when.

A wire sees only ciphertext. In TLS 1.3 the client's first application record is its Finished;
every later one is SIP or a ping. So a connection carries SIP from its client's second
application record until the client closes it (L10).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from itertools import combinations
from typing import Any

RECORD_HEADER = 5
APPLICATION_DATA = 23


class Records:
    """Cuts a TLS byte stream into records."""

    def __init__(self) -> None:
        self._data = b""

    def receive(self, data: bytes) -> list[bytes]:
        """Return the records that these bytes complete."""
        self._data += data
        records = []
        while len(self._data) >= RECORD_HEADER:
            end = RECORD_HEADER + int.from_bytes(self._data[3:5], "big")
            if len(self._data) < end:
                break
            records.append(self._data[:end])
            self._data = self._data[end:]
        return records


CRLF_RECORD_MAX = 40
"""Bytes of a record that holds CRLFCRLF, its type and its tag: CRLF is not SIP (L10)."""


@dataclass
class Flow:
    """One TCP connection from the phone, as the wire saw it; moments are Unix seconds."""

    client: str
    opened_at: float
    application_records: int = 0
    sip_from: float | None = None
    closed_at: float | None = None
    closed_by: str = ""

    def note(self, record: bytes, now: float) -> None:
        """Count one record from the client."""
        if record[0] != APPLICATION_DATA:
            return
        self.application_records += 1
        is_crlf = int.from_bytes(record[3:5]) <= CRLF_RECORD_MAX
        if self.application_records > 1 and not is_crlf and self.sip_from is None:
            self.sip_from = now

    def close(self, who: str, now: float) -> None:
        """Note the first end; what follows it does not matter."""
        if self.closed_at is None:
            self.closed_at, self.closed_by = now, who

    def as_json(self) -> dict[str, Any]:
        """Return the fields by name."""
        return asdict(self)


def overlaps(flows: Iterable[Flow], blur_s: float = 0.0) -> list[tuple[Flow, Flow]]:
    """Return the pairs of connections that carried SIP at the same moment (L10: none).

    `blur_s` is what the moments of two observers may differ by.
    """
    spans = [(flow.sip_from, flow.closed_at or float("inf"), flow) for flow in flows]
    carried = [(begin, end, flow) for begin, end, flow in spans if begin is not None]
    return [
        (a[2], b[2])
        for a, b in combinations(carried, 2)
        if a[0] < b[1] - blur_s and b[0] < a[1] - blur_s
    ]
