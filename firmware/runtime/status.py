"""What the phone knows of itself, as plain values for a program that reads JSON.

`Status` remembers the newest facts. Moments become durations where they are read: a monotonic
second means nothing outside of this process.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, assert_never

from firmware.agent.events import (
    AccountStatus,
    CallAnswered,
    CallEnded,
    Delayed,
    Dialling,
    FarChanged,
    IncomingCall,
    Inviting,
    Party,
    RemoteRinging,
    Repeating,
    Tie,
    TieChanged,
)
from firmware.frozen import frozen
from firmware.link.events import LinkStatus
from firmware.phone.events import CallFact, Reportable, SoundHealth, WarningsChanged
from firmware.phone.outage import Outage
from firmware.runtime.outage_json import outage_fields
from firmware.runtime.sound_fields import health_fields

Fields = dict[str, object]
"""A JSON object."""


@frozen
class CallView:
    """A call as it stands.

    "dialling", "delayed" (for the link), "ringing" (there), "incoming" or "answered".
    """

    call: int
    account: int
    far: Party
    state: str
    tie: Tie = Tie.ANCHORED


class Status:
    """The newest fact of each kind."""

    def __init__(self) -> None:
        self.link: LinkStatus | None = None
        self.accounts: dict[int, AccountStatus] = {}
        self.calls: dict[int, CallView] = {}
        self.outages: tuple[Outage, ...] = ()
        self.warnings: tuple[str, ...] = ()
        self.sound = SoundHealth()

    def learn(self, fact: Reportable) -> None:
        """Take in one fact."""
        if isinstance(fact, CallFact):
            self._learn_of_call(fact)
            return
        match fact:
            case LinkStatus():
                self.link = fact
            case AccountStatus():
                self.accounts[fact.account] = fact
            case WarningsChanged():
                self.warnings = fact.sentences
            case SoundHealth():
                self.sound = fact
            case _:
                assert_never(fact)

    def _learn_of_call(self, fact: CallFact) -> None:
        match fact:
            case Dialling(call, account, far):
                self.calls[call] = CallView(call, account, far, "dialling")
            case IncomingCall(call, account, far):
                self.calls[call] = CallView(call, account, far, "incoming")
            case RemoteRinging(call):
                self._change(call, state="ringing")
            case Repeating(call) | Inviting(call):
                self._change(call, state="dialling")
            case Delayed(call):
                self._change(call, state="delayed")
            case CallAnswered(call):
                self._change(call, state="answered")
            case FarChanged(call, far):
                self._change(call, far=far)
            case TieChanged(call, tie):
                self._change(call, tie=tie)
            case CallEnded(call):
                self.calls.pop(call, None)
            case _:
                assert_never(fact)

    def call_in(self, *states: str) -> CallView | None:
        """Return a call in one of these states (none given: in any), if there is one."""
        calls = (call for call in self.calls.values() if not states or call.state in states)
        return next(calls, None)

    def fields(self, now: float) -> Fields:
        """Return everything that is known, as of `now`."""
        return {
            "link": link_fields(self.link, now) if self.link else None,
            "accounts": [
                account_fields(status, now) for _, status in sorted(self.accounts.items())
            ],
            "calls": [call_fields(call) for _, call in sorted(self.calls.items())],
            "outages": [outage_fields(outage) for outage in self.outages],
            "warnings": list(self.warnings),
            "sound": health_fields(self.sound),
        }

    def _change(self, call: int, **changes: Any) -> None:
        if call in self.calls:
            self.calls[call] = replace(self.calls[call], **changes)


def link_fields(status: LinkStatus, now: float) -> Fields:
    """Return everything that the link screen knows (S1)."""
    facts, reason, proxy = status.facts, status.reason, status.proxy
    home = status.home_failure
    return {
        "state": status.state.value,
        "since_s": ago_s(status.since, now),
        "proxy": str(proxy) if proxy else None,
        "role": proxy.role.value if proxy else None,
        "reason": reason.text if reason else "",
        "reason_kind": reason.kind.value if reason else None,
        "home_failure": home.text if home else "",
        "home_failure_kind": home.kind.value if home else None,
        "attempts": status.attempts,
        "retry_in_s": ahead_s(status.retry_at, now),
        "proof_age_s": ago_s(status.proof_at, now),
        "round_trip_ms": None
        if status.round_trip_s is None
        else round(status.round_trip_s * 1e3, 3),
        "keep_alive_s": status.keep_alive_s,
        "answers_pings": status.answers_pings,
        "per_call": status.per_call,
        "tls": facts
        and {
            "local": str(facts.local),
            "version": facts.version,
            "cipher": facts.cipher,
            "resumed": facts.resumed,
            "certificate_ends": facts.certificate_ends,
        },
    }


def account_fields(status: AccountStatus, now: float) -> Fields:
    """Return where an account stands with its registrar."""
    return {
        "account": status.account,
        "name": status.name,
        "address": status.address,
        "state": status.state.value,
        "reason": status.reason,
        "retry_in_s": ahead_s(status.retry_at, now),
        "renew_in_s": ahead_s(status.renew_at, now),
    }


def call_fields(call: CallView) -> Fields:
    """Return a call and who is at its far end."""
    return {
        "call": call.call,
        "account": call.account,
        "name": call.far.name,
        "number": call.far.number,
        "state": call.state,
        "tie": call.tie.value,
    }


def ago_s(moment: float | None, now: float) -> float | None:
    """Return how long ago a moment was."""
    return None if moment is None else round(max(0.0, now - moment), 3)


def ahead_s(moment: float | None, now: float) -> float | None:
    """Return how long until a moment comes; 0 where it has come."""
    return None if moment is None else round(max(0.0, moment - now), 3)
