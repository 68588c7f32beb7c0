"""What the person meets: keys and hook in, screens, ringer and lamp out.

Theory of operation
-------------------
    IDLE --digit, lift--> DIALLING --#, time-out--> CALLING --answer--> TALKING
      |                                                   |                  |
      +--call--> RINGING --lift, Answer--> ANSWERING -----+------------------+--> ENDED --> IDLE

One call is in the foreground; a second one is offered beside it (`others.py`) or busy. Facts from
below are passed on as `Report` first, so whoever watches sees them in order. The screen is a value:
it is made anew after every event and shown when it differs. What changes with time alone (clock,
countdown, ages, durations) is a deadline, so an idle phone sleeps.
"""

from __future__ import annotations

from typing import assert_never

from firmware.agent.events import (
    AccountStatus,
    Answer,
    CallAnswered,
    CallEnded,
    Dial,
    Dialling,
    EndCause,
    FarChanged,
    HangUp,
    Hold,
    IncomingCall,
    MediaEnded,
    Party,
    Reject,
    RemoteRinging,
    Repeating,
    Resume,
    SendDigit,
    TieChanged,
)
from firmware.link.events import LinkStatus, TestLink
from firmware.machine import earliest, is_due
from firmware.media.events import (
    ChangeVolume,
    MuteMicrophone,
)
from firmware.media.tone_table import ToneKind
from firmware.phone.events import (
    AnswerCall,
    CallFact,
    DialTarget,
    EndCall,
    HoldCall,
    HookLifted,
    HookReplaced,
    KeyPressed,
    OutageLogTrouble,
    OutagesKept,
    Report,
    SoundHealth,
    TimeIs,
    Told,
    WarningsChanged,
)
from firmware.phone.facts import Fact, Facts
from firmware.phone.foreground import Foreground
from firmware.phone.others import Others
from firmware.phone.outward import Outward
from firmware.phone.pages import Pages
from firmware.phone.screen import Screen
from firmware.phone.settings import DIGITS_MAX, ENDED_S, PhoneSettings
from firmware.phone.sound import CallSound, SoundNews, carried_out, end_tone, tone_of
from firmware.phone.state import LEGAL, State

DIGITS = frozenset("0123456789*#")
VOLUME_KEYS = {"up": 1, "down": -1}

PhoneEvent = (
    KeyPressed | HookLifted | HookReplaced | DialTarget | AnswerCall | EndCall | HoldCall | Fact
    | MediaEnded | SoundNews
)  # fmt: skip


class Phone:
    """The top machine: one person, one screen, one call in the foreground."""

    def __init__(self, settings: PhoneSettings, accounts: int, now: float) -> None:
        self._settings = settings
        self._now = now
        self.state = State.IDLE
        self._digits = ""
        self._lifted = False
        self._pages = Pages()
        self._dial_by: float | None = None
        self._ended_by: float | None = None
        self._call = Foreground(now)
        self._others = Others()
        self._facts = Facts(settings.problems, accounts, now)
        self._sound = CallSound()
        self._end_tone: ToneKind | None = None
        self._outward = Outward()

    def deadline(self) -> float | None:
        return earliest((self._dial_by, self._pages.back_by, self._ended_by, self._redraw_at()))

    def handle(self, event: PhoneEvent, now: float) -> list[object]:
        self._now = now
        out: list[object] = [Report(event)] if isinstance(event, Told) else []
        out += self._facts.learn(event, now) if isinstance(event, Fact) else []
        out += self._take(event)
        return out + self._news()

    def wake(self, now: float) -> list[object]:
        self._now = now
        out: list[object] = []
        if is_due(self._dial_by, now):
            out += self._dial()
        if is_due(self._ended_by, now):
            self._enter(State.IDLE)
        if is_due(self._pages.back_by, now):
            self._pages.turn_to(0, self._now)
        return out + self._news()

    def _take(self, event: PhoneEvent) -> list[object]:
        if isinstance(event, CallFact):
            return self._call_event(event)
        if isinstance(event, MediaEnded | SoundNews):
            return self._sound_news(event)
        match event:
            case KeyPressed(key):
                return self._key(key)
            case HookLifted():
                return self._lift()
            case HookReplaced():
                return self._replace()
            case DialTarget(target, account):
                return self._dial_target(target, account)
            case AnswerCall():
                return self._answer()
            case EndCall():
                return self._hang_up()
            case HoldCall(on):
                return self._hold(on=on)
            case LinkStatus() | AccountStatus() | TimeIs():
                return []
            case OutagesKept() | OutageLogTrouble() | WarningsChanged() | SoundHealth():
                return []
            case _:
                assert_never(event)

    # The person.

    def _key(self, key: str) -> list[object]:
        """Do what a key means now; one that means nothing does nothing."""
        if key in DIGITS:
            return self._digit(key)
        if self.state is State.TALKING and key == "mute":
            self._sound.muted = not self._sound.muted
            return [MuteMicrophone(self._sound.muted)]
        if key == "hold":
            return self._hold(on=not self._sound.held)
        if key in VOLUME_KEYS and self.state is not State.IDLE:
            return [ChangeVolume(VOLUME_KEYS[key])]
        if key in VOLUME_KEYS:
            pages = 1 + len(self._facts.pages(self._now))
            self._pages.turn_to((self._pages.number - VOLUME_KEYS[key]) % pages, self._now)
        elif key == "soft1":
            return self._first_key()
        elif key == "soft2":
            return self._second_key()
        return []

    def _hold(self, *, on: bool) -> list[object]:
        if self.state is not State.TALKING:
            return []
        return [Hold(self._call.number) if on else Resume(self._call.number)]

    def _digit(self, key: str) -> list[object]:
        if self.state is State.DIALLING:
            return self._dial() if key == "#" and self._digits else self._collect(key)
        if self.state in {State.IDLE, State.ENDED}:
            self._enter(State.DIALLING)
            return [*self._collect(key), TestLink()]  # D7.
        return self._send_digit(key)

    def _send_digit(self, key: str) -> list[object]:
        """Send a digit to whoever hears it: who talks, or an announcement before that."""
        announced = self.state is State.CALLING and self._sound.is_there
        if self.state is not State.TALKING and not announced:
            return []
        self._sound.digit_pressed()
        return [SendDigit(self._call.number, key)]

    def _collect(self, key: str) -> list[object]:
        if len(self._digits) < DIGITS_MAX:
            self._digits += key
            self._dial_by = self._now + self._settings.digit_timeout_s
        return []

    def _first_key(self) -> list[object]:
        if self.state is State.DIALLING:
            return self._dial()
        if self.state is State.IDLE and not self._pages.number:
            self._pages.turn_to(self._facts.warnings_page(self._now), self._now)
        return self._answer()

    def _second_key(self) -> list[object]:
        if self.state is State.DIALLING:
            self._digits = self._digits[:-1]
            self._dial_by = self._now + self._settings.digit_timeout_s if self._digits else None
            if not self._digits and not self._lifted:
                self._enter(State.IDLE)
            return []
        if self._others.waiting:
            return [Reject(self._others.take_waiting().number)]
        if self.state is State.RINGING:
            return [Reject(self._call.number), *self._drop()]
        if self.state is State.IDLE:
            self._pages.turn_to(0 if self._pages.number else 1, self._now)
            return []
        return self._hang_up()

    def _lift(self) -> list[object]:
        self._lifted = True
        if self.state is State.RINGING:
            return self._answer()
        if self.state in {State.IDLE, State.ENDED}:
            self._enter(State.DIALLING)
            return [TestLink()]  # D7.
        if self.state is State.DIALLING and self._digits:
            return self._dial()
        return []

    def _replace(self) -> list[object]:
        self._lifted = False
        if self.state in {State.DIALLING, State.ENDED}:
            self._enter(State.IDLE)
            return []
        return [] if self.state is State.RINGING else self._hang_up()

    def _answer(self) -> list[object]:
        if self._others.waiting:
            return self._answer_waiting()
        if self.state is not State.RINGING:
            return []
        self._enter(State.ANSWERING)
        return [Answer(self._call.number)]

    def _answer_waiting(self) -> list[object]:
        """Hold the call in the foreground and take the one that waits."""
        held, self._call = self._call, self._others.take_waiting()
        heard = [MuteMicrophone(False)] if self._sound.muted else []
        self._sound.muted = False
        self._others.hold(held, self._sound)
        self._sound = self._sound.another()
        self._enter(State.ANSWERING)
        return [*heard, Hold(held.number), Answer(self._call.number)]

    def _hang_up(self) -> list[object]:
        """End the call in the foreground; the screen goes back at once, as the person does."""
        if self.state is State.DIALLING:
            self._enter(State.IDLE)
        if self.state in {State.IDLE, State.ENDED}:
            return []
        hang_up = [HangUp(self._call.number)] if self._call.number else []
        return [*hang_up, *self._drop()]

    def _drop(self) -> list[object]:
        """Leave the call: to another one, to the dial tone, or to idle."""
        self._call.number = 0
        self._enter(State.IDLE)
        if self._others.held:
            self._call, self._sound = self._others.take_held()
            self._enter(State.TALKING)
        elif self._others.waiting:
            self._call = self._others.take_waiting()
            self._enter(State.RINGING)
        elif self._lifted:
            self._enter(State.DIALLING)
        return []

    # Calls.

    def _dial(self) -> list[object]:
        return self._start(self._digits, 0) if self._digits else []

    def _dial_target(self, target: str, account: int) -> list[object]:
        if self.state not in {State.IDLE, State.DIALLING, State.ENDED}:
            return []
        return self._start(target, account)

    def _start(self, target: str, account: int) -> list[object]:
        self._call = Foreground(self._now, far=Party("", target))
        self._enter(State.CALLING)
        return [Dial(account or self._facts.account_to_call_from(), target)]

    def _call_event(self, event: CallFact) -> list[object]:
        if isinstance(event, IncomingCall):
            return self._incoming(event)
        if isinstance(event, Dialling):
            if self.state is not State.CALLING or self._call.number:
                return [HangUp(event.call)]  # The person has given up meanwhile.
            self._call.number, self._call.far = event.call, event.far
            return []
        self._others.learn(event)
        waits = self.state is State.CALLING and not self._call.number
        if event.call != self._call.number or not (event.call or waits):
            return []  # It is about a call that the person has left.
        if isinstance(event, RemoteRinging | Repeating):
            self._call.rings_there = isinstance(event, RemoteRinging)
        elif isinstance(event, FarChanged):
            self._call.far = event.far
        elif isinstance(event, TieChanged):
            self._sound.tie = event.tie
        elif isinstance(event, CallAnswered):
            self._call.talking_since = self._now
            self._enter(State.TALKING)
        else:
            self._ended(event)
        return []

    def _sound_news(self, event: MediaEnded | SoundNews) -> list[object]:
        """Every call's sound is carried out; the screen tells of the one in the foreground."""
        if not isinstance(event, MediaEnded) and event.call in {0, self._call.number}:
            self._sound.learn(event)
        if not isinstance(event, MediaEnded):
            self._others.learn_sound(event)
        return carried_out(event)

    def _incoming(self, event: IncomingCall) -> list[object]:
        call = Foreground(self._now, event.call, event.far)
        detail = self._facts.called_as(event.account)
        talking = self.state is State.TALKING
        if talking and self._settings.call_waiting and self._others.is_empty:
            self._others.waiting, call.detail = call, detail
            return []
        if self.state not in {State.IDLE, State.ENDED, State.DIALLING} or self._lifted:
            return [Reject(event.call)]
        self._call = call
        self._enter(State.RINGING)
        self._call.detail = detail
        return []

    def _ended(self, event: CallEnded) -> None:
        before = self.state
        if before is State.RINGING and event.cause is EndCause.ANSWERED_ELSEWHERE:
            self._call.number = 0
            self._enter(State.IDLE)
            return
        if not self._others.is_empty:
            self._drop()
            return
        self._enter(State.ENDED)
        self._call.has_ended(event, before, self._now)
        self._end_tone = end_tone(event, lifted=self._lifted)
        self._ended_by = self._now + ENDED_S

    def _enter(self, state: State) -> None:
        """The one door through which the state changes; the old one's waits are forgotten."""
        if state is self.state is State.IDLE:
            return
        assert state in LEGAL[self.state], f"{self.state} -> {state}"
        self.state = state
        self._dial_by = self._ended_by = self._end_tone = None
        self._call.detail = ""
        if state in {State.IDLE, State.DIALLING, State.ENDED}:
            self._digits = ""
            self._sound.forget()
        self._pages.turn_to(0, self._now)

    # What the world sees.

    def _news(self) -> list[object]:
        """Say what has changed: ringer, lamp, tone, screen."""
        tone = self._end_tone or tone_of(
            self.state,
            lifted=self._lifted,
            has_digits=bool(self._digits),
            rings_there=self._call.rings_there,
            is_heard=self._sound.is_there,
            waits=self._others.waiting is not None,
        )
        ringing = self.state is State.RINGING
        return self._outward.news(ringing=ringing, tone=tone, screen=self._screen())

    def _screen(self) -> Screen:
        match self.state:
            case State.IDLE:
                return self._facts.page(self._pages.number, self._now)
            case State.DIALLING:
                return self._facts.dialling(self._digits, self._now)
            case _:
                trouble, sound = self._facts.trouble(self._now), self._sound.line()
                offered = self._others.screen(trouble, self._now)
                return offered or self._call.screen(self.state, trouble, sound, self._now)

    def _redraw_at(self) -> float | None:
        """Return when time alone changes what is shown."""
        idle, exact = self.state is State.IDLE, bool(self._pages.number)
        of_facts = self._facts.redraw_at(self._now, idle=idle, exact=exact)
        return earliest((self._call.redraw_at(self.state, self._now), of_facts))
