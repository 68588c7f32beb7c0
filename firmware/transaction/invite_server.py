"""The server transaction of INVITE (RFC 3261 17.2.1, RFC 6026).

    PROCEEDING --2xx--> ACCEPTED --timer L--> TERMINATED
        |                                         ^
        +--300-699--> COMPLETED --ACK, timer H----+

- 100 is sent when the agent has not answered within 200 ms.
- ACCEPTED absorbs repetitions of the INVITE and lets the agent repeat its 2xx until the ACK comes,
  which is the agent's affair (13.3.1.4).
- COMPLETED waits for the ACK, which ends here. Timer I is zero on TLS, so CONFIRMED is not a state
  that lasts, and timer G never runs. An ACK that never comes (timer H) leaves nothing to be done:
  the call has been refused.
- It outlives its link: what answers an INVITE finds its way by the Via alone (18.2.2), so it can be
  said over the next link to the same proxy. A refusal without its ACK is said there again.
"""

from __future__ import annotations

from enum import Enum

from firmware.link.events import Proxy, SendMessage
from firmware.machine import earliest, is_due
from firmware.sip.message import Request, Response
from firmware.transaction.timers import TRYING_AFTER_S, Timers


class State(Enum):
    """Where the INVITE stands."""

    PROCEEDING = "proceeding"
    ACCEPTED = "accepted"
    COMPLETED = "completed"
    TERMINATED = "terminated"


LEGAL = {
    State.PROCEEDING: {State.ACCEPTED, State.COMPLETED},
    State.ACCEPTED: {State.TERMINATED},
    State.COMPLETED: {State.TERMINATED},
    State.TERMINATED: set[State](),
}


class InviteServerTransaction:
    """One INVITE of theirs and our answers."""

    def __init__(self, key: str, request: Request, timers: Timers, now: float) -> None:
        self.key = key
        self.request = request
        self.state = State.PROCEEDING
        self.last: Response | None = None  # What a repetition gets; the CANCEL takes its To tag.
        self.is_cancelled = False
        self.lost_with: Proxy | None = None  # The proxy whose link it has outlived, if it has.
        self._timeout_s = timers.timeout_s
        self._trying_at: float | None = now + TRYING_AFTER_S
        self._end_by: float | None = None  # Timer H or L.

    @property
    def is_done(self) -> bool:
        """Tell whether the transaction can be forgotten."""
        return self.state is State.TERMINATED

    @property
    def is_accepted(self) -> bool:
        """Tell whether it lives on after a 2xx, in case that the INVITE comes again."""
        return self.state is State.ACCEPTED

    def deadline(self) -> float | None:
        """Return when to send 100, or when timer H or L fires."""
        return earliest((self._trying_at, self._end_by))

    def outlive(self, proxy: Proxy) -> None:
        """Hear that the link is gone that the INVITE came over."""
        self.lost_with = self.lost_with or proxy
        self._trying_at = None

    def refuse_again(self) -> list[object]:
        """Say a refusal over the next link that was not acknowledged, or not heard at all."""
        return [SendMessage(self.last)] if self.last and self.state is State.COMPLETED else []

    def repeated(self) -> list[object]:
        """Meet the INVITE again."""
        if self.last is None or self.state in {State.ACCEPTED, State.TERMINATED}:
            return []
        return [SendMessage(self.last)]

    def send(self, response: Response, now: float) -> list[object]:
        """Take the agent's answer; only its first final one counts, but a 2xx it may repeat."""
        match self.state:
            case State.PROCEEDING:
                self._answer(response, now)
            case State.ACCEPTED if 200 <= response.status < 300:
                pass
            case _:
                return []
        return [SendMessage(response)]

    def cancel(self) -> bool:
        """Take a CANCEL; tell whether the agent has to hear of it (9.2)."""
        if self.is_cancelled or self.state is not State.PROCEEDING:
            return False
        self.is_cancelled = True
        return True

    def acknowledged(self) -> bool:
        """Take an ACK; tell whether it is that of a 2xx, which goes to the agent."""
        if self.state is State.COMPLETED:
            self._enter(State.TERMINATED, None)
        # RFC 6026 7.1: the ACK of a 2xx has a branch of its own, but old peers use the INVITE's.
        return self.state is State.ACCEPTED

    def wake(self, now: float) -> list[object]:
        """Send the 100, or end."""
        if is_due(self._end_by, now):
            self._enter(State.TERMINATED, None)
            return []
        self._trying_at = None
        self.last = self.request.answer(100)
        return [SendMessage(self.last)]

    def _answer(self, response: Response, now: float) -> None:
        self.last, self._trying_at = response, None
        if response.status >= 200:
            final = State.ACCEPTED if response.status < 300 else State.COMPLETED
            self._enter(final, now + self._timeout_s)

    def _enter(self, state: State, end_by: float | None) -> None:
        """The one door through which the state changes; the old state's times are forgotten."""
        assert state in LEGAL[self.state], f"{self.state} -> {state}"
        self.state, self._end_by = state, end_by
        self._trying_at = None
