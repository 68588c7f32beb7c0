"""One account's subscription to something, its topic (F5, F7; RFC 6665 4.1).

Theory of operation
-------------------
The states are those of RFC 6665 4.1.2:

    INIT         nothing is known at the notifier of this link; SUBSCRIBE is due
    NOTIFY_WAIT  SUBSCRIBE is out; the first NOTIFY makes the dialog, and may overtake the answer
    PENDING      the notifier has not agreed yet
    ACTIVE       it tells what changes; refreshed in time, in the same state
    TERMINATED   it is over, until `again_at`

It goes with the registration: it is sent when the account is registered over a link (F7). What was
subscribed over a link that was lost is refreshed within its dialog at the same proxy, and begun
anew at another one, whose notifier knows nothing of it; CSeq goes on (F5).

Whoever says no (489, 403, `rejected`) is left alone for `REFUSED_S`, whatever links come and go
meanwhile; whoever fails is asked again after `RETRY_S`. All of it has a bound on its rate.
"""

from __future__ import annotations

from dataclasses import replace
from enum import Enum

from firmware.agent.credentials import Exchange, Use
from firmware.agent.dialog import Dialog
from firmware.agent.line import ALLOW
from firmware.agent.package import Standing
from firmware.agent.rate import TokenBucket
from firmware.agent.reading import or_none, retry_after_s
from firmware.agent.topic import Topic
from firmware.link.events import Proxy
from firmware.machine import earliest, is_due
from firmware.sip.address import NameAddress
from firmware.sip.errors import RemoteProtocolError
from firmware.sip.message import Request, Response
from firmware.transaction.events import RequestFailure, SendRequest

PERIOD_MAX_S = 86_400
"""The longest that a 423 can ask of us."""

RENEW_S = 15.0
"""So long before its end a subscription is refreshed; a short one at its half."""

RETRY_S = 120.0
REFUSED_S = 1800.0
RETRY_AFTER_MAX_S = 86_400.0
SPREAD = 1.1
"""Waits are drawn from 100-110 %, so that a fleet does not come back in one instant."""

BURST_MAX = 6
REFILL_S = 10.0
"""SUBSCRIBEs per topic: challenge, 423 and reconnect in a row, then one in 10 s."""

SILENT_T1 = 64
"""Timer N: a SUBSCRIBE that no NOTIFY follows within 64 T1 has failed (RFC 6665 4.1.2)."""

GONE = frozenset({404, 405, 410, 416, 480, 481, 482, 483, 484, 485, 489, 501, 604})
"""Answers to a refresh that end the subscription (4.1.2.2); after others it stands as it was."""

REFUSING = frozenset({403, 404, 405, 410, 416, 484, 485, 489, 501, 603, 604})
"""Answers that will be the same next time."""

AT_ONCE = frozenset({"deactivated", "timeout"})
FOR_GOOD = frozenset({"rejected", "noresource", "invariant"})
"""Reasons of `terminated` (4.1.3): subscribe again at once, or not at all."""


class SubscriptionState(Enum):
    """Where it stands, in the words of RFC 6665 4.1.2."""

    INIT = "init"
    NOTIFY_WAIT = "notify_wait"
    PENDING = "pending"
    ACTIVE = "active"
    TERMINATED = "terminated"


_S = SubscriptionState

LEGAL = {
    _S.INIT: {_S.INIT, _S.NOTIFY_WAIT, _S.TERMINATED},
    _S.NOTIFY_WAIT: {_S.INIT, _S.PENDING, _S.ACTIVE, _S.TERMINATED},
    _S.PENDING: {_S.INIT, _S.PENDING, _S.ACTIVE, _S.TERMINATED},
    _S.ACTIVE: {_S.INIT, _S.PENDING, _S.ACTIVE, _S.TERMINATED},
    _S.TERMINATED: {_S.INIT},
}

LIVES = frozenset({_S.NOTIFY_WAIT, _S.PENDING, _S.ACTIVE})


class Subscription:
    """The subscriber's half of it."""

    def __init__(self, topic: Topic) -> None:
        self.topic, self.line = topic, topic.line
        self.state = SubscriptionState.INIT
        self._refusal = topic.wrong  # Why we are refused, in words.
        self._told = topic.standing(is_active=False, refusal="")
        self._dialog: Dialog | None = None
        self._call_id = self._tag = ""
        self._cseq = 0
        self._period_s = topic.period_s
        self._key: str | None = None  # The SUBSCRIBE that is out.
        self._exchange = Exchange(Use.CALL)
        self._bucket = TokenBucket(BURST_MAX, REFILL_S)
        self._proxy: Proxy | None = None  # Where the dialog was made.
        self._held: dict[Proxy, float] = {}  # Who said no, and until when it is left alone.
        self._refresh_at: float | None = None
        self._expires_at: float | None = None
        self._notify_by: float | None = None
        self._again_at: float | None = None

    def owns(self, key: str) -> bool:
        """Tell whether a request is ours."""
        return key == self._key

    def holds(self, notify: Request) -> bool:
        """Tell whether a request within a dialog belongs to this subscription."""
        if notify.call_id != self._call_id or notify.to.tag != self._tag:
            return False
        return self._dialog is None or self._dialog.holds(notify)

    def deadline(self) -> float | None:
        """Return when to refresh, to give up waiting, or to begin anew."""
        return earliest((self._refresh_at, self._expires_at, self._notify_by, self._again_at))

    def wake(self, now: float) -> list[object]:
        """Do what is due."""
        if is_due(self._again_at, now):
            self._enter(SubscriptionState.INIT)
        elif is_due(self._notify_by, now):
            self._over(RETRY_S, now)
        elif is_due(self._expires_at, now):
            self._over(0.0, now)
        elif is_due(self._refresh_at, now):
            return self._refresh(now)
        return []

    # The link.

    def service_up(self, proxy: Proxy, now: float) -> None:
        """There is a link; what another proxy knew is not known here."""
        self._enter(SubscriptionState.INIT)
        if proxy != self._proxy:
            self._forget()
            self._proxy = proxy
        held_until = self._held.get(proxy, now)
        if held_until > now:
            self._enter(SubscriptionState.TERMINATED)
            self._again_at = held_until

    def service_lost(self) -> None:
        """What was out goes again over the next link (F5)."""
        self._key = None
        self._enter(SubscriptionState.INIT)

    # What is told of it.

    @property
    def is_active(self) -> bool:
        """Tell whether the notifier tells what changes."""
        return self.state is SubscriptionState.ACTIVE

    def news(self) -> list[object]:
        """Return how it stands, where that was not told."""
        return self._tell(self.topic.standing(is_active=self.is_active, refusal=self._refusal))

    def over(self) -> list[object]:
        """Return what is to be told when nobody asks for it any more."""
        return self._tell(self.topic.standing(is_active=False, refusal=""))

    def _tell(self, stands: object) -> list[object]:
        before, self._told = self._told, stands
        return [stands] if stands != before else []

    # Subscribing.

    def ask(self, now: float) -> list[object]:
        """Subscribe, where that is due; the account is registered."""
        if self.topic.target is None:
            return []
        if self.state is not SubscriptionState.INIT or self._again_at is not None:
            return []
        if not self._bucket.take(now):
            self._again_at = self._bucket.next_at(now)
            return []
        if not self._call_id:
            self._call_id, self._tag = next(self.line.ids), next(self.line.ids)
        self._enter(SubscriptionState.NOTIFY_WAIT)
        self._exchange = Exchange(Use.DIALOG if self._dialog else Use.CALL)
        return self._send(now)

    def leave(self) -> list[object]:
        """End it: the phone stops, or goes to another proxy; nobody waits for the answer."""
        if self.state not in LIVES or self._dialog is None:
            return []
        request = self.line.sign(self._next_request(0), Use.DIALOG)
        self._key = None
        self._forget()
        self._enter(SubscriptionState.INIT)
        return [SendRequest(next(self.line.ids), request)]

    def ask_again(self, now: float) -> list[object]:
        """Have all of it told anew, unless that is on its way."""
        return self._refresh(now) if self._key is None else []

    def _refresh(self, now: float) -> list[object]:
        self._refresh_at = None
        if not self._bucket.take(now):
            self._refresh_at = self._bucket.next_at(now)
            return []
        self._exchange = Exchange(Use.DIALOG)
        return self._send(now)

    def _send(self, now: float) -> list[object]:
        self._key = next(self.line.ids)
        self._notify_by = now + SILENT_T1 * self.line.settings.t1_s
        use = Use.DIALOG if self._dialog else Use.CALL
        return [SendRequest(self._key, self.line.sign(self._next_request(self._period_s), use))]

    def _next_request(self, period_s: int) -> Request:
        """Write a SUBSCRIBE: within the dialog, or the first one (RFC 6665 3.1)."""
        line, package, target = self.line, self.topic.package, self.topic.target
        assert target is not None, "there is nobody to ask"
        fields: tuple[tuple[str, object], ...] = (
            ("Contact", line.dialog_contact()),
            ("Event", package.name),
            ("Accept", package.content),
            ("Expires", period_s),
            ("Allow", ALLOW),
        )
        self._cseq += 1
        if self._dialog is not None:
            self._dialog, request = self._dialog.over(line.hop).next_request(
                "SUBSCRIBE", *fields, line.user_agent
            )
            self._cseq = self._dialog.local_cseq
            return request
        headers = line.head(
            *(("Route", route) for route in line.service_route),
            ("From", line.identity(self._tag)),
            ("To", NameAddress(target)),
            ("Call-ID", self._call_id),
            ("CSeq", f"{self._cseq} SUBSCRIBE"),
            *fields,
        )
        return Request("SUBSCRIBE", target, headers)

    # Answers.

    def response(self, response: Response, now: float) -> list[object]:
        """Hear the notifier's answer to SUBSCRIBE."""
        status = response.status
        if status < 200:
            return []
        self._key = None
        if status in {401, 407}:
            if not self.line.challenged(response, self._exchange):
                return self._send(now)
            return self._refused(response, now)
        if status < 300:
            self._accepted(response, now)
            return []
        if status == 423 and self._lengthen(or_none(lambda: response.min_expires) or 0):
            return self._send(now)
        return self._not_accepted(response, now)

    def _accepted(self, response: Response, now: float) -> None:
        self.line.accepted(response, self._exchange.use)
        self._refusal = ""
        self._dialog = self._dialog.refreshed(response) if self._dialog else None
        granted_s = response.expires
        self._granted(self._period_s if granted_s is None else granted_s, now)
        if response.status == 204:
            self._notify_by = None  # RFC 5839: nothing has changed, and no NOTIFY follows.

    def _not_accepted(self, response: Response, now: float) -> list[object]:
        status = response.status
        if self._dialog is not None and status in GONE:
            self._over(0.0, now)  # It is not known there any more: begin anew.
        elif status in REFUSING:
            return self._refused(response, now)
        elif self._expires_at is not None:
            self._notify_by = None
            self._refresh_at = now + self._spread(max(RETRY_S, retry_after_s(response)))
        else:
            self._over(max(RETRY_S, retry_after_s(response)), now)
        return []

    def _refused(self, response: Response, now: float) -> list[object]:
        """Whoever said no is not asked again for long, over whatever link."""
        self._refusal = self.topic.refusal(response)
        self._refuse(max(REFUSED_S, retry_after_s(response)), now)
        return []

    def failed(self, failure: RequestFailure, now: float) -> None:
        """Hear that no answer will come; on a lost link `service_lost` follows."""
        if failure is RequestFailure.TIMEOUT:
            self._key = None
            self._over(RETRY_S, now)

    def _lengthen(self, least_s: int) -> bool:
        """423: ask for at least so long; False where that makes no sense."""
        if not self._period_s < least_s <= PERIOD_MAX_S:
            return False
        self._period_s = least_s
        return True

    # NOTIFY.

    def check(self, notify: Request) -> Standing:
        """Read where it stands; raises `RemoteProtocolError` where the word is out of order."""
        if self._dialog is None and self.state is not SubscriptionState.NOTIFY_WAIT:
            raise RemoteProtocolError("no such subscription", 481)
        if self._dialog is not None and not self._dialog.accepts(notify):
            raise RemoteProtocolError("out of order", 500)
        return Standing.of(notify)

    def notified(self, notify: Request, standing: Standing, now: float) -> None:
        """Take the word of the notifier, which `check` has read."""
        if self._dialog is None:
            opened = Dialog.opened_by_them(notify, self._tag, self.line.hop)
            self._dialog = replace(opened, local_cseq=self._cseq)
        else:
            self._dialog = self._dialog.learn(notify)
        if standing.state == "terminated":
            self._terminated(standing, now)
        elif self.state in LIVES:
            self._notify_by = None
            pending = standing.state == "pending"
            self._stays(SubscriptionState.PENDING if pending else SubscriptionState.ACTIVE)
            if standing.expires_s is not None:
                self._granted(standing.expires_s, now)

    def _terminated(self, standing: Standing, now: float) -> None:
        """RFC 6665 4.1.3: when to come again is in the reason."""
        wait_s = min(float(standing.retry_after_s or 0), RETRY_AFTER_MAX_S)
        if standing.reason in FOR_GOOD:
            self._refusal = self.topic.ended
            self._refuse(max(wait_s, REFUSED_S), now)
        elif standing.reason in AT_ONCE:
            self._over(0.0, now)
        else:
            self._over(wait_s or RETRY_S, now)

    # Time.

    def _granted(self, period_s: int, now: float) -> None:
        self._expires_at = now + period_s
        if self._key is None:
            self._refresh_at = now + max(period_s - RENEW_S, period_s / 2)

    def _refuse(self, wait_s: float, now: float) -> None:
        self._over(wait_s, now)
        assert self._proxy is not None
        assert self._again_at is not None
        self._held[self._proxy] = self._again_at

    def _over(self, wait_s: float, now: float) -> None:
        """It is over; the next one has a dialog of its own."""
        self._key = None
        self._forget()
        self._enter(SubscriptionState.TERMINATED)
        again_at = max(now + self._spread(wait_s), self._bucket.next_at(now))
        if again_at > now:
            self._again_at = again_at
        else:
            self._enter(SubscriptionState.INIT)

    def _spread(self, wait_s: float) -> float:
        return wait_s * self.line.random.uniform(1.0, SPREAD) if wait_s else 0.0

    def _forget(self) -> None:
        self._dialog, self._call_id, self._tag = None, "", ""
        self.topic.forget()

    def _stays(self, state: SubscriptionState) -> None:
        """Change the state and keep its times: the subscription goes on."""
        times = self._refresh_at, self._expires_at
        self._enter(state)
        self._refresh_at, self._expires_at = times

    def _enter(self, state: SubscriptionState) -> None:
        """The one door through which the state changes; the old state's times are forgotten."""
        assert state in LEGAL[self.state], f"{self.state} -> {state}"
        self.state = state
        self._refresh_at = self._expires_at = self._notify_by = self._again_at = None
