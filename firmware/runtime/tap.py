"""A place on the way to the proxies where ears may listen, put there and taken away at any time.

Without an ear nothing is looked at: a phone that nobody watches pays one call more for a packet.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from firmware.runtime.driver import Network, NetworkCommand

NetworkFactory = Callable[[Callable[[object], None]], Network]


class Ear(Protocol):
    """Somebody who listens."""

    def sent(self, command: NetworkCommand) -> None:
        """Hear what is about to be done."""

    def heard(self, event: object) -> None:
        """Hear what came."""


class Tap:
    """A network that lets others listen."""

    def __init__(self, deliver: Callable[[object], None], inner: NetworkFactory) -> None:
        self._deliver = deliver
        self.ears: list[Ear] = []
        self._network = inner(self._hear)

    def do(self, command: NetworkCommand) -> None:
        """Have a command carried out."""
        for ear in self.ears:
            ear.sent(command)
        self._network.do(command)

    def stop(self) -> None:
        """Close everything."""
        self._network.stop()

    def _hear(self, event: object) -> None:
        for ear in self.ears:
            ear.heard(event)
        self._deliver(event)
