"""One buffer for every agreed format: the far end may change its codec in the middle of a word."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest

from firmware.media.codec import make_decoder, make_encoder
from firmware.media.formats import CODECS, G722, OPUS, PCMA, PCMU, Codec
from firmware.media.interfaces import MediaPacket
from firmware.media.plan import Format
from firmware.media.playout import at_rate, jitter_buffer_for
from tests.unit.media.sounds import frames, largest_step, level, pitch, sine


@pytest.mark.parametrize(("first", "second"), list(permutations(CODECS, 2)), ids=str)
def test_a_change_of_codec_is_heard_at_the_rate_of_the_best(first: Codec, second: Codec) -> None:
    rate = max(first.sample_rate, second.sample_rate)
    formats = [Format(0, first), Format(1, second)]
    buffer, now, sequence, timestamp = jitter_buffer_for(formats), 0.0, 1000, 90000
    made = []
    for number, codec in enumerate((first, second, first)):
        encoder = make_encoder(codec, 20)
        for frame in frames(sine(437, codec.sample_rate, 1), encoder.frame_samples):
            payload = encoder.encode(frame)
            buffer.insert(MediaPacket(sequence, timestamp, number % 2, payload), now)
            made.append(buffer.pull(rate // 50, now + 0.001))
            now, sequence, timestamp = now + 0.02, sequence + 1, timestamp + codec.clock_rate // 50
    sound = np.concatenate(made)
    for start in (0.3, 1.3, 2.3):
        part = sound[int(start * rate) : int((start + 0.6) * rate)]
        assert pitch(part, rate) == pytest.approx(437, abs=1)
        assert level(part) == pytest.approx(-13.3, abs=1)
    assert buffer.statistics.lost == 0


@pytest.mark.parametrize("codec", CODECS, ids=lambda codec: codec.name)
@pytest.mark.parametrize("rate", [8000, 16000, 48000])
def test_a_decoder_at_another_rate_gives_what_is_asked_for(codec: Codec, rate: int) -> None:
    decoder = at_rate(make_decoder(codec), rate)
    assert decoder.sample_rate == rate
    assert decoder.clock_rate == codec.clock_rate
    encoder = make_encoder(codec, 20)
    sound = sine(437, codec.sample_rate, 1)
    payloads = [encoder.encode(frame) for frame in frames(sound, encoder.frame_samples)]
    made = np.concatenate([decoder.decode(payload) for payload in payloads])
    assert len(made) == rate
    assert largest_step(made[rate // 5 :]) < 1.4 * largest_step(sine(437, rate, 1))
    assert len(decoder.conceal(rate // 100)) == rate // 100
    assert len(decoder.conceal(7)) == 7
    recovered = decoder.recover(payloads[-1], rate // 50)
    assert recovered is None or len(recovered) == rate // 50
    assert len(decoder.decode(b"")) == 0
    assert len(decoder.decode(b"\x11\x22\x33")) >= 0


def test_one_format_costs_no_conversion() -> None:
    decoder = make_decoder(PCMA)
    assert at_rate(decoder, 8000) is decoder
    assert jitter_buffer_for([Format(8, PCMA), Format(0, PCMU)]).sample_rate == 8000
    assert jitter_buffer_for([Format(9, G722)]).sample_rate == 16000
    assert jitter_buffer_for([Format(0, PCMU), Format(107, OPUS)]).sample_rate == 48000
