"""Two ends of a call's packets, with an encoder and a buffer that only count."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from random import Random
from typing import TYPE_CHECKING

import numpy as np

from firmware.media.events import PacketReceived, SendFrame, SendPacket
from firmware.media.formats import PCMU
from firmware.media.interfaces import MediaPacket
from firmware.media.jitter_counts import Counts, JitterStatistics
from firmware.media.plan import Direction, Endpoint, Format, MediaPlan
from firmware.media.sdes import MasterKey, Suite
from firmware.media.session import MediaEvent, PacketSession

if TYPE_CHECKING:
    from firmware.media.interfaces import Samples

HERE, THERE = Endpoint("192.0.2.99", 3000), Endpoint("198.51.100.7", 4000)
STRANGER = Endpoint("203.0.113.66", 6666)
FRAME = np.zeros(160, np.int16)
PTIME_S = 0.02


class Words:
    """An encoder whose payloads are numbers; it is quiet when told so."""

    clock_rate = 8000
    sample_rate = 8000
    frame_samples = 160

    def __init__(self) -> None:
        self.said = 0
        self.is_quiet = False

    def encode(self, frame: Samples) -> bytes:
        self.said += 1
        return b"" if self.is_quiet else b"word %d" % self.said


@dataclass(eq=False)
class Heap:
    """A buffer that keeps what it is given."""

    sample_rate: int = 8000
    packets: list[MediaPacket] = field(default_factory=list)
    noises: list[bytes] = field(default_factory=list)
    restarts: int = 0

    @property
    def statistics(self) -> JitterStatistics:
        return Counts(received=len(self.packets)).statistics(0.02, 0.03, self.sample_rate)

    def insert(self, packet: MediaPacket, now: float) -> None:
        self.packets.append(packet)

    def comfort(self, payload: bytes, now: float) -> None:
        self.noises.append(payload)

    def pull(self, samples: int, now: float) -> Samples:
        return np.zeros(samples, np.int16)

    def restart(self) -> None:
        self.restarts += 1

    @property
    def words(self) -> list[bytes]:
        return [packet.payload for packet in self.packets]


def key(seed: int, suite: Suite = Suite.AEAD_AES_256_GCM) -> MasterKey:
    return MasterKey.make(suite, Random(seed).randbytes)


PLAN = MediaPlan(
    local_port=HERE.port,
    remote=THERE,
    remote_rtcp=THERE,
    rtcp_mux=True,
    sends=Format(0, PCMU),
    receives=(Format(0, PCMU),),
    ptime_ms=20,
    direction=Direction.SENDRECV,
    events_out=101,
    events_in=((101, 8000),),
    key_out=key(1),
    key_in=key(2),
)
PLAIN = replace(PLAN, key_out=None, key_in=None)


def mirrored(plan: MediaPlan) -> MediaPlan:
    """Return the far end's plan."""
    turned = {Direction.SENDONLY: Direction.RECVONLY, Direction.RECVONLY: Direction.SENDONLY}
    rtcp = HERE if plan.rtcp_mux else Endpoint(HERE.host, HERE.port + 1)
    return replace(
        plan,
        local_port=THERE.port,
        remote=HERE,
        remote_rtcp=rtcp,
        direction=turned.get(plan.direction, plan.direction),
        key_out=plan.key_in,
        key_in=plan.key_out,
    )


class End:
    """One end."""

    def __init__(self, plan: MediaPlan, seed: int, address: Endpoint, now: float = 0.0) -> None:
        self.words, self.heap, self.address = Words(), Heap(), address
        self.session = PacketSession(plan, self.words, self.heap, Random(seed), now)
        self.out: list[object] = []

    def feed(self, event: MediaEvent, now: float) -> list[object]:
        return self._keep(self.session.handle(event, now))

    def wake(self, now: float) -> list[object]:
        out = self._keep(self.session.wake(now))
        due = self.session.deadline()
        assert due is None or due > now, "a wake has to move the deadline"
        return out

    def says(self, now: float) -> SendPacket:
        (sent,) = self.feed(SendFrame(FRAME), now)
        assert isinstance(sent, SendPacket)
        return sent

    def hears(self, sent: SendPacket | bytes, now: float, source: Endpoint = THERE) -> list[object]:
        data = sent if isinstance(sent, bytes) else sent.data
        on_rtcp_port = isinstance(sent, SendPacket) and sent.from_rtcp_port
        source = Endpoint(source.host, source.port + on_rtcp_port)
        return self.feed(PacketReceived(data, source, on_rtcp_port), now)

    def sent(self) -> list[SendPacket]:
        return [item for item in self.out if isinstance(item, SendPacket)]

    def _keep(self, out: list[object]) -> list[object]:
        self.out += out
        return out


def pair(plan: MediaPlan = PLAN) -> tuple[End, End]:
    return End(plan, 1, HERE), End(mirrored(plan), 2, THERE)
