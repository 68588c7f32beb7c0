"""What a person does with calls, whatever key says it, and what becomes of the calls.

Theory of operation
-------------------
    IDLE --> DIALLING --> CALLING --answer--> TALKING
      |                      |                   |
      +--> RINGING --> ANSWERING ----------------+--> ENDED --> IDLE

The state is that of the call in front; a second one waits or is held beside it (`lines.py`). When
the one in front is over, the person is back in the held one, or hears the waiting one ring. Why a
call did not come about is read first, for `ENDED_S`.

Whoever puts the handset back while talking hangs up, `FLASH_S` later: until then nobody hears and
nobody is heard, and lifting it again was a *flash*. A flash goes to the other call: to the one that
waits, to the one that is held, or to a new one.
"""

from __future__ import annotations

from firmware.agent.events import (
    Answer,
    CallAnswered,
    CallEnded,
    Dial,
    Dialling,
    EndCause,
    HangUp,
    IncomingCall,
    Party,
    Reject,
)
from firmware.media.events import AudioMode
from firmware.media.tone_table import ToneKind
from firmware.phone.call import Call
from firmware.phone.ear import Ear
from firmware.phone.events import CallFact
from firmware.phone.lines import Lines
from firmware.phone.settings import ENDED_S, FLASH_S
from firmware.phone.sound import end_tone
from firmware.phone.state import LEGAL, State


class Calling:
    """The calls of one person; `Phone` adds keys, number, pages and screens."""

    def __init__(self, now: float, *, call_waiting: bool, modes: tuple[AudioMode, ...]) -> None:
        self.state = State.IDLE
        self._now = now
        self._lines = Lines(now)
        self._lifted = False  # The person hears: by the handset, or by what the speaker key chose.
        self._ear = Ear(modes)
        self._call_waiting = call_waiting
        self._ended_by: float | None = None  # Until then the screen says why a call is over,
        self._end_tone: ToneKind | None = None  # and this tone does.
        self._flash_by: float | None = None  # Lifted until then, the handset was not put back.

    @property
    def _call(self) -> Call:
        """The call in front."""
        return self._lines.front

    # What the person wants.

    def _make_room(self) -> list[object]:
        """Put the call in front aside, so that another can begin."""
        if self.state is State.TALKING:
            return self._lines.put_aside(Call(self._now), self._now)
        self._lines.front = Call(self._now)
        return []

    def _start(self, dial: Dial, far: Party) -> list[object]:
        self._lines.front = Call(self._now, far=far)
        self._enter(State.CALLING)
        return [dial]

    def _answer(self) -> list[object]:
        """Take the call that waits, holding the one in front, or the one that rings."""
        if self.state is not State.RINGING and not self._lines.waiting:
            return []
        held = self._lines.answer_waiting(self._now) if self._lines.waiting else []
        self._enter(State.ANSWERING)
        return [*held, Answer(self._call.number)]

    def _reject(self) -> list[object]:
        """Refuse the call that waits, or the one that rings."""
        if self._lines.waiting:
            return [Reject(self._lines.take_waiting().number)]
        return [Reject(self._call.number), *self._go_on(resume=True)]

    def _hold(self, *, on: bool) -> list[object]:
        if self.state is not State.TALKING:
            return []
        return self._call.hold(self._now) if on else self._call.resume()

    def _resume(self) -> list[object]:
        """Go on with the call that is held: it is in front, or behind one that is over."""
        return self._go_on(resume=True) if self._lines.held else self._hold(on=False)

    def _swap(self) -> list[object]:
        """Hold the call and take it back; with two of them, let them change places."""
        if self._lines.held is None:
            return self._hold(on=not self._call.is_held)
        return self._lines.swap(self._now) if self.state is State.TALKING else []

    def _put_back(self) -> list[object]:
        """Leave the call as the handset is put back, unless it is held: that one waits for it."""
        if not self._ear.put_back():
            return []  # It goes on aside.
        self._lifted = False
        if self.state in {State.IDLE, State.RINGING}:
            return []
        if self.state is not State.TALKING:
            return self._leave(resume=False)
        if self._call.is_held:
            return []
        self._flash_by = self._now + FLASH_S
        return []

    def _stay_back(self) -> list[object]:
        """Leave the call, it was no flash; one that was held meanwhile waits for the handset."""
        self._flash_by = None
        return [] if self._call.is_held else self._leave(resume=False)

    @property
    def _hushed(self) -> frozenset[int]:
        """The calls whose far ends hear nothing of this room, and are not heard."""
        on_hook = self._flash_by is not None
        return self._lines.hushed | ({self._call.number} if on_hook else set())

    def _hang_up(self) -> list[object]:
        if self.state is State.IDLE or (self.state is State.ENDED and not self._lines.held):
            return []
        return self._leave(resume=True)

    def _leave(self, *, resume: bool) -> list[object]:
        """End the call in front; the screen goes back at once, as the person does."""
        hang_up = [HangUp(self._call.number)] if self._call.number else []
        return [*hang_up, *self._go_on(resume=resume)]

    def _go_on(self, *, resume: bool) -> list[object]:
        """Leave what is in front: to another call, to the dial tone, or to idle."""
        if self._lines.held:
            self._enter(State.TALKING)
            return self._lines.take_back(resume=resume)
        before, self._lines.front = self.state, Call(self._now)
        if self._lines.waiting:
            self._lines.front = self._lines.take_waiting()
            self._enter(State.RINGING)
        elif self._ear.is_lifted and before not in {State.DIALLING, State.ENDED}:
            self._enter(State.DIALLING)
        else:
            self._enter(State.IDLE)
        return []

    # What becomes of the calls.

    def _call_event(self, event: CallFact, called_as: str) -> list[object]:
        """Hear of a call; `called_as`: of one that comes in, for which account it is."""
        if isinstance(event, IncomingCall):
            return self._incoming(event, called_as)
        if isinstance(event, Dialling):
            if self.state is not State.CALLING or self._call.number:
                return [HangUp(event.call)]  # The person has given up meanwhile.
            self._call.number, self._call.far = event.call, event.far
            return []
        self._lines.learn(event, self._now)
        waits = self.state is State.CALLING and not self._call.number
        if event.call != self._call.number or not (event.call or waits):
            return []  # It is about a call that the person has left.
        if isinstance(event, CallAnswered):
            self._call.is_answered(self._now)
            self._enter(State.TALKING)
        return self._ended(event) if isinstance(event, CallEnded) else []

    def _incoming(self, event: IncomingCall, called_as: str) -> list[object]:
        """Offer a call, or let it be busy: there is no place for a third."""
        call = Call(self._now, event.call, event.far)
        call.detail = called_as
        if self._may_wait:
            self._lines.waiting = call
            return []
        if not self._may_ring:
            return [Reject(event.call)]
        self._lines.front = call
        self._enter(State.RINGING)
        return []

    @property
    def _may_wait(self) -> bool:
        """Tell whether a call can be offered to who talks."""
        return self.state is State.TALKING and self._call_waiting and self._lines.has_room

    @property
    def _may_ring(self) -> bool:
        """Tell whether a call can ring: nobody uses the phone, wherever its handset lies."""
        dials = self.state is State.DIALLING and not self._lifted
        is_free = dials or self.state in {State.IDLE, State.ENDED}
        return is_free and self._lines.has_room

    def _ended(self, event: CallEnded) -> list[object]:
        """Say why the call in front is over, and go on with another one if there is one."""
        before = self.state
        if before is State.RINGING and event.cause is EndCause.ANSWERED_ELSEWHERE:
            return self._go_on(resume=True)
        if self._lines.held and before is State.TALKING:
            self._lines.say_end(self._call.name, event, self._now)
            return self._go_on(resume=True)
        if self._lines.waiting:
            return self._go_on(resume=True)
        self._enter(State.ENDED)
        self._call.has_ended(event, before, self._now)
        self._end_tone = end_tone(event, lifted=self._lifted)
        self._ended_by = self._now + ENDED_S
        return []

    def _enter(self, state: State) -> None:
        """The one door through which the state changes; the old one's waits are forgotten."""
        if state is self.state is State.IDLE:
            return
        assert state in LEGAL[self.state], f"{self.state} -> {state}"
        self.state = state
        self._ended_by = self._end_tone = self._flash_by = None
        if state is State.IDLE:
            self._ear.rest()
            self._lifted = self._ear.is_lifted
