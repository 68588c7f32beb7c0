"""An electrical model of what is wired to the pins, and a module `RPi.GPIO` before it.

A pin is an input (pulled up or floating) or an output. Contacts join pins to each other or to
ground; with a diode current runs one way only. A level is what the joined pins say together. Two
outputs of different level that are joined are a short circuit, and the test fails. Contacts bounce
by a timetable; reads can be wrong (noise); every call takes time, so that a contact may move in the
middle of a scan.

The module takes its arguments as the real ones do: by position where the original is compiled for
that, by the names that the original and rpi-lgpio share.
"""

from __future__ import annotations

import sys
from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass, field
from math import inf
from random import Random
from types import ModuleType

import pytest

GROUND = -1
CALL_S = 20e-6


@dataclass
class Contact:
    """A switch between two pins, and when it moves."""

    one: int
    other: int
    has_diode: bool = False
    moves: list[float] = field(default_factory=list)  # Each turns it over.

    def is_closed(self, now: float) -> bool:
        return bisect_right(self.moves, now) % 2 == 1

    def next_move(self, now: float) -> float:
        number = bisect_right(self.moves, now)
        return self.moves[number] if number < len(self.moves) else inf

    def move(self, at: float, bounce_s: float, random: Random) -> None:
        """Open or close at that moment, bouncing for as long as that at most."""
        assert not self.moves or self.moves[-1] <= at, "in order"
        bounces = random.randrange(0, 8) * 2 if bounce_s else 0
        self.moves += [at, *sorted(at + random.random() * bounce_s for _ in range(bounces))]


class Circuit:
    """Pins and contacts."""

    def __init__(self, seed: int = 1, noise: float = 0.0) -> None:
        self.now = 0.0
        self.random = Random(seed)
        self.noise = noise
        self.contacts: list[Contact] = []
        self.pulled_up: set[int] = set()
        self.driven: dict[int, bool] = {}
        self._closed: list[Contact] = []
        self._closed_from, self._closed_until = inf, -inf  # While nothing moves.

    def level(self, pin: int) -> bool:
        """Return whether a pin is high: nothing that it is joined with pulls it down."""
        joined = self._joined(pin)
        levels = {self.driven[one] for one in joined if one in self.driven}
        assert len(levels) < 2, "a short circuit"
        if GROUND in joined:
            assert True not in levels, "a short circuit"
            return False
        if levels:
            return levels.pop()
        return pin in self.pulled_up or self.random.random() < 0.5

    def read(self, pin: int) -> bool:
        return self.level(pin) != (self.random.random() < self.noise)

    def next_move(self) -> float:
        """Return when the next contact moves, or infinity."""
        return min((contact.next_move(self.now) for contact in self.contacts), default=inf)

    def _joined(self, pin: int) -> set[int]:
        """Return every pin that current from this one can reach."""
        if not self._closed_from <= self.now < self._closed_until:
            self._closed = [one for one in self.contacts if one.is_closed(self.now)]
            self._closed_from, self._closed_until = self.now, self.next_move()
        found, new = {pin}, [pin]
        while new:
            here = new.pop()
            for contact in self._closed:
                ways = [(contact.one, contact.other)]
                ways += [] if contact.has_diode else [(contact.other, contact.one)]
                for start, end in ways:
                    if start == here and end not in found:
                        found.add(end)
                        new += [end] if end != GROUND else []
        return found

    def moved(self) -> None:
        """Note that a contact got another timetable."""
        self._closed_until = -inf


class Pwm:
    """As `RPi.GPIO.PWM`."""

    def __init__(self, module: FakeGpio, channel: int, frequency: float, /) -> None:
        assert module.circuit.driven.get(channel) is not None, "an output first"
        assert channel not in module.pwms, "A PWM object already exists for this GPIO channel"
        self.module, self.channel = module, channel
        self.heard: list[tuple[float, float]] = []  # Moment and pitch, 0 for silence.
        self.frequency, self.is_on, self.percent = float(frequency), False, 0.0
        module.pwms[channel] = self

    def start(self, dutycycle: float, /) -> None:
        assert 0 <= dutycycle <= 100
        self.is_on, self.percent = True, dutycycle
        self._note()

    def stop(self) -> None:
        self.is_on = False
        self._note()

    def ChangeFrequency(self, frequency: float, /) -> None:  # noqa: N802
        assert frequency > 0
        self.frequency = float(frequency)
        if self.is_on:
            self._note()

    def _note(self) -> None:
        self.heard.append((round(self.module.circuit.now, 3), self.frequency * self.is_on))


class FakeGpio(ModuleType):
    """The module."""

    BCM, OUT, IN, LOW, HIGH = 11, 0, 1, 0, 1
    PUD_OFF, PUD_DOWN, PUD_UP, RISING, FALLING, BOTH = 20, 21, 22, 31, 32, 33

    def __init__(self, circuit: Circuit) -> None:
        super().__init__("RPi.GPIO")
        self.circuit = circuit
        self.broken = ""
        self.stuck: int | None = None  # It is never let go of.
        self.breaks_with: type[Exception] = RuntimeError
        self.calls = 0
        self.cleaned: list[int] = []
        self.pwms: dict[int, Pwm] = {}
        self._mode: int | None = None
        self._edges: dict[int, tuple[Callable[[int], None], bool]] = {}

    def setmode(self, mode: int, /) -> None:
        assert mode == self.BCM
        self._mode = mode

    def setwarnings(self, on: bool, /) -> None:
        assert on is False

    def setup(
        self, channel: int, /, direction: int, pull_up_down: int = 20, initial: int | None = None
    ) -> None:
        self._check()
        if direction == self.OUT:
            assert pull_up_down == self.PUD_OFF, "pull_up_down is not valid for outputs"
            self._edges.pop(channel, None)
            self.circuit.pulled_up.discard(channel)
            self.circuit.driven[channel] = bool(initial)
        else:
            assert initial is None, "initial parameter is not valid for inputs"
            self.circuit.driven.pop(channel, None)
            self.circuit.pulled_up.discard(channel)
            if pull_up_down == self.PUD_UP:
                self.circuit.pulled_up.add(channel)
        self._pass()

    def output(self, channel: int, value: int, /) -> None:
        self._check()
        assert channel in self.circuit.driven, "The GPIO channel has not been set up as an OUTPUT"
        self.circuit.driven[channel] = bool(value)
        self._pass()

    def input(self, channel: int, /) -> int:
        self._check()
        assert channel in self.circuit.driven or channel in self.circuit.pulled_up
        self._pass()
        return int(self.circuit.read(channel))

    def add_event_detect(
        self,
        channel: int,
        /,
        edge: int,
        callback: Callable[[int], None] | None = None,
        bouncetime: int = -666,
    ) -> None:
        self._check()
        assert edge == self.BOTH
        assert callback
        if channel in self._edges:
            raise RuntimeError("Conflicting edge detection already enabled for this GPIO channel")
        self._edges[channel] = (callback, self.circuit.level(channel))

    def remove_event_detect(self, channel: int, /) -> None:
        self._check()
        self._edges.pop(channel, None)

    def cleanup(self, channel: list[int], /) -> None:
        if self.broken or self.stuck in channel:
            raise self.breaks_with("bad GPIO number")
        self.cleaned += channel
        for one in channel:
            self.circuit.driven.pop(one, None)

    def PWM(self, channel: int, frequency: float, /) -> Pwm:  # noqa: N802
        self._check()
        return Pwm(self, channel, frequency)

    def look_for_edges(self) -> None:
        """Call whoever waits for a pin that is at another level now, as the kernel does."""
        for pin, (callback, was_high) in list(self._edges.items()):
            is_high = self.circuit.level(pin)
            if is_high != was_high:
                self._edges[pin] = (callback, is_high)
                callback(pin)

    def _check(self) -> None:
        self.calls += 1
        assert self._mode == self.BCM, "Please set pin numbering mode"
        if self.broken:
            raise self.breaks_with(self.broken)

    def _pass(self) -> None:
        self.circuit.now += CALL_S
        self.look_for_edges()


class Desk:
    """The worker's place in simulated time: it steps parts when they are due or woken."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, seed: int = 1, noise: float = 0.0) -> None:
        self.circuit = Circuit(seed, noise)
        self.module = FakeGpio(self.circuit)
        package = ModuleType("RPi")
        package.GPIO = self.module  # type: ignore[attr-defined]
        monkeypatch.setitem(sys.modules, "RPi", package)
        monkeypatch.setitem(sys.modules, "RPi.GPIO", self.module)
        self.touches = 0
        self.steps = 0
        self._is_woken = True
        self._due: float | None = 0.0

    # The office of the parts.

    def wake(self) -> None:
        self._is_woken = True

    def tell(self, listener: Callable[[], None]) -> None:
        listener()

    def touched(self) -> None:
        self.touches += 1

    def run(self, step: Callable[[float], float | None], until: float) -> None:
        """Let time pass; nothing runs that is neither due nor woken."""
        circuit = self.circuit
        circuit.moved()
        while True:
            if self._is_woken or (self._due is not None and self._due <= circuit.now):
                self._is_woken = False
                self.steps += 1
                self._due = step(circuit.now)
                continue
            due = inf if self._due is None else self._due
            circuit.now = max(circuit.now, min(until, due, circuit.next_move()))
            if circuit.now >= until:
                return
            self.module.look_for_edges()
