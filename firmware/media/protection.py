"""Encryption of a call as its plan wants it: both directions, one, or none.

When a re-INVITE brings another key, packets under the old one may still be on their way. So the
old key is tried too, for `GRACE_S`; a packet under neither is refused.
"""

from __future__ import annotations

from firmware.machine import is_due
from firmware.media.plan import MediaPlan
from firmware.media.sdes import MasterKey
from firmware.media.srtp import Refusal, SrtpError, SrtpReceiver, SrtpSender

GRACE_S = 2.0
"""How long packets may be on their way, and the far end's answer to our rekeying."""


class Protection:
    """Ciphers by direction; without a key packets pass as they are."""

    def __init__(self, plan: MediaPlan) -> None:
        self._key_out: MasterKey | None = None
        self._key_in: MasterKey | None = None
        self._sender: SrtpSender | None = None
        self._receiver: SrtpReceiver | None = None
        self._former: SrtpReceiver | None = None
        self._forget_at: float | None = None
        self.authenticates = False
        """Whether what comes proves who sent it."""
        self.change(plan, 0.0)

    def change(self, plan: MediaPlan, now: float) -> None:
        """Take the plan's keys; those that stay keep their counters."""
        if plan.key_in != self._key_in:
            self._former, self._forget_at = self._receiver, now + GRACE_S
            self._key_in = plan.key_in
            self._receiver = SrtpReceiver(plan.key_in) if plan.key_in else None
            self.authenticates = self._receiver is not None
        if plan.key_out != self._key_out:
            self._key_out = plan.key_out
            self._sender = SrtpSender(plan.key_out) if plan.key_out else None

    def protect(self, packet: bytes) -> bytes:
        """Return an RTP packet as it goes out."""
        return self._sender.protect(packet) if self._sender else packet

    def protect_rtcp(self, packet: bytes) -> bytes:
        """Return an RTCP compound as it goes out."""
        return self._sender.protect_rtcp(packet) if self._sender else packet

    def unprotect(self, data: bytes, now: float) -> bytes:
        """Return an RTP packet in clear; raises `MediaError`."""
        if self._receiver is None:
            return data
        try:
            return self._receiver.unprotect(data)
        except SrtpError as error:
            return self._grace(error, now).unprotect(data)

    def unprotect_rtcp(self, data: bytes, now: float) -> bytes:
        """Return an RTCP compound in clear; raises `MediaError`."""
        if self._receiver is None:
            return data
        try:
            return self._receiver.unprotect_rtcp(data)
        except SrtpError as error:
            return self._grace(error, now).unprotect_rtcp(data)

    def _grace(self, error: SrtpError, now: float) -> SrtpReceiver:
        """Return the former key where it may explain what came; else raise the error."""
        if is_due(self._forget_at, now):
            self._former = None
        if self._former is None or error.refusal is not Refusal.WRONG_KEY:
            raise error
        return self._former
