"""The updater in the world: fetches a bundle, has it installed, restarts the machine, says how far.

It also says, once, that the phone works in the slot that runs: when an account is registered, or
at its first screen where no account is configured. A slot that never says so is left again.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Coroutine
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

from config.configuration import Configuration
from config.disk import draft_of, save_flushed
from config.files import read_bounded, reason
from firmware.agent.events import AccountStatus, RegistrationState, ResyncAsked
from firmware.frozen import frozen
from firmware.phone.events import FactsTold, Report, TimeIs, WarningsChanged
from firmware.phone.screen import Progress
from firmware.provision.events import InUse
from firmware.provision.update_events import (
    AskFleet,
    Begun,
    BundleFetched,
    BundleNotFetched,
    BundleUnchanged,
    DoorInUse,
    FetchBundle,
    FileComes,
    HoldInstallation,
    InstallBundle,
    Installed,
    NotInstalled,
    Proceeds,
    RestartMachine,
    Tried,
    UpdateAsked,
    UpdateStatus,
    Where,
    update_settings,
)
from firmware.provision.updater import UpdateEvent, Updater
from firmware.runtime.alarm import Alarm
from firmware.runtime.bundle_download import BundleDownload
from firmware.runtime.http_client import HttpError
from firmware.runtime.options import BUNDLE, INSTALLING, TRIED
from firmware.runtime.slots import GOOD, INSTALL, NEWER, RESTART, Slots

if TYPE_CHECKING:
    from drivers.http_listener import Body
    from firmware.provision.fleet import Fleet
    from firmware.runtime.fetching import Fetcher
    from firmware.runtime.fleet_client import FleetClient
    from firmware.web.upload import UploadReader

log = logging.getLogger("handset.update")

PAGE = "Update"
LOOK_S = 0.5
"""So often it is looked how far an installation is."""

INSTALL_MAX_S = 7 * 3600.0
"""A slow card takes minutes for a slot; before that RAUC may wait six hours for a phone in use."""

FETCH_MAX_S = 6 * 3600.0
"""A bundle that comes more slowly than this never ends."""

MARK_MAX = 512

ROLLED_OUT = "fleet"
"""The mark of what a fleet's server has sent."""

Feed = Callable[[object], None]


@frozen
class UpdateWays:
    """What an update does to the rest of the phone."""

    fetcher: Callable[[], Fetcher]
    run: Callable[[Coroutine[object, object, None]], None]
    feed: Feed
    warn: Feed  # `WarningsChanged`.
    client: Callable[[Slots], FleetClient]  # Made with the first question to a fleet's server.
    mac: str = ""


class Updating:
    """Between the updater and servers, disk, slots and phone."""

    def __init__(
        self,
        state: Path,
        folder: Path,
        configuration: Configuration,
        random: Random,
        ways: UpdateWays,
    ) -> None:
        self._state, self._slots, self._ways = state, Slots(folder), ways
        self._configuration = configuration
        self._alarm = Alarm(self._wake)
        tried = read_tried(state)
        settings = update_settings(configuration, ways.mac)
        here, undone = self._slots.here, self._slots.undone()
        begun = read_begun(state)
        self._begun = begun if begun and begun.tried.where == here else None
        installs = self._begun is not None
        self._machine = Updater(settings, here, tried, random, undone, installs=installs)
        self._mark = self._begun.tried.mark if self._begun else ""  # Of the bundle that is here.
        self._client: FleetClient | None = None
        self._is_good = self._is_used = False
        self.status = UpdateStatus()

    def start(self) -> None:
        """Begin."""
        self._slots.hold(False)  # As a phone has left it that came to an end in a call.
        if self._begun is not None:  # Only the phone has started anew: RAUC goes on.
            self._ways.run(self._end(self._begun.number))
        else:  # The power went, or the phone restarts with what it held.
            for name in (BUNDLE, str(draft_of(Path(BUNDLE))), INSTALLING):
                (self._state / name).unlink(missing_ok=True)
        self._carry_out(self._machine.wake(self._alarm.now))
        if not self._configuration.accounts():
            self._works()

    def ask(self, uri: str) -> str:
        """Begin an update; return why not, "" where it begins as soon as nobody uses the phone."""
        if refusal := self._machine.refusal_of(uri):
            return refusal
        self._tell(UpdateAsked(uri))
        return ""

    async def receive(self, body: Body, reader: UploadReader, first: bytes) -> str:
        """Take a bundle that is sent to the page; return why it is not taken.

        It is installed as soon as nobody uses the phone.
        """
        from firmware.runtime.bundle_upload import BundleUpload

        if refusal := self._machine.refusal_of_file:
            return refusal
        self._tell(FileComes())
        event: UpdateEvent = BundleNotFetched("the update is not fetched: the page has ended")
        try:
            async with asyncio.timeout(FETCH_MAX_S):
                upload = BundleUpload(self._state / BUNDLE, self._note, lambda: self._is_used)
                await upload.take(body, reader, first)
            self._mark, event = upload.digest, BundleFetched()
        except TimeoutError:
            event = BundleNotFetched("the update is not fetched: it takes too long")
        except HttpError as error:
            event = BundleNotFetched(f"the update is not fetched: {error}")
        finally:
            self._tell(event)
        return event.reason if isinstance(event, BundleNotFetched) else ""

    def take(self, event: object) -> None:
        """Take what the phone says, or what it is told: leave what is for somebody else."""
        match event:
            case ResyncAsked() | TimeIs():
                self._tell(event)
            case Report(AccountStatus(state=RegistrationState.REGISTERED)):
                self._works()
            case _:
                pass  # For somebody else.

    def note_use(self, users: set[str]) -> None:
        """Hear who uses the phone: a person at it, or administrators at its doors."""
        self._is_used = "phone" in users
        self._tell(InUse(self._is_used))
        self._tell(DoorInUse(bool(users - {"phone"})))

    def renew(self, configuration: Configuration) -> None:
        """Follow the parameters."""
        self._configuration = configuration
        self._tell(update_settings(configuration, self._ways.mac))

    def stop(self) -> None:
        """Begin nothing more; an installation goes on to its end by itself."""
        self._alarm.stop()

    def _works(self) -> None:
        """This slot is good."""
        if not self._is_good and self._slots.here.slot:
            self._is_good = not self._slots.wish(GOOD)

    def _tell(self, event: UpdateEvent) -> None:
        self._carry_out(self._machine.handle(event, self._alarm.now))

    def _wake(self) -> None:
        self._carry_out(self._machine.wake(self._alarm.now))

    def _carry_out(self, outputs: list[object]) -> None:
        for output in outputs:
            match output:
                case FetchBundle():
                    self._ways.run(self._fetch(output))
                case InstallBundle(only_newer):
                    self._ways.run(self._install(only_newer))
                case AskFleet(fleet):
                    self._ways.run(self._ask(fleet))
                case HoldInstallation(is_held):
                    self._slots.hold(is_held)
                case RestartMachine(why):
                    log.warning("the machine restarts: %s", why)
                    if problem := self._slots.wish(RESTART):
                        self._ways.warn(WarningsChanged((problem,)))
                case UpdateStatus():
                    self._show(output)
                case _:
                    raise AssertionError(output)
        self._alarm.set(self._machine.deadline())

    async def _fetch(self, wanted: FetchBundle) -> None:
        try:
            async with asyncio.timeout(FETCH_MAX_S):
                event = await self._fetched(wanted)
        except TimeoutError:
            event = BundleNotFetched("the update is not fetched: it takes too long")
        except HttpError as error:
            event = BundleNotFetched(f"the update is not fetched: {error}", error.retry_after_s)
        self._tell(event)

    async def _fetched(self, wanted: FetchBundle) -> UpdateEvent:
        download = BundleDownload(self._state / BUNDLE, self._note, lambda: self._is_used)
        etag = wanted.known if wanted.known.endswith('"') else ""
        fetcher = self._ways.fetcher()
        reply = await fetcher.ask(wanted.uri, download.read, etag, self._configuration)
        self._mark = reply.etag or download.digest
        if reply.status == 304 or self._mark == wanted.known:
            await asyncio.to_thread(self._drop)
            return BundleUnchanged()
        return BundleFetched()

    def _note(self, have: int, length: int) -> None:
        done = (100 * have // length, 100)
        if done != self.status.done:
            self._tell(Proceeds(done))

    async def _ask(self, fleet: Fleet) -> None:
        """Have a fleet's server asked; what it has is remembered as what is being installed."""
        self._client = self._client or self._ways.client(self._slots)
        event = await self._client.ask(fleet, self._configuration, self._heard)
        if isinstance(event, Installed):
            await self._remember(TRIED, self._tried)
        await asyncio.to_thread(self._drop)
        self._tell(event)

    async def _heard(self, number: str, how_far: Proceeds) -> None:
        if not self._machine.is_from_fleet:
            self._mark = ROLLED_OUT
            await self._remember(INSTALLING, f"{number} {self._tried}")
        self._tell(how_far)

    async def _install(self, only_newer: bool) -> None:
        number = str(time.monotonic_ns())
        if problem := self._slots.wish(INSTALL, f"{number} {NEWER}" if only_newer else number):
            await self._ended(problem)
            return
        await self._remember(INSTALLING, f"{number} {self._tried}")
        await self._end(number)

    async def _end(self, number: str) -> None:
        """Wait for the end of an installation, however often the phone has started meanwhile."""
        await self._ended(await self._why_not(number))

    async def _ended(self, reason_not: str) -> None:
        if not reason_not:
            await self._remember(TRIED, self._tried)
        await asyncio.to_thread(self._drop)
        self._tell(NotInstalled(reason_not) if reason_not else Installed())

    @property
    def _tried(self) -> str:
        here = self._slots.here
        return f"{here.slot} {here.start} {self._mark}"

    async def _remember(self, name: str, words: str) -> None:
        try:
            await asyncio.to_thread(save_flushed, self._state / name, f"{words}\n".encode())
        except OSError as error:
            log.warning("what is installed is not remembered: %s", reason(error))

    async def _why_not(self, number: str) -> str:
        """Wait for the end; return why nothing was installed."""
        give_up_at = self._alarm.now + INSTALL_MAX_S
        while self._alarm.now < give_up_at:
            if (end := self._slots.end(number)) is not None:
                return end.reason
            step = self._slots.step()
            self._tell(Proceeds((step.percent, 100), step.text))
            await asyncio.sleep(LOOK_S)
        return "the update is not installed: nothing is heard of it any more"

    def _drop(self) -> None:
        for name in (BUNDLE, INSTALLING):
            (self._state / name).unlink(missing_ok=True)

    def _show(self, status: UpdateStatus) -> None:
        """Say in the log, on the screen and as a warning where the update stands."""
        if status.state != self.status.state:
            (log.warning if status.failed else log.info)("%s", status.state)
            self._ways.warn(WarningsChanged((status.state,) if status.failed else ()))
        if status.fleet != self.status.fleet:
            log.info("the fleet's server %s", status.fleet or "is none any more")
        self.status = status
        if not status.uri and not status.failed:
            return
        rows = [("Server", status.uri), ("State", status.state), ("Because", status.why)]
        facts = tuple((label, text) for label, text in rows if text)
        progress = Progress(status.state, *status.done) if status.done else None
        self._ways.feed(FactsTold(PAGE, facts, progress))


def read_tried(state: Path) -> Tried | None:
    """Return what was installed last, None where nothing was, or where nobody can tell."""
    return _tried_of(_line_of(state / TRIED))


def read_begun(state: Path) -> Begun | None:
    """Return what was being installed when the phone ended, None where nothing was."""
    number, _, words = _line_of(state / INSTALLING).partition(" ")
    tried = _tried_of(words)
    return Begun(number, tried) if tried else None


def _line_of(path: Path) -> str:
    try:
        return read_bounded(path, MARK_MAX)[:MARK_MAX].decode("ascii", "replace").strip()
    except OSError:
        return ""


def _tried_of(words: str) -> Tried | None:
    slot, start, mark = [*words.split(" ", 2), "", "", ""][:3]
    return Tried(mark, Where(slot, start)) if mark else None
