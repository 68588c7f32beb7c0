"""The call in the foreground: what its screen says besides the sound."""

from __future__ import annotations

from firmware.agent.events import CallEnded, Party
from firmware.phone.facts import next_step
from firmware.phone.link_words import duration
from firmware.phone.screen import CallScreen, CallStage, LinkLine, SoundLine
from firmware.phone.state import State

STAGES = {
    State.RINGING: CallStage.INCOMING,
    State.TALKING: CallStage.TALKING,
    State.ENDED: CallStage.ENDED,
}


class Foreground:
    """One call from its first moment to the last word about it."""

    def __init__(self, now: float, number: int = 0, far: Party | None = None) -> None:
        self.number = number  # The agent's; 0 while it has none yet, and when it is over.
        self.far = far or Party("", "")
        self.rings_there = False
        self.detail = ""
        self.talking_since = now

    def has_ended(self, event: CallEnded, state: State, now: float) -> None:
        """Say why it is over, and how long it was."""
        self.number = 0
        talked = state is State.TALKING
        length = f" after {duration(now - self.talking_since)}" if talked else ""
        self.detail = event.reason or f"{event.cause.value}{length}"

    def screen(
        self, state: State, trouble: LinkLine | None, sound: SoundLine, now: float
    ) -> CallScreen:
        """Return what is shown of it."""
        before = CallStage.RINGING if self.rings_there else CallStage.CALLING
        talking = state is State.TALKING
        detail = duration(now - self.talking_since) if talking else self.detail
        stage = STAGES.get(state, before)
        return CallScreen(stage, self.far.name, self.far.number, detail, trouble, sound)

    def redraw_at(self, state: State, now: float) -> float | None:
        """Return when time alone changes it."""
        return next_step(self.talking_since, now, 1.0) if state is State.TALKING else None
