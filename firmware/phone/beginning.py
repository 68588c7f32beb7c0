"""How a call is begun: digits, the menu, redial, the handset.

A digit adds to a number, or begins one where there is no call, or none that is not held; else it is
sent in the call; while it rings, only an emergency number is one. While one dials, up and down
choose among those who may be meant. Who lifts the handset calls what is chosen in the menu, dials
the number so far, or hears the dial tone.

Nobody hears that for ever. Who listens aside and does nothing for `LEFT_S` has left: the phone is
idle again. A handset that lies beside the phone howls for `HOWL_S`; from then on calls ring again.
"""

from __future__ import annotations

from dataclasses import replace

from firmware.agent.events import Dial, Party, SendDigit
from firmware.link.events import TestLink
from firmware.machine import is_due
from firmware.media.tone_table import ToneKind
from firmware.phone.calling import Calling
from firmware.phone.events import FactoryReset
from firmware.phone.facts import Facts
from firmware.phone.lock import Purpose
from firmware.phone.memory import Memory
from firmware.phone.menu import Menu
from firmware.phone.number import DIGITS_MAX, PLUS, NumberEntry
from firmware.phone.pages import Pages
from firmware.phone.pauses import without_digits
from firmware.phone.preferences import KEY_LOCK, KEY_LOCK_TIME
from firmware.phone.screen import Screen
from firmware.phone.settings import DELAY_S, PhoneSettings
from firmware.phone.state import State
from firmware.phone.views import (
    Call,
    LockKeys,
    PinEntry,
    ResetPhone,
    ShowFacts,
    UnlockKeys,
    View,
)

LEFT_S = 20.0
HOWL_S = 60.0


class Beginning(Calling):
    """The ways to a call; `Phone` adds which key means which."""

    def __init__(self, settings: PhoneSettings, accounts: int, now: float) -> None:
        super().__init__(now, call_waiting=settings.call_waiting, modes=settings.audio_modes)
        self._number = NumberEntry(
            settings.digit_timeout_s,
            settings.dial_plan,
            settings.emergency_plan,
            hash_ends=settings.hash_ends,
        )
        self._pages = Pages()
        self._memory = Memory(settings.services, settings.preferences, has_pin=settings.has_pin)
        self._lock = self._memory.lock
        self._touched_at = now  # A key was pressed, or the handset moved.
        self._facts = Facts(settings.problems, accounts, self._memory, now)
        self._menu = Menu(self._memory, self._number.is_emergency)
        self._chosen_account = 0  # By the person, for the call that begins; 0: the usual one.
        self._digit_timeout_s = settings.digit_timeout_s
        self._typed, self._touched_before = "", now  # Digits since before a call rings.

    # Digits.

    def _digit(self, key: str) -> list[object]:
        """Add to the number, begin one, or send the digit to whoever hears it."""
        if self.state is State.IDLE and self._menu.takes_digits:
            self._menu.digit(key, self._now)
            found = self._menu.search
            return self._dial_target(found, 0) if self._number.is_emergency(found) else []
        if self.state is State.RINGING:
            return self._digit_over_ringing(key)
        if self.state is not State.DIALLING and not self._may_begin:
            return self._send_digit(key)
        begun = [] if self.state is State.DIALLING else self._begin_dialling()
        at_once = self._number.press(key, self._now)
        self._offer()
        return [*begun, *(self._dial() if at_once else [])]

    def _digit_over_ringing(self, key: str) -> list[object]:
        """Dial an emergency number over a call that rings: who needs help gets rid of none first.

        A number that was begun before it rang goes on.
        """
        if self._now > self._touched_before + self._digit_timeout_s:
            self._typed = ""
        self._touched_before = self._now
        self._typed = typed = (self._typed + key)[:DIGITS_MAX]
        if not self._number.is_emergency(typed):
            return []
        return [*self._reject(), *self._dial_target(typed, 0)]

    @property
    def _may_begin(self) -> bool:
        """Tell whether a number may be begun: without a call, or while the only one is held."""
        waits = self.state is State.TALKING and self._call.is_held and self._lines.has_room
        return waits or self.state in {State.IDLE, State.ENDED}

    def _begin_dialling(self) -> list[object]:
        held = self._make_room()
        self._enter(State.DIALLING)
        return [*held, TestLink()]  # D7.

    # Nobody dials.

    def _left_at(self) -> float | None:
        """Return when it takes its person to have left, and when it howls no more."""
        if self.state is not State.DIALLING or self._number.dial_by is not None:
            return None
        moments = (self._touched_at + LEFT_S, self._touched_at + LEFT_S + HOWL_S)
        return next((moment for moment in moments if moment > self._now), None)

    @property
    def _is_left(self) -> bool:
        """Tell whether nobody has dialled for long, though the phone waits for a number."""
        waits = self.state is State.DIALLING and self._number.dial_by is None
        return waits and self._now >= self._touched_at + LEFT_S

    @property
    def _howl(self) -> ToneKind | None:
        """The tone of a handset that lies beside the phone."""
        over_at = self._touched_at + LEFT_S + HOWL_S
        return ToneKind.HOWLER if self._lifted and self._now < over_at else None

    @property
    def _may_ring(self) -> bool:
        return super()._may_ring or (self._is_left and self._lines.has_room)

    def _give_up_dialling(self) -> list[object]:
        """Go back from a number that nobody dials, if no handset lies there."""
        return self._go_on(resume=False) if self._is_left and not self._ear.is_lifted else []

    def _send_digit(self, key: str) -> list[object]:
        """Send a digit to whoever hears it: who talks, or an announcement before that."""
        announced = self.state is State.CALLING and self._call.sound.is_there
        if self.state is not State.TALKING and not announced:
            return []
        self._call.sound.digit_pressed()
        self._call.pauses.forget()
        return [SendDigit(self._call.number, key)]

    def _press_for(self) -> list[object]:
        """Press the next digit that was dialled behind the number."""
        if not is_due(self._call.pauses.due, self._now):
            return []
        return [SendDigit(self._call.number, self._call.pauses.next_digit(self._now))]

    def _delete(self) -> list[object]:
        """Take the last digit away; who has none, and no handset in hand, wants no call."""
        if self.state is State.IDLE:
            self._menu.delete(self._now)
            return []
        self._number.delete(self._now)
        self._offer()
        stays = self._number.digits or self._lifted or self._lines.held
        return [] if stays else self._go_on(resume=True)

    def _lift(self) -> list[object]:
        was_heard, self._lifted = self._lifted, True
        self._ear.lift()
        if self._flash_by is not None:
            return self._flash()
        if was_heard and self.state not in {State.IDLE, State.RINGING, State.ENDED}:
            return []  # From the room to the ear.
        return self._off_hook()

    def _off_hook(self) -> list[object]:
        """Do what a person wants who lifts the handset, or does as good as that."""
        match self.state:
            case State.RINGING:
                return self._answer()
            case State.IDLE if self._number.is_emergency(typed := self._menu.typed_digits):
                return self._dial_target(typed, 0)
            case State.IDLE if number := self._menu.number(self._now):
                return self._dial_target(number, 0)
            case State.IDLE | State.ENDED:
                return self._begin_dialling()
            case State.DIALLING if self._number.is_number:
                return self._dial()
            case State.TALKING if not self._lines.held:
                return self._call.resume()
            case _:
                return []

    def _flash(self) -> list[object]:
        """Go to the other call: to who waits, to who is held, or to the dial tone for a new one."""
        self._flash_by = None
        if self._lines.waiting:
            return self._answer()
        if self._lines.held:
            return self._swap()
        return self._begin_dialling()

    # Numbers.

    def _dial(self) -> list[object]:
        if self._number.chosen >= 0:
            return self._dial_target(self._number.offered[self._number.chosen].number, 0)
        dialled = self._number.dialled()
        if not dialled.number:
            return []
        if not self._may_call(is_emergency=dialled.is_emergency):
            return self._refused()
        return self._call_to(dialled.number, 0, is_emergency=dialled.is_emergency)

    def _dial_target(self, target: str, account: int) -> list[object]:
        if self.state is not State.DIALLING and not self._may_begin:
            return []
        emergency = self._number.is_emergency(target)
        if not self._may_call(is_emergency=emergency):
            return self._refused()
        held = [] if self.state is State.DIALLING else self._make_room()
        return [*held, *self._call_to(target, account, is_emergency=emergency)]

    def _call_to(self, target: str, account: int, *, is_emergency: bool) -> list[object]:
        number, digits = without_digits(target)
        called_from = account or self._chosen_account or self._facts.account_to_call_from()
        if is_emergency and called_from not in self._facts.usable_accounts:
            called_from = self._facts.account_to_call_from()  # Whatever the key or person chose.
        self._memory.history.dials(number, called_from, self._now)
        far = self._memory.as_known(Party("", number))
        # Whoever dials no digit asks for the link only now (D7): nobody knows yet whether it comes.
        asks = [] if self.state is State.DIALLING else [TestLink()]
        comes = self._facts.link_comes(self._now, is_asked_for=bool(asks))
        wait_s = DELAY_S if comes or is_emergency else 0.0
        out = self._start(Dial(called_from, number, is_emergency, wait_s), far)
        self._call.pauses.keep(digits)
        return [*asks, *out]

    def _may_call(self, *, is_emergency: bool) -> bool:
        """Tell whether the keys, or a program, may call this number."""
        return is_emergency or not self._lock.is_locked

    def _refused(self) -> list[object]:
        """Let nobody call from locked keys: the digits are gone, the screen says why."""
        self._number.forget()
        return [] if self._lifted or self.state is not State.DIALLING else self._go_on(resume=True)

    def _reject(self) -> list[object]:
        self._memory.history.rejects((self._lines.waiting or self._call).number)
        return super()._reject()

    def _offer(self) -> None:
        """Find who may be meant by the digits; no call that comes moves them under the finger."""
        digits = self._number.digits.removeprefix(PLUS)
        is_open = bool(digits) and not self._lock.is_locked
        self._number.offered = self._memory.matches(digits) if is_open else ()

    def _choose_account(self, step: int) -> bool:
        """Call from the next account that is registered; False where there is no other one."""
        usable = self._facts.usable_accounts
        if len(usable) < 2:
            return False
        now = self._chosen_account or usable[0]
        at = usable.index(now) if now in usable else 0
        self._chosen_account = usable[(at + step) % len(usable)]
        return True

    def _redial(self) -> list[object]:
        return self._dial_target(self._memory.history.last_dialled, 0)

    # The menu, and the pages of facts.

    def _turn_to(self, page: int) -> list[object]:
        self._pages.turn_to(page, self._now)
        return []

    def _open(self, view: View) -> list[object]:
        self._pages.turn_to(0, self._now)
        if self._lock.is_locked:
            return self._ask_pin()
        return self._menu.open(view, self._now)

    def _take_chosen(self) -> list[object]:
        """Do what is chosen in the menu."""
        out: list[object] = []
        for item in self._menu.take(self._now):
            if isinstance(item, Call):
                out += self._dial_target(item.number, 0)
            elif isinstance(item, ShowFacts):
                out += self._turn_to(1)
            elif isinstance(item, LockKeys):
                out += self._lock_keys()
            elif isinstance(item, ResetPhone):
                out.append(FactoryReset())
            else:
                out.append(item)
        return out

    # The key lock.

    def _lock_keys(self) -> list[object]:
        """Lock the keys, from now on and over a restart."""
        self._menu.close()
        self._lock.is_locked = True
        return self._memory.set(KEY_LOCK, "1")

    def _unlock_keys(self) -> list[object]:
        self._lock.is_locked = False
        return self._memory.set(KEY_LOCK, "0")

    def _ask_pin(self) -> list[object]:
        """Unlock the keys, after the PIN where there is one."""
        if not self._lock.has_pin:
            return self._unlock_keys()
        return self._menu.open(PinEntry(Purpose.UNLOCK), self._now)

    def _pin_checked(self, *, is_right: bool) -> list[object]:
        out = self._menu.pin_checked(is_right=is_right, now=self._now)
        unlocked = [item for item in out if isinstance(item, UnlockKeys)]
        return self._unlock_keys() if unlocked else out

    def _lock_at(self) -> float | None:
        """Return when the keys lock by themselves."""
        after_s = self._memory.preferences.number(KEY_LOCK_TIME)
        waits = after_s and self.state is State.IDLE and not self._lock.is_locked
        return self._touched_at + after_s if waits else None

    def _dial_screen(self) -> Screen:
        number, beside = self._number, self._lines.beside(self._now)
        screen = self._facts.dialling(number.digits, self._chosen_account, beside, self._now)
        matches = tuple(
            (far.name, far.number) if far.name else (far.number, "") for far in number.offered
        )
        if self._lock.is_locked:
            words = self._memory.language.say("Locked: emergency only")
            return replace(screen, account=words)
        redial = bool(self._memory.history.last_dialled)
        return replace(screen, matches=matches, chosen=number.chosen, can_redial=redial)
