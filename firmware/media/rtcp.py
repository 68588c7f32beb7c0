"""RTCP packets (RFC 3550 6): compound bytes to values and back.

A compound is read whole or not at all. Types that this phone does not use are skipped (6.1); a
length that does not fit is a `MalformedPacketError`. A compound that begins with another type than
a report is taken too (RFC 5506): peers of RTP/SAVPF send such.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable
from enum import IntEnum

from firmware.frozen import frozen
from firmware.media.errors import MalformedPacketError
from firmware.media.rtp import PACKET_BYTES_MAX, VERSION
from firmware.media.rtp_source import LOST_MAX, Reception

HEADER = struct.Struct("!BBH")
SENDER = struct.Struct("!QIII")
BLOCK = struct.Struct("!IIIIII")

COUNT_MAX = 31
"""The field has five bits."""

CNAME = 1
TEXT_BYTES_MAX = 255
"""An item's length is one byte."""


class Kind(IntEnum):
    """The types that are read (12.1)."""

    SENDER_REPORT = 200
    RECEIVER_REPORT = 201
    SOURCE_DESCRIPTION = 202
    BYE = 203


@frozen
class ReportBlock:
    """What somebody reports of a source that they hear (6.4.1); as on the wire."""

    ssrc: int
    fraction_lost: int  # In 1/256.
    lost: int
    highest_sequence: int
    jitter: int  # Ticks of the source's clock.
    last_report: int = 0  # The middle 32 bits of the last SR's time; 0: none came.
    delay: int = 0  # Since that SR, in 1/65536 s.

    @classmethod
    def of(cls, reception: Reception, last_report: int, delay: int) -> ReportBlock:
        """Report what was received."""
        return cls(
            reception.ssrc,
            reception.fraction_lost,
            reception.lost,
            reception.highest_sequence,
            reception.jitter,
            last_report,
            delay,
        )

    @classmethod
    def parse(cls, data: bytes) -> ReportBlock:
        """Read a block of 24 bytes."""
        ssrc, losses, highest, jitter, last_report, delay = BLOCK.unpack(data)
        lost = losses & 0xFFFFFF
        signed = lost - (1 << 24) if lost > LOST_MAX else lost
        return cls(ssrc, losses >> 24, signed, highest, jitter, last_report, delay)

    def __bytes__(self) -> bytes:
        losses = self.fraction_lost << 24 | self.lost & 0xFFFFFF
        values = (self.highest_sequence, self.jitter, self.last_report, self.delay)
        return BLOCK.pack(self.ssrc, losses, *values)


@frozen
class SenderReport:
    """Of somebody who sends sound (6.4.1); `time` is an NTP timestamp of 64 bits."""

    ssrc: int
    time: int
    timestamp: int  # The same moment in RTP's ticks.
    packets: int
    octets: int
    blocks: tuple[ReportBlock, ...] = ()

    def __bytes__(self) -> bytes:
        sender = SENDER.pack(self.time, self.timestamp, self.packets, self.octets)
        content = struct.pack("!I", self.ssrc) + sender + b"".join(map(bytes, self.blocks))
        return _packet(Kind.SENDER_REPORT, len(self.blocks), content)


@frozen
class ReceiverReport:
    """Of somebody who only listens (6.4.2)."""

    ssrc: int
    blocks: tuple[ReportBlock, ...] = ()

    def __bytes__(self) -> bytes:
        content = struct.pack("!I", self.ssrc) + b"".join(map(bytes, self.blocks))
        return _packet(Kind.RECEIVER_REPORT, len(self.blocks), content)


@frozen
class SourceDescription:
    """Who a source is (6.5): its canonical name; other items are skipped."""

    ssrc: int
    name: bytes

    def __bytes__(self) -> bytes:
        item = bytes([CNAME, len(self.name)]) + self.name + b"\0"
        content = struct.pack("!I", self.ssrc) + item
        return _packet(Kind.SOURCE_DESCRIPTION, 1, content + bytes(-len(content) % 4))


@frozen
class Bye:
    """Sources that leave (6.6)."""

    ssrcs: tuple[int, ...]
    reason: bytes = b""

    def __bytes__(self) -> bytes:
        content = struct.pack(f"!{len(self.ssrcs)}I", *self.ssrcs)
        if self.reason:
            content += bytes([len(self.reason)]) + self.reason
        return _packet(Kind.BYE, len(self.ssrcs), content + bytes(-len(content) % 4))


RtcpPacket = SenderReport | ReceiverReport | SourceDescription | Bye


def compound(packets: Iterable[RtcpPacket]) -> bytes:
    """Write packets as one (6.1)."""
    return b"".join(map(bytes, packets))


def parse_compound(data: bytes) -> tuple[RtcpPacket, ...]:
    """Read every packet of a compound that this phone knows."""
    if not HEADER.size <= len(data) <= PACKET_BYTES_MAX:
        raise MalformedPacketError("RTCP: too short or too long")
    found: list[RtcpPacket] = []
    start = 0
    while start < len(data):
        first, kind, end = _header(data, start)
        content = data[start + HEADER.size : end]
        if first & 0x20:
            content = _without_padding(content, is_last=end == len(data))
        found += _read(kind, first & 0x1F, content)
        start = end
    return tuple(found)


def _header(data: bytes, start: int) -> tuple[int, int, int]:
    if len(data) - start < HEADER.size:
        raise MalformedPacketError("RTCP: bytes behind the last packet")
    first, kind, words = HEADER.unpack_from(data, start)
    if first >> 6 != VERSION:
        raise MalformedPacketError("RTCP: not version 2")
    end = start + HEADER.size + 4 * words
    if end > len(data):
        raise MalformedPacketError("RTCP: longer than its packet")
    return first, kind, end


def _without_padding(content: bytes, *, is_last: bool) -> bytes:
    if not is_last:
        raise MalformedPacketError("RTCP: padding before the end")
    if not content or content[-1] % 4 or not 4 <= content[-1] <= len(content):
        raise MalformedPacketError("RTCP: padding longer than its packet")
    return content[: -content[-1]]


def _read(kind: int, count: int, content: bytes) -> list[RtcpPacket]:
    match kind:
        case Kind.SENDER_REPORT:
            return [_read_sender_report(count, content)]
        case Kind.RECEIVER_REPORT:
            return [ReceiverReport(_ssrc(content), _read_blocks(count, content[4:]))]
        case Kind.SOURCE_DESCRIPTION:
            return [*_read_descriptions(count, content)]
        case Kind.BYE:
            return [_read_bye(count, content)]
        case _:
            return []


def _read_sender_report(count: int, content: bytes) -> SenderReport:
    if len(content) < 4 + SENDER.size:
        raise MalformedPacketError("RTCP: a sender's report that is cut off")
    time, timestamp, packets, octets = SENDER.unpack_from(content, 4)
    blocks = _read_blocks(count, content[4 + SENDER.size :])
    return SenderReport(_ssrc(content), time, timestamp, packets, octets, blocks)


def _read_blocks(count: int, content: bytes) -> tuple[ReportBlock, ...]:
    """Read report blocks; what follows them is a profile's own (6.4.3)."""
    if len(content) < count * BLOCK.size:
        raise MalformedPacketError("RTCP: reports that are not there")
    starts = range(0, count * BLOCK.size, BLOCK.size)
    return tuple(ReportBlock.parse(content[start : start + BLOCK.size]) for start in starts)


def _read_descriptions(count: int, content: bytes) -> list[SourceDescription]:
    found, start = [], 0
    for _ in range(count):
        ssrc = _ssrc(content[start:])
        name, start = _read_items(content, start + 4)
        if name is not None:
            found.append(SourceDescription(ssrc, name))
    return found


def _read_items(content: bytes, start: int) -> tuple[bytes | None, int]:
    """Return a chunk's CNAME, and where the next chunk begins: on a boundary of 32 bits."""
    name = None
    while start < len(content) and content[start]:
        end = start + 2 + content[start + 1] if start + 1 < len(content) else len(content) + 1
        if end > len(content):
            raise MalformedPacketError("RTCP: an item longer than its packet")
        if content[start] == CNAME:
            name = content[start + 2 : end]
        start = end
    if start >= len(content):
        raise MalformedPacketError("RTCP: items without an end")
    return name, start + 4 - start % 4


def _read_bye(count: int, content: bytes) -> Bye:
    if len(content) < 4 * count:
        raise MalformedPacketError("RTCP: sources that are not there")
    ssrcs = struct.unpack_from(f"!{count}I", content)
    rest = content[4 * count :]
    if rest and len(rest) < 1 + rest[0]:
        raise MalformedPacketError("RTCP: a reason longer than its packet")
    return Bye(ssrcs, rest[1 : 1 + rest[0]] if rest else b"")


def _ssrc(content: bytes) -> int:
    if len(content) < 4:
        raise MalformedPacketError("RTCP: no source")
    return int.from_bytes(content[:4], "big")


def _packet(kind: Kind, count: int, content: bytes) -> bytes:
    return HEADER.pack(VERSION << 6 | count, kind, len(content) // 4) + content
