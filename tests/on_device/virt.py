"""The image on an ARM with a network: a phone that registers, calls, and is reachable again."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import pytest

from firmware.agent.events import RegistrationState
from tests.interop.phone import Phone
from tests.lab.ports import Ports
from tests.lab.processes import Program
from tests.on_device.api import Api
from tests.on_device.machine import Machine, virt
from tests.on_device.remote import Remote, moments
from tests.on_device.results import Results, table
from tests.on_device.site import USER, Site

START_S, BACK_S, CALL_S = 900.0, 120.0, 60.0

GROWN_BYTES = 1_600_000_000
"""More than the image has: 1 GiB."""

SCRIPT = (
    "systemctl stop handset && cd /opt/handset &&"
    " exec setpriv --reuid handset --regid handset --init-groups"
    " venv/bin/python -m firmware --board script --config /etc/handset --state /var/lib/handset"
)


@dataclass(frozen=True)
class Scene:
    """A phone that has registered, and who looks after it."""

    site: Site
    machine: Machine
    remote: Remote
    api: Api


class OnCard(Phone):
    """The phone on the card with the script board, in the place of its service."""

    def __init__(self, scene: Scene, folder: Path) -> None:
        kamailio = scene.site.kamailio
        super().__init__(folder, (kamailio.host, kamailio.port), scene.site.trusted, (USER,))
        self._scene = scene

    def __enter__(self) -> Self:
        self._ports = Ports()
        self.started_at = time.time()
        self.program = Program(self._scene.remote.words(SCRIPT), merge_errors=False)
        return self


@pytest.fixture(scope="module")
def bare(site: Site, tmp_path_factory: pytest.TempPathFactory) -> dict[str, float]:
    """When the same root was where without the phone; it is started last."""
    folder = tmp_path_factory.mktemp("bare")
    card = site.write_card(folder / "card.img")
    more = "systemd.mask=handset.service systemd.mask=handset-good.service"
    with Ports() as web, Ports() as ssh, virt(card, folder, web.first, ssh.first, more):
        remote = Remote(ssh.first, site.key)
        until(lambda: is_reached(remote), START_S)
        return moments(remote.journal())


@pytest.fixture(scope="module")
def scene(site: Site, card: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    folder = tmp_path_factory.mktemp("virt")
    with Ports() as web, Ports() as ssh, virt(card, folder, web.first, ssh.first) as machine:
        site.kamailio.wait_registered([USER], 0.0, START_S)
        yield Scene(site, machine, Remote(ssh.first, site.key), Api(web.first))


def is_reached(remote: Remote) -> bool:
    try:
        return "leased" in remote.journal()
    except AssertionError:
        return False


def until(done: Callable[[], bool], seconds: float) -> None:
    by = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < by, "it did not happen in time"
        time.sleep(0.5)


def test_the_card_is_a_phone_that_registers_over_tls_and_says_so(scene: Scene) -> None:
    scene.api.wait_for(RegistrationState.REGISTERED, BACK_S)
    assert scene.remote.run("hostname") == "desk-7\n"
    assert scene.remote.run("systemctl is-active handset") == "active\n"
    assert "Log in" in scene.api.ask("/")


def test_the_data_partition_has_taken_the_rest_of_the_card(scene: Scene) -> None:
    until(lambda: int(scene.remote.run("findmnt -n -b -o SIZE /data")) > GROWN_BYTES, BACK_S)


def test_it_knows_when_its_proxy_is_gone_and_comes_back_by_itself(scene: Scene) -> None:
    kamailio = scene.site.kamailio
    kamailio.stop()
    scene.api.wait_for(RegistrationState.WAITING, BACK_S)
    began = time.time()
    kamailio.start()
    kamailio.wait_registered([USER], began, BACK_S)
    scene.api.wait_for(RegistrationState.REGISTERED, BACK_S)


def test_it_is_called_and_calls_by_the_script_board(scene: Scene, tmp_path: Path) -> None:
    kamailio = scene.site.kamailio
    proxy, more = (kamailio.host, kamailio.port), {"sip srtp mode": "2"}
    with (
        OnCard(scene, tmp_path) as phone,
        Phone(tmp_path / "far", proxy, scene.site.trusted, ("bob",), more=more) as far,
    ):
        phone.wait_registered(timeout_s=START_S)
        far.wait_registered()
        far.send("dial", uri=USER)
        phone.wait_for("incoming", CALL_S)
        phone.send("answer")
        far.wait_for("answered", CALL_S)
        far.send("hangup")
        phone.wait_for("ended", CALL_S)
        began = time.time()
        phone.send("dial", uri="bob")
        far.wait_for("incoming", CALL_S, began)
        far.send("answer")
        phone.wait_for("answered", CALL_S, began)
        phone.send("hangup")
        far.wait_for("ended", CALL_S, began)


def test_when_the_phone_was_there_is_written_down_beside_the_same_root_without_it(
    scene: Scene, bare: dict[str, float], results: Results
) -> None:
    when = moments(scene.remote.journal())
    assert set(when) == {"the network is up", "the first screen stands", "registered"}
    assert set(bare) == {"the network is up"}
    rows = {what: (at, bare.get(what)) for what, at in when.items()}
    chain = scene.remote.run("systemd-analyze; systemd-analyze critical-chain handset.service")
    blame = "\n".join(scene.remote.run("systemd-analyze blame").splitlines()[:12])
    said = "\n".join(f"    {line}" for line in f"{chain}\n{blame}".splitlines())
    heads = ("seconds after the kernel's start", "the phone", "the same root without the phone")
    results.tell("virt", f"{table(heads, rows)}\n{said}")
