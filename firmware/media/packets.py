"""The packets that wait in the jitter buffer, in the order of what they hold.

Late, doubled and reordered packets are sorted out here: a sequence number is taken once, within
the last 256. There is room for 100 packets, two seconds of the usual kind; a flood drops the
oldest.
"""

from __future__ import annotations

from bisect import insort
from operator import attrgetter

from firmware.media.interfaces import MediaPacket

PACKETS_MAX = 100
WINDOW = 256
WINDOW_MASK = (1 << WINDOW) - 1

BY_TIMESTAMP = attrgetter("timestamp", "sequence")


class PacketStore:
    """Waiting packets, the earliest first."""

    def __init__(self) -> None:
        self._waiting: list[MediaPacket] = []
        self._highest = 0
        self._seen = 0  # One bit a sequence number, the highest lowest.

    def __len__(self) -> int:
        return len(self._waiting)

    @property
    def highest(self) -> int:
        """The highest sequence number so far, 0 before the first."""
        return self._highest

    def first(self) -> MediaPacket | None:
        """Return the earliest packet and leave it here."""
        return self._waiting[0] if self._waiting else None

    def take(self) -> MediaPacket:
        """Return the earliest packet; it is no longer here."""
        return self._waiting.pop(0)

    def is_double(self, sequence: int) -> bool:
        """Note a sequence number; tell whether it was here before, or is far too old to know."""
        if not self._seen:
            self._highest = sequence
        ahead = sequence - self._highest
        if ahead > 0:
            self._seen = (self._seen << min(ahead, WINDOW)) & WINDOW_MASK
            self._highest = sequence
            ahead = 0
        if ahead <= -WINDOW:
            return True
        double = bool(self._seen >> -ahead & 1)
        self._seen |= 1 << -ahead
        return double

    def add(self, packet: MediaPacket) -> int:
        """Keep a packet; return how many had to go for it."""
        if not self._waiting or self._waiting[-1].timestamp < packet.timestamp:
            self._waiting.append(packet)
        else:
            insort(self._waiting, packet, key=BY_TIMESTAMP)
        if len(self._waiting) <= PACKETS_MAX:
            return 0
        del self._waiting[0]
        return 1

    def clear(self) -> None:
        """Forget every packet and every number."""
        self._waiting.clear()
        self._seen = 0
