"""What two ends agreed on for one call: all that is needed to send and to receive."""

from __future__ import annotations

from enum import Enum
from typing import NamedTuple

from firmware.frozen import frozen
from firmware.media.formats import Codec
from firmware.media.sdes import MasterKey


class Direction(Enum):
    """Who sends, as one end sees it (RFC 3264 5.1)."""

    SENDRECV = "sendrecv"
    SENDONLY = "sendonly"
    RECVONLY = "recvonly"
    INACTIVE = "inactive"

    @classmethod
    def of(cls, *, sends: bool, receives: bool) -> Direction:
        """Return the direction of one who sends, receives, both or neither."""
        return {
            (True, True): cls.SENDRECV,
            (True, False): cls.SENDONLY,
            (False, True): cls.RECVONLY,
            (False, False): cls.INACTIVE,
        }[sends, receives]

    @property
    def sends(self) -> bool:
        """Tell whether this end sends."""
        return self is Direction.SENDRECV or self is Direction.SENDONLY

    @property
    def receives(self) -> bool:
        """Tell whether this end receives."""
        return self is Direction.SENDRECV or self is Direction.RECVONLY


class Endpoint(NamedTuple):
    """An IP address and a port; a tuple, since every packet's source is compared with it."""

    host: str
    port: int


@frozen
class Format:
    """A codec under the number that packets name it by."""

    payload_type: int
    codec: Codec
    parameters: str = ""  # Of fmtp, as the one who listens wrote them.


@frozen
class MediaPlan:
    """One call's sound, from this end's point of view."""

    local_port: int
    remote: Endpoint
    remote_rtcp: Endpoint
    rtcp_mux: bool  # RTCP comes and goes on the port of RTP (RFC 5761).
    sends: Format
    receives: tuple[Format, ...]
    ptime_ms: int  # Of what is sent.
    direction: Direction
    silence_suppression: bool = False
    comfort_noise: bool = False  # Both ends know descriptions of silence (RFC 3389).
    events_out: int | None = None  # The payload type of digits; None: the far end takes none.
    events_in: tuple[tuple[int, int], ...] = ()  # Payload types of digits and their clocks.
    key_out: MasterKey | None = None
    key_in: MasterKey | None = None

    @property
    def is_encrypted(self) -> bool:
        """Tell whether both directions are: the lock on the screen, when and only when."""
        return self.key_out is not None and self.key_in is not None
