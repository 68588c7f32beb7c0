"""The phone alone in simulated time: keys, hook, calls and services in any order.

Theory of operation
-------------------
`Phone` is driven by a person's whims and by `Below`. After every step what is shown, heard and rung
has to agree with each other, and with the calls there are. Now and then the person stops playing
and does something in earnest; that has to work whatever went before:

    to call for help   put the handset back, lift it, dial 112: a `Dial` that is an emergency's
    to unlock          lock the keys, wait, give a PIN: they open if it is right, and else do not
    to leave           put the handset back and touch nothing: nobody is heard, nothing sounds
    to pick up         press the key of a lamp that rings: a `Dial` with the code for that
    to forget          lay the handset beside the phone: the tone ends
    to be in peace     all far ends hang up: a while later the phone is idle and silent
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from random import Random

from firmware.agent.events import Dial, Lamp, LampChanged, MessagesWaiting, RegistrationState
from firmware.media.events import HushCall, MuteMicrophone, PlayTone
from firmware.media.tone_table import ToneKind
from firmware.phone.beginning import HOWL_S, LEFT_S
from firmware.phone.events import (
    KEYS,
    AnswerCall,
    DialTarget,
    EndCall,
    FactoryReset,
    HoldCall,
    HookLifted,
    HookReplaced,
    KeyHeld,
    KeyPressed,
    LampPattern,
    SetLamp,
    SetRinger,
    Show,
    StartVoice,
    StopVoice,
    TimeIs,
    TuneRinger,
)
from firmware.phone.kept import AccountServices, ServicesKept
from firmware.phone.lock import WAIT_MAX_S, CheckPin, KeepPin, PinChecked
from firmware.phone.phone import Phone, PhoneEvent
from firmware.phone.programmed import KeyKind, ProgrammedKey
from firmware.phone.render import render
from firmware.phone.screen import CallScreen, CallStage, IdleScreen, lines
from firmware.phone.services import ServiceSettings
from firmware.phone.settings import ENDED_S, FLASH_S, PhoneSettings
from firmware.phone.state import State
from tests.simulator.finding import judged
from tests.simulator.keys.below import Below
from tests.simulator.schedule import Schedule
from tests.simulator.trace import Trace
from tests.unit.media.ends import PLAN
from tests.unit.phone.rig import MONDAY, account, connecting, up, waiting

ACCOUNTS = 3
STEPS = 250
DIGITS = "0123456789*#"
LOUD_S = max(ENDED_S, FLASH_S) + 0.1
"""Whoever has left hears why a call is over for so long."""

PROGRAM = (AnswerCall(), EndCall(), HoldCall(True), HoldCall(False))

WATCHED = "605,1"
"""The value of every programmed key; of a lamp it is the number."""
PICKUP = "*8"

TARGETS = ("603", "sip:x@example.org", "604,1,,2#,3", "604,1,2,3,4")

PEACE_S = 200.0
LONG_AGO_S = 4.1
"""Whatever was typed before is no part of this number."""

PICTURES = 0.03


class World:
    """One phone, one person, and what calls."""

    def __init__(self, seed: int) -> None:
        self.schedule, self.trace = Schedule(1000.0), Trace()
        self._random = random = Random(f"{seed} person")
        self.below = Below(Random(f"{seed} below"), PLAN)
        self.is_lifted = self.is_ringing = self.is_muted = False
        self.tone: ToneKind | None = None
        self.lamp = LampPattern.OFF
        self.messages = self.loudness = 0
        self.voices, self.hushed = set[int](), set[int]()
        self.shown: Show | None = None
        kinds = [
            "keys",
            "held keys",
            "lifted",
            "helped",
            "helped over ringing",
            "unlocked",
            "silent",
            "reset",
            "left",
            "forgot",
            "peace",
            "pins",
            "locked",
            "lamps",
            "picked up",
        ]
        self._seen = dict.fromkeys([*kinds, *(state.value for state in State)], 0)
        call_waiting, self.has_pin = random.random() < 0.8, random.random() < 0.5
        self.is_pin_right = False  # The last that was given.
        kinds_of_key = random.sample(list(KeyKind), k=random.choice([0, 0, 1, 3, len(KeyKind)]))
        keys = tuple(ProgrammedKey(k, WATCHED, account=2, pickup=PICKUP) for k in kinds_of_key)
        self.has_lamp, self.keys = KeyKind.LAMP in kinds_of_key, len(keys)
        self.told_lamp = Lamp.UNKNOWN
        services = ServiceSettings(keys=keys)
        settings = PhoneSettings(call_waiting=call_waiting, has_pin=self.has_pin, services=services)
        self.phone = Phone(settings, ACCOUNTS, self.schedule.now)
        self._tell(TimeIs(random.choice([None, MONDAY])))
        for number in range(1, ACCOUNTS + 1):
            self._tell(account(number, f"Desk {number}"))
        self._tell(up(self.schedule.now))
        if random.random() < 0.3:
            self._tell(ServicesKept(tuple(self._services(n) for n in range(1, ACCOUNTS + 1))))

    def _services(self, number: int) -> AccountServices:
        chance = self._random.random
        return AccountServices(
            number,
            no_disturbance=chance() < 0.1,
            always="610" if chance() < 0.1 else "",
            busy="611" if chance() < 0.3 else "",
            no_answer="612" if chance() < 0.3 else "",
        )

    # A run.

    def play(self) -> None:
        """Whims, and in between something in earnest."""
        for _ in range(STEPS):
            self._random.choices(
                [
                    *(self._whim, self._happens, self._wait),
                    *(self._help, self._unlock, self._leave, self._forget, self._peace),
                    self._pick_up,
                ],
                weights=[50, 40, 10, 1, 1, 2, 1, 1, 1],
            )[0]()
        self._peace()

    def _wait(self) -> None:
        self._pass(self._random.choice([0.1, 0.5, 1.0, 5.0, 70.0]))

    def _happens(self) -> None:
        choice = self._random.random()
        if choice < 0.8:
            self._tell(*self.below.happens())
        elif choice < 0.9:
            now = self.schedule.now
            self._tell(self._random.choice([up(now), waiting(now, 20.0), connecting(now)]))
        elif choice < 0.95:
            state = self._random.choice(list(RegistrationState))
            self._tell(account(self._random.randint(1, ACCOUNTS), "Desk", state))
        elif choice < 0.97:
            self.told_lamp = self._random.choice(list(Lamp))
            self._tell(LampChanged(2, WATCHED, self.told_lamp))
            self._tell(LampChanged(1, WATCHED, self._random.choice(list(Lamp))))  # Another's.
        else:
            self.messages = self._random.choice([0, 0, 3])
            waits = self.messages > 0
            self._tell(MessagesWaiting(1, waits, self.messages, 0, "600"))

    def _whim(self) -> None:
        random = self._random
        whims: list[Callable[[], None]] = [
            lambda: self._press(random.choice(KEYS)),
            lambda: self._press(*random.choices(DIGITS, k=random.randint(1, 4))),
            lambda: self._hold(random.choice([*KEYS, "#"])),
            lambda: self._press("soft1", *random.choices(DIGITS[:10], k=4), "soft1"),  # A PIN.
            self._reset,
            self._hook,
            lambda: self._tell(random.choice(PROGRAM)),
            lambda: self._tell(DialTarget(random.choice(TARGETS))),
        ]
        random.choices(whims, weights=[14, 3, 2, 1, 1, 6, 1, 3])[0]()

    def _reset(self) -> None:
        """Go to the factory reset, where nothing is in the way."""
        self._close_menu()
        self._press("soft1", "up", "soft1", "up", "soft1", "down", "soft1")

    def _hook(self) -> None:
        self.is_lifted = not self.is_lifted
        self._seen["lifted"] += self.is_lifted
        aside = self.phone._ear.is_aside
        self._tell(HookLifted() if self.is_lifted else HookReplaced())
        if not (self.is_lifted or aside):
            assert not self.voices - self.hushed, "the room is heard, and nobody listens"

    def _press(self, *keys: str) -> None:
        for key in keys:
            self._seen["keys"] += 1
            self._tell(KeyPressed(key))

    def _hold(self, key: str) -> None:
        self._seen["held keys"] += 1
        self._tell(KeyPressed(key))
        self._tell(KeyHeld(key))

    # In earnest.

    def _help(self) -> None:
        """Whatever went before: whoever needs help hangs up, lifts, and dials."""
        self._seen["helped"] += 1
        if self.phone.state is not State.RINGING:
            self._hang_up()
            self._close_menu()  # A lifted handset would call from its list.
        before = len(self.below.emergencies)
        if self.phone.state is not State.RINGING:
            self._hook()
        else:  # Lifting would answer it.
            self._seen["helped over ringing"] += 1
            self._pass(LONG_AGO_S)
        self._press(*"112")
        if self.phone.state is State.DIALLING:
            self._press("#")
        assert len(self.below.emergencies) > before, "112 was dialled, and nothing came of it"

    def _unlock(self) -> None:
        """Whoever knows the PIN opens locked keys, and nobody else does."""
        self._hang_up()
        self._close_menu()
        if self.phone.state is State.IDLE and not self._is_locked:
            self._hold("#")
        self._pass(WAIT_MAX_S)  # After a PIN that was wrong.
        if self.phone.state is not State.IDLE:
            return  # It rings.
        self._close_menu()
        assert self._is_locked, "the keys are not locked"
        self._seen["unlocked"] += 1
        self.is_pin_right, asked = True, self._seen["pins"]
        self._press("soft1")
        if self.has_pin:
            self._press(*self._random.choices(DIGITS[:10], k=4), "soft1")
        assert self._seen["pins"] == asked + self.has_pin, "nobody asks whether the PIN is right"
        self._close_menu()
        assert self._is_locked is not self.is_pin_right, "the keys do not do as the PIN says"

    def _pick_up(self) -> None:
        """Whoever presses the key of a phone that rings takes that call, else calls there."""
        self._hang_up()
        self._close_menu()
        if not (self.has_lamp and self.keys == 1 and self.phone.state is State.IDLE):
            return  # It rings, or there is no such key.
        if self._is_locked:
            return
        self.told_lamp = self._random.choice(list(Lamp))
        self._tell(LampChanged(2, WATCHED, self.told_lamp))
        taken, dialled = self._seen["picked up"], self.below.seen["dialled"]
        self._press("soft2")
        takes = self._seen["picked up"] > taken
        assert self.below.seen["dialled"] > dialled, "the key calls nobody"
        assert takes == (self.told_lamp is Lamp.RINGING), "the key takes what does not ring"

    @property
    def _is_locked(self) -> bool:
        assert isinstance(self._screen, IdleScreen), "no idle screen out of the menu"
        return self._screen.locked

    def _close_menu(self) -> None:
        for _ in range(8):
            if isinstance(self._screen, IdleScreen):
                break
            self._press("soft2")

    def _forget(self) -> None:
        """Whoever leaves the handset beside the phone is called all the same, in silence."""
        if not self.is_lifted:
            self._hook()
        self._tell(EndCall())
        self._pass(2 * (LEFT_S + HOWL_S))  # Another call may ring first, and be sent on.
        if self.phone.state is State.DIALLING:
            self._seen["forgot"] += 1
            assert self.tone is None, f"{self.tone} sounds for ever"

    def _leave(self) -> None:
        """Whoever puts the handset back and goes is not heard, and leaves nothing that sounds."""
        self._seen["left"] += 1
        if not self.is_lifted:
            return
        aside = self.phone._ear.is_aside
        self._hook()
        self._pass(LOUD_S)
        if aside:
            return
        assert not self.voices - self.hushed, "the microphone is open, and the handset on its hook"
        if self.phone.state is State.IDLE:
            assert self.tone is None, f"{self.tone} sounds in an empty room"

    def _peace(self) -> None:
        """All far ends hang up."""
        self._seen["peace"] += 1
        self._end_all()
        if self.is_lifted:
            self._hook()
        self._pass(PEACE_S)
        self._end_all()  # What was about to be dialled.
        self._pass(LOUD_S)
        assert self.phone.state is State.IDLE, f"{self.phone.state} with nobody there"
        assert isinstance(self._screen, IdleScreen), "no idle screen after a while"
        assert self.tone is None, f"{self.tone} sounds for ever"
        assert not self.voices, "sound of no call"

    def _end_all(self) -> None:
        while events := self.below.ends():
            self._tell(*events)

    def _hang_up(self) -> None:
        if self.is_lifted:
            self._hook()
            self._pass(LOUD_S)
        for _ in range(4):
            if self.phone.state is State.IDLE:
                return
            self._tell(EndCall())
            self._pass(LOUD_S)

    # The phone.

    @property
    def _screen(self) -> object:
        assert self.shown is not None
        return self.shown.screen

    def _pass(self, seconds: float) -> None:
        end = self.schedule.now + seconds
        while (due := self.phone.deadline()) is not None and due <= end:
            assert due > self.schedule.now, "a deadline that does not move"
            self.schedule.now = due
            self._settle(self.phone.wake(due))
        self.schedule.now = end

    def _tell(self, *events: PhoneEvent) -> None:
        work = deque(events)
        while work:
            event = work.popleft()
            self.trace.add(self.schedule.now, ">", event)
            work.extend(self._carry_out(self.phone.handle(event, self.schedule.now)))
        self._check()

    def _settle(self, out: list[object]) -> None:
        self._tell(*self._carry_out(out))

    def _carry_out(self, out: list[object]) -> list[PhoneEvent]:
        told: list[PhoneEvent] = []
        for item in out:
            self.trace.add(self.schedule.now, "<", item)
            told += self.below.order(item)
            match item:
                case SetRinger(ringing):
                    assert ringing != self.is_ringing, "the ringer was told twice"
                    self.is_ringing = ringing
                case SetLamp(pattern):
                    self.lamp = pattern
                case PlayTone(kind):
                    self.tone = kind
                case StartVoice(call):
                    self.voices.add(call)
                case StopVoice(call):
                    self.voices.discard(call)
                    self.hushed.discard(call)
                case HushCall(call, hushed):
                    (self.hushed.add if hushed else self.hushed.discard)(call)
                case MuteMicrophone(muted):
                    self.is_muted = muted
                case Show():
                    self.shown = item
                case CheckPin():
                    self._seen["pins"] += 1
                    self.is_pin_right = self._random.random() < 0.3
                    told.append(PinChecked(self.is_pin_right))
                case _:
                    self._note(item)
        return told

    @property
    def _lamp(self) -> Lamp | None:
        """What a person has to see of the lamp on the idle screen."""
        is_shown = self.has_lamp and (self.keys == 1 or self.told_lamp is Lamp.RINGING)
        return self.told_lamp if is_shown else None

    def _note(self, item: object) -> None:
        match item:
            case Dial(target=target) if target.startswith(PICKUP + WATCHED[:3]):
                self._seen["picked up"] += 1
                assert self.told_lamp is Lamp.RINGING, "nothing rings there"
            case TuneRinger(volume=volume):
                self.loudness = volume
            case FactoryReset():
                self._seen["reset"] += 1
            case KeepPin(pin):
                self.has_pin = pin is not None
            case _:
                pass

    def _check(self) -> None:
        """What is shown, rung, lit and heard agrees."""
        state, screen = self.phone.state, self._screen
        self._seen[state.value] += 1
        assert self.shown is not None
        words = lines(self.shown.screen, self.shown.language)
        assert words, "an empty screen"
        rings = isinstance(screen, CallScreen) and screen.stage is CallStage.INCOMING
        assert self.is_ringing == (state is State.RINGING) == rings, "what rings is not shown"
        assert (self.lamp is LampPattern.FLASHING) == self.is_ringing, f"the lamp is {self.lamp}"
        if not self.is_ringing:
            assert (self.lamp is LampPattern.ON) == bool(self.messages), f"the lamp is {self.lamp}"
        assert self.voices == self.below.heard, "sound of a call that there is not"
        heard = self.voices - self.hushed
        assert len(heard) <= 1, "the far ends hear each other, or what is not for them"
        if isinstance(screen, IdleScreen):
            self._seen["locked"] += screen.locked
            self._seen["silent"] += screen.silent
            assert screen.silent == (not self.loudness), "the ringer is not as the screen says"
            assert screen.lamp is self._lamp, f"the lamp is {screen.lamp}"
            self._seen["lamps"] += screen.lamp is not None
        if self._random.random() < PICTURES:
            render(self.shown.screen, self.shown.language)

    def seen(self) -> dict[str, int]:
        """Count what came about."""
        return {**self._seen, **{f"below {key}": n for key, n in self.below.seen.items()}}


def play(seed: int) -> World:
    """Play one seed; raises `Failed` with the seed and the world."""
    world = World(seed)
    return judged(seed, world, world.play)
