"""The link in words that a person understands, for the line and the page (S1, S2)."""

from __future__ import annotations

from datetime import UTC, datetime
from math import ceil

from firmware.link.events import FailureKind, LinkState, LinkStatus
from firmware.phone.grid import Fact
from firmware.phone.screen import LinkIcon, LinkLine

BRIEF = {
    FailureKind.CONFIGURATION: "wrong configuration",
    FailureKind.CLOCK: "clock not set",
    FailureKind.RESOLVE: "proxy's name not found",
    FailureKind.REFUSED: "connection refused",
    FailureKind.UNREACHABLE: "proxy not reachable",
    FailureKind.TIMEOUT: "no answer in time",
    FailureKind.TLS: "no TLS with the proxy",
    FailureKind.CERTIFICATE: "certificate refused",
    FailureKind.CLOSED: "closed by the proxy",
    FailureKind.RESET: "connection reset",
    FailureKind.GARBAGE: "the proxy talks no SIP",
    FailureKind.SILENT: "the proxy is silent",
    FailureKind.UNFIT: "the proxy does not serve",
    FailureKind.HOME: "going to the primary",
    FailureKind.SETTINGS: "settings changed",
    FailureKind.STOPPED: "stopped",
}
"""What is said where a whole sentence has no room: while somebody dials."""

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
    return "now" if step < AGE_STEP_S else age_in_words(step)


def duration(seconds: float) -> str:
    """Say how long a call has lasted: "3:05", "1:00:00"."""
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def countdown(status: LinkStatus, now: float) -> str:
    """Say when the next attempt is: "try in 4 s"."""
    if status.retry_at is None:
        return ""
    left = max(1, ceil(status.retry_at - now - 0.001))  # 4.0004 s are 4 s.
    return f"try in {age_in_words(left)}"


def round_trip(status: LinkStatus) -> str:
    """Say the measured round trip: "23 ms"."""
    if status.round_trip_s is None:
        return ""
    milliseconds = status.round_trip_s * 1000
    return f"{milliseconds:.0f} ms" if milliseconds >= 1 else "<1 ms"


def link_line(status: LinkStatus | None, now: float) -> LinkLine:
    """Say the link in a line, and why it is down."""
    if status is None:
        return LinkLine(LinkIcon.TRYING, "starting")
    role = status.proxy.role.value if status.proxy else "no proxy"
    reason = status.reason.text if status.reason else ""
    brief = BRIEF[status.reason.kind] if status.reason else ""
    age = coarse_age(now - status.proof_at) if status.proof_at is not None else ""
    match status.state:
        case LinkState.OFF:
            return LinkLine(LinkIcon.DOWN, "no link", "", reason, brief)
        case LinkState.WAITING:
            return LinkLine(LinkIcon.DOWN, "no link", countdown(status, now), reason, brief)
        case LinkState.CONNECTING:
            return LinkLine(LinkIcon.TRYING, f"trying {role}", "", reason, brief)
        case LinkState.UNPROVEN | LinkState.UP if status.per_call:
            icon = LinkIcon.UP if status.state is LinkState.UP else LinkIcon.UNPROVEN
            return LinkLine(icon, f"{role} per call", age)
        case LinkState.UNPROVEN:
            return LinkLine(LinkIcon.UNPROVEN, f"{role} unproven", age)
        case LinkState.UP:
            text = f"{role} {round_trip(status)}".strip()
            return LinkLine(LinkIcon.UP, text, age if age in {"", "now"} else f"{age} ago")


def certificate_end(status: LinkStatus, unix_s: float | None) -> str:
    """Say how long the proxy's certificate is good: "42 days"; a date where no clock is set."""
    if status.facts is None:
        return ""
    ends = status.facts.certificate_ends
    if unix_s is None:
        return f"{datetime.fromtimestamp(ends, UTC):%Y-%m-%d}"
    days = int((ends - unix_s) // 86400)
    return f"{days} days" if days > 1 else "ends soon" if ends > unix_s else "over"


def link_rows(status: LinkStatus | None, now: float, certificate: str) -> tuple[Fact, ...]:
    """Say everything the link page shows."""
    if status is None:
        return (("State", "starting"),)
    up = status.state in {LinkState.UP, LinkState.UNPROVEN}
    reason = status.reason.text if status.reason else ""
    proof = "" if status.proof_at is None else f"{age_in_words(now - status.proof_at)} ago"
    pings = {None: "", True: "yes", False: "no, asked by OPTIONS"}[status.answers_pings]
    home = status.home_failure.text if status.home_failure else ""
    rows = (
        ("State", f"{status.state.value} for {age_in_words(now - status.since)}"),
        ("Mode", "a connection per call" if status.per_call else ""),
        ("Next", countdown(status, now)),
        ("Attempts", str(status.attempts or "")),
        ("Reason", "" if up else reason),
        (status.proxy.role.value.capitalize(), str(status.proxy)) if status.proxy else ("", ""),
        ("Primary", home),
        ("Last answer", proof),
        ("Round trip", round_trip(status)),
        ("Pings answered", pings),
        ("TLS", status.facts.version.removeprefix("TLSv") if status.facts else ""),
        ("Certificate", certificate),
        ("Last loss", reason if up else ""),
    )
    return tuple((label, text) for label, text in rows if text)
