"""Two real proxies: whatever ails the primary, every account is registered at the backup within the
bound, and the phone comes home by itself (L8, L9, L10, F1, F3, D8).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.interop.conftest import Trust
from tests.interop.kamailio import Kamailio
from tests.interop.phone import Phone
from tests.lab.flows import overlaps
from tests.lab.relay import Mode, Relay

HOSTS = ("127.0.0.1", "127.0.0.2")

PROBE_S = 10
"""The shortest probe interval; the phone spreads it by a fifth (F3)."""

HOME_S = 2.5 * PROBE_S
"""One probe may come too early; then the next one, signing off, and REGISTER."""

SLACK_S = 1.5
"""For two busy processors, and for the registration itself."""

BLUR_S = 0.05
"""Two relays in two threads see the end of one link and the first SIP on the next."""

HEAD_START_S = 1.0
SLOW_S = 10.0
"""When a proxy that acknowledges and says nothing is given up (D4)."""


@dataclass
class Scene:
    """A phone registered at the first of two proxies, each behind a relay."""

    proxies: tuple[Kamailio, Kamailio]
    relays: tuple[Relay, Relay]
    phone: Phone

    @property
    def role(self) -> str:
        return str(self.phone.status()["link"]["role"])


@pytest.fixture
def scene(tmp_path: Path, trust: Trust) -> Iterator[Scene]:
    first, second = (
        Kamailio(tmp_path / host, trust.authority.issue(host), host=host) for host in HOSTS
    )
    with first, second:
        primary = Relay((first.host, first.port), HOSTS[0])
        backup = Relay((second.host, second.port), HOSTS[1])
        with primary, backup:
            more = {
                "sip backup outbound proxy": backup.host,
                "sip backup outbound proxy port": str(backup.port),
                "sips failback probe interval": str(PROBE_S),
                "sips failback probe count": "1",
                "sips failback minimum stay": "0",
            }
            address = (primary.host, primary.port)
            with Phone(tmp_path / "phone", address, trust.file, more=more) as phone:
                phone.wait_registered()
                yield Scene((first, second), (primary, backup), phone)


def refuse(scene: Scene) -> Callable[[], None]:
    return away(scene, Mode.REFUSE)


def accept_and_close(scene: Scene) -> Callable[[], None]:
    return away(scene, Mode.ACCEPT_CLOSE)


def alert(scene: Scene) -> Callable[[], None]:
    return away(scene, Mode.ALERT)


def silent(scene: Scene) -> Callable[[], None]:
    return away(scene, Mode.SILENT)


def away(scene: Scene, mode: Mode) -> Callable[[], None]:
    scene.relays[0].set_mode(mode)
    scene.relays[0].reset()
    return lambda: scene.relays[0].set_mode(Mode.PASS)


def hanging_handshake(scene: Scene) -> Callable[[], None]:
    scene.proxies[0].freeze()
    scene.relays[0].reset()
    return scene.proxies[0].thaw


def unavailable(scene: Scene) -> Callable[[], None]:
    scene.proxies[0].set_unavailable(True)
    scene.relays[0].reset()
    return lambda: scene.proxies[0].set_unavailable(False)


@pytest.mark.parametrize(
    ("fault", "bound_s"),
    [
        (refuse, 0.0),
        (accept_and_close, 0.0),
        (alert, 0.0),
        (unavailable, 0.0),
        (hanging_handshake, HEAD_START_S),
        (silent, SLOW_S),
    ],
)
def test_the_phone_goes_to_the_backup_and_comes_home(
    scene: Scene, fault: Callable[[Scene], Callable[[], None]], bound_s: float
) -> None:
    assert scene.role == "primary"
    at = time.time()
    mend = fault(scene)
    scene.phone.wait_registered(at, bound_s + SLACK_S)
    assert scene.role == "backup"
    mended_at = time.time()
    mend()
    deadline = mended_at + HOME_S
    while scene.role != "primary":
        assert time.time() < deadline, f"not home: {scene.phone.tail}"
        time.sleep(0.3)
    scene.phone.wait_registered(mended_at, HOME_S)
    assert not overlaps([*scene.relays[0].flows, *scene.relays[1].flows], BLUR_S)


def test_a_reset_by_a_primary_that_is_well_leads_back_to_the_primary(scene: Scene) -> None:
    at = time.time()
    scene.relays[0].reset()
    scene.phone.wait_registered(at, SLACK_S)
    assert scene.role == "primary"
    assert not scene.proxies[1].requests("REGISTER", at)


def test_with_both_down_the_first_that_is_back_is_taken(scene: Scene) -> None:
    for relay in scene.relays:
        relay.set_mode(Mode.REFUSE)
        relay.reset()
    scene.phone.wait_for("unregistered")
    time.sleep(3.0)
    at = time.time()
    scene.relays[1].set_mode(Mode.PASS)
    scene.phone.wait_registered(at, 2.0 + SLACK_S)
    assert scene.role == "backup"
