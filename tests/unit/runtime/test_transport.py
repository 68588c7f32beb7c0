"""How connections end: what is said of it, how soon, and that nothing of them is left."""

from __future__ import annotations

import asyncio
import socket
import ssl
import struct
from collections.abc import Callable
from pathlib import Path

import pytest

from firmware.link.events import (
    Address,
    CheckDelivery,
    Close,
    Connected,
    DeliveryChecked,
    Failure,
    FailureKind,
    Lost,
    Received,
    TcpConnected,
    Write,
)
from firmware.runtime.connection import UNSENT_BYTES_MAX
from firmware.runtime.tls import TlsFiles
from firmware.runtime.transport import USER_TIMEOUT_MS, TransportSettings
from tests.lab.authority import Authority
from tests.lab.relay import HANDSHAKE_FAILURE
from tests.unit.runtime.openssl import openssl_server
from tests.unit.runtime.wire import (
    HOST,
    NAME,
    Ear,
    Server,
    Visit,
    listening_ear,
    run,
    server_context,
    until,
)


@pytest.fixture(scope="module")
def authority() -> Authority:
    return Authority()


@pytest.fixture
def files(tmp_path: Path, authority: Authority) -> TlsFiles:
    file = tmp_path / "trusted.pem"
    file.write_bytes(authority.certificate_pem)
    return TlsFiles(file)


@pytest.fixture
def server(tmp_path: Path, authority: Authority) -> Server:
    return Server(server_context(authority.issue(NAME, HOST, "::1"), tmp_path))


def socket_of(ear: Ear, attempt: int | None = None) -> socket.socket:
    place = ear.transport._places[attempt or ear.attempt]
    assert place.connection is not None
    return place.connection._sock


# How it ends.


def read_all(sock: socket.socket) -> None:
    """Read until the end."""
    while sock.recv(65536):
        pass


def say_goodbye(visit: Visit) -> None:
    """Send TLS's own close_notify, then FIN."""
    assert visit.stream is not None
    with pytest.raises(ssl.SSLWantReadError):
        visit.stream.unwrap()
    visit.raw.send(visit.outgoing.read())
    visit.raw.shutdown(socket.SHUT_WR)


ENDS: dict[str, tuple[Callable[[Visit], object], Failure]] = {
    "fin": (
        lambda visit: visit.raw.shutdown(socket.SHUT_WR),
        Failure(FailureKind.CLOSED, "the proxy closed the connection"),
    ),
    "close_notify": (
        say_goodbye,
        Failure(FailureKind.CLOSED, "the proxy closed the connection"),
    ),
    "rst": (Visit.reset, Failure(FailureKind.RESET, "connection reset by the proxy")),
    "garbage": (
        lambda visit: visit.raw.send(b"HTTP/1.1 200 OK\r\n\r\n"),
        Failure(FailureKind.TLS, f"{NAME} does not speak TLS on this port"),
    ),
    "broken record": (
        lambda visit: visit.raw.send(b"\x17\x03\x03\x00\x20" + bytes(32)),
        Failure(FailureKind.TLS, f"TLS with {NAME} failed: bad record type"),
    ),
    "alert in clear": (
        lambda visit: visit.raw.send(HANDSHAKE_FAILURE),
        Failure(FailureKind.TLS, f"TLS with {NAME} failed: bad record type"),
    ),
}


@pytest.mark.parametrize("name", ENDS)
def test_an_established_connection_that_ends_is_lost_at_once(
    files: TlsFiles, server: Server, name: str
) -> None:
    strike, failure = ENDS[name]

    async def scene() -> None:
        async with server.listening(), listening_ear(files) as ear:
            await ear.reach(server.address)
            strike(server.visits[0])
            lost = await ear.hear(Lost)
            assert lost.failure.kind is failure.kind
            if failure.kind is not FailureKind.TLS:
                assert lost.failure == failure
            assert ear.kinds() == [TcpConnected, Connected, Received, Lost]
            ear.transport.do(Write(ear.attempt, b"too late"))
            ear.transport.do(CheckDelivery(ear.attempt))
            ear.transport.do(Close(ear.attempt))
            await asyncio.sleep(0)
            assert ear.kinds()[-1] is Lost

    run(scene())


def answer(data: bytes) -> Callable[[Visit], object]:
    """Say this in clear instead of TLS, and FIN."""

    def do(visit: Visit) -> None:
        visit.raw.send(data)
        visit.raw.shutdown(socket.SHUT_WR)

    return do


NOT_TLS = Failure(FailureKind.TLS, f"{NAME} does not speak TLS on this port")

EARLY_ENDS: dict[str, tuple[Callable[[Visit], object], Failure]] = {
    "fin": (answer(b""), Failure(FailureKind.CLOSED, "the proxy hung up during the handshake")),
    "rst": (Visit.reset, Failure(FailureKind.RESET, "connection reset by the proxy")),
    "alert": (
        answer(HANDSHAKE_FAILURE),
        Failure(FailureKind.TLS, "the proxy and this phone have no TLS settings in common"),
    ),
    "plain SIP": (answer(b"SIP/2.0 200 OK\r\n\r\n"), NOT_TLS),
    "plain web": (answer(b"HTTP/1.1 400 Bad Request\r\n\r\n"), NOT_TLS),
}


@pytest.mark.parametrize("name", EARLY_ENDS)
def test_a_handshake_that_ends_says_how(files: TlsFiles, server: Server, name: str) -> None:
    server.instead, failure = EARLY_ENDS[name]

    async def scene() -> None:
        async with server.listening(), listening_ear(files) as ear:
            assert await ear.fail(server.address) == failure
            assert ear.kinds() == [TcpConnected, Lost]

    run(scene())


def test_a_closed_port_is_refused(files: TlsFiles) -> None:
    with socket.create_server((HOST, 0)) as listener:
        address = Address(HOST, listener.getsockname()[1])

    async def scene() -> None:
        async with listening_ear(files) as ear:
            assert await ear.fail(address) == Failure(
                FailureKind.REFUSED, f"connection refused by {address}"
            )
            assert ear.kinds() == [Lost]

    run(scene())


@pytest.mark.parametrize(
    "host", ["255.255.255.255", "2001:db8::1%nonsense", "no address at all", "fe80::1", ""]
)
def test_an_address_that_cannot_be_dialled_is_a_failure_in_words(
    files: TlsFiles, host: str
) -> None:
    async def scene() -> None:
        async with listening_ear(files) as ear:
            failure = await ear.fail(Address(host, 5061))
            assert failure.kind in {FailureKind.UNREACHABLE, FailureKind.REFUSED}
            assert failure.text

    run(scene())


def test_the_phone_hangs_up_in_tls_and_says_nothing_of_it(files: TlsFiles, server: Server) -> None:
    async def scene() -> None:
        async with server.listening(), listening_ear(files) as ear:
            await ear.reach(server.address)
            heard = list(ear.heard)
            ear.close()
            await server.visits[0].ended.wait()
            assert ear.heard == heard

    run(scene())


def test_a_closed_connection_ends_in_the_same_step(files: TlsFiles, server: Server) -> None:
    """L10: its FIN is out before the next link's first SIP, however long the screens take."""

    async def scene() -> None:
        async with server.listening(), listening_ear(files) as ear:
            await ear.reach(server.address)
            ear.close()
            goodbye = server.visits[0].raw.recv(65536)
            assert goodbye
            assert server.visits[0].raw.recv(65536) == b""

    run(scene())


def test_a_connection_with_bytes_on_the_way_is_reset_in_the_same_step(
    files: TlsFiles, server: Server
) -> None:
    """L10: its RST is out before the next link's first SIP too."""

    async def scene() -> None:
        async with server.listening(), listening_ear(files) as ear:
            await ear.reach(server.address)
            server.reads = False
            fill(ear)
            ear.close()
            peer = server.visits[0].raw
            peer.settimeout(5.0)
            with pytest.raises(ConnectionResetError):
                read_all(peer)
            peer.setblocking(False)
            server.reads = True
            await server.visits[0].ended.wait()

    run(scene())


def test_a_connection_is_closed_whose_reset_was_not_heard_yet(files: TlsFiles) -> None:
    async def scene() -> None:
        with socket.create_server((HOST, 0)) as listener:
            async with listening_ear(files) as ear:
                ear.dial(Address(*listener.getsockname()))
                await until(lambda: TcpConnected in ear.kinds())
                peer, _ = listener.accept()
                peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                peer.close()
                ear.close()
                await asyncio.sleep(0)
                assert Lost not in ear.kinds()

    run(scene())


def test_two_connections_do_not_meddle(files: TlsFiles, server: Server) -> None:
    async def scene() -> None:
        async with server.listening(), listening_ear(files) as ear:
            await ear.reach(server.address)
            await ear.reach(server.address)
            ear.transport.do(Write(1, b"one"))
            ear.transport.do(Write(2, b"two"))
            ear.transport.do(Close(1))
            await until(lambda: server.visits[1].received == b"two")
            await server.visits[0].ended.wait()
            ear.transport.do(Write(2, b", two"))
            await until(lambda: server.visits[1].received == b"two, two")
            assert server.visits[0].received in {b"", b"one"}

    run(scene())


# What the kernel is told, and asked.


@pytest.mark.parametrize("host", [HOST, "::1"])
def test_the_socket_is_set_up_for_a_link(files: TlsFiles, server: Server, host: str) -> None:
    async def scene() -> None:
        async with server.listening(host), listening_ear(files) as ear:
            await ear.reach(server.address)
            raw = socket_of(ear)
            assert raw.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) == 1
            timeout_ms = raw.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT)
            assert timeout_ms == USER_TIMEOUT_MS
            if host == HOST:
                assert raw.getsockopt(socket.IPPROTO_IP, socket.IP_TOS) == 26 << 2
            else:
                assert raw.getsockopt(socket.IPPROTO_IPV6, socket.IPV6_TCLASS) == 26 << 2

    run(scene())


def test_a_fixed_source_port_is_used_again_at_once(files: TlsFiles, server: Server) -> None:
    with socket.create_server((HOST, 0)) as listener:
        port = listener.getsockname()[1]

    async def scene() -> None:
        settings = TransportSettings(source_port=port)
        async with server.listening(), listening_ear(files, settings) as ear:
            for _ in range(2):
                connected = await ear.reach(server.address)
                assert connected.facts.local.port == port
                server.visits[-1].reset()
                await ear.hear(Lost)

    run(scene())


def test_a_fixed_source_port_that_is_taken_is_named(files: TlsFiles, server: Server) -> None:
    async def scene() -> None:
        with socket.create_server((HOST, 0)) as other:
            settings = TransportSettings(source_port=other.getsockname()[1])
            async with server.listening(), listening_ear(files, settings) as ear:
                assert await ear.fail(server.address) == Failure(
                    FailureKind.CONFIGURATION, "the local TLS port is in use"
                )

    run(scene())


def test_what_the_proxy_did_not_acknowledge_is_counted(files: TlsFiles, server: Server) -> None:
    """D2: the kernel's queue and our own; a peer that reads leaves neither."""

    async def scene() -> None:
        async with server.listening(), listening_ear(files) as ear:
            await ear.reach(server.address)
            await until(lambda: unacknowledged(ear) == 0)
            ear.transport.do(CheckDelivery(ear.attempt))
            assert (await ear.hear(DeliveryChecked)).unacknowledged == 0
            server.reads = False
            ear.heard.clear()
            written = fill(ear)
            ear.transport.do(CheckDelivery(ear.attempt))
            held = (await ear.hear(DeliveryChecked)).unacknowledged
            assert written // 4 < held < 2 * written
            server.reads = True
            await until(lambda: unacknowledged(ear) == 0)

    run(scene())


def unacknowledged(ear: Ear) -> int:
    place = ear.transport._places[ear.attempt]
    assert place.connection is not None
    return place.connection.unacknowledged()


def fill(ear: Ear) -> int:
    """Write until the kernel takes no more; return how much."""
    place, written = ear.transport._places[ear.attempt], 0
    assert place.connection is not None
    assert place.connection._wire is not None
    while place.connection._wire.get_write_buffer_size() < UNSENT_BYTES_MAX // 4:
        ear.transport.do(Write(ear.attempt, bytes(16384)))
        written += 16384
    return written


def test_a_peer_that_never_reads_is_given_up_within_bounds(files: TlsFiles, server: Server) -> None:
    async def scene() -> None:
        async with server.listening(), listening_ear(files) as ear:
            await ear.reach(server.address)
            server.reads = False
            for _ in range(10_000):
                ear.transport.do(Write(ear.attempt, bytes(16384)))
                if ear.kinds()[-1] is Lost:
                    break
            assert (await ear.hear(Lost)).failure == Failure(
                FailureKind.SILENT, "the proxy does not read"
            )
            server.reads = True
            await server.visits[0].ended.wait()

    run(scene())


def test_what_a_dead_path_holds_back_does_not_arrive_later(files: TlsFiles, server: Server) -> None:
    """L10: closing with bytes on the way resets, so that they do not come beside the next link."""

    async def scene() -> None:
        async with server.listening(), listening_ear(files) as ear:
            await ear.reach(server.address)
            server.reads = False
            written = fill(ear)
            ear.close()
            await asyncio.sleep(0.05)
            server.reads = True
            await server.visits[0].ended.wait()
            assert len(server.visits[0].received) < written

    run(scene())


# Closing at every stage.


@pytest.mark.parametrize("turns", range(12))
def test_a_close_at_any_moment_leaves_nothing_and_is_the_last_word(
    files: TlsFiles, server: Server, turns: int
) -> None:
    """The whole dialling takes a handful of turns of the loop; cut it after each."""

    async def scene() -> None:
        async with server.listening(), listening_ear(files) as ear:
            ear.dial(server.address)
            for _ in range(turns):
                await asyncio.sleep(0)
            heard = list(ear.heard)
            ear.close()
            for visit in server.visits:
                await visit.ended.wait()
            await asyncio.sleep(0.02)
            assert ear.heard == heard

    run(scene())


@pytest.mark.parametrize("kind", [TcpConnected, Connected, Received, Lost])
def test_a_close_from_within_an_event_is_obeyed(
    files: TlsFiles, server: Server, kind: type, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The link decides while it is told: the transport is in the middle of its own work."""

    async def scene() -> None:
        async with server.listening(), listening_ear(files) as ear:
            deliver = ear._deliver

            def decide(event: object) -> None:
                deliver(event)
                if isinstance(event, kind):
                    ear.close()

            monkeypatch.setattr(ear.transport, "_deliver", decide)
            ear.dial(server.address)
            if kind is Lost:
                await ear.hear(Received)
                server.visits[0].reset()
            await until(lambda: kind in ear.kinds())
            await server.visits[0].ended.wait()
            await asyncio.sleep(0.02)
            assert ear.kinds()[-1] is kind

    run(scene())


def test_a_stop_ends_every_connection_at_every_stage(files: TlsFiles, server: Server) -> None:
    async def scene() -> None:
        server.silent_visits = {2}
        async with server.listening(), listening_ear(files) as ear:
            await ear.reach(server.address)
            ear.dial(server.address)
            await ear.hear(TcpConnected)
            ear.dial(server.address)
            heard = list(ear.heard)
            ear.transport.stop()
            await asyncio.sleep(0.05)
            assert ear.heard == heard

    run(scene())


def test_nothing_is_written_before_the_proxy_is_authenticated(
    files: TlsFiles, server: Server
) -> None:
    """L1: whoever tries is wrong, and is stopped."""

    async def scene() -> None:
        server.silent_visits = {1}
        async with server.listening(), listening_ear(files) as ear:
            ear.dial(server.address)
            ear.transport.do(Write(ear.attempt, b"not dialled yet"))
            await ear.hear(TcpConnected)
            with pytest.raises(AssertionError, match="before the proxy was authenticated"):
                ear.transport.do(Write(ear.attempt, b"not authenticated yet"))

    run(scene())


# A proxy that wants to shake hands again (RFC 5246 7.4.1.1).


def test_a_second_handshake_is_declined(
    files: TlsFiles, tmp_path: Path, authority: Authority
) -> None:
    """Only OpenSSL's own server renegotiates, on command."""
    authority.issue(NAME).write(tmp_path, "proxy")
    said = b""

    async def play() -> None:
        nonlocal said
        server = openssl_server(tmp_path, "-tls1_2")
        async with server as (process, address), listening_ear(files) as ear:
            ear.dial(address)
            await ear.hear(Connected)
            assert process.stdin is not None
            assert process.stdout is not None
            process.stdin.write(b"R\n")
            for _ in range(30):
                ear.transport.do(Write(ear.attempt, b"x"))
                await asyncio.sleep(0.01)
            assert ear.kinds().count(Connected) == 1
            process.kill()
            said = await process.stdout.read()

    run(play())
    assert b"no renegotiation" in said
