"""What becomes of a call before it rings, and of one that nobody answers: the services at work.

Theory of operation
-------------------
A call that comes in meets, in this order:

    an emergency     whoever called an emergency number is called back: for `CALL_BACK_S` nothing
                     below keeps a call away
    all calls        are sent on to a number
    do not disturb   busy, and in the list of missed calls; or sent on as when busy
    no place         busy, or sent on
    intercom         answered by itself, where nobody uses the phone; else it rings like any other
    ringing          sent on when nobody answers, where a number is set for that

Who has let a far end wait for `FORGOTTEN_S` is reminded, and again after as long: by a tone in the
ear, or by the ringer where the handset lies on its hook.

A call that has been in a circle is never sent on (`may_forward`): then it rings, or is busy.
"""

from __future__ import annotations

from firmware.agent.events import (
    Answer,
    CallAnswered,
    Forward,
    ForwardReason,
    IncomingCall,
    Reject,
)
from firmware.machine import earliest, is_due
from firmware.media.events import MuteMicrophone
from firmware.media.tone_table import ToneKind
from firmware.phone.beginning import Beginning
from firmware.phone.call import Call
from firmware.phone.events import CallFact
from firmware.phone.kept import AccountServices
from firmware.phone.language import ENGLISH
from firmware.phone.programmed import ProgrammedKey
from firmware.phone.service_listing import deed_of_key, mailbox_deed, word_of_key
from firmware.phone.service_views import (
    CallFrom,
    CallMailbox,
    DialFrom,
    KeyList,
    SwitchDisturbance,
    SwitchRinger,
)
from firmware.phone.settings import FORGOTTEN_S, PhoneSettings
from firmware.phone.state import State
from firmware.phone.views import Deed, LockKeys, Open

OURS = CallFrom | CallMailbox | DialFrom
"""What is done here of that which is chosen in the menu."""

CALL_BACK_S = 1800.0
"""How long an emergency service may have to call back."""

NOTICE_S = 1.0
"""How long the tone of an intercom call is heard, or a reminder."""


class Serving(Beginning):
    """Services of one person's accounts; `Phone` adds keys and screens."""

    def __init__(self, settings: PhoneSettings, accounts: int, now: float) -> None:
        super().__init__(settings, accounts, now)
        self._keys = settings.services.keys
        self._call_back_until: float | None = None
        self._notice_by: float | None = None  # Until then a tone is heard,
        self._notice: ToneKind | None = None  # this one; none where the ringer is.

    @property
    def _is_urgent(self) -> bool:
        """Tell whether an emergency service may be about to call back."""
        return self._call_back_until is not None and self._now < self._call_back_until

    # Calls.

    def _incoming(self, event: IncomingCall, called_as: str) -> list[object]:
        own = self._memory.services.of(event.account)
        is_urgent = self._is_urgent
        if not is_urgent:
            if own.always and event.may_forward:
                self._memory.history.sends_on(event.call)
                return [Forward(event.call, own.always, ForwardReason.ALWAYS)]
            if own.no_disturbance:
                return self._turn_away(event, own, ForwardReason.NO_DISTURBANCE)
            if not (self._may_wait or self._may_ring):
                return self._turn_away(event, own, ForwardReason.BUSY)
        if event.intercom and self._may_ring and self.state is not State.DIALLING:
            return self._take_intercom(event, called_as)
        out = super()._incoming(event, called_as)
        self._offered(event, own, is_urgent=is_urgent)
        return out

    def _turn_away(
        self, event: IncomingCall, own: AccountServices, reason: ForwardReason
    ) -> list[object]:
        if own.busy and event.may_forward:
            return [Forward(event.call, own.busy, reason)]
        return [Reject(event.call)]

    def _take_intercom(self, event: IncomingCall, called_as: str) -> list[object]:
        """Answer by itself: the person hears a tone, and is not heard before a key says so."""
        assert event.intercom is not None
        call = Call(self._now, event.call, event.far)
        call.detail = called_as
        call.sound.muted = event.intercom.muted
        self._lines.front = call
        self._enter(State.RINGING)
        self._enter(State.ANSWERING)
        if event.intercom.tone:
            self._give_notice(ToneKind.CONFIRMATION)
        return [Answer(event.call)]

    def _offered(self, event: IncomingCall, own: AccountServices, *, is_urgent: bool) -> None:
        """Note how a call rings, and when it is sent on."""
        call = self._offered_call
        if call is None or call.number != event.call:
            return
        call.ring = event.ring
        if own.no_answer and event.may_forward and not is_urgent:
            call.forward_to, call.forward_by = own.no_answer, self._now + own.ring_s

    @property
    def _offered_call(self) -> Call | None:
        """The call that the person may answer."""
        return self._lines.waiting or (self._call if self.state is State.RINGING else None)

    def _call_event(self, event: CallFact, called_as: str) -> list[object]:
        """Let the microphone be off when a call that is answered by itself stands."""
        out = super()._call_event(event, called_as)
        stands = isinstance(event, CallAnswered) and event.call == self._call.number
        return [*out, MuteMicrophone(True)] if stands and self._call.sound.muted else out

    def _call_to(self, target: str, account: int, *, is_emergency: bool) -> list[object]:
        if is_emergency:
            self._call_back_until = self._now + CALL_BACK_S
        return super()._call_to(target, account, is_emergency=is_emergency)

    # Time.

    def _serve_at(self) -> float | None:
        """Return when an offered call is sent on, a held one comes to mind, or a tone ends."""
        offered = self._offered_call
        forward_by = offered.forward_by if offered else None
        return earliest((self._notice_by, forward_by, *(c.remind_at for c in self._held_calls)))

    def _serve(self) -> list[object]:
        """Do what is due."""
        if is_due(self._notice_by, self._now):
            self._notice_by = self._notice = None
        self._remind()
        call = self._offered_call
        if call is None or not is_due(call.forward_by, self._now):
            return []
        forward = Forward(call.number, call.forward_to, ForwardReason.NO_ANSWER)
        if self._lines.waiting:
            self._lines.take_waiting()
            return [forward]
        return [forward, *self._go_on(resume=True)]

    def _give_notice(self, tone: ToneKind | None) -> None:
        self._notice, self._notice_by = tone, self._now + NOTICE_S

    def _remind(self) -> None:
        """Let a call that is held come to mind, where that is due."""
        for held in self._held_calls:
            if is_due(held.remind_at, self._now):
                held.remind_at = self._now + FORGOTTEN_S
                self._give_notice(ToneKind.CALL_WAITING if self._is_heard else None)

    @property
    def _held_calls(self) -> list[Call]:
        """The calls whose far ends wait for the person."""
        aside = [self._lines.held] if self._lines.held else []
        return [*aside, *([self._call] if self._call.is_held else [])]

    @property
    def _is_heard(self) -> bool:
        """Tell whether a tone reaches the person: a held call may wait for the handset."""
        return self._lifted or not (self.state is State.TALKING and self._call.is_held)

    @property
    def _ringer_reminds(self) -> bool:
        """Tell whether the ringer tells of a call that is held."""
        return self._notice_by is not None and self._notice is None

    # What a key does.

    @property
    def _key_word(self) -> str:
        """The word above the key of the idle screen that is programmed, "" for none."""
        if len(self._keys) > 1:
            return "Keys"
        if not self._keys:
            return ""
        return word_of_key(self._keys[0], self._memory.services, ENGLISH)

    def _programmed(self) -> list[object]:
        """Do what the programmed key does; of several, list them."""
        if len(self._keys) > 1:
            return self._open(KeyList())
        return self._do_key(self._keys[0]) if self._keys else []

    def _do_key(self, key: ProgrammedKey) -> list[object]:
        return self._do(deed_of_key(key, self._memory.services))

    def _hear_messages(self) -> list[object]:
        """Call the mailbox; of several with news, or where its number is not known, list them."""
        return self._do(mailbox_deed(self._memory.services, 0))

    def _call_mailbox(self) -> list[object]:
        """Call the first mailbox with news: nobody looks at a list who holds a digit down."""
        return self._do(CallMailbox(self._memory.services.mailboxes[0]))

    def _take_chosen(self) -> list[object]:
        out: list[object] = []
        for item in super()._take_chosen():
            out += self._do(item) if isinstance(item, OURS) else [item]
        return out

    def _do(self, deed: Deed) -> list[object]:
        """Do what follows from a service's row or key."""
        match deed:
            case Open(view):
                return self._open(view)
            case SwitchDisturbance(accounts, on):
                return self._memory.services.disturb_none(accounts, on=on)
            case CallMailbox(account):
                number = self._memory.services.mailbox_number(account)
                return self._dial_target(number, account) if number else []
            case CallFrom(number, account):
                return self._dial_target(number, account)
            case DialFrom(account):
                out = self._begin_dialling()
                self._chosen_account = account
                return out
            case SwitchRinger():
                return self._memory.switch_ringer()
            case LockKeys():
                return self._lock_keys()
            case _:
                raise AssertionError(f"no service: {deed}")
