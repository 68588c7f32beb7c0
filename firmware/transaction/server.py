"""The server transaction of every request but INVITE, ACK and CANCEL (RFC 3261 17.2.2, RFC 4320).

    TRYING --100--> PROCEEDING
       |                |
       +----------------+--200-699, 64 x T1, link lost--> TERMINATED

- Timer J is zero on TLS, so COMPLETED is not a state that lasts.
- RFC 4320: the only provisional response is 100, and it is sent when the agent has not answered by
  the time a client's timer E would reach T2. A request is never answered with 408: a peer that has
  waited for 64 x T1 has given up by itself, so the transaction ends without a word.
"""

from __future__ import annotations

from enum import Enum

from firmware.link.events import SendMessage
from firmware.machine import earliest, is_due
from firmware.sip.message import Request, Response
from firmware.transaction.timers import Timers


class State(Enum):
    """Where the request stands."""

    TRYING = "trying"
    PROCEEDING = "proceeding"
    TERMINATED = "terminated"


LEGAL = {
    State.TRYING: {State.PROCEEDING, State.TERMINATED},
    State.PROCEEDING: {State.TERMINATED},
    State.TERMINATED: set[State](),
}


class ServerTransaction:
    """One request of theirs and our answer."""

    def __init__(self, key: str, request: Request, timers: Timers, now: float) -> None:
        self.key = key
        self.request = request
        self.state = State.TRYING
        self.lost_with = None  # It never outlives its link.
        self._trying_at: float | None = now + timers.late_trying_s
        self._end_by: float | None = now + timers.timeout_s  # Their timer F.

    @property
    def is_done(self) -> bool:
        """Tell whether the transaction can be forgotten."""
        return self.state is State.TERMINATED

    @property
    def is_accepted(self) -> bool:
        """Tell whether it lives on after a 2xx: only an INVITE's does."""
        return False

    def deadline(self) -> float | None:
        """Return when to send 100, or when no answer is of use any more."""
        return earliest((self._trying_at, self._end_by))

    def repeated(self) -> list[object]:
        """Meet the request again: only the 100 can have been sent before."""
        return [self._trying()] if self.state is State.PROCEEDING else []

    def send(self, response: Response, now: float) -> list[object]:
        """Take the agent's answer."""
        assert response.status == 100 or response.status >= 200, "RFC 4320 4.1: no other 1xx"
        assert response.status != 408, "RFC 4320 4.2: never 408"
        if self.state is State.TERMINATED:
            return []
        if response.status >= 200:
            self._enter(State.TERMINATED, None)
        elif self.state is State.TRYING:
            self._enter(State.PROCEEDING, self._end_by)
        return [SendMessage(response)]

    def wake(self, now: float) -> list[object]:
        """Send the late 100, or end without an answer."""
        if is_due(self._end_by, now):
            self._enter(State.TERMINATED, None)
            return []
        self._enter(State.PROCEEDING, self._end_by)
        return [self._trying()]

    def _trying(self) -> SendMessage:
        return SendMessage(self.request.answer(100))

    def _enter(self, state: State, end_by: float | None) -> None:
        """The one door through which the state changes; the old state's times are forgotten."""
        assert state in LEGAL[self.state], f"{self.state} -> {state}"
        self.state, self._end_by = state, end_by
        self._trying_at = None
