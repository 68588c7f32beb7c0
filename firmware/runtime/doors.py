"""The administrator's doors of one phone: the serial console and the web page."""

from __future__ import annotations

from collections.abc import Callable

from drivers.interfaces import SerialLine
from firmware.runtime.console_door import ConsoleDoor
from firmware.runtime.options import Place
from firmware.runtime.surroundings import Surroundings
from firmware.runtime.web_door import WebDoor


class Doors:
    """Each is loaded when somebody comes to it; one whose place is None is not there."""

    def __init__(
        self,
        around: Surroundings,
        serial: SerialLine | None,
        place: Place | None,
        warn: Callable[[object], None],
    ) -> None:
        self._console = None if serial is None else ConsoleDoor(serial, around)
        self._web = None if place is None else WebDoor(around, place, warn)

    def open(self, *, says_where: bool) -> None:
        """Let people come; on a desk, say where the console is."""
        if self._console is not None:
            self._console.start(says_where=says_where)
        if self._web is not None:
            self._web.start()

    def renew(self) -> None:
        """Follow a configuration, or an address, that is another one now."""
        if self._web is not None:
            self._web.renew()

    async def stop(self) -> None:
        """Let nobody in any more."""
        if self._web is not None:
            await self._web.stop()
        if self._console is not None:
            await self._console.stop()
