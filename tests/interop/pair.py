"""Two real proxies, each behind a relay, and a phone with three accounts that has both.

Each scene has proxies of its own: they start in a tenth of a second, and nothing that one test does
to them can be felt by another. Each proxy has an authority of its own; the phone trusts both.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from enum import Enum
from functools import partial
from itertools import pairwise
from pathlib import Path

import pytest

from tests.interop.conftest import wait_until
from tests.interop.kamailio import Kamailio, free_port
from tests.interop.parties import CALLER, Ringer, registered
from tests.interop.phone import Event, Phone
from tests.lab.authority import Authority
from tests.lab.flows import Flow, overlaps
from tests.lab.relay import Relay

HOSTS = ("127.0.0.1", "127.0.0.2")

PROBE_S = 10
"""The shortest probe interval; the phone spreads it by a fifth (F3)."""

HOME_S = 1.2 * PROBE_S + 5.0
"""From one probe to the next, signing off and REGISTER; a probe of a hung handshake takes 5 s."""

SLACK_S = 1.5
"""For two busy processors, and for the registration itself."""

BLUR_S = 0.05
"""Two relays in two threads see the end of one link and the first SIP on the next."""

SYNC_S = 3.0
"""When registrars have dropped the bindings of lost connections, and told each other."""


class World(Enum):
    """Whether the two proxies share their locations."""

    APART = "apart"
    SHARING = "sharing"


@dataclass
class Pair:
    """A phone registered at the first of two proxies."""

    world: World
    authorities: tuple[Authority, Authority]
    everybody: Path
    """Both authorities, for others than the phone, whose own file may change."""
    proxies: tuple[Kamailio, Kamailio]
    relays: tuple[Relay, Relay]
    phone: Phone
    ringer: Ringer

    @property
    def role(self) -> str:
        """Which proxy the phone says that it is at: primary, backup or None."""
        return str(self.phone.status()["link"]["role"])

    @property
    def flows(self) -> list[Flow]:
        """Every connection that the phone opened."""
        return [*self.relays[0].flows, *self.relays[1].flows]

    def check_wire(self) -> None:
        """SIP was on one connection at any instant, as the wire counts it (L4, L10)."""
        assert not overlaps(self.flows, BLUR_S)

    def check_log(self, since: float, *moves: tuple[str, str]) -> None:
        """The outage log has these: the cause of each, and where service was found (S3)."""
        log = [entry for entry in self.phone.status()["outages"] if entry["began"] >= since - 1]
        log.reverse()
        assert [(entry["cause_kind"], entry["back_on"]) for entry in log] == list(moves)
        for entry in log:
            assert entry["accounts"] == len(self.phone.users)
            assert entry["cause"]
            home = entry["cause_kind"] == "going home"
            assert entry["kind"] == ("moved home" if home else "outage")
            assert entry["role"] == ("backup" if home else "primary")
            assert entry["ended"] - entry["began"] == pytest.approx(entry["duration_s"], abs=0.01)

    def check_bindings(self, at: Kamailio, *running: Kamailio) -> None:
        """Each account has one binding where it should have one, and none where not (F3)."""
        for proxy in running:
            here = proxy is at or self.world is World.SHARING
            wait_until(partial(self._has_bindings, proxy, 1 if here else 0), SYNC_S)

    def _has_bindings(self, proxy: Kamailio, count: int) -> bool:
        return all(len(proxy.contacts(user)) == count for user in self.phone.users)

    def check_calls(self, *through: Kamailio) -> None:
        """A call to each account arrives, once, through each of these proxies."""
        for proxy in through:
            with registered(proxy, self.everybody, CALLER) as caller:
                for number, user in enumerate(self.phone.users, 1):
                    at = time.time()
                    assert caller.invite(user).status == 180
                    self.phone.wait_for("incoming", since=at)
                    caller.cancel(user)
                    self.phone.wait_for("ended", since=at)
                    calls = self.phone.events("incoming", at)
                    assert [call["account"] for call in calls] == [number]

    def dial(self) -> None:
        """Call somebody who rings."""
        self.phone.send("dial", uri=self.ringer.uri)

    def check_dialled(self, at: float, timeout_s: float) -> Event:
        """What was dialled rings or ends with the reason in words: never neither."""
        event = self.phone.wait_for_any(("ringing", "ended"), timeout_s, at)
        if event["ev"] == "ringing":
            self.phone.send("hangup")
            self.phone.wait_for("ended", since=at)
        else:
            assert event["reason"] or event["cause"] == "link lost", event
        return event

    def way(self, since: float) -> tuple[str, ...]:
        """Return which proxy each link was to that came up since then."""
        links = [(event["state"], event["role"]) for event in self.phone.events("link", since)]
        changes = [new for old, new in pairwise([("up", "primary"), *links]) if new != old]
        return tuple(role for state, role in changes if state == "up")

    def wait_home(self, since: float) -> None:
        """Wait until the phone is registered at the primary again, every account (F3)."""
        by = max(time.time(), since) + HOME_S
        home = partial(is_up_at, "primary")
        self.phone.wait_for("link", by - time.time(), since, home)
        self.phone.wait_registered(since, by - time.time())


def is_up_at(role: str, event: Event) -> bool:
    """Whether the link stands to that proxy."""
    return bool(event["state"] == "up" and event["role"] == role)


@contextmanager
def open_pair(
    directory: Path,
    world: World,
    more: Mapping[str, str] | None = None,
    keep_alive_s: int = 5,
) -> Iterator[Pair]:
    """Start everything and wait until the phone is registered at the primary."""
    authorities = Authority("First root"), Authority("Second root")
    everybody, trusted = directory / "authorities.pem", directory / "trusted.pem"
    for file in (everybody, trusted):
        file.write_bytes(b"".join(one.certificate_pem for one in authorities))
    with ExitStack() as stack:
        proxies = two_proxies(directory, authorities, world)
        for proxy in proxies:
            stack.enter_context(proxy)
        primary, backup = relays = (in_front_of(proxies[0]), in_front_of(proxies[1]))
        for relay in relays:
            stack.enter_context(relay)
        settings = {**backup_settings(backup.host, backup.port), **(more or {})}
        address = (primary.host, primary.port)
        phone = stack.enter_context(
            Phone(directory / "phone", address, trusted, more=settings, keep_alive_s=keep_alive_s)
        )
        ringer = stack.enter_context(Ringer(proxies[1], everybody))
        phone.wait_registered()
        yield Pair(world, authorities, everybody, proxies, relays, phone, ringer)


def two_proxies(
    directory: Path, authorities: tuple[Authority, Authority], world: World
) -> tuple[Kamailio, Kamailio]:
    """Make two proxies that know each other."""
    ports = [free_port(host) for host in HOSTS]
    first, second = (
        Kamailio(
            directory / host,
            authorities[number].issue(host),
            host=host,
            port=ports[number],
            partner=(HOSTS[1 - number], ports[1 - number]),
            shares=world is World.SHARING,
        )
        for number, host in enumerate(HOSTS)
    )
    return first, second


def in_front_of(proxy: Kamailio) -> Relay:
    """Make a relay on a proxy's own address: its certificate is good for both."""
    return Relay((proxy.host, proxy.port), proxy.host)


def backup_settings(host: str, port: int) -> dict[str, str]:
    """Say where the backup is, and come home soon."""
    return {
        "sip backup outbound proxy": host,
        "sip backup outbound proxy port": str(port),
        "sips failback probe interval": str(PROBE_S),
        "sips failback probe count": "1",
        "sips failback minimum stay": "0",
    }
