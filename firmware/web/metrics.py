"""What a fleet's watcher reads: OpenMetrics text, made from one table.

The table is what there is, what it means and where it comes from; the guide's list is generated
from it. A number that is not known is not there: a phone without a link has no round trip.
No number, name or address of a far end is among the labels.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from firmware.agent.events import RegistrationState
from firmware.console.sight import Sight
from firmware.frozen import frozen
from firmware.link.events import LinkState, Role
from firmware.phone.status import CallState

CONTENT_TYPE = "application/openmetrics-text; version=1.0.0; charset=utf-8"

DAY_S = 86400.0

Labels = tuple[tuple[str, str], ...]
Sample = tuple[Labels, float]


@frozen
class ProcessFacts:
    """What the phone's process uses."""

    resident_bytes: int
    processor_s: float
    open_files: int
    began_unix_s: float | None  # None where the clock was not set then.


@dataclass(frozen=True, slots=True)
class Seen:
    """All that metrics are made of."""

    sight: Sight
    process: ProcessFacts
    certificates: tuple[tuple[str, float], ...] = ()  # By parameter: Unix seconds of the end.
    log: dict[str, int] = field(default_factory=dict)  # Lines by what became of them.


@frozen
class Metric:
    """A row of the table. `kind` is OpenMetrics' own word."""

    name: str
    kind: str
    help: str
    read: Callable[[Seen], Iterable[Sample]]
    unit: str = ""


def one(value: Callable[[Seen], float | None]) -> Callable[[Seen], Iterable[Sample]]:
    """Read a number without labels; None: it is not there."""

    def read(seen: Seen) -> Iterable[Sample]:
        number = value(seen)
        return [] if number is None else [((), float(number))]

    return read


def counted(
    label: str, counts: Callable[[Seen], dict[str, int]]
) -> Callable[[Seen], Iterable[Sample]]:
    """Read counts by a label."""
    return lambda seen: [(((label, name),), count) for name, count in sorted(counts(seen).items())]


def _info(seen: Seen) -> Iterable[Sample]:
    known = {label.lower(): text for label, text in seen.sight.about}
    names = ("version", "model", "mac")
    return [(tuple((name, known.get(name, "")) for name in names), 1)]


def _link_states(seen: Seen) -> Iterable[Sample]:
    link = seen.sight.status.link
    now = link.state if link else LinkState.CONNECTING
    return [((("handset_link_state", state.value),), state is now) for state in LinkState]


def _on_backup(seen: Seen) -> float | None:
    link = seen.sight.status.link
    is_up = link is not None and link.state in {LinkState.UP, LinkState.UNPROVEN}
    return float(link.proxy.role is Role.BACKUP) if is_up and link and link.proxy else None


def _round_trip(seen: Seen) -> float | None:
    link = seen.sight.status.link
    return link.round_trip_s if link else None


def _proof_age(seen: Seen) -> float | None:
    link = seen.sight.status.link
    return seen.sight.now - link.proof_at if link and link.proof_at is not None else None


def _attempts(seen: Seen) -> float:
    return seen.sight.status.tally.attempts


def _accounts(seen: Seen) -> Iterable[Sample]:
    return [
        (
            (("account", str(number)), ("address", account.address)),
            account.state is RegistrationState.REGISTERED,
        )
        for number, account in sorted(seen.sight.status.accounts.items())
    ]


def _calls_now(seen: Seen) -> dict[str, int]:
    now = Counter(call.state for call in seen.sight.status.calls.values())
    return {state.value: now[state] for state in CallState}


def _losses(seen: Seen) -> Iterable[Sample]:
    return [
        ((("call", str(call)), ("end", end)), share)
        for call, measured in sorted(seen.sight.status.qualities.items())
        for end, share in (
            ("here", measured.quality.loss_here),
            ("there", measured.quality.loss_there),
        )
    ]


def _jitters(seen: Seen) -> Iterable[Sample]:
    return [
        ((("call", str(call)), ("end", end)), seconds)
        for call, measured in sorted(seen.sight.status.qualities.items())
        for end, seconds in (
            ("here", measured.quality.jitter_here_s),
            ("there", measured.quality.jitter_there_s),
        )
    ]


def _bars(seen: Seen) -> Iterable[Sample]:
    return [
        ((("call", str(call)),), measured.quality.bars)
        for call, measured in sorted(seen.sight.status.qualities.items())
    ]


def _frames_lost(seen: Seen) -> dict[str, int]:
    sound = seen.sight.status.sound
    return {
        "held_up": sound.held_up,
        "captured_late": sound.overflows,
        "played_late": sound.underflows + sound.late,
        "dropped": sound.dropped,
    }


def _certificates(seen: Seen) -> Iterable[Sample]:
    """Say how long each file is good: by its certificate that ends first."""
    now, link = seen.sight.unix_s, seen.sight.status.link
    if now is None:
        return []
    ends: dict[str, float] = {}
    for name, end in seen.certificates:
        ends[name] = min(end, ends.get(name, end))
    if link and link.facts and link.facts.certificate_ends is not None:
        ends["proxy"] = link.facts.certificate_ends
    return [((("of", name),), (end - now) / DAY_S) for name, end in sorted(ends.items())]


METRICS: tuple[Metric, ...] = (
    Metric("handset", "info", "What this phone is.", _info),
    Metric("handset_link_state", "stateset", "Where the link stands.", _link_states),
    Metric("handset_link_on_backup", "gauge", "1: it leads to the backup.", one(_on_backup)),
    Metric(
        "handset_link_round_trip_seconds",
        "gauge",
        "Round trip to the proxy and back, smoothed.",
        one(_round_trip),
        "seconds",
    ),
    Metric(
        "handset_link_proof_age_seconds",
        "gauge",
        "How long ago the proxy proved that it lives.",
        one(_proof_age),
        "seconds",
    ),
    Metric("handset_link_attempts", "counter", "Connections tried.", one(_attempts)),
    Metric(
        "handset_links",
        "counter",
        "Times that the link came up.",
        one(lambda seen: seen.sight.status.tally.links),
    ),
    Metric(
        "handset_link_losses",
        "counter",
        "Times that it was lost or left.",
        one(lambda seen: seen.sight.status.tally.link_losses),
    ),
    Metric(
        "handset_outages",
        "counter",
        "Times without service that are over.",
        one(lambda seen: seen.sight.status.tally.outages),
    ),
    Metric(
        "handset_outage_seconds",
        "counter",
        "How long these were together.",
        one(lambda seen: seen.sight.status.tally.outage_s),
        "seconds",
    ),
    Metric(
        "handset_moves_home",
        "counter",
        "Moves from the backup to the primary.",
        one(lambda seen: seen.sight.status.tally.moves_home),
    ),
    Metric("handset_account_registered", "gauge", "1: the account is registered.", _accounts),
    Metric("handset_calls_now", "gauge", "Calls, by their state.", counted("state", _calls_now)),
    Metric(
        "handset_calls",
        "counter",
        "Calls begun, by direction.",
        counted("direction", lambda seen: dict(seen.sight.status.tally.calls)),
    ),
    Metric(
        "handset_calls_answered",
        "counter",
        "Calls that were answered.",
        one(lambda seen: seen.sight.status.tally.answered),
    ),
    Metric(
        "handset_calls_ended",
        "counter",
        "Calls that are over, by cause.",
        counted("cause", lambda seen: dict(seen.sight.status.tally.ended)),
    ),
    Metric("handset_call_quality_bars", "gauge", "Quality of a call, 1 to 5.", _bars),
    Metric("handset_call_loss_ratio", "gauge", "Share of packets lost.", _losses, "ratio"),
    Metric("handset_call_jitter_seconds", "gauge", "Jitter.", _jitters, "seconds"),
    Metric(
        "handset_sound_frames_lost",
        "counter",
        "Frames of 20 ms that this phone itself lost.",
        counted("how", _frames_lost),
    ),
    Metric(
        "handset_certificate_remaining_days",
        "gauge",
        "Days until a certificate ends, by the parameter that names it; of the proxy too.",
        _certificates,
        "days",
    ),
    Metric(
        "handset_clock_set",
        "gauge",
        "1: the clock was set.",
        one(lambda seen: seen.sight.unix_s is not None),
    ),
    Metric(
        "handset_clock_synchronised",
        "gauge",
        "1: a time server keeps it right.",
        one(lambda seen: seen.sight.is_synchronised),
    ),
    Metric(
        "handset_warnings",
        "gauge",
        "Sentences that a person should read.",
        one(lambda seen: len(seen.sight.status.warnings)),
    ),
    Metric(
        "handset_problems",
        "gauge",
        "What is wrong with the configuration.",
        one(lambda seen: len(seen.sight.status.problems)),
    ),
    Metric(
        "handset_log_lines",
        "counter",
        "Lines for the server of the log, by what became of them.",
        counted("became", lambda seen: seen.log),
    ),
    Metric(
        "process_resident_memory_bytes",
        "gauge",
        "Memory of the phone's process.",
        one(lambda seen: seen.process.resident_bytes),
        "bytes",
    ),
    Metric(
        "process_cpu_seconds",
        "counter",
        "Processor time of it.",
        one(lambda seen: seen.process.processor_s),
        "seconds",
    ),
    Metric(
        "process_open_fds",
        "gauge",
        "Its open files.",
        one(lambda seen: seen.process.open_files),
    ),
    Metric(
        "process_start_time_seconds",
        "gauge",
        "When it began.",
        one(lambda seen: seen.process.began_unix_s),
        "seconds",
    ),
)

SUFFIXES = {"counter": "_total", "info": "_info"}


def metrics_text(seen: Seen) -> str:
    """Return all of it as OpenMetrics text."""
    return "".join(f"{line}\n" for metric in METRICS for line in _lines(metric, seen)) + "# EOF\n"


def _lines(metric: Metric, seen: Seen) -> Iterable[str]:
    yield f"# TYPE {metric.name} {metric.kind}"
    if metric.unit:
        yield f"# UNIT {metric.name} {metric.unit}"
    yield f"# HELP {metric.name} {metric.help}"
    for labels, value in metric.read(seen):
        inner = ",".join(f'{name}="{_escaped(text)}"' for name, text in labels)
        suffix = SUFFIXES.get(metric.kind, "")
        yield f"{metric.name}{suffix}{f'{{{inner}}}' if inner else ''} {float(value):.10g}"


def _escaped(text: str) -> str:
    return text.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")


def metrics_list() -> str:
    """Return the table for a guide, as Markdown."""
    rows = (
        f"| `{metric.name}{SUFFIXES.get(metric.kind, '')}` | {metric.kind} | {metric.help} |"
        for metric in METRICS
    )
    return "\n".join(["| name | kind | meaning |", "|---|---|---|", *rows])
