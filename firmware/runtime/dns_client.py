"""One question to the name servers: the first good answer of several tries counts.

A try to the next server begins every `TRY_S`, and the tries before it are still listened to: a
silent server costs half a second, and a slow one is heard. The server that answered last is asked
first. One that refuses, fails or talks nonsense is not asked again, and the next try begins at
once. A truncated answer is asked for again over TCP. What an answer holds is taken up to a limit.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from firmware.frozen import frozen
from firmware.link.location import Pointer, Service

if TYPE_CHECKING:
    from dns.message import Message
    from dns.name import Name

TRY_S = 0.5
TRIES_MAX = 6
SERVERS_MAX = 3
"""As many as resolv.conf may name."""

TRY_LIFETIME_S = 5.0
"""Longer than a whole look-up may take: it is the look-up that gives up."""

RECORDS_MAX = 64
"""Of one answer; 64 KiB would hold some thousands."""

CHAIN_MAX = 4
"""Answers that only name another name (CNAME), one after the other."""

SILENT = "DNS does not answer"
IMPOSSIBLE = "DNS cannot be asked"

Record = Pointer | Service | str
"""What NAPTR, SRV and A or AAAA hold."""


class DnsError(Exception):
    """No name server answered well; the text says why."""


@frozen
class Answer:
    """What a name server said; no records is an answer too."""

    records: tuple[Record, ...] = ()
    ttl_s: float = 0.0
    exists: bool = True
    beside: tuple[tuple[str, str, Answer], ...] = ()
    """Addresses that came with SRV records: host, "A" or "AAAA", and the answer."""


class DnsClient:
    """Asks the name servers of this moment: they change with the network."""

    def __init__(self, nameservers: tuple[str, ...], port: int) -> None:
        self._nameservers = nameservers  # Empty: those of the system.
        self._port = port
        self._best: str | None = None  # The server that answered last is asked first.

    async def ask(self, name: str, kind: str) -> Answer:
        """Return the records of a kind that a name has. Raises DnsError."""
        import dns.exception
        import dns.name

        try:
            wanted = dns.name.from_text(name)
            servers = (self._nameservers or _servers_of_the_system())[:SERVERS_MAX]
            return await self._follow(wanted, kind, servers)
        except (dns.exception.DNSException, OSError, ValueError) as error:
            raise DnsError(IMPOSSIBLE) from error

    async def _follow(self, name: Name, kind: str, servers: tuple[str, ...]) -> Answer:
        """Follow names that lead to other names."""
        import dns.rcode

        for _ in range(CHAIN_MAX):
            response = await self._first_good(name, kind, servers)
            chain: Any = response.resolve_chaining()  # type: ignore[attr-defined] # A QueryMessage.
            if chain.answer is not None:
                return _answer(response, kind, chain)
            if response.rcode() == dns.rcode.NXDOMAIN:
                return Answer(exists=False)
            if chain.canonical_name == name:
                return Answer()
            name = chain.canonical_name
        raise DnsError("DNS leads from name to name")

    async def _first_good(self, name: Name, kind: str, servers: tuple[str, ...]) -> Message:
        """Try one server after the other, the earlier ones still in the race."""
        order = sorted(servers, key=lambda server: server != self._best)
        left = (order * TRIES_MAX)[:TRIES_MAX]
        running: set[asyncio.Task[tuple[str, Message | str]]] = set()
        reason = IMPOSSIBLE
        try:
            while left or running:
                if left:
                    running.add(asyncio.create_task(self._try(name, kind, left.pop(0))))
                done, running = await asyncio.wait(
                    running,
                    timeout=TRY_S if left else None,
                    return_when=asyncio.FIRST_COMPLETED,
                )
                for server, said in (task.result() for task in done):
                    if not isinstance(said, str):
                        self._best = server
                        return said
                    reason, left = said, [other for other in left if other != server]
            raise DnsError(reason)
        finally:
            for task in running:
                task.cancel()

    async def _try(self, name: Name, kind: str, server: str) -> tuple[str, Message | str]:
        """Ask one server once; return what it said, or why that is no answer."""
        import dns.asyncquery
        import dns.exception
        import dns.message
        import dns.rcode

        try:
            query = dns.message.make_query(name, kind)
            response, _ = await dns.asyncquery.udp_with_fallback(
                query, server, TRY_LIFETIME_S, self._port, ignore_unexpected=True
            )
        except dns.exception.Timeout:
            return server, SILENT
        except (dns.exception.DNSException, OSError, ValueError, EOFError):
            return server, IMPOSSIBLE
        if response.rcode() not in {dns.rcode.NOERROR, dns.rcode.NXDOMAIN}:
            return server, f"DNS answers {dns.rcode.to_text(response.rcode())}"
        return server, response


def _servers_of_the_system() -> tuple[str, ...]:
    import dns.resolver

    return tuple(map(str, dns.resolver.Resolver().nameservers))


def _answer(response: Message, kind: str, chain: Any) -> Answer:
    """Take the records of an answer, and the addresses that came beside them."""
    records = tuple(_record(kind, data) for data in list(chain.answer)[:RECORDS_MAX])
    targets = {record.target for record in records if isinstance(record, Service)}
    beside = []
    for rrset in response.additional:
        host, family = _text(rrset.name), rrset.rdtype.name
        if host in targets and family in {"A", "AAAA"}:
            known = tuple(data.to_text() for data in list(rrset)[:RECORDS_MAX])
            beside.append((host, family, Answer(known, float(rrset.ttl))))
    return Answer(records, float(chain.minimum_ttl), beside=tuple(beside))


def _record(kind: str, data: Any) -> Record:
    match kind:
        case "SRV":
            return Service(data.priority, data.weight, data.port, _text(data.target))
        case "NAPTR":
            flags, service, expression = (
                text.decode("ascii", "replace") for text in (data.flags, data.service, data.regexp)
            )
            order, preference = data.order, data.preference
            replacement = _text(data.replacement)
            return Pointer(order, preference, flags, service, expression, replacement)
        case _:
            return str(data.to_text())


def _text(name: Name) -> str:
    """Return a name without the final dot; the root is ""."""
    return name.to_text(omit_final_dot=True).lower().rstrip(".")
