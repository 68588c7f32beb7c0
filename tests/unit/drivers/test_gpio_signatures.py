"""The fake `RPi.GPIO` takes a call only if both real modules do: the original, and rpi-lgpio.

Neither can be imported here: the original is compiled for a Raspberry Pi, and both want its chip.
So their signatures stand here as stubs, read from the sources of the versions that are named; the
lock file may not pin another one without a look at them.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from drivers.gpio import Gpio
from tests.unit.drivers.circuit import FakeGpio, Pwm

ROOT = Path(__file__).parents[3]
LGPIO_VERSION = "0.6"


class Original:
    """RPi.GPIO 0.7.1, `source/py_gpio.c` and `py_pwm.c`: without a `kwlist` by position only."""

    def setmode(self, mode, /): ...  # type: ignore[no-untyped-def]
    def setwarnings(self, on, /): ...  # type: ignore[no-untyped-def]
    def setup(self, channel, direction, pull_up_down=20, initial=-1): ...  # type: ignore[no-untyped-def]
    def output(self, channel, value, /): ...  # type: ignore[no-untyped-def]
    def input(self, channel, /): ...  # type: ignore[no-untyped-def]
    def add_event_detect(self, gpio, edge, callback=None, bouncetime=-666): ...  # type: ignore[no-untyped-def]
    def remove_event_detect(self, channel, /): ...  # type: ignore[no-untyped-def]
    def cleanup(self, channel=-666): ...  # type: ignore[no-untyped-def]
    def PWM(self, channel, frequency, /): ...  # type: ignore[no-untyped-def]  # noqa: N802
    def start(self, dutycycle, /): ...  # type: ignore[no-untyped-def]
    def stop(self): ...  # type: ignore[no-untyped-def]
    def ChangeFrequency(self, frequency, /): ...  # type: ignore[no-untyped-def]  # noqa: N802


class Lgpio:
    """rpi-lgpio, `RPi/GPIO/__init__.py`."""

    def setmode(self, new_mode): ...  # type: ignore[no-untyped-def]
    def setwarnings(self, value): ...  # type: ignore[no-untyped-def]
    def setup(self, chanlist, direction, pull_up_down=20, initial=None): ...  # type: ignore[no-untyped-def]
    def output(self, channel, value): ...  # type: ignore[no-untyped-def]
    def input(self, channel): ...  # type: ignore[no-untyped-def]
    def add_event_detect(self, channel, edge, callback=None, bouncetime=None): ...  # type: ignore[no-untyped-def]
    def remove_event_detect(self, channel): ...  # type: ignore[no-untyped-def]
    def cleanup(self, chanlist=None): ...  # type: ignore[no-untyped-def]
    def PWM(self, channel, frequency): ...  # type: ignore[no-untyped-def]  # noqa: N802
    def start(self, dc): ...  # type: ignore[no-untyped-def]
    def stop(self): ...  # type: ignore[no-untyped-def]
    def ChangeFrequency(self, frequency): ...  # type: ignore[no-untyped-def]  # noqa: N802


NAMES = [name for name in vars(Original) if not name.startswith("__")]
KEYWORD = {inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY}

CONSTANTS = {
    "BCM": 11, "OUT": 0, "IN": 1, "LOW": 0, "HIGH": 1, "PUD_OFF": 20, "PUD_DOWN": 21,
    "PUD_UP": 22, "RISING": 31, "FALLING": 32, "BOTH": 33,
}  # fmt: skip
"""The same numbers in both."""


def parameters(function: Callable[..., Any]) -> list[inspect.Parameter]:
    """Return what a method takes besides itself."""
    return list(inspect.signature(function).parameters.values())[1:]


def fake(name: str) -> Callable[..., Any]:
    function: Callable[..., Any] = getattr(FakeGpio, name, None) or getattr(Pwm, name)
    return function


@pytest.mark.parametrize("real", [Original, Lgpio])
@pytest.mark.parametrize("name", NAMES)
def test_the_fake_takes_no_call_that_a_real_one_refuses(name: str, real: type) -> None:
    ours, theirs = parameters(fake(name)), parameters(getattr(real, name))
    by_name = {one.name: number for number, one in enumerate(theirs) if one.kind in KEYWORD}
    assert len(ours) <= len(theirs)
    for number, one in enumerate(ours):
        if one.kind in KEYWORD:
            assert by_name.get(one.name) == number, f"{name} has no {one.name} there"
        if one.default is not inspect.Parameter.empty:
            assert theirs[number].default is not inspect.Parameter.empty, f"{one.name} is needed"


def test_both_have_been_looked_at_in_the_version_that_is_pinned() -> None:
    assert f"\nrpi-lgpio=={LGPIO_VERSION} ;" in (ROOT / "requirements.lock").read_text()


def test_the_numbers_are_those_of_both() -> None:
    assert {name: getattr(FakeGpio, name) for name in CONSTANTS} == CONSTANTS


class Listener:
    """A module that takes every call and binds it to both signatures."""

    def __init__(self) -> None:
        self.heard: set[str] = set()

    def __getattr__(self, name: str) -> Any:
        return CONSTANTS[name] if name in CONSTANTS else lambda *a, **k: self._take(name, a, k)

    def _take(self, name: str, values: tuple[Any, ...], named: dict[str, Any]) -> Any:
        for real in (Original, Lgpio):
            inspect.signature(getattr(real, name)).bind(self, *values, **named)
        self.heard.add(name)
        return self


def test_every_call_of_the_driver_is_understood_by_both(monkeypatch: pytest.MonkeyPatch) -> None:
    listener = Listener()
    package = type("RPi", (), {"GPIO": listener})
    monkeypatch.setitem(sys.modules, "RPi", package)
    gpio = Gpio()
    gpio.open()
    gpio.pull_up(4)
    gpio.on_edge(4, lambda: None)
    gpio.is_high(4)
    gpio.drive(5, high=True)
    gpio.write(5, high=False)
    pwm = gpio.pwm(6, 1000.0)
    pwm.change_frequency(500.0)
    pwm.start(50.0)
    pwm.stop()
    gpio.close()
    assert listener.heard == set(NAMES)
