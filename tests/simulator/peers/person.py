"""A person whose phone has no screen: dials, answers, holds, types digits, hangs up."""

from __future__ import annotations

from typing import TYPE_CHECKING

from firmware.agent.events import (
    Answer,
    CallAnswered,
    CallEnded,
    Dial,
    Dialling,
    HangUp,
    Hold,
    IncomingCall,
    Reject,
    Resume,
    SendDigit,
)

if TYPE_CHECKING:
    from tests.simulator.peers.world import World


class Person:
    """Whims, drawn from the seed."""

    def __init__(self, world: World) -> None:
        self._world, self._random = world, world.random
        self._pace_s = world.random.choice([1.5, 4.0, 10.0, 40.0])
        self.is_home = True
        self.ringing: set[int] = set()  # Calls that ring here,
        self.waiting: set[int] = set()  # that were placed from here,
        self.talking: set[int] = set()  # and that stand.

    def hear(self, said: object) -> None:
        """Hear what becomes of calls."""
        match said:
            case IncomingCall(call):
                assert call not in self.calls, "a call begins twice"
                self.ringing.add(call)
            case Dialling(call):
                assert call not in self.calls, "a call begins twice"
                self.waiting.add(call)
            case CallAnswered(call):
                assert call in self.ringing | self.waiting, "answered, and not there"
                self._drop(call)
                self.talking.add(call)
            case CallEnded(call) if call:
                assert call in self.calls, "a call ends that is not there"
                self._drop(call)
            case _:
                pass

    @property
    def calls(self) -> set[int]:
        """All calls that the person has."""
        return self.ringing | self.waiting | self.talking

    def _drop(self, call: int) -> None:
        for some in (self.ringing, self.waiting, self.talking):
            some.discard(call)

    def live(self) -> None:
        """Have a whim now and then."""
        self._world.schedule.later(self._random.expovariate(1 / self._pace_s), self._whim)

    def go_home(self) -> None:
        """End all calls."""
        self.is_home = False
        for call in sorted(self.calls):
            self._end(call)

    def _whim(self) -> None:
        if not self.is_home:
            return
        self.live()
        if self._world.hub.is_calm:
            return
        random = self._random
        if self.ringing and random.random() < 0.6:
            self._react(random.choice(sorted(self.ringing)))
        elif self.talking and random.random() < 0.6:
            self._meddle(random.choice(sorted(self.talking)))
        elif self.waiting and random.random() < 0.3:
            self._end(random.choice(sorted(self.waiting)))
        elif len(self.calls) < 4:
            self._world.feed(Dial(1, random.choice(["300", "bob", "sip:carol@example.net"])))

    def _react(self, call: int) -> None:
        choice = self._random.random()
        if choice < 0.75:
            self._world.feed(Answer(call))
        elif choice < 0.9:
            self._world.feed(Reject(call, self._random.choice([486, 603, 480])))
        else:
            self._end(call)

    def _meddle(self, call: int) -> None:
        random = self._random
        acts = [Hold(call), Resume(call), Hold(call), SendDigit(call, random.choice("0123#"))]
        if random.random() < 0.15:
            self._end(call)
        else:
            self._world.feed(random.choice(acts))

    def _end(self, call: int) -> None:
        self._world.book.hung_up(call)
        self._world.unwanted(call)
        self._world.feed(HangUp(call))
