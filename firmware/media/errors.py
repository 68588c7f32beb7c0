"""The errors of this package: what a peer sent cannot be used, and a sentence says why."""

from __future__ import annotations


class MediaError(ValueError):
    """Something of the far end cannot be used; the text names it."""


class MalformedPacketError(MediaError):
    """Bytes that are no RTP or RTCP packet: they are dropped and counted."""


class SdesError(MediaError):
    """A `a=crypto` line that this phone must not or cannot use; never holds the key."""
