"""From a proxy's name to hosts and ports, as RFC 3263 4 has it for SIP over TLS.

A port was configured: its A and AAAA records, nothing else. None was: NAPTR leads to SRV records,
else there are SRV records under `_sips._tcp.`, else its addresses on 5061. All four questions are
asked at once, so that a domain without NAPTR or SRV costs no round trips more.

What a name server does not answer does not hold up what the others have said. The number of
questions is bounded by the limits of `firmware.link.location`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

from firmware.frozen import frozen
from firmware.link.connection import SIPS_PORT
from firmware.link.location import (
    Pointer,
    Service,
    interleaved,
    is_denied,
    usable_pointers,
    usable_services,
)
from firmware.runtime.dns_client import SILENT, Answer, DnsClient, DnsError

OTHER_FAMILY_S = 0.05
"""How long one family's addresses wait for the other's answer (RFC 8305 3)."""

LATE_S = 0.7
"""How long a question waits after another one was answered; a lost packet is repeated by then."""

SERVICE_PREFIX = "_sips._tcp."
NO_ADDRESS = "the name has no address"
NO_NAME = "the name does not exist"


Hosts = tuple[str, ...] | str
"""The addresses of a host in the order to try them, or why there are none."""

Places = tuple[tuple[Service, tuple[str, ...]], ...]
"""Services, each with the addresses of its host."""


class ResolveError(Exception):
    """The name has no address; the text says why."""


@frozen
class Found:
    """Where a name leads: each service with its addresses, for so long."""

    places: Places
    ttl_s: float
    is_doubtful: bool  # Something that may lead elsewhere was not answered.


@dataclass
class Locator:
    """One look-up of one name; use it once, and close it."""

    client: DnsClient
    hosts_file: Callable[[str], tuple[str, ...]]
    _asked: dict[tuple[str, str], asyncio.Task[Answer | DnsError]] = field(default_factory=dict)
    _heard: asyncio.Event = field(default_factory=asyncio.Event)
    _ttls_s: list[float] = field(default_factory=list)
    _is_doubtful: bool = False

    async def find(self, name: str, port: int) -> Found:
        """Return where a proxy is. Raises ResolveError."""
        places = await (self._plain(name, port) if port else self._by_service(name))
        return Found(places, min(self._ttls_s, default=0.0), self._is_doubtful)

    def close(self) -> None:
        """Ask no more."""
        for task in self._asked.values():
            task.cancel()

    async def _by_service(self, name: str) -> Places:
        prefixed = SERVICE_PREFIX + name
        for question in ((name, "NAPTR"), (prefixed, "SRV"), (name, "A"), (name, "AAAA")):
            self._ask(*question)
        pointers = [one for one in await self._known(name, "NAPTR") if isinstance(one, Pointer)]
        for pointer in usable_pointers(pointers):
            if pointer.is_terminal:
                return await self._plain(pointer.replacement, SIPS_PORT)
            if places := await self._served(pointer.replacement):
                return places
        return await self._served(prefixed) or await self._plain(name, SIPS_PORT)

    async def _served(self, name: str) -> Places:
        """Return the places that SRV names; empty where there are no such records."""
        known = [one for one in await self._known(name, "SRV") if isinstance(one, Service)]
        if is_denied(known):
            raise ResolveError(f"DNS says that there is no SIP over TLS at {name}")
        services = usable_services(known)
        hosts = await self._hosts_in_time([one.target for one in services])
        pairs = zip(services, hosts, strict=True)
        places = tuple((one, found) for one, found in pairs if not isinstance(found, str))
        if services and not places:
            raise ResolveError(f"no address for {services[0].target}: {hosts[0]}")
        return places

    async def _hosts_in_time(self, names: list[str]) -> list[Hosts]:
        """Look up several hosts at once; when one is known the others have a moment left."""
        tasks = [asyncio.create_task(self._hosts_or_why(name)) for name in names]
        late = set(tasks)
        try:
            while late and not any(task.done() and _is_known(task.result()) for task in tasks):
                _, late = await asyncio.wait(late, return_when=asyncio.FIRST_COMPLETED)
            if late:
                _, late = await asyncio.wait(late, timeout=LATE_S)
        finally:
            for task in late:
                task.cancel()
        if late:
            self._ttls_s.append(0.0)  # Ask again soon: there are more.
        return [SILENT if task in late else task.result() for task in tasks]

    async def _plain(self, name: str, port: int) -> Places:
        hosts = await self._hosts_or_why(name)
        if isinstance(hosts, str):
            raise ResolveError(f"no address for {name}: {hosts}")
        return ((Service(0, 0, port, name), hosts),)

    async def _hosts_or_why(self, name: str) -> Hosts:
        """Ask for A and AAAA at once; what one family cannot say the other may."""
        if hosts := self.hosts_file(name):
            return hosts
        asked = [self._ask(name, kind) for kind in ("A", "AAAA")]
        done, late = await asyncio.wait(asked, return_when=asyncio.FIRST_COMPLETED)
        if late:
            found = any(_records(task.result()) for task in done)
            _, late = await asyncio.wait(late, timeout=OTHER_FAMILY_S if found else None)
        if late:
            self._ttls_s.append(0.0)  # Ask again soon: the other family may be there.
        answers = [task.result() for task in asked if task.done()]
        hosts = interleaved(str(one) for answer in answers for one in _records(answer))
        self._ttls_s += [_ttl_s(answer) for answer in answers if _records(answer)]
        return hosts or _why(answers[0])

    async def _known(self, name: str, kind: str) -> tuple[object, ...]:
        """Return the records that are known in time; without an answer there are none."""
        task = self._ask(name, kind)
        await self._until_heard(task)
        await asyncio.wait({task}, timeout=LATE_S)
        answer = task.result() if task.done() else DnsError(SILENT)
        self._is_doubtful |= isinstance(answer, DnsError)
        if records := _records(answer):
            self._ttls_s.append(_ttl_s(answer))
        return records

    async def _until_heard(self, task: asyncio.Task[Answer | DnsError]) -> None:
        """Wait for this answer or any other: then DNS is there."""
        heard = asyncio.create_task(self._heard.wait())
        try:
            await asyncio.wait({task, heard}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            heard.cancel()

    def _ask(self, name: str, kind: str) -> asyncio.Task[Answer | DnsError]:
        """Ask a question, once."""
        key = (name.lower(), kind)
        if key not in self._asked:
            self._asked[key] = asyncio.create_task(self._answer(*key))
        return self._asked[key]

    async def _answer(self, name: str, kind: str) -> Answer | DnsError:
        try:
            answer = await self.client.ask(name, kind)
        except DnsError as why:
            return why
        self._heard.set()
        for host, family, known in answer.beside:
            if (host, family) not in self._asked:
                self._asked[host, family] = asyncio.create_task(_at_once(known))
        return answer


async def _at_once(answer: Answer) -> Answer | DnsError:
    return answer


def _is_known(hosts: Hosts) -> bool:
    return not isinstance(hosts, str)


def _records(answer: Answer | DnsError) -> tuple[object, ...]:
    return answer.records if isinstance(answer, Answer) else ()


def _ttl_s(answer: Answer | DnsError) -> float:
    return answer.ttl_s if isinstance(answer, Answer) else 0.0


def _why(answer: Answer | DnsError) -> str:
    """Say why there is no address."""
    if isinstance(answer, DnsError):
        return str(answer)
    return NO_ADDRESS if answer.exists else NO_NAME
