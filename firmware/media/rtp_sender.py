"""The numbers of what goes out (RFC 3550 5.1, RFC 3551 4.1).

The first sequence number is below 2^15, so that a receiver that misses the first packets cannot
mistake the roll-over counter (RFC 3711 3.3.1). Time goes on whether or not a frame is sent: the
packet after a silence has the marker.
"""

from __future__ import annotations

from random import Random

from firmware.media.dtmf import EventPacket
from firmware.media.rtp import SEQUENCES, TIMESTAMPS, RtpPacket

SEQUENCE_BITS = 15

WORDS = 2**32
"""Counters of RTCP roll over too (RFC 3550 6.4.1)."""


class RtpSender:
    """One stream of packets."""

    def __init__(self, random: Random) -> None:
        self._random = random
        self._sequence = random.getrandbits(SEQUENCE_BITS)
        self.timestamp = random.getrandbits(32)  # Of the next frame.
        self._known = 0  # A timestamp, and the moment that it names.
        self._known_at = 0.0
        self.clock_rate = 8000  # Of the codec; until a frame has told it, nothing was sent.
        self._is_quiet = True
        self.choose_ssrc()

    def choose_ssrc(self) -> None:
        """Become another source: somebody else has our number (RFC 3550 8.2)."""
        self.ssrc = self._random.getrandbits(32)
        self.packets = 0
        self.octets = 0
        self._is_quiet = True

    def pause(self, ticks: int) -> None:
        """Let a frame's time pass in silence."""
        self.timestamp = (self.timestamp + ticks) % TIMESTAMPS
        self._is_quiet = True

    def frame(self, payload_type: int, payload: bytes, ticks: int) -> RtpPacket:
        """Return the packet of one frame of sound."""
        packet = self._packet(payload_type, payload, self.timestamp, marker=self._is_quiet)
        self.timestamp = (self.timestamp + ticks) % TIMESTAMPS
        self._is_quiet = False
        return packet

    def comfort(self, payload_type: int, payload: bytes, ticks: int) -> RtpPacket:
        """Return a description of silence: the sound after it has the marker, not it."""
        packet = self._packet(payload_type, payload, self.timestamp, marker=False)
        self.pause(ticks)
        return packet

    def event(self, payload_type: int, event: EventPacket, ticks: int) -> RtpPacket:
        """Return a packet of a digit, sent in place of a frame."""
        timestamp = event.timestamp % TIMESTAMPS
        packet = self._packet(payload_type, event.payload, timestamp, marker=event.marker)
        self.pause(ticks)
        return packet

    def note_time(self, clock_rate: int, now: float) -> None:
        """Remember when the time of the next packet is."""
        self._known, self._known_at = self.timestamp, now
        self.clock_rate = clock_rate

    def timestamp_at(self, now: float) -> int:
        """Return the stream's time at a moment, for reports (6.4.1)."""
        return (self._known + int((now - self._known_at) * self.clock_rate)) % TIMESTAMPS

    def _packet(
        self, payload_type: int, payload: bytes, timestamp: int, *, marker: bool
    ) -> RtpPacket:
        packet = RtpPacket(
            payload_type, self._sequence, timestamp, self.ssrc, payload, marker=marker
        )
        self._sequence = (self._sequence + 1) % SEQUENCES
        self.packets = (self.packets + 1) % WORDS
        self.octets = (self.octets + len(payload)) % WORDS
        return packet
