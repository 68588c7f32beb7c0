"""The provisioner in the world: fetches for it, keeps files, reads them anew, tells what changed.

What may be changed while the phone runs is told to the phone at once. For all else it is started
again, by the same command, when nobody uses it: calls are never touched.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine
from random import Random
from typing import TYPE_CHECKING, assert_never

from config.configuration import Configuration
from config.files import read_bounded
from config.problem import Severity
from config.store import ConfigError, Store
from firmware.agent.events import ResyncAsked
from firmware.frozen import frozen
from firmware.link.events import NetworkChanged
from firmware.phone.events import FactsTold, TimeIs, WarningsChanged
from firmware.phone.screen import Progress
from firmware.provision.changes import changes
from firmware.provision.dhcp import FILE_BYTES_MAX, dhcp_server
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
from firmware.provision.provisioner import Provisioner, ProvisionEvent
from firmware.provision.server import ProvisionSettings, linked, provision_settings
from firmware.runtime.alarm import Alarm
from firmware.runtime.options import Options
from firmware.runtime.tasks import Tasks

if TYPE_CHECKING:
    from firmware.runtime.fetching import Fetcher
    from firmware.runtime.fleet_client import FleetClient
    from firmware.runtime.linked_files import LinkedFiles
    from firmware.runtime.slots import Slots
    from firmware.runtime.updating import Updating

log = logging.getLogger("handset.provisioning")

DHCP_LOOK_S = 2.0
"""After a change of the network: by then the DHCP client's hook has run."""

PAGE = "Provisioning"
CHANGES_SHOWN_MAX = 8
"""On the page; the log has all."""

Feed = Callable[[object], None]
Apply = Callable[[Configuration], Awaitable[None]]


@frozen
class Ways:
    """What provisioning does to the rest of the phone."""

    fetcher: Callable[[], Fetcher]  # Made with the first file: it knows HTTP, TLS and seals.
    feed: Feed
    warn: Callable[[str], Feed]  # Where a source says its `WarningsChanged`.
    apply: Apply  # Takes over what can be, of a new configuration.
    start_anew: Callable[[], None]
    fail: Callable[[], None]  # We are wrong: it ends, and is started again.
    version: str = ""


class Provisioning:
    """Between the provisioner and server, store and phone."""

    def __init__(
        self,
        store: Store,
        configuration: Configuration,
        random: Random,
        ways: Ways,
        options: Options,
    ) -> None:
        self._store, self._configuration = store, configuration
        self._fetcher: Fetcher | None = None
        self._random = random
        self._ways, self._options = ways, options
        self._say_warnings = ways.warn("provisioning")
        self._loop = asyncio.get_running_loop()
        self._alarm = Alarm(self._wake)
        self._told = settings = self._settings()
        self._machine = Provisioner(settings, store.copies(), random, self._alarm.now)
        self._looking: asyncio.TimerHandle | None = None
        self._tasks = Tasks()
        self._users: set[str] = set()
        self._nobody_waits = asyncio.Event()  # For a round that was asked for.
        self._status = ProvisionStatus()
        self._listener: Callable[[str], None] | None = None  # Whoever waits for a round.
        self._problems: tuple[str, ...] = ()  # Of files that were kept.
        self._linked: LinkedFiles | None = None  # Of a phone whose parameters name URLs.
        self._link_faults: tuple[str, ...] = ()
        self._warned: tuple[str, ...] = ()
        self.updating: Updating | None = None  # Of a phone whose card has two slots.

    def start(self) -> None:
        """Begin."""
        self._carry_out(self._machine.wake(self._alarm.now))
        self._follow_links()
        self._follow_updates()

    def _follow_updates(self) -> None:
        state = self._store.state_directory
        if state is not None and self._options.update.is_dir():
            from firmware.runtime.updating import UpdateWays, Updating

            way, folder = self._ways, self._options.update
            ways = UpdateWays(
                self._the_fetcher,
                self._run,
                way.feed,
                way.warn("update"),
                self._fleet_client,
                self._store.mac,
            )
            self.updating = Updating(state, folder, self._configuration, self._random, ways)
            self.updating.start()

    def _fleet_client(self, slots: Slots) -> FleetClient:
        from firmware.runtime.fleet_client import Device, FleetClient

        device = Device(self._store.mac, self._ways.version, slots.here.slot)
        return FleetClient(slots, self._store.directory, device)

    def _follow_links(self) -> None:
        """Have what parameters name by URL fetched."""
        state = self._store.state_directory
        if self._linked is None and state is not None and linked(self._configuration):
            from firmware.runtime.linked_files import LinkedFiles, LinkWays

            fetcher, run, feed = self._the_fetcher, self._run, self._ways.feed
            ways = LinkWays(fetcher, run, feed, self._links_kept, self._note_links)
            self._linked = LinkedFiles(self._store, state, self._random, ways)
        if self._linked is not None:
            self._linked.renew(self._configuration)

    async def _links_kept(self) -> None:
        """Look anew at what is wrong with the configuration: a file of it is another one."""
        await self._ways.apply(await asyncio.to_thread(self._store.read))

    def _note_links(self, faults: tuple[str, ...]) -> None:
        for fault in faults:
            if fault not in self._link_faults:
                log.warning("%s", fault)
        self._link_faults = faults
        self._warn()

    def _tell_links(self, event: NetworkChanged | TimeIs) -> None:
        if self._linked is not None:
            self._linked.tell(event)

    def _ask_links(self, *, by_hand: bool) -> None:
        if self._linked is not None:
            self._linked.ask(by_hand=by_hand)

    def take(self, event: object) -> None:
        """Take what the phone says, or what it is told: leave what is for somebody else."""
        if isinstance(event, ResyncAsked):
            log.info("check-sync from the proxy%s", ", with a new start" * event.restarts)
            self._ask_links(by_hand=False)
        if isinstance(event, ResyncAsked | TimeIs):
            self._tell(event)
        if isinstance(event, TimeIs):
            self._tell_links(event)
        if self.updating is not None:
            self.updating.take(event)

    def note_use(self, who: str, *, is_used: bool) -> None:
        """Hear whether somebody uses the phone, or a door of it."""
        before = set(self._users)
        (self._users.add if is_used else self._users.discard)(who)
        if bool(self._users) is not bool(before):
            self._tell(InUse(is_used))
        if self.updating is not None and self._users != before:
            self.updating.note_use(self._users)

    @property
    def status(self) -> ProvisionStatus:
        """Where provisioning stands."""
        return self._status

    def ask(self) -> None:
        """Fetch now; nobody waits for it."""
        self._tell(FetchAsked())
        self._ask_links(by_hand=True)

    async def fetch_now(self, tell: Callable[[str], None]) -> ProvisionStatus:
        """Fetch now, `tell` each step; return where provisioning stands when that is done."""
        self._listener = tell
        self._nobody_waits.clear()
        try:
            self._tell(FetchAsked())
            await self._nobody_waits.wait()
        finally:
            self._listener = None
        if self._linked is not None:
            await self._linked.fetch_now(tell)
        return self._status

    def network_changed(self) -> None:
        """Look at what DHCP says, once its client has written it."""
        self._tell(NetworkChanged())
        self._tell_links(NetworkChanged())
        if self._looking is not None:
            self._looking.cancel()
        self._looking = self._loop.call_later(DHCP_LOOK_S, self._look)

    def _look(self) -> None:
        settings = self._settings()
        if settings != self._told:
            self._told = settings
            self._tell(SettingsChanged(settings))

    def _settings(self) -> ProvisionSettings:
        """Return where files come from now."""
        only = str(self._configuration.value("dhcp config option override"))
        try:
            data = read_bounded(self._options.dhcp, FILE_BYTES_MAX)[:FILE_BYTES_MAX]
        except OSError:
            data = b""  # There is no DHCP, or its client has no hook.
        by_dhcp = dhcp_server(data.decode("utf-8", "replace"), only)
        return provision_settings(self._configuration, self._store.file_names, by_dhcp)

    def want_restart(self) -> None:
        """Something was set that counts after a new start: when nobody uses the phone."""
        self._loop.call_soon(self._tell, RestartWanted())

    def renew(self, configuration: Configuration) -> None:
        """Go on with what was set on the phone: files may come from elsewhere now."""
        self._configuration = configuration
        self._loop.call_soon(self._look)
        self._follow_links()
        if self.updating is not None:
            self._loop.call_soon(self.updating.renew, configuration)

    async def stop(self) -> None:
        """Give up what is on its way; what is being written is written."""
        self._alarm.stop()
        if self._looking is not None:
            self._looking.cancel()
        if self._linked is not None:
            self._linked.stop()
        if self.updating is not None:
            self.updating.stop()
        self._tasks.cancel()
        await self._tasks.finish()

    def _tell(self, event: ProvisionEvent) -> None:
        self._carry_out(self._machine.handle(event, self._alarm.now))

    def _carry_out(self, outputs: list[object]) -> None:
        for output in outputs:
            match output:
                case Fetch():
                    self._run(self._fetch(output))
                case KeepFiles():
                    self._run(self._keep(output))
                case StartAnew(reason):
                    log.warning("the phone starts anew: %s", reason)
                    self._ways.start_anew()
                case ProvisionStatus():
                    self._show(output)
                case _:
                    raise AssertionError(output)
        self._alarm.set(self._machine.deadline())
        if not self._machine.is_asked:
            self._nobody_waits.set()

    def _wake(self) -> None:
        self._carry_out(self._machine.wake(self._alarm.now))

    def _run(self, work: Coroutine[object, object, None]) -> None:
        self._tasks.begin(work).add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("provisioning met a state it should not have", exc_info=error)
            self._ways.fail()

    def _the_fetcher(self) -> Fetcher:
        self._fetcher = self._fetcher or self._ways.fetcher()
        return self._fetcher

    async def _fetch(self, wanted: Fetch) -> None:
        outcome = await self._the_fetcher().fetch(wanted, self._configuration)
        if self._listener is not None:
            self._listener(f"{wanted.name}: {_in_words(outcome)}")
        self._tell(outcome)

    async def _keep(self, wanted: KeepFiles) -> None:
        try:
            after = await asyncio.to_thread(self._kept, wanted)
        except ConfigError as error:
            self._tell(FilesNotKept(str(error)))
            return
        before, self._configuration = self._configuration, after
        changed = changes(before, after)
        for name in [file.name for file in wanted.files]:
            log.info("a new %s is kept", name)
        for name in wanted.gone:
            log.info("the server has no %s any more", name)
        for change in changed:
            log.info("changed: %s", change.text)
        known = {str(problem) for problem in before.problems}
        errors = (str(p) for p in after.problems if p.severity is Severity.ERROR)
        self._problems = tuple(text for text in errors if text not in known)
        await self._ways.apply(after)
        self._told = self._settings()
        self._tell(FilesKept(changed, self._told))
        self._show(self._status)

    def _kept(self, wanted: KeepFiles) -> Configuration:
        self._store.keep_copies(wanted.files, wanted.gone)
        return self._store.read()

    def _show(self, status: ProvisionStatus) -> None:
        """Say in the log and on the screen where provisioning stands."""
        if status.state != self._status.state and status.server:
            log.info("%s: %s", status.server, status.state)
        for fault in status.faults:
            if fault not in self._status.faults:
                log.warning("%s", fault)
        self._status = status
        if not status.server:
            return
        progress = Progress(status.state, *status.done) if status.done else None
        rows = [("Server", status.server), ("State", status.state), ("Because", status.why)]
        rows += [("Changed", text) for text in status.changed[:CHANGES_SHOWN_MAX]]
        facts = tuple((label, text) for label, text in rows if text)
        self._ways.feed(FactsTold(PAGE, facts, progress))
        self._warn()

    def _warn(self) -> None:
        """Show what is wrong with files that were fetched."""
        warnings = (*self._status.faults, *self._problems, *self._link_faults)
        if warnings != self._warned:
            self._warned = warnings
            self._say_warnings(WarningsChanged(warnings))


def _in_words(outcome: Outcome) -> str:
    match outcome:
        case FileFetched(_, file):
            return f"{len(file.data)} bytes"
        case FileUnchanged():
            return "as it was"
        case FileAbsent():
            return "not on the server"
        case FileRefused():
            return "refused"
        case FetchFailed(_, reason):
            return reason
        case _:
            assert_never(outcome)
