"""Harm done to links while calls are in every state: reset, silence, a proxy that stops."""

from __future__ import annotations

from functools import partial
from random import Random
from typing import TYPE_CHECKING

from firmware.link.events import NetworkChanged
from firmware.media.plan import Direction
from firmware.phone.state import State
from tests.simulator.faults import Ending, Spell

if TYPE_CHECKING:
    from tests.simulator.handsets.handset import Handset
    from tests.simulator.handsets.world import World

SOON_S = (0.0, 0.02, 0.1, 0.5, 2.0)


class Saboteur:
    """Watches what state calls are in, and strikes soon after it changed."""

    def __init__(self, world: World, random: Random) -> None:
        self.is_done = False
        self.struck_at = 0.0
        moments = ["calling", "ringing", "answering", "talking", "held", "ended", "idle"]
        harms = ["reset", "closed", "dead path", "mute", "stops", "unreachable", "moves"]
        self.seen = dict.fromkeys([*moments, *harms], 0)
        self._world, self._random = world, random
        self._was = ["idle", "idle"]
        self._stopped: set[int] = set()

    def look(self, handset: Handset) -> None:
        """See whether a call's state has changed, and decide what comes of it."""
        state = _state_of(handset)
        if state == self._was[handset.side] or self.is_done:
            return
        self._was[handset.side] = state
        if self._random.random() < self._world.plan.kill_share:
            delay_s = self._random.choice(SOON_S)
            self._world.schedule.later(delay_s, partial(self._strike, handset))
        if state == "answering" and self._world.plan.kill_share:
            # Seldom is an answer not given within one step, and never for long: each is struck.
            self._world.schedule.later(0.0, partial(self._strike, handset))

    def _strike(self, handset: Handset) -> None:
        if self.is_done:
            return
        self.seen[_state_of(handset)] += 1
        self.struck_at = self._world.schedule.now
        harm = self._random.choice([self._spoil, self._spoil, self._stop, self._hide, self._move])
        harm(handset)

    def _spoil(self, handset: Handset) -> None:
        """One link, and only that: its proxy goes on."""
        ending = self._random.choice(list(Ending))
        self.seen[ending.value] += 1
        self._world.note(handset, "!", f"link: {ending.value}")
        for connection in handset.wire.standing:
            if connection.stands:
                handset.wire.spoil(connection, ending)

    def _stop(self, handset: Handset) -> None:
        """The proxy of this link stops, for both."""
        place = self._place_of(handset)
        if place in self._stopped:
            return
        self.seen["stops"] += 1
        self._world.note(handset, "!", f"proxy {place} stops")
        self._stopped.add(place)
        self._world.exchanges[place].stop()
        kind = self._random.choice([Spell.REFUSES, Spell.BLACK_HOLE, Spell.UNREACHABLE])
        for each in self._world.handsets:
            site = each.sites[place]
            site.spell = kind
            for connection in each.wire.standing:
                if connection.site is site:
                    each.wire.end(connection, self._random.choice([Ending.RESET, Ending.CLOSED]))
        self._world.schedule.later(self._away_s(), partial(self._start, place))

    def _start(self, place: int) -> None:
        if place not in self._stopped:
            return
        self._stopped.discard(place)
        self._world.exchanges[place].start()
        for handset in self._world.handsets:
            handset.sites[place].spell = Spell.NONE

    def _hide(self, handset: Handset) -> None:
        """The path between one handset and its proxy is dead for a while."""
        place = self._place_of(handset)
        site = handset.sites[place]
        if site.spell is not Spell.NONE:
            return
        self.seen["unreachable"] += 1
        self._world.note(handset, "!", f"proxy {place} cannot be reached")
        site.spell = Spell.BLACK_HOLE
        for connection in handset.wire.standing:
            if connection.site is site and connection.stands:
                handset.wire.spoil(connection, Ending.DEAD)
        self._world.schedule.later(self._away_s(), partial(self._show, handset, place))

    def _show(self, handset: Handset, place: int) -> None:
        if place not in self._stopped:
            handset.sites[place].spell = Spell.NONE

    def _move(self, handset: Handset) -> None:
        """Another address of the handset's own: its link is tested, and lost."""
        self.seen["moves"] += 1
        self._spoil(handset)
        handset.tell(NetworkChanged())

    def _away_s(self) -> float:
        return self._random.choice([1.0, 8.0, 25.0])

    def _place_of(self, handset: Handset) -> int:
        attempt = handset.stack.link.attempt
        if attempt is None:
            return 0
        return handset.sites.index(handset.wire.connections[attempt].site)

    def make_peace(self) -> None:
        """Everything serves again."""
        self.is_done = True
        for place in sorted(self._stopped):
            self._start(place)
        for handset in self._world.handsets:
            for site in handset.sites:
                site.spell = Spell.NONE
            for connection in handset.wire.standing:
                handset.wire.heal(connection)


def _state_of(handset: Handset) -> str:
    plan = handset.plan
    if handset.state is State.TALKING and plan and plan.direction is not Direction.SENDRECV:
        return "held"
    if handset.state in {State.IDLE, State.DIALLING}:
        return "idle"
    words: str = handset.state.value
    return words
