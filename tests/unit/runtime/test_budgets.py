"""Each stage of a connection has a budget, and each says for itself what took too long.

The real link, driver and transport; the silence is real too, and only the budgets are short.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from itertools import count
from pathlib import Path
from random import Random

import pytest

from firmware.link import connection
from firmware.link.events import Failure, FailureKind, LinkState, LinkStatus, Proxy, Role
from firmware.link.link import Link
from firmware.link.settings import LinkSettings
from firmware.runtime.driver import Driver
from firmware.runtime.resolver import Resolver
from firmware.runtime.tls import TlsContexts, TlsFiles
from firmware.runtime.transport import Transport
from tests.lab.authority import Authority
from tests.unit.runtime.wire import HOST, open_sockets, run, until

NAME = "proxy1.example.com"
SHORT_S, LONG_S = 0.3, 60.0


@pytest.fixture
def files(tmp_path: Path) -> TlsFiles:
    file = tmp_path / "trusted.pem"
    file.write_bytes(Authority().certificate_pem)
    return TlsFiles(file)


@pytest.fixture(autouse=True)
def _patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only the stage under test is short of time."""
    for stage in ("RESOLVE", "TCP", "TLS"):
        monkeypatch.setattr(connection, f"{stage}_BUDGET_S", LONG_S)


class Bench:
    """A link that dials, and what it said of itself."""

    def __init__(self, files: TlsFiles, host: str, port: int, dns_port: int = 53) -> None:
        self.told: list[LinkStatus] = []
        settings = LinkSettings((Proxy(Role.PRIMARY, host, port),), retry_base_s=LONG_S)
        now = asyncio.get_running_loop().time()
        link = Link(settings, (str(number) for number in count()), Random(1), now)
        resolver = Resolver(Random(1), (HOST,), Path("/does/not/exist"), dns_port)
        transport = Transport(self._feed, TlsContexts(files), resolver)
        self.driver = Driver(link, transport, self._outside)

    def _feed(self, event: object) -> None:
        self.driver.feed(event)

    def _outside(self, output: object) -> None:
        if isinstance(output, LinkStatus):
            self.told.append(output)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[Bench]:
        self.driver.start()
        try:
            yield self
        finally:
            self.driver.stop()

    @property
    def failure(self) -> Failure | None:
        """Why the link waits; None while it does not."""
        last = self.told[-1] if self.told else None
        return last.reason if last and last.state is LinkState.WAITING else None


async def failure_of(bench: Bench) -> Failure:
    async with bench.running():
        await until(lambda: bench.failure is not None)
        assert bench.failure is not None
        return bench.failure


@contextmanager
def silent_name_server() -> Iterator[int]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as listener:
        listener.bind((HOST, 0))
        yield listener.getsockname()[1]


@contextmanager
def full_backlog() -> Iterator[int]:
    """A port whose queue is full: the kernel drops every further SYN."""
    with socket.create_server((HOST, 0), backlog=0) as listener:
        queue = [socket.socket() for _ in range(3)]
        for one in queue:
            one.setblocking(False)
            one.connect_ex(listener.getsockname())
        yield listener.getsockname()[1]
        for one in queue:
            one.close()


@contextmanager
def listening() -> Iterator[int]:
    """A port that accepts (the kernel does) and says nothing."""
    with socket.create_server((HOST, 0)) as listener:
        yield listener.getsockname()[1]


def test_a_name_server_that_never_answers(files: TlsFiles, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "RESOLVE_BUDGET_S", SHORT_S)

    async def scene() -> None:
        with silent_name_server() as dns_port:
            failure = await failure_of(Bench(files, NAME, 5061, dns_port))
            assert failure == Failure(FailureKind.TIMEOUT, f"no answer from DNS for {NAME}")

    run(scene())


def test_a_port_that_drops_every_syn(files: TlsFiles, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "TCP_BUDGET_S", SHORT_S)

    async def scene() -> None:
        with full_backlog() as port:
            failure = await failure_of(Bench(files, HOST, port))
            words = f"no connection to {HOST}:{port} in time"
            assert failure == Failure(FailureKind.TIMEOUT, words)

    run(scene())


def test_a_handshake_that_hangs(files: TlsFiles, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "TLS_BUDGET_S", SHORT_S)

    async def scene() -> None:
        with listening() as port:
            failure = await failure_of(Bench(files, HOST, port))
            words = f"{HOST}:{port} does not finish the TLS handshake"
            assert failure == Failure(FailureKind.TIMEOUT, words)

    run(scene())


@pytest.mark.parametrize("stage", ["DNS", "TCP", "TLS"])
def test_a_stop_in_the_middle_of_a_stage_leaves_no_socket(files: TlsFiles, stage: str) -> None:
    async def scene() -> None:
        with silent_name_server() as dns_port, full_backlog() as full, listening() as port:
            host, where = {"DNS": (NAME, 5061), "TCP": (HOST, full), "TLS": (HOST, port)}[stage]
            before = open_sockets()
            bench = Bench(files, host, where, dns_port)
            async with bench.running():
                await until(lambda: len(open_sockets()) > len(before))
                await asyncio.sleep(0.05)
                assert bench.failure is None
            await until(lambda: open_sockets() == before)

    run(scene())
