"""Sets parameters on this phone, for whoever sits at one of its doors: console, page, program.

What is set is kept first, in a thread, and counts then: whatever waits for a disk is told of it
afterwards. One change at a time; each is in the log, without secrets.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Protocol

from config.configuration import Configuration
from config.kinds import PIN_HASH
from config.store import Store
from firmware.provision.changes import changes
from firmware.provision.events import Change
from firmware.runtime.pin_keeper import record_of

log = logging.getLogger("handset.settings")

PASSWORD = "admin password"  # noqa: S105 (a parameter's name)


class Changed(Protocol):
    """Takes over what was kept."""

    def __call__(self, configuration: Configuration, /, *, waits: bool) -> None:
        """Go on with this; `waits`: some of it counts after a new start only."""


class Setter:
    """Between a door and the store."""

    def __init__(
        self,
        store: Store,
        configuration: Callable[[], Configuration],
        changed: Changed,
    ) -> None:
        self._store, self._configuration, self._changed = store, configuration, changed
        self._turn = asyncio.Lock()

    async def set(self, name: str, text: str, account: int = 0) -> tuple[Change, ...]:
        """Keep a value, and let it count; return what has changed. Raises ConfigError."""
        return await self._do(lambda: self._set(name, text, account))

    async def unset(self, name: str, account: int = 0) -> tuple[Change, ...]:
        """Forget a value that was set on this phone. Raises ConfigError."""
        return await self._do(lambda: self._store.unset_local(name, account))

    def _set(self, name: str, text: str, account: int) -> None:
        if name == PASSWORD and text and not PIN_HASH.fullmatch(text):
            text = record_of(text)
        self._store.set_local(name, text, account)

    async def _do(self, change: Callable[[], None]) -> tuple[Change, ...]:
        def done() -> Configuration:
            change()
            return self._store.read()

        async with self._turn:
            after = await asyncio.to_thread(done)
            found = changes(self._configuration(), after)
            for one in found:
                log.info("changed: %s", one.text)
            self._changed(after, waits=any(one.needs_restart for one in found))
        return found
