"""What the world was told last: ringer, lamp, tone, who is hushed, screen.

Only what changes is told again.
"""

from __future__ import annotations

from firmware.media.events import HushCall, PlayTone
from firmware.media.tone_table import ToneKind
from firmware.phone.events import LampPattern, SetLamp, SetRinger, Show


class Outward:
    """The memory of what is shown, lit and heard."""

    def __init__(self) -> None:
        self._ringing = False
        self._tone: ToneKind | None = None
        self._hushed = frozenset[int]()
        self._shown: Show | None = None

    def news(
        self, *, ringing: bool, tone: ToneKind | None, hushed: frozenset[int], show: Show
    ) -> list[object]:
        """Return what differs from the last time."""
        out: list[object] = []
        for call in sorted(hushed ^ self._hushed):
            out.append(HushCall(call, call in hushed))
        self._hushed = hushed
        if ringing != self._ringing:
            self._ringing = ringing
            lamp = LampPattern.FLASHING if ringing else LampPattern.OFF
            out += [SetRinger(ringing), SetLamp(lamp)]
        if tone is not self._tone:
            self._tone = tone
            out.append(PlayTone(tone))
        if show != self._shown:
            self._shown = show
            out.append(show)
        return out
