"""What of sound passes on a wire: every RTP packet, when the kernel saw it, and what is missing.

Run as a program (`python -m tests.lab.tap`) in a network namespace, asked by JSON lines on its
standard input ({"port": 5000, "since": ..., "until": ...}) and answering with one JSON line: the
packets from that UDP port, and those to it. SRTP leaves in clear what is looked at here.

A packet that is sent is seen once: on loopback when it is sent, on another interface whichever
way it goes.
"""

from __future__ import annotations

import json
import os
import select
import socket
import struct
import sys
import threading
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from tests.lab.namespaces import ROOT
from tests.lab.processes import Program

ALL_PROTOCOLS = 0x0003  # Frames that go out are seen by this one only.
IPV4 = b"\x08\x00"
UDP = 17
HEADERS = 14 + 20 + 8
"""Ethernet, IPv4 without options, UDP."""
OUTGOING = 4
LOOPBACK = "lo"

SO_TIMESTAMPNS = 35
ANCILLARY_BYTES = 256
FRAME_MAX = 2048
PACKETS_MAX = 400_000
"""Ten calls for six minutes."""

REPORTS = range(72, 80)
"""RTCP on one port with RTP, by what its packet types look like there (RFC 5761)."""
ANSWER_S = 10.0


@dataclass(frozen=True, slots=True)
class Packet:
    """One RTP packet; `at` is Unix seconds."""

    at: float
    source_port: int
    sink_port: int
    sequence: int
    timestamp: int
    source: int


@dataclass(frozen=True, slots=True)
class Stream:
    """What went one way."""

    packets: tuple[Packet, ...]

    @property
    def longest_gap_s(self) -> float:
        """The longest time without a packet."""
        return max((b.at - a.at for a, b in pairwise(self.packets)), default=float("inf"))

    def breaks(self, samples: int) -> list[tuple[Packet, Packet]]:
        """Return neighbours between which the sender lost or began anew something."""
        return [pair for pair in pairwise(self.packets) if not _follows(*pair, samples)]


@dataclass
class Tap:
    """The program in a namespace, and what it is asked; a context manager."""

    prefix: Sequence[str] = ()
    program: Program = field(init=False)

    def __enter__(self) -> Tap:
        words = [*self.prefix, sys.executable, "-m", "tests.lab.tap"]
        self.program = Program(words, directory=ROOT)
        self.program.wait_for("ready", ANSWER_S)
        self._one_at_a_time = threading.Lock()
        return self

    def __exit__(self, *_: object) -> None:
        self.program.stop()

    def streams(self, port: int, since: float, until: float) -> tuple[Stream, Stream]:
        """Return what was sent from a port in that time, and what was sent to it."""
        with self._one_at_a_time:
            seen = len(self.program.lines)
            question = {"port": port, "since": since, "until": until}
            self.program.say(json.dumps(question) + "\n")
            self.program.wait_for(r"^\[", ANSWER_S, count=seen)
            answer = json.loads(self.program.lines[seen].text)
        packets = [Packet(*fields) for fields in answer]
        sent = tuple(packet for packet in packets if packet.source_port == port)
        came = tuple(packet for packet in packets if packet.sink_port == port)
        return Stream(sent), Stream(came)


def _follows(one: Packet, other: Packet, samples: int) -> bool:
    """Tell whether nothing lies between two packets, and nothing began anew."""
    return (
        other.source == one.source
        and other.sequence == (one.sequence + 1) % 2**16
        and other.timestamp == (one.timestamp + samples) % 2**32
    )


def parse(frame: bytes, at: float) -> Packet | None:
    """Read a frame; None for what is no RTP over IPv4."""
    if len(frame) < HEADERS + 12 or frame[12:15] != IPV4 + b"\x45" or frame[23] != UDP:
        return None
    rtp = frame[HEADERS:]
    if rtp[0] >> 6 != 2 or rtp[1] & 0x7F in REPORTS:
        return None
    ports = struct.unpack("!HH", frame[34:38])
    return Packet(at, *ports, *struct.unpack("!HII", rtp[2:12]))


def read(raw: socket.socket) -> Iterator[Packet]:
    """Return what is there."""
    while True:
        try:
            frame, ancillary, _, address = raw.recvmsg(FRAME_MAX, ANCILLARY_BYTES)
        except BlockingIOError:
            return
        if address[0] == LOOPBACK and address[2] != OUTGOING:
            continue
        seconds, nanoseconds = struct.unpack("qq", ancillary[0][2])
        packet = parse(frame, seconds + nanoseconds / 1e9)
        if packet is not None:
            yield packet


def answer(packets: deque[Packet], question: dict[str, Any]) -> list[list[float]]:
    """Return the packets of a port and a time as plain numbers."""
    port, since, until = (question[name] for name in ("port", "since", "until"))
    return [
        [p.at, p.source_port, p.sink_port, p.sequence, p.timestamp, p.source]
        for p in packets
        if since <= p.at <= until and port in {p.source_port, p.sink_port}
    ]


def main() -> None:
    """Listen until standard input ends."""
    raw = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ALL_PROTOCOLS))
    raw.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 22)
    raw.setblocking(False)
    packets: deque[Packet] = deque(maxlen=PACKETS_MAX)
    commands = b""
    print("ready", flush=True)
    while True:
        ready, _, _ = select.select([raw, sys.stdin], [], [])
        packets.extend(read(raw))
        if sys.stdin not in ready:
            continue
        data = os.read(sys.stdin.fileno(), 65536)
        *lines, commands = (commands + data).split(b"\n")
        for line in lines:
            print(json.dumps(answer(packets, json.loads(line))), flush=True)
        if not data:
            return


if __name__ == "__main__":
    main()
