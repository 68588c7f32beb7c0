"""TLS mode with a real proxy: a connection for each call, and one the other way round (L3, L11)."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.interop.baresip import Baresip
from tests.interop.conftest import HOST, Scene, Trust, wait_until
from tests.interop.kamailio import Kamailio
from tests.interop.phone import Phone
from tests.interop.test_baresip import be_called, dial
from tests.lab.authority import Usage
from tests.lab.flows import Flow
from tests.lab.ports import Ports
from tests.lab.relay import Mode, Relay

CLOSED_S = 8.0
"""A connection is closed 5 s after its last answer."""


@pytest.fixture
def kamailio(tmp_path: Path, trust: Trust) -> Iterator[Kamailio]:
    identity = trust.authority.issue(HOST, usage=Usage.BOTH)
    with Kamailio(tmp_path / "kamailio", identity, direct=True) as proxy:
        yield proxy


@pytest.fixture
def phone(tmp_path: Path, trust: Trust, relay: Relay) -> Iterator[Phone]:
    certificate, key = trust.authority.issue(HOST, usage=Usage.BOTH).write(tmp_path, "own")
    chain = tmp_path / "chain.pem"
    chain.write_bytes(trust.authority.certificate_pem)
    more = {
        "sips persistent tls": "0",
        "sips root and intermediate certificates": str(chain),
        "sips local certificate": str(certificate),
        "sips private key": str(key),
    }
    proxy = (relay.host, relay.port)
    with Ports() as ports:
        more["sip local tls port"] = str(ports.first)
        with Phone(tmp_path / "phone", proxy, trust.file, more=more) as phone:
            phone.wait_registered()
            yield phone


def all_closed(scene: Scene) -> None:
    wait_until(lambda: not standing(scene), CLOSED_S)


def standing(scene: Scene) -> list[Flow]:
    return [flow for flow in scene.relay.flows if flow.closed_at is None]


def test_each_account_registers_over_a_connection_that_is_closed_after_it(scene: Scene) -> None:
    assert len(scene.relay.flows) == len(scene.phone.users)
    all_closed(scene)
    link = scene.phone.status()["link"]
    assert link["per_call"]
    assert link["state"] == "up"
    assert "unregistered" not in [event["ev"] for event in scene.phone.events("unregistered")]


def test_a_call_has_a_connection_of_its_own_from_first_to_last(
    scene: Scene, baresip: Baresip
) -> None:
    all_closed(scene)
    before = len(scene.relay.flows)
    at = dial(scene, baresip)
    baresip.answer()
    scene.phone.wait_for("answered", since=at)
    time.sleep(CLOSED_S)
    assert len(standing(scene)) == 1, "it lasts as long as the call"
    scene.phone.send("hangup")
    baresip.wait_for("CALL_CLOSED", at)
    all_closed(scene)
    assert len(scene.relay.flows) == before + 1


def test_a_call_comes_in_over_the_listening_port(scene: Scene, baresip: Baresip) -> None:
    all_closed(scene)
    before = len(scene.relay.flows)
    at = be_called(scene, baresip)
    scene.phone.send("answer")
    baresip.wait_for("CALL_ESTABLISHED", at)
    scene.phone.wait_for("answered", since=at)
    baresip.hang_up()
    scene.phone.wait_for("ended", since=at)
    assert len(scene.relay.flows) == before, "the proxy opened it"


def test_a_proxy_that_is_gone_is_noticed_by_the_call_and_found_again(
    scene: Scene, baresip: Baresip
) -> None:
    all_closed(scene)
    scene.relay.set_mode(Mode.REFUSE)
    at = time.time()
    scene.phone.send("dial", uri=baresip.uri)
    scene.phone.wait_for("unregistered", since=at)
    assert "refused" in scene.phone.status()["link"]["reason"]
    scene.relay.set_mode(Mode.PASS)
    scene.phone.wait_registered(at)
    baresip.wait_for("CALL_INCOMING", at)
