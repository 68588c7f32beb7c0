"""What two handsets hold in the end: the same calls, then none, and nothing of them."""

from __future__ import annotations

import gc
from types import FunctionType, MethodType, ModuleType
from typing import TYPE_CHECKING

from firmware.agent.call import CallState
from firmware.agent.events import Tie
from firmware.phone.state import State

if TYPE_CHECKING:
    from tests.simulator.handsets.handset import Handset
    from tests.simulator.handsets.world import World

OBJECTS_MAX = 40_000
"""Of a handset's machines without a call, whatever it went through."""


class Ends:
    """Looks at both handsets."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._here, self._there = world.handsets

    def calls(self, handset: Handset) -> list[str]:
        """Return what each call stands on: the dialog, seen from anywhere the same."""
        found = []
        for call in handset.stack.agent._calls:
            if not call.has_ended and call.dialog is not None:
                tags = sorted((call.dialog.local.tag or "", call.dialog.remote.tag or ""))
                found.append(" ".join((call.dialog.call_id, *tags)))
        return sorted(found)

    def what_differs(self) -> str:
        """Say what one handset holds and the other does not, or does not hear."""
        here, there = self.calls(self._here), self.calls(self._there)
        if here != there:
            return f"the call lists differ: {here}, {there}"
        for handset in self._world.handsets:
            wrong = self._call_is_well(handset)
            if wrong:
                return f"handset {handset.side}: {wrong}"
        return self._sound_differs()

    def _sound_differs(self) -> str:
        """Say where the two do not agree on the one call's sound: keys, ports, directions."""
        one, other = self._here.plan, self._there.plan
        if one is None or other is None:
            return ""
        keys = one.key_out == other.key_in and one.key_in == other.key_out
        ports = one.remote.port == other.local_port and other.remote.port == one.local_port
        ways = one.direction.sends == other.direction.receives
        ways = ways and other.direction.sends == one.direction.receives
        return "" if keys and ports and ways else f"the sound differs: {keys} {ports} {ways}"

    def _call_is_well(self, handset: Handset) -> str:
        agent = handset.stack.agent
        for call in agent._calls:
            if call.has_ended:
                continue
            if call.state is not CallState.CONFIRMED or call.tie is not Tie.ANCHORED:
                return f"a call that is {call.state}, {call.tie}"
        if len(agent.calls) != len(handset.plans):
            return f"{len(agent.calls)} calls, sound of {len(handset.plans)}"
        return "" if agent.registered_accounts else "not registered"

    def who_talks(self) -> str:
        """Say who holds a call, when one of the two has hung up."""
        left = [h.side for h in self._world.handsets if len(h.stack.agent.calls) > 0]
        return f"handset {left} holds a call that the other has ended" if left else ""

    def what_is_left(self) -> str:
        """Say what is left of all calls."""
        for handset in self._world.handsets:
            stack = handset.stack
            left = {
                "calls": stack.agent.calls,
                "transactions": stack.transactions.open_transactions,
                "sound": handset.plans or handset.voices.plans,
                "a state": handset.state not in {State.IDLE, State.DIALLING},
            }
            for what, kept in left.items():
                if kept:
                    return f"handset {handset.side} is left with {what}: {kept}"
            size = _size((stack, handset.voices))
            if size > OBJECTS_MAX:
                return f"handset {handset.side} is left with {size} objects"
        return ""


SHARED = (type, ModuleType, FunctionType, MethodType, type(len), property)


def _size(roots: tuple[object, ...]) -> int:
    """Count what the machines hold, without code."""
    seen: set[int] = set()
    work: list[object] = list(roots)
    while work:
        one = work.pop()
        if id(one) in seen or isinstance(one, SHARED):
            continue
        seen.add(id(one))
        work.extend(gc.get_referents(one))
    return len(seen)
