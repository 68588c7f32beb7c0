"""One call's sound: frames of the sound card on one side, datagrams on the other.

Theory of operation
-------------------
    microphone -> rate of the codec -> whole packets -> PacketSession -> wire
    wire -> PacketSession -> jitter buffer -> rate of the card -> earpiece

The card's frames are 20 ms; a packet may hold 10 to 60. So frames are gathered, and sent when a
packet is full. A digit goes as events (RFC 4733); where the far end takes none, as sound, and where
it sends none, its sound is listened to.

Each new plan may change the codec, the keys and the direction. What is said to a far end that we
hold is silence.
"""

from __future__ import annotations

from collections import deque
from random import Random
from typing import TYPE_CHECKING

import numpy as np

from firmware.media.codec import make_encoder
from firmware.media.comfort_noise import SilenceSuppressor
from firmware.media.dtmf import QUEUE_MAX
from firmware.media.dtmf_inband import DigitDetector, digit_tone
from firmware.media.events import (
    ChangePlan,
    LeaveMedia,
    PacketReceived,
    SendDigit,
    SendFrame,
    SendSilence,
    SoundBegun,
)
from firmware.media.formats import OPUS
from firmware.media.framing import Framer
from firmware.media.plan import Direction, MediaPlan
from firmware.media.playout import jitter_buffer_for
from firmware.media.resample import Resampler
from firmware.media.session import PacketSession
from firmware.media.tones import ToneGenerator

if TYPE_CHECKING:
    from firmware.media.interfaces import Encoder, Samples


class CallVoice:
    """One call, between a card of `rate` samples a second and the network."""

    def __init__(self, plan: MediaPlan, rate: int, random: Random, now: float) -> None:
        self._rate = rate
        self.plan = plan
        """What is agreed."""
        self._encoder, self._buffer = _encoder(plan), jitter_buffer_for(plan.receives)
        self._session = PacketSession(plan, self._encoder, self._buffer, random, now)
        self._heard: list[object] = []  # Digits that came as sound, since they were told last.
        self._take_codec()

    def deadline(self) -> float | None:
        return self._session.deadline()

    def wake(self, now: float) -> list[object]:
        return self._session.wake(now)

    def received(self, packet: PacketReceived, now: float) -> list[object]:
        """Take a datagram; return what is to be sent and what the call has to tell."""
        before, out = self._session.sounding, self._session.handle(packet, now)
        return out if self._session.sounding == before else [*out, SoundBegun()]

    def change(self, plan: MediaPlan, now: float) -> list[object]:
        """Go on with another plan; a codec that stays keeps its state."""
        before, self.plan = self.plan, plan
        if (before.sends, before.ptime_ms) != (plan.sends, plan.ptime_ms):
            self._encoder = _encoder(plan)
        resumed = plan.direction.receives and not before.direction.receives
        if before.receives != plan.receives or resumed:  # Nothing of before the hold is heard.
            self._buffer = jitter_buffer_for(plan.receives)
        out = self._session.handle(ChangePlan(plan, self._encoder, self._buffer), now)
        self._take_codec()
        return out

    def leave(self, now: float) -> list[object]:
        """Say goodbye to the far end's reports."""
        return self._session.handle(LeaveMedia(), now)

    def press(self, digit: str, now: float) -> list[object]:
        """Send a digit; of those that wait, only so many are kept."""
        if self.plan.events_out is not None:
            return self._session.handle(SendDigit(digit), now)
        if len(self._tones) < QUEUE_MAX:
            self._tones.append(ToneGenerator(digit_tone(digit), self._encoder.sample_rate))
        return []

    def hear(self, samples: int, now: float) -> Samples:
        """Return the next samples of the far end, at the card's rate."""
        wanted = samples * self._buffer.sample_rate // self._rate
        heard = self._buffer.pull(wanted, now)
        if self._detector is not None:
            self._heard += self._detector.take(heard)
        return self._to_card.process(heard)

    def speak(self, frame: Samples, now: float) -> list[object]:
        """Take a frame of the microphone; return the packets that it completes."""
        if self._holds:
            frame = np.zeros_like(frame)  # The far end is held; nobody shall hear the room.
        out, self._heard = self._heard, []
        for one in self._framer.take(self._to_codec.process(frame)):
            out += self._send(one, now)
        return out

    def _take_codec(self) -> None:
        """Set up what depends on the plan."""
        # Whether the far end is heard, and whether it is held: asked of every frame.
        self.is_heard = self.plan.direction.receives
        self._holds = self.plan.direction is Direction.SENDONLY
        encoder = self._encoder
        self._to_codec = Resampler(self._rate, encoder.sample_rate)
        self._to_card = Resampler(self._buffer.sample_rate, self._rate)
        self._framer = Framer(encoder.frame_samples)
        self._tones: deque[ToneGenerator] = deque()
        by_sound = not self.plan.events_in
        self._detector = DigitDetector(self._buffer.sample_rate) if by_sound else None
        self._suppressor: SilenceSuppressor | None = None
        agreed = self.plan.silence_suppression and self.plan.comfort_noise
        if agreed and self.plan.sends.codec != OPUS:  # Opus describes silence itself.
            self._suppressor = SilenceSuppressor(encoder.frame_samples / encoder.sample_rate)

    def _send(self, frame: Samples, now: float) -> list[object]:
        if self._tones:
            frame = self._tones[0].frame(len(frame))
            if self._tones[0].is_over:
                self._tones.popleft()
        silence = self._suppressor.take(frame) if self._suppressor else None
        event = SendFrame(frame) if silence is None else SendSilence(silence)
        return self._session.handle(event, now)


def _encoder(plan: MediaPlan) -> Encoder:
    return make_encoder(
        plan.sends.codec, plan.ptime_ms, silence_suppression=plan.silence_suppression
    )
