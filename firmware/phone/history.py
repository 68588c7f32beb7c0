"""The history of calls: missed, received, dialled; who, when, how long, why.

It watches what the calls say, as the outage log does, and has no deadline of its own. A call is an
entry when it is over; a number that was dialled is one at once, so that redial knows it whatever
becomes of the call. Times are put to the entries of this run whenever the clock is set.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from firmware.agent.events import (
    CallAnswered,
    CallEnded,
    Dialling,
    EndCause,
    FarChanged,
    IncomingCall,
    Party,
)
from firmware.phone.kept import CallsKept, CallWay, HistoryLog, PastCall, kept_call

CALLS_MAX = 100
"""Calls of each way that are remembered: a busy week; 300 entries are 100 KB at most."""

ENDS = {
    EndCause.CANCELLED_THERE: "caller gave up",
    EndCause.ANSWERED_ELSEWHERE: "answered elsewhere",
    EndCause.LINK_LOST: "link lost",
    EndCause.FAILED: "failed",
}
"""What is said of a call that nobody answered."""

REJECTED = "rejected"
BUSY_HERE = "busy here"


@dataclass(slots=True)
class OpenCall:
    """A call that is not over yet; moments are monotonic."""

    way: CallWay
    far: Party
    account: int
    began_at: float
    answered_at: float | None = None
    rejected: bool = False  # By the person,
    sent_on: bool = False  # who may also have had all calls sent on.


HistoryFact = Dialling | IncomingCall | CallAnswered | FarChanged | CallEnded
"""What the history hears of calls."""


class History:
    """What was called, and who called; the newest first."""

    def __init__(self) -> None:
        self._open: dict[int, OpenCall] = {}
        self._dialled: OpenCall | None = None  # Has no number of the agent's yet.
        self._calls: list[tuple[PastCall, float | None]] = []  # With the moment, if of this run.
        self._offset_s: float | None = None  # Wall clock minus monotonic.

    @property
    def calls(self) -> tuple[PastCall, ...]:
        """All of them, the newest first."""
        return tuple(call for call, _ in self._calls)

    def of(self, way: CallWay) -> tuple[PastCall, ...]:
        """Return those of one way."""
        return tuple(call for call in self.calls if call.way is way)

    @property
    def new_missed(self) -> int:
        """How many were missed since somebody last looked."""
        return sum(call.is_new for call in self.calls)

    @property
    def last_dialled(self) -> str:
        """The number that redial calls, "" where there is none."""
        of_now = self._dialled.far.number if self._dialled else ""
        return of_now or next((call.number for call in self.of(CallWay.DIALLED)), "")

    def set_clock(self, unix_s: float | None, now: float) -> list[object]:
        """Date the entries of this run anew."""
        self._offset_s = None if unix_s is None else unix_s - now
        return self._changed([(self._dated(call, at), at) for call, at in self._calls])

    def kept(self, event: CallsKept) -> list[object]:
        """Take in what was kept over a restart, below what this run has already seen."""
        return self._changed([*self._calls, *((call, None) for call in event.calls)])

    def dials(self, target: str, account: int, now: float) -> None:
        """Somebody dials: remembered at once, whatever becomes of it."""
        self._dialled = OpenCall(CallWay.DIALLED, Party("", target), account, now)

    def rejects(self, call: int) -> None:
        """Remember that the person refused a call; one that nobody was asked about was missed."""
        if call in self._open:
            self._open[call].rejected = True

    def sends_on(self, call: int) -> None:
        """Remember that a call was sent on as the person wants all calls: it was not missed."""
        if call in self._open:
            self._open[call].sent_on = True

    def seen(self) -> list[object]:
        """Somebody has looked at the missed calls: none is new any more."""
        if not self.new_missed:
            return []
        seen = [(replace(call, is_new=False), at) for call, at in self._calls]
        return self._changed(seen)

    def forget(self, way: CallWay) -> list[object]:
        """Forget all calls of one way."""
        return self._changed([entry for entry in self._calls if entry[0].way is not way])

    def forget_one(self, call: PastCall) -> list[object]:
        """Forget one call."""
        return self._changed([entry for entry in self._calls if entry[0] != call])

    def learn(self, fact: HistoryFact, now: float) -> list[object]:
        """Hear of a call."""
        match fact:
            case Dialling(call, account, far):
                begun = self._dialled or OpenCall(CallWay.DIALLED, far, account, now)
                begun.account, self._dialled = account, None
                begun.far = Party(far.name, begun.far.number or far.number)
                self._open[call] = begun
            case IncomingCall(call, account, far):
                self._open[call] = OpenCall(CallWay.MISSED, far, account, now)
            case CallAnswered(call):
                self._answered(call, now)
            case FarChanged(call, far) if call in self._open:
                self._far_changed(self._open[call], far)
            case CallEnded():
                return self._ended(fact, now)
            case _:
                pass
        return []

    def _answered(self, number: int, now: float) -> None:
        call = self._open.get(number)
        if call is not None and call.answered_at is None:
            call.answered_at = now
            call.way = CallWay.RECEIVED if call.way is CallWay.MISSED else call.way

    def _far_changed(self, call: OpenCall, far: Party) -> None:
        """Learn a name; what was dialled stays what redial dials."""
        number = call.far.number if call.way is CallWay.DIALLED else far.number
        call.far = Party(far.name or call.far.name, number)

    def _ended(self, end: CallEnded, now: float) -> list[object]:
        call = self._open.pop(end.call, None)
        if call is None and end.call == 0:
            call, self._dialled = self._dialled, None
        if call is None:
            return []
        entry = self._entry(call, end, now)
        return self._changed([(entry, call.began_at), *self._calls])

    def _entry(self, call: OpenCall, end: CallEnded, now: float) -> PastCall:
        way, why, duration_s = call.way, "", None
        if call.answered_at is not None:
            duration_s = now - call.answered_at
        elif way is CallWay.DIALLED:
            why = end.reason or ("" if end.cause is EndCause.HUNG_UP_HERE else end.cause.value)
        elif call.rejected or end.cause is EndCause.ANSWERED_ELSEWHERE:
            way, why = CallWay.RECEIVED, REJECTED if call.rejected else ENDS[end.cause]
        elif end.cause is EndCause.FORWARDED:
            way, why = CallWay.RECEIVED if call.sent_on else way, end.reason
        else:
            why = ENDS.get(end.cause, BUSY_HERE)
        entry = kept_call(
            PastCall(way, call.far.name, call.far.number, call.account, None, duration_s, why)
        )
        return self._dated(replace(entry, is_new=way is CallWay.MISSED), call.began_at)

    def _dated(self, call: PastCall, began_at: float | None) -> PastCall:
        if began_at is None or self._offset_s is None:
            return call
        return replace(call, began=began_at + self._offset_s)

    def _changed(self, calls: list[tuple[PastCall, float | None]]) -> list[object]:
        """Keep the newest of each way; say so where anything has changed."""
        before = self.calls
        room = dict.fromkeys(CallWay, CALLS_MAX)
        self._calls = []
        for call, at in calls:
            room[call.way] -= 1
            if room[call.way] >= 0:
                self._calls.append((call, at))
        return [] if self.calls == before else [HistoryLog(self.calls)]
