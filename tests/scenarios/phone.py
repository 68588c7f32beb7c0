"""One whole phone at the desk: the stack, and around it what a person sees, hears and touches.

What is kept over a restart is kept as values, as `firmware/runtime` keeps it in files.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import partial
from itertools import count
from math import inf
from random import Random
from zoneinfo import ZoneInfo

from config.configuration import Configuration
from config.store import Store
from firmware.agent.events import ResyncAsked, Ring
from firmware.link.events import CheckDelivery, Close, Connect, Resolve, Write
from firmware.media.events import HushCall, MuteMicrophone, PlayTone, SetVolume
from firmware.phone.events import (
    FactoryReset,
    KeepSetting,
    LampPattern,
    LanguageIs,
    OutageLog,
    OutagesKept,
    SetLamp,
    SetRinger,
    SettingsAre,
    Show,
    StartVoice,
    StopVoice,
    TimeIs,
    TuneRinger,
)
from firmware.phone.kept import (
    CallsKept,
    ContactsKept,
    DirectoryLog,
    HistoryLog,
    ServicesKept,
    ServicesLog,
)
from firmware.phone.lock import CheckPin, KeepPin, Pin, PinChecked
from firmware.phone.preferences import LANGUAGE, PARAMETERS, TIME_ZONE
from firmware.phone.screen import labels, lines
from firmware.runtime.languages import WORDS, load
from firmware.settings import preferences_of, stack_settings
from firmware.stack import Stack, StackSettings
from tests.scenarios.provisioning import Provisioned
from tests.simulator.schedule import Schedule
from tests.simulator.site import Site
from tests.simulator.trace import Trace
from tests.simulator.wire import Wire

MONDAY_S = 1_795_444_320.0
"""Monday 23 November 2026, 14:32 UTC: the wall clock when a scenario begins."""

OFF_S = 0.5
"""How long a phone is without power: its proxies have seen its connections end."""


Kept = CallsKept | ContactsKept | OutagesKept | ServicesKept

CHECKING_S = 0.5
"""A small processor takes so long for a PIN."""

ZONES = ("Europe/Berlin", "UTC")


class ScenarioPhone:
    """A phone that is told what happens to it, and shows what comes of it."""

    def __init__(
        self,
        number: str,
        store: Store,
        sites: list[Site],
        wire: Callable[[Callable[[object], None]], Wire],
        schedule: Schedule,
        trace: Trace,
    ) -> None:
        self.number, self.sites = number, sites
        self._store, self._schedule, self._trace = store, schedule, trace
        self._began = schedule.now
        self._kept: dict[type, Kept] = {}
        self._starts = count(1)
        self._new_wire = wire
        self._pin: Pin | None = None
        self.provisioned: Provisioned | None = None
        self.start()

    def start(self) -> None:
        """Switch the phone on: it knows what was kept and nothing else."""
        start = next(self._starts)
        wire = self._new_wire(lambda event: self._hear(wire, event))
        self.wire = wire
        ids = (f"{self.number}x{start}x{n}" for n in count(1))
        random = Random(f"{self.number} {start}")
        self.shown: Show | None = None
        self.is_ringing, self.lamp, self.tone, self.is_muted = False, LampPattern.OFF, "none", False
        self.volume = 0  # Steps above what is usual.
        self.ring = Ring.NORMAL  # How it would ring, or does.
        self.voices: set[int] = set()
        self.hushed: set[int] = set()
        self.due = inf
        configuration = self._store.read()
        preferences = preferences_of(configuration)
        self.stack = Stack(settings_of(configuration), ids, random, self._schedule.now)
        self.tell(SettingsAre(preferences, ZONES))
        self._set_zone(preferences.text(TIME_ZONE))
        self._set_language(preferences.text(LANGUAGE))
        for kept in self._kept.values():
            self.tell(kept)

    def stop(self) -> None:
        """Switch the phone off."""
        for connection in self.wire.standing:
            self.wire.command(Close(connection.attempt))
        self.due = inf

    def keep(self, kept: Kept) -> None:
        """Remember something over a restart."""
        self._kept[type(kept)] = kept

    # What a person sees.

    @property
    def words(self) -> tuple[str, ...]:
        """The lines on the screen, soft keys last."""
        assert self.shown is not None, f"{self.number} shows nothing"
        return lines(self.shown.screen, self.shown.language)

    @property
    def is_heard(self) -> bool:
        """Tell whether what is said here leaves the phone."""
        return bool(self.voices - self.hushed) and not self.is_muted

    @property
    def soft_keys(self) -> tuple[str, str]:
        """The words above the two soft keys."""
        assert self.shown is not None
        return labels(self.shown.screen, self.shown.language)

    # The stack.

    def tell(self, event: object) -> None:
        """Give the stack an event."""
        self._trace.add(self._schedule.now, f"{self.number}>", event)
        self._settle(self.stack.handle(event, self._schedule.now))

    def served(self, text: str) -> None:
        """From now on a server of files has this `startup.cfg` for the phone."""
        if self.provisioned is None:
            random = Random(self.number)
            self.provisioned = Provisioned(
                self._store,
                self._schedule,
                self.tell,
                self._start_anew,
                settings_of,
                random=random,
            )
        self.provisioned.text = f"{text}\n"

    def _start_anew(self) -> None:
        self.stop()
        self.provisioned = None
        self._schedule.later(OFF_S, self.start)

    def _hear(self, wire: Wire, event: object) -> None:
        """Take what a wire says, unless it is that of before a restart."""
        if wire is self.wire:
            self.tell(event)

    def wake(self) -> None:
        """Let the stack do what is due."""
        self._settle(self.stack.wake(self._schedule.now))

    def _settle(self, out: list[object]) -> None:
        for item in out:
            self._trace.add(self._schedule.now, f"{self.number}<", item)
            self._carry_out(item)
        due = self.stack.deadline()
        self.due = inf if due is None else due
        if self.provisioned is not None:
            is_used = self.stack.phone.is_used or bool(self.stack.agent.calls)
            self.provisioned.note_use(is_used=is_used)

    def _carry_out(self, item: object) -> None:
        match item:
            case Resolve() | Connect() | Write() | Close() | CheckDelivery():
                self.wire.command(item)
            case Show():
                self.shown = item
            case SetRinger(ringing):
                self.is_ringing = ringing
            case TuneRinger(ring=ring):
                self.ring = ring
            case SetLamp(pattern):
                self.lamp = pattern
            case PlayTone(kind):
                self.tone = kind.value if kind else "none"
            case SetVolume(steps):
                self.volume = steps
            case MuteMicrophone(muted):
                self.is_muted = muted
            case StartVoice(call):
                self.voices.add(call)
            case StopVoice(call):
                self.voices.discard(call)
                self.hushed.discard(call)
                self.is_muted = self.is_muted and bool(self.voices)
            case HushCall(call, hushed):
                (self.hushed.add if hushed else self.hushed.discard)(call)
            case _:
                self._remember(item)

    def _remember(self, item: object) -> None:
        match item:
            case HistoryLog(calls):
                self.keep(CallsKept(calls))
            case DirectoryLog(contacts):
                self.keep(ContactsKept(contacts))
            case ServicesLog(services):
                self.keep(ServicesKept(services))
            case OutageLog(outages):
                self.keep(OutagesKept(outages))
            case KeepPin(pin):
                self._pin = pin
            case CheckPin(pin):
                checked = PinChecked(pin == self._pin)
                self._schedule.later(CHECKING_S, lambda: self.tell(checked))
            case KeepSetting(parameter, text):
                self._store.set_local(parameter, text)
                takers = {TIME_ZONE: self._set_zone, LANGUAGE: self._set_language}
                if taker := takers.get(parameter):
                    self._schedule.later(0.0, partial(taker, text))
            case ResyncAsked() if self.provisioned is not None:
                self.provisioned.take(item)
            case FactoryReset():
                self._schedule.later(0.0, self._forget_everything)
            case _:
                pass  # Reports, for programs.

    def _forget_everything(self) -> None:
        """Start anew with nothing but the administrator's files, as the process does."""
        self.stop()
        self._kept.clear()
        for parameter in PARAMETERS:
            self._store.unset_local(parameter)
        self._schedule.later(OFF_S, self.start)

    def _set_zone(self, name: str) -> None:
        unix_s = MONDAY_S + self._schedule.now - self._began
        offset = datetime.fromtimestamp(unix_s, ZoneInfo(name or "UTC")).utcoffset()
        self.tell(TimeIs(unix_s, round(offset.total_seconds()) if offset else 0))

    def _set_language(self, word: str) -> None:
        self.tell(LanguageIs(load(WORDS[word])))


def settings_of(configuration: Configuration) -> StackSettings:
    """Return the settings of a phone that stands on this desk."""
    account = configuration.value("sip user name", 1)
    instance = f"urn:uuid:00000000-0000-4000-8000-{int(account):012}"
    return stack_settings(configuration, (), None, instance, "Handset")
