"""The phone under a service manager: it is told how the phone is, and fed while that is sane.

What is sane, `watchdog.py` says; here is what it looks at. READY was said when the first screen
stood (`start.py`), and until the phone is loaded the manager has more patience.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from typing import Protocol, assert_never

from drivers.interfaces import Watched
from firmware.link.events import LinkStatus
from firmware.phone.events import Report
from firmware.runtime.alarm import Alarm
from firmware.runtime.event_log import link_in_words
from firmware.runtime.service_manager import ServiceManager, microseconds
from firmware.runtime.watchdog import (
    AskForTime,
    Ending,
    Event,
    Feed,
    Look,
    Output,
    Seen,
    StateIs,
    TellEnd,
    TellState,
    TellTrouble,
    WakeThreads,
    Watchdog,
)

log = logging.getLogger("handset.service")


class Due(Protocol):
    """A driver, as far as it can be late."""

    @property
    def due_at(self) -> float | None:
        """The moment at which the stack next has something to do."""


class Supervision:
    """Joins the watchdog to the loop's clock, the phone's threads and the service manager."""

    def __init__(
        self, manager: ServiceManager, driver: Due, threads: Callable[[], Iterable[Watched]]
    ) -> None:
        self._manager, self._driver, self._threads = manager, driver, threads
        self._alarm = Alarm(self._wake)
        self._watchdog = Watchdog(manager.patience_s, self._alarm.now)

    def start(self) -> None:
        """Look after the phone from now on; it is loaded."""
        self._manager.tell_loaded()
        self._wake()

    def take(self, output: object) -> None:
        """Tell the manager how the link is; all else is for others."""
        if isinstance(output, Report) and isinstance(output.fact, LinkStatus):
            self._hand(StateIs(link_in_words(output.fact)))

    def end(self, *, again: bool) -> None:
        """Tell the manager that the phone stops, or starts anew."""
        self._hand(Ending(again))

    def stop(self) -> None:
        """Say nothing any more."""
        self._alarm.stop()

    def _wake(self) -> None:
        self._do(self._watchdog.wake(self._alarm.now))

    def _hand(self, event: Event) -> None:
        self._do(self._watchdog.handle(event, self._alarm.now))

    def _do(self, outputs: list[Output]) -> None:
        for output in outputs:
            match output:
                case Look():
                    turns = tuple((one.name, one.turns) for one in self._threads())
                    self._hand(Seen(self._driver.due_at, turns))
                case WakeThreads():
                    for thread in self._threads():
                        thread.wake()
                case TellTrouble(why):
                    log.error("the phone is not sane: %s", why)
                    self._manager.tell(f"STATUS=not sane: {why}")
                case Feed():
                    self._manager.tell("WATCHDOG=1")
                case TellState(words):
                    self._manager.tell(f"STATUS={words}")
                case TellEnd(again=True):
                    self._manager.tell_loading("RELOADING=1")
                case TellEnd():
                    self._manager.tell("STOPPING=1")
                case AskForTime(seconds):
                    self._manager.tell(microseconds("EXTEND_TIMEOUT_USEC", seconds))
                case _:
                    assert_never(output)
        self._alarm.set(self._watchdog.deadline())
