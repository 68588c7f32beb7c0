"""The phone as a service of a real systemd: ready, fed while it is sane, started again when not.

The unit is the phone's own. What a checkout cannot have is put in another place: the phone runs as
root (its Python may lie in root's home), and its folders are the test's.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import pytest

from tests.lab.booted import TARGET
from tests.lab.namespaces import ROOT
from tests.process import hanging
from tests.process.handset import Place
from tests.process.service import UNIT, Service

SERVICE = ROOT / "board" / "service"
WATCHDOG_S = 4

PHONE = f"{sys.executable} -m {hanging.__name__} --board script"

HERE = f"""\
[Service]
User=
WatchdogSec={WATCHDOG_S}
RestartSec=0.1
ConfigurationDirectory=
StateDirectory=
ReadWritePaths={{directory}}
WorkingDirectory={ROOT}
ExecStart=
ExecStart={PHONE} --config {{config}} --state {{state}}
ExecStopPost=
ExecStopPost={SERVICE}/note-crash {{state}}
ProtectHome=no
PrivateTmp=no
"""


TIME_UNITS = ("handset-time.path", "handset-time.service")
ALONE = "[Unit]\nDefaultDependencies=no\n"

TIMESYNCD = f"""\
[Unit]
DefaultDependencies=no
[Service]
ExecStartPre=systemd-tmpfiles --create --prefix=/run/systemd {SERVICE}/tmpfiles.conf
ExecStart=sh -c 'cat /run/systemd/timesyncd.conf.d/*.conf; echo "read"; exec sleep infinity'
StandardOutput=append:{{directory}}/timesyncd
"""
"""In its place: what it reads when it begins, and no clock of this machine's is set."""

WITH_TIME = f"[Unit]\nDefaultDependencies=no\nWants={UNIT} systemd-timesyncd.service\n"


@contextmanager
def started(place: Place, more: Mapping[str, str]) -> Iterator[Service]:
    place.state.mkdir(mode=0o700)
    here = HERE.format(directory=place.directory, config=place.config, state=place.state)
    units = {UNIT: (SERVICE / UNIT).read_text(), f"{UNIT}.d/20-here.conf": here, **more}
    made = Service(place.directory, units, place.directory)
    with made.system:
        yield made
    made.close()


@pytest.fixture
def service(place: Place) -> Iterator[Service]:
    place.configure({})
    with started(place, {}) as made:
        yield made


@pytest.fixture
def proxy(place: Place) -> str:
    return f"127.0.0.1:{place.exchange.port}"


def test_it_is_ready_is_fed_says_how_the_link_is_and_stops_when_told_to(
    service: Service, place: Place, proxy: str
) -> None:
    service.system.wait_for(lambda: service.shows("SubState") == "running")
    service.wait_until_registered(proxy)
    time.sleep(1.5 * WATCHDOG_S)
    assert (service.shows("NRestarts"), service.shows("SubState")) == ("0", "running")
    service.system.systemctl("stop", UNIT)
    assert (service.shows("Result"), service.shows("ExecMainStatus")) == ("success", "0")
    assert not (place.state / "crash").exists()


def test_a_phone_that_hangs_is_started_again_and_says_so_until_somebody_has_read_it(
    service: Service, place: Place, proxy: str
) -> None:
    service.wait_until_registered(proxy)
    first = service.shows("MainPID")
    service.system.systemctl("kill", f"--signal={hanging.HANGS.name}", "--kill-whom=main", UNIT)
    service.system.wait_for(lambda: service.shows("NRestarts") == "1")
    service.wait_until_registered(proxy, times=2)
    assert service.shows("MainPID") not in {"0", first}
    assert "in hang\n" in service.errors, "where it hung"
    assert "handset.service WARNING started again: the phone hung\n" in service.errors
    note = place.state / "crash"
    assert note.read_text().startswith("result=watchdog\nstatus=ABRT\n")
    service.wait_for_screen("1 warning")
    service.press("soft1")
    service.wait_for_screen("Warnings", "started again: the phone hung")
    assert note.exists(), "it is being read"
    service.press("soft2")
    service.system.wait_for(lambda: service.said("warnings")[-1]["warnings"] == [])
    assert not note.exists()


def test_a_factory_reset_starts_the_phone_anew_in_its_process_and_systemd_knows(
    service: Service, place: Place, proxy: str
) -> None:
    service.wait_until_registered(proxy)
    first = service.shows("MainPID")
    service.press("soft1", "up", "soft1", "up", "soft1")
    service.wait_for_screen("Delete everything?")
    service.press("down", "soft1")
    service.wait_until_registered(proxy, times=2)
    assert (service.shows("MainPID"), service.shows("NRestarts")) == (first, "0")
    assert (service.shows("SubState"), service.shows("Result")) == ("running", "success")


def test_timesyncd_is_started_anew_when_the_phone_has_other_time_servers(
    place: Place, proxy: str
) -> None:
    place.configure({"time server1": "ntp1.example.org"})
    units = {name: (SERVICE / name).read_text() for name in TIME_UNITS}
    units |= {f"{name}.d/10-alone.conf": ALONE for name in TIME_UNITS}
    units["systemd-timesyncd.service"] = TIMESYNCD.format(directory=place.directory)
    units[f"{TARGET}.d/10-time.conf"] = WITH_TIME
    told = place.directory / "timesyncd"
    with started(place, units) as service:
        service.wait_until_registered(proxy)
        service.system.wait_for(lambda: "NTP=ntp1.example.org\nread\n" in told.read_text())
        service.send("set", parameter="time server2", value="ntp2.example.org")
        both = "NTP=ntp1.example.org ntp2.example.org\nread\n"
        service.system.wait_for(lambda: told.read_text().endswith(both))
        assert service.system.shows("handset-time.service", "Result") == "success"
