"""The message lamp: a light on a GPIO pin."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass

from drivers.gpio import Gpio, GpioError
from drivers.interfaces import LampPattern
from drivers.worker import Office

FLASH_S = 0.5
"""Half of a flash."""

RETRY_S = 10.0


@dataclass(frozen=True, slots=True)
class LampPins:
    """The GPIO number of the light, and whether it is lit while the pin is high."""

    pin: int
    lit_is_high: bool = True


class Light:
    """The lamp of a board."""

    def __init__(self, pins: LampPins, gpio: Gpio, office: Office) -> None:
        self.fault = ""
        self._pins, self._gpio, self._office = pins, gpio, office
        self._pattern = LampPattern.OFF
        self._flashing_since: float | None = None
        self._is_lit: bool | None = None  # None: the pin is not ours yet.
        self._open_at = 0.0

    def show(self, pattern: LampPattern) -> None:
        """Show this pattern from now on."""
        self._pattern = pattern
        self._office.wake()

    def step(self, now: float) -> float | None:
        """Light the lamp, or let it be dark."""
        if self._is_lit is None and now < self._open_at:
            return self._open_at
        lit, next_at = self._wanted(now)
        try:
            self._light(lit)
        except GpioError as error:
            self._is_lit, self._open_at = None, now + RETRY_S
            self.fault = f"No lamp: {error}"
            return self._open_at
        self.fault = ""
        return next_at

    def close(self) -> None:
        """Leave it dark: a phone that is off has no messages."""
        with suppress(GpioError):
            if self._is_lit:
                self._light(lit=False)

    def _wanted(self, now: float) -> tuple[bool, float | None]:
        """Return whether the lamp is lit at that moment, and until when that holds."""
        if self._pattern is not LampPattern.FLASHING:
            self._flashing_since = None
            return self._pattern is LampPattern.ON, None
        if self._flashing_since is None:
            self._flashing_since = now
        halves = int((now - self._flashing_since) / FLASH_S + 1e-6)
        return halves % 2 == 0, self._flashing_since + (halves + 1) * FLASH_S

    def _light(self, lit: bool) -> None:
        if lit == self._is_lit:
            return
        high = lit == self._pins.lit_is_high
        if self._is_lit is None:
            self._gpio.open()
            self._gpio.drive(self._pins.pin, high)
        else:
            self._gpio.write(self._pins.pin, high)
        self._is_lit = lit
