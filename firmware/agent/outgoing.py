"""A call placed from here: INVITE and its answers (RFC 3261 13.2, 9.1; F5).

- A challenge is answered with a new INVITE of the same Call-ID and From tag and the next CSeq.
- A 488 is asked once more with RTP/SAVP, where encryption is preferred (`media.py`).
- Forks: the first 2xx is the call. A 2xx of another branch is acknowledged and ended by BYE; each
  repeated 2xx gets its ACK again, for 64 x T1, also when the call is over (13.2.2.4).
- Hanging up before an answer is CANCEL; a 2xx that crosses it is acknowledged and ended by BYE.
- The ACK of a 2xx goes again over the next link to the same proxy, as long as the far end may
  still wait for it: it may have gone down with the link.
- An INVITE whose link died before its final answer goes again once the account is registered over
  the next one: REPEATING. It is another INVITE, with another Call-ID and From tag, since the same
  with a new branch draws 482 (8.2.2.2). To the same proxy the CANCEL of the old one goes before it;
  at another proxy nobody knows it. Our first attempt may still be ringing there, so a 486 to the
  second is heard once more `BUSY_S` later. Whoever hangs up meanwhile still owes that CANCEL.
- The far end may have lost the same link, and not be registered yet where we are: a repeated INVITE
  that finds nobody there goes again after each of `NOT_YET_S`. Only then is it refused; or at once,
  where it rang: somebody is there, and does not answer.
"""

from __future__ import annotations

from firmware.agent import reasons
from firmware.agent.absence import NOT_THERE_NOW, NOT_YET_S
from firmware.agent.accepted import GIVE_UP_T1
from firmware.agent.answering import SDP
from firmware.agent.call import RING_S_MAX, CallState
from firmware.agent.credentials import Exchange, Use
from firmware.agent.dialog import Dialog
from firmware.agent.early import FORKS_MAX
from firmware.agent.events import (
    CallAnswered,
    Delayed,
    Dialling,
    EndCause,
    Inviting,
    Party,
    Repeating,
)
from firmware.agent.farewell import OweBye
from firmware.agent.identity import answerer_of
from firmware.agent.line import ALLOW, Line
from firmware.agent.reading import or_none
from firmware.agent.redirect import Redirects
from firmware.agent.ringing import UNANSWERED, RingingCall
from firmware.agent.session_timer import updates
from firmware.agent.words import call_reason
from firmware.agent.writing import credentials_of
from firmware.link.events import Proxy
from firmware.machine import earliest, is_due
from firmware.sip.address import NameAddress
from firmware.sip.message import Request, Response
from firmware.sip.uri import Uri
from firmware.transaction.events import (
    CancelLost,
    CancelRequest,
    RequestFailed,
    RequestFailure,
    SendAck,
    SendRequest,
)

BUSY_S = 4.0
"""F5: how long our own first attempt may keep the far end busy."""


class OutgoingCall(RingingCall):
    """A call that a person here placed."""

    _is_caller = True

    def __init__(self, number: int, line: Line, far: Party, target: Uri, port: int) -> None:
        super().__init__(number, line, far, port)
        self._target = target
        self._uri = target  # Where the INVITE goes: another address after a 3xx.
        self._redirects = Redirects(target)
        self.is_emergency = False  # It needs a link, and no registration.
        self._key = ""
        self._lost: Request | None = None  # The INVITE that went down with its link.
        self._may_be_our_own = False  # Who keeps the far end busy.
        self._send_by: float | None = None  # How long the first INVITE may wait for the account.
        self._again_at: float | None = None  # When an INVITE that was refused goes again.
        self._waits_s: tuple[float, ...] = ()  # For a far end that is not there yet.
        self._begin()
        self._acks: dict[str, Request] = {}  # By the tag of the far end.
        self._proxy: Proxy | None = None  # Whom the INVITE went to.
        self._repeats_until = 0.0  # 2xx may come again, and ACKs may be missed.

    def start(self, now: float, wait_s: float, *, is_emergency: bool) -> list[object]:
        """Send the first INVITE; or wait so long for a link and a registration (F3)."""
        self.is_emergency = is_emergency
        self._clock_at = now + RING_S_MAX
        dialling = Dialling(self.number, self.line.account.number, self.far)
        if not wait_s:
            return [dialling, self._send()]
        self._enter_patiently(CallState.REPEATING)
        self._send_by = now + wait_s
        return [dialling, Delayed(self.number)]

    def has_waited(self, now: float) -> bool:
        """Tell whether the first INVITE has waited for as long as it may."""
        return is_due(self._send_by, now)

    @property
    def wants_repeating(self) -> bool:
        """Tell whether an INVITE, or the CANCEL of one, is to go as soon as the account serves."""
        return self.state is CallState.REPEATING and self._again_at is None

    def deadline(self) -> float | None:
        """Return when to repeat, or to give up."""
        return earliest((super().deadline(), self._again_at, self._send_by))

    def wake(self, now: float) -> list[object]:
        """Do what is due."""
        if is_due(self._again_at, now):
            self._again_at = None
        return super().wake(now)

    def owns(self, key: str) -> bool:
        """Tell whether a request is ours."""
        return key == self._key or super().owns(key)

    def hang_up(self, now: float) -> list[object]:
        """CANCEL, or BYE."""
        match self.state:
            case CallState.CALLING | CallState.RINGING:
                return self._cancel(EndCause.HUNG_UP_HERE)
            case CallState.REPEATING:
                return self._stop_waiting(EndCause.HUNG_UP_HERE)
            case CallState.CONFIRMED:
                return self._hang_up_standing(now)
            case _:
                return []

    def response(self, key: str, response: Response, now: float) -> list[object]:
        """Hear the answer to the INVITE, or to one within the dialog."""
        if key != self._key:
            return super().response(key, response, now)
        self._lost = None  # This link has carried the INVITE, and the CANCEL before it.
        match response.status:
            case status if status < 200:
                return self._provisional(response)
            case status if status < 300:
                return self._answered(response, now)
            case _ if self.state not in UNANSWERED:
                return self._cancelled()
            case 401 | 407:
                return self._challenged(response)
            case 422 if self.timer.raises(response):
                return self._send_anew()
            case 488 if self._early.offered.insist():
                return self._send_anew()
            case 486 if self._may_be_our_own:
                return self._met_itself(now)
            case status if status in NOT_THERE_NOW and self._may_come:
                return self._came_too_early(now)
            case status:
                return self._refused(status, response)

    def _refused(self, status: int, response: Response) -> list[object]:
        """Go on to the next address that a 3xx has named, if any (8.1.3.4)."""
        if status < 400:
            self._redirects.learn(response, self.line)
        further = self._redirects.next() if status < 600 else None
        if further is None:
            self._enter(CallState.TERMINATED)
            return self._end(EndCause.REFUSED, status, call_reason(response))
        self._uri = further
        return self._send_anew()

    def failed(self, event: RequestFailed, now: float) -> list[object]:
        """Hear that the INVITE will not be answered; of the link's loss, `service_lost` tells."""
        if event.key != self._key:
            return super().failed(event, now)
        if event.failure is RequestFailure.LINK_LOST:
            self._lost = event.invite  # None where it never went: the CANCEL before it is owed.
            return []
        if self.state not in UNANSWERED:
            return self._cancelled()
        self._enter(CallState.TERMINATED)
        return self._end(EndCause.FAILED, reason="the proxy does not answer")

    def service_lost(self, now: float) -> list[object]:
        """A call without an answer waits for the next link; one that stands survives (F5, F6)."""
        self._lose_link()
        if self.state is CallState.CONFIRMED:
            return self._survive()
        if self.state is CallState.LEAVING:
            return self._leave_unheard(now)
        if self.state is CallState.TERMINATED:
            self._clock_at = None  # Nothing comes again: the INVITE's transaction is gone.
            return []
        self._again_at = None
        return self._link_lost(now)

    def service_settled(self, now: float) -> list[object]:
        """Acknowledge again while the far end may be waiting."""
        out = super().service_settled(now)
        if self.state is not CallState.CONFIRMED or self.dialog is None:
            return out
        ack = self._acks.get(self.dialog.remote.tag or "")
        return [*out, SendAck(ack)] if ack and self.line.proxy == self._proxy else out

    def _clock_rang(self, now: float) -> list[object]:
        if self.state in UNANSWERED:
            return self._cancel(EndCause.FAILED, 408, "no answer", reasons.NO_ANSWER)
        if self.state is CallState.REPEATING:
            self._enter(CallState.TERMINATED)
            return self._end(EndCause.LINK_LOST)
        self._acks.clear()  # No 2xx comes again, and nobody waits for an ACK any more.
        return []

    # The INVITE that goes again (F5).

    def repeat(self) -> list[object]:
        """Send another INVITE over the link that serves now, or what is left to cancel."""
        assert self.wants_repeating, f"repeated while {self.state}"
        out: list[object] = []
        if self._lost and self.line.proxy == self._proxy:
            out = [CancelLost(self._lost, "" if self.has_ended else reasons.REPEATED)]
        if self.has_ended:
            self._enter(CallState.TERMINATED)
            return out
        self._enter_patiently(CallState.CALLING)
        self._begin()
        return [*out, self._send(), Inviting(self.number)]

    def give_up_repeating(self, reason: str) -> list[object]:
        """The account is refused where the link leads now, or was not served in time."""
        return self._stop_waiting(EndCause.FAILED, reason)

    def _link_lost(self, now: float) -> list[object]:
        """The INVITE, or its CANCEL, waits for the next link as long as the caller does."""
        if self.state not in {*UNANSWERED, CallState.CANCELLING}:
            return []
        self._clock_at = self._clock_at or now + RING_S_MAX  # A CANCEL had no clock of its own.
        self._enter_patiently(CallState.REPEATING)
        self._waits_s = NOT_YET_S
        self._may_be_our_own = True
        return [] if self.has_ended else [Repeating(self.number)]

    def _met_itself(self, now: float) -> list[object]:
        """Busy, perhaps with our first attempt: ask once more, a little later."""
        self._enter_patiently(CallState.REPEATING)
        self._may_be_our_own, self._again_at = False, now + BUSY_S
        return []

    @property
    def _may_come(self) -> bool:
        """Tell whether nobody has rung yet, and the far end may still be on its way here."""
        return self.state is CallState.CALLING and bool(self._waits_s)

    def _came_too_early(self, now: float) -> list[object]:
        """Nobody is there, perhaps only for now: ask once more, each time later."""
        self._enter_patiently(CallState.REPEATING)
        wait_s, *waits_s = self._waits_s
        self._waits_s, self._again_at = tuple(waits_s), now + wait_s
        return []

    def _stop_waiting(self, cause: EndCause, reason: str = "") -> list[object]:
        """End for the person; a CANCEL that is owed still waits for its link."""
        if self._lost is None:
            self._again_at = None
            self._enter(CallState.TERMINATED)
        return self._end(cause, reason=reason)

    # The INVITE.

    def _begin(self) -> None:
        """Take the names of an INVITE that nobody has seen yet."""
        self._call_id = next(self.line.ids)
        self._tag = next(self.line.ids)
        self._cseq = 0
        self._exchange = Exchange(Use.CALL)
        self._forget_early()

    def _send_anew(self) -> list[object]:
        """Send the INVITE again: whoever rang for the last one does so no more."""
        self._forget_early()
        return [self._send()]

    def _send(self) -> SendRequest:
        self._cseq += 1
        self._key = next(self.line.ids)
        self._invite = self.line.sign(self._request(), Use.CALL)
        self._proxy = self.line.proxy
        return SendRequest(self._key, self._invite)

    def _request(self) -> Request:
        line = self.line
        headers = line.head(
            *(("Route", route) for route in line.service_route),
            ("From", line.identity(self._tag)),
            ("To", NameAddress(self._target)),
            ("Call-ID", self._call_id),
            ("CSeq", f"{self._cseq} INVITE"),
            ("Contact", line.dialog_contact()),
            ("Allow", ALLOW),
            line.supported,
            *self.timer.fields(),
            *self._redirects.fields,
            ("Content-Type", SDP),
        )
        return Request("INVITE", self._uri, headers, self.media.offer(line.host))

    def _challenged(self, response: Response) -> list[object]:
        refusal = self.line.challenged(response, self._exchange)
        if refusal:
            self._enter(CallState.TERMINATED)
            return self._end(EndCause.REFUSED, response.status, refusal)
        return self._send_anew()

    def _cancel(
        self, cause: EndCause, status: int = 0, words: str = "", reason: str = ""
    ) -> list[object]:
        """The transaction tells how this ends, if only that nothing came for 64 x T1 (9.1)."""
        self._enter(CallState.CANCELLING)
        return [CancelRequest(self._key, reason), *self._end(cause, status, words)]

    def _cancelled(self) -> list[object]:
        """The INVITE is over, as we wanted."""
        if self.state is CallState.CANCELLING:
            self._enter(CallState.TERMINATED)
        return []

    # The 2xx.

    def _answered(self, response: Response, now: float) -> list[object]:
        """Acknowledge a 2xx: the call, a repetition, a fork, or one that crossed our CANCEL."""
        tag = or_none(lambda: response.to.tag) or ""
        if tag in self._acks:
            return [SendAck(self._acks[tag])]
        invite = self._invite_sent()
        opened = or_none(lambda: Dialog.opened_by_us(invite, response, self.line.hop))
        if opened is None:
            return self._unreadable()
        dialog = self._early.confirmed(opened)
        if len(self._acks) >= FORKS_MAX:
            return []
        if not self._acks:
            self._repeats_until = now + GIVE_UP_T1 * self.line.settings.t1_s
        self._acks[tag] = self._acknowledge(dialog)
        ack = SendAck(self._acks[tag])
        if self.state in UNANSWERED:
            return [ack, *self._confirm(dialog, response, now)]
        self._cancelled()
        return [ack, OweBye(self.line, dialog, reasons.ELSEWHERE if self.dialog else "")]

    def _confirm(self, dialog: Dialog, response: Response, now: float) -> list[object]:
        self.line.accepted(response, Use.CALL)
        self.dialog = dialog
        self._enter(CallState.CONFIRMED)
        session = self._early.session_of(dialog)
        self.media = session.media
        problem = session.conclude(response)
        if problem:
            return self._give_up(problem, reasons.NO_SESSION)
        self._peer_updates = updates(response)
        self.timer.granted(response, now)
        far = answerer_of(response) or self.far
        return [CallAnswered(self.number), *self._far_is(far), *self._media_news()]

    def _acknowledge(self, dialog: Dialog) -> Request:
        """Write the ACK with the INVITE's credentials (13.2.2.4)."""
        invite = self._invite_sent()
        fields = (*credentials_of(invite), self.line.user_agent)
        return dialog.acknowledge(invite.cseq.number, *fields)

    def _unreadable(self) -> list[object]:
        """A 2xx without a usable Contact or Record-Route: there is nobody to acknowledge."""
        if self.state not in {*UNANSWERED, CallState.CANCELLING}:
            return []
        self._enter(CallState.TERMINATED)
        return self._end(EndCause.FAILED, reason="the answer cannot be read")

    def _enter(self, state: CallState) -> None:
        """After an answer, stay to acknowledge its repetitions and other forks."""
        super()._enter(state)
        self._send_by = None
        if self._acks:
            self._clock_at = self._repeats_until
