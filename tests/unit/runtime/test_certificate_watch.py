"""The watch over certificate files (I4): warnings come and go, and the link is never cut by it."""

from __future__ import annotations

import asyncio
import logging
import os
import time
from collections.abc import Callable
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
    TlsFacts,
    Write,
)
from firmware.link.identity import CLOCK_FLOOR
from firmware.phone.events import FactsTold, TimeIs, WarningsChanged
from firmware.runtime import certificate_watch, tls
from firmware.runtime.certificate_watch import CertificateWatch
from firmware.runtime.tls import TlsContexts, TlsFiles, TlsFilesError
from tests.lab.authority import Authority, Identity, Usage
from tests.unit.phone.rig import fits_a_page
from tests.unit.runtime.slow_disk import SlowDisk
from tests.unit.runtime.wire import NAME, Ear, Server, listening_ear, run, server_context, until

DAY_S = 86400.0
FACTS = TlsFacts(Address("192.0.2.7", 40000), "TLSv1.3", "", False, 0.0)


class Desk:
    """A phone's files, all five of them, and the authorities behind them."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.root, self.phones = Authority(), Authority("Phones")
        middle = self.phones.intermediate("Phone makers")
        self.own = replace(middle.issue("phone", usage=Usage.CLIENT), chain=())
        self.proxy = self.root.issue(NAME)
        certificate, key = self.own.write(directory, "phone")
        self.files = TlsFiles(
            self.file("trusted.pem", self.root.certificate_pem),
            self.file("chain.pem", middle.certificate_pem),
            certificate,
            key,
            crl=self.file("revoked.pem", self.root.revoke()),
        )

    def file(self, name: str, data: bytes) -> Path:
        path = self.directory / name
        path.write_bytes(data)
        return path

    def server(self, identity: Identity | None = None) -> Server:
        folder = self.directory / "server"
        folder.mkdir(exist_ok=True)
        return Server(server_context(identity or self.proxy, folder, clients=self.phones))


class Eye:
    """A watch and what it said."""

    def __init__(self, contexts: TlsContexts) -> None:
        self.heard: list[tuple[str, ...]] = []
        self.pages: list[tuple[tuple[str, str], ...]] = []
        self.ahead_s = 0.0
        self.watch = CertificateWatch(self._hear, contexts, lambda: time.time() + self.ahead_s)

    def _hear(self, event: object) -> None:
        if isinstance(event, FactsTold):
            assert event.title == "Certificates"
            self.pages.append(event.rows)
            return
        assert isinstance(event, WarningsChanged)
        self.heard.append(event.sentences)

    async def says(self, *sentences: str) -> None:
        await until(lambda: self.heard[-1:] == [sentences] or (not sentences and not self.heard))

    def __enter__(self) -> Eye:
        self.watch.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.watch.stop()


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("LOOK_S", "SOON_S", "FAULT_LOOK_S"):
        monkeypatch.setattr(certificate_watch, name, 0.01)


def test_nothing_is_said_where_all_is_well(desk: Desk) -> None:
    async def scene() -> None:
        with Eye(TlsContexts(desk.files)) as eye:
            await asyncio.sleep(0.1)
            assert eye.heard == []
            (page,) = eye.pages
            assert [label for label, _ in page] == ["This phone", "Issuer", "Until", "", "SHA-256"]
            assert len(dict(page)["SHA-256"]) == 64
            assert dict(page)[""].endswith(" days left")

    run(scene())


def test_a_warning_comes_with_time_changes_and_is_logged_once(
    desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    async def scene() -> None:
        with Eye(TlsContexts(desk.files)) as eye:
            for days, left in ((340.5, 24), (341.5, 23), (364.5, 0)):
                eye.ahead_s = days * DAY_S
                words = f"{left} days" if left else "11 hours"
                await until(
                    lambda w=words: (
                        bool(eye.heard)  # type: ignore[misc]
                        and f"this phone's certificate ends in {w}" in eye.heard[-1]
                    )
                )
            eye.ahead_s = 0.0
            await eye.says()

    with caplog.at_level(logging.WARNING, "handset.certificates"):
        run(scene())
    logged = [text for text in caplog.messages if "this phone's certificate" in text]
    assert logged == ["this phone's certificate ends in 24 days"]


def test_the_proxys_own_chain_is_watched_once_it_is_known(desk: Desk) -> None:
    middle = desk.root.intermediate(ends_days=20.5)
    soon = middle.issue(NAME, ends_days=12.5)
    expected = (
        f"certificate of {NAME} ends in 12 days",
        "certificate of authority Lab intermediate ends in 20 days",
    )

    async def scene() -> None:
        server = desk.server(soon)
        async with server.listening(), listening_ear(desk.files) as ear:
            with Eye(ear.contexts) as eye:
                for _ in range(2):  # The second connection is a resumed one.
                    await ear.reach(server.address)
                    await eye.says(*expected)
                assert server.visits[-1].resumed

    run(scene())


def test_a_clock_that_is_not_set_says_nothing_of_days(desk: Desk) -> None:
    desk.file("revoked.pem", desk.root.revoke(ends_days=-5))

    async def scene() -> None:
        with Eye(TlsContexts(desk.files)) as eye:
            await eye.says("revocation list of Lab root expired 5 days ago")
            eye.ahead_s = CLOCK_FLOOR.timestamp() - time.time() - DAY_S
            await eye.says()

    run(scene())


def test_an_event_makes_it_look_soon_and_a_stopped_watch_stays_so(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(certificate_watch, "LOOK_S", 1000.0)

    async def scene() -> None:
        with Eye(TlsContexts(desk.files)) as eye:
            await asyncio.sleep(0.1)
            desk.file("revoked.pem", desk.root.revoke(ends_days=-5))
            await asyncio.sleep(0.1)
            assert eye.heard == []
            eye.watch.take(Lost(1, Failure(FailureKind.RESET, "")))
            await eye.says("revocation list of Lab root expired 5 days ago")
            desk.file("revoked.pem", desk.root.revoke())
            eye.watch.take(TimeIs(None))
            await eye.says()
            eye.watch.stop()
            desk.file("revoked.pem", b"")
            eye.watch.take(TimeIs(None))
            await asyncio.sleep(0.1)
            assert eye.heard[-1] == ()

    run(scene())


def test_why_a_proxy_is_refused_is_kept_while_it_goes_on(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The link is on the backup, and every probe of the primary is refused (F3)."""
    monkeypatch.setattr(certificate_watch, "REFUSED_S", 0.3)
    words = f"certificate of {NAME} expired 3 days ago"
    refused = Lost(1, Failure(FailureKind.CERTIFICATE, words))

    async def scene() -> None:
        with Eye(TlsContexts(desk.files)) as eye:
            eye.watch.take(Lost(1, Failure(FailureKind.RESET, "connection reset")))
            eye.watch.take(refused)
            await eye.says(words)
            await eye.says()  # It is not heard of any more,
            monkeypatch.setattr(certificate_watch, "REFUSED_S", 1000.0)
            eye.watch.take(refused)
            await eye.says(words)
            eye.watch.take(Connected(2, FACTS))  # or it is well again.
            await eye.says()

    run(scene())


def test_whoever_shows_a_new_certificate_each_time_fills_no_memory(desk: Desk) -> None:
    async def scene() -> None:
        with Eye(TlsContexts(desk.files)) as eye:
            for number in range(50):
                eye.watch.take(Lost(1, Failure(FailureKind.CERTIFICATE, f"refused {number}")))
            await eye.says(*(f"refused {number}" for number in range(46, 50)))

    run(scene())


# Files that change under a link.


def broken(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:150])


def a_pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def a_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


BREAKS: dict[str, tuple[Callable[[Path], object], tuple[str, ...]]] = {
    "gone": (lambda path: path.unlink(), ("{}: no such file or directory",)),
    "half written": (
        broken,
        (
            "{} is damaged or cut short (sips trusted certificates)",
            "{}: a certificate in it is damaged",
            "{}: the private key in it is damaged",
            "{}: a revocation list in it is cut short",
            "{}: no revocation list",
        ),
    ),
    "a pipe": (a_pipe, ("{}: is no regular file",)),
    "a folder": (a_folder, ("{}: is a directory",)),
    "huge": (lambda path: os.truncate(path, 5_000_000), ("{}: is larger than 4194304 bytes",)),
}
FILES = ["trusted.pem", "chain.pem", "phone.pem", "phone.key", "revoked.pem"]


@pytest.mark.parametrize("how", BREAKS)
@pytest.mark.parametrize("name", FILES)
def test_a_file_that_breaks_cuts_no_link_warns_and_stops_the_next_connection(
    desk: Desk, name: str, how: str
) -> None:
    path = desk.directory / name
    whole = path.read_bytes()
    harm, words = BREAKS[how]

    async def scene() -> None:
        server = desk.server()
        async with server.listening(), listening_ear(desk.files) as ear:
            with Eye(ear.contexts) as eye:
                await ear.reach(server.address)
                up = ear.attempt
                harm(path)
                texts = {(text.format(name),) for text in words}
                await until(lambda: bool(texts & set(eye.heard[-1:])))  # It is harmed in steps.
                (sentence,) = eye.heard[-1]
                assert fits_a_page("Warning", sentence)
                await works(ear, server, up)
                assert await fails(ear, server) == Failure(FailureKind.CONFIGURATION, sentence)
                assert len(server.visits) == 1
                put_right(path, whole)
                await eye.says()
                await works(ear, server, up)
                await ear.reach(server.address)

    run(scene())


async def works(ear: Ear, server: Server, attempt: int) -> None:
    """See that the first connection still carries data."""
    seen = len(server.visits[0].received)
    ear.transport.do(Write(attempt, b"x"))
    await until(lambda: len(server.visits[0].received) == seen + 1)


async def fails(ear: Ear, server: Server) -> Failure:
    ear.dial(server.address)
    return (await ear.hear(Lost)).failure


def put_right(path: Path, data: bytes) -> None:
    if path.is_dir():
        path.rmdir()
    elif path.exists():
        path.unlink()
    path.write_bytes(data)


@pytest.mark.parametrize("name", FILES)
def test_a_changed_file_is_taken_over_on_the_next_connection(desk: Desk, name: str) -> None:
    """I4, for each of the files: the same server lets the phone in before and refuses after."""
    stranger = Authority("Stranger")
    certificate, key = stranger.issue("phone", usage=Usage.CLIENT).write(desk.directory, "new")
    news: dict[str, dict[str, bytes]] = {
        "trusted.pem": {"trusted.pem": stranger.certificate_pem},
        "chain.pem": {"chain.pem": stranger.certificate_pem},
        "phone.pem": {"phone.pem": certificate.read_bytes(), "phone.key": key.read_bytes()},
        "phone.key": {"phone.key": key.read_bytes()},
        "revoked.pem": {"revoked.pem": desk.root.revoke(desk.proxy)},
    }
    words = {
        "trusted.pem": f"certificate of {NAME} is from an unknown authority",
        "chain.pem": "the proxy does not know who signed this phone's certificate",
        "phone.pem": "the proxy does not know who signed this phone's certificate",
        "phone.key": "phone.key does not belong to phone.pem (sips private key)",
        "revoked.pem": f"certificate of {NAME} is revoked",
    }

    async def scene() -> None:
        server = desk.server()
        async with server.listening(), listening_ear(desk.files) as ear:
            await ear.reach(server.address)
            up = ear.attempt
            for file, data in news[name].items():
                desk.file(file, data)
            assert (await fails(ear, server)).text == words[name]
            await works(ear, server, up)

    run(scene())


def test_a_trust_file_cut_anywhere_never_trusts_more_than_it_says(tmp_path: Path) -> None:
    """An editor's half written file is refused in words, or holds the whole ones before the cut."""
    first, second = Authority("First"), Authority("Second")
    path = tmp_path / "trusted.pem"
    both = first.certificate_pem + second.certificate_pem
    told = set()
    for length in (*range(0, len(both), 7), len(both)):
        path.write_bytes(both[:length])
        try:
            loaded = TlsContexts(TlsFiles(path)).read_now().get_ca_certs()
        except TlsFilesError as fault:
            told.add(fault.failure.text)
            continue
        assert len(loaded) == both[: length + 1].count(b"-----END CERTIFICATE-----")
    assert told == {
        "trusted.pem holds no certificates (sips trusted certificates)",
        "trusted.pem is damaged or cut short (sips trusted certificates)",
    }


def test_a_file_that_breaks_takes_the_good_context_out_of_use(desk: Desk) -> None:
    """Fail closed: an authority that was just taken out is not trusted on, unseen by anybody."""
    contexts = TlsContexts(desk.files)
    before = contexts.read_now()
    assert desk.files.trusted is not None
    whole = desk.files.trusted.read_bytes()
    broken(desk.files.trusted)
    for _ in range(2):
        with pytest.raises(TlsFilesError, match="cut short"):
            contexts.read_now()
    desk.files.trusted.write_bytes(whole)
    assert contexts.read_now() is not before


def test_what_a_proxy_showed_is_kept_by_its_name(desk: Desk) -> None:
    async def scene() -> None:
        server = desk.server()
        async with server.listening(), listening_ear(desk.files) as ear:
            await ear.reach(server.address)
            assert list(ear.contexts.shown) == [ServerName(NAME)]
            assert len(ear.contexts.shown[ServerName(NAME)]) == 2

    run(scene())


@pytest.mark.parametrize(("module", "name"), [(tls, "_load"), (certificate_watch, "read_bounded")])
def test_the_phone_does_not_wait_while_a_slow_disk_is_looked_at(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, module: object, name: str
) -> None:
    disk = SlowDisk(monkeypatch, module, name)

    async def scene() -> None:
        with Eye(TlsContexts(desk.files)) as eye:
            await until(lambda: disk.asked > 0)
            eye.watch.take(TimeIs(None))  # Something happens meanwhile.
            assert eye.pages == []
            disk.answer()
            await until(lambda: eye.pages != [])

    run(scene())
