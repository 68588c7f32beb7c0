"""The jitter buffer of a call: every format that the far end may send, at one rate.

The far end may change between the agreed codecs from one packet to the next. The buffer has the
rate of the best of them and the others are brought to it, so that nothing above notices the change.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from firmware.media.codec import make_decoder
from firmware.media.formats import OPUS
from firmware.media.jitter import AdaptiveJitterBuffer
from firmware.media.resample import BLOCKS_A_SECOND, Resampler

if TYPE_CHECKING:
    from firmware.media.interfaces import Decoder, Samples
    from firmware.media.plan import Format


def jitter_buffer_for(formats: Sequence[Format]) -> AdaptiveJitterBuffer:
    """Return a buffer for these formats, at the rate of the best."""
    rate = max(format_.codec.sample_rate for format_ in formats)
    decoders = {
        format_.payload_type: at_rate(make_decoder(format_.codec), rate) for format_ in formats
    }
    return AdaptiveJitterBuffer(decoders, redundant=rate == OPUS.sample_rate)


def at_rate(decoder: Decoder, rate: int) -> Decoder:
    """Return the decoder, or one like it that gives samples of this rate."""
    return decoder if decoder.sample_rate == rate else DecoderAtRate(decoder, rate)


class DecoderAtRate:
    """A decoder whose samples are brought to another rate, in blocks of 1 ms."""

    def __init__(self, decoder: Decoder, rate: int) -> None:
        self.clock_rate = decoder.clock_rate
        self.sample_rate = rate
        self._decoder = decoder
        self._block = decoder.sample_rate // BLOCKS_A_SECOND
        self._resampler = Resampler(decoder.sample_rate, rate)

    def decode(self, payload: bytes) -> Samples:
        """Return a payload's samples; what is no whole block at its end is left out."""
        samples = self._decoder.decode(payload)
        return self._resampler.process(samples[: len(samples) - len(samples) % self._block])

    def recover(self, following: bytes, samples: int) -> Samples | None:
        """Return a lost frame from the payload that followed it; None where it holds none."""
        found = self._decoder.recover(following, self._inner(samples))
        return None if found is None else self._resampler.process(found)[:samples]

    def conceal(self, samples: int) -> Samples:
        """Return so many samples in place of what was lost."""
        return self._resampler.process(self._decoder.conceal(self._inner(samples)))[:samples]

    def _inner(self, samples: int) -> int:
        """Return how many samples of the inner rate make at least so many: whole blocks."""
        blocks = -(-samples * BLOCKS_A_SECOND // self.sample_rate)
        return blocks * self._block
