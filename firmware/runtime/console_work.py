"""What the console has done outside: hashes, the disk, the network; never on the event loop."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime

from config.certificate_list import listed
from config.configuration import Configuration
from config.kinds import PIN_HASH
from config.store import ConfigError
from firmware.console.certificates import KeepPem, ListCertificates
from firmware.console.commands import Ping, ReadLog, SetLevel
from firmware.console.console import PASSWORD
from firmware.console.events import (
    CheckPassword,
    ConfigurationIs,
    Do,
    KeepPassword,
    PasswordChecked,
    PasswordKept,
    ShowCode,
    WorkDone,
)
from firmware.console.parameters import ParameterKept, SetParameter, UnsetParameter
from firmware.link.events import Role
from firmware.phone.events import FactsTold
from firmware.phone.facts import SETUP
from firmware.provision.changes import changes
from firmware.runtime import log_ring, pasted_files
from firmware.runtime.pin_keeper import is_pin, record_of
from firmware.runtime.pinging import Pinger
from firmware.runtime.surroundings import Surroundings
from firmware.settings import proxies

log = logging.getLogger("handset.console")


class Worker:
    """Does what is asked for, and feeds the console what came of it."""

    def __init__(self, around: Surroundings, feed: Callable[[object], None]) -> None:
        self._around, self._feed = around, feed
        self._pinger = Pinger()
        self._tasks: set[asyncio.Task[None]] = set()

    def do(self, wanted: CheckPassword | KeepPassword | ShowCode | Do) -> None:
        """Begin it."""
        match wanted:
            case ShowCode(code):
                rows = (("Code", code.text), ("", "for the console")) if code.text else ()
                self._around.feed(FactsTold(SETUP, rows))
            case CheckPassword(password):
                self._begin(self._check(password.text))
            case KeepPassword(password):
                self._begin(self._keep(password.text))
            case Do(number, request):
                self._begin(self._work(number, request))

    async def stop(self) -> None:
        """Let what was begun be done."""
        await asyncio.gather(*self._tasks)

    def _begin(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _check(self, password: str) -> None:
        record = str(self._around.configuration().value(PASSWORD))
        is_right = await asyncio.to_thread(is_pin, password, record)
        if is_right:
            log.info("somebody has logged in")
        else:
            log.warning("a wrong password")
        self._feed(PasswordChecked(is_right))

    async def _keep(self, password: str) -> None:
        try:
            configuration = await asyncio.to_thread(self._set, PASSWORD, password)
        except ConfigError as error:
            self._feed(PasswordKept(str(error)))
            return
        self._around.changed(configuration)
        self._feed(ConfigurationIs(configuration))
        self._feed(PasswordKept())

    async def _work(self, number: int, request: object) -> None:
        """Do what a command wants."""
        self._feed(WorkDone(number, await self._result(request)))

    async def _result(self, request: object) -> object:
        match request:
            case ReadLog(count):
                return log_ring.last_lines()[-count:]
            case Ping(role):
                return await self._ping(role)
            case KeepPem(parameter, pem):
                return await self._keep_pem(parameter, pem.text)
            case ListCertificates():
                return await asyncio.to_thread(self._certificates)
            case SetLevel(module, level):
                logging.getLogger(f"handset.{module}").setLevel(level.upper())
                return None
            case SetParameter(name, account, text):
                return await self._change(self._set, name, text.text, account)
            case UnsetParameter(name, account):
                return await self._change(self._unset, name, account)
            case _:
                raise AssertionError(f"nobody does {request!r}")

    async def _keep_pem(self, parameter: str, pem: str) -> str:
        """Keep a file that was pasted, and let the parameter name it; return what to say."""
        state, before = self._around.store.state_directory, self._around.configuration()
        password = str(before.value("sips private key password"))
        try:
            if state is None:
                raise ConfigError("there is no state folder to keep it in")
            path = await asyncio.to_thread(pasted_files.keep, state, parameter, pem, password)
        except ConfigError as error:
            return f"It is not kept: {error}"
        if str(before.value(parameter)) == str(path):
            return f"It is kept as {path}, and counts with the next connection."
        kept = await self._change(self._set, parameter, str(path), 0)
        if kept.problem:
            return f"It is kept as {path}, but not used: {kept.problem}"
        return f"It is kept as {path}, and counts after a restart: type reboot."

    async def _ping(self, role: Role) -> tuple[tuple[str, str], ...]:
        configuration = self._around.configuration()
        found = [proxy for proxy in proxies(configuration) if proxy.role is role]
        if not found:
            return ()
        return await self._pinger.ping(found[0], configuration, self._around.store.directory)

    async def _change(self, change: Callable[..., Configuration], *what: object) -> ParameterKept:
        """Change a setting in a thread, and let what can take it over do so."""
        try:
            configuration = await asyncio.to_thread(change, *what)
        except ConfigError as error:
            return ParameterKept(problem=str(error))
        for changed in changes(self._around.configuration(), configuration):
            log.info("changed: %s", changed.text)
        self._around.changed(configuration)
        return ParameterKept(configuration)

    def _unset(self, name: str, account: int) -> Configuration:
        self._around.store.unset_local(name, account)
        return self._around.store.read()

    def _set(self, name: str, text: str, account: int = 0) -> Configuration:
        """Keep a setting; return the configuration with it. Runs in a thread."""
        if name == PASSWORD and text and not PIN_HASH.fullmatch(text):
            text = record_of(text)
        self._around.store.set_local(name, text, account)
        return self._around.store.read()

    def _certificates(self) -> tuple[str, ...]:
        """Say every certificate that is configured; runs in a thread."""
        lines: list[str] = []
        for entry in listed(
            self._around.configuration(), self._around.store.directory, datetime.now(UTC)
        ):
            words = {"warning": entry.warning, "error": entry.wrong}
            facts = (*entry.facts, *((label, text) for label, text in words.items() if text))
            lines += [f"{entry.parameter}: {entry.file}"]
            lines += [f"    {label:<10}{text}" for label, text in facts]
        return tuple(lines)
