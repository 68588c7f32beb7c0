"""The two ports of a call: when a datagram came, whatever our clocks do; DSCP; what is refused."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from firmware.media.events import SendPacket
from firmware.media.plan import Endpoint
from firmware.runtime.call_sockets import DATAGRAMS_MAX, Arrived, CallSockets
from firmware.settings import VoiceSettings
from tests.unit.media.ends import PLAN
from tests.unit.runtime.test_voice_engine import HOST, free_ports

WAITED_S = 0.06
NOW = 1000.0
"""Of a clock of our own, which is not the wall's."""


def opened(host: str = HOST, settings: VoiceSettings | None = None) -> CallSockets:
    port = free_ports()
    plan = replace(PLAN, local_port=port, remote=Endpoint(host, port + 2))
    return CallSockets(plan, settings or VoiceSettings())


@pytest.fixture
def ports() -> Iterator[CallSockets]:
    made = opened()
    yield made
    made.close()


def say(to: socket.socket, *words: bytes) -> None:
    with socket.socket(to.family, socket.SOCK_DGRAM) as far:
        for word in words:
            far.sendto(word, (HOST, to.getsockname()[1]))


def read(port: Callable[[float, float], list[Arrived]], since: float) -> list[Arrived]:
    by = time.monotonic() + 5
    while not (arrived := port(since, NOW)):
        assert time.monotonic() < by, "nothing came"
    return arrived


def until_stamped(ports: CallSockets) -> None:
    """Wait for the kernel: it begins to stamp a moment after the first socket wants it."""
    at, by = NOW, time.monotonic() + 5
    while at > NOW - 0.005:
        assert time.monotonic() < by, "no stamps"
        say(ports.rtp, b"test")
        time.sleep(0.01)
        ((_, at),) = read(ports.arrived, NOW - 1)


def test_a_datagram_came_when_it_came_and_not_when_it_is_read(ports: CallSockets) -> None:
    until_stamped(ports)
    say(ports.rtp, b"first")
    time.sleep(WAITED_S)
    say(ports.rtp, b"second")
    (first, first_at), (second, second_at) = read(ports.arrived, NOW - 1)
    assert (first.data, second.data) == (b"first", b"second")
    assert NOW - 1 < first_at <= NOW - WAITED_S
    assert second_at - first_at >= WAITED_S * 0.9
    assert second_at <= NOW


def test_nothing_came_before_we_looked_last(ports: CallSockets) -> None:
    until_stamped(ports)
    say(ports.rtp, b"word")
    time.sleep(WAITED_S)
    ((_, at),) = read(ports.arrived, NOW - 0.001)
    assert at == NOW - 0.001


@pytest.mark.parametrize("step_s", [-3600.0, 3600.0])
def test_a_wall_clock_that_jumps_moves_nothing_out_of_its_frame(
    ports: CallSockets, monkeypatch: pytest.MonkeyPatch, step_s: float
) -> None:
    say(ports.rtp, b"word")
    wall = time.time()
    monkeypatch.setattr("firmware.runtime.call_sockets.time.time", lambda: wall + step_s)
    ((_, at),) = read(ports.arrived, NOW - 0.02)
    assert NOW - 0.02 <= at <= NOW


def test_each_port_is_read_for_itself_and_of_a_flood_so_much(ports: CallSockets) -> None:
    say(ports.rtp, *[b"sound"] * (DATAGRAMS_MAX + 5))
    say(ports.rtcp, b"report")
    packets = [packet for packet, _ in read(ports.arrived, NOW)]
    (report,) = [packet for packet in packets if packet.on_rtcp_port]
    assert report.data == b"report"
    assert len(packets) == DATAGRAMS_MAX + 1
    rest = read(ports.arrived, NOW)
    assert len(rest) == 5
    assert not any(packet.on_rtcp_port for packet, _ in rest)
    assert ports.arrived(NOW, NOW) == []


def test_what_came_back_of_a_packet_of_ours_is_no_trouble(ports: CallSockets) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as nobody:
        nobody.bind((HOST, 0))
        gone = nobody.getsockname()[1]
    ports.rtp.connect((HOST, gone))  # So that the kernel tells us.
    ports.rtp.send(b"word")
    assert ports.arrived(NOW, NOW) == []
    with pytest.raises(BlockingIOError):
        ports.rtp.recv(1)


def test_what_nobody_takes_is_lost_and_no_trouble(ports: CallSockets) -> None:
    ports.send(SendPacket(b"word", Endpoint("255.255.255.255", 9)))  # Not allowed.
    ports.send(SendPacket(bytes(70_000), Endpoint(HOST, 9)))  # Longer than a datagram.
    assert ports.arrived(NOW, NOW) == []


@pytest.mark.parametrize("host", [HOST, "::1"])
def test_packets_carry_the_classes_of_the_settings(host: str) -> None:
    ports = opened(host, VoiceSettings(rtp_class=46, rtcp_class=26))
    try:
        six = ":" in host
        level = socket.IPPROTO_IPV6 if six else socket.IPPROTO_IP
        name = socket.IPV6_TCLASS if six else socket.IP_TOS
        assert ports.rtp.getsockopt(level, name) == 46 << 2
        assert ports.rtcp.getsockopt(level, name) == 26 << 2
    finally:
        ports.close()
