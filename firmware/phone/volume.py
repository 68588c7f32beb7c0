"""How loud the person hears: a volume for each way of hearing, and that of the ringer.

The keys mean the ringer while it rings, else the way by which the person hears now. Up and down
stop at the ends; the volume key goes on from the loudest to the softest. Each volume is a setting
(`preferences.py`), kept over a restart. For `SAID_S` the screen says how loud it is now.
"""

from __future__ import annotations

from firmware.machine import is_due
from firmware.media.events import AudioMode
from firmware.phone.ear import Ear
from firmware.phone.memory import Memory
from firmware.phone.preferences import (
    EAR_VOLUME_MAX,
    HANDSET_VOLUME,
    HEADSET_VOLUME,
    RINGER_VOLUME,
    SPEAKER_VOLUME,
)
from firmware.phone.ring_tones import VOLUME_MAX

SAID_S = 2.0

USUAL = 6
"""At this volume an ear hears what its part was made for."""

WAYS = {
    AudioMode.HANDSET: HANDSET_VOLUME,
    AudioMode.HEADSET: HEADSET_VOLUME,
    AudioMode.HANDS_FREE: SPEAKER_VOLUME,
}


class Volume:
    """What the volume keys change."""

    def __init__(self, memory: Memory, ear: Ear) -> None:
        self._memory, self._ear = memory, ear
        self.said = ""  # How loud it is, while that is news.
        self.said_by: float | None = None

    @property
    def steps(self) -> int:
        """How much louder than usual the person hears now."""
        return self._memory.preferences.number(WAYS[self._ear.mode]) - USUAL

    def turn(self, up: int, now: float, *, ringing: bool) -> list[object]:
        """Turn up or down, to the end and no further."""
        low, high = _limits(ringing=ringing)
        return self._set(min(max(self._level(ringing=ringing) + up, low), high), now, ringing)

    def turn_round(self, now: float, *, ringing: bool) -> list[object]:
        """Turn up, from the loudest to the softest."""
        low, high = _limits(ringing=ringing)
        level = self._level(ringing=ringing)
        return self._set(level + 1 if level < high else low, now, ringing)

    def forget(self) -> None:
        """Say nothing any more."""
        self.said, self.said_by = "", None

    def wake(self, now: float) -> None:
        """Say nothing any more, when it has been read."""
        if is_due(self.said_by, now):
            self.forget()

    def _parameter(self, *, ringing: bool) -> str:
        return RINGER_VOLUME if ringing else WAYS[self._ear.mode]

    def _level(self, *, ringing: bool) -> int:
        return int(self._memory.preferences.shown(self._parameter(ringing=ringing)))

    def _set(self, level: int, now: float, ringing: bool) -> list[object]:
        """Be so loud, unless the administrator's files say how loud, and say what holds."""
        out = self._memory.set(self._parameter(ringing=ringing), str(level))
        self.said = _words(self._level(ringing=ringing), ringing=ringing)
        self.said_by = now + SAID_S
        return out


def _limits(*, ringing: bool) -> tuple[int, int]:
    return (0, VOLUME_MAX) if ringing else (1, EAR_VOLUME_MAX)


def _words(level: int, *, ringing: bool) -> str:
    if not ringing:
        return f"volume {level} of {EAR_VOLUME_MAX}"
    return f"ringer {level} of {VOLUME_MAX}" if level else "ringer silent"
