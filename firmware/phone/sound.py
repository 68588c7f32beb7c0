"""What is heard of the call in the foreground, and what its screen says of that.

The lock is shown when, and only when, both directions are encrypted. The bars are those of
`firmware.media.quality`. What is wrong with the sound is said in a line: the most useful first.
Tones tell the person what a screen would: nobody looks at it with the handset at the ear.
"""

from __future__ import annotations

from firmware.agent.events import (
    CallEnded,
    DigitFailed,
    DigitReceived,
    EndCause,
    FarEndSounds,
    HoldChanged,
    MediaChanged,
    MediaEnded,
    Tie,
)
from firmware.media.events import (
    FarEndHeard,
    FarEndSilent,
    QualityMeasured,
    SoundFault,
    SoundReport,
    WrongKey,
)
from firmware.media.plan import Direction, MediaPlan
from firmware.media.tone_table import ToneKind
from firmware.phone.events import StartVoice, StopVoice
from firmware.phone.screen import SoundLine
from firmware.phone.state import State

NO_SUCH_NUMBER = frozenset({404, 410, 414, 416, 484, 485, 604})
BUSY = frozenset({486, 600})

TIES = {
    Tie.REFRESHING: "call kept",
    Tie.REPLACING: "call kept",
    Tie.ADRIFT: "call kept while it is heard",
    Tie.GONE: "the far end is gone",
}
"""F6: what a person is told of a call whose link was lost."""

TONELESS = frozenset({EndCause.HUNG_UP_HERE, EndCause.CANCELLED_THERE, EndCause.ANSWERED_ELSEWHERE})
"""Ends that the person has made, or has not even seen begin."""

SoundNews = MediaChanged | SoundReport | SoundFault | HoldChanged | DigitFailed | DigitReceived


def carried_out(event: MediaEnded | SoundNews) -> list[object]:
    """Return what the sound's own thread has to do."""
    match event:
        case MediaChanged(call, plan):
            return [StartVoice(call, plan)]
        case MediaEnded(call):
            return [StopVoice(call)]
        case SoundReport(call, FarEndSilent() | FarEndHeard() as fact):
            return [FarEndSounds(call, isinstance(fact, FarEndHeard))]
        case _:
            return []


class CallSound:
    """The sound of the call in the foreground."""

    def __init__(self) -> None:
        self._card_fault = ""
        self.forget()

    def forget(self) -> None:
        """The call has left the foreground; what is wrong with the card stays."""
        self.muted = False
        self.held = False  # By us.
        self.tie = Tie.ANCHORED
        self._plan: MediaPlan | None = None
        self._bars: int | None = None
        self._fault = self._digit_fault = ""
        self._silent = self._wrong_key = False

    def another(self) -> CallSound:
        """Return the sound of another call; the card is the same."""
        other = CallSound()
        other._card_fault = self._card_fault
        return other

    @property
    def is_there(self) -> bool:
        """Tell whether the far end can be heard: its announcement, or its ringing."""
        return self._plan is not None and self._plan.direction.receives

    def learn(self, news: SoundNews) -> None:
        """Take in what concerns this call, or the card."""
        match news:
            case MediaChanged(_, plan):
                changed_key = self._plan is not None and plan.key_in != self._plan.key_in
                self._wrong_key = self._wrong_key and not changed_key
                self._plan = plan
            case HoldChanged(_, on):
                self.held = on
            case DigitFailed(_, digit, reason):
                self._digit_fault = f"digit {digit} not sent: {reason}"
            case DigitReceived():
                pass  # Nobody here waits for digits.
            case SoundFault(0, text):
                self._card_fault = text
            case SoundFault(_, text):
                self._fault = text
            case SoundReport(_, fact):
                match fact:
                    case QualityMeasured(quality, _):
                        self._bars = quality.bars
                    case WrongKey():
                        self._wrong_key = True
                    case FarEndSilent() | FarEndHeard():
                        self._silent = isinstance(fact, FarEndSilent)
                    case _:
                        pass  # Digits, and a goodbye that SIP tells too.

    def digit_pressed(self) -> None:
        """Another digit is tried: what became of the last one is past."""
        self._digit_fault = ""

    def line(self) -> SoundLine:
        """Return what the screen says."""
        plan = self._plan
        if plan is None:
            return SoundLine(muted=self.muted, note=self._wrong)
        return SoundLine(plan.is_encrypted, self._bars, _codec(plan), self.muted, self._note(plan))

    @property
    def _wrong(self) -> str:
        return self._digit_fault or self._fault or self._card_fault

    def _note(self, plan: MediaPlan) -> str:
        if self._wrong or self._wrong_key:
            return self._wrong or "the keys differ: no sound"
        if self.tie is not Tie.ANCHORED:
            return TIES[self.tie]
        held = {
            Direction.SENDONLY: "on hold",
            Direction.RECVONLY: "held by the other side",
            Direction.INACTIVE: "on hold",
        }
        silent = "nothing is heard from there" if self._silent else ""
        return held.get(plan.direction) or silent or ("microphone off" if self.muted else "")


def _codec(plan: MediaPlan) -> str:
    """Return the codec's name as people write it: SDP has "opus"."""
    name = plan.sends.codec.name
    return name.capitalize() if name.islower() else name


def tone_of(
    state: State, *, lifted: bool, has_digits: bool, rings_there: bool, is_heard: bool, waits: bool
) -> ToneKind | None:
    """Return the tone that goes with a state; of an end, `end_tone` tells."""
    if waits:
        return ToneKind.CALL_WAITING
    if state is State.DIALLING and lifted and not has_digits:
        return ToneKind.DIAL
    if state is State.CALLING and rings_there and not is_heard:
        return ToneKind.RINGBACK
    return None


def end_tone(end: CallEnded, *, lifted: bool) -> ToneKind | None:
    """Return the tone that tells why a call is over; a far end's hanging up, to an ear only."""
    if end.cause in TONELESS or (end.cause is EndCause.HUNG_UP_THERE and not lifted):
        return None
    if end.cause is EndCause.HUNG_UP_THERE or end.status in BUSY:
        return ToneKind.BUSY
    return ToneKind.UNOBTAINABLE if end.status in NO_SUCH_NUMBER else ToneKind.CONGESTION
