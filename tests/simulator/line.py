"""The proxy's end of one connection: its stream, and the requests of the far end that wait."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from firmware.sip.message import Request, Response
from firmware.sip.stream import StreamParser
from tests.simulator.connection import Connection

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
    acks_due: set[str] = field(default_factory=set)  # Branches of the INVITEs that were refused.
    asked: set[str] = field(default_factory=set)  # Branches of the far end's requests,
    finals: dict[tuple[str, str], int] = field(default_factory=dict)  # and how they ended.
    provisional: set[str] = field(default_factory=set)  # INVITEs that got one.
    call_ids: set[str] = field(default_factory=set)  # Of whatever the phone said here.
    closed_at: float | None = None

    def is_owed_since(self, since: float) -> bool:
        """Tell whether nothing excuses the phone for what it owes since then."""
        connection = self.connection
        return self.is_open and connection.path is None and connection.excused_at < since
