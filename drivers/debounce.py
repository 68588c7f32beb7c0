"""When a contact counts as closed or open: a switch bounces, and a line catches noise.

Pure: samples and `now` in, changes out. A contact counts as closed once it was seen closed for
`close_s` without a break, and as open once it was seen open for `open_s`. A key is told early and
let go late (its bounce while it goes down falls into the long one); a hook the other way round.
"""

from __future__ import annotations

import math


class Debounce:
    """One contact."""

    def __init__(self, close_s: float, open_s: float) -> None:
        self.is_closed = False
        self.changes_at = math.inf  # The earliest moment at which it may count as changed.
        self._close_s, self._open_s = close_s, open_s

    @property
    def is_settled(self) -> bool:
        """Tell whether the last sample was what counts."""
        return self.changes_at == math.inf

    def sample(self, closed: bool, now: float, extra_s: float = 0.0) -> bool:
        """Take a sample; return whether the contact counts as changed with it.

        `extra_s` makes this closing wait longer, for whoever has a doubt.
        """
        if closed == self.is_closed:
            self.changes_at = math.inf
            return False
        if self.is_settled:
            self.changes_at = now + (self._close_s + extra_s if closed else self._open_s)
        if now < self.changes_at:
            return False
        self.is_closed, self.changes_at = closed, math.inf
        return True
