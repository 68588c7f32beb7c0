"""The client transaction of every request but INVITE and ACK (RFC 3261 17.1.2).

    TRYING --1xx--> PROCEEDING
       |                |
       +----------------+--200-699, timer F, link lost--> TERMINATED

Timer E never runs on TLS, and timer K is zero, so COMPLETED is not a state that lasts: a response
that comes again finds no transaction and is dropped.
"""

from __future__ import annotations

from enum import Enum

from firmware.link.events import SendMessage
from firmware.sip.message import Request, Response
from firmware.transaction.events import RequestFailed, RequestFailure, ResponseReceived
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


class ClientTransaction:
    """One request and its answers; `key` is the agent's name for it."""

    def __init__(self, key: str, request: Request, timers: Timers, now: float) -> None:
        self.key = key
        self.request = request
        self.state = State.TRYING
        self._fail_by: float | None = now + timers.timeout_s  # Timer F.

    @property
    def is_open(self) -> bool:
        """Tell whether a final response is still to come."""
        return self.state is not State.TERMINATED

    @property
    def is_done(self) -> bool:
        """Tell whether the transaction can be forgotten."""
        return self.state is State.TERMINATED

    def deadline(self) -> float | None:
        """Return when timer F fires."""
        return self._fail_by

    def start(self) -> list[object]:
        """Send the request."""
        return [SendMessage(self.request)]

    def response(self, response: Response, now: float) -> list[object]:
        """Take a response that matches; one that comes too late is dropped."""
        if self.state is State.TERMINATED:
            return []
        if response.status >= 200:
            self._enter(State.TERMINATED, None)
        elif self.state is State.TRYING:
            self._enter(State.PROCEEDING, self._fail_by)
        return [ResponseReceived(self.key, response)]

    def wake(self, now: float) -> list[object]:
        """Timer F has fired."""
        return self.fail(RequestFailure.TIMEOUT)

    def fail(self, failure: RequestFailure) -> list[object]:
        """End without a final response."""
        self._enter(State.TERMINATED, None)
        return [RequestFailed(self.key, failure)]

    def _enter(self, state: State, fail_by: float | None) -> None:
        """The one door through which the state changes, and its time limit with it."""
        assert state in LEGAL[self.state], f"{self.state} -> {state}"
        self.state, self._fail_by = state, fail_by
