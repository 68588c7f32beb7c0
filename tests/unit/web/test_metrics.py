"""The metrics, each by its number, as the parser of the Prometheus client reads them."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families

from firmware.agent.events import (
    AccountStatus,
    CallAnswered,
    CallEnded,
    Dialling,
    EndCause,
    IncomingCall,
    Party,
    RegistrationState,
)
from firmware.console.sight import Sight
from firmware.link.events import Address, LinkState, LinkStatus, Proxy, Role, TlsFacts
from firmware.media.events import QualityMeasured, SoundReport
from firmware.media.jitter_counts import JitterStatistics
from firmware.media.quality import Quality
from firmware.phone.events import OutageEnded, Report, SoundHealth
from firmware.phone.status import Status
from firmware.web.api import ROUTES
from firmware.web.metrics import METRICS, ProcessFacts, Seen, metrics_text
from firmware.web.reference import api_reference
from tests.lab.namespaces import ROOT
from tests.unit.console.rig import NOON, configuration
from tests.unit.console.test_console import outage

BACKUP = Proxy(Role.BACKUP, "backup.example.org", 5061)
PROCESS = ProcessFacts(40_000_000, 1.25, 17, NOON - 3600)

BUFFER = JitterStatistics(**{one.name: 0 for one in fields(JitterStatistics)})

Key = tuple[str, tuple[tuple[str, str], ...]]


def seen(folder: Path, status: Status, unix_s: float | None = NOON) -> Seen:
    sight = Sight(
        status=status,
        configuration=configuration(folder),
        about=(("Version", "0.1"), ("Model", 'hand"set'), ("MAC", "00085D123ABC")),
        now=1000.0,
        unix_s=unix_s,
    )
    ends = (
        ("sips trusted certificates", NOON + 864000),
        ("sips trusted certificates", NOON + 86400),
    )
    return Seen(sight, PROCESS, ends, {"sent": 5, "lost": 2})


def read(text: str) -> dict[Key, float]:
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)  # type: ignore[no-untyped-call] # So it comes.
        for sample in family.samples
    }


def test_a_phone_that_has_just_begun_says_what_it_knows_and_no_more(tmp_path: Path) -> None:
    found = read(metrics_text(seen(tmp_path, Status(), None)))
    names = {name for name, _ in found}
    assert found["handset_link_state", (("handset_link_state", "connecting"),)] == 1
    assert found["handset_clock_set", ()] == 0
    assert "handset_link_round_trip_seconds" not in names
    assert "handset_certificate_remaining_days" not in names
    info = (("mac", "00085D123ABC"), ("model", 'hand"set'), ("version", "0.1"))
    assert found["handset_info", info] == 1


def test_every_metric_has_its_number(tmp_path: Path) -> None:
    status = Status()
    facts = TlsFacts(Address("192.0.2.7", 40000), "TLSv1.3", "AES", False, NOON + 42 * 86400)
    up = LinkStatus(LinkState.UP, BACKUP, proof_at=990.0, round_trip_s=0.0125, facts=facts)
    quality = Quality(loss_here=0.01, jitter_here_s=0.002, loss_there=0.5, jitter_there_s=0.0)
    for output in (
        Report(LinkStatus(LinkState.CONNECTING, BACKUP, attempts=2)),
        Report(LinkStatus(LinkState.CONNECTING, BACKUP, attempts=3)),
        Report(up),
        Report(LinkStatus(LinkState.WAITING, BACKUP, attempts=1)),
        Report(up),
        Report(AccountStatus(1, "Al", "al@example.org", RegistrationState.REGISTERED)),
        Report(AccountStatus(2, "Bo", "bo@example.org", RegistrationState.REFUSED)),
        Report(IncomingCall(1, 1, Party("Anna", "5551234"))),
        Report(CallAnswered(1)),
        Report(SoundReport(1, QualityMeasured(quality, BUFFER))),
        Report(Dialling(2, 1, Party("", "5555678"))),
        Report(CallEnded(2, EndCause.REFUSED, 486, "busy")),
        Report(SoundHealth(held_up=3, late=4, underflows=5)),
        OutageEnded(outage(1)),
    ):
        status.take(output)
    text = metrics_text(seen(tmp_path, status))
    found = read(text)
    for name, value in {
        "handset_link_on_backup": 1,
        "handset_link_round_trip_seconds": 0.0125,
        "handset_link_proof_age_seconds": 10,
        "handset_link_attempts_total": 4,
        "handset_links_total": 2,
        "handset_link_losses_total": 1,
        "handset_outages_total": 1,
        "handset_outage_seconds_total": outage(1).duration_s,
        "handset_calls_answered_total": 1,
        "process_resident_memory_bytes": 40_000_000,
        "process_cpu_seconds_total": 1.25,
        "process_open_fds": 17,
        "process_start_time_seconds": NOON - 3600,
        "handset_clock_synchronised": 0,
        "handset_warnings": 0,
    }.items():
        assert found[name, ()] == pytest.approx(value), name
    for name, label, of, value in (
        ("handset_calls_now", "state", "answered", 1),
        ("handset_calls_total", "direction", "out", 1),
        ("handset_calls_ended_total", "cause", "refused", 1),
        ("handset_sound_frames_lost_total", "how", "played_late", 9),
        ("handset_certificate_remaining_days", "of", "sips trusted certificates", 1),
        ("handset_certificate_remaining_days", "of", "proxy", 42),
        ("handset_log_lines_total", "became", "lost", 2),
        ("handset_call_quality_bars", "call", "1", quality.bars),
        ("handset_link_state", "handset_link_state", "up", 1),
    ):
        assert found[name, ((label, of),)] == value, name
    assert found["handset_call_loss_ratio", (("call", "1"), ("end", "there"))] == 0.5
    registered = {
        dict(labels)["address"]: value
        for (name, labels), value in found.items()
        if name == "handset_account_registered"
    }
    assert registered == {"al@example.org": 1, "bo@example.org": 0}
    assert not {"5551234", "5555678", "Anna"} & set(text.replace('"', " ").split())


def test_the_page_of_the_guide_is_that_of_the_tables() -> None:
    page = (ROOT / "firmware" / "web" / "REFERENCE.md").read_text()
    assert page == api_reference(), "make generated"
    for metric in METRICS:
        assert f"| `{metric.name}" in page
    for route in ROUTES:
        assert f"| `{route.method} {route.path}` |" in page
