"""The primary is a name without a port: DNS says where it is, and where it has gone (RFC 3263).

The phone reads a resolv.conf of its own, in a mount namespace of its own; the name server answers
on a loopback address. Two real proxies, each behind a relay that can cut the link and still answer.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from firmware.runtime.resolver import TTL_MIN_S
from tests.interop.checks import check_log
from tests.interop.conftest import Trust
from tests.interop.kamailio import Kamailio
from tests.interop.phone import Phone
from tests.lab.background import Background
from tests.lab.flows import Flow, overlaps
from tests.lab.name_server import NameServer
from tests.lab.relay import Mode, Relay

NAME = "proxy.lab.test"
SERVICE = "_sips._tcp.service.lab.test"
HOSTS = ("127.0.0.1", "127.0.0.2")
DNS_PORT = 53

AGAIN_S = 5.0
"""One dead target's head start, or the wait between two attempts, and two busy processors."""

BLUR_S = 0.05
"""Two relays in two threads see the end of one link and the first SIP on the next."""

CUT = ("reset", "primary")
"""All that the outage log has to say."""


@dataclass
class Scene:
    """Two proxies behind relays, and a name server that the phone asks."""

    proxies: tuple[Kamailio, Kamailio]
    relays: tuple[Relay, Relay]
    background: Background
    server: NameServer
    trust: Trust
    directory: Path

    def point_to(self, *order: int) -> None:
        """Let DNS name the relays in this order."""
        self.server.table = {
            (NAME, "NAPTR"): [f'10 10 "s" "SIPS+D2T" "" {SERVICE}.'],
            (SERVICE, "SRV"): [
                f"{priority} 0 {self.relays[which].port} host{which}.lab.test."
                for priority, which in enumerate(order)
            ],
            **{(f"host{which}.lab.test", "A"): [HOSTS[which]] for which in (0, 1)},
        }

    def phone(self) -> Phone:
        """Return a phone that is told the name, and nothing else."""
        file = self.directory / "resolv.conf"
        file.write_text(f"nameserver {self.server.host}\n")
        script = 'mount --bind "$0" /etc/resolv.conf && exec "$@"'
        prefix = ("unshare", "--mount", "sh", "-c", script, str(file))
        return Phone(self.directory / "phone", (NAME, 0), self.trust.file, prefix=prefix)

    def wait_registered_at(self, which: int, phone: Phone, since: float) -> None:
        """Wait until every account is registered at that proxy."""
        self.proxies[which].wait_registered(phone.users, since, AGAIN_S)
        phone.wait_registered(since)

    def overlaps(self) -> list[tuple[Flow, Flow]]:
        """Return what carried SIP beside something else (L10)."""
        return overlaps([flow for relay in self.relays for flow in relay.flows], BLUR_S)

    def wait_until_old(self, asked_at: float) -> None:
        """Wait until what was said then has to be asked for again."""
        time.sleep(max(0.0, asked_at + TTL_MIN_S + 0.5 - time.time()))


@pytest.fixture
def scene(tmp_path: Path, trust: Trust) -> Iterator[Scene]:
    with contextlib.ExitStack() as stack:
        proxies = [
            stack.enter_context(Kamailio(tmp_path / host, trust.authority.issue(NAME), host=host))
            for host in HOSTS
        ]
        relays = [
            stack.enter_context(Relay((proxy.host, proxy.port), proxy.host)) for proxy in proxies
        ]
        background = stack.enter_context(Background())
        # An address of our own: two runs beside each other do not meet at port 53.
        address = f"127.53.{os.getpid() >> 8 & 255}.{os.getpid() & 255 | 1}"
        server = NameServer(address, DNS_PORT, ttl_s=1)
        background.run(server.start())
        stack.callback(lambda: background.run(server.stop()))
        pairs = ((proxies[0], proxies[1]), (relays[0], relays[1]))
        yield Scene(*pairs, background, server, trust, tmp_path)


def test_a_name_leads_to_the_proxy_and_later_to_where_it_has_moved(scene: Scene) -> None:
    """The old address still answers: it is DNS that the next connection follows."""
    scene.point_to(0)
    with scene.phone() as phone:
        scene.wait_registered_at(0, phone, phone.started_at)
        assert {kind for _, kind in scene.server.asked} >= {"NAPTR", "SRV", "A"}
        scene.point_to(1)
        scene.wait_until_old(time.time())
        cut_at = time.time()
        scene.relays[0].reset()
        scene.wait_registered_at(1, phone, cut_at)
        assert not scene.relays[0].connected
        assert not scene.overlaps()
        check_log(phone, cut_at, CUT)


def test_dns_changes_while_the_link_is_cut(scene: Scene) -> None:
    scene.point_to(0)
    with scene.phone() as phone:
        scene.wait_registered_at(0, phone, phone.started_at)
        scene.relays[0].set_mode(Mode.REFUSE)
        cut_at = time.time()
        scene.relays[0].reset()
        phone.wait_for("unregistered", since=cut_at)
        time.sleep(2.0)
        moved_at = time.time()
        scene.point_to(1)
        scene.proxies[1].wait_registered(phone.users, moved_at, TTL_MIN_S + AGAIN_S)
        phone.wait_registered(moved_at)
        assert not scene.overlaps()
        check_log(phone, cut_at, CUT)


def test_a_dead_name_server_does_not_keep_the_phone_from_its_proxy(scene: Scene) -> None:
    scene.point_to(0)
    with scene.phone() as phone:
        scene.wait_registered_at(0, phone, phone.started_at)
        scene.server.silent = {"A", "AAAA", "SRV", "NAPTR"}
        scene.wait_until_old(time.time())
        cut_at = time.time()
        scene.relays[0].reset()
        scene.wait_registered_at(0, phone, cut_at)
        assert not scene.overlaps()
        check_log(phone, cut_at, CUT)


@pytest.mark.parametrize("mode", [Mode.REFUSE, Mode.HANG], ids=["refuses", "TLS hangs"])
def test_the_first_target_of_the_name_is_dead_and_the_second_is_tried(
    scene: Scene, mode: Mode
) -> None:
    scene.relays[0].set_mode(mode)
    scene.point_to(0, 1)
    with scene.phone() as phone:
        scene.wait_registered_at(1, phone, phone.started_at)
        tried = len(scene.relays[0].flows)
        cut_at = time.time()
        scene.relays[1].reset()
        scene.wait_registered_at(1, phone, cut_at)
        assert not scene.overlaps()
        check_log(phone, cut_at, CUT)
        # What failed is tried last: the one that stands is not kept waiting by it again.
        assert len(scene.relays[0].flows) == tried
