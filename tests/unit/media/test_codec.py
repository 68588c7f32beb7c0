"""The codecs behind their one shape: sound through, bad payloads, packets of every length."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firmware.media import codec
from firmware.media.codec import CODECS, G722, OPUS, PCMA, PCMU, Codec
from firmware.media.codec import make_decoder as decoder_of
from firmware.media.codec import make_encoder as encoder_of
from firmware.media.codec_opus import holds_copy
from firmware.media.framing import Framer
from tests.unit.media.sounds import (
    Samples,
    frames,
    level,
    likeness,
    noise,
    pitch,
    sine,
    spectral_distance,
    speech,
)

EACH = pytest.mark.parametrize("of", CODECS, ids=lambda of: of.name)
DELAYS = {OPUS: 312, G722: 22, PCMU: 0, PCMA: 0}
"""Samples from encoder to decoder: Opus 6.5 ms, G.722's filters 22."""


def through(of: Codec, sound: Samples, ptime_ms: int = 20) -> Samples:
    encoder, decoder = encoder_of(of, ptime_ms), decoder_of(of)
    packets = [encoder.encode(frame) for frame in frames(sound, encoder.frame_samples)]
    return np.concatenate([decoder.decode(packet) for packet in packets])


@pytest.mark.parametrize(("of", "ptime_ms"), [(of, ms) for of in CODECS for ms in of.ptimes_ms])
def test_a_sine_comes_through_in_packets_of_every_length(of: Codec, ptime_ms: int) -> None:
    sound = sine(440, of.sample_rate, 1.2)
    made = through(of, sound, ptime_ms)
    assert len(made) == len(sound)
    steady = made[of.sample_rate // 5 :]
    assert pitch(steady, of.sample_rate) == pytest.approx(440, abs=1)
    assert abs(level(steady) - level(sound)) < 1.5


@EACH
def test_speech_comes_through(of: Codec) -> None:
    sound = speech(of.sample_rate)
    made = through(of, sound)[DELAYS[of] :]
    assert spectral_distance(made, sound[: len(made)], of.sample_rate) < 4


@EACH
def test_the_delay_is_known(of: Codec) -> None:
    sound = noise(of.sample_rate, 0.5) if of is not OPUS else speech(48000)[:48000]
    # The treble alone: it shows a delay to the sample, where bass is alike a few samples on.
    made, sound = (np.diff(each.astype(int), 2) for each in (through(of, sound), sound))
    size = len(made) - 1000
    found = [likeness(made[delay : delay + size], sound[:size]) for delay in range(600)]
    assert int(np.argmax(found)) == pytest.approx(DELAYS[of], abs=2)


@EACH
def test_rates_are_those_of_the_table(of: Codec) -> None:
    for coder in (encoder_of(of), decoder_of(of)):
        assert (coder.clock_rate, coder.sample_rate) == (of.clock_rate, of.sample_rate)
    assert encoder_of(of, 20).frame_samples == of.sample_rate // 50


@EACH
@pytest.mark.parametrize("bad", [b"", bytes(4000), b"\xff" * 4000], ids=["empty", "0", "ff"])
def test_a_payload_that_is_none_gives_no_samples(of: Codec, bad: bytes) -> None:
    assert len(decoder_of(of).decode(bad)) == 0


@EACH
@settings(max_examples=60)
@given(payloads=st.lists(st.binary(max_size=1500), max_size=8))
def test_any_bytes_give_samples_and_the_decoder_lives(of: Codec, payloads: list[bytes]) -> None:
    decoder = decoder_of(of)
    for payload in payloads:
        made = decoder.decode(payload)
        assert made.dtype == np.int16
        assert len(made) <= of.sample_rate * 120 // 1000
        recovered = decoder.recover(payload, of.sample_rate // 50)
        assert recovered is None or len(recovered) == of.sample_rate // 50
        assert len(decoder.conceal(of.sample_rate // 50)) == of.sample_rate // 50


@EACH
@pytest.mark.parametrize("samples", [1, 40, 119, 160, 999, 5000])
def test_concealment_gives_as_many_samples_as_were_asked_for(of: Codec, samples: int) -> None:
    assert len(decoder_of(of).conceal(samples)) == samples


@EACH
def test_a_hole_in_speech_fades_and_returns(of: Codec) -> None:
    sound = speech(of.sample_rate)[: of.sample_rate]
    encoder, decoder = encoder_of(of), decoder_of(of)
    packets = [encoder.encode(frame) for frame in frames(sound, encoder.frame_samples)]
    for packet in packets[:20]:
        decoder.decode(packet)
    holes = [decoder.conceal(encoder.frame_samples) for _ in range(10)]
    assert level(holes[9]) < -50
    back = np.concatenate([decoder.decode(packet) for packet in packets[30:]])
    again = sound[-len(back) :]
    assert abs(level(back) - level(again)) < 2


def test_opus_recovers_a_lost_frame_from_the_next_packet() -> None:
    sound = speech(48000)
    encoder, whole, lossy, deaf = encoder_of(OPUS), *(decoder_of(OPUS) for _ in range(3))
    packets = [encoder.encode(frame) for frame in frames(sound, 960)]
    expected, recovered, concealed = [], [], []
    for number, (packet, following) in enumerate(pairwise(packets)):
        expected.append(whole.decode(packet))
        if number % 10 == 5:
            copy = lossy.recover(following, 960)
            recovered.append(lossy.conceal(960) if copy is None else copy)
            concealed.append(deaf.conceal(960))
        else:
            recovered.append(lossy.decode(packet))
            concealed.append(deaf.decode(packet))
    voiced = [holds_copy(packet) for packet in packets]
    assert 0.3 < np.mean(voiced) < 1
    carrier = packets[voiced.index(True)]
    assert [lossy.recover(carrier, odd) for odd in (0, 481, 6000, -480)] == [None] * 4
    near, far, original = (np.concatenate(all_) for all_ in (recovered, concealed, expected))
    distance = spectral_distance(near, original, 48000)
    assert distance < 0.6 * spectral_distance(far, original, 48000)


def test_opus_sends_nothing_in_silence_only_where_it_is_suppressed() -> None:
    silence = np.zeros(960, np.int16)
    for suppressed in (False, True):
        encoder = encoder_of(OPUS, silence_suppression=suppressed)
        packets = [encoder.encode(silence) for _ in range(100)]
        assert (b"" in packets[50:]) is suppressed


def test_a_copy_is_not_seen_where_there_is_none() -> None:
    assert not holds_copy(b"")
    assert not holds_copy(b"\x08")
    assert not holds_copy(b"\x80\xff")  # CELT.
    assert holds_copy(b"\x08\x40")
    assert not holds_copy(b"\x08\x80")
    assert holds_copy(b"\x10\x20")  # 40 ms: two voice flags before it.


def test_without_the_library_the_other_codecs_are_offered(monkeypatch: pytest.MonkeyPatch) -> None:
    assert codec.available() == CODECS
    monkeypatch.setattr(codec, "OPUS_LIBRARY", "libopus-that-is-not-there.so.0")
    assert codec.available() == (G722, PCMU, PCMA)


def test_the_nearest_packet_length() -> None:
    assert OPUS.ptime_ms(30) == 20
    assert PCMA.ptime_ms(30) == 30
    assert G722.ptime_ms(500) == 60
    assert OPUS.ptime_ms(5) == 10


@given(st.lists(st.integers(0, 1000), max_size=20), st.sampled_from([80, 160, 960]))
def test_frames_are_whole_and_nothing_is_lost(sizes: list[int], size: int) -> None:
    framer = Framer(size)
    sound = np.arange(sum(sizes)).astype(np.int16)
    made, start = [], 0
    for part in sizes:
        made += framer.take(sound[start : start + part])
        start += part
    assert all(len(frame) == size for frame in made)
    assert len(made) == len(sound) // size
    assert not made or np.array_equal(np.concatenate(made), sound[: len(made) * size])


def test_a_frame_of_the_right_size_is_passed_on_as_it_is() -> None:
    frame = np.ones(160, np.int16)
    assert Framer(160).take(frame)[0] is frame
