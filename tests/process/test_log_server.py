"""The log of a phone at a real collector (Debian's rsyslogd), by each way; and one that is away."""

from __future__ import annotations

import re
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.lab.authority import Authority
from tests.lab.collector import Collector
from tests.process.handset import HOST, PASSWORD, Place, until

FIELDS = re.compile(r'([A-Za-z]+)="([^"]*)"')


@pytest.fixture
def collector(tmp_path: Path, place: Place) -> Iterator[Collector]:
    identity = place.authority.issue("logs.lab.test", HOST)
    with Collector(tmp_path / "collector", identity, place.authority.certificate_pem) as made:
        yield made


def settings(collector: Collector, way: str) -> dict[str, str | None]:
    port = {"UDP": collector.udp, "TCP": collector.tcp, "TLS": collector.tls}[way]
    return {"log server ip": HOST, "log server port": str(port), "log server transport": way}


def sequences(collector: Collector) -> list[int]:
    found = (re.search(r'sequenceId="(\d+)"', line["structured-data"]) for line in collector.lines)
    return [int(one[1]) for one in found if one]


def registrations(collector: Collector) -> list[str]:
    return [line["msg"] for line in collector.lines if "alice@lab.test: registered" in line["msg"]]


@pytest.mark.parametrize("way", ["UDP", "TCP", "TLS"])
def test_a_collector_gets_every_line_with_its_fields(
    place: Place, collector: Collector, way: str
) -> None:
    place.configure({**settings(collector, way), "log module trace": "65535"})
    with place.phone() as phone:
        phone.wait_for("registered")
        phone.send("dial", uri="600")
        phone.wait_for("answered")
        phone.send("hangup")
        phone.wait_for("ended")
        line = collector.wait_for("alice@lab.test: registered")
        collector.wait_for("call 1: ended")
        assert (line["app-name"], line["msgid"], line["procid"]) == (
            "handset",
            "accounts",
            str(phone.program.pid),
        )
        assert (line["syslogfacility"], line["syslogseverity"]) == ("16", "6")
        named = dict(FIELDS.findall(line["structured-data"]))
        assert (named["account"], named["state"], named["tzKnown"]) == ("1", "registered", "1")
        link = dict(FIELDS.findall(collector.wait_for("up, ")["structured-data"]))
        assert (link["role"], link["tls"]) == ("primary", "TLSv1.3")
        collector.wait_for("sends\nINVITE sip:600@lab.test")
        assert phone.stop() == 0
    numbers = sequences(collector)
    assert numbers == list(range(1, len(numbers) + 1))
    assert PASSWORD not in collector.text
    assert "Traceback" not in phone.errors


def test_a_collector_that_is_not_who_it_should_be_gets_nothing(
    place: Place, collector: Collector
) -> None:
    stranger = Authority("Stranger")
    (place.config / "other.pem").write_bytes(stranger.certificate_pem)
    place.configure({**settings(collector, "TLS"), "sips trusted certificates": "other.pem"})
    with place.phone() as phone:
        until(lambda: "no log to 127.0.0.1" in phone.errors)
        assert re.search(r"no log to \S+ \(TLS\): .*(certificate|unknown)", phone.errors)
        assert phone.status()["link"] is not None
        assert phone.stop() == 0
    assert collector.lines == []


def test_what_was_logged_while_it_was_away_comes_when_it_is_back(
    place: Place, collector: Collector
) -> None:
    place.configure(settings(collector, "TCP"))
    with place.phone() as phone:
        collector.wait_for("alice@lab.test: registered")
        collector.program.signal(signal.SIGKILL)
        collector.program.stop()
        place.background.run(place.exchange.set_fault("reset", on=True))
        until(lambda: phone.errors.count("alice@lab.test: registered") == 2)
        assert "no log to" in phone.errors
        collector.start()
        collector.wait_for("the log goes to")
        outage = collector.wait_for("reset by the proxy")
        assert outage["msgid"] in {"link", "outages"}
        until(lambda: len(registrations(collector)) == 2)
        assert phone.stop() == 0
    assert set(range(1, max(sequences(collector)) + 1)) == set(sequences(collector))
