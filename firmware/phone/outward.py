"""What the world was told last: ringer, lamp, tone, who is hushed, screen.

Only what changes is told again.
"""

from __future__ import annotations

from firmware.agent.events import Ring
from firmware.media.events import AudioMode, HushCall, PlayTone, SetVolume, UseAudio
from firmware.media.tone_table import ToneKind
from firmware.phone.events import (
    LampPattern,
    SampleRing,
    SetDisplay,
    SetLamp,
    SetRinger,
    Show,
    TuneRinger,
)
from firmware.phone.preferences import CONTRAST, DIM_TIME, RING_TONE, Preferences


class Outward:
    """The memory of what is shown, lit and heard."""

    def __init__(self) -> None:
        self._ringing, self._lamp = False, LampPattern.OFF
        self._tone: ToneKind | None = None
        self._hushed = frozenset[int]()
        self._shown: Show | None = None
        self._tune = TuneRinger("", 0)
        self._display = SetDisplay(0, 0)
        self._samples = False
        self._mode, self._steps = AudioMode.HANDSET, 0

    def set_up(
        self, preferences: Preferences, ring: Ring, *, samples: bool, silenced: bool
    ) -> list[object]:
        """Return how ringer and display are to be, where that is news; `samples`: a tone is tried.

        A call that was `silenced` goes on without the ringer.
        """
        out: list[object] = []
        volume = 0 if silenced else preferences.ringer_volume
        tune = TuneRinger(preferences.text(RING_TONE), volume, ring)
        display = SetDisplay(preferences.number(CONTRAST), preferences.number(DIM_TIME))
        if tune != self._tune:
            self._tune = tune
            out.append(tune)
        if display != self._display:
            self._display = display
            out.append(display)
        if samples != self._samples:
            self._samples = samples
            out.append(SampleRing(samples))
        return out

    def way(self, mode: AudioMode, steps: int) -> list[object]:
        """Return the way of sound and how loud it is, where that is news."""
        out: list[object] = []
        if mode is not self._mode:
            self._mode = mode
            out.append(UseAudio(mode))
        if steps != self._steps:
            self._steps = steps
            out.append(SetVolume(steps))
        return out

    def news(
        self,
        *,
        ringing: bool,
        lamp: LampPattern,
        tone: ToneKind | None,
        hushed: frozenset[int],
        calls: frozenset[int],
        show: Show,
    ) -> list[object]:
        """Return what differs from the last time; a call that is over stays hushed."""
        out: list[object] = []
        for call in sorted((hushed ^ self._hushed) & calls):
            out.append(HushCall(call, call in hushed))
        self._hushed = hushed
        if ringing != self._ringing:
            self._ringing = ringing
            out.append(SetRinger(ringing))
        if lamp is not self._lamp:
            self._lamp = lamp
            out.append(SetLamp(lamp))
        if tone is not self._tone:
            self._tone = tone
            out.append(PlayTone(tone))
        if show != self._shown:
            self._shown = show
            out.append(show)
        return out
