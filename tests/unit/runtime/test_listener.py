"""TLS mode's listening port, on real sockets: who is let in, and who is not (L3, L11, I1, I2)."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from firmware.link.events import Accepted, Close, Lost, Received, ServerName, Write
from firmware.runtime import listener as listening
from firmware.runtime import tls
from firmware.runtime import transport as transports
from firmware.runtime.listener import Listener
from firmware.runtime.tls import TlsFiles, TlsFilesError
from tests.lab.authority import Authority, Identity, Usage
from tests.unit.runtime.slow_disk import SlowDisk
from tests.unit.runtime.wire import HOST, NAME, Ear, listening_ear, run, until

BACKUP = "proxy2.example.com"
MESSAGE = b"OPTIONS sip:201@192.0.2.1 SIP/2.0\r\n\r\n"


class Scene:
    """A phone that listens, and what a proxy needs to call it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.authority = Authority()
        trusted = folder / "trusted.pem"
        trusted.write_bytes(self.authority.certificate_pem)
        own, key = self.authority.issue(HOST, usage=Usage.BOTH).write(folder, "phone")
        self.files = TlsFiles(trusted, certificate=own, key=key)
        self.port = 0

    def proxy(self, name: str = NAME, **wanted: object) -> Identity:
        """A proxy's certificate: it is a client here, and a server for the phone's own calls."""
        usage = wanted.pop("usage", Usage.BOTH)
        return self.authority.issue(name, usage=usage, **wanted)  # type: ignore[arg-type] # a test's own words

    @asynccontextmanager
    async def phone(self) -> AsyncIterator[Ear]:
        async with listening_ear(self.files) as ear:
            names = (ServerName(NAME), ServerName(BACKUP))
            listener = Listener(0, names, ear.transport.accept)
            listener.start()
            try:
                self.port = listener.port
                yield ear
            finally:
                listener.stop()

    async def call(
        self, identity: Identity | None, **more: ssl.TLSVersion
    ) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """Open a connection as a proxy does."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.load_verify_locations(cadata=self.authority.certificate_pem.decode())
        for name, value in more.items():
            setattr(context, name, value)
        if identity is not None:
            context.load_cert_chain(*identity.write(self.folder, "proxy"))
        return await asyncio.open_connection(HOST, self.port, ssl=context)


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    return Scene(tmp_path)


def heard(ear: Ear, kind: type) -> list[object]:
    return [event for event in ear.heard if isinstance(event, kind)]


@pytest.mark.parametrize("name", [NAME, BACKUP])
def test_a_proxy_is_let_in_and_carries_messages_both_ways(scene: Scene, name: str) -> None:
    async def play() -> None:
        async with scene.phone() as ear:
            reader, writer = await scene.call(scene.proxy(name))
            writer.write(MESSAGE)
            await until(lambda: bool(heard(ear, Received)))
            (accepted,) = heard(ear, Accepted)
            assert isinstance(accepted, Accepted)
            assert accepted.attempt < 0, "its numbers are not those of our own connections"
            assert heard(ear, Received) == [Received(accepted.attempt, MESSAGE)]
            ear.transport.do(Write(accepted.attempt, b"SIP/2.0 200 OK\r\n\r\n"))
            assert await reader.readuntil(b"\r\n\r\n") == b"SIP/2.0 200 OK\r\n\r\n"
            ear.transport.do(Close(accepted.attempt))
            with contextlib.suppress(ConnectionResetError):  # Its last ACK may be on its way.
                assert await reader.read() == b""
            writer.close()
            assert not heard(ear, Lost), "closed from this side"

    run(play())


REFUSED: dict[str, Callable[[Scene], Identity | None]] = {
    "no certificate": lambda scene: None,
    "another name": lambda scene: scene.proxy("stranger.example.com"),
    "a common name only": lambda scene: scene.authority.issue(common_name=NAME, usage=Usage.BOTH),
    "another authority": lambda scene: Authority("Other").issue(NAME, usage=Usage.BOTH),
    "expired": lambda scene: scene.proxy(starts_days=-10, ends_days=-1),
    "not yet valid": lambda scene: scene.proxy(starts_days=1, ends_days=10),
    "not for clients": lambda scene: scene.proxy(usage=Usage.SERVER),
    "not for servers": lambda scene: scene.proxy(usage=Usage.CLIENT),
}


@pytest.mark.parametrize("who", REFUSED)
def test_nobody_else_is_let_in(scene: Scene, who: str) -> None:
    async def play() -> None:
        async with scene.phone() as ear:
            with contextlib.suppress(ssl.SSLError, ConnectionError):
                reader, writer = await scene.call(REFUSED[who](scene))
                writer.write(MESSAGE)
                assert await reader.read() == b"", "told nothing"
                writer.close()
            assert not heard(ear, Accepted)
            assert not heard(ear, Received)

    run(play())


@pytest.mark.parametrize(
    ("who", "why"),
    [
        ("no certificate", "the peer shows no certificate"),
        ("another name", f"certificate of {NAME} is for stranger.example.com"),
        ("another authority", f"certificate of {NAME} is from an unknown authority"),
        ("expired", f"certificate of {NAME} expired 1 day ago"),
        ("not for clients", f"certificate of {NAME} is not for clients"),
        ("not for servers", f"certificate of {NAME} is not for servers"),
    ],
)
def test_why_somebody_is_not_let_in_is_logged_in_words(
    scene: Scene, who: str, why: str, caplog: pytest.LogCaptureFixture
) -> None:
    test_nobody_else_is_let_in(scene, who)
    (logged,) = caplog.messages
    assert logged.endswith(f"is not let in: {why}")


def test_a_revoked_proxy_is_not_let_in(scene: Scene) -> None:
    identity = scene.proxy()
    crl = scene.folder / "revoked.pem"
    crl.write_bytes(scene.authority.revoke(identity))
    files = scene.files
    scene.files = TlsFiles(files.trusted, certificate=files.certificate, key=files.key, crl=crl)
    REFUSED["revoked"] = lambda _: identity
    try:
        test_nobody_else_is_let_in(scene, "revoked")
    finally:
        del REFUSED["revoked"]


def test_tls_1_1_is_not_spoken(scene: Scene) -> None:
    async def play() -> None:
        async with scene.phone() as ear:
            with pytest.raises((ssl.SSLError, ConnectionError)):
                await scene.call(scene.proxy(), maximum_version=ssl.TLSVersion.TLSv1_1)
            assert not ear.heard

    with pytest.warns(DeprecationWarning, match="TLSv1_1"):
        run(play())


async def is_hung_up_on(scene: Scene, ear: Ear) -> None:
    """See that a stranger who says nothing is not let in."""
    reader, writer = await asyncio.open_connection(HOST, scene.port)
    assert await reader.read() == b""
    writer.close()
    assert not heard(ear, Accepted)


def test_a_stranger_who_says_nothing_is_hung_up_on(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listening, "HANDSHAKE_S", 0.2)

    async def play() -> None:
        async with scene.phone() as ear:
            await is_hung_up_on(scene, ear)

    run(play())


def test_strangers_are_few_at_a_time(scene: Scene) -> None:
    async def play() -> None:
        async with scene.phone():
            waiting = [
                await asyncio.open_connection(HOST, scene.port)
                for _ in range(transports.STRANGERS_MAX)
            ]
            reader, writer = await asyncio.open_connection(HOST, scene.port)
            with contextlib.suppress(ConnectionError):
                assert await reader.read() == b"", "one too many"
            for _, one in [*waiting, (reader, writer)]:
                one.close()

    run(play())


@pytest.mark.parametrize("asks", ["_load", "_listening"])
def test_where_the_disk_hangs_strangers_are_refused_in_time_and_cost_one_thread(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, asks: str
) -> None:
    """Nobody can be checked without the files: no place is kept for whoever knocks."""
    monkeypatch.setattr(tls, "DISK_S", 0.05)

    async def play() -> None:
        disk = SlowDisk(monkeypatch, tls, asks)
        async with scene.phone() as ear:
            for _ in range(2):
                knocking = [
                    await asyncio.open_connection(HOST, scene.port)
                    for _ in range(transports.STRANGERS_MAX)
                ]
                for reader, writer in knocking:
                    assert await reader.read() == b""
                    writer.close()
            assert disk.asked == 1
            refused = 2 * transports.STRANGERS_MAX
            assert caplog.text.count(f"is not let in: {tls.DISK_SILENT}") == refused
            disk.answer()
            monkeypatch.setattr(tls, "DISK_S", 5.0)
            _, proxy = await scene.call(scene.proxy())
            await until(lambda: bool(heard(ear, Accepted)))
            proxy.close()
            await until(lambda: bool(heard(ear, Lost)))

    run(play())


def test_files_that_break_while_a_stranger_waits_let_nobody_in(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(tls, "_listening", lambda _: TlsFilesError("phone.pem: is damaged"))

    async def play() -> None:
        async with scene.phone() as ear:
            await is_hung_up_on(scene, ear)

    run(play())
    assert caplog.messages[-1].endswith("is not let in: phone.pem: is damaged")


def test_garbage_in_place_of_tls_is_the_end_of_that_connection_only(scene: Scene) -> None:
    async def play() -> None:
        async with scene.phone() as ear:
            reader, writer = await asyncio.open_connection(HOST, scene.port)
            writer.write(b"INVITE sip:201@phone SIP/2.0\r\n\r\n")
            with contextlib.suppress(ConnectionError):
                await reader.read()
            writer.close()
            _, proxy = await scene.call(scene.proxy())
            await until(lambda: bool(heard(ear, Accepted)))
            proxy.close()
            await until(lambda: bool(heard(ear, Lost)))

    run(play())


def test_a_port_that_is_taken_is_an_error_at_once() -> None:
    async def play() -> None:
        with socket.create_server(("", 0)) as taken:
            port = taken.getsockname()[1]
            with pytest.raises(OSError, match="in use"):
                Listener(port, (ServerName(NAME),), lambda *_: None).start()

    run(play())
