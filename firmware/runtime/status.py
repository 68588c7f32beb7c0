"""What the phone knows of itself, as plain values for a program that reads JSON.

Moments become durations where they are read: a monotonic second means nothing outside of this
process.
"""

from __future__ import annotations

from firmware.agent.events import AccountStatus
from firmware.link.events import LinkStatus
from firmware.phone.status import CallView, Status
from firmware.runtime.outage_json import outage_fields
from firmware.runtime.sound_fields import health_fields

Fields = dict[str, object]
"""A JSON object."""


def status_fields(status: Status, now: float) -> Fields:
    """Return everything that is known, as of `now`."""
    return {
        "link": link_fields(status.link, now) if status.link else None,
        "accounts": [account_fields(one, now) for _, one in sorted(status.accounts.items())],
        "calls": [call_fields(call) for _, call in sorted(status.calls.items())],
        "outages": [outage_fields(outage) for outage in status.outages],
        "warnings": list(status.warnings),
        "sound": health_fields(status.sound),
    }


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
        "state": call.state.value,
        "tie": call.tie.value,
    }


def ago_s(moment: float | None, now: float) -> float | None:
    """Return how long ago a moment was."""
    return None if moment is None else round(max(0.0, now - moment), 3)


def ahead_s(moment: float | None, now: float) -> float | None:
    """Return how long until a moment comes; 0 where it has come."""
    return None if moment is None else round(max(0.0, moment - now), 3)
