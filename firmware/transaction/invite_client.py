"""The client transaction of INVITE (RFC 3261 17.1.1, RFC 6026).

    CALLING --1xx--> PROCEEDING --2xx--> ACCEPTED --timer M--> TERMINATED
       |                 |                                        ^
       +-----------------+--300-699 (ACK), timer B, link lost-----+

- CALLING ends with timer B. PROCEEDING may last: how long somebody may ring is the agent's to say.
- ACCEPTED hands up each 2xx, so that the agent acknowledges the repeated ones and those of other
  forks (RFC 3261 13.2.2.4). Timer D is zero on TLS, so COMPLETED is not a state that lasts.
- A CANCEL waits for the first provisional response, and is not sent after a final one (9.1). Once
  it is out, the INVITE gets 64 x T1 to end: a peer of RFC 2543 may never answer it with 487. On TLS
  the CANCEL needs no transaction of its own: it is not repeated, and nobody waits for its answer.
"""

from __future__ import annotations

from enum import Enum

from firmware.link.events import SendMessage
from firmware.sip.cseq import CSeq
from firmware.sip.headers import Headers
from firmware.sip.message import Request, Response
from firmware.transaction.events import RequestFailed, RequestFailure, ResponseReceived
from firmware.transaction.timers import Timers

MAX_FORWARDS = 70
"""RFC 3261 8.1.1.6."""


class State(Enum):
    """Where the INVITE stands."""

    CALLING = "calling"
    PROCEEDING = "proceeding"
    ACCEPTED = "accepted"
    TERMINATED = "terminated"


LEGAL = {
    State.CALLING: {State.PROCEEDING, State.ACCEPTED, State.TERMINATED},
    State.PROCEEDING: {State.PROCEEDING, State.ACCEPTED, State.TERMINATED},
    State.ACCEPTED: {State.TERMINATED},
    State.TERMINATED: set[State](),
}


class InviteClientTransaction:
    """One INVITE and its answers."""

    def __init__(self, key: str, request: Request, timers: Timers, now: float) -> None:
        self.key = key
        self.request = request
        self.state = State.CALLING
        self._cancel_wanted = False
        self._cancel_reason = ""
        self._timeout_s = timers.timeout_s
        self._end_by: float | None = now + self._timeout_s  # Timer B, the wait after CANCEL, or M.

    @property
    def is_open(self) -> bool:
        """Tell whether a final response is still to come."""
        return self.state in {State.CALLING, State.PROCEEDING}

    @property
    def is_done(self) -> bool:
        """Tell whether the transaction can be forgotten."""
        return self.state is State.TERMINATED

    def deadline(self) -> float | None:
        """Return when timer B or M, or the wait after a CANCEL, is over."""
        return self._end_by

    def start(self) -> list[object]:
        """Send the INVITE."""
        return [SendMessage(self.request)]

    def cancel(self, reason: str, now: float) -> list[object]:
        """Send a CANCEL, now or after the first provisional response; asked again, do nothing."""
        if not self.is_open or self._cancel_wanted:
            return []
        self._cancel_wanted, self._cancel_reason = True, reason
        return self._send_cancel(now) if self.state is State.PROCEEDING else []

    def response(self, response: Response, now: float) -> list[object]:
        """Take a response that matches."""
        up = ResponseReceived(self.key, response)
        match self.state:
            case State.CALLING | State.PROCEEDING if response.status < 200:
                return [up, *self._provisional(now)]
            case State.CALLING | State.PROCEEDING if response.status < 300:
                self._enter(State.ACCEPTED, now + self._timeout_s)
                return [up]
            case State.CALLING | State.PROCEEDING:
                self._enter(State.TERMINATED, None)
                return [SendMessage(_ack(self.request, response)), up]
            case State.ACCEPTED if 200 <= response.status < 300:
                return [up]
            case _:
                return []

    def wake(self, now: float) -> list[object]:
        """The state's time limit is over."""
        if self.state is State.ACCEPTED:
            self._enter(State.TERMINATED, None)
            return []
        return self.fail(RequestFailure.TIMEOUT)

    def fail(self, failure: RequestFailure) -> list[object]:
        """End without a final response."""
        self._enter(State.TERMINATED, None)
        lost = failure is RequestFailure.LINK_LOST  # It may be ringing there (F5).
        return [RequestFailed(self.key, failure, self.request if lost else None)]

    def _provisional(self, now: float) -> list[object]:
        if self.state is State.PROCEEDING:
            return []
        self._enter(State.PROCEEDING, None)
        return self._send_cancel(now) if self._cancel_wanted else []

    def _send_cancel(self, now: float) -> list[object]:
        self._enter(State.PROCEEDING, now + self._timeout_s)
        return [SendMessage(cancel_of(self.request, self._cancel_reason))]

    def _enter(self, state: State, end_by: float | None) -> None:
        """The one door through which the state changes, and its time limit with it."""
        assert state in LEGAL[self.state], f"{self.state} -> {state}"
        self.state, self._end_by = state, end_by


def cancel_of(invite: Request, reason: str = "") -> Request:
    """Build the CANCEL of an INVITE (9.1): the same Via, Route, Request-URI, From, To, Call-ID.

    `reason` is the value of a Reason header (RFC 3326), "" for none.
    """
    headers = _follow_up(invite, "CANCEL", invite.headers.get("To"))
    headers = headers.add("Reason", reason) if reason else headers
    return Request("CANCEL", invite.uri, headers)


def _ack(invite: Request, response: Response) -> Request:
    """Build the ACK of a 300-699 (17.1.1.3): as the CANCEL, but with the To of the response."""
    return Request("ACK", invite.uri, _follow_up(invite, "ACK", response.headers.get("To")))


def _follow_up(invite: Request, method: str, to: str | None) -> Headers:
    headers = invite.headers
    routes = [("Route", route) for route in headers.all("Route")]
    return Headers.of(
        ("Via", invite.via),
        *routes,
        ("Max-Forwards", MAX_FORWARDS),
        ("From", headers.get("From")),
        ("To", to),
        ("Call-ID", invite.call_id),
        ("CSeq", CSeq(invite.cseq.number, method)),
    )
