"""Where a text stands that has no room: it moves, so that all of it can be read.

Theory of operation
-------------------
Drawing a screen finds at most one text that moves (`Moving`): of what the person looks at, the
first that has no room. It is shown with its beginning for `WAIT_S`, moves by `STEP_COLUMNS` each
`STEP_S` until its end is in sight, rests there for `REST_S`, and begins again. Another text begins
at its beginning; the same one goes on, however often its screen is drawn for a new second.

Each step crosses the display's bus and costs the processor a picture, so nothing moves for nobody:
where no key came for as long as the display stays bright, the text stands at its beginning, and
there is no deadline until somebody touches the phone.
"""

from __future__ import annotations

from firmware.frozen import frozen
from firmware.machine import is_due

WAIT_S = 1.5
"""The beginning is read: for as long nothing has to move."""

STEP_S = 0.08
STEP_COLUMNS = 2
"""25 columns a second are about five letters: nobody reads a moving line faster with ease."""

REST_S = 1.5

STILL_S = 60.0
"""Without a key for so long nobody reads; where the display dims sooner or later, then."""


@frozen
class Moving:
    """A text that moves, and how many of its columns have no room."""

    text: str
    columns: int


class Scrolling:
    """How far the text that moves has moved, in columns: `moved`."""

    def __init__(self, now: float) -> None:
        self.moved = 0
        self.still_s = STILL_S
        self._moving: Moving | None = None
        self._still_by = now + STILL_S
        self._move_at: float | None = None

    def follow(self, moving: Moving | None, now: float) -> bool:
        """Take the text that the screen has now; tell whether it is to be drawn once more."""
        if moving == self._moving:
            return False
        self._moving = moving
        self._begin(now)
        return self._moves_to(0)

    def touch(self, now: float) -> None:
        """Somebody is there."""
        if self._move_at is None:
            self._begin(now)
        self._still_by = now + self.still_s

    def deadline(self) -> float | None:
        """Return when the text moves next."""
        return self._move_at

    def wake(self, now: float) -> bool:
        """Move the text if that is due; tell whether it is to be drawn."""
        if self._moving is None or not is_due(self._move_at, now):
            return False
        if now >= self._still_by:
            self._move_at = None
            return self._moves_to(0)
        if self.moved == self._moving.columns:
            self._move_at = now + WAIT_S
            return self._moves_to(0)
        moved = min(self.moved + STEP_COLUMNS, self._moving.columns)
        self._move_at = now + (REST_S if moved == self._moving.columns else STEP_S)
        return self._moves_to(moved)

    def _begin(self, now: float) -> None:
        self._still_by = now + self.still_s
        self._move_at = None if self._moving is None else now + WAIT_S

    def _moves_to(self, moved: int) -> bool:
        before, self.moved = self.moved, moved
        return moved != before
