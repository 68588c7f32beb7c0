"""One call as the person meets it: who, since when, how it sounds, what its screen says.

A call knows nothing of the others. What a person may do with several is in `lines.py`.
"""

from __future__ import annotations

from firmware.agent.events import (
    CallEnded,
    Delayed,
    FarChanged,
    Hold,
    HoldChanged,
    Inviting,
    Party,
    RemoteRinging,
    Repeating,
    Resume,
    Ring,
    TieChanged,
)
from firmware.phone.events import CallFact
from firmware.phone.facts import next_step
from firmware.phone.link_words import duration
from firmware.phone.pauses import Pauses
from firmware.phone.screen import BesideLine, CallScreen, CallStage, LinkLine, SoundLine
from firmware.phone.settings import FORGOTTEN_S
from firmware.phone.sound import CallSound, SoundNews
from firmware.phone.state import State

STAGES = {
    State.RINGING: CallStage.INCOMING,
    State.ANSWERING: CallStage.ANSWERING,
    State.ENDED: CallStage.ENDED,
}


class Call:
    """One call from its first moment to the last word about it; moments are monotonic seconds."""

    def __init__(self, now: float, number: int = 0, far: Party | None = None) -> None:
        self.number = number  # The agent's; 0 while it has none yet, and when it is over.
        self.far = far or Party("", "")
        self.rings_there = False
        self._is_delayed = False  # The INVITE waits for the link.
        self.detail = ""
        self.ring = Ring.NORMAL
        self.forward_by: float | None = None  # Not answered by then, it is sent on.
        self.forward_to = ""
        self.remind_at: float | None = None  # While the person holds it: when it comes to mind.
        self.sound = CallSound()
        self.pauses = Pauses()
        self.is_held = False  # The person holds it, whether or not the far end has agreed yet.
        self._is_holding = False  # As the far end has agreed to it.
        self._since = now  # The talk, or the wait for it.
        self._held_since = now

    @property
    def name(self) -> str:
        """What the person calls it."""
        return self.far.name or self.far.number

    def is_answered(self, now: float) -> None:
        """The talk begins."""
        self._since = now
        self.pauses.answered(now)

    def hold(self, now: float) -> list[object]:
        """Let the far end wait."""
        if self.is_held:
            return []
        self._is_held_from(now)
        self.pauses.forget()
        self.sound.is_hold_refused = False
        return [Hold(self.number)]

    def _is_held_from(self, now: float) -> None:
        self.is_held, self._held_since, self.remind_at = True, now, now + FORGOTTEN_S

    def resume(self) -> list[object]:
        """Go on with it."""
        if not self.is_held:
            return []
        self.is_held = self.sound.is_hold_refused = False
        return [Resume(self.number)]

    def learn(self, fact: CallFact) -> None:
        """Hear who the far end is, whether it rings there, or how the call is tied to it."""
        match fact:
            case FarChanged(_, far):
                self.far = far
            case TieChanged(_, tie):
                self.sound.tie = tie
            case RemoteRinging() | Inviting() | Repeating() | Delayed():
                self.rings_there = isinstance(fact, RemoteRinging)
                self._is_delayed = isinstance(fact, Repeating | Delayed)
            case _:
                pass  # The end and the beginning concern more than this call.

    def learn_sound(self, news: SoundNews, now: float, *, is_aside: bool) -> None:
        """Hear of its sound, and whether the far end agrees: who is put aside is held anyway."""
        if not isinstance(news, HoldChanged):
            self.sound.learn(news)
            return
        refused = news.on == self._is_holding and news.on != self.is_held
        if refused and not is_aside:
            self.is_held = False
            if news.on:
                self._is_held_from(now)
            self.sound.is_hold_refused = True
        self._is_holding = news.on

    def has_ended(self, event: CallEnded, state: State, now: float) -> None:
        """Say why it is over, and how long it was."""
        self.number = 0
        self.sound, self.is_held = CallSound(), False
        self.pauses.forget()
        length = f" after {duration(now - self._since)}" if state is State.TALKING else ""
        self.detail = event.reason or f"{event.cause.value}{length}"

    def screen(
        self,
        state: State,
        trouble: LinkLine | None,
        beside: BesideLine | None,
        card_fault: str,
        now: float,
    ) -> CallScreen:
        """Return what is shown of it."""
        stage, detail = self._stage(state), self.detail
        if stage is CallStage.DELAYED and trouble is None:
            detail = "registering"  # The link is there: that alone is missing.
        if state is State.TALKING:
            detail = duration(now - (self._held_since if self.is_held else self._since))
        sound = self.sound.line(card_fault, held=self.is_held)
        if stage is CallStage.ENDED:
            sound = SoundLine()  # Why it is over is to be read.
        return CallScreen(stage, self.far.name, self.far.number, detail, trouble, sound, beside)

    def _stage(self, state: State) -> CallStage:
        if state is State.TALKING:
            return CallStage.HELD if self.is_held else CallStage.TALKING
        before = CallStage.DELAYED if self._is_delayed else CallStage.CALLING
        return STAGES.get(state) or (CallStage.RINGING if self.rings_there else before)

    def beside(self, now: float) -> BesideLine:
        """Return what is shown of it in one line, beside another call."""
        since = self._held_since if self.is_held else self._since
        stage = CallStage.HELD if self.is_held else CallStage.TALKING
        return BesideLine(stage, self.name, duration(now - since))

    def redraw_at(self, now: float) -> float:
        """Return when time alone changes the length of the talk, or of the wait."""
        return next_step(self._held_since if self.is_held else self._since, now, 1.0)
