"""`time serverN` as timesyncd reads it: the file, its mode, when it is written and when not."""

from __future__ import annotations

import configparser
from pathlib import Path

import pytest

from config.configuration import Configuration
from config.store import Store
from firmware.runtime.time_servers import give_time_servers

SERVERS = "time server1: ntp1.example.org\ntime server3: 2001:db8::1\n"


def configuration(folder: Path, text: str) -> Configuration:
    (folder / "startup.cfg").write_text(text)
    return Store(folder).read()


@pytest.fixture
def runtime(tmp_path: Path) -> Path:
    folder = tmp_path / "runtime"
    folder.mkdir()
    return folder


def ntp(runtime: Path) -> str | None:
    """Return what the file says of servers, as a reader of such files has it."""
    read = configparser.ConfigParser()
    read.read(runtime / "timesyncd.conf")
    return read["Time"].get("NTP")


def test_the_servers_are_given_in_their_order_for_another_user_to_read(
    tmp_path: Path, runtime: Path
) -> None:
    give_time_servers(configuration(tmp_path, SERVERS), str(runtime))
    assert ntp(runtime) == "ntp1.example.org 2001:db8::1"
    assert [path.name for path in runtime.iterdir()] == ["timesyncd.conf"]
    assert (runtime / "timesyncd.conf").stat().st_mode & 0o777 == 0o644


def test_servers_that_are_set_no_more_are_taken_back(tmp_path: Path, runtime: Path) -> None:
    give_time_servers(configuration(tmp_path, SERVERS), str(runtime))
    give_time_servers(configuration(tmp_path, ""), str(runtime))
    assert ntp(runtime) is None


def test_what_is_there_already_is_left_alone(tmp_path: Path, runtime: Path) -> None:
    """Each change starts timesyncd anew."""
    give_time_servers(configuration(tmp_path, SERVERS), str(runtime))
    before = (runtime / "timesyncd.conf").stat().st_ino
    give_time_servers(configuration(tmp_path, SERVERS), str(runtime))
    assert (runtime / "timesyncd.conf").stat().st_ino == before


def test_where_the_service_gives_no_folder_nothing_is_done(
    tmp_path: Path, runtime: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("RUNTIME_DIRECTORY", raising=False)
    give_time_servers(configuration(tmp_path, SERVERS))
    assert list(runtime.iterdir()) == []
    monkeypatch.setenv("RUNTIME_DIRECTORY", str(runtime))
    give_time_servers(configuration(tmp_path, SERVERS))
    assert ntp(runtime) == "ntp1.example.org 2001:db8::1"


def test_a_folder_that_takes_nothing_is_said_in_the_log(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    give_time_servers(configuration(tmp_path, SERVERS), str(tmp_path / "gone"))
    assert "the time servers cannot be told: No such file or directory" in caplog.text
