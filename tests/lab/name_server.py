"""A small name server on UDP and TCP, for names that move, hide, lie or hang."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rrset

HOST = "127.0.0.1"
UDP_BYTES = 512

Question = tuple[str, str]
"""A name and a type, "A" or "SRV"."""


@dataclass
class NameServer:
    """Answers from a table of questions; a name that is not in it does not exist."""

    host: str = HOST
    port: int = 0
    ttl_s: int = 300
    table: dict[Question, list[str]] = field(default_factory=dict)
    with_addresses: bool = False  # Of SRV targets, in the additional section.
    beside: dict[Question, list[str]] = field(default_factory=dict)  # Whatever else goes there.
    silent: set[str] = field(default_factory=set)  # Types or names that get no answer.
    codes: dict[str, str] = field(default_factory=dict)  # Type to "SERVFAIL", "REFUSED".
    slow_s: dict[str, float] = field(default_factory=dict)  # Type to delay.
    twist: Callable[[bytes], bytes] = lambda answer: answer
    asked: list[Question] = field(default_factory=list)
    asked_by_tcp: list[Question] = field(default_factory=list)

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[NameServer]:
        """Serve while the block runs; port 0 becomes a free one."""
        await self.start()
        try:
            yield self
        finally:
            await self.stop()

    async def start(self) -> None:
        """Open the port, for UDP and TCP."""
        self._tcp = await asyncio.start_server(self._converse, self.host, self.port)
        self.port = self._tcp.sockets[0].getsockname()[1]
        loop = asyncio.get_running_loop()
        where = (self.host, self.port)
        self._udp, _ = await loop.create_datagram_endpoint(lambda: _Udp(self), where)

    async def stop(self) -> None:
        """Close the port."""
        self._udp.close()
        self._tcp.close()
        await self._tcp.wait_closed()

    def answer(self, data: bytes, asked: list[Question]) -> tuple[float, bytes] | None:
        """Return the answer to a query and how long to wait with it; None: silence."""
        query = dns.message.from_wire(data)
        question = query.question[0]
        name, kind = question.name.to_text(omit_final_dot=True), question.rdtype.name
        asked.append((name, kind))
        if self.silent & {kind, name}:
            return None
        answer = dns.message.make_response(query)
        answer.flags |= dns.flags.RA
        if code := self.codes.get(kind):
            answer.set_rcode(dns.rcode.from_text(code))
        else:
            self._fill(answer, name, kind)
        return self.slow_s.get(kind, 0.0), self.twist(answer.to_wire(max_size=65535))

    def _fill(self, answer: dns.message.Message, name: str, kind: str) -> None:
        """Put in what the table has, as a name server that knows everything."""
        for _ in range(12):  # A loop of names is one that we may serve.
            if found := self.table.get((name, kind)):
                answer.answer.append(self._rrset(name, kind, found))
                if self.with_addresses and kind == "SRV":
                    self._add_addresses(answer, found)
                    answer.additional += [
                        self._rrset(*q, texts) for q, texts in self.beside.items()
                    ]
                return
            if not (alias := self.table.get((name, "CNAME"))):
                break
            answer.answer.append(self._rrset(name, "CNAME", alias))
            name = alias[0].rstrip(".")
        if not any(known == name for known, _ in self.table):
            answer.set_rcode(dns.rcode.NXDOMAIN)

    def _add_addresses(self, answer: dns.message.Message, services: list[str]) -> None:
        for target in (text.split()[3].rstrip(".") for text in services):
            for kind in ("A", "AAAA"):
                if found := self.table.get((target, kind)):
                    answer.additional.append(self._rrset(target, kind, found))

    def _rrset(self, name: str, kind: str, texts: list[str]) -> dns.rrset.RRset:
        return dns.rrset.from_text(dns.name.from_text(name), self.ttl_s, "IN", kind, *texts)

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, asyncio.IncompleteReadError), contextlib.closing(writer):
            length = int.from_bytes(await reader.readexactly(2), "big")
            said = self.answer(await reader.readexactly(length), self.asked_by_tcp)
            if said is not None:
                await asyncio.sleep(said[0])
                writer.write(len(said[1]).to_bytes(2, "big") + said[1])
                await writer.drain()


class _Udp(asyncio.DatagramProtocol):
    def __init__(self, owner: NameServer) -> None:
        self._owner = owner

    def connection_made(self, transport: asyncio.DatagramTransport) -> None:  # type: ignore[override] # asyncio gives one.
        self._out = transport

    def datagram_received(self, data: bytes, address: tuple[str, int]) -> None:
        said = self._owner.answer(data, self._owner.asked)
        if said is None:
            return
        wire = said[1]
        if len(wire) > UDP_BYTES:
            head = bytearray(wire[:12])
            head[2] |= 0x02  # TC; the counts of the sections go with them.
            head[6:12] = bytes(6)
            question = wire[12 : 12 + data.index(b"\0", 12) - 12 + 5]
            wire = bytes(head) + question
        asyncio.get_running_loop().call_later(said[0], self._send, wire, address)

    def _send(self, wire: bytes, address: tuple[str, int]) -> None:
        if not self._out.is_closing():
            self._out.sendto(wire, address)
