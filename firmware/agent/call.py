"""One call, from the first request to the last answer: what both directions share.

Theory of operation
-------------------
    placed    CALLING --180--> RINGING --2xx--> CONFIRMED
               ^ |                |                 |
               | +---- CANCELLING +                 |
               |            |     | link lost (F5)  |
               +------- REPEATING +                 v
    offered   OFFERED --we answer--> ACCEPTED --> CONFIRMED --> TERMINATED
                                        |                          ^
                                        +--> LEAVING --ACK---------+

- The person hears of the end once and at once: `CallEnded` comes when it is decided, whatever the
  far end still has to hear. A call is TERMINATED when nothing more can come of it but repetitions.
- A BYE is handed over as `OweBye`, so it outlives the call and the link (F5).
- Having sent a 2xx, a BYE has to wait for its ACK (RFC 3261 15): LEAVING. So has one in a dialog of
  theirs that has just taken the place of a confirmed one.
- A confirmed call survives the loss of the link (F6). Whether the ACK of our 2xx went down with
  the link nobody knows: the call is taken to stand.
- What is agreed about sound goes to the outside as `MediaChanged`, whenever it changes, and
  `MediaEnded` with the end that the person hears of.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from enum import Enum

from firmware.agent import reasons
from firmware.agent.accepted import Accepted
from firmware.agent.answering import answer, capabilities, dialog_fields, refuse_method
from firmware.agent.dialog import Dialog
from firmware.agent.events import CallEnded, EndCause, FarChanged, MediaChanged, MediaEnded, Party
from firmware.agent.farewell import OweBye
from firmware.agent.identity import caller_of
from firmware.agent.line import Line
from firmware.agent.media import MediaSession, NotAcceptableError
from firmware.agent.reading import reason_text
from firmware.agent.session_timer import SessionTimer, updates
from firmware.machine import earliest, is_due
from firmware.media.negotiation import MediaWishes
from firmware.media.plan import MediaPlan
from firmware.sip.message import Request
from firmware.transaction.events import RequestReceived, SendResponse

RING_S_MAX = 300.0
"""A call that nobody answers does not ring for ever: it has a clock of its own."""

REFRESHING = frozenset({"INVITE", "UPDATE"})
"""Methods that refresh a session (RFC 4028)."""

RETRY_AFTER_S_MAX = 10
"""RFC 3261 14.2: an INVITE that comes too early is asked to come again within so long."""


class CallState(Enum):
    """Where a call stands."""

    CALLING = "calling"
    RINGING = "ringing"
    CANCELLING = "cancelling"
    REPEATING = "repeating"
    OFFERED = "offered"
    ACCEPTED = "accepted"
    CONFIRMED = "confirmed"
    LEAVING = "leaving"
    TERMINATED = "terminated"


LEGAL = {
    CallState.CALLING: {
        CallState.RINGING,
        CallState.CANCELLING,
        CallState.REPEATING,
        CallState.CONFIRMED,
        CallState.TERMINATED,
    },
    CallState.RINGING: {
        CallState.CANCELLING,
        CallState.REPEATING,
        CallState.CONFIRMED,
        CallState.TERMINATED,
    },
    CallState.CANCELLING: {CallState.REPEATING, CallState.TERMINATED},
    CallState.REPEATING: {CallState.CALLING, CallState.TERMINATED},
    CallState.OFFERED: {CallState.ACCEPTED, CallState.TERMINATED},
    CallState.ACCEPTED: {CallState.CONFIRMED, CallState.LEAVING, CallState.TERMINATED},
    CallState.CONFIRMED: {CallState.LEAVING, CallState.TERMINATED},
    CallState.LEAVING: {CallState.TERMINATED},
    CallState.TERMINATED: set[CallState](),
}


class Call(ABC):
    """A call; `OutgoingCall` and `ReceivedCall` add how it begins."""

    def __init__(self, number: int, line: Line, far: Party, port: int, state: CallState) -> None:
        self.number = number
        self.line = line
        self.far = far
        self.state = state
        self.dialog: Dialog | None = None
        self.media, self.timer = self._new_session(port)
        self._peer_updates = False  # The far end takes UPDATE.
        self.has_ended = False  # For the person.
        self._told: MediaPlan | None = None  # What the outside knows of the sound.
        self._accepted: Accepted | None = None  # A 2xx of ours without its ACK.
        self._asked: Request | None = None  # An INVITE of ours within the dialog, unanswered.
        self._clock_at: float | None = None  # The patience of the state.

    def _new_session(self, port: int) -> tuple[MediaSession, SessionTimer]:
        """Return a session of which nothing is agreed yet, and its timer."""
        account, random = self.line.account, self.line.random
        wishes = MediaWishes(port, account.codecs, account.srtp, account.digit_events)
        return MediaSession(wishes, random), SessionTimer(account.session_timer_s)

    @property
    def is_done(self) -> bool:
        """Tell whether the call can be forgotten."""
        return self.state is CallState.TERMINATED and self._clock_at is None

    def holds(self, request: Request) -> bool:
        """Tell whether a request of theirs belongs to this call's dialog."""
        live = self.state is not CallState.TERMINATED
        return live and self.dialog is not None and self.dialog.holds(request)

    def deadline(self) -> float | None:
        """Return when to repeat, or to give up."""
        return earliest((self._accepted.deadline() if self._accepted else None, self._clock_at))

    def wake(self, now: float) -> list[object]:
        """Do what is due."""
        out: list[object] = []
        if self._accepted and self._accepted.is_hopeless(now):
            out += self._not_acknowledged()
        elif self._accepted:
            out += self._accepted.wake(now)
        if is_due(self._clock_at, now):
            self._clock_at = None
            out += self._clock_rang(now)
        return out

    @abstractmethod
    def hang_up(self, now: float) -> list[object]:
        """End the call from here, in whatever state it is."""

    @abstractmethod
    def service_lost(self, now: float) -> list[object]:
        """Hear that the link is down."""

    @abstractmethod
    def _clock_rang(self, now: float) -> list[object]:
        """Lose patience with the state."""

    # What the far end sends within the dialog.

    def request(self, event: RequestReceived, now: float) -> list[object]:
        """Answer a request within the dialog (12.2.2)."""
        key, request = event.key, event.request
        assert self.dialog is not None
        if not self.dialog.accepts(request):
            return [SendResponse(key, answer(request, 500))]
        self.dialog = self.dialog.learn(request)
        too_small = self.timer.too_small(request) if request.method in REFRESHING else None
        if too_small:
            return [SendResponse(key, answer(request, 422, *too_small))]
        if request.method in REFRESHING:
            return [*self._far_is(caller_of(request)), *self._refreshed(key, request, now)]
        match request.method:
            case "BYE":
                return self._bye_came(key, request)
            case "OPTIONS":
                return [SendResponse(key, answer(request, 200, *capabilities(self.line)))]
            case _:
                return self._other_request(key, request, now)

    def _refreshed(self, key: str, request: Request, now: float) -> list[object]:
        if request.method == "INVITE":
            return self._reinvited(key, request, now)
        return self._updated(key, request, now)

    def _far_is(self, far: Party) -> list[object]:
        """Learn who the far end is now (RFC 4916)."""
        if far == self.far:
            return []
        self.far = far
        return [FarChanged(self.number, far)]

    def _other_request(self, key: str, request: Request, now: float) -> list[object]:
        return [refuse_method(key, request)]

    def acknowledged(self, ack: Request) -> list[object]:
        """Hear the ACK of our 2xx; it may carry the answer to our offer (13.2.1)."""
        accepted = self._accepted
        if accepted is None or not accepted.is_acknowledged_by(ack):
            return []
        self._accepted = None
        if self.state is CallState.LEAVING:
            return self._leave()
        if self.state is CallState.ACCEPTED:
            self._enter(CallState.CONFIRMED)
        problem = self.media.take_answer(ack) if accepted.offered else ""
        return self._give_up(problem, reasons.NO_SESSION) if problem else self._media_news()

    def _reinvited(self, key: str, request: Request, now: float) -> list[object]:
        """Answer a re-INVITE with the session as it is (14.2)."""
        if self._asked:
            return [SendResponse(key, answer(request, 491))]
        if self.state is not CallState.CONFIRMED or self._accepted:
            later = ("Retry-After", self.line.random.randint(0, RETRY_AFTER_S_MAX))
            return [SendResponse(key, answer(request, 500, later))]
        return self._accept(key, request, now)

    def _updated(self, key: str, request: Request, now: float) -> list[object]:
        """Answer an UPDATE; an offer beside one that is open comes too early (RFC 3311 5.2)."""
        if not request.body:
            fields = self._granting(request, now)
            return [SendResponse(key, answer(request, 200, *fields))]
        if self._asked:
            return [SendResponse(key, answer(request, 491))]  # RFC 3311 5.2.
        if not self._takes_offers:
            later = ("Retry-After", self.line.random.randint(0, RETRY_AFTER_S_MAX))
            return [SendResponse(key, answer(request, 500, later))]
        try:
            body = self._answer_to(request)
        except NotAcceptableError as error:
            return [SendResponse(key, answer(request, error.status, *error.fields))]
        ok = answer(request, 200, *self._granting(request, now), body=body)
        return [SendResponse(key, ok), *self._media_news()]

    @property
    def _takes_offers(self) -> bool:
        """Tell whether no offer is open, so that another may come by UPDATE (RFC 3311 5.2)."""
        return self.state is CallState.CONFIRMED and not self._accepted

    def _accept(self, key: str, request: Request, now: float) -> list[object]:
        """Answer an INVITE with 200 and our session, and wait for its ACK."""
        assert self.dialog is not None
        tag = self.dialog.local.tag or ""
        try:
            body, offered = self._session_for(request)
        except NotAcceptableError as error:
            return [SendResponse(key, answer(request, error.status, *error.fields, tag=tag))]
        fields = self._granting(request, now)
        response = answer(request, 200, *fields, tag=tag, body=body)
        self._accepted = Accepted(key, response, self.line.settings, now, offered=offered)
        return [*self._accepted.start(), *self._media_news()]

    def _granting(self, request: Request, now: float) -> tuple[tuple[str, object], ...]:
        """Return the fields of a 2xx that makes or refreshes the dialog."""
        self._peer_updates = updates(request) or self._peer_updates
        return (*dialog_fields(self.line), *self.timer.grant(request, now))

    def _session_for(self, request: Request) -> tuple[bytes, bool]:
        """Return the session that answers an INVITE, and whether it is an offer."""
        if request.body:
            return self._answer_to(request), False
        return self._offer_anew(), True

    def _offer_anew(self) -> bytes:
        return self.media.offer(self.line.host, anew=True)

    def _answer_to(self, request: Request) -> bytes:
        return self.media.answer(request.body, self.line.host)

    def _media_news(self) -> list[object]:
        """Tell the outside what the sound is now, where that has changed."""
        plan = self.media.plan
        if plan is None or plan == self._told:
            return []
        self._told = plan
        return [MediaChanged(self.number, plan)]

    def _bye_came(self, key: str, request: Request) -> list[object]:
        self._accepted = None
        self._enter(CallState.TERMINATED)
        ended = self._end(EndCause.HUNG_UP_THERE, reason=reason_text(request))
        return [SendResponse(key, answer(request, 200)), *ended]

    # Ending.

    def _not_acknowledged(self) -> list[object]:
        """64 x T1 without the ACK: the far end is told by BYE (13.3.1.4)."""
        if self.state is CallState.LEAVING:
            return self._leave(reasons.NOT_CONFIRMED)
        return self._give_up("the answer was not confirmed", reasons.NOT_CONFIRMED)

    def _give_up(self, problem: str, reason: str) -> list[object]:
        """Leave because of a problem, in words here, and with a Reason there."""
        return [*self._leave(reason), *self._end(EndCause.FAILED, reason=problem)]

    def _leave(self, reason: str = "") -> list[object]:
        """End the dialog from our side; the far end hears why, where it is not that we hung up."""
        assert self.dialog is not None
        self._accepted = None
        self._enter(CallState.TERMINATED)
        return [OweBye(self.line, self.dialog, reason)]

    def _end(self, cause: EndCause, status: int = 0, reason: str = "") -> list[object]:
        """Tell the person that the call is over, once."""
        if self.has_ended:
            return []
        self.has_ended = True
        silence = [MediaEnded(self.number)] if self._told else []
        return [*silence, CallEnded(self.number, cause, status, reason)]

    def _enter(self, state: CallState) -> None:
        """The one door through which the state changes; the old state's patience is forgotten."""
        assert state in LEGAL[self.state], f"{self.state} -> {state}"
        self.state = state
        self._clock_at = None
