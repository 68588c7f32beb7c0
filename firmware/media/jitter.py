"""The adaptive jitter buffer: packets when they come, sound when the card asks.

Theory of operation
-------------------
After WebRTC's NetEQ: the buffer holds packets, not sound; each `pull` decides what happens to the
next 20 ms. What is decoded but not yet asked for waits in `_ahead`.

*How deep.* The slack of a packet is how much later it is decoded than the fastest packet of the
last two seconds could have been. `delay.py` says which slack 99 % of packets can do with: the
target. Both are measured by one clock, ours, so jitter moves the target and drift moves the
slack, and one rule answers both: too much slack, and the sound is made shorter by a period of the
voice; too little, and it is made longer (`stretch.py`), in the next pause where that can wait
(`depth.py`). No click, no change of pitch.

Slack changes by whole frames only, since the card asks for whole frames. What is decoded and not
yet played between two of them is delay in vain: it is cut out too.

*What comes next*, while PLAYING:

- the packet that is due is there: decode it;
- a later one is there: the packet in between is lost. Recover it from the later one where the
  codec can, else conceal it. If their numbers are consecutive, or the far end described its
  background, nothing is lost: the far end was silent. WAIT;
- nothing is there: conceal, and wait for what is due. If it comes it is played, later than
  planned (the slack has grown); if a later one comes, the time already concealed counts.

*WAITING* is the start, a silence of the far end (RFC 3389, Opus DTX), or an outage longer than
100 ms. The decoder goes on concealing, which fades out, or comfort noise is made. PLAYING starts
when the earliest packet has the slack of the target: each silence sets the depth anew for free.

Bounds: 100 packets; slack beyond the target by more than 400 ms is left out, cross-faded; a jump
of the timeline by more than 2 s is another stream.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum, auto
from functools import lru_cache
from math import gcd
from typing import TYPE_CHECKING

import numpy as np

from firmware.media.comfort_noise import Background, NoiseGenerator
from firmware.media.conceal import mixed
from firmware.media.delay import DelayModel
from firmware.media.depth import Change, Depth, Steps
from firmware.media.jitter_counts import Counts, JitterStatistics
from firmware.media.packets import PacketStore
from firmware.media.stretch import longer, shorter

if TYPE_CHECKING:
    from firmware.media.interfaces import Decoder, MediaPacket, Samples

QUANTUM_MIN_S = 0.005
"""The least step of slack: the card's frame and the packet have no common one below it."""

SKIP_S = 0.4
"""Slack over the target that is not caught up with but left out."""

SMOOTHING = 0.1
"""Share of one packet's slack in the smoothed one: the card asks a little early or late."""

LOSS_SMOOTHING = 0.01
"""Share of one packet in the rate of loss: the last hundred."""

OUTAGE_S = 0.1
"""Concealment has faded by then; what comes afterwards starts anew."""

ANOTHER_STREAM_S = 2.0
COPIES_FROM, COPIES_UNTIL = 0.005, 0.001
"""Shares of lost packets between which it begins, and ends, to pay to wait for the packet that
repeats a lost one."""

SCALED_MS = 35
"""What is looked at to cut a period out: 20 ms are left of it at least."""

CONCEAL_MS = 10
"""Concealment comes in such steps: SILK's own, shorter ones end in a click."""


class State(Enum):
    """Is voice playing?"""

    WAITING = auto()
    PLAYING = auto()


WAITING, PLAYING = State
"""By themselves: Python 3.11 takes five times as long to find a member of an Enum, each frame."""

LEGAL = {WAITING: {PLAYING}, PLAYING: {WAITING}}


class AdaptiveJitterBuffer:
    """One far end's voice. `decoders` are by payload type and give samples of one rate."""

    def __init__(self, decoders: Mapping[int, Decoder], *, redundant: bool = False) -> None:
        rates = {decoder.sample_rate for decoder in decoders.values()}
        assert len(rates) == 1, rates
        self.sample_rate = rates.pop()
        self._step = self.sample_rate * CONCEAL_MS // 1000
        self._decoders = decoders
        self._redundant = redundant
        self._delays = DelayModel()
        self._depth = Depth()
        self._store = PacketStore()
        self._noise: NoiseGenerator | None = None
        self._odd: tuple[MediaPacket, float] | None = None  # It may begin another stream.
        self._counts = Counts()
        self._state = WAITING
        self._decoder: Decoder | None = None
        self._clock_rate = 0
        self._ahead: Samples = np.zeros(0, np.int16)
        self._quantum = 1  # The step in which the slack can change, in samples.
        self._due = 0  # The timestamp that is decoded next,
        self._sequence: int | None = None  # and the number before it.
        self._packet_ticks = 0  # How much the last packet held.
        self._owed = 0  # Ticks concealed since then without knowing what for.
        self._slack_s: float | None = None
        self._loss = 0.0  # Share of packets lost lately.
        self._waits_for_copies = False
        self._comforts = 0  # Descriptions of background since the last voice,
        self._silent_after = 0  # which was this number.
        self._fading = False  # Its first frame fades in.

    @property
    def statistics(self) -> JitterStatistics:
        """What happened so far, and the depth now."""
        ahead = len(self._ahead) % max(self._quantum, 1)
        depth_s = (self._slack_s or 0.0) + ahead / self.sample_rate
        return self._counts.statistics(depth_s, self._target_s, self.sample_rate)

    def insert(self, packet: MediaPacket, now: float) -> None:
        """Take one packet; of an unknown type, doubled or late it is only counted."""
        decoder = self._decoders.get(packet.payload_type)
        if decoder is None:
            self._counts.unknown += 1
            return
        if decoder.clock_rate != self._clock_rate:
            self.restart()
            self._clock_rate = decoder.clock_rate
        transit_s = now - packet.timestamp / self._clock_rate
        base_s = self._delays.base_s
        if base_s is not None and abs(transit_s - base_s) > ANOTHER_STREAM_S:
            self._consider(packet, transit_s, now)
            return
        self._add(packet, transit_s, now)

    def _consider(self, packet: MediaPacket, transit_s: float, now: float) -> None:
        """Two packets in a row from another time begin another stream; one is a stray."""
        odd, self._odd = self._odd, (packet, transit_s)
        if odd is None or abs(odd[1] - transit_s) > ANOTHER_STREAM_S:
            self._counts.stray += 1
            return
        self.restart()
        self._counts.stray -= 1
        self._add(*odd, now)
        self._add(packet, transit_s, now)

    def _add(self, packet: MediaPacket, transit_s: float, now: float) -> None:
        self._odd = None
        if self._store.is_double(packet.sequence):
            self._counts.doubled += 1
            return
        self._counts.received += 1
        self._delays.arrived(transit_s, now)
        if self._sequence is not None and packet.timestamp < self._due:
            self._counts.late += 1
        else:
            self._counts.dropped += self._store.add(packet)

    def comfort(self, payload: bytes, now: float) -> None:
        """Take a description of the far end's background noise (RFC 3389)."""
        background = Background.parse(payload)
        if background is not None:
            if self._noise is None:
                self._noise = NoiseGenerator(self.sample_rate)
            self._noise.describe(background)
            self._comforts += 1
            self._silent_after = self._store.highest

    def restart(self) -> None:
        """Forget the old stream: another source speaks from here on."""
        self._store.clear()
        self._delays.forget_base()
        self._sequence, self._slack_s, self._odd = None, None, None
        self._comforts = 0
        if self._state is PLAYING:
            self._enter(WAITING)

    def pull(self, samples: int, now: float) -> Samples:
        """Return exactly so many samples."""
        if self._state is WAITING:
            self._start_if_due(now)
        ahead = [self._ahead]
        missing = samples - len(self._ahead)
        while missing > 0:
            piece = self._next(missing, now)
            ahead.append(piece)
            missing -= len(piece)
        sound = np.concatenate(ahead) if len(ahead[0]) or len(ahead) > 2 else ahead[-1]
        if self._state is PLAYING:
            sound = self._scaled(sound, samples)
        self._ahead = sound[samples:]
        return sound[:samples]

    @property
    def _target_s(self) -> float:
        """Slack to aim at; with redundancy and loss, that of the packet after the one due."""
        target_s = self._delays.target_s
        if self._waits_for_copies:
            return target_s + self._packet_ticks / self._clock_rate
        return target_s

    def _enter(self, state: State) -> None:
        assert state in LEGAL[self._state], (self._state, state)
        self._state = state
        self._owed = 0
        self._slack_s = None
        self._fading = True

    def _slack(self, timestamp: int, now: float) -> float:
        """Return how much later than the fastest could come a packet is decoded now."""
        base_s = self._delays.base_s
        return 0.0 if base_s is None else now - timestamp / self._clock_rate - base_s

    def _start_if_due(self, now: float) -> None:
        packet = self._store.first()
        if packet is not None and self._slack(packet.timestamp, now) >= self._target_s:
            self._enter(PLAYING)
            self._due = packet.timestamp

    def _next(self, missing: int, now: float) -> Samples:
        """Return the next piece of sound, some samples of it."""
        if self._state is WAITING:
            return self._background(missing)
        packet = self._store.first()
        if packet is None:
            return self._starved(missing)
        gap = packet.timestamp - self._due
        if gap > self._owed:
            return self._bridge(packet, gap - self._owed, missing)
        self._due, self._owed = packet.timestamp, 0
        slack_s = self._slack(packet.timestamp, now)
        if slack_s > self._target_s + SKIP_S:
            return self._skip(now)
        self._note_slack(slack_s)
        return self._decode()

    def _decode(self) -> Samples:
        """Decode the packet that is due; a bad one is concealed like a lost one."""
        packet = self._store.take()
        self._decoder = self._decoders[packet.payload_type]
        self._count_lost(packet)
        self._sequence = packet.sequence
        if packet.sequence > self._silent_after:
            self._comforts = 0
        sound = self._decoder.decode(packet.payload)
        if not len(sound):
            self._counts.bad += 1
            ticks = self._packet_ticks or self._clock_rate // 50
            sound = self._conceal(self._samples(ticks))
        self._packet_ticks = len(sound) * self._clock_rate // self.sample_rate
        self._due = packet.timestamp + self._packet_ticks
        return sound

    def _note_slack(self, slack_s: float) -> None:
        """Smooth the slack, but follow at once when it moves by a frame."""
        change_s = slack_s - (self._slack_s or 0.0)
        if self._slack_s is None or abs(change_s) > QUANTUM_MIN_S:
            self._slack_s = slack_s
        else:
            self._slack_s += SMOOTHING * change_s

    def _count_lost(self, packet: MediaPacket) -> None:
        """Count the numbers between the last packet and this one, but not descriptions."""
        skipped = 0
        if self._sequence is not None:
            told = self._comforts if packet.sequence > self._silent_after else 0
            skipped = max(packet.sequence - self._sequence - 1 - told, 0)
        self._counts.lost += skipped
        self._loss += LOSS_SMOOTHING * (min(skipped, 1) - self._loss)
        limit = COPIES_UNTIL if self._waits_for_copies else COPIES_FROM
        self._waits_for_copies = self._redundant and self._loss > limit

    def _bridge(self, packet: MediaPacket, gap: int, missing: int) -> Samples:
        """A later packet is there: recover or conceal one packet before it, or go silent."""
        consecutive = packet.sequence - 1 == self._sequence
        silent = self._comforts and packet.sequence > self._silent_after
        if consecutive or silent or gap > OUTAGE_S * self._clock_rate:
            self._enter(WAITING)
            return self._background(missing)
        ticks = min(gap, self._packet_ticks or gap)
        self._due += ticks
        samples = self._samples(ticks)
        if ticks == gap and self._decoder is not None:
            found = self._decoder.recover(packet.payload, samples)
            if found is not None:
                self._counts.recovered += 1
                return found
        return self._conceal(samples)

    def _starved(self, missing: int) -> Samples:
        """Nothing is there: conceal and wait, but not for ever."""
        if self._comforts or self._owed > OUTAGE_S * self._clock_rate:
            self._enter(WAITING)
            return self._background(missing)
        sound = self._conceal(missing)
        self._owed += len(sound) * self._clock_rate // self.sample_rate
        return sound

    def _skip(self, now: float) -> Samples:
        """Leave out what is far too old: conceal a moment, which fades into what comes."""
        if self._decoder is None:
            return self._decode()
        while len(self._store) > 1 and self._slack(self._due, now) > self._target_s:
            self._sequence = self._store.take().sequence
            self._due = self._store.first().timestamp  # type: ignore[union-attr]
            self._counts.skipped += 1
        return np.concatenate((self._conceal(self._step), self._decode()))

    def _conceal(self, samples: int) -> Samples:
        """Return so many samples, rounded up to whole steps."""
        assert self._decoder is not None
        samples = -(-samples // self._step) * self._step
        self._counts.concealed += samples
        return self._decoder.conceal(samples)

    def _background(self, missing: int) -> Samples:
        """Return what is heard while nobody speaks, in the same steps."""
        samples = -(-missing // self._step) * self._step
        if self._decoder is None:
            return np.zeros(samples, np.int16)
        if self._noise is None or not self._comforts:
            return self._decoder.conceal(samples)
        noise = self._noise.frame(samples)
        if not self._fading:
            return noise
        self._fading = False
        voice = self._decoder.conceal(samples).astype(np.float32)
        return mixed(voice, noise.astype(np.float32)).astype(np.int16)

    def _scaled(self, sound: Samples, samples: int) -> Samples:
        """Make the sound shorter where it is late, longer where it is early."""
        if self._slack_s is None or self._owed:
            return sound
        target_s = self._target_s
        packet = self._samples(self._packet_ticks)
        self._quantum, steps = _steps(samples, packet, len(sound) - samples, self.sample_rate)
        frame, frame_s = sound[:samples], samples / self.sample_rate
        change = self._depth.change(frame, frame_s, self._slack_s - target_s, target_s, steps)
        if change is None:
            return sound
        if change.is_longer:
            return self._note_scaled(sound, longer(frame, self.sample_rate, change.alike), samples)
        return self._shorter(sound, samples, change)

    def _shorter(self, sound: Samples, samples: int, change: Change) -> Samples:
        wanted = max(SCALED_MS * self.sample_rate // 1000, samples)
        while len(sound) < wanted and self._is_next_here():
            sound = np.concatenate((sound, self._decode()))
        size = min(wanted, len(sound))
        most_ms = min(change.most_ms, (size - samples) * 1000 / self.sample_rate)
        scaled = shorter(sound[:size], self.sample_rate, change.alike, most_ms)
        return self._note_scaled(sound, scaled, size)

    def _note_scaled(self, sound: Samples, scaled: Samples, size: int) -> Samples:
        if len(scaled) == size:
            return sound
        self._counts.scaled(len(scaled) - size)
        return np.concatenate((scaled, sound[size:]))

    def _is_next_here(self) -> bool:
        packet = self._store.first()
        return packet is not None and packet.timestamp == self._due

    def _samples(self, ticks: int) -> int:
        return ticks * self.sample_rate // self._clock_rate


@lru_cache(maxsize=8)
def _steps(samples: int, packet: int, ahead: int, rate: int) -> tuple[int, Steps]:
    """Return the quantum in samples, and the steps that it makes; nearly always the same."""
    quantum = max(gcd(samples, packet), int(QUANTUM_MIN_S * rate))
    return quantum, Steps(quantum / rate, ahead % quantum / rate)
