"""Packets to and from the primary vanish, while the backup is well: noticed idle, by lifting the
handset, and by a call that is dialled at once (D2, D4, D7, F1, F5).

The phone and two Kamailio stand at two ends of a wire; nothing in the phone's own machine says a
word, and the kernel holds what nobody acknowledges.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.interop.checks import (
    HEAD_START_S,
    SLACK_S,
    backup_settings,
    check_dialled,
    check_log,
    has_bindings,
    wait_home,
    way,
)
from tests.interop.conftest import wait_until
from tests.interop.kamailio import Kamailio
from tests.interop.pair import SYNC_S, World, two_proxies
from tests.interop.parties import RINGER_URI, RINGS
from tests.interop.phone import Phone
from tests.lab.authority import Authority
from tests.lab.flows import overlaps
from tests.lab.namespaces import FAR_ADDRESS, ROOT, Wire
from tests.lab.processes import Program

ROUND_TRIP_S = 0.05
PORT = 5061
FAR_ADDRESSES = FAR_ADDRESS, "10.77.0.3"

PONG_LIMIT_S = 2.0
"""The shortest limit, while the kernel holds what was not acknowledged (D2)."""

REQUEST_S = 4.0
"""`sip transaction timer`: a request without a byte since (D4)."""

FRESH_S = 5.0
"""Younger life than this is proof enough for a lifted handset (D7)."""

START_S = 10.0

QUIET_S = 0.3
"""Nothing is on its way any more: what came after a call was dialled would prove life (D4)."""


@dataclass
class Scene:
    """Two proxies at the far end, and somebody who rings at the second."""

    world: World
    wire: Wire
    authority: Path
    proxies: tuple[Kamailio, Kamailio]
    directory: Path

    @contextmanager
    def phone(self, keep_alive_s: int) -> Iterator[Phone]:
        """Start a phone at the near end, registered at the primary."""
        before = len(self.wire.flows())
        with Phone(
            self.directory / "phone",
            (FAR_ADDRESS, PORT),
            self.authority,
            keep_alive_s=keep_alive_s,
            more=backup_settings(FAR_ADDRESSES[1], PORT),
            prefix=self.wire.command(self.wire.near, ()),
        ) as phone:
            phone.wait_registered()
            # The first pong: the addresses of a new wire may be a change of network yet (D6).
            wait_until(lambda: phone.status()["link"]["answers_pings"], START_S)
            wait_until(lambda: phone.status()["link"]["proof_age_s"] > QUIET_S, START_S)
            yield phone
            assert not overlaps(self.wire.flows()[before:])
        self.wire.set_dead()

    def check_at_the_backup(self, phone: Phone, lost_at: float, bound_s: float) -> None:
        """Every account is registered there in time, and one binding is left of each."""
        self.proxies[1].wait_registered(phone.users, lost_at, bound_s + HEAD_START_S + SLACK_S)
        phone.wait_registered(lost_at)
        assert way(phone, lost_at) == ("backup",)
        check_log(phone, lost_at, ("silent", "backup"))
        # With the primary lies what it was told last; with shared locations it hears of the move.
        told = self.proxies if self.world is World.SHARING else self.proxies[1:]
        wait_until(lambda: all(has_bindings(p, phone.users, 1) for p in told), SYNC_S)


@pytest.fixture(scope="module", params=list(World), ids=lambda world: world.value)
def far_end(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Scene]:
    directory = tmp_path_factory.mktemp(request.param.value)
    authority = Authority()
    trusted = directory / "authority.pem"
    trusted.write_bytes(authority.certificate_pem)
    with ExitStack() as stack:
        wire = stack.enter_context(Wire(ROUND_TRIP_S, FAR_ADDRESSES[1:]))
        prefix = wire.command(wire.far, ())
        roots = (authority, authority)
        proxies = two_proxies(
            directory, roots, request.param, PORT, hosts=FAR_ADDRESSES, prefix=prefix
        )
        for proxy in proxies:
            stack.enter_context(proxy)
        words = [sys.executable, "-m", "tests.interop.parties", FAR_ADDRESSES[1], str(PORT)]
        ringer = Program([*prefix, *words, str(trusted)], directory=ROOT)
        stack.callback(ringer.stop)
        ringer.wait_for(RINGS, START_S)
        yield Scene(request.param, wire, trusted, proxies, directory)


@pytest.fixture
def scene(far_end: Scene, tmp_path: Path) -> Scene:
    far_end.directory = tmp_path
    return far_end


def test_a_blackhole_is_noticed_by_the_next_ping(scene: Scene) -> None:
    with scene.phone(keep_alive_s=5) as phone:
        lost_at = time.time()
        scene.wire.set_dead(FAR_ADDRESS)
        scene.check_at_the_backup(phone, lost_at, phone.keep_alive_s + PONG_LIMIT_S)
        back_at = time.time()
        scene.wire.set_dead()
        wait_home(phone, back_at)
        check_log(phone, lost_at, ("silent", "backup"), ("going home", "primary"))


def test_a_blackhole_is_noticed_when_the_handset_is_lifted(scene: Scene) -> None:
    with scene.phone(keep_alive_s=60) as phone:
        wait_until(lambda: phone.status()["link"]["proof_age_s"] > FRESH_S, 2 * START_S)
        lost_at = time.time()
        scene.wire.set_dead(FAR_ADDRESS)
        phone.send("hook", off=True)
        scene.check_at_the_backup(phone, lost_at, PONG_LIMIT_S)


def test_a_call_dialled_into_a_blackhole_rings_at_the_backup(scene: Scene) -> None:
    with scene.phone(keep_alive_s=60) as phone:
        lost_at = time.time()
        scene.wire.set_dead(FAR_ADDRESS)
        phone.send("dial", uri=RINGER_URI)
        scene.check_at_the_backup(phone, lost_at, REQUEST_S)
        assert check_dialled(phone, lost_at, SLACK_S)["ev"] == "ringing"
