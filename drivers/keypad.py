"""The keys: a matrix of contacts on GPIO pins, without diodes.

Theory of operation
-------------------
    asleep     every row is driven low and every column pulled up: any key is an edge on its column
    scanning   one row after the other is driven low, the others are let go; a low column is a key

Rows that are not looked at are inputs, never high outputs: two keys of one column would join two
outputs. `Scanner` decides what counts. Edges also come from our own scanning; they only bring the
next look forward, which is taken when it is due.

A matrix that cannot be used is looked for again every `RETRY_S`; `fault` says why meanwhile.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from drivers.gpio import Gpio, GpioError
from drivers.interfaces import nobody
from drivers.scanner import Crossing, Scanner, Touch
from drivers.worker import Office

RETRY_S = 10.0

REPEATING = frozenset({"up", "down", "volume"})
"""The keys that repeat while they are held: those that walk through something."""


@dataclass(frozen=True, slots=True)
class KeypadPins:
    """GPIO numbers of the rows and columns, and the names of the keys, row by row."""

    rows: tuple[int, ...]
    columns: tuple[int, ...]
    keys: tuple[tuple[str, ...], ...]


class MatrixKeypad:
    """The keys of a board."""

    def __init__(
        self, pins: KeypadPins, gpio: Gpio, office: Office, touched: Callable[[], None]
    ) -> None:
        self.fault = ""
        self.down = frozenset[str]()  # Written by the pins' thread, read by any.
        self._pins, self._gpio, self._office, self._touched = pins, gpio, office, touched
        keys = {
            (row, column): key
            for row, line in enumerate(pins.keys)
            for column, key in enumerate(line)
            if key
        }
        self._scanner = Scanner(keys, REPEATING)
        self._pressed: Callable[[str], None] = nobody
        self._held: Callable[[str], None] = nobody
        self._is_open = False
        self._open_at = 0.0

    def listen(self, pressed: Callable[[str], None], held: Callable[[str], None] = nobody) -> None:
        """Call `pressed` with the name of each key that goes down, `held` where it stays there."""
        self._pressed, self._held = pressed, held

    def step(self, now: float) -> float | None:
        """Look at the keys if it is time to."""
        if not self._is_open and now < self._open_at:
            return self._open_at
        try:
            if not self._is_open:
                self._open()
            return self._look(now)
        except GpioError as error:
            self._is_open, self._open_at = False, now + RETRY_S
            self.fault = f"No keypad: {error}"
            return self._open_at

    def close(self) -> None:
        """Nothing of its own: the pins are let go of together."""

    def _open(self) -> None:
        self._gpio.open()
        for column in self._pins.columns:
            self._gpio.pull_up(column)
        self._rest()
        for column in self._pins.columns:
            self._gpio.on_edge(column, self._office.wake)
        self._is_open = True

    def _look(self, now: float) -> float | None:
        at = self._scanner.next_at
        if at is not None and now < at:
            return at
        if at is None and not self._any_low():
            self.fault = ""
            return None
        for touch in self._scanner.scan(self._closed(), now):
            self._touched()
            self._office.tell(partial(self._hear, touch))
        self.down = self._scanner.down
        self.fault = _stuck_words(self._scanner.stuck)
        return self._scanner.next_at

    def _hear(self, touch: Touch) -> None:
        (self._held if touch.is_held else self._pressed)(touch.key)

    # The matrix.

    def _closed(self) -> set[Crossing]:
        """Scan every row; afterwards the rows rest again."""
        found: set[Crossing] = set()
        for pin in self._pins.rows:
            self._gpio.pull_up(pin)
        for row, pin in enumerate(self._pins.rows):
            self._gpio.drive(pin, high=False)
            found |= {(row, column) for column in self._low_columns()}
            self._gpio.pull_up(pin)
        self._rest()
        return found

    def _rest(self) -> None:
        for pin in self._pins.rows:
            self._gpio.drive(pin, high=False)

    def _low_columns(self) -> list[int]:
        pins = enumerate(self._pins.columns)
        return [column for column, pin in pins if not self._gpio.is_high(pin)]

    def _any_low(self) -> bool:
        return bool(self._low_columns())


def _stuck_words(stuck: Sequence[str]) -> str:
    if not stuck:
        return ""
    names = ", ".join(stuck)
    return f"The key {names} is stuck" if len(stuck) == 1 else f"The keys {names} are stuck"
