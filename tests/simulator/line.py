"""The proxy's end of one connection: its stream, and the requests of the far end that wait."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from firmware.sip.message import Request, Response
from firmware.sip.stream import StreamParser
from tests.simulator.wire import Connection

OnResponse = Callable[[Response], None]

GIVE_UP_S = 32.0
"""The far end's timers B and F."""


@dataclass
class Waiting:
    """A request of the far end without a final answer."""

    request: Request
    since: float
    heard: OnResponse
    was_provisional: bool = False


@dataclass
class Line:
    """What the proxy knows of one connection of the phone."""

    connection: Connection
    parser: StreamParser = field(default_factory=StreamParser)
    is_open: bool = True
    branches: set[str] = field(default_factory=set)  # Of the phone's requests.
    waiting: dict[tuple[str, str], Waiting] = field(default_factory=dict)
    acks_due: dict[str, float] = field(default_factory=dict)  # By the branch of the INVITE.
    provisional: set[str] = field(default_factory=set)  # INVITEs that got one.

    def overdue(self, now: float, patience_s: float) -> list[str]:
        """What the phone should have answered or acknowledged by now."""
        late = [
            f"{one.request.method} {branch}"
            for (branch, _), one in self.waiting.items()
            if now - one.since > patience_s and one.request.method != "INVITE"
        ]
        late += [f"ACK {b}" for b, since in self.acks_due.items() if now - since > patience_s]
        return late
