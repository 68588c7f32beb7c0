"""Codecs that code the waveform, sample by sample: PCMU, PCMA and G.722.

They have no concealment of their own, so `conceal.py` works on what they decoded. They have no
redundancy either: nothing can be recovered from the packet that follows.

G.722 samples at 16 kHz but its RTP clock says 8000, by an old mistake that RFC 3551 4.5.2 keeps.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable
from typing import TYPE_CHECKING

import G722
import numpy as np

from firmware.media.conceal import Concealer
from firmware.media.g711 import CLOCK_RATE, Law

if TYPE_CHECKING:
    from firmware.media.interfaces import Samples

WIDE_RATE = 16000
G722_BIT_RATE = 64000

PAYLOAD_MAX = CLOCK_RATE * 120 // 1000
"""Octets of a payload: 120 ms, twice what anybody sends; all three codecs send one a tick."""

NOTHING = np.zeros(0, np.int16)


class WaveformEncoder:
    """Frames of one size into payloads."""

    def __init__(
        self, sample_rate: int, ptime_ms: int, compress: Callable[[Samples], bytes]
    ) -> None:
        self.clock_rate = CLOCK_RATE
        self.sample_rate = sample_rate
        self.frame_samples = sample_rate * ptime_ms // 1000
        self._compress = compress

    def encode(self, frame: Samples) -> bytes:
        """Return the payload of one frame."""
        assert len(frame) == self.frame_samples, len(frame)
        return self._compress(frame)


class WaveformDecoder:
    """Payloads into frames, joined to concealment where some were lost."""

    def __init__(self, sample_rate: int, expand: Callable[[bytes], Samples]) -> None:
        self.clock_rate = CLOCK_RATE
        self.sample_rate = sample_rate
        self._expand = expand
        self._concealer = Concealer(sample_rate)

    def decode(self, payload: bytes) -> Samples:
        """Return the payload's samples; none of an empty one or one longer than a packet is."""
        if not 0 < len(payload) <= PAYLOAD_MAX:
            return NOTHING
        return self._concealer.heard(self._expand(payload))

    def recover(self, following: bytes, samples: int) -> Samples | None:
        """Return None: these codecs send everything once."""
        return None

    def conceal(self, samples: int) -> Samples:
        """Return so many samples in place of what was lost."""
        return self._concealer.conceal(samples)


def g711_encoder(law: Law, ptime_ms: int) -> WaveformEncoder:
    """Return an encoder of PCMU or PCMA."""
    return WaveformEncoder(CLOCK_RATE, ptime_ms, law.compress)


def g711_decoder(law: Law) -> WaveformDecoder:
    """Return a decoder of PCMU or PCMA."""
    return WaveformDecoder(CLOCK_RATE, law.expand)


def g722_encoder(ptime_ms: int) -> WaveformEncoder:
    """Return an encoder of G.722 at 64 kbit/s."""
    state = G722.G722(WIDE_RATE, G722_BIT_RATE)

    def compress(frame: Samples) -> bytes:
        payload: bytes = state.encode(array("h", frame.tobytes()))
        return payload

    return WaveformEncoder(WIDE_RATE, ptime_ms, compress)


def g722_decoder() -> WaveformDecoder:
    """Return a decoder of G.722 at 64 kbit/s."""
    state = G722.G722(WIDE_RATE, G722_BIT_RATE)

    def expand(payload: bytes) -> Samples:
        return np.frombuffer(state.decode(payload), np.int16)

    return WaveformDecoder(WIDE_RATE, expand)
