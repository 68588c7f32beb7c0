"""What the phone remembers: calls, the directory, settings, and what follows from them.

Whoever calls is called as the directory calls that number: a display name is what the caller says.
"""

from __future__ import annotations

from dataclasses import replace

from firmware.agent.events import (
    AccountStatus,
    Dialling,
    FarChanged,
    IncomingCall,
    LampChanged,
    MessagesWaiting,
    Party,
)
from firmware.phone.directory import Directory
from firmware.phone.events import CallFact, KeepSetting, LanguageIs, SettingsAre, TimeIs
from firmware.phone.history import History, HistoryFact
from firmware.phone.kept import (
    CallsKept,
    CallWay,
    ContactEdited,
    ContactsImported,
    ContactsKept,
    ServicesKept,
)
from firmware.phone.language import ENGLISH
from firmware.phone.lock import Lock
from firmware.phone.preferences import (
    KEY_LOCK,
    RINGER_OFF,
    RINGER_VOLUME,
    Preferences,
    default_of,
)
from firmware.phone.services import Services, ServiceSettings
from firmware.phone.wall import Wall

MATCHES_MAX = 2
"""Rows below the digits of somebody who dials."""

Kept = CallsKept | ContactsKept | ContactsImported | ContactEdited | ServicesKept | SettingsAre


class Memory:
    """History, directory and settings; `learn` gives what is to be kept on."""

    def __init__(
        self, services: ServiceSettings, preferences: Preferences, *, has_pin: bool
    ) -> None:
        self.services = Services(services)
        self.history = History()
        self.directory = Directory()
        self.language = ENGLISH
        self.unix_offset_s: float | None = None  # Wall clock minus monotonic.
        self.preferences = preferences
        self.lock = Lock(is_locked=preferences.text(KEY_LOCK) == "1", has_pin=has_pin)
        self.zones: tuple[str, ...] = ()
        self._zone_s = 0

    def learn(self, event: object, now: float) -> list[object]:
        """Hear of a call, of the clock, of what was kept."""
        match event:
            case AccountStatus() | MessagesWaiting() | LampChanged() | ServicesKept():
                return self.services.learn(event)
            case CallsKept():
                return self.history.kept(event)
            case ContactsKept():
                return self.directory.kept(event)
            case ContactsImported(contacts):
                return self.directory.merge(contacts)[1]
            case ContactEdited(before, after):
                return self.directory.edited(before, after)
            case LanguageIs(language):
                self.language = language
                return []
            case SettingsAre(preferences, zones):
                self.preferences, self.zones = preferences, zones
                return []
            case TimeIs(unix_s, zone_s):
                self.unix_offset_s = None if unix_s is None else unix_s - now
                self._zone_s = zone_s
                return self.history.set_clock(unix_s, now)
            case _ if isinstance(event, HistoryFact):
                return self.history.learn(event, now)
            case _:
                return []

    @property
    def wall(self) -> Wall:
        """The clock on the wall here."""
        return self.preferences.wall(self._zone_s)

    def set(self, parameter: str, text: str) -> list[object]:
        """Set what a person may set, from now on and over a restart."""
        before = self.preferences
        if parameter in before.locked or text == before.shown(parameter):
            return []
        self.preferences = before.changed(parameter, text)
        now = self.preferences.values
        return [KeepSetting(name, value) for name, value in now if before.text(name) != value]

    def switch_ringer(self) -> list[object]:
        """Let the ringer be off; or be heard again, as loud as before or else as is usual."""
        if self.preferences.ringer_volume:
            return self.set(RINGER_OFF, "1")
        out = self.set(RINGER_OFF, "0")
        if self.preferences.ringer_volume:
            return out
        return [*out, *self.set(RINGER_VOLUME, default_of(RINGER_VOLUME))]

    def unix_time(self, now: float) -> float | None:
        """Return the wall clock's time, None where it is not set."""
        return None if self.unix_offset_s is None else now + self.unix_offset_s

    def named(self, fact: CallFact) -> CallFact:
        """Return what is told of a call with the far end as the directory calls it."""
        if isinstance(fact, IncomingCall | Dialling | FarChanged):
            return replace(fact, far=self.as_known(fact.far))
        return fact

    def as_known(self, far: Party) -> Party:
        """Return a party as the directory calls it."""
        name = self.directory.name_of(far.number)
        return Party(name, far.number) if name else far

    def matches(self, keys: str) -> tuple[Party, ...]:
        """Return who may be meant by these keys: called before, else in the directory."""
        found: dict[str, Party] = {}
        for way in (CallWay.DIALLED, CallWay.RECEIVED, CallWay.MISSED):
            for call in self.history.of(way):
                if call.number.lstrip("+").startswith(keys):
                    known = self.as_known(Party(call.name, call.number))
                    found.setdefault(call.number, known)
        for contact in self.directory.search(keys):
            for number in contact.numbers:
                found.setdefault(number.number, Party(contact.name, number.number))
        return tuple(found.values())[:MATCHES_MAX]
