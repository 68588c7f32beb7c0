"""Brings another firmware to the phone: when nobody uses it, one at a time, never under a call.

Theory of operation
-------------------
The card has two slots. A signed *bundle* is fetched and installed into the slot that does not run;
then the phone restarts with it. Whether the new slot is kept is not decided here: it counts as good
once the phone has registered with it, else the machine goes back to the old one by itself.

    OFF         this phone is not updated this way (a desk, a package on another system)
    RESTING     until somebody asks, or `auto resync time` where firmware is part of it
    ASKING      the server of a fleet is asked; what it has is fetched and installed by its client
    FETCHING    the bundle comes; a call that begins meanwhile only makes that slower
    WAITING     it is here, and somebody uses the phone
    INSTALLING  it is checked, and written into the other slot
    INSTALLED   it is there: the phone restarts once nobody uses it
    LEAVING     it restarts

A bundle that was installed once is not installed by itself again: a phone that has gone back to its
old slot would do so each night. Nor is one that is older than what runs: whoever is in a server's
place on the network could give each phone an old fault back. Whoever asks by hand gets both. The
server of a fleet, which has to prove who it is, knows itself what it has rolled out to whom. It is
asked when nobody uses the phone; whoever then begins to use it has an installation wait.
"""

from __future__ import annotations

from random import Random
from typing import assert_never

from config.problem import without_credentials
from firmware.agent.events import ResyncAsked
from firmware.machine import earliest, is_due
from firmware.phone.events import TimeIs
from firmware.provision.events import InUse
from firmware.provision.fleet_turns import FleetTurns
from firmware.provision.schedule import Appointments
from firmware.provision.server import Resync
from firmware.provision.state import (
    AT_TIME,
    BY_FLEET,
    BY_HAND,
    BY_NOTIFY,
    RETRY_AFTER_MAX_S,
    Planned,
)
from firmware.provision.update_events import (
    NOT_THIS_WAY,
    AskFleet,
    BundleFetched,
    BundleNotFetched,
    BundleUnchanged,
    DoorInUse,
    FetchBundle,
    FileComes,
    FleetAnswered,
    HoldInstallation,
    InstallBundle,
    Installed,
    NotInstalled,
    Proceeds,
    RestartMachine,
    Tried,
    UpdateAsked,
    UpdateSettings,
    UpdateStatus,
    Where,
)
from firmware.provision.update_state import LEGAL, State

UpdateEvent = (
    UpdateAsked
    | FileComes
    | UpdateSettings
    | BundleFetched
    | BundleUnchanged
    | BundleNotFetched
    | FleetAnswered
    | Proceeds
    | Installed
    | NotInstalled
    | InUse
    | DoorInUse
    | ResyncAsked
    | TimeIs
)

RETRY_S = 900.0
"""A server that was not there is asked again so much later, where nobody waits for it."""

RETRIES_MAX = 8
"""So often; then the next appointment is waited for."""

NO_ADDRESS = "no upgrade uri is set, and no firmware server"
UNDONE = "the update is undone: it did not start, or not register"
WAITS = "waits until nobody uses the phone"
GOES_ON = "an update goes on already"
A_FILE = "sent to the page"


class Updater:
    """The machine; `here` is the slot that runs.

    `undone` says why it is not the one that was written last, `installs` that the phone has started
    anew while one is written.
    """

    def __init__(
        self,
        settings: UpdateSettings,
        here: Where,
        tried: Tried | None,
        random: Random,
        undone: str = "",
        *,
        installs: bool = False,
    ) -> None:
        self._settings, self._random, self._tried = settings, random, tried
        self.state = State.RESTING if here.slot else State.OFF
        if tried and tried.where == here:
            self.state = State.INSTALLED  # The phone has started anew meanwhile, not the machine.
        if installs:
            self.state = State.INSTALLING
        self._next: Planned | None = None
        self._uri, self._why = "", ""  # Of the update that goes on, or of the last one.
        self._asked_uri = ""  # By hand.
        self._turns = FleetTurns(settings.fleet, random)
        self._is_held = False
        self._retries = 0
        self._is_used = self._is_visited = False
        is_back = tried and tried.where.slot == here.slot and tried.where.start != here.start
        self._failure = undone or (UNDONE if is_back else "")
        self._is_known = False  # What was fetched was installed before.
        self._done: tuple[int, int] | None = None
        self._doing = ""
        self._appointments = Appointments(random)
        self._appointments.follow(self._resync, 0.0)  # Nothing is planned before the clock is told.
        self._told: UpdateStatus | None = None

    def refusal_of(self, uri: str) -> str:
        """Say why no update from there can be asked for now, "" where one can."""
        match self.state:
            case State.OFF:
                return NOT_THIS_WAY
            case _ if self._is_free:
                is_known = uri or self._settings.uri or self._turns.fleet
                return "" if is_known else self._settings.problem or NO_ADDRESS
            case State.INSTALLED | State.LEAVING:
                return "an update is installed already: the phone restarts when nobody uses it"
            case _:
                return GOES_ON

    @property
    def refusal_of_file(self) -> str:
        """Say why no bundle can be sent to the phone now, "" where one can."""
        if self.state is State.ASKING and self._is_free:
            return "the fleet's server is being asked: send the file again in a moment"
        return self.refusal_of(A_FILE)

    @property
    def _is_free(self) -> bool:
        """Tell whether an update may be asked for: the server of a fleet has none so far."""
        asks = self.state is State.ASKING and not self._turns.has_firmware
        return asks or self.state is State.RESTING

    @property
    def is_from_fleet(self) -> bool:
        """Tell whether what is being installed comes from a fleet's server."""
        return self.state is State.ASKING and self._turns.has_firmware

    def deadline(self) -> float | None:
        if self._told is None:
            return 0.0
        if self.state is State.RESTING:
            at = self._at
            return earliest((at(self._next), at(self._turns.next), self._appointments.due_at))
        return None

    def _at(self, planned: Planned | None) -> float | None:
        """Return when it may begin, None while it waits for whoever uses the phone."""
        return None if planned is None or self._is_kept(planned.why) else planned.at

    @property
    def _resync(self) -> Resync | None:
        return self._settings.resync if self._settings.uri else None

    def _is_kept(self, why: str) -> bool:
        """Tell whether somebody would be disturbed; who asked for it at a door waits for it."""
        return self._is_used or (self._is_visited and why != BY_HAND)

    def handle(self, event: UpdateEvent, now: float) -> list[object]:
        self._take(event, now)
        return self._go_on(now)

    def wake(self, now: float) -> list[object]:
        return self._go_on(now)

    def _take(self, event: UpdateEvent, now: float) -> None:
        match event:
            case UpdateAsked() | FileComes():
                self._asked(event, now)
            case UpdateSettings():
                self._follow(event, now)
            case BundleFetched() | BundleUnchanged() | BundleNotFetched():
                self._fetched(event, now)
            case FleetAnswered() | Proceeds() | Installed() | NotInstalled():
                self._went_on(event)
            case InUse(is_used):
                self._is_used = is_used
            case DoorInUse(is_used):
                self._is_visited = is_used
            case ResyncAsked():
                self._turns.by_notify(now)
                if self._settings.resync is not None:
                    self._plan(BY_NOTIFY, now)
            case TimeIs(unix_s, offset_s):
                self._appointments.set_clock(unix_s, float(offset_s), now)
            case _:
                assert_never(event)

    def _follow(self, settings: UpdateSettings, now: float) -> None:
        """Go by other settings; an appointment that they do not touch stands."""
        self._settings = settings
        self._turns.follow(settings.fleet)
        if self._next is not None and self._next.why != BY_HAND and self._resync is None:
            self._next = None
        self._appointments.follow(self._resync, now)

    def _go_on(self, now: float) -> list[object]:
        """Begin what is due, and say what is different."""
        out = list[object]()
        if self.state is State.RESTING:
            out += self._begin_what_is_due(now)
        if self.state is State.RESTING:
            out += self._ask_fleet(now)
        is_held = self._is_to_be_held
        if is_held != self._is_held:
            self._is_held = is_held
            out.append(HoldInstallation(is_held))
        if self.state is State.WAITING and not self._is_kept(self._why):
            self._enter(State.INSTALLING)
            out.append(InstallBundle(only_newer=self._why != BY_HAND))
        if self.state is State.INSTALLED and not self._is_kept(self._why):
            self._enter(State.LEAVING)
            out.append(RestartMachine("another firmware is installed"))
        status = self._status()
        if status != self._told:
            self._told = status
            out.append(status)
        return out

    @property
    def _is_to_be_held(self) -> bool:
        """Tell whether somebody uses the phone who would be disturbed by an installation."""
        if self.state is State.ASKING:
            return self._is_kept(self._turns.why)
        return self.state is State.INSTALLING and self._is_kept(self._why)

    def _begin_what_is_due(self, now: float) -> list[object]:
        if is_due(self._appointments.due_at, now):
            self._plan(AT_TIME, now)
            self._appointments.meet(now)
        planned = self._next
        if planned is None or not is_due(self._at(planned), now):
            return []
        self._next = None
        self._why, self._failure, self._is_known = planned.why, "", False
        self._uri = self._asked_uri if planned.why == BY_HAND else self._settings.uri
        self._enter(State.FETCHING)
        known = self._tried.mark if self._tried and planned.why != BY_HAND else ""
        return [FetchBundle(self._uri, known)]

    def _ask_fleet(self, now: float) -> list[object]:
        self._turns.plan(now)
        fleet = self._turns.fleet
        if fleet is None or not is_due(self._at(self._turns.next), now):
            return []
        self._turns.begin(fleet, now)
        self._enter(State.ASKING)
        return [AskFleet(fleet)]

    def _went_on(self, event: FleetAnswered | Proceeds | Installed | NotInstalled) -> None:
        match event:
            case FleetAnswered(failure):
                self._enter(State.RESTING)
                self._turns.answered(failure)
            case Proceeds(done, text):
                self._done, self._doing = done, text
                if self.state is State.ASKING and not self.is_from_fleet:
                    self._turns.take()
                    self._uri, self._why, self._failure = self._turns.uri, BY_FLEET, ""
            case Installed():
                self._enter(State.INSTALLED)
            case NotInstalled(reason):
                self._enter(State.RESTING)
                self._failure = reason
            case _:
                assert_never(event)

    def _asked(self, event: UpdateAsked | FileComes, now: float) -> None:
        """By hand: doors say why not (`refusal_of`)."""
        if isinstance(event, FileComes):
            self._why, self._failure, self._is_known = BY_HAND, "", False
            self._uri = A_FILE
            self._enter(State.FETCHING)
            return
        if self.refusal_of(event.uri):
            return
        uri = event.uri or self._settings.uri
        if not uri:
            self._turns.by_hand(now, BY_HAND)
            return
        self._asked_uri, self._retries = uri, 0
        self._next = Planned(now, BY_HAND, when_free=True)

    def _plan(self, why: str, now: float) -> None:
        """Plan an update that nobody waits for; one that somebody asked for goes first."""
        if self._settings.uri and self._next is None and self.state is State.RESTING:
            self._retries = 0
            self._next = Planned(now, why, when_free=True)

    def _fetched(
        self, event: BundleFetched | BundleUnchanged | BundleNotFetched, now: float
    ) -> None:
        match event:
            case BundleFetched():
                self._enter(State.WAITING)
            case BundleUnchanged():
                self._enter(State.RESTING)
                self._is_known = True
            case BundleNotFetched(reason, retry_after_s):
                self._enter(State.RESTING)
                self._failure = reason
                if self._why != BY_HAND and self._retries < RETRIES_MAX:
                    self._retries += 1
                    wait_s = max(RETRY_S, min(retry_after_s, RETRY_AFTER_MAX_S))
                    at = now + wait_s * self._random.uniform(1.0, 1.5)
                    self._next = Planned(at, self._why, when_free=True)
            case _:
                assert_never(event)

    # What is told.

    def _status(self) -> UpdateStatus:
        is_busy = self.state in {State.FETCHING, State.INSTALLING, State.ASKING}
        return UpdateStatus(
            self._state_text(),
            without_credentials(self._uri),
            self._why if self._uri else "",
            self._doing,
            self._done if is_busy else None,
            bool(self._failure) and self._is_free,
            "" if self.state is State.OFF else self._turns.text,
        )

    def _state_text(self) -> str:
        match self.state:
            case State.OFF:
                return NOT_THIS_WAY
            case State.FETCHING:
                return "fetching"
            case State.WAITING:
                return WAITS
            case State.INSTALLING:
                return "installing"
            case State.INSTALLED | State.LEAVING:
                return "starts anew when nobody uses the phone"
            case State.ASKING if self.is_from_fleet:
                return WAITS if self._is_held else "installing"
            case State.RESTING | State.ASKING:
                return self._resting_text()
            case _:
                assert_never(self.state)

    def _resting_text(self) -> str:
        if self._next is not None and self._is_kept(self._next.why):
            return WAITS
        if self._failure:
            return self._failure
        return "up to date" if self._is_known else "no update goes on"

    def _enter(self, state: State) -> None:
        """Go to another state."""
        assert state in LEGAL[self.state], (self.state, state)
        self.state = state
        self._done, self._doing = None, ""
