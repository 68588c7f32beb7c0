"""The ringer: a piezo on a GPIO pin, switched on and off at the pitch that is heard.

What it plays is a melody: notes one after the other, and again. The softer it is, the shorter the
part of each period that the pin is high: half of it is the loudest that a piezo can be.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from drivers.gpio import Gpio, GpioError, Pwm
from drivers.interfaces import Melody
from drivers.worker import Office

CLASSIC = Melody((*((1000.0, 0.05), (1250.0, 0.05)) * 10, (0.0, 3.0)))
"""A warble as long as a telephone's bell rings, and then a pause; until somebody tunes it."""

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
        self._melody = CLASSIC
        self._heard: Melody | None = None  # What the ring in progress plays.
        self._since: float | None = None
        self._pwm: Pwm | None = None  # Kept: the library stops a pin that nobody holds.
        self._pitch: float | None = None  # What is heard,
        self._loudness = 0.0  # and how loud.
        self._open_at = 0.0

    def tune(self, melody: Melody) -> None:
        """Ring like this from now on."""
        self._melody = melody
        self._office.wake()

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
        melody = self._melody
        if not self._is_wanted or not melody.loudness or not melody.notes:
            self._since = self._heard = None
            return None, None
        if self._since is None or self._heard != melody:
            self._since, self._heard = now, melody
        round_s = sum(length_s for _, length_s in melody.notes)
        rounds = (now - self._since + 1e-6) // round_s
        ends_at = self._since + rounds * round_s
        for pitch, length_s in melody.notes:
            ends_at += length_s
            if ends_at > now + 1e-6:
                return pitch or None, ends_at
        raise AssertionError("a round has an end")

    def _sound(self, pitch: float | None) -> None:
        if self._pwm is None:
            self._gpio.open()
            self._pwm = self._gpio.pwm(self._pins.pin, CLASSIC.notes[0][0])
        if (pitch, self._melody.loudness) == (self._pitch, self._loudness):
            return
        if self._pitch is not None and (pitch is None or self._loudness != self._melody.loudness):
            self._pwm.stop()
            self._pitch = None
        self._loudness = self._melody.loudness
        if pitch is not None:
            self._pwm.change_frequency(pitch)
            if self._pitch is None:
                self._pwm.start(LOUD_PERCENT * self._loudness**2)
        self._pitch = pitch
