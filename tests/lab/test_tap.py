"""The tap sees every RTP packet once, and finds what is missing."""

from __future__ import annotations

import socket
import struct
import time
from collections.abc import Iterator

import pytest

from tests.lab.tap import Tap

SAMPLES = 160


@pytest.fixture(scope="module")
def tap() -> Iterator[Tap]:
    with Tap() as tap:
        yield tap


def packet(sequence: int, timestamp: int, kind: int = 0) -> bytes:
    return struct.pack("!BBHII", 0x80, kind, sequence, timestamp, 7) + bytes(160)


def send(*data: bytes, pause_s: float = 0.0) -> int:
    """Send packets to nobody; return the port that they came from."""
    with socket.socket(type=socket.SOCK_DGRAM) as sender:
        sender.bind(("127.0.0.1", 0))
        for one in data:
            sender.sendto(one, ("127.0.0.1", 9))
            time.sleep(pause_s)
        return int(sender.getsockname()[1])


def test_every_packet_is_seen_once_with_its_moment(tap: Tap) -> None:
    at = time.time()
    numbers = [(65534 + n) % 2**16 for n in range(4)]
    port = send(*(packet(n, 160 * i) for i, n in enumerate(numbers)), pause_s=0.05)
    sent, came = tap.streams(port, at, time.time())
    assert [one.sequence for one in sent.packets] == numbers
    assert not came.packets
    assert not sent.breaks(SAMPLES)
    assert 0.05 <= sent.longest_gap_s < time.time() - at
    assert tap.streams(9, at, time.time())[1].packets == sent.packets


@pytest.mark.parametrize("second", [(3, 320), (2, 480)], ids=["one lost", "begun anew"])
def test_a_break_is_found(tap: Tap, second: tuple[int, int]) -> None:
    at = time.time()
    port = send(packet(1, 160), packet(*second))
    (pair,) = tap.streams(port, at, time.time())[0].breaks(SAMPLES)
    assert (pair[0].sequence, pair[1].sequence) == (1, second[0])


def test_reports_and_other_packets_are_no_sound(tap: Tap) -> None:
    at = time.time()
    port = send(packet(1, 160, kind=200), b"\r\n\r\n", bytes(200), packet(2, 320))
    (one,) = tap.streams(port, at, time.time())[0].packets
    assert one.sequence == 2
