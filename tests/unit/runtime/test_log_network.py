"""The network of the log: real sockets of collectors that hang, cut off, or are not there."""

from __future__ import annotations

import asyncio
import os
import socket
import ssl
import struct
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from config.store import Store
from firmware.link.events import Address
from firmware.runtime.https_trust import log_trust
from firmware.runtime.log_network import LogNetwork
from firmware.runtime.streams import Secure
from firmware.syslog.sender import (
    Ended,
    LogServer,
    Part,
    Reach,
    Reached,
    SendBatch,
    Taken,
    Way,
)
from tests.lab.authority import Authority
from tests.lab.tls import server_context

HOST = "127.0.0.1"
LINE = b"4000 " + b"x" * 4000
WAIT_S = 10.0

Fact = Reached | Taken | Ended


async def here(host: str, port: int) -> tuple[Address, ...]:
    return (Address(host, port),)


async def nobody() -> Secure:
    raise AssertionError("no TLS is wanted")


class Told:
    """What the network fed back."""

    def __init__(self) -> None:
        self.facts: list[Fact] = []

    async def until(self, *kinds: type) -> None:
        """Wait until one of these is told."""
        async with asyncio.timeout(WAIT_S):
            while not any(isinstance(fact, kinds) for fact in self.facts):
                await asyncio.sleep(0.01)

    async def wait_for(self, kind: type[Fact]) -> Fact:
        by = time.monotonic() + WAIT_S
        while time.monotonic() < by:
            for fact in self.facts:
                if isinstance(fact, kind):
                    self.facts.remove(fact)
                    return fact
            await asyncio.sleep(0.01)
        raise AssertionError(f"no {kind.__name__}: {self.facts}")


@asynccontextmanager
async def network(
    told: Told, trust: Callable[[], Awaitable[Secure]] = nobody
) -> AsyncIterator[LogNetwork]:
    made = LogNetwork(told.facts.append, here, trust)
    descriptors = len(os.listdir("/proc/self/fd"))
    yield made
    await made.stop()
    await asyncio.sleep(0.05)
    assert len(os.listdir("/proc/self/fd")) <= descriptors


def listening() -> socket.socket:
    deaf = socket.create_server((HOST, 0))
    deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    deaf.setblocking(False)
    return deaf


def server_at(sock: socket.socket, way: Way = Way.TCP) -> LogServer:
    return LogServer(HOST, sock.getsockname()[1], way)


def test_a_collector_that_does_not_read_holds_nobody_up_and_its_bytes_are_counted() -> None:
    async def run() -> None:
        told = Told()
        with listening() as deaf:
            async with network(told) as log:
                log.do(Reach(1, server_at(deaf)))
                await told.wait_for(Reached)
                there, _ = await asyncio.get_running_loop().sock_accept(deaf)
                taken = 0
                began = time.monotonic()
                while taken < 200:
                    log.do(SendBatch(1, (LINE,)))
                    await asyncio.sleep(0)  # Nothing here waits for the other end.
                    await asyncio.sleep(0.001)
                    if not told.facts:
                        break
                    taken += len(told.facts)
                    told.facts.clear()
                assert taken < 200, "it never reads"
                assert time.monotonic() - began < WAIT_S
                got = 0
                with there:
                    got += len(await asyncio.get_running_loop().sock_recv(there, 3000))
                    there.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                ended = await told.wait_for(Ended)
        assert isinstance(ended, Ended)
        assert ended.reason == "connection reset by peer"
        handed = (taken + 1) * len(LINE)
        assert 0 < ended.undelivered < handed
        # What is acknowledged and not read by a collector that dies is lost: its buffer at most.
        assert ended.undelivered + got > handed - 64 * 1024

    asyncio.run(run())


def test_nobody_there_is_told_by_each_way() -> None:
    async def run(way: Way) -> Ended:
        told = Told()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free, socket.socket() as also:
            free.bind((HOST, 0))
            also.bind((HOST, free.getsockname()[1]))
            server = server_at(free, way)
        async with network(told) as log:
            log.do(Reach(1, server))
            if way is Way.UDP:
                await told.wait_for(Reached)
                log.do(SendBatch(1, (b"a", b"bc")))
            ended = await told.wait_for(Ended)
        assert isinstance(ended, Ended)
        return ended

    assert asyncio.run(run(Way.UDP)) == Ended(1, "connection refused", 3)
    refused = asyncio.run(run(Way.TCP))
    assert refused.reason.startswith("connection refused by 127.0.0.1")


def over_tls(folder: Path, certified: str) -> tuple[bytes, Ended]:
    """Send a batch to a collector with a certificate of that name; return what it got, the end."""
    authority = Authority()
    (folder / "trusted.pem").write_bytes(authority.certificate_pem)
    (folder / "startup.cfg").write_text("sips trusted certificates: trusted.pem\n")
    configuration = Store(folder, None, "handset", "00085D123ABC").read()
    got = bytearray()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        got.extend(await reader.read(100))
        writer.transport.abort()

    async def trust() -> Secure:
        made = log_trust(configuration, folder)
        return Secure(made.context, made.check)

    async def run() -> Ended:
        told = Told()
        context = server_context(authority.issue(certified))
        server = await asyncio.start_server(serve, HOST, 0, ssl=context)
        async with network(told, trust) as log:
            port = server.sockets[0].getsockname()[1]
            log.do(Reach(1, LogServer(HOST, port, Way.TLS)))
            await told.until(Reached, Ended)
            log.do(SendBatch(1, (b"5 hello", b"1 !")))
            ended = await told.wait_for(Ended)
        server.close()
        await server.wait_closed()
        assert isinstance(ended, Ended)
        return ended

    ended = asyncio.run(run())
    return bytes(got), ended


def test_over_tls_a_collector_of_the_right_name_gets_what_is_sent(tmp_path: Path) -> None:
    got, ended = over_tls(tmp_path, HOST)
    assert (got, ended.reason) == (b"5 hello1 !", "closed by the server")


def test_over_tls_a_collector_of_another_name_gets_nothing(tmp_path: Path) -> None:
    got, ended = over_tls(tmp_path, "192.0.2.9")
    assert got == b""
    assert "127.0.0.1" in ended.reason


def test_a_server_that_never_speaks_tls_is_given_up_when_it_is_parted_from() -> None:
    async def run() -> None:
        told = Told()

        async def trust() -> Secure:
            return Secure(ssl.create_default_context())

        with listening() as deaf:
            async with network(told, trust) as log:
                log.do(Reach(1, server_at(deaf, Way.TLS)))
                await asyncio.sleep(0.1)
                log.do(Part(1))
                await asyncio.sleep(0.1)
        assert told.facts == []

    asyncio.run(run())
