"""The calls of one person: the one in front, one that is held beside it, one that waits.

Theory of operation
-------------------
- *In front* is the call that the screen shows and that the keys mean. Of the others the screen has
  a line.
- A call that comes while somebody talks *waits*: it is offered on the screen and by a tone.
  Answering it holds the first one.
- A call that was put aside is *held*: by answering another, or by dialling a second number.
  Swapping lets the two change places. When the one in front is over, the held one is back.
- With a call waiting or held there is no place for a third: it is busy.
- Whoever is held hears nothing and is not heard from that moment on (`hushed`), whether the far end
  has agreed to it, or can be told at all: without a link it cannot.
"""

from __future__ import annotations

from dataclasses import replace

from firmware.agent.events import CallEnded, EndCause
from firmware.machine import earliest, is_due
from firmware.media.events import MuteMicrophone, SoundFault
from firmware.phone.call import Call
from firmware.phone.events import CallFact
from firmware.phone.screen import BesideLine, CallScreen, CallStage, LinkLine
from firmware.phone.settings import ENDED_S
from firmware.phone.sound import SoundNews
from firmware.phone.state import State


class Lines:
    """At most two calls that stand or begin, and never a third."""

    def __init__(self, now: float) -> None:
        self.front = Call(now)
        self.waiting: Call | None = None
        self.held: Call | None = None
        self._card_fault = ""
        self._notice = ""  # What became of a call that is not in front any more,
        self._notice_by: float | None = None  # and until when it is said.

    @property
    def has_room(self) -> bool:
        """Tell whether there is a place for one more call."""
        return self.waiting is None and self.held is None

    @property
    def calls(self) -> frozenset[int]:
        """The calls that there are."""
        calls = (self.front, self.waiting, self.held)
        return frozenset(call.number for call in calls if call and call.number)

    @property
    def hushed(self) -> frozenset[int]:
        """The calls whose far ends hear nothing of this room, and are not heard."""
        calls = (self.front, self.held)
        return frozenset(call.number for call in calls if call and call.number and call.is_held)

    # What the person does.

    def put_aside(self, call: Call, now: float) -> list[object]:
        """Hold the call in front; another one takes its place."""
        assert self.held is None, "a third call"
        before, self.held, self.front = self.front, self.front, call
        return [*self._muted_as(before), *before.hold(now)]

    def answer_waiting(self, now: float) -> list[object]:
        """Hold the call in front and take the one that waits."""
        return self.put_aside(self.take_waiting(), now)

    def swap(self, now: float) -> list[object]:
        """Let the two calls change places."""
        assert self.held is not None, "nobody to swap with"
        before, self.front, self.held = self.front, self.held, self.front
        return [*self._muted_as(before), *before.hold(now), *self.front.resume()]

    def take_back(self, *, resume: bool) -> list[object]:
        """Let the held call be in front again: to talk, or to wait on."""
        assert self.held is not None, "nobody is held"
        before, self.front, self.held = self.front, self.held, None
        return [*self._muted_as(before), *(self.front.resume() if resume else [])]

    def take_waiting(self) -> Call:
        """Give the waiting call away: it is answered, refused, or rings."""
        assert self.waiting is not None, "nobody waits"
        call, self.waiting = self.waiting, None
        return call

    def _muted_as(self, before: Call) -> list[object]:
        """Mute the microphone as it was in the call that is in front now."""
        muted = self.front.sound.muted
        return [MuteMicrophone(muted)] if muted != before.sound.muted else []

    # What becomes of the calls.

    def learn(self, fact: CallFact, now: float) -> None:
        """Hear of a call; of what becomes of the one in front, the phone takes care."""
        for call in (self.front, self.waiting, self.held):
            if call is not None and call.number and call.number == fact.call:
                call.learn(fact)
        if not isinstance(fact, CallEnded):
            return
        if self.waiting and self.waiting.number == fact.call:
            self.waiting = None
        if self.held and self.held.number == fact.call:
            self.say_end(self.held.name, fact, now)
            self.held = None

    def say_end(self, name: str, end: CallEnded, now: float) -> None:
        """Let a line of the screen say for a moment why a call is over."""
        there = end.cause is EndCause.HUNG_UP_THERE and not end.reason
        self._notice = f"{name}: {'hung up' if there else end.reason or end.cause.value}"
        self._notice_by = now + ENDED_S

    def learn_sound(self, news: SoundNews, now: float) -> None:
        """Hear of a call's sound, or of the card."""
        if isinstance(news, SoundFault) and not news.call:
            self._card_fault = news.text
        for call in (self.front, self.held):
            if call is not None and call.number and call.number == news.call:
                call.learn_sound(news, now, is_aside=call is self.held)

    # Time, and the screen.

    def deadline(self) -> float | None:
        """Return when a line of the screen has been read."""
        return self._notice_by

    def wake(self, now: float) -> None:
        """Forget what has been read."""
        if is_due(self._notice_by, now):
            self._notice, self._notice_by = "", None

    def beside(self, now: float) -> BesideLine | None:
        """Return what is shown of another call beside the one in front, or of its end."""
        if self.held:
            return self.held.beside(now)  # What the keys do is about this one.
        return BesideLine(CallStage.ENDED, self._notice) if self._notice else None

    def screen(self, state: State, trouble: LinkLine | None, now: float) -> CallScreen:
        """Return what is shown: the call that waits for an answer, else the one in front."""
        if self.waiting is None:
            beside = self.beside(now)
            return self.front.screen(state, trouble, beside, self._card_fault, now)
        beside = self.front.beside(now)
        offered = self.waiting.screen(State.RINGING, trouble, beside, "", now)
        return replace(offered, stage=CallStage.WAITING)

    def redraw_at(self, state: State, now: float) -> float | None:
        """Return when time alone changes what is shown."""
        front = self.front.redraw_at(now) if state is State.TALKING else None
        return earliest((front, self.held.redraw_at(now) if self.held else None))
