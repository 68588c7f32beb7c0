"""Hook, lamp and ringer over the electrical model; the pins themselves; the worker's thread."""

from __future__ import annotations

import asyncio
import sys
import threading
import time
from functools import partial
from random import Random
from types import ModuleType

import pytest

from drivers.gpio import Gpio, GpioError
from drivers.hook import LIFT_S, REST_S, HookPins, HookSwitch
from drivers.interfaces import Hook, Lamp, LampPattern, Melody, Ringer
from drivers.lamp import FLASH_S as HALF_FLASH_S
from drivers.lamp import LampPins, Light
from drivers.ringer import PiezoRinger, RingerPins
from drivers.worker import Worker
from firmware.phone.settings import FLASH_S
from tests.unit.drivers.circuit import GROUND, Contact, Desk

WAIT_S = 20.0


class Cradle:
    """A hook switch with a hand."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, lifted_is_low: bool = True) -> None:
        self.desk = Desk(monkeypatch)
        self.contact = Contact(24, GROUND)
        self.desk.circuit.contacts.append(self.contact)
        self.hook = HookSwitch(HookPins(24, lifted_is_low), Gpio(), self.desk, self.desk.touched)
        self.moves: list[tuple[float, bool]] = []
        self.hook.listen(lambda lifted: self.moves.append((self.desk.circuit.now, lifted)))
        self.random = Random(1)

    def move(self, at: float, bounce_s: float = 0.02) -> None:
        self.contact.move(at, bounce_s, self.random)

    def run(self, until: float) -> None:
        self.desk.run(self.hook.step, until)


@pytest.mark.parametrize("lifted_is_low", [True, False])
def test_the_handset_is_lifted_and_put_back(
    monkeypatch: pytest.MonkeyPatch, lifted_is_low: bool
) -> None:
    cradle = Cradle(monkeypatch, lifted_is_low)
    if not lifted_is_low:
        cradle.move(0.0, bounce_s=0)
    cradle.move(1.0)
    cradle.move(5.0)
    cradle.run(10)
    assert [lifted for _, lifted in cradle.moves] == [True, False]
    lifted_at, rested_at = (at for at, _ in cradle.moves)
    assert LIFT_S <= lifted_at - 1 <= LIFT_S + 0.03
    assert REST_S <= rested_at - 5 <= REST_S + 0.03
    part: Hook = cradle.hook
    assert not part.lifted
    assert cradle.desk.touches == 2
    steps = cradle.desk.steps
    cradle.run(86_400)
    assert cradle.desk.steps == steps  # It sleeps.


def test_a_handset_that_rocks_in_its_cradle_ends_no_call(monkeypatch: pytest.MonkeyPatch) -> None:
    cradle = Cradle(monkeypatch)
    cradle.move(1.0)
    cradle.move(2.0)  # Touched the cradle for less than a flash,
    cradle.move(2.15)
    cradle.run(3)
    assert [lifted for _, lifted in cradle.moves] == [True]


@pytest.mark.parametrize(
    ("on_hook_s", "is_flash"),
    [(0.25, True), (0.5, True), (0.75, True), (0.79, True), (0.84, False), (2.0, False)],
)
def test_a_flash_is_put_back_and_lifted_again_before_the_phone_hangs_up(
    monkeypatch: pytest.MonkeyPatch, on_hook_s: float, is_flash: bool
) -> None:
    cradle = Cradle(monkeypatch)
    for at in (1.0, 4.0, 4.0 + on_hook_s):
        cradle.move(at, bounce_s=0.004)
    cradle.run(8)
    assert [lifted for _, lifted in cradle.moves] == [True, False, True]
    (rested_at, _), (lifted_at, _) = cradle.moves[1:]
    assert (lifted_at - rested_at < FLASH_S) is is_flash


def test_a_handset_that_is_off_at_the_start_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    cradle = Cradle(monkeypatch)
    cradle.move(0.0, bounce_s=0)
    cradle.run(1)
    assert [lifted for _, lifted in cradle.moves] == [True]


def test_the_lamp_is_on_off_and_flashes(monkeypatch: pytest.MonkeyPatch) -> None:
    desk = Desk(monkeypatch)
    light = Light(LampPins(25), Gpio(), desk)
    lamp: Lamp = light
    desk.run(light.step, 1)
    assert desk.circuit.driven[25] is False
    lamp.show(LampPattern.ON)
    desk.run(light.step, 2)
    assert desk.circuit.driven[25] is True
    lamp.show(LampPattern.FLASHING)
    seen = []
    for number in range(8):
        desk.run(light.step, 2 + (number + 0.5) * HALF_FLASH_S)
        seen.append(desk.circuit.driven[25])
    assert seen == [True, False] * 4
    lamp.show(LampPattern.OFF)
    desk.run(light.step, 8)
    assert desk.circuit.driven[25] is False
    steps = desk.steps
    desk.run(light.step, 1000)
    assert desk.steps == steps
    lamp.show(LampPattern.ON)
    desk.run(light.step, 1001)
    light.close()
    assert desk.circuit.driven[25] is False


def test_a_lamp_that_is_lit_by_a_low_pin(monkeypatch: pytest.MonkeyPatch) -> None:
    desk = Desk(monkeypatch)
    light = Light(LampPins(25, lit_is_high=False), Gpio(), desk)
    desk.run(light.step, 1)
    assert desk.circuit.driven[25] is True


def test_the_ringer_rings_one_second_in_four_with_two_pitches(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    desk = Desk(monkeypatch)
    piezo = PiezoRinger(RingerPins(12), Gpio(), desk, desk.touched)
    ringer: Ringer = piezo
    desk.run(piezo.step, 1)
    pwm = desk.module.pwms[12]
    assert pwm.heard == []
    ringer.ring(True)
    desk.run(piezo.step, 9.5)
    starts = [at for at, pitch in pwm.heard if pitch]
    ends = [at for at, pitch in pwm.heard if not pitch]
    assert ends == pytest.approx([2, 6], abs=0.01)
    assert {pitch for _, pitch in pwm.heard if pitch} == {1000, 1250}
    assert len([at for at in starts if at < 2]) == 20
    assert pwm.percent == 50
    assert min(at for at in starts if at > 2) == pytest.approx(5, abs=0.01)
    ringer.ring(False)
    desk.run(piezo.step, 9.6)
    assert not pwm.is_on
    heard = len(pwm.heard)
    desk.run(piezo.step, 100)
    assert len(pwm.heard) == heard
    assert desk.touches == 2
    ringer.ring(True)
    desk.run(piezo.step, 100.2)
    piezo.close()
    assert not pwm.is_on


def test_the_ringer_plays_another_melody_from_its_beginning_as_loud_as_is_wanted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    desk = Desk(monkeypatch)
    piezo = PiezoRinger(RingerPins(12), Gpio(), desk, desk.touched)
    piezo.tune(Melody(((500, 0.2), (0, 0.3), (700, 0.5))))
    desk.run(piezo.step, 1)
    piezo.ring(True)
    desk.run(piezo.step, 2.4)
    pwm = desk.module.pwms[12]
    heard = [(1, 500), (1.2, 0), (1.5, 700), (2, 500), (2.2, 0)]
    assert [pitch for _, pitch in pwm.heard] == [pitch for _, pitch in heard]
    assert [at for at, _ in pwm.heard] == pytest.approx([at for at, _ in heard], abs=0.01)
    assert pwm.percent == 50
    desk.run(piezo.step, 2.6)
    piezo.tune(Melody(((500, 0.2), (0, 0.3), (700, 0.5)), 0.5))
    desk.run(piezo.step, 2.7)
    assert (pwm.is_on, pwm.frequency, pwm.percent) == (True, 500, 12.5)
    desk.run(piezo.step, 3.2)
    assert (pwm.is_on, pwm.frequency, pwm.percent) == (True, 700, 12.5)
    piezo.tune(Melody(((500, 0.2),), 0))
    desk.run(piezo.step, 5)
    assert not pwm.is_on
    piezo.tune(Melody(((500, 0.2),), 1))
    desk.run(piezo.step, 5.1)
    assert (pwm.is_on, pwm.percent) == (True, 50), "it rings still, and is heard again"


class LgpioError(Exception):
    """Of no other kind, as `lgpio.error`."""


@pytest.mark.parametrize("error", [RuntimeError, LgpioError])
@pytest.mark.parametrize("kind", ["hook switch", "lamp", "ringer"])
def test_a_part_that_fails_says_so_and_comes_back(
    monkeypatch: pytest.MonkeyPatch, kind: str, error: type[Exception]
) -> None:
    desk = Desk(monkeypatch)
    desk.module.breaks_with = error
    lgpio = ModuleType("lgpio")
    lgpio.__dict__["error"] = LgpioError
    monkeypatch.setitem(sys.modules, "lgpio", lgpio)
    gpio = Gpio()
    parts: dict[str, HookSwitch | Light | PiezoRinger] = {
        "hook switch": HookSwitch(HookPins(24), gpio, desk, desk.touched),
        "lamp": Light(LampPins(25), gpio, desk),
        "ringer": PiezoRinger(RingerPins(12), gpio, desk, desk.touched),
    }
    part = parts[kind]
    desk.module.broken = "GPIO busy"
    desk.run(part.step, 1)
    assert part.fault == f"No {kind}: GPIO busy"
    part.close()
    gpio.close()
    desk.module.broken = ""
    desk.run(part.step, 12)
    assert part.fault == ""


def test_off_a_pi_the_pins_say_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "RPi", None)
    with pytest.raises(GpioError, match=r"^RPi.GPIO is not installed$"):
        Gpio().open()
    with pytest.raises(GpioError, match="not open"):
        Gpio().pull_up(4)

    class Elsewhere(ModuleType):
        def __getattr__(self, name: str) -> object:
            raise RuntimeError("This module can only be run on a Raspberry Pi!")

    monkeypatch.setitem(sys.modules, "RPi", Elsewhere("RPi"))
    with pytest.raises(GpioError, match=r"^this is no Raspberry Pi$"):
        Gpio().open()


def test_pins_are_left_as_they_were_found(monkeypatch: pytest.MonkeyPatch) -> None:
    desk = Desk(monkeypatch)
    gpio = Gpio()
    gpio.close()
    gpio.open()
    gpio.pull_up(5)
    gpio.drive(6, high=True)
    gpio.drive(6, high=False)
    gpio.close()
    assert desk.module.cleaned == [5, 6]


def test_a_pin_that_is_not_let_go_of_keeps_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    desk = Desk(monkeypatch)
    gpio = Gpio()
    gpio.open()
    gpio.pull_up(5)
    gpio.pull_up(6)
    desk.module.stuck = 5
    gpio.close()
    assert desk.module.cleaned == [6]


class Clock:
    """A part that wants to be stepped every `every_s`, or only when woken."""

    def __init__(self, every_s: float | None) -> None:
        self.every_s = every_s
        self.steps: list[float] = []
        self.stepped = threading.Event()
        self.closed_by = ""

    def step(self, now: float) -> float | None:
        self.steps.append(now)
        self.stepped.set()
        return None if self.every_s is None else now + self.every_s

    def close(self) -> None:
        self.closed_by = threading.current_thread().name


def test_a_worker_sleeps_until_it_is_woken_and_tells_on_the_loops_thread() -> None:
    async def scene() -> None:
        worker, part = Worker("parts"), Clock(None)
        worker.add(part)
        worker.start()
        assert await asyncio.to_thread(part.stepped.wait, WAIT_S)
        part.stepped.clear()
        assert not await asyncio.to_thread(part.stepped.wait, 0.1)
        assert worker.turns == 1
        worker.wake()
        assert await asyncio.to_thread(part.stepped.wait, WAIT_S)
        while worker.turns < 2:
            await asyncio.sleep(0.01)
        told: asyncio.Future[str] = asyncio.get_running_loop().create_future()

        def tell() -> None:
            told.set_result(threading.current_thread().name)

        await asyncio.to_thread(partial(worker.tell, tell))
        assert await asyncio.wait_for(told, WAIT_S) == threading.current_thread().name
        await asyncio.to_thread(worker.stop)
        assert part.closed_by == "parts"
        worker.tell(tell)  # Nobody hears it.
        worker.stop()

    asyncio.run(scene())


def test_a_worker_keeps_the_earliest_appointment() -> None:
    async def scene() -> None:
        worker, quick, slow = Worker("parts"), Clock(0.01), Clock(3600.0)
        worker.add(quick)
        worker.add(slow)
        worker.start()
        began = time.monotonic()
        while len(quick.steps) < 5 and time.monotonic() - began < WAIT_S:
            await asyncio.sleep(0.01)
        await asyncio.to_thread(worker.stop)
        assert len(quick.steps) >= 5
        gaps = [b - a for a, b in zip(quick.steps, quick.steps[1:], strict=False)]
        assert min(gaps) >= 0.0099

    asyncio.run(scene())


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_worker_whose_part_is_wrong_has_ended() -> None:
    class Wrong(Clock):
        def step(self, now: float) -> float | None:
            raise AssertionError("we are wrong")

    async def scene() -> None:
        worker, fine = Worker("parts"), Worker("parts")
        worker.add(Wrong(None))
        fine.add(Clock(None))
        worker.start()
        fine.start()
        give_up_at = time.monotonic() + WAIT_S
        while not worker.ended and time.monotonic() < give_up_at:
            await asyncio.sleep(0.01)
        assert worker.ended
        await asyncio.to_thread(fine.stop)
        await asyncio.to_thread(worker.stop)
        assert not fine.ended

    asyncio.run(scene())
