"""Opus (RFC 6716, RFC 7587): 48 kHz, mono, with redundancy against loss.

Theory of operation
-------------------
libopus does the work; `opuslib_next` declares its functions to ctypes. Its classes copy each
sample through a Python list, so this module calls the declared functions with numpy's buffers.

What is set, and why, on a Raspberry Pi Zero 2:

- application VoIP, signal voice, 40 kbit/s: full-band speech and its redundancy, for less than
  G.711 takes (24 kbit/s scored half a point less with `pesq`, whole or with losses);
- complexity 5: half the work of 9 for two tenths of a point;
- in-band redundancy for 10 % expected loss: each packet carries a coarse copy of the frame
  before, so that one lost packet is `recover`ed from the one that follows it;
- DTX only where silence is suppressed: then almost nothing is sent while nobody speaks, and
  libopus makes comfort noise out of `conceal`.

A hole is filled by libopus (PLC), which also joins what comes after it. A payload that it calls
corrupt gives no samples.
"""

from __future__ import annotations

import ctypes
from typing import TYPE_CHECKING
from weakref import finalize

import numpy as np
from opuslib_next import constants
from opuslib_next.api import ctl
from opuslib_next.api import decoder as decoding
from opuslib_next.api import encoder as encoding

if TYPE_CHECKING:
    from firmware.media.interfaces import Samples

RATE = 48000
CHANNELS = 1

BIT_RATE = 40000
COMPLEXITY = 5
EXPECTED_LOSS_PERCENT = 10

FRAME_MAX = RATE * 120 // 1000
"""The longest packet there is (RFC 6716 2.1.4)."""

CONCEAL_STEP = RATE // 100
"""What concealment comes in: SILK makes 10 ms and forgets what it made beyond a shorter frame."""

PAYLOAD_MAX = 1275
"""The most that one frame takes (RFC 6716 3.4); ours take a tenth of it."""

PTIMES_MS = (10, 20, 40, 60)
"""The frames that one Opus packet of one frame can hold, of those a phone uses."""

NOTHING = np.zeros(0, np.int16)


class OpusEncoder:
    """Frames of one size into Opus packets."""

    def __init__(self, ptime_ms: int, *, silence_suppression: bool = False) -> None:
        assert ptime_ms in PTIMES_MS, ptime_ms
        self.clock_rate = self.sample_rate = RATE
        self.frame_samples = RATE * ptime_ms // 1000
        self._state = encoding.create_state(RATE, CHANNELS, constants.APPLICATION_VOIP)
        finalize(self, encoding.destroy, self._state)
        self._packet = ctypes.create_string_buffer(PAYLOAD_MAX)
        for setting, value in (
            (ctl.set_bitrate, BIT_RATE),
            (ctl.set_complexity, COMPLEXITY),
            (ctl.set_signal, constants.SIGNAL_VOICE),
            (ctl.set_inband_fec, 1),
            (ctl.set_packet_loss_perc, EXPECTED_LOSS_PERCENT),
            (ctl.set_dtx, int(silence_suppression)),
        ):
            encoding.encoder_ctl(self._state, setting, value)

    def encode(self, frame: Samples) -> bytes:
        """Return the packet of one frame; b"" where silence sends nothing (RFC 7587 3.1.3)."""
        assert len(frame) == self.frame_samples, len(frame)
        pcm = np.ascontiguousarray(frame).ctypes.data_as(ctypes.POINTER(ctypes.c_int16))
        size = encoding.libopus_encode(self._state, pcm, len(frame), self._packet, PAYLOAD_MAX)
        assert size >= 0, size  # Our frame, our buffer: libopus has nothing to object to.
        return self._packet.raw[:size] if size > 2 else b""


class OpusDecoder:
    """Opus packets into samples; keeps libopus's state."""

    def __init__(self) -> None:
        self.clock_rate = self.sample_rate = RATE
        self._state = decoding.create_state(RATE, CHANNELS)
        finalize(self, decoding.destroy, self._state)
        self._room = np.zeros(FRAME_MAX, np.int16)
        self._pointer = self._room.ctypes.data_as(ctypes.POINTER(ctypes.c_int16))

    def decode(self, payload: bytes) -> Samples:
        """Return the packet's samples; none of one that libopus calls corrupt."""
        return self._decode(payload, FRAME_MAX, 0) if payload else NOTHING

    def recover(self, following: bytes, samples: int) -> Samples | None:
        """Return the frame before a packet out of the copy that it carries."""
        if samples % CONCEAL_STEP or not 0 < samples <= FRAME_MAX or not holds_copy(following):
            return None
        found = self._decode(following, samples, 1)
        return found if len(found) else None

    def conceal(self, samples: int) -> Samples:
        """Return so many samples in place of what was lost, or comfort noise during DTX.

        What is no multiple of 10 ms is cut out of one.
        """
        pieces = [NOTHING]
        left = -(-samples // CONCEAL_STEP) * CONCEAL_STEP
        while left:
            pieces.append(self._decode(None, min(left, RATE // 50), 0))
            assert len(pieces[-1])  # Whole steps are never refused.
            left -= len(pieces[-1])
        return np.concatenate(pieces)[:samples]

    def _decode(self, payload: bytes | None, samples: int, redundancy: int) -> Samples:
        size = decoding.libopus_decode(
            self._state, payload, len(payload or b""), self._pointer, samples, redundancy
        )
        return self._room[:size].copy() if size > 0 else NOTHING


def holds_copy(packet: bytes) -> bool:
    """Tell whether a packet carries a copy of the frame before it (RFC 6716 3.1, 4.2.3, 4.2.4).

    Its flag stands behind one voice flag for each 20 ms, in the first octet of the first frame.
    """
    if len(packet) < 2 or packet[0] & 0x80:  # CELT has none.
        return False
    if packet[0] & 3 > 1:  # Frames with lengths before them: not what phones send.
        return True
    code = packet[0] >> 3
    voice_flags = max((code & 3), 1) if code < 12 else 1
    return bool(packet[1] >> (7 - voice_flags) & 1)
