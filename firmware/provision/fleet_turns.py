"""When the server of a fleet is asked, and what it said last: a part of the updater."""

from __future__ import annotations

from random import Random

from firmware.provision.fleet import Fleet
from firmware.provision.state import ASKED_GAP_S, BY_FLEET, START_SPREAD_S, Planned

SPREAD = (0.9, 1.1)
"""Of the interval: phones that have asked together do not do so for ever."""

NOT_YET = "not asked yet"
NOTHING = "nothing new"
NEW = "has new firmware"


class FleetTurns:
    """The appointments; where no server is set, or it cannot be asked, there is none."""

    def __init__(self, fleet: Fleet | None, random: Random) -> None:
        self._fleet, self._random = fleet, random
        self._asked_at = float("-inf")
        self._has_begun = False
        self.next: Planned | None = None
        self.why = BY_FLEET  # Of the last time.
        self.has_firmware = False  # It is the server's that is being installed.
        self.said = NOT_YET

    @property
    def fleet(self) -> Fleet | None:
        """The server, where it can be asked."""
        return None if self._fleet is None or self._fleet.problem else self._fleet

    @property
    def text(self) -> str:
        """Where the server is, and what it said, for a person; "" where none is set."""
        fleet = self._fleet
        return f"{fleet.server}: {fleet.problem or self.said}" if fleet else ""

    @property
    def uri(self) -> str:
        """Where it is, as an address."""
        return f"https://{self._fleet.server}" if self._fleet else ""

    def follow(self, fleet: Fleet | None) -> None:
        """Go by what is set now."""
        if fleet != self._fleet:
            self._fleet, self.next, self.said = fleet, None, NOT_YET

    def plan(self, now: float) -> None:
        """Plan the first time: all phones of a house begin when its power is back."""
        fleet = self.fleet
        if fleet is not None and self.next is None:
            spread_s = START_SPREAD_S if self._has_begun else fleet.interval_s
            wait_s = self._random.uniform(0.0, min(spread_s, fleet.interval_s))
            self.next = Planned(now + wait_s, BY_FLEET)
        self._has_begun = True

    def by_hand(self, now: float, why: str) -> None:
        """Somebody waits for it."""
        if self.fleet is not None:
            self.next = Planned(now, why)

    def by_notify(self, now: float) -> None:
        """The proxy says that there may be something: nobody keeps the phone busy by that."""
        if self.fleet is not None:
            self.next = Planned(max(now, self._asked_at + ASKED_GAP_S), BY_FLEET)

    def begin(self, fleet: Fleet, now: float) -> None:
        """It is asked now, and again after the interval."""
        assert self.next is not None, "nobody is asked unplanned"
        self.why, self._asked_at, self.has_firmware = self.next.why, now, False
        self.next = Planned(now + fleet.interval_s * self._random.uniform(*SPREAD), BY_FLEET)

    def answered(self, failure: str) -> None:
        """It has nothing, or was not reached."""
        self.said = failure or NOTHING

    def take(self) -> None:
        """It has firmware for this phone."""
        self.has_firmware, self.said = True, NEW
