"""The link in words that a person understands, for the line and the page (S1, S2)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from firmware.link.events import LinkState, LinkStatus
from firmware.phone.screen import LinkIcon, LinkLine

AGE_STEP_S = 10
"""An age is shown in these steps on the idle screen: it is redrawn that seldom."""


def age_in_words(seconds: float) -> str:
    """Say an age or a wait: "now", "20 s", "3 min", "2 h"."""
    whole = int(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min"
    return f"{whole // 3600} h"


def coarse_age(seconds: float) -> str:
    """Say an age in steps of `AGE_STEP_S`."""
    step = int(seconds // AGE_STEP_S) * AGE_STEP_S
    return "now" if step < AGE_STEP_S else f"{age_in_words(step)} ago"


def countdown(status: LinkStatus, now: float) -> str:
    """Say when the next attempt is: "next try in 4 s"."""
    if status.retry_at is None:
        return ""
    left = max(0.0, status.retry_at - now)
    return f"next try in {int(left) + 1} s" if left < 60 else f"next try in {age_in_words(left)}"


def round_trip(status: LinkStatus) -> str:
    """Say the measured round trip: "23 ms"."""
    if status.round_trip_s is None:
        return ""
    milliseconds = status.round_trip_s * 1000
    return f"{milliseconds:.0f} ms" if milliseconds >= 1 else "<1 ms"


def link_line(status: LinkStatus | None, now: float) -> LinkLine:
    """Say the link in a line and a half."""
    if status is None:
        return LinkLine(LinkIcon.TRYING, "starting")
    role = status.proxy.role.value if status.proxy else "no proxy"
    reason = status.reason.text if status.reason else ""
    age = coarse_age(now - status.proof_at) if status.proof_at is not None else ""
    match status.state:
        case LinkState.OFF:
            return LinkLine(LinkIcon.DOWN, "no link", reason)
        case LinkState.WAITING:
            return LinkLine(LinkIcon.DOWN, reason, countdown(status, now))
        case LinkState.CONNECTING:
            return LinkLine(LinkIcon.TRYING, f"connecting to {role}", reason)
        case LinkState.UNPROVEN:
            return LinkLine(LinkIcon.UNPROVEN, f"{role} unproven", f"last answer {age}")
        case LinkState.UP:
            return LinkLine(LinkIcon.UP, f"{role} {round_trip(status)}".strip(), f"alive {age}")


def link_rows(
    status: LinkStatus | None, now: float, unix_offset_s: float | None, zone_s: int
) -> tuple[tuple[str, str], ...]:
    """Say everything the link page shows."""
    if status is None:
        return (("State", "starting"),)
    rows = [("State", status.state.value)]
    if status.proxy:
        rows.append((status.proxy.role.value.capitalize(), str(status.proxy)))
    if status.reason and status.state is not LinkState.UP:
        rows.append(("Reason", status.reason.text))
    if status.retry_at is not None:
        rows.append(("Next try", countdown(status, now).removeprefix("next try ")))
    if status.attempts:
        rows.append(("Attempts", str(status.attempts)))
    if status.proof_at is not None:
        rows.append(("Last answer", f"{age_in_words(now - status.proof_at)} ago"))
    if trip := round_trip(status):
        rows.append(("Round trip", trip))
    if status.facts:
        rows.append(("TLS", status.facts.version.removeprefix("TLSv")))
        ends = datetime.fromtimestamp(status.facts.certificate_ends, UTC)
        rows.append(("Certificate", f"until {ends + timedelta(seconds=zone_s):%Y-%m-%d}"))
    if status.reason and status.state is LinkState.UP:
        rows.append(("Last loss", status.reason.text))
    return tuple(rows)
