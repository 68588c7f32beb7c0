"""Which page of facts is shown, and until when."""

from __future__ import annotations

PAGE_S = 60.0
"""How long a page stays before the idle screen comes back."""


class Pages:
    """The idle screen is page 0; the others are facts."""

    def __init__(self) -> None:
        self.number = 0
        self.back_by: float | None = None

    def turn_to(self, number: int, now: float) -> None:
        """Show a page."""
        self.number = number
        self.back_by = now + PAGE_S if number else None
