"""What the console has done outside: hashes, the disk, the network; never on the event loop."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable
from random import SystemRandom

from config.admin_password import ADMIN_PASSWORD
from config.certificate_list import Entry
from firmware.console.certificates import KeepPem, ListCertificates, MakeRequest
from firmware.console.commands import Ping, ReadLog, ReadLogServer, SetLevel
from firmware.console.events import (
    CheckPassword,
    ConfigurationIs,
    Do,
    Heard,
    KeepPassword,
    PasswordChecked,
    PasswordKept,
    ShowCode,
    StopWork,
    WorkDone,
)
from firmware.console.fetching import FetchNow
from firmware.console.parameters import SetParameter, UnsetParameter
from firmware.console.part_tests import TryPart
from firmware.console.token import PARAMETER, ChangeToken, TokenChanged, drawn, record_of
from firmware.console.updates import BeginUpdate, ReadUpdate
from firmware.link.events import AskProxy, Proxy, ProxyAnswered, Role
from firmware.phone.events import FactsTold
from firmware.phone.facts import SETUP
from firmware.runtime import log_ring
from firmware.runtime.administration import Administration
from firmware.runtime.part_tests import PartTests
from firmware.runtime.pinging import Pinger
from firmware.runtime.surroundings import Surroundings
from firmware.runtime.tasks import Tasks
from firmware.settings import proxies

ANSWER_S = 10.0
"""A proxy that takes longer for OPTIONS is condemned meanwhile (D4)."""


class Worker:
    """Does what is asked for, and feeds the console what came of it."""

    def __init__(self, around: Surroundings, feed: Callable[[object], None]) -> None:
        self._around, self._feed = around, feed
        self._administration = Administration(around, "console")
        self._pinger = Pinger(self._ask)
        self._tests = PartTests(*around.bench) if around.bench else None
        if self._tests is not None:
            around.watchers.append(self._tests.take)
        self._tasks = Tasks()
        self._waiting: dict[int, asyncio.Task[None]] = {}  # For what may never come.

    def do(self, wanted: CheckPassword | KeepPassword | ShowCode | Do | StopWork) -> None:
        """Begin it."""
        match wanted:
            case ShowCode(code):
                rows = (("Code", code.text), ("", "for the console")) if code.text else ()
                self._around.feed(FactsTold(SETUP, rows))
            case CheckPassword(password):
                self._tasks.begin(self._check(password.text))
            case KeepPassword(password):
                self._tasks.begin(self._keep(password.text))
            case Do(number, request):
                task = self._tasks.begin(self._work(number, request))
                if isinstance(request, FetchNow | TryPart):
                    self._waiting[number] = task
                    task.add_done_callback(lambda _: self._waiting.pop(number))
            case StopWork(number):
                if number in self._waiting:
                    self._waiting[number].cancel()

    async def stop(self) -> None:
        """Let what was begun be done, but for what is only waited for."""
        for task in self._waiting.values():
            task.cancel()
        await self._tasks.finish()

    async def _check(self, password: str) -> None:
        self._feed(PasswordChecked(await self._administration.is_password(password)))

    async def _keep(self, password: str) -> None:
        kept = await self._administration.set(ADMIN_PASSWORD, password)
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
            case FetchNow():
                provisioning = self._around.provisioning()
                return await provisioning.fetch_now(self._tell) if provisioning else None
            case BeginUpdate(uri):
                return self._administration.update(uri)
            case ReadUpdate():
                return self._administration.update_status
            case TryPart(part):
                return await self._tests.run(part, self._tell) if self._tests else None
            case SetLevel(module, level):
                if logs := self._around.logs():
                    logs.levels.set(module, logging.getLevelNamesMapping()[level.upper()])
                return None
            case ReadLogServer():
                logs = self._around.logs()
                return logs.words if logs else ""
            case _:
                return await self._changed(request)

    async def _changed(self, request: object) -> object:
        """Do what concerns settings and certificates."""
        match request:
            case KeepPem(parameter, pem):
                return (await self._administration.keep_pem(parameter, pem.text)).text
            case ListCertificates():
                return _lines(await self._administration.certificates())
            case MakeRequest():
                return await self._administration.request(request)
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

    def _tell(self, text: str) -> None:
        self._feed(Heard(text))

    async def _ask(self, proxy: Proxy) -> str:
        """Send OPTIONS over the link, where it is to this proxy; say what came of it (L4)."""
        link = self._around.status.link
        if link is None or link.proxy != proxy or link.facts is None:
            return "not sent: the link is not to this proxy"
        answered: asyncio.Future[ProxyAnswered] = asyncio.get_running_loop().create_future()

        def hear(output: object) -> None:
            if isinstance(output, ProxyAnswered) and not answered.done():
                answered.set_result(output)

        self._around.watchers.append(hear)
        try:
            self._around.feed(AskProxy())
            answer = await asyncio.wait_for(answered, ANSWER_S)
        except TimeoutError:
            return f"no answer within {ANSWER_S:g} s"
        finally:
            self._around.watchers.remove(hear)
        if answer.status is None:
            return "not sent: there is no link that is kept"
        return f"{answer.took_s * 1000:.1f} ms: answered with {answer.status}"

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
