"""What of the configuration is in force, and what a change of it means to a phone in use (L5).

What the table of parameters says counts at once is taken over as it comes: by the link, by the
accounts, by the next connection. All else stays as it was at the start, which comes again by itself
when nobody uses the phone.

A link is made anew where connections are made otherwise from now on: other certificate files, or
another way out of this phone. Files that cannot be used are no reason to cut a link that is up: the
certificate watch says what is wrong, and the next connection fails closed (I4).
"""

from __future__ import annotations

import asyncio
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
from firmware.runtime.tls import TlsContexts, TlsFilesError
from firmware.runtime.transport import TransportSettings
from firmware.settings import news, stack_settings
from firmware.stack import StackSettings


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
        self._turn = asyncio.Lock()
        self.settings = self._settings(problems_of(configuration, directory))

    @property
    def problems(self) -> tuple[str, ...]:
        """What is wrong with it, as sentences."""
        return self.settings.phone.problems

    @property
    def way_out(self) -> TransportSettings:
        """How connections leave this phone."""
        return transport_settings(self._running)

    async def renew(
        self, configuration: Configuration, use: Callable[[TransportSettings], None]
    ) -> list[object]:
        """Go on with another configuration; return what the phone is to be told of it.

        `use` takes the new way out. Files are read by threads: the phone does not wait for a disk.
        """
        async with self._turn:
            running = configuration.beside(self._started)
            wrong = await asyncio.to_thread(problems_of, running, self._directory)
            way, self._running = self.way_out, running
            self._ways += await self._are_new(way)
            use(self.way_out)
            before, self.settings = self.settings, self._settings(wrong)
            return news(before, self.settings)

    async def _are_new(self, way: TransportSettings) -> bool:
        """Tell whether connections are made otherwise, and can be made so."""
        files = tls_files(self._running, self._directory)
        if files == self.contexts.files:
            return self.way_out != way
        self.contexts.use(files)
        try:
            await self.contexts.read()
        except TlsFilesError:
            return False
        return True

    def _settings(self, wrong: tuple[str, ...]) -> StackSettings:
        settings = stack_settings(
            self._running,
            (*self._undone, *wrong, *self._refused),
            blocker_of(self._running, self._refused),
            self._instance,
            self._user_agent,
        )
        return replace(settings, link=replace(settings.link, ways=self._ways))
