"""What the person meets: keys and hook in, screens, ringer and lamp out.

Theory of operation
-------------------
What a person does with calls is in `calling.py`; here is which key says so. A soft key does what
stands above it: the screen says both. A digit adds to a number, or begins one where there is no
call, or none that is not held; else it is sent in the call. Whoever puts the handset back leaves
the call, unless it is held: lifting it again goes on with that one.

Facts from below are passed on as `Report` first, so whoever watches sees them in order. The screen
is a value: it is made anew after every event and shown when it differs. What changes with time
alone (clock, countdown, ages, durations) is a deadline, so an idle phone sleeps.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import assert_never

from firmware.agent.events import (
    AccountStatus,
    Dial,
    IncomingCall,
    MediaEnded,
    SendDigit,
)
from firmware.link.events import LinkStatus, TestLink
from firmware.machine import earliest, is_due
from firmware.media.events import (
    ChangeVolume,
    MuteMicrophone,
)
from firmware.phone.calling import Calling
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
from firmware.phone.number import NumberEntry
from firmware.phone.outward import Outward
from firmware.phone.pages import Pages
from firmware.phone.screen import Screen, SoftKey, soft_keys
from firmware.phone.settings import DELAY_S, PhoneSettings
from firmware.phone.sound import SoundNews, carried_out, tone_of
from firmware.phone.state import State

DIGITS = frozenset("0123456789*#")
SOFT_KEYS = ("soft1", "soft2")
VOLUME_KEYS = {"up": 1, "down": -1}

PhoneEvent = (
    KeyPressed | HookLifted | HookReplaced | DialTarget | AnswerCall | EndCall | HoldCall | Fact
    | MediaEnded | SoundNews
)  # fmt: skip


class Phone(Calling):
    """The top machine: one person, one screen, one call in front."""

    def __init__(self, settings: PhoneSettings, accounts: int, now: float) -> None:
        super().__init__(now, call_waiting=settings.call_waiting)
        self._number = NumberEntry(
            settings.digit_timeout_s,
            settings.dial_plan,
            settings.emergency_plan,
            hash_ends=settings.hash_ends,
        )
        self._pages = Pages()
        self._facts = Facts(settings.problems, accounts, now)
        self._outward = Outward()

    def deadline(self) -> float | None:
        waits = (self._number.dial_by, self._pages.back_by, self._ended_by, self._lines.deadline())
        return earliest((*waits, self._redraw_at()))

    def handle(self, event: PhoneEvent, now: float) -> list[object]:
        self._now = now
        out: list[object] = [Report(event)] if isinstance(event, Told) else []
        out += self._facts.learn(event, now) if isinstance(event, Fact) else []
        out += self._take(event)
        return out + self._news()

    def wake(self, now: float) -> list[object]:
        self._now = now
        out: list[object] = []
        if is_due(self._number.dial_by, now):
            out += self._dial()
        if is_due(self._ended_by, now):
            out += self._go_on(resume=True)
        self._lines.wake(now)
        if is_due(self._pages.back_by, now):
            self._pages.turn_to(0, self._now)
        return out + self._news()

    def _take(self, event: PhoneEvent) -> list[object]:
        if isinstance(event, CallFact):
            return self._call_news(event)
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
        if key in SOFT_KEYS:
            return self._soft_key(soft_keys(self._screen())[SOFT_KEYS.index(key)])
        if self.state is State.TALKING and key == "mute":
            sound = self._call.sound
            sound.muted = not sound.muted
            return [MuteMicrophone(sound.muted)]
        if key == "hold":
            return self._swap()
        if key in VOLUME_KEYS and self.state is not State.IDLE:
            return [ChangeVolume(VOLUME_KEYS[key])]
        if key in VOLUME_KEYS:
            pages = 1 + len(self._facts.pages(self._now))
            return self._turn_to((self._pages.number - VOLUME_KEYS[key]) % pages)
        return []

    def _soft_key(self, key: SoftKey) -> list[object]:
        """Do what stands above the key."""
        deeds: dict[SoftKey, Callable[[], list[object]]] = {
            SoftKey.NOTHING: list,
            SoftKey.WARNINGS: lambda: self._turn_to(self._facts.warnings_page(self._now)),
            SoftKey.LINK: lambda: self._turn_to(1),
            SoftKey.BACK: self._back,
            SoftKey.DIAL: self._dial,
            SoftKey.DELETE: self._delete,
            SoftKey.ANSWER: self._answer,
            SoftKey.REJECT: self._reject,
            SoftKey.NEW_CALL: self._begin_dialling,
            SoftKey.RESUME: self._resume,
            SoftKey.SWAP: self._swap,
            SoftKey.END: self._hang_up,
        }
        return deeds[key]()

    def _turn_to(self, page: int) -> list[object]:
        self._pages.turn_to(page, self._now)
        return []

    def _back(self) -> list[object]:
        """Go back from a page, or from a number to the call that is held meanwhile."""
        return self._turn_to(0) if self.state is State.IDLE else self._go_on(resume=True)

    def _digit(self, key: str) -> list[object]:
        """Add to the number, begin one, or send the digit to whoever hears it."""
        if self.state is not State.DIALLING and not self._may_begin:
            return self._send_digit(key)
        begun = [] if self.state is State.DIALLING else self._begin_dialling()
        at_once = self._number.press(key, self._now)
        return [*begun, *(self._dial() if at_once else [])]

    @property
    def _may_begin(self) -> bool:
        """Tell whether a number may be begun: without a call, or while the only one is held."""
        waits = self.state is State.TALKING and self._call.is_held and self._lines.has_room
        return waits or self.state in {State.IDLE, State.ENDED}

    def _begin_dialling(self) -> list[object]:
        held = self._make_room()
        self._enter(State.DIALLING)
        return [*held, TestLink()]  # D7.

    def _send_digit(self, key: str) -> list[object]:
        """Send a digit to whoever hears it: who talks, or an announcement before that."""
        announced = self.state is State.CALLING and self._call.sound.is_there
        if self.state is not State.TALKING and not announced:
            return []
        self._call.sound.digit_pressed()
        return [SendDigit(self._call.number, key)]

    def _delete(self) -> list[object]:
        """Take the last digit away; who has none, and no handset in hand, wants no call."""
        self._number.delete(self._now)
        stays = self._number.digits or self._lifted or self._lines.held
        return [] if stays else self._go_on(resume=True)

    def _lift(self) -> list[object]:
        self._lifted = True
        match self.state:
            case State.RINGING:
                return self._answer()
            case State.IDLE | State.ENDED:
                return self._begin_dialling()
            case State.DIALLING:
                return self._dial()
            case State.TALKING if not self._lines.held:
                return self._call.resume()
            case _:
                return []

    def _replace(self) -> list[object]:
        """Leave the call, unless it is held: that one waits for the handset."""
        self._lifted = False
        if self.state in {State.IDLE, State.RINGING}:
            return []
        if self.state is State.TALKING and self._call.is_held:
            return []
        return self._leave(resume=False)

    def _dial(self) -> list[object]:
        dialled = self._number.dialled()
        if not dialled.number:
            return []
        return self._call_to(dialled.number, 0, is_emergency=dialled.is_emergency)

    def _dial_target(self, target: str, account: int) -> list[object]:
        if self.state is not State.DIALLING and not self._may_begin:
            return []
        held = [] if self.state is State.DIALLING else self._make_room()
        emergency = self._number.is_emergency(target)
        return [*held, *self._call_to(target, account, is_emergency=emergency)]

    def _call_to(self, target: str, account: int, *, is_emergency: bool) -> list[object]:
        called_from = account or self._facts.account_to_call_from()
        wait_s = DELAY_S if self._facts.link_comes(self._now) or is_emergency else 0.0
        return self._start(Dial(called_from, target, is_emergency, wait_s))

    # What is told.

    def _call_news(self, event: CallFact) -> list[object]:
        account = event.account if isinstance(event, IncomingCall) else 0
        out = self._call_event(event, self._facts.called_as(account))
        begun = self._number.digits or self._lifted or self._lines.held
        if self.state is State.DIALLING and not begun:  # The held call is over.
            self._enter(State.IDLE)
        return out

    def _sound_news(self, event: MediaEnded | SoundNews) -> list[object]:
        """Every call's sound is carried out; the screen tells of the one in front."""
        if not isinstance(event, MediaEnded):
            self._lines.learn_sound(event, self._now)
        return carried_out(event)

    def _enter(self, state: State) -> None:
        super()._enter(state)
        self._number.forget()
        self._pages.turn_to(0, self._now)

    # What the world sees.

    def _news(self) -> list[object]:
        """Say what has changed: ringer, lamp, tone, screen."""
        tone = self._end_tone or tone_of(
            self.state,
            lifted=self._lifted,
            has_digits=bool(self._number.digits),
            second_tone=self._number.second_tone,
            rings_there=self._call.rings_there,
            is_heard=self._call.sound.is_there,
            waits=self._lines.waiting is not None,
        )
        ringing, hushed = self.state is State.RINGING, self._lines.hushed
        screen = self._screen()
        return self._outward.news(ringing=ringing, tone=tone, hushed=hushed, screen=screen)

    def _screen(self) -> Screen:
        match self.state:
            case State.IDLE:
                return self._facts.page(self._pages.number, self._now)
            case State.DIALLING:
                beside = self._lines.beside(self._now)
                return self._facts.dialling(self._number.digits, beside, self._now)
            case _:
                trouble = self._facts.trouble(self._now)
                return self._lines.screen(self.state, trouble, self._now)

    def _redraw_at(self) -> float | None:
        """Return when time alone changes what is shown."""
        idle, exact = self.state is State.IDLE, bool(self._pages.number)
        of_facts = self._facts.redraw_at(self._now, idle=idle, exact=exact)
        return earliest((self._lines.redraw_at(self.state, self._now), of_facts))
