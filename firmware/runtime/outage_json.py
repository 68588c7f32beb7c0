"""An entry of the outage log as plain values, for a program and for the file, and back again."""

from __future__ import annotations

from firmware.link.events import Failure, FailureKind, Role
from firmware.phone.outage import (
    CAUSE_CHARACTERS_MAX,
    PROXY_CHARACTERS_MAX,
    EndedBy,
    Outage,
    OutageKind,
)
from firmware.runtime.kept_file import rounded, seconds_field, text_field

COUNT_MAX = 10**6
"""Calls or accounts in one entry; no phone has as many."""


def outage_fields(outage: Outage) -> dict[str, object]:
    """Return an entry as a JSON object; times are Unix seconds, null where nobody knows."""
    return {
        "kind": outage.kind.value,
        "began": rounded(outage.began),
        "ended": rounded(outage.ended),
        "duration_s": rounded(outage.duration_s),
        "role": outage.role.value if outage.role else None,
        "proxy": outage.proxy or None,
        "cause": outage.failure.text,
        "cause_kind": outage.failure.kind.value,
        "back_on": outage.back_on.value if outage.back_on else None,
        "calls": outage.calls,
        "calls_lost": outage.calls_lost,
        "accounts": outage.accounts,
        "ended_by": outage.ended_by.value if outage.ended_by else None,
    }


def outage_of(fields: object) -> Outage:
    """Return the entry that an object stands for; ValueError where it stands for none."""
    if not isinstance(fields, dict):
        raise ValueError("an entry is an object")
    role, back_on, ended_by = (fields.get(name) for name in ("role", "back_on", "ended_by"))
    cause = Failure(
        FailureKind(fields.get("cause_kind")), text_field(fields.get("cause"), CAUSE_CHARACTERS_MAX)
    )
    return Outage(
        kind=OutageKind(fields.get("kind")),
        failure=cause,
        role=None if role is None else Role(role),
        proxy=text_field(fields.get("proxy") or "", PROXY_CHARACTERS_MAX),
        began=seconds_field(fields.get("began")),
        ended=seconds_field(fields.get("ended")),
        duration_s=seconds_field(fields.get("duration_s")),
        back_on=None if back_on is None else Role(back_on),
        calls=_count(fields.get("calls")),
        calls_lost=_count(fields.get("calls_lost")),
        accounts=_count(fields.get("accounts")),
        ended_by=None if ended_by is None else EndedBy(ended_by),
    )


def _count(value: object) -> int:
    if type(value) is not int or not 0 <= value <= COUNT_MAX:
        raise ValueError("a count out of range")
    return value
