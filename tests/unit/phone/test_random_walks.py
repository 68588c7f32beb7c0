"""Whatever a person and the network do, in any order, the phone stays in one piece."""

from __future__ import annotations

from random import Random

import pytest

from firmware.agent.events import (
    Answer,
    CallAnswered,
    CallEnded,
    Dial,
    Dialling,
    EndCause,
    FarChanged,
    Forward,
    HangUp,
    Hold,
    HoldChanged,
    IncomingCall,
    Intercom,
    MessagesWaiting,
    Party,
    RegistrationState,
    Reject,
    RemoteRinging,
    Resume,
    Ring,
)
from firmware.media.events import HushCall
from firmware.phone.events import (
    KEYS,
    HookLifted,
    HookReplaced,
    KeyHeld,
    KeyPressed,
    SetRinger,
    Show,
)
from firmware.phone.kept import AccountServices
from firmware.phone.phone import PhoneEvent
from firmware.phone.programmed import KeyKind, ProgrammedKey
from firmware.phone.render import render
from firmware.phone.screen import CallScreen, CallStage, lines
from firmware.phone.services import KeyMode, ServiceSettings
from firmware.phone.state import State
from tests.unit.phone.rig import EXPIRED, Rig, account, connecting, of, up, waiting

FAR = Party("Zoë", "603")


class Network:
    """What is below: it numbers calls, and knows which of them live."""

    def __init__(self, random: Random, *, serves: bool = False) -> None:
        self.serves = serves
        self.random, self.calls, self.number = random, dict[int, bool](), 0
        self.wanted = 0  # Dials that have no call yet.
        self.taken, self.answered = set[int](), set[int]()

    @property
    def talking(self) -> set[int]:
        """The calls that stand."""
        return self.answered & set(self.calls)

    def hear(self, out: list[object]) -> None:
        for item in out:
            match item:
                case Dial():
                    self.wanted += 1
                case Answer(call):
                    assert call in self.calls
                    self.taken.add(call)
                case Hold(call) | Resume(call):
                    assert call in self.calls
                case HangUp(call) | Reject(call) | Forward(call):
                    assert call in self.calls, "a call ended twice"
                    self.calls.pop(call)
                case _:
                    pass

    def event(self, now: float) -> PhoneEvent:
        choice = self.random.randrange(11 if self.serves else 10)
        if choice == 10:
            waiting_now = self.random.random() < 0.5
            return MessagesWaiting(self.random.randint(1, 9), waiting_now, 1, 2, "*97")
        if choice == 0:
            wait_s = self.random.uniform(0, 100)
            return self.random.choice(
                [up(now), waiting(now, wait_s), waiting(now, wait_s, EXPIRED), connecting(now)]
            )
        if choice == 1:
            return account(
                self.random.randint(1, 9), "Desk", self.random.choice(list(RegistrationState))
            )
        if self.wanted and choice < 6:
            self.wanted -= 1
            if choice == 2:
                return CallEnded(0, EndCause.FAILED, 0, "not registered")
            self.number += 1
            self.calls[self.number] = True
            return Dialling(self.number, 1, FAR)
        if self.calls and choice < 9:
            call = self.random.choice(list(self.calls))
            if choice == 6:
                del self.calls[call]
                return CallEnded(call, self.random.choice(list(EndCause)))
            ours = self.calls[call]
            if self.random.random() < 0.3:
                return HoldChanged(call, self.random.random() < 0.5)
            if choice == 7 and ours:
                return RemoteRinging(call)
            return CallAnswered(call) if ours or call in self.taken else FarChanged(call, FAR)
        self.number += 1
        self.calls[self.number] = False
        if not self.serves:
            return IncomingCall(self.number, 1, FAR)
        intercom = Intercom() if self.random.random() < 0.3 else None
        ring, may = self.random.choice(list(Ring)), self.random.random() < 0.8
        return IncomingCall(self.number, self.random.randint(1, 3), FAR, ring, intercom, may)


def is_sensible(event: PhoneEvent, rig: Rig) -> bool:
    """Tell whether what is below could say this: no call is answered that nobody answered."""
    waits = rig.phone.state in {State.CALLING, State.ANSWERING}
    return waits or not isinstance(event, CallAnswered)


@pytest.mark.parametrize("seed", range(60))
def test_a_walk_keeps_the_phone_whole(seed: int) -> None:
    random = Random(seed)
    walk(Rig.registered(), Network(random), random)


@pytest.mark.parametrize("seed", range(60))
def test_a_walk_with_services_does_too(seed: int) -> None:
    random = Random(seed)
    services = (
        AccountServices(1, random.random() < 0.3, "", "605", "606" * random.randint(0, 1), 5),
        AccountServices(2, always="607"),
    )
    keys = tuple(ProgrammedKey(kind, "603") for kind in random.sample(list(KeyKind), 3))
    modes = random.choice(list(KeyMode)), random.choice(list(KeyMode))
    settings = ServiceSettings(services, ((1, "*97"),), *modes, keys[: random.randint(0, 3)])
    rig = Rig.registered("Desk", "Home", services=settings)
    walk(rig, Network(random, serves=True), random)
    rig.feed(HookReplaced())
    rig.pass_time(70)
    for call in range(400):
        rig.feed(CallEnded(call, EndCause.CANCELLED_THERE))
    rig.pass_time(70)
    assert of(Dial, rig.press(*"112"))[-1].is_emergency, "an emergency always dials"


def walk(rig: Rig, network: Network, random: Random) -> None:
    ringing = lifted = False
    hush: dict[int, bool] = {}
    for _ in range(300):
        if random.random() < 0.2:
            out = rig.pass_time(random.choice([0.1, 1, 5, 70]))
        elif random.random() < 0.5:
            name = random.choice(KEYS)
            key: PhoneEvent = KeyHeld(name) if random.random() < 0.1 else KeyPressed(name)
            if random.random() < 0.2:
                key, lifted = (HookReplaced(), False) if lifted else (HookLifted(), True)
            out = rig.feed(key)
        else:
            event = network.event(rig.now)
            if not is_sensible(event, rig):
                continue
            if isinstance(event, CallAnswered):
                network.answered.add(event.call)
            out = rig.feed(event)
        network.hear(out)
        for ring in of(SetRinger, out):
            assert ring.ringing != ringing, "the ringer was told twice"
            ringing = ring.ringing
        assert ringing == (rig.phone.state is State.RINGING)
        screen = rig.screen
        rings = isinstance(screen, CallScreen) and screen.stage is CallStage.INCOMING
        assert rings == ringing, "the screen and the ringer do not agree"
        hush.update({item.call: item.hushed for item in of(HushCall, out)})
        heard = [call for call in network.talking if not hush.get(call)]
        assert len(heard) <= 1, "the far ends hear each other, or what is not for them"
        for show in of(Show, out):
            assert lines(show.screen)
            assert render(show.screen).size == (128, 64)
