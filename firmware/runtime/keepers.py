"""Everything that the phone keeps over a restart: outages, calls, contacts, services."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from firmware.phone.events import OutageLog, OutageLogTrouble, OutagesKept
from firmware.phone.kept import (
    CallsKept,
    ContactsKept,
    DirectoryLog,
    HistoryLog,
    KeepingTrouble,
    ServicesKept,
    ServicesLog,
)
from firmware.runtime.directory_file import DIRECTORY
from firmware.runtime.history_file import HISTORY
from firmware.runtime.keeper import Keeper
from firmware.runtime.kept_file import KeptFile
from firmware.runtime.outage_file import OUTAGE_LOG
from firmware.runtime.services_file import SERVICES

FILES: tuple[KeptFile[Any], ...] = (OUTAGE_LOG, HISTORY, DIRECTORY, SERVICES)
"""All of them: a factory reset wipes these."""


class Keepers:
    """A keeper for each list."""

    def __init__(self, folder: Path, feed: Callable[[object], None]) -> None:
        def trouble(file: KeptFile[Any]) -> Callable[[str], None]:
            return lambda text: feed(KeepingTrouble(file.title, text))

        self._outages = Keeper(
            folder,
            OUTAGE_LOG,
            lambda kept: feed(OutagesKept(kept)),
            lambda text: feed(OutageLogTrouble(text)),
        )
        self._calls = Keeper(folder, HISTORY, lambda kept: feed(CallsKept(kept)), trouble(HISTORY))
        self._contacts = Keeper(
            folder, DIRECTORY, lambda kept: feed(ContactsKept(kept)), trouble(DIRECTORY)
        )

        self._services = Keeper(
            folder, SERVICES, lambda kept: feed(ServicesKept(kept)), trouble(SERVICES)
        )

    def start(self) -> None:
        """Tell the phone what was kept; from now on its lists are."""
        self._outages.start()
        self._calls.start()
        self._contacts.start()
        self._services.start()

    def take(self, output: object) -> None:
        """Keep a list when it changes; leave what is for somebody else."""
        match output:
            case OutageLog(outages):
                self._outages.keep(outages)
            case HistoryLog(calls):
                self._calls.keep(calls)
            case DirectoryLog(contacts):
                self._contacts.keep(contacts)
            case ServicesLog(services):
                self._services.keep(services)
            case _:
                pass

    async def stop(self) -> None:
        """Write the last words."""
        await self._outages.stop()
        await self._calls.stop()
        await self._contacts.stop()
        await self._services.stop()
