"""Calls that ring here, and what the loss of their link makes of them (F6), from outside."""

from __future__ import annotations

from dataclasses import dataclass, field

from firmware.agent.events import (
    CallAnswered,
    CallEnded,
    EndCause,
    IncomingCall,
    Tie,
    TieChanged,
)
from firmware.phone.phone import Phone
from firmware.phone.state import State

KEPT_S = 32.0
"""How long a call rings on whose caller cannot be told."""

PATIENCE_S = 299.0
"""For so long a call rings at most."""

STEP_S = 0.3


@dataclass
class Ring:
    """A call that rings."""

    account: int
    number: str  # Who calls.
    since: float
    cut_at: float | None = None  # When its caller could not be told any more.


@dataclass
class Rings:
    """All of them, by the number of the call."""

    open: dict[int, Ring] = field(default_factory=dict)
    seen: dict[str, int] = field(
        default_factory=lambda: dict.fromkeys(["rang on", "told again", "missed"], 0)
    )

    def hear(self, fact: object, now: float) -> None:
        """Look at what is told of calls."""
        match fact:
            case IncomingCall(call, account, far):
                new = Ring(account, far.number, now)
                cut = [r for r in self.open.values() if r.cut_at is not None]
                again = any((r.account, r.number) == (account, far.number) for r in cut)
                assert not again, "rings twice for one caller (F6)"
                self.open[call] = new
            case TieChanged(call, tie) if call in self.open:
                is_cut = tie is not Tie.ANCHORED
                self.seen["rang on" if is_cut else "told again"] += 1
                self.open[call].cut_at = now if is_cut else None
            case CallAnswered(call):
                ring = self.open.pop(call, None)
                assert ring is None or ring.cut_at is None, f"call {call} is answered to nobody"
            case CallEnded(call, cause) if call in self.open:
                self._ends(self.open.pop(call), cause, now)
            case _:
                pass

    def _ends(self, ring: Ring, cause: EndCause, now: float) -> None:
        if cause is not EndCause.LINK_LOST:
            return
        self.seen["missed"] += 1
        assert ring.cut_at is not None, "missed for a link that was not lost"
        waited = now - ring.cut_at >= KEPT_S - STEP_S or now - ring.since >= PATIENCE_S
        assert waited, "a call that rings ends with its link (F6)"

    def look(self, woke_at: float, now: float) -> None:
        """Without a way to its caller a call rings on, and not for long."""
        for call, ring in self.open.items():
            rings_s = 0.0 if ring.cut_at is None else now - max(ring.cut_at, woke_at)
            assert rings_s <= KEPT_S + STEP_S, f"call {call} rings on for nobody (F6)"

    def look_at(self, phone: Phone) -> None:
        """Whoever has answered is connected as soon as there is a way."""
        front = self.open.get(phone._call.number)
        waits = phone.state is State.ANSWERING and front and front.cut_at is None
        assert not waits, "somebody has answered, and that is not said (F6)"
