"""All that is heard and said on this phone: every call's sound, the tones, volume and mute.

Theory of operation
-------------------
The sound card sets the pace: each of its frames is one `exchange`. What the microphone heard goes
to every call that sends; what the far ends say is mixed, with the tone over it, and comes back to
be played. A call that is held by us sends silence. One that is hushed neither hears the room nor is
heard, from the next frame on, whatever is agreed about it with the far end. Nothing is computed
while there is neither a call nor a tone (`is_idle`).
"""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING, assert_never

import numpy as np

from firmware.machine import earliest, is_due
from firmware.media.call_voice import CallVoice
from firmware.media.events import (
    HushCall,
    MuteMicrophone,
    PacketReceived,
    PlayTone,
    SayDigit,
    SendPacket,
    SetVolume,
    SoundFact,
    SoundReport,
)
from firmware.media.gain import STEP_DB, Gain
from firmware.media.mixer import limited
from firmware.media.plan import MediaPlan
from firmware.media.tones import ToneGenerator, tone_of

if TYPE_CHECKING:
    from firmware.media.interfaces import Samples

Wish = PlayTone | MuteMicrophone | HushCall | SetVolume | SayDigit

Said = list[tuple[int, SendPacket] | SoundReport]
"""Datagrams to send, each with its call, and reports."""


class Voices:
    """Every call between one sound card and the network."""

    def __init__(self, rate: int, country: str, random: Random) -> None:
        self._rate = rate
        self._country = country
        self._random = random
        self._calls: dict[int, CallVoice] = {}
        self._hushed: set[int] = set()
        self._tone: ToneGenerator | None = None
        self._microphone, self._earpiece = Gain(), Gain()
        self._usual_db = 0.0  # What the earpiece in use needs,
        self._volume = 0  # and what the person wants of it, in steps.

    @property
    def is_idle(self) -> bool:
        """Tell whether there is nothing to hear."""
        return not self._calls and self._tone is None

    @property
    def plans(self) -> dict[int, MediaPlan]:
        """What is agreed, by call."""
        return {number: call.plan for number, call in self._calls.items()}

    def deadline(self) -> float | None:
        return earliest(call.deadline() for call in self._calls.values())

    def wake(self, now: float) -> Said:
        """Do what is due between two frames: reports, and the warning that nothing comes."""
        out: Said = []
        for number, call in self._calls.items():
            if is_due(call.deadline(), now):
                out += _said(number, call.wake(now))
        return out

    def agreed(self, call: int, plan: MediaPlan, now: float) -> Said:
        """Begin a call's sound, or go on with what is agreed anew."""
        voice = self._calls.get(call)
        if voice is not None:
            return _said(call, voice.change(plan, now))
        self._calls[call] = CallVoice(plan, self._rate, self._random, now)
        return []

    def over(self, call: int, now: float) -> Said:
        """End a call's sound."""
        voice = self._calls.pop(call, None)
        self._hushed.discard(call)
        if not self._calls:
            self._microphone.muted = False  # A call is never begun mute.
        return _said(call, voice.leave(now)) if voice else []

    def wish(self, wish: Wish, now: float) -> Said:
        """Do what the phone asks for."""
        match wish:
            case PlayTone(None):
                self._tone = None
            case PlayTone(kind):
                assert kind is not None
                self._tone = ToneGenerator(tone_of(self._country, kind), self._rate)
            case MuteMicrophone(muted):
                self._microphone.muted = muted
            case HushCall(call, hushed):
                self._hush(call, hushed)
            case SetVolume(steps):
                self._volume = steps
                self._earpiece.set(self._usual_db + steps * STEP_DB)
            case SayDigit(call, digit):
                if voice := self._calls.get(call):
                    return _said(call, voice.press(digit, now))
            case _:
                assert_never(wish)
        return []

    def use(self, microphone_db: float, earpiece_db: float) -> None:
        """Hear and speak by another way, whose parts need these gains."""
        self._microphone.set(microphone_db)
        self._usual_db = earpiece_db
        self._earpiece.set(earpiece_db + self._volume * STEP_DB)

    def _hush(self, call: int, hushed: bool) -> None:
        if not hushed:
            self._hushed.discard(call)
        elif call in self._calls:
            self._hushed.add(call)

    def received(self, call: int, packet: PacketReceived, now: float) -> Said:
        """Take a datagram of a call's port; one of a call that is over is nobody's."""
        voice = self._calls.get(call)
        told = voice.received(packet, now) if voice else []
        return _said(call, told) if told else []

    def exchange(self, captured: bytes, now: float) -> tuple[bytes, Said]:
        """Let one frame pass: return what to play, and what is to be sent and told."""
        spoken = self._microphone.apply(np.frombuffer(captured, np.int16))
        out: Said = []
        heard = []
        for number, call in self._calls.items():
            is_hushed = number in self._hushed
            out += _said(number, call.speak(np.zeros_like(spoken) if is_hushed else spoken, now))
            if call.is_heard:
                sound = call.hear(len(spoken), now)
                heard += [] if is_hushed else [sound]
        return self._earpiece.apply(self._mixed(heard, len(spoken))).tobytes(), out

    def _mixed(self, heard: list[Samples], samples: int) -> Samples:
        if self._tone is not None:
            heard.append(self._tone.frame(samples))
            if self._tone.is_over:
                self._tone = None
        if not heard:
            return np.zeros(samples, np.int16)
        if len(heard) == 1:
            return heard[0]
        return limited(np.sum(heard, axis=0, dtype=np.int32))


def _said(call: int, items: list[object]) -> Said:
    """Name the call that says it."""
    out: Said = []
    for item in items:
        if isinstance(item, SendPacket):
            out.append((call, item))
        else:
            assert isinstance(item, SoundFact), item
            out.append(SoundReport(call, item))
    return out
