"""Sets parameters on this phone, for whoever sits at one of its doors: console, page, program.

What is set is kept first, in a thread, and counts then: whatever waits for a disk is told of it
afterwards. One change at a time; each is in the log, without secrets.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from typing import Protocol

from config.admin_password import ADMIN_PASSWORD
from config.configuration import Configuration
from config.kinds import PIN_HASH
from config.layers import Key
from config.parameters import canonical
from config.store import Store
from firmware.provision.changes import changes
from firmware.provision.events import Change
from firmware.runtime.pin_keeper import record_of

log = logging.getLogger("handset.settings")


class Changed(Protocol):
    """Takes over what was kept."""

    async def __call__(self, configuration: Configuration, /, *, waits: bool) -> None:
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
        return await self.change({(canonical(name), account): text})

    async def change(self, wanted: Mapping[Key, str | None]) -> tuple[Change, ...]:
        """Set several parameters, and forget those that are None: all of them, or none.

        Raises ConfigError.
        """

        def done() -> Configuration:
            self._store.change_local({key: _kept(key, text) for key, text in wanted.items()})
            return self._store.read()

        async with self._turn:
            after = await asyncio.to_thread(done)
            found = changes(self._configuration(), after)
            for one in found:
                log.info("changed: %s", one.text)
            await self._changed(after, waits=any(one.needs_restart for one in found))
        return found


def _kept(key: Key, text: str | None) -> str | None:
    """Return a value as it is kept: the administrator's password as a hash, which takes time."""
    if key[0] != ADMIN_PASSWORD or not text or PIN_HASH.fullmatch(text):
        return text
    return record_of(text)
