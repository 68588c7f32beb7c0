"""Who makes an encoder or a decoder of a codec; their names and rates are in `formats.py`.

The codec itself, and numpy with it, is loaded when the first call needs it: a phone that has just
been plugged in registers first.

Opus needs Debian's libopus0. Where that is missing the phone offers the other codecs.
"""

from __future__ import annotations

import ctypes
from typing import TYPE_CHECKING

from firmware.media.formats import CODECS, G722, OPUS, PCMA, PCMU, Codec

if TYPE_CHECKING:
    from firmware.media.interfaces import Decoder, Encoder

__all__ = ["CODECS", "G722", "OPUS", "PCMA", "PCMU", "Codec", "make_decoder", "make_encoder"]

OPUS_LIBRARY = "libopus.so.0"

FRAME_MS = 20
"""How much sound one call of the sound card brings; also the usual packet."""


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
