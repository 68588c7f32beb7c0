"""Every packet under its key: nothing in clear where it is secret, no keystream used twice.

A cipher stream is used again, and both packets lie open, when one key meets one source and one
number twice (RFC 3711 9.1). So keys, sources and extended numbers are remembered here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from firmware.media.g711 import LAWS
from firmware.media.plan import MediaPlan
from firmware.media.rtp import is_rtcp
from firmware.media.sdes import Suite
from tests.simulator.handsets.plan import Plan
from tests.simulator.handsets.signal import FRAME, listen

if TYPE_CHECKING:
    from tests.simulator.handsets.handset import Handset

EVERY = 40
"""Of the packets, one in so many is listened to."""

ENCRYPTED = 0x80
"""The bit of SRTCP that says so; with GCM the index, and this bit, come last (RFC 7714 9.2)."""

CLEAR = 0.3
"""Of the power in one tone; noise has a twentieth there at most."""


class Secrets:
    """What a listener on the wire can see."""

    def __init__(self, plan: Plan) -> None:
        self.seen = dict.fromkeys(["checked", "rolled over", "keys"], 0)
        self._is_secret = plan.is_secret
        self._owners: dict[bytes, tuple[int, int]] = {}  # Keys, and whose call's they are.
        self._last: dict[tuple[bytes, int], int] = {}
        self._count = 0

    def agreed(
        self, handset: Handset, call: int, before: MediaPlan | None, plan: MediaPlan
    ) -> None:
        """A call has keys: its own, one for each way."""
        assert plan.is_encrypted == self._is_secret, "encryption is not what both want"
        if plan.key_out is None or plan.key_in is None:
            return
        out = plan.key_out.material
        assert out != plan.key_in.material, "one key for both ways"
        owner = self._owners.setdefault(out, (handset.side, call))
        assert owner == (handset.side, call), f"the key of {owner} is used again"
        self.seen["keys"] = len(self._owners)

    def check(self, handset: Handset, plan: MediaPlan, data: bytes) -> None:
        """Look at a packet that goes out."""
        if plan.key_out is None:
            return
        if is_rtcp(data):
            in_gcm = plan.key_out.suite is Suite.AEAD_AES_256_GCM
            assert not in_gcm or data[-4] & ENCRYPTED, "a report in clear"
            return
        source, sequence = int.from_bytes(data[8:12], "big"), int.from_bytes(data[2:4], "big")
        key = (plan.key_out.material, source)
        last = self._last.get(key)
        if last is not None:
            ahead = (sequence - last) % 65536
            assert 0 < ahead < 32768, f"number {sequence} after {last % 65536}: a key used twice"
            self.seen["rolled over"] += sequence < last % 65536
            sequence = last + ahead
        self._last[key] = sequence
        self._count += 1
        if self._count % EVERY == 0:
            self._listen(data)

    def _listen(self, data: bytes) -> None:
        """What a stranger would hear of it is noise."""
        law = {0: "PCMU", 8: "PCMA"}.get(data[1] & 0x7F)
        if law is None or len(data) < 12 + FRAME:
            return
        self.seen["checked"] += 1
        heard = listen(LAWS[law].expand(data[12 : 12 + FRAME]).tobytes())
        assert max(heard.slot_shares) < CLEAR, "sound in clear"
