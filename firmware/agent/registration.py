"""Keep one account registered over the link (L4, L8, F4, F5, D8; RFC 3261 10, 5626, 5627, 3608).

Theory of operation
-------------------
    OFF         no registrar is configured, or the phone stops and has signed off
    WAITING     no link, or the registrar did not serve: until `register_at`
    REGISTERING a REGISTER is out, or about to go
    REGISTERED  the binding stands; it is renewed in time, and the state stays while that runs
    REFUSED     the registrar said no: this account alone waits, and says why in words (F4)

Every new link means a REGISTER at once (L8), except that an account which this proxy refused
keeps its wait, whatever other proxies said meanwhile: links that come and go must not turn a wrong
password into an attack (F4). Other settings mean one too (L5), when nothing is out.

`+sip.instance` and `reg-id` let the registrar replace the old binding; where it does not, the
leftovers that its 200 shows are removed by one more REGISTER.

A registrar that does not serve (408, 5xx, silence) is reported with `RegistrarFailing`: whether
that means the proxy or this account alone is for the agent to say, which knows the other accounts.
"""

from __future__ import annotations

from typing import assert_never

from firmware.agent.account import RegistrationSettings
from firmware.agent.binding import contacts_of, granted_s, own_binding
from firmware.agent.credentials import Exchange, Use
from firmware.agent.events import AccountStatus, RegistrationState
from firmware.agent.line import Line
from firmware.agent.reading import or_none, retry_after_s
from firmware.agent.register import RegisterWriter
from firmware.agent.registration_parts import (
    CHANGED,
    CHANGES_MAX,
    LEGAL,
    UNDONE_S,
    Wanted,
    bucket,
    spread,
)
from firmware.agent.verdict import Refusal, RegistrarFailing
from firmware.agent.words import registration_reason
from firmware.link.events import Address, Failure, FailureKind, Proxy, ServiceConfirmed
from firmware.machine import earliest, is_due
from firmware.sip.message import Response
from firmware.transaction.events import RequestFailure, SendRequest


class Registration:
    """One account's standing with its registrar."""

    def __init__(self, line: Line) -> None:
        self.line = line
        self._writer = RegisterWriter(line)
        self._bucket = bucket()
        self._key: str | None = None  # The REGISTER that is out,
        self._sent_at = 0.0  # when it went,
        self._exchange = Exchange(Use.REGISTER)  # and what it met.
        self._changes = 0
        self._refusals: dict[Proxy, Refusal] = {}
        self._reason = ""
        self._stopping = False  # The binding is taken away,
        self._moving = False  # to register at another proxy at once (F3),
        self._renames = False  # or here, by another name (L5).
        self._why_moving = ""
        self._next: Wanted | None = None  # Settings that wait for the registrar's say.
        self.subscribes_anew = False  # Until the agent has seen to it.
        self._unanswered_at: set[Proxy] = set()  # Whose link ended under a REGISTER.
        self._send_at: float | None = None  # When the rate allows the REGISTER that is due.
        self._register_at: float | None = None
        self._expires_at: float | None = None
        has_registrar = bool(line.account.domain)
        self.state = RegistrationState.WAITING if has_registrar else RegistrationState.OFF

    @property
    def _settings(self) -> RegistrationSettings:
        return self.line.account.registration

    @property
    def is_registered(self) -> bool:
        """Tell whether the registrar holds a binding of ours."""
        return self.state is RegistrationState.REGISTERED

    @property
    def is_moving(self) -> bool:
        """Tell whether the account has signed off, or does so, for another proxy (F3)."""
        return self._moving

    @property
    def is_refused(self) -> bool:
        """Tell whether the registrar of this link has said no."""
        return self.state is RegistrationState.REFUSED and self.line.is_up

    @property
    def is_settling(self) -> bool:
        """Tell whether the registrar's verdict on this link is still to come."""
        return self.state is RegistrationState.REGISTERING

    @property
    def is_signing_off(self) -> bool:
        """Tell whether the registrar has yet to confirm that the binding is gone."""
        return self._stopping and self._key is not None

    def owns(self, key: str) -> bool:
        """Tell whether a request is ours."""
        return key == self._key

    def status(self) -> AccountStatus:
        """Return what the screen says of the account (S1)."""
        waits = self.state in {RegistrationState.WAITING, RegistrationState.REFUSED}
        return AccountStatus(
            account=self.line.account.number,
            name=self.line.account.name,
            address=self.line.account.address,
            state=self.state,
            reason=self._reason,
            retry_at=self._register_at if waits else None,
            renew_at=self._register_at if self.is_registered else None,
        )

    def deadline(self) -> float | None:
        """Return when to register, or when the binding ends."""
        return earliest((self._send_at, self._register_at, self._expires_at))

    def wake(self, now: float) -> list[object]:
        """Register when it is time; stop claiming a binding that has run out."""
        if is_due(self._expires_at, now):
            return self._expired(now)
        if is_due(self._register_at, now):
            return self._begin(now)
        if is_due(self._send_at, now):
            return self._send(now)
        return []

    def service_up(self, local: Address, now: float) -> list[object]:
        """Register over the new link at once (L8)."""
        self._writer.service_up(local)
        if self._moving:
            self._stopping = self._moving = False
        if self.state is RegistrationState.OFF:
            return []
        assert self.line.proxy is not None
        refusal = self._refusals.get(self.line.proxy)
        if refusal and refusal.until > now:
            self._wait_refused(refusal)  # F4.
            return []
        return self._begin(now)

    def service_lost(self, failure: Failure) -> None:
        """There is no way to the registrar; what was out goes again on the next link (F5)."""
        if self._key and self.line.proxy:
            self._unanswered_at.add(self.line.proxy)
        self._key = None
        if self._stopping:
            self._sign_off()
        elif self.state not in {RegistrationState.OFF, RegistrationState.REFUSED}:
            self._enter(RegistrationState.WAITING, failure.text)
        if self._next:
            self._become(self._next)

    def unregister(self, now: float) -> list[object]:
        """Take the binding away; once that is answered the account is off, and stays off."""
        self._next, self._renames = None, False
        return self._take_away(now)

    def _take_away(self, now: float) -> list[object]:
        self._stopping, self._moving = True, False
        self._exchange = Exchange(Use.REGISTER)
        self._writer.forget_leftovers()
        if not self._has_binding:
            self._sign_off()
            return []
        return self._send(now)

    def leave(self, now: float, why: str) -> list[object]:
        """Take the binding away here; the next link is to another proxy (F3)."""
        self._renames = False
        if self._stopping or not self._has_binding:
            return []
        out = self._take_away(now)
        self._moving, self._why_moving = True, why
        return out

    def stay(self, now: float) -> list[object]:
        """Stay after all: what was taken away is made anew (F3)."""
        if not self._moving or self._renames:
            return []
        self._stopping = self._moving = False
        self._enter(RegistrationState.WAITING)
        return self._begin(now)

    def use(self, wanted: Wanted, now: float) -> list[object]:
        """Take other settings over (L5): now, or when the registrar has answered what is out."""
        if self._stopping and not self._moving:
            return []  # The phone stops.
        self._next = wanted
        return self._take_over(now)

    def _take_over(self, now: float) -> list[object]:
        """Become what is wanted; who is to have another name takes the old one away first."""
        wanted = self._next
        if wanted is None or self._key is not None:
            return []
        if wanted.renames(self.line) and self.is_registered:
            out = self.leave(now, CHANGED)
            self._renames = True
            return out
        hopes = wanted.pleads_otherwise(self.line) or not self.is_refused  # F4.
        anew = wanted.registers_otherwise(self.line) and hopes
        self._become(wanted)
        if self._renames:
            self._renames = self._stopping = self._moving = False
        if self._moving or self.state is RegistrationState.OFF or not anew:
            return []  # Who moves registers over the next link.
        return self._begin(now)

    def _become(self, wanted: Wanted) -> None:
        self._next = None
        self.subscribes_anew |= wanted.subscribes_otherwise(self.line)
        self._writer.use(wanted.account, is_other=wanted.renames(self.line))
        if wanted.pleads_otherwise(self.line):
            self._refusals.clear()
        self.line.use(wanted.account, wanted.settings)
        if not self.line.account.domain:
            self._off()
        elif self.state is RegistrationState.OFF:
            self._enter(RegistrationState.WAITING)

    @property
    def _has_binding(self) -> bool:
        return self.line.is_up and (self.is_registered or self._key is not None)

    def failed(self, failure: RequestFailure, now: float) -> list[object]:
        """Hear that no answer will come."""
        match failure:
            case RequestFailure.LINK_LOST:
                return []  # F5: `service_lost` follows, and `service_up` sends it again.
            case RequestFailure.TIMEOUT:
                self._key = None
                out = self._failing("registrar does not answer", 0.0, now)
                return out + self._take_over(now)
            case _:
                assert_never(failure)

    def response(self, response: Response, now: float) -> list[object]:
        """Hear the registrar."""
        if response.status < 200:
            return []
        self._key = None
        return self._answered(response, now) + self._take_over(now)

    def _answered(self, response: Response, now: float) -> list[object]:
        match response.status:
            case 401 | 407:
                return self._challenged(response, now)
            case _ if self._stopping:
                self._sign_off()
                return []
            case status if status < 300:
                return self._accepted(response, now)
            case 408 | 500 | 502 | 503 | 504:
                return self._failing(registration_reason(response), retry_after_s(response), now)
            case 423:
                longer = self._writer.lengthen(or_none(lambda: response.min_expires) or 0)
                return self._changed(longer, response, now)
            case 420:
                fewer = self._writer.drop(or_none(lambda: response.unsupported) or ())
                return self._changed(fewer, response, now)
            case 439:
                return self._changed(self._writer.drop(("outbound",)), response, now)
            case _:
                return self._refused(registration_reason(response), response, now)

    # Sending.

    def _begin(self, now: float) -> list[object]:
        """Start a registration or its renewal."""
        if not self.line.is_up:  # A wait of F4 is over, but there is no link.
            self._enter(RegistrationState.WAITING, self._reason)
            return []
        if not self.is_registered:
            self._enter(RegistrationState.REGISTERING)
        self._exchange = Exchange(Use.REGISTER)
        self._changes = 0
        return self._send(now)

    def _send(self, now: float) -> list[object]:
        """Write a REGISTER, or wait for the right to."""
        self._register_at = self._send_at = None
        if not self._stopping and not self._bucket.take(now):
            self._send_at = self._bucket.next_at(now)
            return []
        self._key, self._sent_at = next(self.line.ids), now
        request = self._writer.next_request(leave=self._stopping)
        return [SendRequest(self._key, self.line.sign(request, Use.REGISTER))]

    def _expired(self, now: float) -> list[object]:
        """The binding has run out: what is out or waits to go may bring it back."""
        if self._stopping:
            self._sign_off()
            return []
        out, waits = self._key is not None, self._send_at is not None
        self._enter(RegistrationState.REGISTERING, "the registration has run out")
        if out:
            return []
        return self._send(now) if waits else self._begin_again(now)

    def _begin_again(self, now: float) -> list[object]:
        self._exchange = Exchange(Use.REGISTER)
        return self._send(now)

    # What the registrar said.

    def _challenged(self, response: Response, now: float) -> list[object]:
        refusal = self.line.challenged(response, self._exchange)
        if not refusal:
            return self._send(now)
        if self._stopping:
            self._sign_off()
            return []
        return self._refused(refusal, response, now)

    def _accepted(self, response: Response, now: float) -> list[object]:
        """Take the binding, if the registrar shows it (RFC 3261 10.2.4)."""
        self.line.accepted(response, Use.REGISTER)
        confirmed = ServiceConfirmed(or_none(lambda: response.flow_timer))
        contacts = contacts_of(response)
        own = own_binding(contacts, self._writer.identity())
        expires_s = granted_s(own, response, self._writer.period_s) if own else 0
        if own is None or expires_s <= 0:
            self._wait("registrar did not keep the registration", 0.0, now)
            return [confirmed]
        self.line.registered(own, response)
        # The binding began before its answer was read, perhaps long before by one that slept.
        expires_at = self._sent_at + expires_s
        if expires_at <= now:
            return [confirmed, *self._expired(now)]
        self._enter(RegistrationState.REGISTERED)
        self._expires_at = expires_at
        longest_s = UNDONE_S if self._unanswered_at - {self.line.proxy} else expires_s
        renew_at = expires_at - min(self._settings.renewal_s, expires_s / 2)
        self._register_at = min(renew_at, now + longest_s)
        self._unanswered_at.clear()
        self._writer.find_leftovers(contacts, own)
        return [confirmed, *(self._begin_again(now) if self._writer.removes else [])]

    def _changed(self, better: bool, response: Response, now: float) -> list[object]:
        """Try again at once with what was changed to please the registrar (423, 420, 439)."""
        self._changes += 1
        if not better or self._changes > CHANGES_MAX:
            return self._refused(registration_reason(response), response, now)
        return self._begin_again(now)

    def _refused(self, reason: str, response: Response, now: float) -> list[object]:
        """F4: this account alone waits."""
        if self._writer.removes:  # It was the leftovers that the registrar did not like.
            self._writer.forget_leftovers()
            return self._begin_again(now)
        assert self.line.proxy is not None
        wait_s = max(retry_after_s(response), self._settings.rejected_retry_s)
        refusal = Refusal(now + spread(wait_s, self.line), reason)
        self._refusals[self.line.proxy] = refusal
        self._wait_refused(refusal)
        return []

    def _wait_refused(self, refusal: Refusal) -> None:
        self._enter(RegistrationState.REFUSED, refusal.reason)
        self._register_at = refusal.until

    def _failing(self, reason: str, held_s: float, now: float) -> list[object]:
        """D8: the registrar does not serve."""
        if self._stopping:
            self._sign_off()
            return []
        assert self.line.proxy is not None
        self._wait(reason, held_s, now)
        failure = Failure(FailureKind.UNFIT, reason)
        return [RegistrarFailing(failure, held_s, self.line.proxy)]

    def _wait(self, reason: str, held_s: float, now: float) -> None:
        self._enter(RegistrationState.WAITING, reason)
        wait_s = held_s or self._settings.timeout_retry_s
        self._register_at = now + spread(wait_s, self.line)

    def _sign_off(self) -> None:
        if self._moving:
            self._enter(RegistrationState.WAITING, self._why_moving)
        else:
            self._off("signed off")

    def _off(self, reason: str = "") -> None:
        if self.state is not RegistrationState.OFF:
            self._enter(RegistrationState.OFF, reason)

    def _enter(self, state: RegistrationState, reason: str = "") -> None:
        """The one door through which the state changes; the old state's times are forgotten."""
        assert state in LEGAL[self.state], f"{self.state} -> {state}"
        self.state, self._reason = state, reason
        self._send_at = self._register_at = self._expires_at = None
