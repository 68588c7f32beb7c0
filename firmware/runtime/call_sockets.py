"""The two ports of one call, read once a frame: the kernel says when each datagram came.

Theory of operation
-------------------
A datagram may wait here for 20 ms, and jitter is measured in less. So the kernel stamps each one
when it comes (SO_TIMESTAMPNS). The stamp is of the wall clock, which may jump; what is made of it
is a moment of our own clock, never before the last time that we looked and never after this one.

The kernel is asked which port has something before one is read: an empty port that is read is an
exception, and two of these a frame were a twentieth of a call's processor time.
"""

from __future__ import annotations

import select
import socket
import struct
import time

from firmware.media.events import PacketReceived, SendPacket
from firmware.media.plan import Endpoint, MediaPlan
from firmware.settings import VoiceSettings

DATAGRAM_BYTES = 2048
"""More than any packet of ours on any network; what is longer is cut, and does not decrypt."""

DATAGRAMS_MAX = 64
"""Read from one socket at a time: 20 ms of 3,000 packets a second."""

WAITING_BYTES = 2**20
"""What may wait for us, with the kernel's own needs: the system grants a fifth of it, 20 ms of
10,000 packets a second."""

SO_TIMESTAMPNS = 35
"""asm-generic/socket.h: the same on ARM and on x86; the module has no name for it."""

TIMESPEC = struct.Struct("@ll")
STAMP_BYTES = socket.CMSG_SPACE(TIMESPEC.size)

Arrived = tuple[PacketReceived, float]
"""A datagram, and when it came."""


class CallSockets:
    """Both ports."""

    def __init__(self, plan: MediaPlan, settings: VoiceSettings) -> None:
        self.family = family(plan.remote)
        self.rtp = _bound(self.family, plan.local_port, settings.rtp_class)
        try:
            self.rtcp = _bound(self.family, plan.local_port + 1, settings.rtcp_class)
        except OSError:
            self.rtp.close()
            raise
        self._ports = {sock.fileno(): sock for sock in (self.rtp, self.rtcp)}
        self._ready = select.poll()
        for number in self._ports:
            self._ready.register(number, select.POLLIN)

    def send(self, packet: SendPacket) -> None:
        """Send a datagram; one that the network does not take is lost, as on the way."""
        sock = self.rtcp if packet.from_rtcp_port else self.rtp
        try:
            sock.sendto(packet.data, packet.to)
        except OSError:
            return  # Unreachable for now, or a full buffer: the next one comes in 20 ms.

    def arrived(self, since: float, now: float) -> list[Arrived]:
        """Return what came since that moment, `DATAGRAMS_MAX` from each port at most."""
        to_our_clock_s = now - time.time()
        found: list[Arrived] = []
        for _ in range(DATAGRAMS_MAX):
            ready = self._ready.poll(0)
            if not ready:
                break
            for number, _event in ready:
                sock = self._ports[number]
                try:
                    data, stamps, _flags, source = sock.recvmsg(DATAGRAM_BYTES, STAMP_BYTES)
                except OSError:
                    continue  # What came back of a packet of ours: nobody listens there yet.
                at = min(max(_stamp(stamps) + to_our_clock_s, since), now)
                packet = PacketReceived(data, Endpoint(*source[:2]), sock is self.rtcp)
                found.append((packet, at))
        return found

    def close(self) -> None:
        """Let go of both ports."""
        self.rtp.close()
        self.rtcp.close()


def family(remote: Endpoint) -> socket.AddressFamily:
    """Return the family of a far end's address."""
    return socket.AF_INET6 if ":" in remote.host else socket.AF_INET


def _stamp(stamps: list[tuple[int, int, bytes]]) -> float:
    """Return the kernel's moment of a datagram, in Unix time."""
    ((_level, _type, data),) = stamps
    seconds, nanoseconds = TIMESPEC.unpack(data)
    return float(seconds + nanoseconds * 1e-9)


def _bound(family: socket.AddressFamily, port: int, dscp: int) -> socket.socket:
    """Return a datagram socket on a port of this machine; raise OSError where it is taken."""
    sock = socket.socket(family, socket.SOCK_DGRAM)
    try:
        sock.setblocking(False)
        sock.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, WAITING_BYTES)
        if family == socket.AF_INET6:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_TCLASS, dscp << 2)
        else:
            sock.setsockopt(socket.IPPROTO_IP, socket.IP_TOS, dscp << 2)
        sock.bind(("", port))
    except OSError:
        sock.close()
        raise
    return sock
