"""Files that parameters name by URL: fetched, looked at, and kept as the last good copy (T2, T4).

What comes over HTTP or TFTP may not be trusted: certificates and keys are taken from there only
where the configured signer has signed them. Contacts may come from anywhere: those that are new in
a file, or otherwise than in the one before, are taken into the directory; nobody is removed.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Coroutine
from pathlib import Path
from random import Random

from config.checks import PASSWORD, REVOKED
from config.cms import Keys, SealError, opened
from config.configuration import Configuration
from config.fetched import (
    DIRECTORY,
    DamagedCopyError,
    FetchedFile,
    copy_path,
    read_copy,
    save_copy,
)
from config.files import reason
from config.guarded import is_guarded
from config.problem import ConfigError, without_credentials
from config.store import Store
from firmware.frozen import frozen
from firmware.link.events import TestLink
from firmware.phone.kept import ContactsImported
from firmware.provision.linked import (
    FetchLink,
    Link,
    LinkDone,
    LinkEvent,
    LinkFaults,
    Links,
    LinksAre,
    LinksAsked,
)
from firmware.provision.server import linked, server_of_url
from firmware.runtime.alarm import Alarm
from firmware.runtime.directory_file import read_contacts
from firmware.runtime.fetching import Fetcher, cms_keys
from firmware.runtime.http_client import HttpError
from firmware.runtime.pasted_files import look_at

log = logging.getLogger("handset.provisioning")

PROBLEMS_LOGGED_MAX = 5


@frozen
class LinkWays:
    """What such files do to the rest of the phone."""

    fetcher: Callable[[], Fetcher]
    run: Callable[[Coroutine[object, object, None]], None]
    feed: Callable[[object], None]
    kept: Callable[[], Awaitable[None]]  # A file that the configuration names is another one now.
    faults: Callable[[tuple[str, ...]], None]


class LinkedFiles:
    """Between the machine, the servers, the disk and the phone."""

    def __init__(self, store: Store, state: Path, random: Random, ways: LinkWays) -> None:
        self._store, self._state, self._ways = store, state, ways
        self._configuration = Configuration()
        self._urls: dict[str, str] = {}
        self._alarm = Alarm(self._wake)
        self._machine = Links(random, self._alarm.now)
        self._listener: Callable[[str], None] | None = None
        self._nobody_waits = asyncio.Event()

    def renew(self, configuration: Configuration) -> None:
        """Follow what the parameters name now."""
        self._configuration, urls = configuration, linked(configuration)
        if urls != self._urls:
            self._urls = urls
            links = (Link(name, url, self._has(name)) for name, url in urls.items())
            self.tell(LinksAre(tuple(links)))

    def _has(self, parameter: str) -> bool:
        return copy_path(self._state, parameter).exists()

    def ask(self, *, by_hand: bool) -> None:
        """Fetch all of them, at once where a person wants it."""
        self.tell(LinksAsked(by_hand))

    async def fetch_now(self, tell: Callable[[str], None]) -> None:
        """Fetch all of them now, `tell` what becomes of each."""
        self._listener = tell
        self._nobody_waits.clear()
        try:
            self.ask(by_hand=True)
            await self._nobody_waits.wait()
        finally:
            self._listener = None

    def stop(self) -> None:
        """Begin nothing more."""
        self._alarm.stop()

    def tell(self, event: LinkEvent) -> None:
        """Tell the machine what has happened."""
        self._carry_out(self._machine.handle(event, self._alarm.now))

    def _carry_out(self, outputs: list[object]) -> None:
        for output in outputs:
            match output:
                case FetchLink():
                    self._ways.run(self._fetch(output))
                case LinkFaults(faults):
                    self._ways.faults(faults)
                case _:
                    raise AssertionError(output)
        self._alarm.set(self._machine.deadline())
        if not self._machine.is_asked:
            self._nobody_waits.set()

    def _wake(self) -> None:
        self._carry_out(self._machine.wake(self._alarm.now))

    async def _fetch(self, wanted: FetchLink) -> None:
        name, retry_after_s, fault = wanted.link.parameter, 0.0, ""
        try:
            words = await self._fetched(wanted.link)
        except HttpError as error:
            words, retry_after_s = str(error), error.retry_after_s
            fault = self._fault(wanted.link, words)
        except (ConfigError, SealError) as error:
            words = str(error)
            fault = self._fault(wanted.link, words)
        if self._listener is not None:
            self._listener(f"{name}: {words}")
        self.tell(LinkDone(wanted.number, fault, retry_after_s))

    def _fault(self, link: Link, words: str) -> str:
        holds = "; the one before holds" if self._has(link.parameter) else ""
        return f"{link.parameter}: {without_credentials(link.url)}: {words}{holds}"

    async def _fetched(self, link: Link) -> str:
        """Fetch a file and keep it where it is good; return what became of it."""
        try:
            server, name = server_of_url(self._configuration, link.url)
        except ValueError as error:
            raise ConfigError(str(error)) from None
        copy = await asyncio.to_thread(self._copy, link.parameter)
        is_same = copy is not None and (copy.source, copy.doubt) == (link.url, server.doubt)
        etag = copy.etag if copy is not None and is_same else ""
        trusting = self._configuration
        if copy is None and link.parameter == REVOKED:
            trusting = trusting.without(REVOKED)  # Nobody else goes on without it.
        got = await self._ways.fetcher().get(server, name, etag, trusting)
        if got.is_unchanged:
            return "as it was"
        if got.data is None:
            raise ConfigError("not on the server")
        keys = cms_keys(self._configuration, self._store.directory)
        password = str(self._configuration.value(PASSWORD))
        look = (link.parameter, got.data, server.doubt, keys, password)
        data = await asyncio.to_thread(looked_at, *look)
        if self._urls.get(link.parameter) != link.url:
            return "not wanted any more"
        if copy is not None and is_same and copy.data == data:
            return "as it was"
        file = FetchedFile(link.parameter, data, link.url, server.doubt, got.etag, int(time.time()))
        await self._keep(file, copy)
        return f"{len(data)} bytes"

    def _copy(self, parameter: str) -> FetchedFile | None:
        try:
            return read_copy(self._state, parameter)
        except (DamagedCopyError, OSError):
            return None  # It is fetched again.

    async def _keep(self, file: FetchedFile, before: FetchedFile | None) -> None:
        if file.name == DIRECTORY:
            await self._take_in(file, before)
        try:
            await asyncio.to_thread(save_copy, self._state, file)
        except OSError as error:
            raise ConfigError(f"cannot be kept: {reason(error)}") from error
        log.info("a new %s is kept", file.name)
        if file.name != DIRECTORY:
            await self._ways.kept()
            self._ways.feed(TestLink())  # Nobody waits with a link that this file was missing for.

    async def _take_in(self, file: FetchedFile, before: FetchedFile | None) -> None:
        """Let the directory have what is new in a file."""
        found = await asyncio.to_thread(read_contacts, file.data)
        earlier = await asyncio.to_thread(read_contacts, before.data if before else b"")
        known = set(earlier.contacts)
        for problem in found.problems[:PROBLEMS_LOGGED_MAX]:
            log.warning("%s: %s", file.name, problem)
        new = tuple(contact for contact in found.contacts if contact not in known)
        log.info("%s: %d contacts, %d of them new", file.name, len(found.contacts), len(new))
        self._ways.feed(ContactsImported(new))


def looked_at(parameter: str, data: bytes, doubt: str, keys: Keys, password: str) -> bytes:
    """Return what is in a file that has come; ConfigError or SealError where it is not taken."""
    inner = opened(data, keys)
    if doubt and not inner.is_signed and is_guarded(parameter):
        raise ConfigError(f"not taken: {doubt}, unsigned")
    if parameter != DIRECTORY:
        look_at(parameter, inner.data, password)
    elif not (found := read_contacts(inner.data)).contacts:
        raise ConfigError("; ".join(found.problems[:1]) or "holds no contact")
    return inner.data
