"""Two real proxies, each behind a relay, and a phone with three accounts that has both.

Each scene has proxies of its own: they start in a tenth of a second, and nothing that one test does
to them can be felt by another. Each proxy has an authority of its own; the phone trusts both.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from enum import Enum
from functools import partial
from pathlib import Path

from tests.interop.checks import (
    EARLY_WAIT_S,
    SLACK_S,
    backup_settings,
    has_bindings,
    wait_home,
)
from tests.interop.conftest import wait_until
from tests.interop.kamailio import Kamailio
from tests.interop.parties import CALLER, RINGER_URI, Ringer, registered
from tests.interop.phone import Phone
from tests.lab.authority import Authority
from tests.lab.flows import Flow, overlaps
from tests.lab.ports import Ports
from tests.lab.relay import Mode, Relay

HOSTS = ("127.0.0.1", "127.0.0.2")

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

    @property
    def role(self) -> str:
        """Which proxy the phone says that it is at: primary, backup or None."""
        return str(self.phone.status()["link"]["role"])

    @property
    def flows(self) -> list[Flow]:
        """Every connection that the phone opened."""
        return [*self.relays[0].flows, *self.relays[1].flows]

    def take_both_down(self) -> None:
        """Refuse and reset at both, and see the phone try more than once."""
        for relay in self.relays:  # Both before the first reset: the phone is fast.
            relay.set_mode(Mode.REFUSE)
        for relay in self.relays:
            relay.reset()
        wait_until(lambda: self.phone.status()["link"]["attempts"] > 1, EARLY_WAIT_S + SLACK_S)

    def check_wire(self) -> None:
        """SIP was on one connection at any instant, as the wire counts it (L4, L10)."""
        assert not overlaps(self.flows, BLUR_S)

    def check_bindings(self, at: Kamailio, *running: Kamailio) -> None:
        """Each account has one binding where it should have one, and none where not (F3)."""
        for proxy in running:
            here = proxy is at or self.world is World.SHARING
            wait_until(partial(has_bindings, proxy, self.phone.users, 1 if here else 0), SYNC_S)

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
        self.phone.send("dial", uri=RINGER_URI)

    def wait_home(self, since: float) -> None:
        """Wait until the phone is registered at the primary again, every account (F3)."""
        wait_home(self.phone, since)


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
        port = stack.enter_context(Ports()).first
        proxies = two_proxies(directory, authorities, world, port)
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
        stack.enter_context(Ringer((proxies[1].host, proxies[1].port), everybody))
        phone.wait_registered()
        yield Pair(world, authorities, everybody, proxies, relays, phone)


def two_proxies(
    directory: Path,
    authorities: tuple[Authority, Authority],
    world: World,
    port: int,
    hosts: tuple[str, str] = HOSTS,
    prefix: Sequence[str] = (),
) -> tuple[Kamailio, Kamailio]:
    """Make two proxies that know each other, at one port of two addresses."""
    first, second = (
        Kamailio(
            directory / host,
            authorities[number].issue(host),
            host=host,
            port=port,
            prefix=prefix,
            partner=(hosts[1 - number], port),
            shares=world is World.SHARING,
        )
        for number, host in enumerate(hosts)
    )
    return first, second


def in_front_of(proxy: Kamailio) -> Relay:
    """Make a relay on a proxy's own address: its certificate is good for both."""
    return Relay((proxy.host, proxy.port), proxy.host)
