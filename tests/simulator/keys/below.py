"""What is below the phone: an agent that numbers calls, and far ends that do as they like.

It answers the phone's orders as the real agent does, and asserts that they are about calls there
are. What the far ends do is drawn.
"""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from firmware.agent.events import (
    Answer,
    CallAnswered,
    CallEnded,
    Delayed,
    Dial,
    Dialling,
    EndCause,
    FarChanged,
    Forward,
    HangUp,
    Hold,
    HoldChanged,
    IncomingCall,
    Inviting,
    MediaChanged,
    MediaEnded,
    Party,
    Reject,
    RemoteRinging,
    Repeating,
    Resume,
    SendDigit,
    Tie,
    TieChanged,
)
from firmware.media.plan import MediaPlan
from firmware.phone.phone import PhoneEvent

CALLS_MAX = 6

FAR = (Party("Zoë", "603"), Party("", "604"), Party("Anna Schmidt", "605"))

LIKELY = 0.6


@dataclass
class Side:
    """One call, as the agent knows it."""

    number: int
    is_ours: bool
    is_taken: bool = False  # The phone has answered it.
    is_up: bool = False
    has_sound: bool = False


class Below:
    """The calls there are."""

    def __init__(self, random: Random, plan: MediaPlan) -> None:
        self.calls: dict[int, Side] = {}
        self.wanted: list[Dial] = []
        self.emergencies: list[Dial] = []
        kinds = ["dialled", "answered", "incoming", "ended", "held", "rejected", "forwarded"]
        kinds.append("digits")
        self.seen = dict.fromkeys(kinds, 0)
        self._random, self._plan = random, plan
        self._numbers = 0

    @property
    def heard(self) -> set[int]:
        """The calls that have sound."""
        return {side.number for side in self.calls.values() if side.has_sound}

    def order(self, item: object) -> list[PhoneEvent]:
        """Carry out what the phone wants; return what it is told of that at once."""
        match item:
            case Dial():
                assert item.target, "nothing is dialled"
                self.seen["dialled"] += 1
                self.wanted.append(item)
                if item.is_emergency:
                    self.emergencies.append(item)
            case Answer(call):
                assert not self.calls[call].is_ours, "a call of ours is answered"
                self.calls[call].is_taken = True
            case HangUp(call):
                return self._over(call, EndCause.HUNG_UP_HERE)
            case Reject(call):
                self.seen["rejected"] += 1
                assert not self.calls[call].is_taken, "a call that was answered is refused"
                return self._over(call, EndCause.HUNG_UP_HERE)
            case Forward(call, target):
                self.seen["forwarded"] += 1
                assert target, "sent on to nowhere"
                return self._over(call, EndCause.FORWARDED)
            case Hold(call) | Resume(call):
                assert self.calls[call].is_up, "a call that does not stand is held"
                self.seen["held"] += 1
                return [HoldChanged(call, isinstance(item, Hold))]
            case SendDigit(call):
                self.seen["digits"] += 1
                assert self.calls[call].has_sound, "a digit for who hears nothing"
            case _:
                pass
        return []

    def happens(self) -> list[PhoneEvent]:
        """Let something happen that nobody here asked for."""
        random = self._random
        if self.wanted and random.random() < LIKELY:
            return self._dials(self.wanted.pop(0))
        if self.calls and random.random() < LIKELY:
            return self._goes_on(random.choice(sorted(self.calls)))
        return self._rings() if len(self.calls) < CALLS_MAX else []

    def ends(self) -> list[PhoneEvent]:
        """Return what the next far end does that wants peace; nothing where all have it."""
        if self.wanted:
            self.wanted.pop()
            return [CallEnded(0, EndCause.FAILED, reason="no link")]
        return self._over(min(self.calls), EndCause.HUNG_UP_THERE) if self.calls else []

    def _dials(self, dial: Dial) -> list[PhoneEvent]:
        if self._random.random() < 0.2:
            return [CallEnded(0, EndCause.FAILED, reason="not registered")]
        side = self._new(is_ours=True)
        told: list[PhoneEvent] = [Dialling(side.number, max(1, dial.account), FAR[0])]
        return [*told, Delayed(side.number)] if self._random.random() < 0.2 else told

    def _rings(self) -> list[PhoneEvent]:
        self.seen["incoming"] += 1
        side = self._new(is_ours=False)
        return [IncomingCall(side.number, self._random.randint(1, 3), self._random.choice(FAR))]

    def _goes_on(self, call: int) -> list[PhoneEvent]:
        side, random = self.calls[call], self._random
        if random.random() < 0.25:
            return self._over(call, random.choice([e for e in EndCause if e not in OURS]))
        if side.is_up:
            changes: list[PhoneEvent] = [
                FarChanged(call, random.choice(FAR)),
                TieChanged(call, random.choice(list(Tie))),
                MediaChanged(call, self._plan),
            ]
            return [random.choice(changes)]
        if side.is_ours and random.random() < 0.5:
            side.has_sound = side.has_sound or random.random() < 0.3
            early: list[PhoneEvent] = [MediaChanged(call, self._plan)] if side.has_sound else []
            news = (RemoteRinging(call), Repeating(call), Inviting(call))
            return [*early, random.choice(news)]
        if side.is_ours or side.is_taken:
            side.is_up = side.has_sound = True
            self.seen["answered"] += 1
            return [CallAnswered(call), MediaChanged(call, self._plan)]
        return []

    def _over(self, call: int, cause: EndCause) -> list[PhoneEvent]:
        self.seen["ended"] += 1
        side = self.calls.pop(call)  # KeyError: it was over.
        sound: list[PhoneEvent] = [MediaEnded(call)] if side.has_sound else []
        return [*sound, CallEnded(call, cause)]

    def _new(self, *, is_ours: bool) -> Side:
        self._numbers += 1
        side = self.calls[self._numbers] = Side(self._numbers, is_ours)
        return side


OURS = {EndCause.HUNG_UP_HERE, EndCause.FORWARDED}
