"""The pins of a Raspberry Pi, through `RPi.GPIO`: the original, or `rpi-lgpio` by the same name.

Both were read: what stands here is what both do. A pin is known by its GPIO number (BCM). The
library is imported when the pins are opened, since it refuses to be imported elsewhere than on a
Raspberry Pi. It calls `edge` on a thread of its own. All else here is for one thread.

An output is driven low or let go; nothing here drives a matrix line high, so two keys pressed at
once never join a pin that is high with one that is low.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Protocol


class GpioError(OSError):
    """The pins cannot be used; the text says why."""


class Pwm(Protocol):
    """A pin that is switched on and off many times a second."""

    def start(self, percent: float) -> None:
        """Begin, and be on for that part of the time."""

    def stop(self) -> None:
        """End; the pin is low."""

    def change_frequency(self, hertz: float) -> None:
        """Go on at another frequency."""


class Gpio:
    """The pins; not used before `open`."""

    def __init__(self) -> None:
        self._module: Any = None
        self._used: list[int] = []

    def open(self) -> None:
        """Take hold of the pins; raise `GpioError` where there are none."""
        if self._module is not None:
            return
        try:
            from RPi import GPIO  # noqa: PLC0415
        except ImportError as error:
            raise GpioError("RPi.GPIO is not installed") from error
        except (RuntimeError, NotImplementedError, OSError) as error:
            raise GpioError("this is no Raspberry Pi") from error
        GPIO.setwarnings(False)
        _call(GPIO.setmode, GPIO.BCM)
        self._module = GPIO

    def close(self) -> None:
        """Leave every pin that was used as an input, as it was found; one that is refused stays."""
        used, self._used = self._used, []
        for pin in used:
            with suppress(GpioError):
                _call(self._module.cleanup, [pin])

    def pull_up(self, pin: int) -> None:
        """Make a pin an input that is high while nobody pulls it down."""
        self._note(pin)
        module = self._module
        _call(module.setup, pin, module.IN, pull_up_down=module.PUD_UP)

    def drive(self, pin: int, high: bool) -> None:
        """Make a pin an output, of that level from the first moment on."""
        self._note(pin)
        module = self._module
        _call(module.setup, pin, module.OUT, initial=module.HIGH if high else module.LOW)

    def write(self, pin: int, high: bool) -> None:
        """Set the level of an output."""
        _call(self._module.output, pin, self._module.HIGH if high else self._module.LOW)

    def is_high(self, pin: int) -> bool:
        """Read a pin."""
        return bool(_call(self._module.input, pin))

    def on_edge(self, pin: int, edge: Callable[[], None]) -> None:
        """Call `edge` whenever an input changes, from a thread of the library."""
        module = self._module
        _call(module.remove_event_detect, pin)  # Of an attempt that failed half-way.
        _call(module.add_event_detect, pin, module.BOTH, callback=lambda _: edge())

    def pwm(self, pin: int, hertz: float) -> Pwm:
        """Make a pin one that can be switched on and off many times a second."""
        self.drive(pin, high=False)
        return _Pwm(_call(self._module.PWM, pin, hertz))

    def _note(self, pin: int) -> None:
        if self._module is None:
            raise GpioError("the pins are not open")
        if pin not in self._used:
            self._used.append(pin)


class _Pwm:
    """The library's own, under names of this house."""

    def __init__(self, module: Any) -> None:
        self._pwm = module

    def start(self, percent: float) -> None:
        _call(self._pwm.start, percent)

    def stop(self) -> None:
        _call(self._pwm.stop)

    def change_frequency(self, hertz: float) -> None:
        _call(self._pwm.ChangeFrequency, hertz)


def _call(function: Callable[..., Any], *values: object, **named: object) -> Any:
    """Call the library; what it raises becomes a `GpioError` in words."""
    try:
        return function(*values, **named)
    except _refusals() as error:
        raise GpioError(str(error)) from error


def _refusals() -> tuple[type[Exception], ...]:
    """Return what the library raises; `rpi-lgpio` lets through what its `lgpio` does."""
    lgpio: Any = sys.modules.get("lgpio")
    return (RuntimeError, OSError, lgpio.error) if lgpio else (RuntimeError, OSError)
