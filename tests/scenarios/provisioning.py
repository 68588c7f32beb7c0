"""A server of configuration files on the desk, and the provisioner of a phone beside it.

It has one file, `startup.cfg`, and gives it within a moment. A phone without one has no
provisioner, and what its folder says is its configuration.
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from config.configuration import Configuration
from config.fetched import FetchedFile
from config.store import Store
from firmware.phone.events import SettingsAre
from firmware.provision.changes import changes
from firmware.provision.events import (
    Fetch,
    FileAbsent,
    FileFetched,
    FilesKept,
    InUse,
    KeepFiles,
    StartAnew,
)
from firmware.provision.provisioner import Provisioner, ProvisionEvent
from firmware.provision.server import ProvisionSettings, Server
from firmware.settings import news, preferences_of
from firmware.stack import StackSettings
from tests.simulator.schedule import Schedule

SERVER = Server("https", "files.lab", 443)
NAME = "startup.cfg"
SETTINGS = ProvisionSettings(SERVER, ((NAME,),))
LATENCY_S = 0.05


class Provisioned:
    """A phone's provisioner; `tell` is the phone, `start_anew` gives it a new start."""

    def __init__(
        self,
        store: Store,
        schedule: Schedule,
        tell: Callable[[object], None],
        start_anew: Callable[[], None],
        settings_of: Callable[[Configuration], StackSettings],
        *,
        random: Random,
    ) -> None:
        self._store, self._schedule, self._settings_of = store, schedule, settings_of
        self._tell, self._start_anew = tell, start_anew
        self.text = ""  # What the server has.
        self._is_used = False
        self._machine = Provisioner(SETTINGS, store.copies(), random, schedule.now)
        self._wake()

    def note_use(self, *, is_used: bool) -> None:
        """Hear whether somebody uses the phone."""
        if is_used != self._is_used:
            self._is_used = is_used
            self.take(InUse(is_used))

    def take(self, event: ProvisionEvent) -> None:
        """Give the provisioner an event."""
        self._settle(self._machine.handle(event, self._schedule.now))

    def _wake(self) -> None:
        self._settle(self._machine.wake(self._schedule.now))

    def _settle(self, out: list[object]) -> None:
        for item in out:
            match item:
                case Fetch():
                    self._answer(item)
                case KeepFiles(files):
                    self._keep(files)
                case StartAnew():
                    self._schedule.later(0.0, self._start_anew)
                case _:
                    pass  # For the log.
        due = self._machine.deadline()
        if due is not None:
            self._schedule.at(due, self._wake)

    def _answer(self, fetch: Fetch) -> None:
        file = FetchedFile(NAME, self.text.encode(), SERVER.url(NAME))
        number = fetch.number
        outcome = FileFetched(number, file) if self.text else FileAbsent(number)
        self._schedule.later(LATENCY_S, lambda: self.take(outcome))

    def _keep(self, files: tuple[FetchedFile, ...]) -> None:
        before = self._store.read()
        self._store.keep_copies(files, ())
        after = self._store.read()
        found = changes(before, after)

        def kept() -> None:
            self._tell(SettingsAre(preferences_of(after)))
            for event in news(self._settings_of(before), self._settings_of(after.beside(before))):
                self._tell(event)
            self.take(FilesKept(found, SETTINGS))

        self._schedule.later(LATENCY_S, kept)
