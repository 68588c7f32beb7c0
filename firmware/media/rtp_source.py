"""One source of RTP as its receiver sees it (RFC 3550 6.4.1, A.1, A.3, A.8).

Theory of operation
-------------------
- Counting begins with the first packet whose payload type is known; others say nothing here.
- Sequence numbers have 16 bits and roll over every 22 minutes. The source extends them, so that a
  packet's place only grows; timestamps likewise.
- A packet slightly behind is late, one that came already is a duplicate. A window of the latest
  `WINDOW` numbers tells them apart; what is older than the window is too late to be of use.
- A jump of more than `DROPOUT_MAX` may be a lie or a far end that began anew: it is believed when
  the next packet follows it in sequence (A.1). Until then nothing of it is used.
- Loss is what the numbers say was sent less what came (A.3): duplicates count as come, as the RFC
  wants it, so `lost` may be negative. Jitter is the smoothed difference of transit times (A.8).
"""

from __future__ import annotations

from enum import Enum

from firmware.frozen import frozen
from firmware.media.rtp import SEQUENCES, TIMESTAMPS, RtpPacket

DROPOUT_MAX = 3000
"""Packets that may be missing at a stretch: a minute (RFC 3550 A.1)."""

WINDOW = 128
"""Packets behind the latest that may still come: 2.6 s of sound, more than any buffer waits."""

LOST_MAX = 2**23 - 1
"""The cumulative loss is a signed number of 24 bits (RFC 3550 6.4.1)."""


class Arrival(Enum):
    """What a packet turned out to be."""

    IN_ORDER = "in order"  # Newer than all before it.
    LATE = "late"  # Behind a newer one, and new.
    DUPLICATE = "duplicate"
    TOO_LATE = "too late"
    UNPROVEN = "unproven"  # It jumped; the next one tells whether that is to be believed.
    RESTARTED = "restarted"  # It follows a jump: the source has begun anew.


IN_ORDER, LATE, DUPLICATE, TOO_LATE, UNPROVEN, RESTARTED = Arrival
"""By themselves: Python 3.11 takes five times as long to find a member of an Enum, each packet."""

USEFUL = (IN_ORDER, LATE, RESTARTED)
"""Those whose content is to be used."""

NOT_COUNTED = (UNPROVEN, TOO_LATE)
"""Tuples: an Enum's hash is computed by Python, and every packet passes here."""


@frozen
class Reception:
    """What a receiver reports of a source (6.4.1); jitter in ticks of its clock."""

    ssrc: int
    fraction_lost: int  # Since the last report, in 1/256.
    lost: int  # Since the start.
    highest_sequence: int  # With the roll-overs in the upper 16 bits.
    jitter: int
    received: int
    expected: int


class RtpSource:
    """The packets of one SSRC."""

    def __init__(self, first: RtpPacket) -> None:
        self.ssrc = first.ssrc
        self._highest = first.sequence
        self._timestamp = first.timestamp
        self.taken_sequence, self.taken_timestamp = first.sequence, first.timestamp
        """The place and the time of the packet that was taken last, over any roll-over."""
        self._restart(self._highest, self._timestamp)

    def _restart(self, sequence: int, timestamp: int) -> None:
        """Begin to count at these extended numbers."""
        self._base = self._highest = sequence
        self._timestamp = timestamp
        self._seen = 1  # Bit n: the packet n behind the highest has come.
        self._received = 0
        self._received_before = 0
        self._expected_before = 0
        self._believed_next: int | None = None
        self._transit_s: float | None = None
        self._clock_rate = 0
        self._jitter_s = 0.0

    def take(self, packet: RtpPacket, clock_rate: int, now: float) -> Arrival:
        """Judge a packet by its sequence number and count it.

        `clock_rate` is that of its payload type; 0 for events, whose timestamps stand still.
        """
        if self._received == 0:
            self._restart(packet.sequence, packet.timestamp)
        ahead = _signed(packet.sequence - self._highest, SEQUENCES)
        self.taken_sequence = self._highest + ahead
        self.taken_timestamp = self._timestamp + _signed(
            packet.timestamp - self._timestamp, TIMESTAMPS
        )
        if self._received == 0 or 0 < ahead <= DROPOUT_MAX:
            arrival = self._advance(ahead)
        elif -WINDOW < ahead <= 0:
            arrival = self._fill(-ahead)
        else:
            arrival = self._jumped(packet)
        if clock_rate and arrival in USEFUL:
            self._measure(clock_rate, now)
        if arrival not in NOT_COUNTED:
            self._received += 1
        return arrival

    def is_before(self, packet: RtpPacket) -> bool:
        """Tell whether a packet is newer than all of this source, or of another one."""
        return packet.ssrc != self.ssrc or _signed(packet.sequence - self._highest, SEQUENCES) > 0

    @property
    def jitter_s(self) -> float:
        """The smoothed difference of transit times in seconds (A.8)."""
        return self._jitter_s

    def report(self) -> Reception:
        """Return what to report, and begin the next interval."""
        expected = self._highest - self._base + 1
        since, came = expected - self._expected_before, self._received - self._received_before
        self._expected_before, self._received_before = expected, self._received
        missing = since - came
        return Reception(
            ssrc=self.ssrc,
            fraction_lost=min(255, (missing << 8) // since) if since > 0 and missing > 0 else 0,
            lost=max(-LOST_MAX - 1, min(LOST_MAX, expected - self._received)),
            highest_sequence=self._highest % 2**32,
            jitter=int(self._jitter_s * self._clock_rate) % 2**32,
            received=self._received,
            expected=expected,
        )

    def _advance(self, ahead: int) -> Arrival:
        self._highest += ahead
        self._timestamp = self.taken_timestamp
        self._seen = (self._seen << ahead | 1) % 2**WINDOW
        self._believed_next = None
        return IN_ORDER

    def _fill(self, behind: int) -> Arrival:
        if self._seen >> behind & 1:
            return DUPLICATE
        self._seen |= 1 << behind
        return LATE

    def _jumped(self, packet: RtpPacket) -> Arrival:
        if packet.sequence == self._believed_next:
            ahead = (packet.sequence - self._highest - 1) % SEQUENCES + 1  # They only grow.
            self.taken_sequence = self._highest + ahead
            self._restart(self.taken_sequence, self.taken_timestamp)
            return RESTARTED
        self._believed_next = (packet.sequence + 1) % SEQUENCES
        behind = _signed(packet.sequence - self._highest, SEQUENCES) < 0
        return TOO_LATE if behind else UNPROVEN

    def _measure(self, clock_rate: int, now: float) -> None:
        """Smooth the jitter (A.8); a change of clock begins the comparison anew."""
        transit = now - self.taken_timestamp / clock_rate
        if self._transit_s is not None and clock_rate == self._clock_rate:
            self._jitter_s += (abs(transit - self._transit_s) - self._jitter_s) / 16
        self._transit_s, self._clock_rate = transit, clock_rate


def _signed(difference: int, modulus: int) -> int:
    """Return the shortest way round a circle of numbers."""
    return (difference + modulus // 2) % modulus - modulus // 2
