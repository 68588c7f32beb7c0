"""Whether the parts of the board work: what fails is said on what still works.

A part says in its `fault` what is wrong with it. It is looked at every few seconds: nobody repairs
a display faster than that, and a part needs no way of its own to be heard.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Protocol

from firmware.phone.events import WarningsChanged

log = logging.getLogger("handset.parts")

LOOK_S = 3.0


class Troubled(Protocol):
    """A board, as far as it can be broken."""

    @property
    def troubles(self) -> tuple[str, ...]:
        """What is wrong with its parts, as sentences."""

    @property
    def ended(self) -> bool:
        """Whether a thread of its parts has ended by itself."""


class PartWatch:
    """Feeds `WarningsChanged`; calls `broken` where the board has to be started anew."""

    def __init__(
        self, board: Troubled, feed: Callable[[object], None], broken: Callable[[], None]
    ) -> None:
        self._board, self._feed, self._broken = board, feed, broken
        self._told: tuple[str, ...] = ()
        self._timer: asyncio.TimerHandle | None = None

    def start(self) -> None:
        """Look now and from now on."""
        self._timer = asyncio.get_running_loop().call_later(LOOK_S, self.start)
        if self._board.ended:
            self._broken()
        found = self._board.troubles
        if found != self._told:
            for text in found:
                if text not in self._told:
                    log.warning("%s", text)
            self._told = found
            self._feed(WarningsChanged(found))

    def stop(self) -> None:
        """Look no more."""
        if self._timer is not None:
            self._timer.cancel()
        self._timer = None
