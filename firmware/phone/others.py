"""The calls that are not in the foreground: one that waits to be answered, one that is held.

A call that comes while somebody talks is offered on the screen and by a tone. Answering it holds
the first one, which comes back when the second is over. With a call waiting or held there is no
place for a third: it is busy.
"""

from __future__ import annotations

from dataclasses import replace

from firmware.agent.events import CallEnded, FarChanged, TieChanged
from firmware.phone.events import CallFact
from firmware.phone.foreground import Foreground
from firmware.phone.screen import CallScreen, CallStage, LinkLine, SoundLine
from firmware.phone.sound import CallSound, SoundNews
from firmware.phone.state import State


class Others:
    """At most one call beside the one in the foreground."""

    def __init__(self) -> None:
        self.waiting: Foreground | None = None
        self.held: Foreground | None = None
        self._sound = CallSound()  # Of the held call.

    @property
    def is_empty(self) -> bool:
        """Tell whether there is no such call."""
        return self.waiting is None and self.held is None

    def hold(self, call: Foreground, sound: CallSound) -> None:
        """Keep a call with what is known of its sound."""
        self.held, self._sound = call, sound

    def take_held(self) -> tuple[Foreground, CallSound]:
        """Give the held call back."""
        assert self.held is not None
        call, self.held = self.held, None
        return call, self._sound

    def take_waiting(self) -> Foreground:
        """Give the waiting call away: it is answered, refused, or rings."""
        assert self.waiting is not None
        call, self.waiting = self.waiting, None
        return call

    def learn(self, fact: CallFact) -> None:
        """Hear what has become of such a call."""
        for call in (self.waiting, self.held):
            if call is None or call.number != fact.call:
                continue
            if isinstance(fact, FarChanged):
                call.far = fact.far
            if isinstance(fact, TieChanged) and call is self.held:
                self._sound.tie = fact.tie
            if isinstance(fact, CallEnded):
                self.waiting = None if call is self.waiting else self.waiting
                self.held = None if call is self.held else self.held

    def learn_sound(self, news: SoundNews) -> None:
        """Hear of the held call's sound, or of the card."""
        if self.held is not None and news.call in {0, self.held.number}:
            self._sound.learn(news)

    def screen(self, trouble: LinkLine | None, now: float) -> CallScreen | None:
        """Return what is shown of the waiting call, None where there is none."""
        if self.waiting is None:
            return None
        ringing = self.waiting.screen(State.RINGING, trouble, SoundLine(), now)
        return replace(ringing, stage=CallStage.WAITING)
