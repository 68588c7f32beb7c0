"""Resumption (I5): the second handshake is a short one, and nobody slips through it."""

from __future__ import annotations

import os
import ssl
import time
from dataclasses import replace
from pathlib import Path

import pytest

from firmware.link.events import (
    Address,
    Connected,
    Failure,
    FailureKind,
    Lost,
    ServerName,
    TcpConnected,
    Write,
)
from firmware.runtime.tls import SESSIONS_MAX, KeptSession, TlsContexts, TlsFiles
from tests.lab.authority import Authority, Identity
from tests.unit.runtime.wire import NAME, Ear, Server, listening_ear, run, server_context, until

VERSIONS = [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3]


class Scene:
    """An authority, the phone's files, a proxy's certificate."""

    def __init__(self, directory: Path) -> None:
        self.authority = Authority()
        self.directory = directory
        self.trusted = directory / "trusted.pem"
        self.trusted.write_bytes(self.authority.certificate_pem)
        self.identity = self.authority.issue(NAME)
        self.files = TlsFiles(self.trusted)

    def server(
        self, newest: ssl.TLSVersion = ssl.TLSVersion.TLSv1_3, identity: Identity | None = None
    ) -> Server:
        return Server(server_context(identity or self.identity, self.directory, newest=newest))


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    return Scene(tmp_path)


async def call_again(ear: Ear, server: Server) -> Connected:
    """Connect, hear the greeting, hang up."""
    connected = await ear.reach(server.address)
    ear.close()
    await server.visits[-1].ended.wait()
    return connected


@pytest.mark.parametrize("version", VERSIONS)
def test_the_second_connection_resumes_the_first(scene: Scene, version: ssl.TLSVersion) -> None:
    async def play() -> None:
        server = scene.server(version)
        async with server.listening(), listening_ear(scene.files) as ear:
            told = [(await call_again(ear, server)).facts for _ in range(4)]
            assert [facts.resumed for facts in told] == [False, True, True, True]
            assert [visit.resumed for visit in server.visits] == [False, True, True, True]
            assert len({facts.certificate_ends for facts in told}) == 1

    run(play())


def test_a_proxy_that_keeps_sessions_itself_is_resumed_too(scene: Scene) -> None:
    """TLS 1.2 without tickets: the session is known by its id (RFC 5246 7.3)."""
    context = server_context(
        scene.identity, scene.directory, newest=ssl.TLSVersion.TLSv1_2, tickets=False
    )

    async def play() -> None:
        server = Server(context)
        async with server.listening(), listening_ear(scene.files) as ear:
            await call_again(ear, server)
            assert (await call_again(ear, server)).facts.resumed

    run(play())


def test_a_session_belongs_to_a_name_and_an_address(scene: Scene) -> None:
    identity = scene.authority.issue(NAME, "other.example")

    async def play() -> None:
        here, there = scene.server(identity=identity), scene.server(identity=identity)
        async with (
            here.listening(),
            there.listening("127.0.0.2"),
            listening_ear(scene.files) as ear,
        ):
            assert not (await ear.reach(here.address)).facts.resumed
            assert not (await ear.reach(there.address)).facts.resumed
            assert not (await ear.reach(here.address, "other.example")).facts.resumed
            assert (await ear.reach(here.address)).facts.resumed

    run(play())


def test_a_certificate_revoked_since_is_refused(scene: Scene) -> None:
    crl = scene.directory / "revoked.pem"
    crl.write_bytes(scene.authority.revoke())

    async def play() -> None:
        server = scene.server()
        async with server.listening(), listening_ear(replace(scene.files, crl=crl)) as ear:
            await call_again(ear, server)
            crl.write_bytes(scene.authority.revoke(scene.identity))
            ear.heard.clear()
            assert await ear.fail(server.address) == Failure(
                FailureKind.CERTIFICATE, f"certificate of {NAME} is revoked"
            )
            assert not server.visits[-1].resumed

    run(play())


def test_a_certificate_that_expired_since_is_refused(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The files are the same and the session is offered by nobody: its leaf is checked first."""

    async def play() -> None:
        server = scene.server()
        async with server.listening(), listening_ear(scene.files) as ear:
            await call_again(ear, server)
            later = time.time() + 367.5 * 86400
            monkeypatch.setattr(time, "time", lambda: later)
            ear.heard.clear()
            assert await ear.fail(server.address) == Failure(
                FailureKind.CERTIFICATE, f"certificate of {NAME} expired 2 days ago"
            )
            assert not server.visits[-1].resumed
            assert ear.contexts.session(ServerName(NAME), server.address) is None

    run(play())


def test_a_handshake_that_fails_with_a_session_is_repeated_at_once_without(scene: Scene) -> None:
    async def play() -> None:
        server = scene.server()
        async with server.listening(), listening_ear(scene.files) as ear:
            await call_again(ear, server)
            server.alert_visits = {2}
            connected = await ear.reach(server.address)
            assert not connected.facts.resumed
            assert [visit.shaken for visit in server.visits] == [True, False, True]
            assert ear.kinds().count(TcpConnected) == 1
            ear.close()
            assert (await ear.reach(server.address)).facts.resumed

    run(play())


def test_it_is_repeated_once_and_not_without_a_session(scene: Scene) -> None:
    async def play() -> None:
        server = scene.server()
        async with server.listening(), listening_ear(scene.files) as ear:
            await call_again(ear, server)
            server.alert_visits = {2, 3, 4}
            for visits in (3, 4):
                ear.heard.clear()
                assert (await ear.fail(server.address)).kind is FailureKind.TLS
                assert ear.kinds() == [TcpConnected, Lost]
                assert len(server.visits) == visits

    run(play())


def test_a_close_while_the_handshake_is_repeated_leaves_nothing(scene: Scene) -> None:
    async def play() -> None:
        server = scene.server()
        async with server.listening(), listening_ear(scene.files) as ear:
            await call_again(ear, server)
            server.alert_visits, server.silent_visits = {2}, {3}
            ear.dial(server.address)
            await until(lambda: len(server.visits) == 3)
            ear.close()
            await server.visits[2].ended.wait()
            assert ear.kinds() == [TcpConnected]

    run(play())


def test_changed_files_are_taken_over_and_their_sessions_die(scene: Scene) -> None:
    """I4: on the next connection, without a restart."""
    stranger = Authority("Somebody else")
    newcomer = stranger.issue(NAME)

    async def play() -> None:
        old, new = scene.server(), scene.server(identity=newcomer)
        async with old.listening(), new.listening(), listening_ear(scene.files) as ear:
            await call_again(ear, old)
            before = ear.contexts.read_now()
            assert ear.contexts.read_now() is before
            scene.trusted.write_bytes(stranger.certificate_pem)
            ear.heard.clear()
            assert (await ear.fail(old.address)).kind is FailureKind.CERTIFICATE
            assert not old.visits[-1].resumed
            assert ear.contexts.read_now() is not before
            assert not (await ear.reach(new.address)).facts.resumed
            assert (await ear.reach(new.address)).facts.resumed

    run(play())


def test_a_file_that_is_replaced_by_one_like_it_is_noticed(scene: Scene) -> None:
    contexts = TlsContexts(scene.files)
    before, found = contexts.read_now(), scene.trusted.stat()
    draft = scene.directory / "draft"
    draft.write_bytes(scene.trusted.read_bytes())
    os.utime(draft, ns=(found.st_atime_ns, found.st_mtime_ns))
    draft.replace(scene.trusted)
    assert contexts.read_now() is not before


def test_a_session_of_the_old_files_is_not_kept_for_the_new(scene: Scene) -> None:
    """The link was up when the files changed, and its first data came after that."""

    async def play() -> None:
        server = scene.server()
        server.greeting = b""
        async with server.listening(), listening_ear(scene.files) as ear:
            ear.dial(server.address)
            await ear.hear(Connected)
            old = ear.attempt
            await until(lambda: server.visits[0].shaken)
            scene.trusted.touch()
            ear.contexts.read_now()
            server.say(server.visits[0], b"late")
            await until(lambda: len(ear.heard) == 3)
            assert ear.contexts.session(ServerName(NAME), server.address) is None
            server.greeting = b"hello"
            assert not (await ear.reach(server.address)).facts.resumed
            ear.transport.do(Write(old, b"still here"))
            await until(lambda: server.visits[0].received == b"still here")

    run(play())


def test_sessions_are_bounded_and_the_oldest_goes_first(scene: Scene) -> None:
    contexts = TlsContexts(scene.files)
    context = contexts.read_now()
    session = None  # Nothing looks into it.
    kept = KeptSession(session, (b"leaf",))  # type: ignore[arg-type]
    name = ServerName(NAME)
    addresses = [Address("127.0.0.1", port) for port in range(SESSIONS_MAX + 3)]
    for address in addresses:
        contexts.keep(context, name, address, kept)
    found = [address for address in addresses if contexts.session(name, address)]
    assert found == addresses[3:]
    contexts.forget(name, addresses[-1])
    assert contexts.session(name, addresses[-1]) is None
