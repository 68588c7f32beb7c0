"""Names to addresses: /etc/hosts, then A and AAAA by `dnspython` (RFC 3263 4.2).

dnspython is imported at the first look-up, so that a phone with an IP literal does not wait for
it. Answers are kept for their TTL, and an old answer serves while DNS is down: a proxy that has
not moved is reached without it.
"""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from typing import TYPE_CHECKING

from firmware.frozen import frozen
from firmware.link.connection import SIPS_PORT
from firmware.link.events import Address

if TYPE_CHECKING:
    from dns.asyncresolver import Resolver as DnsResolver

DNS_PORT = 53

OTHER_FAMILY_S = 0.05
"""How long one family's addresses wait for the other's answer (RFC 8305 3)."""

LIFETIME_S = 4.0
"""For one look-up; the link's own budget is 5 s."""

TTL_MIN_S = 5.0
"""A TTL of zero would ask DNS at each attempt of a retry."""

NAMES_MAX = 64
"""Names kept; a phone has two proxies."""

HOSTS = Path("/etc/hosts")


class ResolveError(Exception):
    """The name has no address; the text says why."""


@frozen
class _Kept:
    hosts: tuple[str, ...]
    fresh_until: float


class Resolver:
    """Looks names up; one for the whole phone."""

    def __init__(
        self,
        nameservers: tuple[str, ...] = (),
        hosts_file: Path = HOSTS,
        port: int = DNS_PORT,
    ) -> None:
        self._nameservers = nameservers  # Empty: those of the system.
        self._hosts_file = hosts_file
        self._port = port
        self._kept: dict[str, _Kept] = {}

    async def addresses(self, name: str, port: int) -> tuple[Address, ...]:
        """Return the addresses of a name in the order to try them. Raises ResolveError."""
        hosts = self._from_hosts_file(name) or await self._from_dns(name)
        return tuple(Address(host, port or SIPS_PORT) for host in hosts)

    def _from_hosts_file(self, name: str) -> tuple[str, ...]:
        try:
            text = self._hosts_file.read_text(encoding="utf-8", errors="replace")
        except OSError:
            return ()
        wanted = name.rstrip(".").lower()
        found = []
        for line in text.splitlines():
            address, *names = line.partition("#")[0].split() or [""]
            if wanted in (entry.lower() for entry in names):
                found.append(address)
        return tuple(found)

    async def _from_dns(self, name: str) -> tuple[str, ...]:
        kept = self._kept.get(name)
        if kept is not None and time.monotonic() < kept.fresh_until:
            return kept.hosts
        try:
            hosts, ttl_s = await self._ask(name)
        except ResolveError:
            if kept is not None:
                return kept.hosts
            raise
        if len(self._kept) >= NAMES_MAX:
            self._kept.clear()
        self._kept[name] = _Kept(hosts, time.monotonic() + max(ttl_s, TTL_MIN_S))
        return hosts

    async def _ask(self, name: str) -> tuple[tuple[str, ...], float]:
        """Ask for A and AAAA at once; what one family cannot say the other may."""
        asked = [asyncio.create_task(self._ask_one(name, kind)) for kind in ("A", "AAAA")]
        try:
            done, late = await asyncio.wait(asked, return_when=asyncio.FIRST_COMPLETED)
            if late:
                found = any(task.result()[0] for task in done)
                await asyncio.wait(late, timeout=OTHER_FAMILY_S if found else None)
            answers = [task.result() for task in asked if task.done()]
        finally:
            for task in asked:
                task.cancel()
        hosts = tuple(host for known, _, _ in answers for host in known)
        if hosts:
            return hosts, min(ttl_s for known, ttl_s, _ in answers if known)
        raise ResolveError(f"no address for {name}: {answers[0][2]}")

    async def _ask_one(self, name: str, kind: str) -> tuple[tuple[str, ...], float, str]:
        import dns.exception
        import dns.resolver

        try:
            answer = await self._resolver().resolve(name, kind, lifetime=LIFETIME_S)
        except dns.resolver.NXDOMAIN:
            return (), 0.0, "the name does not exist"
        except dns.resolver.NoAnswer:
            return (), 0.0, "the name has no address"
        except dns.exception.Timeout:
            return (), 0.0, "DNS does not answer"
        except (dns.exception.DNSException, OSError, ValueError):
            return (), 0.0, "DNS cannot be asked"
        ttl_s = float(answer.rrset.ttl) if answer.rrset is not None else 0.0
        return tuple(record.to_text() for record in answer), ttl_s, ""

    def _resolver(self) -> DnsResolver:
        """Return a resolver for now: the system's servers change with the network."""
        import dns.asyncresolver

        resolver = dns.asyncresolver.Resolver(configure=not self._nameservers)
        resolver.port = self._port
        if self._nameservers:
            resolver.nameservers = list(self._nameservers)
        return resolver
