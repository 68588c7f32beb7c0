"""Those who see what the phone says to the outside, the first of them from the first word on."""

from __future__ import annotations

from collections.abc import Callable

Watcher = Callable[[object], None]


class Watchers:
    """The watchers; `all` may be changed while nothing is told."""

    def __init__(self) -> None:
        self.all: list[Watcher] = []
        self._beside: list[Watcher] = []
        self._missed: list[object] = []  # What was said before anybody was there.

    def add(self, watcher: Watcher) -> None:
        """Let somebody see."""
        missed, self._missed = self._missed, []
        self.all.append(watcher)
        for output in missed:
            watcher(output)

    def overhear(self, watcher: Watcher) -> None:
        """Let somebody see from now on, who takes nothing from the first."""
        self._beside.append(watcher)

    def tell(self, output: object) -> None:
        """Show everybody."""
        if not self.all:
            self._missed.append(output)
        for watcher in (*self.all, *self._beside):
            watcher(output)
