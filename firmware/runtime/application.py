"""The whole phone as a process: configuration, stack, driver, and a board that has begun.

The order is that of a person waiting: a first screen stands already (`start.py`), now the link, and
all else while it is on its way. A wrong configuration never keeps the phone from starting; it says
what is wrong instead (L11).
"""

from __future__ import annotations

import asyncio
import logging
import signal
from collections.abc import Callable, Sequence
from functools import cached_property
from random import SystemRandom
from typing import TYPE_CHECKING, Any

from config.configuration import Configuration
from config.store import Store
from firmware.agent.events import UnregisterAll
from firmware.link.events import ServerName
from firmware.phone.events import FactoryReset, FactsTold, LanguageIs
from firmware.phone.kept import KeepingTrouble
from firmware.phone.language import ENGLISH
from firmware.phone.status import Status
from firmware.runtime.certificate_watch import CertificateWatch
from firmware.runtime.clock import ClockWatch
from firmware.runtime.driver import Driver, Network
from firmware.runtime.from_configuration import listen
from firmware.runtime.identity_file import ids, instance_id
from firmware.runtime.in_force import InForce
from firmware.runtime.languages import language_of
from firmware.runtime.network import NetworkWatch
from firmware.runtime.options import EXIT_AGAIN, Options, web_place
from firmware.runtime.resolver import Resolver
from firmware.runtime.state_lock import share
from firmware.runtime.tap import Tap
from firmware.runtime.transport import Transport
from firmware.runtime.warnings_of import Warnings
from firmware.runtime.watchers import Watchers
from firmware.settings import voice_settings
from firmware.stack import Stack

if TYPE_CHECKING:
    import socket

    from board.board import Board
    from drivers.interfaces import Voice
    from firmware.runtime.doors import Doors
    from firmware.runtime.fetching import Fetcher
    from firmware.runtime.keepers import Keepers
    from firmware.runtime.logs import Logs
    from firmware.runtime.panel import Panel
    from firmware.runtime.pin_keeper import PinKeeper
    from firmware.runtime.provisioning import Provisioning
    from firmware.runtime.setter import Setter
    from firmware.runtime.settings_keeper import SettingsKeeper
    from firmware.runtime.voice import VoiceEngine

log = logging.getLogger("handset")

VERSION = "0.1"
USER_AGENT = f"Handset/{VERSION}"

GOODBYE_S = 1.0
"""How long the phone waits for the registrars to let it go when it is stopped."""

EXIT_SOFTWARE = 70
"""As sysexits.h has it: an internal error, so that a supervisor starts the phone again."""


class Application:
    """Everything that lives as long as the process."""

    def __init__(
        self,
        options: Options,
        store: Store,
        configuration: Configuration,
        mac: str,
        board: Board | None,
        undone: str = "",
    ) -> None:
        self._options, self._board = options, board  # No board: a script instead.
        self._bench: tuple[Panel, Voice] | None = None
        self._status, self.watchers = Status(), Watchers()
        self.loaded = asyncio.Event()  # All that a phone needs runs.
        self._keepers: Keepers | None = None
        self._store, self._configuration = store, configuration
        self._settings: SettingsKeeper | None = None
        self._provisioning: Provisioning | None = None
        self._pin: PinKeeper | None = None
        self._logs: Logs | None = None
        self._clock = ClockWatch(self._feed)
        self._state_lock = share(options.state)
        self._mac, self._instance = mac, instance_id(options.state, mac)
        self.stopping = asyncio.Event()  # The phone is to stop,
        self._gone = asyncio.Event()  # and has said goodbye.
        self._transport: Transport | None = None
        self._listener, refused = listen(configuration, self._accept)
        about = (options.config, self._instance, USER_AGENT)
        self._in_force = InForce(configuration, *about, undone, refused)
        self._status.problems = self._in_force.problems
        self._voice_settings = voice_settings(configuration)
        self.engine: VoiceEngine | None = None
        self._doors: Doors | None = None
        self._is_broken = self.begins_again = False
        self.warnings = Warnings(self._feed)
        warn, loop = self.warnings.of("certificates"), asyncio.get_running_loop()
        self._certificates = CertificateWatch(warn, self._in_force.contexts)
        self._resolver = Resolver(SystemRandom())
        self._resolver.begin()
        self._stack = Stack(self._in_force.settings, ids(), SystemRandom(), loop.time())
        self.driver = Driver(self._stack, self._network(), self._outside)

    def _accept(self, sock: socket.socket, names: Sequence[ServerName]) -> None:
        assert self._transport is not None
        self._transport.accept(sock, names)

    def _network(self) -> Network:
        """Return the way to the proxies, with an ear on it where a trace is wanted."""

        def transport(deliver: Callable[[object], None]) -> Network:
            contexts, way_out = self._in_force.contexts, self._in_force.way_out
            self._transport = Transport(deliver, contexts, self._resolver, way_out)
            return self._transport

        self._tap = Tap(self._feed, transport)
        if self._options.trace:
            from firmware.runtime.trace import SipTrace

            self._tap.ears.append(SipTrace())
        return self._tap

    async def run(self) -> int:
        """Start everything, wait, stop everything."""
        for problem in self._in_force.problems:
            log.warning("%s", problem)
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self.stopping.set)
        network = NetworkWatch(self._network_changed)
        self.driver.start()
        if self._board is not None:
            self._begin_panel(self._board)  # Now: keys were pressed meanwhile.
        self._tell_language()
        self._clock.start()
        network.start()
        self._certificates.start()
        try:
            return await self._live()
        finally:
            if self._doors is not None:
                await self._doors.stop()
            for part in (self._certificates, self._listener, network, self._clock, self.driver):
                if part is not None:
                    part.stop()
            if self.engine is not None:
                self.engine.stop()
            for last in (self._provisioning, self._keepers, self._settings, self._pin, self._logs):
                if last is not None:
                    await last.stop()

    async def _live(self) -> int:
        """Run the board until it or the phone is to stop; say goodbye; return the exit status."""
        running = self._run_script() if self._board is None else self._run_board(self._board)
        board = asyncio.create_task(running)
        await asyncio.sleep(0)  # Link and board are on their way: now the log of what went before.
        self._begin_logs()
        self._keep_lists()
        self._tell_settings()
        self._tell_network()
        self.driver.feed(self._about())
        self._provision()
        self._open_doors()
        self.loaded.set()
        stopped = asyncio.create_task(self.stopping.wait())
        ends: set[asyncio.Future[Any]] = {board, stopped, self.driver.failed}
        await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        stopped.cancel()
        broken = self.driver.failed.done() or self._is_broken
        if not broken:
            await self._say_goodbye()
        self.stopping.set()
        self._gone.set()
        await board
        if broken:
            return EXIT_SOFTWARE
        return EXIT_AGAIN if self.begins_again else 0

    async def _say_goodbye(self) -> None:
        """Un-REGISTER, so that calls are not sent to a phone that is gone."""
        self.driver.feed(UnregisterAll())
        give_up_at = self.driver.now + GOODBYE_S
        while self._stack.agent.registered_accounts and self.driver.now < give_up_at:
            await asyncio.sleep(0.01)

    async def _run_script(self) -> None:
        from drivers.voice import SoundCard
        from firmware.runtime.script import Script

        script = Script(self.driver.feed, self._in_force.problems, self._setter)
        self.watchers.add(script.take)
        self._open_voice(SoundCard(self._voice_settings.device))
        reading = asyncio.create_task(script.run())
        stop = asyncio.create_task(self.stopping.wait())
        await asyncio.wait({reading, stop}, return_when=asyncio.FIRST_COMPLETED)
        self.stopping.set()
        await self._gone.wait()
        reading.cancel()
        await script.close()

    def _begin_panel(self, board: Board) -> None:
        from firmware.runtime.panel import Panel

        panel = Panel(board, self.driver.feed, asyncio.get_running_loop())
        self._bench = panel, board.voice
        self.watchers.add(panel.take)
        panel.start()

    async def _run_board(self, board: Board) -> None:
        from firmware.runtime.part_watch import PartWatch

        self._open_voice(board.voice)
        if board.address:
            print(f"The handset is at {board.address}", flush=True)
        watch = PartWatch(board, self.warnings.of("parts"), self._break)
        watch.start()
        try:
            await self._gone.wait()
        finally:
            watch.stop()

    def _open_doors(self) -> None:
        """Let administrators come, at the serial line and at the web page."""
        from firmware.runtime.doors import Doors
        from firmware.runtime.surroundings import Surroundings

        around = Surroundings(
            feed=self.driver.feed,
            status=self._status,
            store=self._store,
            configuration=lambda: self._configuration,
            setter=self._setter,
            time=self._clock.time,
            about=self._about().rows,
            logs=lambda: self._logs,
            provisioning=lambda: self._provisioning,
            bench=self._bench,
            ears=self._tap.ears,
            watchers=self.watchers.all,
            restart=self._start_anew,
            reset=self._reset,
            occupied=self._occupied,
        )
        serial, warn = self._board.serial if self._board else None, self.warnings.of("web")
        self._doors = Doors(around, serial, web_place(self._options), warn)
        self._doors.open(says_where=bool(self._board and self._board.address))

    @cached_property  # All doors have one: one change at a time.
    def _setter(self) -> Setter:
        from firmware.runtime.setter import Setter

        return Setter(self._store, lambda: self._configuration, self._configured)

    async def _configured(self, configuration: Configuration, *, waits: bool = False) -> None:
        """Take over of another configuration what can be (L5); `waits`: the rest when idle."""
        self._configuration = configuration
        assert self._transport is not None
        await self._in_force.renew(configuration, self._transport.use, self._feed)
        self._certificates.start()
        for part in (self._settings, self._provisioning, self._logs):
            if part is not None:
                part.renew(configuration)
        if waits and self._provisioning is not None:
            self._provisioning.want_restart()
        if self._doors is not None:
            self._doors.renew()

    def _occupied(self, door: str, is_used: bool) -> None:
        """Somebody has logged in at a door, or has left."""
        if self._provisioning is not None:
            self._provisioning.note_use(door, is_used=is_used)

    def _open_voice(self, voice: Voice) -> None:
        """Let calls be heard; the sound's thread starts with the first of them."""
        from firmware.runtime.voice import VoiceEngine

        self.engine = VoiceEngine(
            voice, self.driver.feed, self._break, SystemRandom(), self._voice_settings
        )
        self.watchers.add(self.engine.take)

    def _break(self) -> None:
        """A thread of the sound or of the parts has ended: we are wrong, and start again."""
        self._is_broken = True
        self.stopping.set()

    def _begin_logs(self) -> None:
        from firmware.runtime.logs import Logs

        folder, phone = self._options.config, (self._mac, VERSION)
        self._logs = Logs(self._configuration, folder, self._resolver, self._tap.ears, phone)
        self._logs.start()

    def _keep_lists(self) -> None:
        from firmware.runtime.keepers import Keepers

        self._keepers = Keepers(self._options.state, self.driver.feed)
        self._keepers.start()

    def _tell_settings(self) -> None:
        from firmware.runtime.pin_keeper import PARAMETER, PinKeeper
        from firmware.runtime.settings_keeper import SettingsKeeper

        self._settings = SettingsKeeper(
            self._store, self._configuration, self.driver.feed, self._clock.set_zone
        )
        self._settings.start()
        self._pin = PinKeeper(self._store, str(self._configuration.value(PARAMETER)), self._feed)

    def _tell_language(self) -> None:
        """At once: the first screen has it already."""
        if (language := language_of(self._configuration)) is not ENGLISH:
            self.driver.feed(LanguageIs(language))

    def _network_changed(self, event: object) -> None:
        """Names first: the link may ask for one at once."""
        self._resolver.network_changed()
        self.driver.feed(event)
        for part in (self._provisioning, self._logs):
            if part is not None:
                part.network_changed()
        self._tell_network()

    def _tell_network(self) -> None:
        from firmware.runtime.device_facts import network

        if self._settings is not None:  # Else it is too early: the link comes first.
            self.driver.feed(network())
        if self._doors is not None:
            self._doors.renew()

    def _about(self) -> FactsTold:
        """Return what this phone is."""
        from firmware.runtime.device_facts import about

        model = self._options.model or self._options.board
        return about(VERSION, model, self._mac, self._instance)

    def _provision(self) -> None:
        from firmware.runtime.provisioning import Provisioning, Ways

        fetcher, feed, warn = self._fetcher, self.driver.feed, self.warnings.of
        ways = Ways(fetcher, feed, warn, self._configured, self._start_anew, self._break, VERSION)
        self._provisioning = Provisioning(
            self._store, self._configuration, SystemRandom(), ways, self._options
        )
        self._provisioning.start()
        self._clock.tell()

    def _fetcher(self) -> Fetcher:
        from firmware.runtime.fetching import Fetcher

        return Fetcher(self._resolver, self._options.config, USER_AGENT)

    def _start_anew(self) -> None:
        """Stop, and be started again at once."""
        self.begins_again = True
        self.stopping.set()

    def _feed(self, event: object) -> None:
        self.driver.feed(event)
        self._certificates.take(event)
        if self._provisioning is not None:
            self._provisioning.take(event)

    def _outside(self, output: object) -> None:
        self._status.take(output)
        self.watchers.tell(output)
        for taker in (self._keepers, self._settings, self._pin, self._provisioning, self._logs):
            if taker is not None:
                taker.take(output)
        if isinstance(output, FactoryReset):
            self._reset()
        if self._provisioning is not None:
            is_used = self._stack.phone.is_used or bool(self._stack.agent.calls)
            self._provisioning.note_use("phone", is_used=is_used)

    def _reset(self) -> None:
        """Stop, and have all that was set or remembered wiped at the start that follows."""
        from firmware.runtime.factory_reset import ask

        if problem := ask(self._options.state):
            trouble = KeepingTrouble("the factory reset", problem)
            asyncio.get_running_loop().call_soon(self._feed, trouble)  # It is still being said.
            return
        self._start_anew()
