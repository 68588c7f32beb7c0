"""What the console has done outside: hashes, the disk, the network; never on the event loop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine

from config.configuration import Configuration
from config.store import ConfigError
from firmware.console.console import PASSWORD
from firmware.console.events import (
    CheckPassword,
    ConfigurationIs,
    Do,
    KeepPassword,
    PasswordChecked,
    PasswordKept,
    ShowCode,
)
from firmware.phone.events import FactsTold
from firmware.phone.facts import SETUP
from firmware.runtime.pin_keeper import is_pin, record_of
from firmware.runtime.surroundings import Surroundings


class Worker:
    """Does what is asked for, and feeds the console what came of it."""

    def __init__(self, around: Surroundings, feed: Callable[[object], None]) -> None:
        self._around, self._feed = around, feed
        self._tasks: set[asyncio.Task[None]] = set()

    def do(self, wanted: CheckPassword | KeepPassword | ShowCode | Do) -> None:
        """Begin it."""
        match wanted:
            case ShowCode(code):
                rows = (("Code", code.text), ("", "for the console")) if code.text else ()
                self._around.feed(FactsTold(SETUP, rows))
            case CheckPassword(password):
                self._begin(self._check(password.text))
            case KeepPassword(password):
                self._begin(self._keep(password.text))
            case Do():
                raise AssertionError(f"nobody does {wanted!r}")

    async def stop(self) -> None:
        """Let what was begun be done."""
        await asyncio.gather(*self._tasks)

    def _begin(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _check(self, password: str) -> None:
        record = str(self._around.configuration().value(PASSWORD))
        self._feed(PasswordChecked(await asyncio.to_thread(is_pin, password, record)))

    async def _keep(self, password: str) -> None:
        record = await asyncio.to_thread(record_of, password)
        try:
            configuration = await asyncio.to_thread(self._set, PASSWORD, record)
        except ConfigError as error:
            self._feed(PasswordKept(str(error)))
            return
        self._around.changed(configuration)
        self._feed(ConfigurationIs(configuration))
        self._feed(PasswordKept())

    def _set(self, name: str, text: str, account: int = 0) -> Configuration:
        """Keep a setting; return the configuration with it. Runs in a thread."""
        self._around.store.set_local(name, text, account)
        return self._around.store.read()
