"""SIP messages as a file for Wireshark: decrypted, whole, without secrets (T4).

A capture file of link type 252, "Wireshark upper PDU": before each message stand tags that say
which dissector reads it, between which addresses it went, and that it was TCP. No packet has to be
made up around it. Keys and digests are stars, so a body may be shorter than its Content-Length
says.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable
from dataclasses import field
from ipaddress import ip_address

from firmware.frozen import frozen
from firmware.link.events import Address

MAGIC, MAJOR, MINOR, LINK_TYPE = 0xA1B2C3D4, 2, 4, 252

SNAP_MAX = 262_144
"""Bytes of a record, as Wireshark has it."""

DISSECTOR, PORT_TYPE, END = 12, 24, 0
SOURCE, TARGET = {4: 20, 6: 22}, {4: 21, 6: 23}
SOURCE_PORT, TARGET_PORT = 25, 26
"""Tags, by their numbers in Wireshark's `exported_pdu.h`."""

TCP = 2


@frozen
class Packet:
    """A message that went from one address to another; None where it is not known."""

    unix_s: float
    source: Address | None
    target: Address | None
    text: str = field(repr=False)


def capture(packets: Iterable[Packet]) -> bytes:
    """Return the file."""
    head = struct.pack("!IHHiIII", MAGIC, MAJOR, MINOR, 0, 0, SNAP_MAX, LINK_TYPE)
    return head + b"".join(_record(packet) for packet in packets)


def _record(packet: Packet) -> bytes:
    tags = [_tag(DISSECTOR, b"sip"), *_addresses(packet), _tag(END, b"")]
    data = (b"".join(tags) + packet.text.encode())[:SNAP_MAX]
    seconds, rest = divmod(round(packet.unix_s * 1e6), 1_000_000)
    return struct.pack("!IIII", seconds & 0xFFFFFFFF, rest, len(data), len(data)) + data


def _addresses(packet: Packet) -> list[bytes]:
    """Return who and where to: both, or nothing, since Wireshark wants them in pairs."""
    if packet.source is None or packet.target is None:
        return []
    source, target = ip_address(packet.source.host), ip_address(packet.target.host)
    if source.version != target.version:
        return []
    return [
        _tag(SOURCE[source.version], source.packed),
        _tag(TARGET[target.version], target.packed),
        _number(PORT_TYPE, TCP),
        _number(SOURCE_PORT, packet.source.port),
        _number(TARGET_PORT, packet.target.port),
    ]


def _number(tag: int, number: int) -> bytes:
    return _tag(tag, struct.pack("!I", number))


def _tag(tag: int, value: bytes) -> bytes:
    """Return a tag; its value fills words of four bytes."""
    padded = value + bytes(-len(value) % 4)
    return struct.pack("!HH", tag, len(padded)) + padded
