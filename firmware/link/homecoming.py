"""The way home from the backup (F3): probe the primary, and go there without flapping.

    STAYING --probe_at--> PROBING --TLS stands--> ASKING --pong--> ended well, back to STAYING
                                                    |
                  the last of enough, no call, long enough here --> LEAVING --> `winner`

A probe is a candidate: TLS and, where the primary is known to answer pings, a pong; CRLF is not
SIP. It is closed again (L10), but for the last one: that is kept while the accounts sign off, for
at most `LEAVE_S`, and is then promoted by the link. Where a call begins meanwhile, or the candidate
is lost, the phone stays: `StayHere`, and the accounts sign on again.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from random import Random
from typing import assert_never

from firmware.link.chooser import Chooser
from firmware.link.connection import Connection, Stage
from firmware.link.events import (
    Connected,
    Failure,
    FailureKind,
    LeaveSoon,
    Lost,
    Received,
    Resolved,
    StayHere,
    TcpConnected,
    Write,
)
from firmware.link.settings import LinkSettings
from firmware.machine import earliest, is_due

PONG_S = 1.5
LEAVE_S = 1.0
CANDIDATE_S = 1.9
"""Below the 2 s after which a candidate is promoted or closed (L10): where the pong was slow, the
accounts have less time to sign off."""

SPREAD = 0.2
"""Probes are 80-120 % of their interval apart, so that a fleet does not come in one instant."""

HOME_BY_S = 4.0
"""A REGISTER at home without a 2xx for so long: back to the backup."""

SETTLED_S = 600.0
"""After so long at home the minimum stay is the configured one again."""

STAY_MAX_S = 3600.0

PING = b"\r\n\r\n"
DONE = Failure(FailureKind.STOPPED, "the probe is over")

ProbeEvent = Resolved | TcpConnected | Connected | Received | Lost


@dataclass(slots=True)
class Stay:
    """How long the phone stays on the backup at least; longer each time that home disappoints: it
    gave no 2xx, or its link ended before it was healthy."""

    configured_s: float
    minimum_s: float

    def use(self, configured_s: float) -> None:
        """Go by another minimum; how home has disappointed until now counts no more."""
        if configured_s != self.configured_s:
            self.configured_s = self.minimum_s = configured_s

    def disappointed(self) -> None:
        """Home did not serve: stay away for longer next time."""
        longest = max(STAY_MAX_S, self.configured_s)
        self.minimum_s = min(2 * max(self.minimum_s, 1.0), longest)

    def settled(self) -> None:
        """The phone has been at home for long."""
        self.minimum_s = self.configured_s


class Step(Enum):
    """How far the way home is gone."""

    STAYING = "staying"
    PROBING = "probing"
    ASKING = "asking"
    LEAVING = "leaving"


class Homecoming:
    """The stay on the backup, until `winner` is to be promoted."""

    def __init__(
        self,
        settings: LinkSettings,
        chooser: Chooser,
        stay: Stay,
        numbers: Iterator[int],
        random: Random,
        now: float,
    ) -> None:
        self._settings = settings
        self._chooser = chooser
        self._numbers = numbers
        self._random = random
        self._candidate: Connection | None = None
        self._successes = 0
        self._stay, self._since = stay, now
        self._step_by: float | None = None
        self._ready_until = now  # The candidate that stands.
        self._probe_at: float | None = self._next_probe_at(now)
        self._step = Step.STAYING
        self.winner: Connection | None = None

    @property
    def attempt(self) -> int | None:
        """The number of the probe that is on its way."""
        return self._candidate.attempt if self._candidate else None

    @property
    def is_leaving(self) -> bool:
        """Tell whether the accounts sign off now: the candidate stands ready."""
        return self._step is Step.LEAVING

    @property
    def _leave_from(self) -> float:
        return self._since + self._stay.minimum_s

    def use(self, settings: LinkSettings, now: float) -> None:
        """Probe by other settings from now on."""
        is_other = settings.probe_interval_s != self._settings.probe_interval_s
        self._settings = settings
        if is_other and self._probe_at is not None:
            self._probe_at = min(self._probe_at, self._next_probe_at(now))

    def deadline(self) -> float | None:
        """Return when to probe, or when a step has taken too long."""
        candidate = self._candidate.deadline() if self._candidate else None
        return earliest((self._probe_at, self._step_by, candidate))

    def wake(self, now: float, calls: int) -> list[object]:
        """Begin a probe, or end a step that took too long."""
        if is_due(self._probe_at, now):
            return self._probe(now)
        if self._candidate and is_due(self._candidate.deadline(), now):
            return self._after(self._candidate, self._candidate.wake(now), now, calls)
        if is_due(self._step_by, now):
            if self.is_leaving:
                return self._leave()
            self._chooser.pong_missed(self._chooser.home)
            return self._failed(now)
        return []

    def handle(self, event: ProbeEvent, now: float, calls: int) -> list[object]:
        """Take an event of the probe."""
        assert self._candidate is not None
        match event:
            case Received(_, data):
                return self._heard(data, now, calls)
            case Lost() if self._candidate.stage is Stage.READY:
                self._candidate = None
                return self._failed(now)
            case Resolved() | TcpConnected() | Connected() | Lost():
                return self._after(self._candidate, self._candidate.handle(event, now), now, calls)
            case _:
                assert_never(event)

    def call_began(self, now: float) -> list[object]:
        """A call in progress delays the return, even where the accounts sign off already."""
        return [*self._end_probe(now), StayHere()] if self.is_leaving else []

    def ready_to_leave(self, now: float) -> list[object]:
        """The accounts have signed off: go at the next wake.

        Not within this step: what the layers above have said in it is for the old link still.
        """
        if self.is_leaving:
            self._step_by = now
        return []

    def call_off(self) -> list[object]:
        """This home is not to be gone to: close the probe, and let the accounts stay."""
        stay: list[object] = [StayHere()] if self.is_leaving else []
        return [*self.give_up(), *stay]

    def give_up(self) -> list[object]:
        """Close the probe: the link that it went beside is gone."""
        candidate, self._candidate = self._candidate, None
        return candidate.close(DONE) if candidate else []

    def _probe(self, now: float) -> list[object]:
        self._probe_at = None
        allowed_at = self._chooser.allowed_at(self._chooser.home, now)
        if allowed_at > now:  # Its Retry-After (D8).
            self._probe_at = allowed_at
            return []
        self._step = Step.PROBING
        self._candidate = self._chooser.connection(self._chooser.home, self._numbers)
        return self._candidate.start(now)

    def _after(
        self, candidate: Connection, out: list[object], now: float, calls: int
    ) -> list[object]:
        if candidate.stage is Stage.ENDED:
            self._candidate = None
            self._chooser.tried(candidate.proxy, candidate.failure)
            return out + self._failed(now)
        if candidate.stage is not Stage.READY or self._step is not Step.PROBING:
            return out
        self._ready_until = now + CANDIDATE_S
        self._chooser.tried(candidate.proxy, None)
        if not self._chooser.answers_pings(candidate.proxy):
            return out + self._succeeded(now, calls)
        self._step, self._step_by = Step.ASKING, now + PONG_S
        return [*out, Write(candidate.attempt, PING)]

    def _heard(self, data: bytes, now: float, calls: int) -> list[object]:
        """Take a pong; SIP is not accepted on a candidate (L10)."""
        if data.strip(b"\r\n"):
            return self._failed(now)
        if self._step is not Step.ASKING:
            return []
        self._chooser.pong_came(self._chooser.home)
        return self._succeeded(now, calls)

    def _succeeded(self, now: float, calls: int) -> list[object]:
        self._successes += 1
        if self._successes < self._settings.probe_count:
            return self._end_probe(now)
        self._chooser.fit(self._chooser.home)
        if calls or now < self._leave_from:
            return self._end_probe(now)
        self._step, self._step_by = Step.LEAVING, min(now + LEAVE_S, self._ready_until)
        return [LeaveSoon()]

    def _failed(self, now: float) -> list[object]:
        self._successes = 0
        stay: list[object] = [StayHere()] if self.is_leaving else []
        return [*self._end_probe(now), *stay]

    def _end_probe(self, now: float) -> list[object]:
        self._step, self._step_by = Step.STAYING, None
        self._probe_at = self._next_probe_at(now)
        candidate, self._candidate = self._candidate, None
        return candidate.close(DONE) if candidate else []

    def _leave(self) -> list[object]:
        self.winner, self._candidate = self._candidate, None
        self._step_by = None
        return []

    def _next_probe_at(self, now: float) -> float:
        spread = self._random.uniform(1 - SPREAD, 1 + SPREAD)
        return now + self._settings.probe_interval_s * spread
