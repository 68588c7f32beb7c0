"""Sound through everything: codec, packets, keys, a bad network, jitter buffer, and back."""

from __future__ import annotations

from dataclasses import replace
from random import Random

import numpy as np
import pytest

from firmware.media.codec import make_decoder, make_encoder
from firmware.media.events import PacketReceived, SendFrame, SendPacket
from firmware.media.formats import CODECS, EVENT_PAYLOAD_TYPES, Codec
from firmware.media.jitter import AdaptiveJitterBuffer
from firmware.media.plan import Format, MediaPlan
from firmware.media.sdes import Suite
from firmware.media.session import PacketSession
from tests.unit.media.ends import HERE, PLAN, THERE, key, mirrored

TONE_HZ = 1000.0
SECONDS = 4
PAYLOAD_TYPE = 96


def plan_for(codec: Codec, suite: Suite) -> MediaPlan:
    spoken = Format(PAYLOAD_TYPE, codec)
    events = EVENT_PAYLOAD_TYPES[codec.clock_rate]
    plan = replace(PLAN, sends=spoken, receives=(spoken,), events_out=events)
    return replace(plan, key_out=key(1, suite), key_in=key(2, suite))


def joined(plan: MediaPlan, seed: int) -> tuple[PacketSession, AdaptiveJitterBuffer]:
    codec = plan.sends.codec
    buffer = AdaptiveJitterBuffer({PAYLOAD_TYPE: make_decoder(codec)})
    encoder = make_encoder(codec, plan.ptime_ms)
    return PacketSession(plan, encoder, buffer, Random(seed), 0.0), buffer


@pytest.mark.parametrize("codec", CODECS, ids=lambda codec: codec.name)
@pytest.mark.parametrize("suite", [Suite.AEAD_AES_256_GCM, Suite.AES_CM_128_HMAC_SHA1_32])
def test_a_tone_arrives_as_the_tone_that_was_sent(codec: Codec, suite: Suite) -> None:
    plan, random = plan_for(codec, suite), Random(5)
    here, _ = joined(plan, 1)
    there, buffer = joined(mirrored(plan), 2)
    rate, frame = codec.sample_rate, codec.sample_rate // 50
    tone = (8000 * np.sin(2 * np.pi * TONE_HZ * np.arange(SECONDS * rate) / rate)).astype(np.int16)
    late: list[tuple[float, bytes]] = []
    heard = []
    for number in range(50 * SECONDS):
        now = 0.02 * number
        for item in here.handle(SendFrame(tone[number * frame : (number + 1) * frame]), now):
            assert isinstance(item, SendPacket)
            assert item.to == THERE
            if random.random() > 0.03:
                late.append((now + random.uniform(0.01, 0.03), item.data))
        for at, data in sorted(late):
            if at <= now:
                there.handle(PacketReceived(data, HERE), now)
        late = [(at, data) for at, data in late if at > now]
        heard.append(buffer.pull(frame, now))
    sound = np.concatenate(heard[50:]).astype(float)
    spectrum = np.abs(np.fft.rfft(sound * np.hanning(len(sound)))) ** 2
    hertz = np.fft.rfftfreq(len(sound), 1 / rate)
    near = np.abs(hertz - TONE_HZ) < 25
    assert spectrum[near].sum() > 0.9 * spectrum.sum()
    assert 0.6 < np.sqrt(np.mean(sound**2)) / (8000 / np.sqrt(2)) < 1.2
    assert not there.counts
