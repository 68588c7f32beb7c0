"""What one end reports and hears reported (RFC 3550 6.4, A.3, A.8).

Reports carry time as NTP timestamps. Ours counts monotonic seconds: the RFC allows any clock that
only this end compares with itself, and no wall clock has to be right for it. A round trip is what
is left of the time since our report, less what the far end says it kept it; a lie that makes it
negative or longer than `ROUND_TRIP_S_MAX` is not believed.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable
from dataclasses import replace
from random import Random

from firmware.media.quality import Quality
from firmware.media.rtcp import (
    Bye,
    ReceiverReport,
    ReportBlock,
    RtcpPacket,
    SenderReport,
    SourceDescription,
    compound,
)
from firmware.media.rtp_sender import RtpSender
from firmware.media.rtp_source import RtpSource

NAME_BYTES = 12
"""RFC 7022 4.2: a canonical name for one call, which tells nobody who we are."""

ROUND_TRIP_S_MAX = 10.0

FRACTION = 2**32
"""An NTP timestamp's fraction of a second has 32 bits; the middle of it has 16."""

SHORT = 2**16


class Reporter:
    """Writes our reports and reads theirs."""

    def __init__(self, random: Random) -> None:
        self.quality = Quality()
        self._name = b64encode(random.randbytes(NAME_BYTES))
        self._packets_reported = 0
        self._their_report: tuple[int, int, float] | None = None  # Source, its time, ours.

    def report(self, sender: RtpSender, source: RtpSource | None, now: float) -> bytes:
        """Return our report as a compound (6.1)."""
        blocks = () if source is None else (self._block(source, now),)
        description = SourceDescription(sender.ssrc, self._name)
        has_sent = sender.packets != self._packets_reported
        self._packets_reported = sender.packets
        if not has_sent:
            return compound((ReceiverReport(sender.ssrc, blocks), description))
        said = SenderReport(
            sender.ssrc,
            int(now * FRACTION) % 2**64,
            sender.timestamp_at(now),
            sender.packets,
            sender.octets,
            blocks,
        )
        return compound((said, description))

    def bye(self, ssrc: int) -> bytes:
        """Return our last word (6.6)."""
        description = SourceDescription(ssrc, self._name)
        return compound((ReceiverReport(ssrc), description, Bye((ssrc,))))

    def take(
        self, packets: Iterable[RtcpPacket], sender: RtpSender, far: int | None, now: float
    ) -> bool:
        """Read a compound; tell whether the far end, if it is known, has left."""
        left = False
        for packet in packets:
            match packet:
                case SenderReport():
                    self._their_report = (packet.ssrc, packet.time >> 16 & 0xFFFFFFFF, now)
                    self._heard(packet.blocks, sender, now)
                case ReceiverReport():
                    self._heard(packet.blocks, sender, now)
                case Bye(ssrcs):
                    left = left or far in ssrcs
                case SourceDescription():
                    pass  # Names tell nothing that SIP has not told.
        return left

    def _block(self, source: RtpSource, now: float) -> ReportBlock:
        reception = source.report()
        loss, jitter_s = reception.fraction_lost / 256, source.jitter_s
        self.quality = replace(self.quality, loss_here=loss, jitter_here_s=jitter_s)
        theirs = self._their_report
        if theirs is None or theirs[0] != source.ssrc:
            return ReportBlock.of(reception, 0, 0)
        delay = min(int((now - theirs[2]) * SHORT), 2**32 - 1)
        return ReportBlock.of(reception, theirs[1], delay)

    def _heard(self, blocks: Iterable[ReportBlock], sender: RtpSender, now: float) -> None:
        """Take what is reported of what we send."""
        for block in blocks:
            if block.ssrc != sender.ssrc:
                continue
            self.quality = replace(
                self.quality,
                loss_there=block.fraction_lost / 256,
                jitter_there_s=min(block.jitter / sender.clock_rate, ROUND_TRIP_S_MAX),
                round_trip_s=_round_trip_s(block, now) or self.quality.round_trip_s,
            )


def _round_trip_s(block: ReportBlock, now: float) -> float | None:
    if not block.last_report:
        return None
    units = (int(now * SHORT) - block.last_report - block.delay) % 2**32
    return units / SHORT if units / SHORT <= ROUND_TRIP_S_MAX else None
