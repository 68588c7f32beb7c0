"""The settings that a person makes on the phone: told at the start, kept as local settings.

A change is written from a thread, one at a time: a card takes up to a second for it. What changes
meanwhile goes into the next write; the last word is written when the phone stops. What a disk does
not take is tried again with the next change, and at the end. A volume, which a key changes by a
step at each press, waits for `TURNED_S` first: many presses are one write, and a power cut costs no
more than the last of them. A time zone needs the clock's offset, and a language that is chosen its
catalogue: the phone is told of both.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from pathlib import Path

from config.configuration import Configuration
from config.store import ConfigError, Store
from firmware.phone.events import KeepSetting, LanguageIs, SettingsAre
from firmware.phone.kept import KeepingTrouble
from firmware.phone.preferences import LANGUAGE, TIME_ZONE, TURNED
from firmware.runtime.languages import WORDS, load
from firmware.runtime.time_servers import give_time_servers
from firmware.settings import preferences_of

log = logging.getLogger("handset.settings")

ZONE_TABLE = Path("/usr/share/zoneinfo/zone1970.tab")
"""The system's own list of zones that a person may mean; all of 340, read in a millisecond."""

TITLE = "the settings"

TURNED_S = 5.0
"""How long a volume may be lost by a power cut: nobody turns it for longer at a time."""


class SettingsKeeper:
    """Between the phone and the store."""

    def __init__(
        self,
        store: Store,
        configuration: Configuration,
        feed: Callable[[object], None],
        set_zone: Callable[[str], None],
    ) -> None:
        self._store, self._configuration = store, configuration
        self._feed, self._set_zone = feed, set_zone
        self._wanted: dict[str, str] = {}
        self._writing: asyncio.Task[None] | None = None
        self._write_at: asyncio.TimerHandle | None = None  # When what was turned is written.
        self._problem = ""

    def start(self) -> None:
        """Tell what is set, and the zone, where it is another than the system's."""
        preferences = preferences_of(self._configuration)
        self._feed(SettingsAre(preferences, time_zones()))
        if zone := preferences.text(TIME_ZONE):
            self._set_zone(zone)
        give_time_servers(self._configuration)

    def renew(self, configuration: Configuration) -> None:
        """Go on with what new files say."""
        before = preferences_of(self._configuration)
        self._configuration = configuration
        give_time_servers(configuration)
        preferences = preferences_of(configuration)
        if preferences == before:
            return
        self._feed(SettingsAre(preferences, time_zones()))
        self._set_zone(preferences.text(TIME_ZONE))
        self._feed(LanguageIs(load(WORDS[preferences.text(LANGUAGE)])))

    def take(self, output: object) -> None:
        """Do what a setting means, and keep it."""
        if not isinstance(output, KeepSetting):
            return
        loop = asyncio.get_running_loop()
        # In the loop's next turn: the phone has not finished saying that it was chosen.
        if output.parameter == LANGUAGE:
            loop.call_soon(self._feed, LanguageIs(load(WORDS[output.text])))
        if output.parameter == TIME_ZONE:
            loop.call_soon(self._set_zone, output.text)
        self._wanted[output.parameter] = output.text
        if output.parameter not in TURNED:
            self._begin()
        elif self._write_at is None:
            self._write_at = loop.call_later(TURNED_S, self._begin)

    async def stop(self) -> None:
        """Write the last word."""
        self._begin()
        await asyncio.gather(*filter(None, (self._writing,)))

    def _begin(self) -> None:
        """Write now, unless that is being done."""
        if self._write_at is not None:
            self._write_at.cancel()
            self._write_at = None
        if self._writing is None and self._wanted:
            self._writing = asyncio.get_running_loop().create_task(self._write())

    async def _write(self) -> None:
        unsaved: dict[str, str] = {}
        while self._wanted and not unsaved:
            wanted, self._wanted = self._wanted, {}
            problem, unsaved = await asyncio.to_thread(self._save, wanted)
            if problem:
                log.warning("%s", problem)
            if problem != self._problem:
                self._problem = problem
                self._feed(KeepingTrouble(TITLE, problem))
        self._wanted = unsaved | self._wanted
        self._writing = None

    def _save(self, wanted: dict[str, str]) -> tuple[str, dict[str, str]]:
        """Save settings; return what is wrong, and those that the disk did not take."""
        problem, unsaved = "", dict[str, str]()
        for parameter, text in wanted.items():
            try:
                self._store.set_local(parameter, text)
            except ConfigError as error:
                problem = problem or f"a setting is not kept: {error}"
                if self._store.read().may_change(parameter):
                    unsaved[parameter] = text
        return problem, unsaved


def time_zones(table: Path = ZONE_TABLE) -> tuple[str, ...]:
    """Return the zones of this system in their order; where it has no list, only UTC."""
    try:
        lines = table.read_text(encoding="utf-8").splitlines()
    except OSError:
        return ("UTC",)
    rows = (line.split("\t") for line in lines if line and not line.startswith("#"))
    return (*sorted({row[2] for row in rows if len(row) > 2}), "UTC")
