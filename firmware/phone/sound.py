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
    SoundBegun,
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
"""F6: what a person is told of a call whose link was lost, while it rings or stands."""

TONELESS = frozenset(
    {
        EndCause.HUNG_UP_HERE,
        EndCause.CANCELLED_THERE,
        EndCause.ANSWERED_ELSEWHERE,
        EndCause.FORWARDED,
    }
)
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
        self.muted = False
        self.is_hold_refused = False
        self.tie = Tie.ANCHORED
        self._plan: MediaPlan | None = None
        self._bars: int | None = None
        self._fault = self._digit_fault = ""
        self._silent = self._wrong_key = False
        self.is_heard = False  # Sound has come from where it is agreed to come from now.
        self._was_heard = False  # Sound has come at all: before that, nothing can be said of it.

    @property
    def is_there(self) -> bool:
        """Tell whether the far end may be heard: its announcement, or its ringing."""
        return self._plan is not None and self._plan.direction.receives

    def learn(self, news: SoundNews) -> None:
        """Take in what concerns this call."""
        match news:
            case MediaChanged(_, plan):
                changed_key = self._plan is not None and plan.key_in != self._plan.key_in
                self._wrong_key = self._wrong_key and not changed_key
                moved = self._plan is not None and plan.remote != self._plan.remote
                self.is_heard = self.is_heard and not moved  # Another far end that rings.
                self._plan = plan
            case DigitFailed(_, digit, reason):
                self._digit_fault = f"digit {digit} not sent: {reason}"
            case DigitReceived() | HoldChanged():
                pass  # Nobody here waits for digits; the call itself hears of being held.
            case SoundFault(_, text):
                self._fault = text
            case SoundReport(_, fact):
                match fact:
                    case QualityMeasured(quality, _):
                        self._bars = quality.bars
                    case SoundBegun():
                        self.is_heard = self._was_heard = True
                    case WrongKey():
                        self._wrong_key = True
                    case FarEndSilent() | FarEndHeard():
                        self._silent = isinstance(fact, FarEndSilent)
                    case _:
                        pass  # Digits, and a goodbye that SIP tells too.

    def digit_pressed(self) -> None:
        """Another digit is tried: what became of the last one is past."""
        self._digit_fault = ""

    def line(self, card_fault: str, *, held: bool) -> SoundLine:
        """Return what the screen says; `held`: by us, and so nothing is to be heard."""
        plan = self._plan
        if plan is None:
            note = self._digit_fault or TIES.get(self.tie) or self._fault or card_fault
            return SoundLine(muted=self.muted, note=note)
        note, bars = self._note(plan, card_fault, held=held), self._shown_bars(plan, held=held)
        return SoundLine(plan.is_encrypted, bars, _codec(plan), self.muted, note)

    def _shown_bars(self, plan: MediaPlan, *, held: bool) -> int | None:
        """Return the bars: of what does not come there are none, nor of what shall not come."""
        if held or not self._was_heard or not plan.direction.receives:
            return None
        return 0 if self._silent or self._wrong_key else self._bars

    def _note(self, plan: MediaPlan, card_fault: str, *, held: bool) -> str:
        """Return the most useful of what there is to say; what passes comes before what stays."""
        held_there = plan.direction in {Direction.RECVONLY, Direction.INACTIVE}
        fault = self._fault or card_fault
        notes = (
            (bool(self._digit_fault), self._digit_fault),
            (self._wrong_key, "the keys differ: no sound"),
            (self.tie is not Tie.ANCHORED, TIES.get(self.tie, "")),
            (bool(fault), fault),
            (self.is_hold_refused, "the other side did not agree"),
            (held_there, "held by the other side"),
            (self._silent and not held, "nothing is heard from there"),
            (self.muted, "microphone off"),
        )
        return next((text for is_so, text in notes if is_so), "")


def _codec(plan: MediaPlan) -> str:
    """Return the codec's name as people write it: SDP has "opus"."""
    name = plan.sends.codec.name
    return name.capitalize() if name.islower() else name


def tone_of(
    state: State,
    *,
    lifted: bool,
    has_digits: bool,
    second_tone: bool,
    rings_there: bool,
    is_heard: bool,
    waits: bool,
    has_messages: bool = False,
) -> ToneKind | None:
    """Return the tone that goes with a state; of an end, `end_tone` tells.

    Ringing there is played here until the first sound of the far end really comes, however early
    that was agreed (RFC 3960 3.2): many announce sound and send none.
    """
    if waits:
        return ToneKind.CALL_WAITING
    if state is State.DIALLING and lifted and not has_digits:
        return ToneKind.STUTTER if has_messages else ToneKind.DIAL
    if state is State.DIALLING and lifted and second_tone:
        return ToneKind.SECOND_DIAL
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
