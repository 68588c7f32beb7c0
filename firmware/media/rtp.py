"""RTP packets (RFC 3550 5.1): bytes to a value and back.

What a header says of its own length is checked against the bytes that are there, so a lie in any
field is a `MalformedPacketError` and never a wrong payload.
"""

from __future__ import annotations

import struct

from firmware.frozen import frozen
from firmware.media.errors import MalformedPacketError

VERSION = 2

HEADER = struct.Struct("!BBHII")

EXTENSION = struct.Struct("!HH")

PACKET_BYTES_MAX = 1500
"""One Ethernet frame; more is never read, and the cipher's library takes no more."""

PAYLOAD_BYTES_MAX = 1280
"""Of what is sent: 60 ms of G.722 is 480 bytes, an Opus frame at its best about as much."""

CSRC_MAX = 15
"""The field has four bits."""

SEQUENCES = 2**16
TIMESTAMPS = 2**32

RTCP_TYPES = range(192, 224)
"""The second byte of RTCP on a shared port (RFC 5761 4); no RTP payload type in use meets it."""


@frozen
class RtpPacket:
    """One packet; `extension` is its profile's number and the bytes that follow its length."""

    payload_type: int
    sequence: int
    timestamp: int
    ssrc: int
    payload: bytes
    marker: bool = False
    csrc: tuple[int, ...] = ()
    extension: tuple[int, bytes] | None = None
    padding: int = 0  # Bytes at the end that mean nothing, their count included.

    @classmethod
    def parse(cls, data: bytes) -> RtpPacket:
        """Read a packet."""
        first, second, sequence, timestamp, ssrc = _header(data)
        payload_type, marker = second & 0x7F, second > 0x7F
        if not first & 0x3F:  # Nothing between header and payload: nearly every packet.
            payload = data[HEADER.size :]
            return cls(payload_type, sequence, timestamp, ssrc, payload, marker)
        csrc_end = HEADER.size + 4 * (first & 0x0F)
        if len(data) < csrc_end:
            raise MalformedPacketError("RTP: contributing sources that are not there")
        csrc = struct.unpack(f"!{first & 0x0F}I", data[HEADER.size : csrc_end])
        extension, start = _extension(data, csrc_end) if first & 0x10 else (None, csrc_end)
        padding = _padding(data, start) if first & 0x20 else 0
        return cls(
            payload_type=payload_type,
            sequence=sequence,
            timestamp=timestamp,
            ssrc=ssrc,
            payload=data[start : len(data) - padding],
            marker=marker,
            csrc=csrc,
            extension=extension,
            padding=padding,
        )

    def __bytes__(self) -> bytes:
        first, second = VERSION << 6, self.marker << 7 | self.payload_type
        if not (self.csrc or self.extension or self.padding):
            plain = HEADER.pack(first, second, self.sequence, self.timestamp, self.ssrc)
            return plain + self.payload
        first |= bool(self.padding) << 5 | bool(self.extension) << 4 | len(self.csrc)
        header = HEADER.pack(first, second, self.sequence, self.timestamp, self.ssrc)
        sources = struct.pack(f"!{len(self.csrc)}I", *self.csrc)
        return header + sources + self._extension_bytes() + self.payload + self._padding_bytes()

    def _extension_bytes(self) -> bytes:
        if self.extension is None:
            return b""
        profile, content = self.extension
        return EXTENSION.pack(profile, len(content) // 4) + content

    def _padding_bytes(self) -> bytes:
        return bytes(self.padding - 1) + bytes([self.padding]) if self.padding else b""


def is_rtcp(data: bytes) -> bool:
    """Tell RTCP from RTP where both come to one port (RFC 5761)."""
    return len(data) > 1 and data[1] in RTCP_TYPES


def _header(data: bytes) -> tuple[int, int, int, int, int]:
    if len(data) < HEADER.size:
        raise MalformedPacketError("RTP: shorter than its header")
    if len(data) > PACKET_BYTES_MAX:
        raise MalformedPacketError("RTP: longer than a packet can be")
    if data[0] >> 6 != VERSION:
        raise MalformedPacketError("RTP: not version 2")
    return HEADER.unpack_from(data)


def _extension(data: bytes, start: int) -> tuple[tuple[int, bytes], int]:
    if len(data) < start + EXTENSION.size:
        raise MalformedPacketError("RTP: an extension that is not there")
    profile, words = EXTENSION.unpack_from(data, start)
    end = start + EXTENSION.size + 4 * words
    if len(data) < end:
        raise MalformedPacketError("RTP: an extension longer than its packet")
    return (profile, data[start + EXTENSION.size : end]), end


def _padding(data: bytes, start: int) -> int:
    if len(data) == start or not 1 <= data[-1] <= len(data) - start:
        raise MalformedPacketError("RTP: padding longer than its packet")
    return data[-1]
