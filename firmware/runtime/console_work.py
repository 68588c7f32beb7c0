"""What the console has done outside: hashes, the disk, the network; never on the event loop."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine, Iterable
from random import SystemRandom

from config.certificate_list import Entry
from firmware.console.certificates import KeepPem, ListCertificates
from firmware.console.commands import Ping, ReadLog, ReadLogServer, SetLevel
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
from firmware.console.parameters import SetParameter, UnsetParameter
from firmware.console.token import PARAMETER, ChangeToken, TokenChanged, drawn, record_of
from firmware.link.events import Role
from firmware.phone.events import FactsTold
from firmware.phone.facts import SETUP
from firmware.runtime import log_ring
from firmware.runtime.administration import Administration
from firmware.runtime.pinging import Pinger
from firmware.runtime.surroundings import Surroundings
from firmware.settings import proxies


class Worker:
    """Does what is asked for, and feeds the console what came of it."""

    def __init__(self, around: Surroundings, feed: Callable[[object], None]) -> None:
        self._around, self._feed = around, feed
        self._administration = Administration(around, "console")
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
        self._feed(PasswordChecked(await self._administration.is_password(password)))

    async def _keep(self, password: str) -> None:
        kept = await self._administration.set(PASSWORD, password)
        if kept.configuration is not None:
            self._feed(ConfigurationIs(kept.configuration))
        self._feed(PasswordKept(kept.problem))

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
                return (await self._administration.keep_pem(parameter, pem.text)).text
            case ListCertificates():
                return _lines(await self._administration.certificates())
            case SetLevel(module, level):
                if logs := self._around.logs():
                    logs.levels.set(module, logging.getLevelNamesMapping()[level.upper()])
                return None
            case ReadLogServer():
                logs = self._around.logs()
                return logs.words if logs else ""
            case ChangeToken(makes):
                return await self._change_token(makes=makes)
            case SetParameter(name, account, text):
                return await self._administration.set(name, text.text, account)
            case UnsetParameter(name, account):
                return await self._administration.unset(name, account)
            case _:
                raise AssertionError(f"nobody does {request!r}")

    async def _change_token(self, *, makes: bool) -> TokenChanged:
        token = drawn(SystemRandom()) if makes else None
        record = record_of(token.text) if token else ""
        kept = await self._administration.set(PARAMETER, record)
        return TokenChanged(None if kept.problem else token, kept.problem)

    async def _ping(self, role: Role) -> tuple[tuple[str, str], ...]:
        configuration = self._around.configuration()
        found = [proxy for proxy in proxies(configuration) if proxy.role is role]
        if not found:
            return ()
        return await self._pinger.ping(found[0], configuration, self._around.store.directory)


def _lines(entries: Iterable[Entry]) -> tuple[str, ...]:
    """Say every certificate that is configured, in lines."""
    lines: list[str] = []
    for entry in entries:
        words = {"warning": entry.warning, "error": entry.wrong}
        facts = (*entry.facts, *((label, text) for label, text in words.items() if text))
        lines += [f"{entry.parameter}: {entry.file}"]
        lines += [f"    {label:<10}{text}" for label, text in facts]
    return tuple(lines)
