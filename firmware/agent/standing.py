"""A call that stands: what this phone asks of the far end within the dialog (RFC 3261 14).

Theory of operation
-------------------
What the call *wants* (to be held, to be taken back) is kept apart from what is agreed. While the
two differ and the dialog is free, the agent lets the call `ask`: a re-INVITE goes out.

    - One INVITE at a time: ours waits while theirs is open, and theirs that comes while ours is
      out is answered with 491 (14.1, 14.2).
    - 491 to ours: it goes again after 2.1-4 s where the Call-ID is ours, else after 0-2 s (14.1).
    - 401 and 407 are answered with credentials, 5xx with Retry-After by waiting so long.
    - Any other refusal leaves the session as it was, and the call stands; `rescue.py` says what
      follows for the dialog.
    - Without a final answer for `PATIENCE_S` the INVITE is cancelled.
    - When the link dies, what was asked is not answered any more and still wanted.
    - Hanging up waits for nothing. The 2xx of an INVITE that is still out is acknowledged.
"""

from __future__ import annotations

from dataclasses import replace

from firmware.agent import reasons
from firmware.agent.answering import SDP, dialog_fields
from firmware.agent.call import Call, CallState
from firmware.agent.credentials import Exchange, Use
from firmware.agent.dialog import Dialog
from firmware.agent.events import HoldChanged, Party
from firmware.agent.identity import answerer_of
from firmware.agent.line import Line
from firmware.agent.reading import or_none
from firmware.agent.writing import credentials_of
from firmware.machine import earliest, is_due
from firmware.sip.message import Request, Response
from firmware.transaction.events import (
    CancelRequest,
    RequestFailed,
    RequestFailure,
    SendAck,
    SendRequest,
)

OWNER_WAIT_S = (2.1, 4.0)
OTHER_WAIT_S = (0.0, 2.0)
"""RFC 3261 14.1: after a 491, of the one who made the Call-ID and of the other one."""

PATIENCE_S = 32.0
"""A far end that changes a session asks nobody: it answers within 64 x T1."""

RETRY_AFTER_S = (1.0, 60.0)
"""Bounds of what a server may ask for; a call does not last for days."""

ACKS_MAX = 8
"""ACKs that are remembered for a 2xx that comes again."""


class StandingCall(Call):
    """A call that may stand; `OutgoingCall` and `ReceivedCall` add how it begins."""

    _is_caller = False  # The call was placed from here.

    def __init__(self, number: int, line: Line, far: Party, port: int, state: CallState) -> None:
        super().__init__(number, line, far, port, state)
        self._asked_key = ""
        self._asking = Exchange(Use.DIALOG)
        self._asked_at = 0.0
        self._ask_at: float | None = None  # When it is asked again.
        self._give_up_at: float | None = None  # When the INVITE that is out is cancelled.
        self._out_key = ""  # That INVITE.
        self._confirmed: dict[str, Request] = {}  # ACKs by the key of their INVITE.
        self._wants_hold = False
        self._was_holding = False  # When the sound was told of last.
        self._wants_refresh = False
        self._owns_call_id = self._is_caller

    @property
    def is_done(self) -> bool:
        """Tell whether the call can be forgotten: also an INVITE of ours has come to its end."""
        return super().is_done and self._asked is None

    @property
    def wants_asking(self) -> bool:
        """Tell whether something is wanted of the far end, and may be asked for now."""
        busy = self._asked or self._accepted or self._ask_at is not None
        if busy or self.state is not CallState.CONFIRMED:
            return False
        return self._wants_refresh or self._wants_turning

    @property
    def _wants_turning(self) -> bool:
        """Tell whether there is a session, and it is to be held or taken back."""
        return self.media.can_hold and self._wants_hold != self.media.is_holding

    def want_hold(self, *, on: bool) -> list[object]:
        """Hold the call, or take it back, as soon as the far end can be asked."""
        if self.state in {CallState.ACCEPTED, CallState.CONFIRMED}:
            self._wants_hold = on
        return []

    def owns(self, key: str) -> bool:
        """Tell whether a request is ours."""
        return (self._asked is not None and key == self._asked_key) or key in self._confirmed

    def deadline(self) -> float | None:
        """Return when to repeat, to ask again, or to give up."""
        return earliest((super().deadline(), self._ask_at, self._give_up_at))

    def wake(self, now: float) -> list[object]:
        """Do what is due."""
        out = super().wake(now)
        if is_due(self._ask_at, now):
            self._ask_at = None
        if is_due(self._give_up_at, now):
            self._give_up_at = None
            out.append(CancelRequest(self._out_key, reasons.NO_ANSWER))
        return out

    def ask(self, now: float) -> list[object]:
        """Send the INVITE that asks for what is wanted."""
        assert self.wants_asking
        self._asking = Exchange(Use.DIALOG)
        return [self._send_asked(now)]

    def response(self, key: str, response: Response, now: float) -> list[object]:
        """Hear the answer to an INVITE within the dialog."""
        if response.status < 200:
            return []
        if response.status < 300:
            return self._granted(key, response, now)
        if key in self._confirmed:
            return []  # It was given up.
        is_current, self._asked, self._give_up_at = self._is_current, None, None
        if not is_current:
            return []
        if self._may_be_met(response):
            return [self._send_asked(now)]
        if wait_s := self._wait_s(response):
            self._ask_at = now + wait_s
            return []
        return self._denied(response.status, now)

    def failed(self, event: RequestFailed, now: float) -> list[object]:
        """Hear that no answer will come; of the link's loss, `service_lost` tells."""
        if event.failure is RequestFailure.LINK_LOST or event.key in self._confirmed:
            return []
        is_current, self._asked, self._give_up_at = self._is_current, None, None
        return self._denied(0, now) if is_current else []

    @property
    def _is_current(self) -> bool:
        """Tell whether what was asked is still of use: the call goes on, in that dialog."""
        asked, dialog = self._asked, self.dialog
        if asked is None or dialog is None or self.state is not CallState.CONFIRMED:
            return False
        return asked.call_id == dialog.call_id

    def _may_be_met(self, response: Response) -> bool:
        """Tell whether a refusal asks for credentials, or for a longer session interval."""
        if response.status == 422:
            return self.timer.raises(response)
        challenged = response.status in {401, 407}
        return challenged and not self.line.challenged(response, self._asking)

    def _wait_s(self, response: Response) -> float:
        """Return after how long an INVITE that crossed, or came too early, goes again; else 0."""
        if response.status == 491:
            bounds = OWNER_WAIT_S if self._owns_call_id else OTHER_WAIT_S
            return self.line.random.uniform(*bounds)
        return _retry_after_s(response) if response.status >= 500 else 0.0

    def _lose_link(self) -> None:
        """Forget what was open on the link; what is wanted stays so."""
        self._accepted = self._asked = None
        self._ask_at = self._give_up_at = None
        self._confirmed.clear()

    def _send_asked(self, now: float) -> SendRequest:
        """Write the re-INVITE: the session as it is, or turned."""
        assert self.dialog is not None
        host, media = self.line.host, self.media
        turns = self._wants_turning
        offer = media.hold(host, on=self._wants_hold) if turns else media.offer(host)
        fields = (*dialog_fields(self.line), *self.timer.fields(), ("Content-Type", SDP))
        self.dialog, request = self.dialog.over(self.line.hop).next_request("INVITE", *fields)
        request = replace(request, body=offer)
        self._asked_key = self._out_key = next(self.line.ids)
        self._asked_at, self._give_up_at = now, now + PATIENCE_S
        self._asked, self._asked_in = self.line.sign(request, Use.DIALOG), self.dialog
        return SendRequest(self._asked_key, self._asked)

    def _granted(self, key: str, response: Response, now: float) -> list[object]:
        """Acknowledge a 2xx, each time it comes, and take the answer that it carries."""
        if key in self._confirmed:
            return [SendAck(self._confirmed[key])]
        assert self._asked is not None
        assert self.dialog is not None
        asked, is_current = self._asked, self._is_current
        self._asked = self._give_up_at = None
        dialog = (self.dialog if is_current else self._asked_in).refreshed(response)
        ack = self._acknowledge_asked(key, asked, dialog)
        if not is_current:
            return [SendAck(ack)]
        self.dialog = dialog
        self.line.accepted(response, Use.DIALOG)
        self.timer.granted(response, now)
        far = self._far_is(answerer_of(response) or self.far)
        return [SendAck(ack), *far, *self._take_session(response, now)]

    def _acknowledge_asked(self, key: str, asked: Request, dialog: Dialog) -> Request:
        """Write the ACK of an INVITE within the dialog, and remember it."""
        fields = (*credentials_of(asked), self.line.user_agent)
        ack = dialog.acknowledge(asked.cseq.number, *fields)
        self._confirmed = dict([*self._confirmed.items(), (key, ack)][-ACKS_MAX:])
        return ack

    def _abandon(self) -> list[object]:
        """Give up an INVITE that is out: whatever comes of it changes nothing any more."""
        assert self._asked is not None
        self._acknowledge_asked(self._asked_key, self._asked, self._asked_in)
        self._asked = self._give_up_at = None
        self.media.withdraw()
        return [CancelRequest(self._out_key)]

    def _take_session(self, response: Response, now: float) -> list[object]:
        """Go on with the answer; one that cannot be used changes nothing."""
        self._wants_refresh = False
        if self.media.take_answer(response):
            return self._keep_session()
        return self._media_news()

    def _media_news(self) -> list[object]:
        """Tell of a hold too: an answer of ours may have said it, before our INVITE went again."""
        if self.media.is_holding == self._was_holding:
            return super()._media_news()
        self._was_holding = self.media.is_holding
        return [HoldChanged(self.number, self._was_holding), *super()._media_news()]

    def _denied(self, status: int, now: float) -> list[object]:
        """What was wanted cannot be had; `status` is 0 where there was no answer."""
        self._wants_refresh = False
        return self._keep_session()

    def _keep_session(self) -> list[object]:
        """The session stays as it was (14.1)."""
        self.media.withdraw()
        if self._wants_hold == self.media.is_holding:
            return []
        self._wants_hold = self.media.is_holding
        return [HoldChanged(self.number, self.media.is_holding)]


def _retry_after_s(response: Response) -> float:
    """Return how long a server wants us to wait; 0 where it does not say."""
    asked_s = or_none(lambda: response.retry_after)
    low, high = RETRY_AFTER_S
    return 0.0 if asked_s is None else min(max(float(asked_s), low), high)
