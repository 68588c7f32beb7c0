"""The ringer: a piezo on a GPIO pin, switched on and off at the pitch that is heard.

A ring is two pitches in turn (a warble is told from which side it comes, a single one is not), as
long as a telephone's bell rings, and then a pause.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from drivers.gpio import Gpio, GpioError, Pwm
from drivers.worker import Office

PITCHES_HZ = (1000.0, 1250.0)

PITCH_S = 0.05

RING_S = 1.0

PERIOD_S = 4.0
"""From the beginning of a ring to that of the next one."""

LOUD_PERCENT = 50.0

RETRY_S = 10.0


@dataclass(frozen=True, slots=True)
class RingerPins:
    """The GPIO number of the piezo."""

    pin: int


class PiezoRinger:
    """The ringer of a board."""

    def __init__(
        self, pins: RingerPins, gpio: Gpio, office: Office, touched: Callable[[], None]
    ) -> None:
        self.fault = ""
        self._pins, self._gpio, self._office, self._touched = pins, gpio, office, touched
        self._is_wanted = False
        self._since: float | None = None
        self._pwm: Pwm | None = None  # Kept: the library stops a pin that nobody holds.
        self._pitch: float | None = None  # What is heard.
        self._open_at = 0.0

    def ring(self, ringing: bool) -> None:
        """Start ringing, or stop."""
        self._is_wanted = ringing
        self._touched()
        self._office.wake()

    def step(self, now: float) -> float | None:
        """Be heard, or be silent."""
        if self._pwm is None and now < self._open_at:
            return self._open_at
        pitch, next_at = self._wanted(now)
        try:
            self._sound(pitch)
        except GpioError as error:
            self._pwm = self._pitch = None
            self._open_at = now + RETRY_S
            self.fault = f"No ringer: {error}"
            return self._open_at
        self.fault = ""
        return next_at

    def close(self) -> None:
        """Be silent."""
        with suppress(GpioError):
            if self._pwm is not None:
                self._sound(None)

    def _wanted(self, now: float) -> tuple[float | None, float | None]:
        """Return the pitch of that moment, None in silence, and until when that holds."""
        if not self._is_wanted:
            self._since = None
            return None, None
        if self._since is None:
            self._since = now
        periods, into_s = divmod(now - self._since + 1e-6, PERIOD_S)
        began = self._since + periods * PERIOD_S
        if into_s >= RING_S:
            return None, began + PERIOD_S
        number = int(into_s / PITCH_S)
        return PITCHES_HZ[number % len(PITCHES_HZ)], began + (number + 1) * PITCH_S

    def _sound(self, pitch: float | None) -> None:
        if self._pwm is None:
            self._gpio.open()
            self._pwm = self._gpio.pwm(self._pins.pin, PITCHES_HZ[0])
        if pitch == self._pitch:
            return
        if pitch is None:
            self._pwm.stop()
        else:
            self._pwm.change_frequency(pitch)
            if self._pitch is None:
                self._pwm.start(LOUD_PERCENT)
        self._pitch = pitch
