"""What the packets' side and the sounds' side of a call know of each other.

Theory of operation
-------------------
    microphone -> Encoder.encode -> MediaSession -> packet
    packet -> MediaSession -> JitterBuffer.insert ... JitterBuffer.pull -> earpiece

The session (`session.py`) knows packets: RTP, RTCP, SRTP, who may send and whether anybody does.
It hands every packet that belongs to the call to the jitter buffer as a `MediaPacket`, in the
order of arrival and without duplicates. The jitter buffer knows sound: it owns the decoders, puts
packets in order, waits as long as the network asks for, and conceals what never comes.

Two rates must not be mixed up. `clock_rate` is what RTP timestamps count. `sample_rate` is what
samples are. For G.722 they are 8000 and 16000 (RFC 3551 4.5.2); for all others they are the same.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, TypeAlias

from firmware.frozen import frozen

if TYPE_CHECKING:
    import numpy

    from firmware.media.jitter_counts import JitterStatistics

    Samples: TypeAlias = numpy.typing.NDArray[numpy.int16]
    """One channel of sound: a flat array of signed 16-bit samples."""


@frozen
class MediaPacket:
    """One packet of the far end's voice as the jitter buffer takes it."""

    sequence: int  # Extended: it only grows, over any roll-over (RFC 3550 A.1).
    timestamp: int  # Extended likewise, in ticks of the payload's clock rate.
    payload_type: int
    payload: bytes
    marker: bool = False  # The first packet after a silence (RFC 3551 4.1).


class Encoder(Protocol):
    """Turns the microphone's frames into payloads."""

    @property
    def clock_rate(self) -> int:
        """Ticks of the RTP timestamp a second."""

    @property
    def sample_rate(self) -> int:
        """Samples a second of the frames."""

    @property
    def frame_samples(self) -> int:
        """Samples in each frame, that is in one packet."""

    def encode(self, frame: Samples) -> bytes:
        """Return the payload of one frame; b"" where silence sends nothing."""


class Decoder(Protocol):
    """Turns payloads back into samples; keeps the state that the codec needs."""

    @property
    def clock_rate(self) -> int:
        """Ticks of the RTP timestamp a second."""

    @property
    def sample_rate(self) -> int:
        """Samples a second of what it returns."""

    def decode(self, payload: bytes) -> Samples:
        """Return a payload's samples; any bytes give samples, an empty array where none can be."""

    def recover(self, following: bytes, samples: int) -> Samples | None:
        """Return a lost frame from the payload that followed it; None where it holds none."""

    def conceal(self, samples: int) -> Samples:
        """Return so many samples in place of what was lost."""


class JitterBuffer(Protocol):
    """Takes packets when they come, gives samples when the sound card asks."""

    @property
    def sample_rate(self) -> int:
        """Samples a second of what `pull` returns."""

    @property
    def statistics(self) -> JitterStatistics:
        """What happened so far, and the depth now."""

    def insert(self, packet: MediaPacket, now: float) -> None:
        """Take one packet; bounded memory whatever comes."""

    def comfort(self, payload: bytes, now: float) -> None:
        """Take a description of the far end's background noise (RFC 3389)."""

    def pull(self, samples: int, now: float) -> Samples:
        """Return exactly so many samples: voice, concealment, comfort noise or silence."""

    def restart(self) -> None:
        """Forget the old stream: another source speaks from here on."""
