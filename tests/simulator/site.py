"""One proxy's place in the world: where it is, how it is reached, and what is wrong there."""

from __future__ import annotations

from dataclasses import replace
from random import Random
from typing import Protocol

from firmware.link.events import Address, Proxy
from tests.simulator.connection import Connection
from tests.simulator.faults import Faults, Nature, Spell

PORT = 5061


class FarEnd(Protocol):
    """The proxy as the wire sees it."""

    def opened(self, connection: Connection) -> None:
        """A connection stands."""

    def received(self, connection: Connection, data: bytes) -> None:
        """Bytes came from the phone."""

    def closed(self, connection: Connection) -> None:
        """The connection is gone."""


class Site:
    """A proxy, its name, its addresses and its troubles."""

    def __init__(
        self, proxy: Proxy, network: str, random: Random, faults: Faults, nature: Nature
    ) -> None:
        self.proxy = proxy
        self.faults = faults
        self.worst = faults  # What the phone may have met before the calm.
        self.nature = nature
        self.spell = Spell.NONE
        self.serves = True  # In the calm.
        self.far_end: FarEnd
        self.refuses_strays = random.random() < 0.5  # Old addresses refuse, or swallow.
        self.closes_within_s = random.choice([(0.0, 0.3), (0.0, 0.3), (1.0, 3.0)])
        self._network = network
        self._first = 10
        self.told = self.addresses  # What DNS says,
        self.untried: list[Address] = []  # and what the phone has not dialled of that.

    @property
    def role(self) -> str:
        """What the phone calls it."""
        return self.proxy.role.value

    @property
    def is_named(self) -> bool:
        """Tell whether it is reached by DNS."""
        return self.proxy.host.endswith("example.org")

    @property
    def addresses(self) -> tuple[Address, ...]:
        """Where its name should lead, in this order."""
        last = self._first + self.faults.addresses
        return tuple(Address(f"{self._network}.{n}", PORT) for n in range(self._first, last))

    def listens_at(self, address: Address) -> bool:
        """Tell whether anybody is there."""
        return address in self.addresses[self.faults.dead_addresses :]

    def renumber(self) -> None:
        """Move to other addresses; DNS follows when it is told."""
        self._first = 10 + (self._first + 10) % 200

    def tell_dns(self) -> None:
        """Let DNS know where the name leads now."""
        self.told = self.addresses

    def calm_down(self, faults: Faults) -> None:
        """No more trouble here, but where it does not serve at all."""
        self.faults = faults
        self.tell_dns()

    def with_one_address(self) -> None:
        """An IP literal has one address, and that one is alive."""
        self.faults = replace(self.faults, addresses=1, dead_addresses=0, renumber_every_s=0.0)
        self.worst, self.told = self.faults, self.addresses
