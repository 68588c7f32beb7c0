"""What of the configuration is in force, and what a change of it means to a phone in use (L5).

What the table of parameters says counts at once is taken over as it comes: by the link, by the
accounts, by the next connection. All else stays as it was at the start, which comes again by itself
when nobody uses the phone.

A link is made anew where connections are made otherwise from now on: other certificate files, or
another way out of this phone. Files that cannot be used are no reason to cut a link that is up: the
certificate watch says what is wrong, and the next connection fails closed (I4).

Files that a slow disk has not given yet are neither good nor bad. All that needs no disk is told
within `DISK_S`, with a sentence about the disk; the rest follows when it answers, however late. One
look goes on at a time, always at the newest configuration: a disk that hangs costs one thread.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from config.configuration import Configuration
from firmware.runtime.from_configuration import (
    blocker_of,
    problems_of,
    tls_files,
    transport_settings,
)
from firmware.runtime.tasks import Tasks
from firmware.runtime.tls import DISK_S, DISK_SILENT, DiskSilentError, TlsContexts, TlsFilesError
from firmware.runtime.transport import TransportSettings
from firmware.settings import news, stack_settings
from firmware.stack import StackSettings

log = logging.getLogger("handset.settings")


class InForce:
    """The settings of a phone, from its start on.

    `undone` says what could not be done before the start, `refused` what TLS mode lacks (L3).
    """

    def __init__(
        self,
        configuration: Configuration,
        directory: Path,
        instance: str,
        user_agent: str,
        undone: str,
        refused: tuple[str, ...],
    ) -> None:
        self._started = self._running = configuration
        self._directory, self._instance, self._user_agent = directory, instance, user_agent
        self._undone, self._refused = (undone,) if undone else (), refused
        self._ways = 0
        self.contexts = TlsContexts(tls_files(configuration, directory))
        self.contexts.begin()
        self._changes = self._looked = (
            0  # How often it was changed, and which change was looked at.
        )
        self._is_otherwise = False  # Connections are to be made otherwise; nobody has looked yet.
        self._looks = Tasks()
        self._looking: asyncio.Task[None] | None = None
        self._wrong = problems_of(configuration, directory)
        self.settings = self._settings(self._wrong)

    @property
    def problems(self) -> tuple[str, ...]:
        """What is wrong with it, as sentences."""
        return self.settings.phone.problems

    @property
    def way_out(self) -> TransportSettings:
        """How connections leave this phone."""
        return transport_settings(self._running)

    async def renew(
        self,
        configuration: Configuration,
        use: Callable[[TransportSettings], None],
        tell: Callable[[object], None],
    ) -> None:
        """Go on with another configuration; `tell` takes each thing that the phone is to be told.

        `use` takes the new way out. Files are read by threads: the phone does not wait for a disk.
        After `DISK_S` this returns, and what the disk did not say yet is told later.
        """
        way, self._running = self.way_out, configuration.beside(self._started)
        files = tls_files(self._running, self._directory)
        self._is_otherwise |= files != self.contexts.files or self.way_out != way
        if files != self.contexts.files:
            self.contexts.use(files)
        use(self.way_out)
        self._changes += 1
        if self._looking is None or self._looking.done():
            self._looking = self._looks.begin(self._look(tell))
        try:
            await asyncio.wait_for(asyncio.shield(self._looking), DISK_S)
        except TimeoutError:
            log.warning("%s: what follows from it is told when it does", DISK_SILENT)
            self._tell((*self._wrong, DISK_SILENT), tell)

    async def _look(self, tell: Callable[[object], None]) -> None:
        """See what the files say of the newest configuration, and tell it."""
        while self._looked != self._changes:
            change, running = self._changes, self._running
            wrong = await asyncio.to_thread(problems_of, running, self._directory)
            is_otherwise, self._is_otherwise = self._is_otherwise, False
            if is_otherwise and await self._can_be_made():
                self._ways += 1
            self._looked, self._wrong = change, wrong
        self._tell(self._wrong, tell)

    async def _can_be_made(self) -> bool:
        """Tell whether the certificate files can be used; a silent disk is asked again."""
        while True:
            try:
                await self.contexts.read()
            except DiskSilentError:
                continue
            except TlsFilesError:
                return False
            return True

    def _tell(self, wrong: tuple[str, ...], tell: Callable[[object], None]) -> None:
        before, self.settings = self.settings, self._settings(wrong)
        for event in news(before, self.settings):
            tell(event)

    def _settings(self, wrong: tuple[str, ...]) -> StackSettings:
        settings = stack_settings(
            self._running,
            (*self._undone, *wrong, *self._refused),
            blocker_of(self._running, self._refused),
            self._instance,
            self._user_agent,
        )
        return replace(settings, link=replace(settings.link, ways=self._ways))
