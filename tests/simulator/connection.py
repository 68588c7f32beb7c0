"""One attempt of the phone to connect: what the phone knows of it, and what is really so."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING

from firmware.link.events import Address, Proxy
from tests.simulator.faults import Ending
from tests.simulator.holds import Failing

if TYPE_CHECKING:
    from tests.simulator.site import Site


class Stage(Enum):
    """What the phone knows of an attempt."""

    RESOLVING = "resolving"
    DIALLING = "dialling"
    OPEN = "open"
    ENDED = "ended"  # The phone closed it, or was told of its end.


@dataclass
class Chunk:
    """Bytes on their way, and when they arrive at the earliest."""

    at: float
    data: bytes


@dataclass
class Connection:
    """One attempt: what the phone knows, and what is really so."""

    attempt: int
    local: Address
    stage: Stage
    site: Site
    begun_at: float
    proxy: Proxy  # As the phone knew it then.
    opened_at: float = 0.0
    stands: bool = False  # Both ends are up: bytes can pass.
    path: Ending | None = None  # DEAD, MUTE, or None while all is well.
    path_since: float = 0.0
    excused_at: float = 0.0  # The last trouble that excuses a late answer of the phone.
    carried_sip: bool = False
    pings_down: int = 0  # Pings of the proxy's,
    pongs_up: int = 0  # and what the phone answered them with.
    pinged_at: float | None = None  # The phone's last ping, and how long after the one before.
    ping_gap_s: float = 0.0
    is_followed: bool = False  # By something else that was written.
    silent_pings: int = 0  # Those that nothing answered until OPTIONS followed.
    alike_gaps: int = 0  # In a row.
    written_at: float = 0.0  # When the phone wrote last.
    is_garbled: bool = False  # Something from the proxy was spoilt on its way.
    ponged_at: float | None = None  # When the proxy answered a ping first.
    ended_at: float | None = None  # When the phone closed it, or heard of its end.
    has_accepted: bool = False  # A REGISTER was answered with 2xx; the phone may not have read it.
    proof_at: float | None = None  # When the phone was given bytes last.
    up: deque[Chunk] = field(default_factory=deque)  # On its way to the proxy,
    down: deque[Chunk] = field(default_factory=deque)  # and to the phone.
    breath: bytearray = field(default_factory=bytearray)  # What the proxy sends in one breath.
    sent_down: int = 0  # Bytes that the proxy has sent,
    read_down: int = 0  # and that the phone was given.
    failings: list[Failing] = field(default_factory=list)  # Answers of a registrar that fails.

    def excuse(self, until: float) -> None:
        """What the phone owes may come late: nothing counts before then."""
        self.excused_at = max(self.excused_at, until)

    def give(self, now: float) -> bytes:
        """Take what the phone reads next."""
        data = self.down.popleft().data
        self.proof_at, self.read_down = now, self.read_down + len(data)
        for failing in self.failings:
            if failing.heard_at is None and self.read_down >= failing.end:
                failing.heard_at = now
        return data

    @property
    def unacknowledged(self) -> int:
        """What the kernel holds (SIOCOUTQ)."""
        return sum(len(chunk.data) for chunk in self.up) if self.path is Ending.DEAD else 0
