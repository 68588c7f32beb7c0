"""Names to addresses: /etc/hosts, then DNS by `dnspython` (RFC 3263; `locator.py`).

dnspython is imported at the first look-up, so that a phone with an IP literal does not wait for
it. Answers are kept for their TTL. When that is over DNS is asked again, and an old answer serves
where the new one does not come at once: a proxy that has not moved is reached while DNS is down.
That DNS has no address is not kept: the link asks no more often than it retries (F2).
The weights of SRV draw lots anew at each look-up (RFC 2782).
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from pathlib import Path
from random import Random

from firmware.link.connection import SIPS_PORT
from firmware.link.events import Address
from firmware.link.location import drawn
from firmware.runtime.dns_client import SILENT, DnsClient
from firmware.runtime.hosts_file import HOSTS, HostsFile
from firmware.runtime.locator import Found, Locator, ResolveError
from firmware.runtime.tasks import Tasks

DNS_PORT = 53

LIFETIME_S = 4.0
"""For one look-up with all its questions; the link's own budget is 5 s."""

OLD_ANSWER_S = 0.2
"""How long a new answer is waited for while an old one is there: less than a head start (F1)."""

TTL_MIN_S = 5.0
"""A TTL of zero would ask DNS at each attempt of a retry."""

TTL_MAX_S = 86_400.0
"""A name that moved is found within a day, whatever was promised."""

FAILED_S = 5.0
"""While DNS is down, an old answer serves so long before DNS is asked again."""

DOUBT_S = 3600.0
"""For so long an answer outlives one with gaps: a server may not know NAPTR at all."""

NAMES_MAX = 64
"""Names kept; a phone has two proxies."""

Key = tuple[str, int]
"""A name and the configured port."""


@dataclass(slots=True)
class _Kept:
    found: Found
    fresh_until: float
    trusted_until: float  # More than an answer with gaps.


class Resolver:
    """Looks names up; one for the whole phone."""

    def __init__(
        self,
        random: Random,
        nameservers: tuple[str, ...] = (),
        hosts_file: Path = HOSTS,
        port: int = DNS_PORT,
    ) -> None:
        self._random = random
        self._client = DnsClient(nameservers, port)  # No servers: those of the system.
        self._hosts_file = HostsFile(hosts_file)
        self._kept: dict[Key, _Kept] = {}
        self._asking: dict[Key, asyncio.Task[Found | ResolveError]] = {}
        self._tasks = Tasks()

    def begin(self) -> None:
        """Read /etc/hosts for the first look-up, before there is anything that would wait."""
        self._hosts_file.begin()

    async def addresses(self, name: str, port: int) -> tuple[Address, ...]:
        """Return the addresses of a name in the order to try them. Raises ResolveError."""
        await self._hosts_file.look()
        if hosts := self._hosts_file.addresses(name):
            return tuple(Address(host, port or SIPS_PORT) for host in hosts)
        found = await self._found((name.lower(), port))
        hosts_of = dict(found.places)
        order = drawn(list(hosts_of), self._random)
        return tuple(Address(host, one.port) for one in order for host in hosts_of[one])

    def network_changed(self) -> None:
        """Trust nothing that the old network said more than an old answer (D6)."""
        self._asking.clear()
        for kept in self._kept.values():
            kept.fresh_until = kept.trusted_until = 0.0

    def stop(self) -> None:
        """Ask no more."""
        self._tasks.cancel()

    async def _found(self, key: Key) -> Found:
        """Return what is known and fresh, else what DNS says in time, else what is known."""
        kept = self._kept.get(key)
        if kept is not None and time.monotonic() < kept.fresh_until:
            return kept.found
        asking = self._asking.get(key) or self._ask(key)
        await asyncio.wait({asking}, timeout=OLD_ANSWER_S if kept else None)
        said = asking.result() if asking.done() else None
        if isinstance(said, Found):
            return said
        if kept is not None:
            return kept.found
        assert said is not None
        raise said

    def _ask(self, key: Key) -> asyncio.Task[Found | ResolveError]:
        """Ask DNS; a look-up that was given up goes on and serves the next attempt."""
        task = self._asking[key] = self._tasks.begin(self._look_up(key))
        return task

    async def _look_up(self, key: Key) -> Found | ResolveError:
        name, port = key
        locator = Locator(self._client, self._hosts_file.addresses)
        said: Found | ResolveError
        try:
            async with asyncio.timeout(LIFETIME_S):
                said = await locator.find(name, port)
        except ResolveError as why:
            said = why
        except TimeoutError:
            said = ResolveError(f"no address for {name}: {SILENT}")
        finally:
            locator.close()
        if self._asking.get(key) is asyncio.current_task():  # No other network since.
            del self._asking[key]
            said = self._learn(key, said)
        return said

    def _learn(self, key: Key, said: Found | ResolveError) -> Found | ResolveError:
        """Keep what DNS said; an old answer stays where the new one is none, or has gaps."""
        now, kept = time.monotonic(), self._kept.get(key)
        if kept is not None and _is_worse(said, kept, now):
            kept.fresh_until = max(kept.fresh_until, now + FAILED_S)
            return kept.found
        if isinstance(said, Found):
            if len(self._kept) >= NAMES_MAX:
                self._kept.clear()
            ttl_s = TTL_MIN_S if said.is_doubtful else min(max(said.ttl_s, TTL_MIN_S), TTL_MAX_S)
            self._kept[key] = _Kept(said, now + ttl_s, now + ttl_s + DOUBT_S)
        return said


def _is_worse(said: Found | ResolveError, kept: _Kept, now: float) -> bool:
    if isinstance(said, ResolveError):
        return True
    return said.is_doubtful and not kept.found.is_doubtful and now < kept.trusted_until
