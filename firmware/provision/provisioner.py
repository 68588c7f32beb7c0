"""Fetches the configuration files of this phone, keeps the last good ones, says what changed (T2).

Theory of operation
-------------------
A *round* asks the server for every file in its order (`startup.cfg`, else `aastra.cfg`, then
`<model>.cfg` and `<mac>.cfg`; each may be absent). What has come is kept when all of the round is
here, so that files of two days are never mixed. A file that is wrong is left, and its copy stays.
A server that does not answer ends the round: nothing changes, and it is tried again, less and less
often, with chance in it (as F2). A server that has none of the files is taken for a broken one.

    OFF        no server is named
    RESTING    until the next round is due, and, where it was asked for, until nobody uses the phone
    FETCHING   one file after the other
    KEEPING    the disk has what came
    LEAVING    the phone is to start anew

Rounds are begun at the start, at `auto resync time`, and by NOTIFY check-sync: the latter two wait
until nobody uses the phone. So does a new start, where a value changed that needs one.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from random import Random
from typing import assert_never

from config.fetched import FetchedFile
from firmware.agent.events import ResyncAsked
from firmware.link.events import NetworkChanged
from firmware.machine import earliest, is_due
from firmware.phone.events import TimeIs
from firmware.provision.events import (
    Fetch,
    FetchAsked,
    FetchFailed,
    FileAbsent,
    FileFetched,
    FileRefused,
    FilesKept,
    FilesNotKept,
    FileUnchanged,
    InUse,
    KeepFiles,
    Outcome,
    ProvisionStatus,
    RestartWanted,
    SettingsChanged,
    StartAnew,
)
from firmware.provision.round import Round
from firmware.provision.schedule import Appointments
from firmware.provision.server import ProvisionSettings
from firmware.provision.state import (
    ASKED_GAP_S,
    AT_START,
    AT_TIME,
    BY_HAND,
    BY_NOTIFY,
    BY_SETTING,
    LEGAL,
    NEW_CONFIGURATION,
    NOTHING_THERE,
    RESTART_GAP_S,
    RETRY_AFTER_MAX_S,
    RETRY_BASE_S,
    RETRY_CAP_S,
    START_SPREAD_S,
    Planned,
    State,
)

ProvisionEvent = (
    Outcome
    | FilesKept
    | FilesNotKept
    | InUse
    | FetchAsked
    | RestartWanted
    | SettingsChanged
    | ResyncAsked
    | NetworkChanged
    | TimeIs
)


class Provisioner:
    """The machine; `copies` are the last good files on disk."""

    def __init__(
        self,
        settings: ProvisionSettings,
        copies: Iterable[FetchedFile],
        random: Random,
        now: float,
    ) -> None:
        self._settings, self._random = settings, random
        self._copies = {copy.name: copy for copy in copies}
        self.state = State.OFF
        self._number = 0
        self._round: Round | None = None
        self._next: Planned | None = None
        self._appointments = Appointments(random)
        self._restart = ""  # Why the phone is to start anew.
        self._restart_at = now
        self._restart_asked = False
        self.is_asked = False  # By hand: whoever did it waits for the end of that round.
        self._is_used = False
        self._asked_at = now - ASKED_GAP_S
        self._failures, self._failure = 0, ""
        self._why, self._changed, self._faults = "", tuple[str, ...](), tuple[str, ...]()
        self._told: ProvisionStatus | None = None
        if settings.server is not None:
            self._enter(State.RESTING)
            spread_s = random.uniform(0, START_SPREAD_S) if self._copies else 0.0
            self._next = Planned(now + spread_s, AT_START)
            self._appointments.follow(settings.resync, now)

    def deadline(self) -> float | None:
        if self.state not in {State.RESTING, State.OFF}:
            return 0.0 if self._told is None else None
        untold_at = 0.0 if self._told is None else None
        return earliest((untold_at, self._next_at, self._appointments.due_at, self._leave_at))

    @property
    def _next_at(self) -> float | None:
        planned = self._next
        waits = planned is None or (planned.when_free and self._is_used)
        return None if planned is None or waits else planned.at

    @property
    def _leave_at(self) -> float | None:
        return self._restart_at if self._restart and not self._is_used else None

    def handle(self, event: ProvisionEvent, now: float) -> list[object]:
        return self._go_on(self._take(event, now), now)

    def wake(self, now: float) -> list[object]:
        return self._go_on([], now)

    def _take(self, event: ProvisionEvent, now: float) -> list[object]:
        if self.state is State.LEAVING:
            return []
        if isinstance(event, Outcome):
            return self._outcome(event, now)
        match event:
            case FilesKept():
                self._kept(event, now)
            case FilesNotKept(reason):
                self._fail(reason, 0.0, now)
            case InUse(is_used):
                self._is_used = is_used
            case FetchAsked() | RestartWanted():
                self._by_hand(event, now)
            case SettingsChanged(settings):
                if self.state is not State.KEEPING:  # Else what is read afterwards says so.
                    self._set_up(settings, now)
            case ResyncAsked(restarts):
                self._asked(now, restarts=restarts)
            case NetworkChanged():
                self._try_again(now)
            case TimeIs(unix_s, offset_s):
                self._set_clock(unix_s, float(offset_s), now)
            case _:
                assert_never(event)
        return []

    def _go_on(self, out: list[object], now: float) -> list[object]:
        """Begin what is due, and say what is different."""
        if self.state in {State.RESTING, State.OFF}:
            if is_due(self._leave_at, now):
                self._enter(State.LEAVING)
                out.append(StartAnew(self._restart))
            elif self.state is State.RESTING:
                out += self._begin_what_is_due(now)
        status = self._status()
        if status != self._told:
            self._told = status
            out.append(status)
        return out

    # A round.

    def _begin_what_is_due(self, now: float) -> list[object]:
        if is_due(self._appointments.due_at, now):
            self._appointments.meet(now)
            if self._next is None or not self._next.when_free:
                self._next = Planned(now, AT_TIME, when_free=True)
        planned = self._next
        if planned is None or not is_due(self._next_at, now):
            return []
        self._next = None
        if planned.why in {BY_NOTIFY, BY_SETTING}:
            self._asked_at = now
        self._enter(State.FETCHING)
        self._round = Round(self._settings.names, planned.why, when_free=planned.when_free)
        self._why = planned.why
        return self._fetch(self._round)

    def _fetch(self, begun: Round) -> list[object]:
        server = self._settings.server
        assert server is not None
        self._number += 1
        copy = self._copies.get(begun.name)
        is_of_here = copy is not None and copy.source == server.url(begun.name)
        before = copy if copy is not None and is_of_here and copy.doubt == server.doubt else None
        return [Fetch(self._number, server, begun.name, before)]

    def _outcome(self, event: Outcome, now: float) -> list[object]:
        begun = self._round
        if event.number != self._number or begun is None:
            return []  # Of a round that was given up.
        match event:
            case FetchFailed(_, reason, retry_after_s):
                self._fail(reason, retry_after_s, now)
                return []
            case FileAbsent():
                begun.absent()
            case FileRefused(_, faults):
                begun.refused(faults)
            case FileUnchanged():
                begun.unchanged()
            case FileFetched(_, file):
                begun.fetched(file)
            case _:
                assert_never(event)
        return self._finish(begun, now) if begun.is_over else self._fetch(begun)

    def _finish(self, begun: Round, now: float) -> list[object]:
        if begun.has_nothing:
            self._fail(NOTHING_THERE, 0.0, now)
            return []
        files = tuple(file for file in begun.files if self._is_new(file))
        gone = tuple(name for name in begun.gone if name in self._copies)
        if files or gone:
            self._enter(State.KEEPING)
            self._round = begun
            return [KeepFiles(files, gone)]
        self._done(begun, now)
        return []

    def _is_new(self, file: FetchedFile) -> bool:
        copy = self._copies.get(file.name)
        return copy is None or replace(file, fetched_at=0) != replace(copy, fetched_at=0)

    def _kept(self, event: FilesKept, now: float) -> None:
        begun = self._round
        assert self.state is State.KEEPING
        assert begun is not None
        newest_s = max((copy.fetched_at for copy in self._copies.values()), default=0)
        for name in begun.gone:
            self._copies.pop(name, None)
        self._copies |= {file.name: file for file in begun.files}
        self._changed = tuple(change.text for change in event.changes)
        self._done(begun, now)
        if any(change.needs_restart for change in event.changes):
            self._want_restart(NEW_CONFIGURATION, self._calm_at(begun, newest_s, now))
        self._set_up(event.settings, now)

    def _calm_at(self, begun: Round, newest_s: float, now: float) -> float:
        """Return when a new start may be: not soon after the one before, unless asked for."""
        unix_s = self._appointments.unix_s(now)
        if begun.when_free or unix_s is None:
            return now
        since_s = unix_s - newest_s
        return now + RESTART_GAP_S - since_s if 0 <= since_s < RESTART_GAP_S else now

    def _done(self, begun: Round, now: float) -> None:
        """A round is over: all is as the server has it, or a file of it is wrong."""
        self._enter(State.RESTING)
        self._answer(begun)
        self._failures, self._failure = 0, ""
        self._faults = begun.faults
        self._appointments.count_from(now)
        if self._faults and self._next is None:
            self._next = Planned(now + self._wait_s(RETRY_CAP_S), begun.why)
        if self._restart_asked:
            self._restart_asked = False
            self._want_restart(BY_NOTIFY, now)

    def _fail(self, reason: str, retry_after_s: float, now: float) -> None:
        """Nothing has changed; try again later."""
        begun = self._round
        assert begun is not None
        self._enter(State.RESTING)
        self._answer(begun)
        wait_s = self._wait_s(min(RETRY_CAP_S, RETRY_BASE_S * 2 ** min(self._failures, 20)))
        self._failures, self._failure = self._failures + 1, reason
        if self._next is None:  # Else somebody asked meanwhile.
            at = now + max(wait_s, min(retry_after_s, RETRY_AFTER_MAX_S))
            self._next = Planned(at, begun.why, when_free=begun.when_free)

    def _wait_s(self, most_s: float) -> float:
        return most_s * self._random.uniform(0.5, 1.0)

    def _answer(self, begun: Round) -> None:
        if begun.why == BY_HAND:
            self.is_asked = False

    # What others want.

    def _by_hand(self, event: FetchAsked | RestartWanted, now: float) -> None:
        """Fetch at once, or as soon as the round is over that is under way."""
        if isinstance(event, RestartWanted):
            self._want_restart(NEW_CONFIGURATION, now)
        elif self._settings.server is not None:
            self.is_asked, self._changed = True, ()
            self._next = Planned(now, BY_HAND)

    def _set_clock(self, unix_s: float | None, zone_s: float, now: float) -> None:
        """Go by this time; what failed is tried at once: it may have been the clock (I3)."""
        self._appointments.set_clock(unix_s, zone_s, now)
        self._try_again(now)

    def _try_again(self, now: float) -> None:
        """Do not wait where the last round failed: things are different now (D6)."""
        if self._failure and self._next is not None:
            self._next = replace(self._next, at=min(self._next.at, now))

    def _asked(self, now: float, *, restarts: bool) -> None:
        """NOTIFY check-sync; with `restarts` the phone starts anew whatever has changed."""
        self._restart_asked |= restarts
        if self._settings.server is None:
            if restarts:
                self._restart_asked = False
                self._want_restart(BY_NOTIFY, now)
            return
        self._plan_asked(BY_NOTIFY, now)

    def _plan_asked(self, why: str, now: float) -> None:
        """Plan a round that somebody else causes."""
        self._next = Planned(max(now, self._asked_at + ASKED_GAP_S), why, when_free=True)

    def _want_restart(self, why: str, at: float) -> None:
        self._restart_at = min(at, self._restart_at) if self._restart else at
        self._restart = why

    def _set_up(self, settings: ProvisionSettings, now: float) -> None:
        is_other = settings.server != self._settings.server
        self._settings = settings
        self._appointments.follow(settings.resync if settings.server else None, now)
        if settings.server is None:
            self._next = self._round = None
            self.is_asked = False
            self._enter(State.OFF)
        elif is_other:
            self._plan_asked(BY_SETTING, now)
            self._round = None
            self._enter(State.RESTING)

    # What is told.

    def _status(self) -> ProvisionStatus:
        server = self._settings.server
        return ProvisionStatus(
            server.text if server else "",
            self._state_text(),
            self._why,
            self._changed,
            self._faults,
            self._round.done if self._round else None,
            waits=bool(self._restart),
        )

    def _state_text(self) -> str:
        planned = self._next
        if self._restart:
            return "starts anew when nobody uses the phone"
        if self.state in {State.FETCHING, State.KEEPING}:
            return "fetching"
        if self.state is State.OFF:
            return "no server is set"
        if planned is not None and planned.when_free and self._is_used:
            return "waits until nobody uses the phone"
        if self._failure:
            return self._failure
        if self._faults:
            return "a file is wrong; the one before holds"
        return "up to date" if self._why else "not fetched yet"

    def _enter(self, state: State) -> None:
        """Go to another state."""
        if state is not self.state:
            assert state in LEGAL[self.state], (self.state, state)
            self.state = state
        if state not in {State.FETCHING, State.KEEPING}:
            self._round = None
