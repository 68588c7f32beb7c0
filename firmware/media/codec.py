"""The codecs of the phone: their names and rates, and who makes an encoder or a decoder.

Only names and numbers are loaded with this module. The codec itself, and numpy with it, is loaded
when the first call needs it: a phone that has just been plugged in registers first.

Opus needs Debian's libopus0. Where that is missing the phone offers the other codecs.
"""

from __future__ import annotations

import ctypes
from typing import TYPE_CHECKING

from firmware.frozen import frozen

if TYPE_CHECKING:
    from firmware.media.interfaces import Decoder, Encoder

OPUS_LIBRARY = "libopus.so.0"

FRAME_MS = 20
"""How much sound one call of the sound card brings; also the usual packet."""


@frozen
class Codec:
    """A codec as SDP names it (RFC 3551 table 4, RFC 7587 7)."""

    name: str
    payload_type: int  # Ours: the static one, or the dynamic one that we offer.
    clock_rate: int
    sample_rate: int
    ptimes_ms: tuple[int, ...]  # What one packet may hold.


WAVEFORM_PTIMES_MS = (10, 20, 30, 40, 50, 60)

OPUS = Codec("opus", 96, 48000, 48000, (10, 20, 40, 60))
G722 = Codec("G722", 9, 8000, 16000, WAVEFORM_PTIMES_MS)
PCMU = Codec("PCMU", 0, 8000, 8000, WAVEFORM_PTIMES_MS)
PCMA = Codec("PCMA", 8, 8000, 8000, WAVEFORM_PTIMES_MS)

CODECS = (OPUS, G722, PCMU, PCMA)
"""All of them, the best first."""


def available() -> tuple[Codec, ...]:
    """Return the codecs that this machine can run, the best first."""
    return CODECS if opus_is_present() else tuple(codec for codec in CODECS if codec is not OPUS)


def opus_is_present() -> bool:
    """Tell whether the library is installed; it is found by the loader's own search."""
    try:
        ctypes.CDLL(OPUS_LIBRARY)
    except OSError:
        return False
    return True


def nearest_ptime(codec: Codec, wanted_ms: int) -> int:
    """Return the longest packet that is not longer than what is wanted, or the shortest."""
    fitting = [ptime for ptime in codec.ptimes_ms if ptime <= wanted_ms]
    return max(fitting, default=codec.ptimes_ms[0])


def make_encoder(
    codec: Codec, ptime_ms: int = FRAME_MS, *, silence_suppression: bool = False
) -> Encoder:
    """Return a new encoder for packets of so many milliseconds."""
    if codec == OPUS:
        from firmware.media.codec_opus import OpusEncoder

        return OpusEncoder(ptime_ms, silence_suppression=silence_suppression)
    from firmware.media import codec_waveform, g711

    if codec == G722:
        return codec_waveform.g722_encoder(ptime_ms)
    return codec_waveform.g711_encoder(g711.LAWS[codec.name], ptime_ms)


def make_decoder(codec: Codec) -> Decoder:
    """Return a new decoder."""
    if codec == OPUS:
        from firmware.media.codec_opus import OpusDecoder

        return OpusDecoder()
    from firmware.media import codec_waveform, g711

    if codec == G722:
        return codec_waveform.g722_decoder()
    return codec_waveform.g711_decoder(g711.LAWS[codec.name])
