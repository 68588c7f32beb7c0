"""Rare moments that are made, where chance alone would take thousands of seeds to come by them.

Each is drawn for itself, by a Random of its own: what is decided here changes no other drawing, and
so no world of a seed that has no such moment. A run has at most one of each kind.
"""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING

from tests.simulator.connection import Connection
from tests.simulator.wire import ENDLESS

if TYPE_CHECKING:
    from tests.simulator.simulator import Simulator

SHORT_S = 60
"""A binding that a pause may outlast."""

SLEPT_OUT = 0.1
"""Chance that the phone's machine pauses while the answer to a REGISTER is on its way to it."""

SERVED_AND_GONE = 0.1
"""Chance that a link ends in the very step that serves it, while a CANCEL is owed."""


class Moments:
    """Looks for its chances in one run."""

    def __init__(self, simulator: Simulator) -> None:
        self._simulator = simulator
        self.seen = {"slept out": 0, "served and gone": 0}

    def bound(self, connection: Connection, user: str) -> None:
        """The registrar has bound an account; its answer has just left."""
        simulator = self._simulator
        own = Random(f"{connection.attempt} {simulator.schedule.now}")
        if simulator.is_calm or not connection.stands:
            return
        if simulator.plan.faults.pause_every_s and own.random() < SLEPT_OUT:
            self._sleep_it_out(connection, own)
        elif simulator.sent.owed_at(connection.site, simulator.schedule.now, user):
            self._serve_and_go(connection, own)

    def _sleep_it_out(self, connection: Connection, own: Random) -> None:
        """The machine sleeps until that binding is over; the answer waits for it."""
        nature = connection.site.nature
        binding_s = max(nature.grants_s, nature.min_expires_s)
        if binding_s > SHORT_S or self.seen["slept out"]:
            return
        self.seen["slept out"] += 1
        self._simulator.pause(binding_s + own.uniform(2.0, 20.0))

    def _serve_and_go(self, connection: Connection, own: Random) -> None:
        """What follows the answer, in one piece with it, makes nonsense of the stream (D1)."""
        if own.random() >= SERVED_AND_GONE or self.seen["served and gone"]:
            return
        self.seen["served and gone"] += 1
        connection.is_garbled = True
        self._simulator.wire.send(connection, ENDLESS)
