"""Which changes a phone in use goes by at once, and which wait for a start."""

from __future__ import annotations

from pathlib import Path

import pytest

from config.configuration import Configuration
from config.parameters import PARAMETERS
from config.store import Store
from firmware.phone import preferences
from firmware.provision.changes import changes

FILES = "sip proxy ip: proxy.example.org\nsip line1 user name: 201\nsip line1 password: secret\n"


def read(folder: Path, files: str) -> Configuration:
    (folder / "startup.cfg").write_text(files)
    return Store(folder).read()


@pytest.mark.parametrize(
    ("line", "waits"),
    [
        ("sip persistent tls keep alive: 45", False),
        ("sip backup proxy ip: backup.example.org", False),
        ("sip line1 display name: Kitchen", False),
        ("sip registration period: 600", False),
        ("sips local certificate: own.pem", False),
        ("ringer volume: 3", False),
        ("https server: files.example.org", False),
        ("sips persistent tls: 0", True),
        ("sip local tls port: 5071", True),
        ("sip line2 user name: 202", True),
        ("sip dial plan: xxx", True),
    ],
)
def test_what_waits_for_a_start(tmp_path: Path, line: str, waits: bool) -> None:
    (change,) = changes(read(tmp_path, FILES), read(tmp_path, f"{FILES}{line}\n"))
    assert change.needs_restart is waits
    assert line.partition(":")[0] in change.text


def test_an_account_that_is_taken_away_waits(tmp_path: Path) -> None:
    before = read(tmp_path, FILES)
    (change,) = changes(before, read(tmp_path, FILES.replace("sip line1 user name: 201\n", "")))
    assert change.needs_restart


def test_a_secret_is_not_said(tmp_path: Path) -> None:
    (change,) = changes(read(tmp_path, FILES), read(tmp_path, FILES.replace("secret", "another")))
    assert change.text == "sip line1 password: **** (startup.cfg:3)"


def test_what_a_person_may_set_counts_at_once() -> None:
    at_once = {parameter.name for parameter in PARAMETERS if parameter.at_once}
    assert set(preferences.PARAMETERS) <= at_once


def test_a_phone_in_use_keeps_what_waits(tmp_path: Path) -> None:
    started = read(tmp_path, f"{FILES}sip dial plan: xx\n")
    now = read(tmp_path, f"{FILES}sips persistent tls: 0\nsip persistent tls keep alive: 45\n")
    beside = now.beside(started)
    assert beside.value("sips persistent tls") is True
    assert beside.value("sip dial plan") == "xx"
    assert beside.value("sip persistent tls keep alive") == 45
