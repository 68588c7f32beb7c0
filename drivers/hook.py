"""The hook switch: a contact that the resting handset closes, or opens.

A handset that is lifted is told after `LIFT_S`: long enough for a bounce, short enough for a dial
tone that is there with the ear. One that is put back is told after `REST_S`: it rocks in its cradle
before it rests, and a call must not end for that. A flash (200-800 ms) is told as what it is, put
back and lifted again: what the two mean together the phone knows.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from drivers.debounce import Debounce
from drivers.gpio import Gpio, GpioError
from drivers.interfaces import nobody
from drivers.worker import Office

LIFT_S = 0.03

REST_S = 0.2

LOOK_S = 0.005
"""Between two looks while the switch moves."""

RETRY_S = 10.0


@dataclass(frozen=True, slots=True)
class HookPins:
    """The GPIO number of the switch, and whether it joins the pin to ground while lifted."""

    pin: int
    lifted_is_low: bool = True


class HookSwitch:
    """The hook of a board; on the hook until the switch was looked at."""

    def __init__(
        self, pins: HookPins, gpio: Gpio, office: Office, touched: Callable[[], None]
    ) -> None:
        self.fault = ""
        self.lifted = False
        self._pins, self._gpio, self._office, self._touched = pins, gpio, office, touched
        self._contact = Debounce(LIFT_S, REST_S)
        self._moved: Callable[[bool], None] = nobody
        self._is_open = False
        self._look_at = 0.0

    def listen(self, moved: Callable[[bool], None]) -> None:
        """Call `moved` each time the handset is lifted (True) or put back (False)."""
        self._moved = moved

    def step(self, now: float) -> float | None:
        """Look at the switch."""
        if not self._is_open and now < self._look_at:
            return self._look_at
        try:
            if not self._is_open:
                self._open()
            return self._look(now)
        except GpioError as error:
            self._is_open, self._look_at = False, now + RETRY_S
            self.fault = f"No hook switch: {error}"
            return self._look_at

    def close(self) -> None:
        """Nothing of its own: the pins are let go of together."""

    def _open(self) -> None:
        self._gpio.open()
        self._gpio.pull_up(self._pins.pin)
        self._gpio.on_edge(self._pins.pin, self._office.wake)
        self._is_open, self.fault = True, ""

    def _look(self, now: float) -> float | None:
        lifted = self._gpio.is_high(self._pins.pin) != self._pins.lifted_is_low
        if self._contact.sample(lifted, now):
            self._touched()
            self._office.tell(partial(self._heard, lifted))
        return None if self._contact.is_settled else min(now + LOOK_S, self._contact.changes_at)

    def _heard(self, lifted: bool) -> None:
        """Move, on the thread of the event loop."""
        self.lifted = lifted
        self._moved(lifted)
