"""Packets under encryption (RFC 3711, RFC 7714), by libsrtp.

Each direction has a key of its own. The library keeps the roll-over counter of each source, and a
window that refuses what came before (3.3.2). What it refuses raises `SrtpError` with the reason:
with a wrong key nothing else happens than that every packet is refused.

The library's binding knows no MKI: it is checked and cut out before (3.1, RFC 7714 8.1, 9.3).
"""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum

import pylibsrtp

from firmware.media.errors import MediaError
from firmware.media.rtp import PACKET_BYTES_MAX
from firmware.media.sdes import MasterKey, Suite

PROFILES = {
    Suite.AEAD_AES_256_GCM: pylibsrtp.Policy.SRTP_PROFILE_AEAD_AES_256_GCM,
    Suite.AEAD_AES_128_GCM: pylibsrtp.Policy.SRTP_PROFILE_AEAD_AES_128_GCM,
    Suite.AES_CM_128_HMAC_SHA1_80: pylibsrtp.Policy.SRTP_PROFILE_AES128_CM_SHA1_80,
    Suite.AES_CM_128_HMAC_SHA1_32: pylibsrtp.Policy.SRTP_PROFILE_AES128_CM_SHA1_32,
}

TAG_BYTES = {Suite.AES_CM_128_HMAC_SHA1_80: 10, Suite.AES_CM_128_HMAC_SHA1_32: 4}
"""What stands behind the MKI; with GCM nothing does."""

RTCP_TAG_BYTES = {Suite.AES_CM_128_HMAC_SHA1_80: 10, Suite.AES_CM_128_HMAC_SHA1_32: 10}
"""RFC 4568 6.2.2: the short tag is for RTP only."""

SOURCES_MAX = 256
"""Sources under one key: each has a window of its own, which must not be forgotten."""

RTP_SOURCE, RTCP_SOURCE = slice(8, 12), slice(4, 8)
"""Where a packet says who sent it: it can be read before anything is decrypted."""

NOT_AUTHENTIC = frozenset({"authentication failure", "cipher failure"})
REPLAY = "replay check failed"


class Refusal(Enum):
    """Why a packet is not taken."""

    WRONG_KEY = "wrong key"  # Or changed on its way, or not meant for us: all look alike.
    REPLAYED = "replayed"  # It came before, or is older than the window.
    BROKEN = "broken"


class SrtpError(MediaError):
    """A packet is not taken."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(f"SRTP: {refusal.value}")
        self.refusal = refusal


class SrtpSender:
    """Encrypts what goes out."""

    def __init__(self, key: MasterKey) -> None:
        self._session = _session(key, pylibsrtp.Policy.SSRC_ANY_OUTBOUND)

    def protect(self, packet: bytes) -> bytes:
        """Return an RTP packet encrypted."""
        try:
            return self._session.protect(packet)
        except pylibsrtp.Error as error:
            raise _refused(error) from error

    def protect_rtcp(self, packet: bytes) -> bytes:
        """Return an RTCP compound encrypted."""
        try:
            return self._session.protect_rtcp(packet)
        except pylibsrtp.Error as error:
            raise _refused(error) from error


class SrtpReceiver:
    """Decrypts what comes in, and believes only that."""

    def __init__(self, key: MasterKey) -> None:
        self._session = _session(key, pylibsrtp.Policy.SSRC_ANY_INBOUND)
        self._mki = key.mki
        self._tag_bytes = TAG_BYTES.get(key.suite, 0)
        self._rtcp_tag_bytes = RTCP_TAG_BYTES.get(key.suite, 0)
        self._sources: set[bytes] = set()

    def unprotect(self, data: bytes) -> bytes:
        """Return an RTP packet in clear."""
        return self._open(self._session.unprotect, data, data[RTP_SOURCE], self._tag_bytes)

    def unprotect_rtcp(self, data: bytes) -> bytes:
        """Return an RTCP compound in clear."""
        unprotect, tag_bytes = self._session.unprotect_rtcp, self._rtcp_tag_bytes
        return self._open(unprotect, data, data[RTCP_SOURCE], tag_bytes)

    def _open(
        self, function: Callable[[bytes], bytes], data: bytes, source: bytes, tag_bytes: int
    ) -> bytes:
        is_new = source not in self._sources
        if len(data) > PACKET_BYTES_MAX or (is_new and len(self._sources) >= SOURCES_MAX):
            raise SrtpError(Refusal.BROKEN)
        try:
            packet = function(self._without_mki(data, tag_bytes) if self._mki else data)
        except pylibsrtp.Error as error:
            raise _refused(error) from error
        if is_new:
            self._sources.add(source)
        return packet

    def _without_mki(self, data: bytes, tag_bytes: int) -> bytes:
        end = len(data) - tag_bytes
        start = end - len(self._mki)
        if start < 0 or data[start:end] != self._mki:
            raise SrtpError(Refusal.WRONG_KEY)
        return data[:start] + data[end:]


def _session(key: MasterKey, sources: int) -> pylibsrtp.Session:
    profile = PROFILES[key.suite]
    policy = pylibsrtp.Policy(key=key.material, ssrc_type=sources, srtp_profile=profile)
    return pylibsrtp.Session(policy)


def _refused(error: pylibsrtp.Error) -> SrtpError:
    """Say what the library's error means; it is a text."""
    text = str(error)
    if text in NOT_AUTHENTIC:
        return SrtpError(Refusal.WRONG_KEY)
    return SrtpError(Refusal.REPLAYED if text.startswith(REPLAY) else Refusal.BROKEN)
