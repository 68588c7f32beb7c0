"""The phone around an administrator's door: what a door may see, and what it may do."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from time import monotonic
from typing import TYPE_CHECKING

from config.configuration import Configuration
from config.store import Store
from firmware.phone.events import TimeIs
from firmware.phone.lockout import Lockout
from firmware.phone.status import Status
from firmware.runtime.setter import Setter
from firmware.runtime.tap import Ear

if TYPE_CHECKING:
    from drivers.interfaces import Voice
    from firmware.runtime.logs import Logs
    from firmware.runtime.panel import Panel
    from firmware.runtime.provisioning import Provisioning


@dataclass(slots=True)
class Surroundings:
    """A phone, from a door of it."""

    feed: Callable[[object], None]  # Events for the phone.
    status: Status
    store: Store
    configuration: Callable[[], Configuration]  # As it is in force.
    setter: Setter
    time: Callable[[], TimeIs]
    about: tuple[tuple[str, str], ...]  # What the phone is, by label.
    logs: Callable[[], Logs | None]  # None while the phone begins.
    provisioning: Callable[[], Provisioning | None]  # The same.
    bench: tuple[Panel, Voice] | None  # What a person meets; None where only a script does.
    ears: list[Ear]  # Of what passes between phone and proxies;
    watchers: list[Callable[[object], None]]  # of what the phone says to the outside.
    restart: Callable[[], None]
    reset: Callable[[], None]  # Restart as on the first day.
    occupied: Callable[[str, bool], None]  # At this door is somebody, or nobody any more.
    page_lockout: Lockout = field(default_factory=Lockout)  # Outlives the page's server.
    began: float = field(default_factory=monotonic)
