"""What the person meets: keys and hook in, screens, ringer and lamp out.

Theory of operation
-------------------
What a person does with calls is in `calling.py`, how one is begun in `beginning.py`; here is which
key says so. A soft key does what stands above it: the screen says both. Whoever puts the handset
back leaves the call, unless it is held: lifting it again goes on with that one, or was a flash.

Facts from below are passed on as `Report` first, so whoever watches sees them in order. The screen
is a value: it is made anew after every event and shown when it differs. What changes with time
alone (clock, countdown, ages, durations) is a deadline, so an idle phone sleeps.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import assert_never

from config.dial_plan import KEYS
from firmware.agent.events import IncomingCall, MediaEnded, MessagesWaiting, Ring
from firmware.machine import earliest, is_due
from firmware.media.events import MuteMicrophone
from firmware.media.tone_table import ToneKind
from firmware.phone.events import (
    AnswerCall,
    CallFact,
    DialTarget,
    EndCall,
    HoldCall,
    HookLifted,
    HookReplaced,
    KeyHeld,
    KeyPressed,
    LampPattern,
    Report,
    Show,
    Told,
)
from firmware.phone.facts import Fact
from firmware.phone.hands_free import HandsFree
from firmware.phone.kept import CallWay
from firmware.phone.localise import localised
from firmware.phone.lock import PinChecked
from firmware.phone.memory import Kept
from firmware.phone.outward import Outward
from firmware.phone.preferences import RINGER_OFF, RINGER_VOLUME
from firmware.phone.screen import CallStage, IdleScreen, Screen, SoftKey, soft_keys
from firmware.phone.settings import PhoneSettings
from firmware.phone.sound import SoundNews, carried_out, tone_of
from firmware.phone.state import State
from firmware.phone.views import CallList, MainMenu, OptionList
from firmware.phone.volume import Volume

DIGITS = frozenset(KEYS)
SOFT_KEYS = ("soft1", "soft2")
MAILBOX_KEY = "1"
"""Held, it calls the voice mail."""
LOCK_KEY = "#"
"""Held, it locks the keys."""
SILENCE_KEY = "*"
"""Held, it lets the ringer be off, or be heard again."""

VOLUME_KEYS = {"up": 1, "down": -1}

Wish = (
    KeyPressed | KeyHeld | HookLifted | HookReplaced | DialTarget | AnswerCall | EndCall | HoldCall
)  # fmt: skip
PhoneEvent = (
    Wish | Fact | Kept | MessagesWaiting | MediaEnded | SoundNews | PinChecked
)  # fmt: skip


class Phone(HandsFree):
    """The top machine: one person, one screen, one call in front."""

    def __init__(self, settings: PhoneSettings, accounts: int, now: float) -> None:
        super().__init__(settings, accounts, now)
        self._outward = Outward()
        self._volume = Volume(self._memory, self._ear)
        self._silenced = False  # The call that rings is not to be heard.

    @property
    def is_used(self) -> bool:
        """Whether somebody uses the phone: a call, a number, the menu."""
        return self.state is not State.IDLE or self._menu.is_open or self._lines.held is not None

    def deadline(self) -> float | None:
        waits = (self._number.dial_by, self._pages.back_by, self._ended_by, self._flash_by)
        parts = (self._lines.deadline(), self._menu.deadline(), self._volume.said_by)
        pressed_at = self._call.pauses.due
        locks = (self._lock_at(), self._lock.deadline(self._now))
        own = (self._left_at(), self._serve_at(), self._redraw_at())
        return earliest((*waits, *parts, *locks, *own, pressed_at))

    def handle(self, event: PhoneEvent, now: float) -> list[object]:
        self._now = now
        out: list[object] = [Report(event)] if isinstance(event, Told) else []
        out += self._facts.learn(event, now) if isinstance(event, Fact) else []
        out += self._memory.learn(event, now)
        out += self._take(event)
        return out + self._news()

    def wake(self, now: float) -> list[object]:
        self._now = now
        out: list[object] = []
        if is_due(self._number.dial_by, now):
            out += self._dial()
        if is_due(self._ended_by, now):
            out += self._go_on(resume=True)
        if is_due(self._flash_by, now):
            out += self._stay_back()
        out += self._press_for()
        out += self._give_up_dialling()
        out += self._serve()
        if is_due(self._lock_at(), now):
            out += self._lock_keys()
        self._lock.wake(now)
        self._lines.wake(now)
        self._volume.wake(now)
        self._menu.wake(now)
        if is_due(self._pages.back_by, now):
            self._pages.turn_to(0, self._now)
        return out + self._news()

    def _take(self, event: PhoneEvent) -> list[object]:
        if isinstance(event, PinChecked):
            return self._pin_checked(is_right=event.is_right)
        if isinstance(event, CallFact):
            return self._call_news(self._memory.named(event))
        if isinstance(event, MediaEnded | SoundNews):
            return self._sound_news(event)
        if isinstance(event, Fact | Kept | MessagesWaiting):
            return []
        self._touched_at = self._now
        return self._wish(event)

    def _wish(self, event: Wish) -> list[object]:
        """Do what the person wants, or a program in their place."""
        match event:
            case KeyPressed(key):
                return self._key(key)
            case KeyHeld(key):
                return self._hold_key(key)
            case HookLifted():
                return self._lift()
            case HookReplaced():
                return self._put_back()
            case DialTarget(target, account):
                return self._dial_target(target, account)
            case AnswerCall():
                return self._answer()
            case EndCall():
                return self._hang_up()
            case HoldCall(on):
                return self._hold(on=on)
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
        if self.state is State.RINGING and key == "mute":
            self._silenced = True
            return []
        if key == "hold":
            return self._swap()
        if key == "speaker":
            return self._speak_aside()
        if key == "volume":
            return self._turn_volume()
        return self._move(VOLUME_KEYS[key]) if key in VOLUME_KEYS else []

    def _hold_key(self, key: str) -> list[object]:
        """Do what a key means that stays down, beside what its press has done."""
        if key == LOCK_KEY and self._is_alone(key):
            return [*self._go_on(resume=True), *self._lock_keys()]
        if key == SILENCE_KEY and self._is_alone(key):
            return [*self._go_on(resume=True), *self._memory.switch_ringer()]
        if self.state is State.DIALLING:
            if key == self._number.digits == MAILBOX_KEY and self._memory.services.mailboxes:
                self._number.forget()
                return self._call_mailbox()
            self._number.hold(key, self._now)
            self._offer()
        return []

    def _is_alone(self, key: str) -> bool:
        """Tell whether a key that is held was pressed for nothing else."""
        is_first = self._number.digits == key and not self._lifted and not self._lines.held
        return self.state is State.DIALLING and is_first and not self._lock.is_locked

    def _move(self, up: int) -> list[object]:
        """Choose what stands above or below; without such, turn pages, or the volume."""
        if self._number.offered:
            self._number.choose(-up, self._now)
        elif self.state is State.RINGING:
            return self._volume.turn(up, self._now, ringing=True)
        elif self.state is State.DIALLING and self._choose_account(-up):
            return []
        elif self.state is not State.IDLE:
            return self._volume.turn(up, self._now, ringing=False)
        elif self._menu.is_open:
            self._menu.move(-up, self._now)
        else:
            pages = 1 + len(self._facts.pages(self._now))
            return self._turn_to((self._pages.number - up) % pages)
        return []

    def _turn_volume(self) -> list[object]:
        """Be louder, and from the loudest on softest; without a call, choose how loud it rings."""
        if self.state is not State.IDLE:
            return self._volume.turn_round(self._now, ringing=self.state is State.RINGING)
        if not self._menu.is_open:
            return [] if self._lock.is_locked else self._open(OptionList(RINGER_VOLUME))
        if self._menu.shows(OptionList(RINGER_VOLUME)):
            self._menu.move(1, self._now)
        return []

    def _soft_key(self, key: SoftKey) -> list[object]:
        """Do what stands above the key."""
        deeds: dict[SoftKey, Callable[[], list[object]]] = {
            SoftKey.NOTHING: list,
            SoftKey.WARNINGS: lambda: self._turn_to(self._facts.warnings_page(self._now)),
            SoftKey.MISSED: lambda: self._open(CallList(CallWay.MISSED)),
            SoftKey.MESSAGES: self._hear_messages,
            SoftKey.KEY: self._programmed,
            SoftKey.MENU: lambda: self._open(MainMenu()),
            SoftKey.UNLOCK: self._ask_pin,
            SoftKey.TAKE: self._take_chosen,
            SoftKey.REDIAL: self._redial,
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

    def _back(self) -> list[object]:
        """Go back from a page, or from a number to the call that is held meanwhile."""
        if self.state is not State.IDLE:
            return self._go_on(resume=True)
        if self._menu.is_open:
            self._menu.back(self._now)
        return self._turn_to(0)

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
        self._typed = self._number.digits or self._menu.typed_digits
        self._touched_before = self._touched_at
        self._silenced, self._touched_at = False, self._now
        self._number.forget()
        self._volume.forget()
        self._chosen_account = 0
        if state in {State.DIALLING, State.CALLING}:
            self._menu.close()  # A call that comes only covers it.
        if state is State.IDLE:
            self._notice = self._notice_by = None  # Nobody is held any more.
        self._pages.turn_to(0, self._now)

    # What the world sees.

    @property
    def _tone(self) -> ToneKind | None:
        """What the person hears of the phone itself."""
        if self._is_left:
            return self._howl
        own = self._end_tone or self._notice
        return own or tone_of(
            self.state,
            lifted=self._lifted,
            has_digits=bool(self._number.digits),
            second_tone=self._number.second_tone,
            rings_there=self._call.rings_there,
            is_heard=self._call.sound.is_heard,
            waits=self._lines.waiting is not None,
            has_messages=bool(self._memory.services.waiting),
        )

    def _news(self) -> list[object]:
        """Say what has changed: ringer, lamp, tone, screen."""
        services = self._memory.services
        ringing = self.state is State.RINGING
        language = self._facts.language
        show = Show(localised(self._screen(), language), language)
        lamp = self._lamp(ringing=ringing, messages=bool(services.waiting))
        is_idle = self.state is State.IDLE
        preferences = self._menu.preferences if is_idle else self._memory.preferences
        samples = (is_idle and self._menu.samples) or self._ringer_reminds
        ring = self._call.ring if self.state is State.RINGING else Ring.NORMAL
        if self.state is State.RINGING and self._is_urgent:
            preferences = preferences.changed(RINGER_OFF, "0")
        silenced = self._silenced
        set_up = self._outward.set_up(preferences, ring, samples=samples, silenced=silenced)
        news = self._outward.news(
            ringing=ringing,
            lamp=lamp,
            tone=self._tone,
            hushed=self._hushed,
            calls=self._lines.calls,
            show=show,
        )
        is_heard = self.state not in {State.IDLE, State.RINGING}
        way = self._outward.way(self._ear.mode, self._volume.steps) if is_heard else []
        return [*set_up, *way, *news]

    @staticmethod
    def _lamp(*, ringing: bool, messages: bool) -> LampPattern:
        if ringing:
            return LampPattern.FLASHING
        return LampPattern.ON if messages else LampPattern.OFF

    def _screen(self) -> Screen:
        match self.state:
            case State.IDLE:
                return self._idle_screen()
            case State.DIALLING:
                return self._dial_screen()
            case _:
                return self._call_screen()

    def _call_screen(self) -> Screen:
        screen = self._lines.screen(self.state, self._facts.trouble(self._now), self._now)
        if not self._volume.said or screen.stage is CallStage.ENDED:
            return screen
        return replace(screen, sound=replace(screen.sound, note=self._volume.said))

    def _idle_screen(self) -> Screen:
        if self._menu.is_open:
            return self._menu.screen(self._facts.trouble(self._now), self._now)
        missed = self._memory.history.new_missed
        page = self._facts.page(self._pages.number, missed, self._now)
        if not isinstance(page, IdleScreen):
            return page
        services = self._memory.services
        screen = services.on_idle(page, self._facts.language)
        silent = not self._memory.preferences.ringer_volume
        lamp, locked = services.lamp_of(self._keys), self._lock.is_locked
        return replace(screen, key=self._key_word, lamp=lamp, locked=locked, silent=silent)

    def _redraw_at(self) -> float | None:
        """Return when time alone changes what is shown."""
        idle, exact = self.state is State.IDLE, bool(self._pages.number)
        of_facts = self._facts.redraw_at(self._now, idle=idle, exact=exact)
        return earliest((self._lines.redraw_at(self.state, self._now), of_facts))
