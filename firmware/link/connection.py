"""One connection to one proxy, from the name to the end of the TLS handshake.

    RESOLVING --Resolved--> DIALLING --TcpConnected--> HANDSHAKING --Connected--> READY
        |                      |  ^ the next address         |                     |
        +----------------------+--+--------------------------+---------------------+--> ENDED

Each stage has a budget of its own. A proxy's addresses share its one place and are tried in turn,
each as an attempt with a new number, so that what an old attempt still says is not heard. An
address with others behind it has the proxy's head start for TCP and TLS together (F1); the last
one has the whole budgets. `Targets` remembers which failed. A connection carries no SIP by itself:
the link promotes it (L10). In TLS mode the proxy opens connections too; those are READY at once.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from enum import Enum
from typing import assert_never

from firmware.link.events import (
    Address,
    Close,
    Connect,
    Connected,
    Failure,
    FailureKind,
    Lost,
    Proxy,
    Resolve,
    Resolved,
    TcpConnected,
    TlsFacts,
)
from firmware.link.targets import Targets
from firmware.machine import earliest, is_due

RESOLVE_BUDGET_S = 5.0
"""Two servers tried twice by the resolver; a name that takes longer is as good as not found."""

TCP_BUDGET_S = 4.0
"""The SYN goes out at 0, 1 and 3 s; what has not answered then is not there."""

TLS_BUDGET_S = 5.0
"""Many round trips of the slowest wire, and time for a busy proxy's arithmetic."""

ADDRESSES_MAX = 8
"""More addresses of one name than this are not tried in one round."""

SIPS_PORT = 5061


class Stage(Enum):
    """How far the connection has come."""

    NEW = "new"
    RESOLVING = "resolving"
    DIALLING = "dialling"
    HANDSHAKING = "handshaking"
    READY = "ready"
    ENDED = "ended"


LEGAL = {
    Stage.NEW: {Stage.RESOLVING, Stage.DIALLING, Stage.READY},
    Stage.RESOLVING: {Stage.DIALLING, Stage.ENDED},
    Stage.DIALLING: {Stage.DIALLING, Stage.HANDSHAKING, Stage.ENDED},
    Stage.HANDSHAKING: {Stage.DIALLING, Stage.READY, Stage.ENDED},
    Stage.READY: {Stage.ENDED},
    Stage.ENDED: set[Stage](),
}

ConnectionEvent = Resolved | TcpConnected | Connected | Lost


class Connection:
    """One proxy's place: a look-up, then one attempt after the other until TLS stands."""

    def __init__(
        self, proxy: Proxy, numbers: Iterator[int], targets: Targets, head_start_s: float
    ) -> None:
        self.proxy = proxy
        self.stage = Stage.NEW
        self.attempt = 0
        self.facts: TlsFacts | None = None
        self.failure: Failure | None = None  # Set once ENDED.
        self.dialled_at: float | None = None
        self.address: Address | None = None  # The one dialled.
        self._numbers = numbers
        self._targets = targets
        self._head_start_s = head_start_s
        self._addresses: tuple[Address, ...] = ()  # Those not tried yet.
        self._stage_by: float | None = None
        self._next_by: float | None = None  # The end of this address's head start.

    def start(self, now: float) -> list[object]:
        """Begin: look the name up, or dial at once where it is an IP literal."""
        try:
            ipaddress.ip_address(self.proxy.host)
        except ValueError:
            self._enter(Stage.RESOLVING, now + RESOLVE_BUDGET_S)
            self.attempt = next(self._numbers)
            return [Resolve(self.attempt, self.proxy)]
        self._addresses = (Address(self.proxy.host, self.proxy.port or SIPS_PORT),)
        return self._dial(now)

    def accept(self, attempt: int, facts: TlsFacts) -> None:
        """Take a connection that the proxy opened (L3): its TLS stands already."""
        self._enter(Stage.READY, None)
        self.attempt, self.facts = attempt, facts

    def deadline(self) -> float | None:
        """Return when the budget of this stage, or the address's head start, is spent."""
        return earliest((self._stage_by, self._next_by))

    def handle(self, event: ConnectionEvent, now: float) -> list[object]:
        """Take an event of the current attempt; afterwards look at `stage`."""
        match event:
            case Resolved(_, addresses):
                return self._resolved(addresses, now)
            case TcpConnected():
                self._enter(Stage.HANDSHAKING, now + TLS_BUDGET_S)
                return []
            case Connected(_, facts):
                assert self.address is not None
                self._enter(Stage.READY, None)
                self._targets.stands(self.address)
                self.facts = facts
                return []
            case Lost(_, failure):
                return self._next_or_end(failure, now)
            case _:
                assert_never(event)

    def wake(self, now: float) -> list[object]:
        """Give the stage up when its budget is spent, and the address after its head start."""
        if not is_due(self.deadline(), now):
            return []
        close = Close(self.attempt)
        was_hurried = is_due(self._next_by, now)
        return [close, *self._next_or_end(self._out_of_time(), now, was_hurried=was_hurried)]

    def close(self, failure: Failure) -> list[object]:
        """End the connection from this side."""
        self._end(failure)
        return [Close(self.attempt)]

    def _resolved(self, addresses: tuple[Address, ...], now: float) -> list[object]:
        assert self.stage is Stage.RESOLVING, f"Resolved while {self.stage}"
        assert addresses, "Resolved without an address"
        self._addresses = self._targets.ordered(addresses, now)[:ADDRESSES_MAX]
        return self._dial(now)

    def _dial(self, now: float) -> list[object]:
        self.address, self._addresses = self._addresses[0], self._addresses[1:]
        self._enter(Stage.DIALLING, now + TCP_BUDGET_S)
        self._next_by = now + self._head_start_s if self._addresses else None
        self.attempt = next(self._numbers)
        self.dialled_at = now
        return [Connect(self.attempt, self.proxy.name, self.address)]

    def _next_or_end(
        self, failure: Failure, now: float, *, was_hurried: bool = False
    ) -> list[object]:
        # A second address is another door to the same proxy; once TLS stood it is not tried.
        if self.address and self.stage in {Stage.DIALLING, Stage.HANDSHAKING}:
            self._targets.failed(self.address, now, was_hurried=was_hurried)
            if self._addresses:
                return self._dial(now)
        self._end(failure)
        return []

    def _end(self, failure: Failure) -> None:
        self._enter(Stage.ENDED, None)
        self.failure = failure

    def _out_of_time(self) -> Failure:
        what = {
            Stage.RESOLVING: f"no answer from DNS for {self.proxy.host}",
            Stage.DIALLING: f"no connection to {self.proxy} in time",
            Stage.HANDSHAKING: f"{self.proxy} does not finish the TLS handshake",
        }
        return Failure(FailureKind.TIMEOUT, what[self.stage])

    def _enter(self, stage: Stage, by: float | None) -> None:
        """Change the stage; the old one's budget is forgotten. TLS shares TCP's head start."""
        assert stage in LEGAL[self.stage], f"{self.stage} -> {stage}"
        self.stage, self._stage_by = stage, by
        if stage is not Stage.HANDSHAKING:
            self._next_by = None
