"""A far end, a network and a card around a jitter buffer, in simulated time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from heapq import heappop, heappush

import numpy as np

from firmware.media.codec import Codec, make_decoder, make_encoder
from firmware.media.interfaces import MediaPacket
from firmware.media.jitter import AdaptiveJitterBuffer
from firmware.media.jitter_counts import JitterStatistics
from tests.unit.media.sounds import Samples, frames

PAYLOAD_TYPE = 96
FRAME_S = 0.02


@dataclass
class Network:
    """What happens to packets: jitter is the 95th percentile of an exponential delay."""

    jitter_s: float = 0.0
    loss: float = 0.0
    burst: int = 1  # Lost in a row.
    doubled: float = 0.0
    stall_every_s: float = 0.0
    stall_s: float = 0.0
    drift_ppm: float = 0.0
    seed: int = 7

    def arrivals(self, packets: list[MediaPacket], ptime_s: float) -> list[tuple[float, int]]:
        """Return (arrival, number) of each packet that arrives, in order of arrival."""
        random = np.random.default_rng(self.seed)
        sent = np.arange(len(packets)) * ptime_s * (1 - self.drift_ppm * 1e-6)
        delay = random.exponential(self.jitter_s / 3, len(packets)) if self.jitter_s else 0.0 * sent
        if self.stall_every_s:
            phase = sent % self.stall_every_s
            delay += np.where(phase < self.stall_s, self.stall_s - phase, 0)
        lost = random.random(len(packets)) < self.loss / self.burst
        for _ in range(1, self.burst):
            lost[1:] |= lost[:-1]
        queue: list[tuple[float, int]] = []
        for number, moment in enumerate(sent + delay + 0.05):
            if not lost[number]:
                heappush(queue, (float(moment), number))
                if random.random() < self.doubled:
                    heappush(queue, (float(moment) + 0.003, number))
        return [heappop(queue) for _ in range(len(queue))]


@dataclass
class Heard:
    """What came out of the buffer, and how it was on the way, ten times a second."""

    sound: Samples
    rate: int
    statistics: JitterStatistics
    depths_ms: list[int] = field(default_factory=list)
    targets_ms: list[int] = field(default_factory=list)


def packets_of(of: Codec, sound: Samples, ptime_ms: int = 20) -> list[MediaPacket]:
    """Return a sound as packets; where the encoder sends nothing there is a gap in time only."""
    encoder = make_encoder(of, ptime_ms)
    ticks = of.clock_rate * ptime_ms // 1000
    payloads = [encoder.encode(frame) for frame in frames(sound, encoder.frame_samples)]
    return [
        MediaPacket(1000 + number, 50000 + number * ticks, PAYLOAD_TYPE, payload)
        for number, payload in enumerate(payloads)
    ]


def buffer_of(of: Codec) -> AdaptiveJitterBuffer:
    return AdaptiveJitterBuffer({PAYLOAD_TYPE: make_decoder(of)}, redundant=of.name == "opus")


def play(of: Codec, sound: Samples, network: Network, ptime_ms: int = 20) -> Heard:
    """Send a sound through a network and a jitter buffer."""
    packets = packets_of(of, sound, ptime_ms)
    arrivals = network.arrivals(packets, ptime_ms / 1000)
    seconds = len(packets) * ptime_ms / 1000
    buffer = buffer_of(of)
    heard = Heard(sound[:0], of.sample_rate, buffer.statistics)
    pieces = list(pulls(buffer, packets, arrivals, seconds, heard))
    heard.sound = np.concatenate(pieces)
    heard.statistics = buffer.statistics
    return heard


def pulls(
    buffer: AdaptiveJitterBuffer,
    packets: list[MediaPacket],
    arrivals: list[tuple[float, int]],
    seconds: float,
    heard: Heard | None = None,
    each: Callable[[float], None] = lambda now: None,
) -> Iterator[Samples]:
    """Yield what the card gets every 20 ms."""
    samples = buffer.sample_rate // 50
    next_arrival = 0
    for tick in range(int((seconds + 0.2) / FRAME_S)):
        now = tick * FRAME_S + 0.0071
        while next_arrival < len(arrivals) and arrivals[next_arrival][0] <= now:
            moment, number = arrivals[next_arrival]
            buffer.insert(packets[number], moment)
            next_arrival += 1
        each(now)
        yield buffer.pull(samples, now)
        if heard is not None and tick % 5 == 0:
            statistics = buffer.statistics
            heard.depths_ms.append(statistics.depth_ms)
            heard.targets_ms.append(statistics.target_ms)
