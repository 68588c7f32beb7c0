"""Files named by URL, from a real server in this process: taken, kept, refused by name."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from random import Random

import pytest

from config.checks import check
from config.cms import sign
from config.configuration import Configuration
from config.fetched import copy_path, read_copy
from config.store import Store
from firmware.link.events import TestLink
from firmware.phone.kept import Contact, ContactNumber, ContactsImported, NumberKind
from firmware.provision.server import Server
from firmware.runtime.fetching import Fetcher, Got
from firmware.runtime.from_configuration import tls_files
from firmware.runtime.linked_files import LinkedFiles, LinkWays
from firmware.runtime.resolver import Resolver
from tests.lab.authority import Authority, Usage
from tests.lab.file_server import HOST, FileServer

CA, DIRECTORY = "sips trusted certificates", "directory 1"
ADA = Contact("Ada", (ContactNumber(NumberKind.WORK, "301"),))
BEA = Contact("Bea", (ContactNumber(NumberKind.WORK, "302"),))
WAIT_S = 10.0


@pytest.fixture(scope="module")
def authority() -> Authority:
    return Authority()


@pytest.fixture
def server(authority: Authority) -> Iterator[FileServer]:
    with FileServer(authority.issue(HOST)) as made:
        made.files["/ca.pem"] = authority.certificate_pem
        yield made


class Desk:
    """A phone's folders; `told` is what it was fed, `said` what whoever asked was told."""

    def __init__(self, folder: Path, authority: Authority, fetcher: Fetcher | None = None) -> None:
        self.folder, self.state = folder / "config", folder / "state"
        self.folder.mkdir(exist_ok=True)
        (self.folder / "web.pem").write_bytes(authority.certificate_pem)
        self.store = Store(self.folder, self.state)
        self.fetcher = fetcher or Fetcher(Resolver(Random(1)), self.folder, "Handset/0.1")
        self.told: list[object] = []
        self.said: list[str] = []
        self.faults: tuple[str, ...] = ()
        self.kept = 0

    def configured(self, text: str) -> Configuration:
        (self.folder / "startup.cfg").write_text(f"https user certificates: web.pem\n{text}")
        return self.store.read()

    def fetch(self, text: str, meanwhile: Callable[[LinkedFiles], None] | None = None) -> None:
        """Have all that a configuration names fetched."""
        self.said.clear()
        self.faults = ()
        asyncio.run(self._fetch(self.configured(text), meanwhile))

    async def _fetch(
        self, configuration: Configuration, meanwhile: Callable[[LinkedFiles], None] | None
    ) -> None:
        tasks = set[asyncio.Task[None]]()

        def run(work: Coroutine[object, object, None]) -> None:
            tasks.add(asyncio.ensure_future(work))

        async def count() -> None:
            self.kept += 1

        def note(faults: tuple[str, ...]) -> None:
            self.faults = faults

        ways = LinkWays(lambda: self.fetcher, run, self.told.append, count, note)
        files = LinkedFiles(self.store, self.state, Random(1), ways)
        files.renew(configuration)
        if meanwhile is not None:
            meanwhile(files)
        async with asyncio.timeout(WAIT_S):
            await files.fetch_now(self.said.append)
        files.stop()
        await asyncio.gather(*tasks)

    def copy(self, parameter: str) -> bytes | None:
        kept = read_copy(self.state, parameter)
        return None if kept is None else kept.data


@pytest.fixture
def desk(tmp_path: Path, authority: Authority) -> Desk:
    return Desk(tmp_path, authority)


def test_a_certificate_comes_is_kept_and_is_what_the_link_trusts(
    server: FileServer, desk: Desk, authority: Authority
) -> None:
    text = f"{CA}: {server.url('/ca.pem')}\n"
    (before,) = [p for p in check(desk.configured(text), desk.folder) if CA in str(p)]
    assert str(before).endswith("/ca.pem: not fetched yet")
    desk.fetch(text)
    assert desk.copy(CA) == authority.certificate_pem
    assert desk.kept == 1
    assert desk.told == [TestLink()]
    assert desk.faults == ()
    configuration = desk.store.read()
    assert [p for p in check(configuration, desk.folder) if CA in str(p)] == []
    trusted = tls_files(configuration, desk.folder).trusted
    assert trusted is not None
    assert trusted.read_bytes().startswith(authority.certificate_pem)
    assert trusted.stat().st_mode & 0o777 == 0o600


def test_what_is_there_already_is_not_sent_and_not_kept_again(
    server: FileServer, desk: Desk
) -> None:
    text = f"{CA}: {server.url('/ca.pem')}\n"
    desk.fetch(text)
    desk.fetch(text)
    assert server.statuses("/ca.pem")[-1] == 304
    assert desk.kept == 1
    assert desk.said == [f"{CA}: as it was"]


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (b"<html>no</html>", "no certificate in PEM form"),
        (404, "not on the server"),
        (503, "the server cannot serve now (status 503)"),
        ("large", "larger than 1048576 bytes"),
        ("half", "the reply is not whole, or no HTTP"),
    ],
)
def test_a_bad_file_is_named_and_the_one_before_holds(
    server: FileServer, desk: Desk, authority: Authority, answer: bytes | int | str, words: str
) -> None:
    text = f"{CA}: {server.url('/ca.pem')}\n"
    desk.fetch(text)
    if isinstance(answer, bytes):
        server.files["/ca.pem"] = answer
    else:
        server.answers["/ca.pem"] = answer
    desk.fetch(text)
    assert desk.faults == (f"{CA}: {server.url('/ca.pem')}: {words}; the one before holds",)
    assert desk.said == [f"{CA}: {words}"]
    assert desk.copy(CA) == authority.certificate_pem
    assert desk.kept == 1


def test_a_key_is_taken_with_its_certificate_and_a_wrong_one_is_not(
    server: FileServer, desk: Desk, authority: Authority
) -> None:
    own = authority.issue("phone", usage=Usage.CLIENT)
    server.files["/own.pem"], server.files["/own.key"] = own.certificate_pem, own.key_pem("open")
    text = f"sips local certificate: {server.url('/own.pem')}\n"
    text += f"sips private key: {server.url('/own.key')}\n"
    desk.fetch(f"{text}sips private key password: wrong\n")
    assert desk.copy("sips private key") is None
    assert [fault.rpartition(": ")[2] for fault in desk.faults] == [
        "the password does not open it (sips private key password)"
    ]
    desk.fetch(f"{text}sips private key password: open\n")
    assert desk.faults == ()
    problems = check(desk.store.read(), desk.folder)
    assert [p for p in problems if "private key" in str(p) or "certificate" in str(p)] == [
        p for p in problems if CA in str(p)
    ]


def test_over_http_trust_is_taken_from_the_signer_alone(desk: Desk, authority: Authority) -> None:
    """T2: whoever is on the network could have written it."""
    admin, key = authority.issue("admin").write(desk.folder, "admin")
    with FileServer() as server:
        server.files["/ca.pem"] = authority.certificate_pem
        text = f"{CA}: {server.url('/ca.pem')}\nconfiguration signer: admin.pem\n"
        desk.fetch(text)
        words = f"{CA}: {server.url('/ca.pem')}: not taken: it came over HTTP, unsigned"
        assert list(desk.faults) == [words]
        assert desk.copy(CA) is None
        server.files["/ca.pem"] = sign(authority.certificate_pem, admin, key)
        desk.fetch(text)
        assert desk.faults == ()
        assert desk.copy(CA) == authority.certificate_pem


def test_a_server_that_is_not_checked_is_no_source_of_trust(server: FileServer, desk: Desk) -> None:
    desk.fetch(f"{CA}: {server.url('/ca.pem')}\nhttps validate hostname: 0\n")
    assert [fault.partition("not taken: ")[2] for fault in desk.faults] == [
        "its server is not checked, unsigned"
    ]
    assert desk.copy(CA) is None


def test_a_list_of_revoked_certificates_may_come_from_the_server_that_it_covers(
    server: FileServer, desk: Desk, authority: Authority
) -> None:
    name = "sips certificate revocation list"
    server.files["/crl.pem"] = authority.revoke(authority.issue("somebody"))
    desk.fetch(f"{name}: {server.url('/crl.pem')}\n")
    assert desk.faults == ()
    assert desk.copy(name) == server.files["/crl.pem"]


def test_contacts_come_by_any_way_and_only_what_is_new_is_taken_in(desk: Desk) -> None:
    with FileServer() as server:
        server.files["/staff.csv"] = b"name,work\nAda,301\n"
        text = f"{DIRECTORY}: {server.url('/staff.csv')}\n"
        desk.fetch(text)
        server.files["/staff.csv"] = b"name,work\nAda,301\nBea,302\nnobody\n"
        desk.fetch(text)
        server.files["/staff.csv"] = b"<html></html>"
        desk.fetch(text)
        assert desk.told == [ContactsImported((ADA,)), ContactsImported((BEA,))]
        assert desk.faults == (
            f"{DIRECTORY}: {server.url('/staff.csv')}: "
            'line 1: "<html></html>" has no number; the one before holds',
        )
    assert desk.kept == 0, "no connection depends on it"


def test_a_url_that_nobody_can_ask_is_named_without_its_password(desk: Desk) -> None:
    desk.fetch(f"{CA}: ftp://me:secret@files.test/ca.pem\n")
    (fault,) = desk.faults
    assert fault == f"{CA}: ftp://****@files.test/ca.pem: FTP is not spoken by this phone"


class Slow(Fetcher):
    """Gives what it is told to, and only when it is let."""

    def __init__(self, data: bytes) -> None:
        self.data, self.asked = data, list[tuple[Server, str]]()

    async def get(self, server: Server, name: str, etag: str, configuration: Configuration) -> Got:
        self.asked.append((server, name))
        await asyncio.sleep(0.02)
        return Got(self.data)


def test_by_tftp_and_with_a_query_the_right_file_is_asked_for(
    tmp_path: Path, authority: Authority
) -> None:
    slow = Slow(b"name,work\nAda,301\n")
    desk = Desk(tmp_path, authority, slow)
    desk.fetch(f"{DIRECTORY}: tftp://files.test/phones/staff.csv\n")
    tftp = Server("tftp", "files.test", 69, "/phones", "it came over TFTP")
    assert set(map(str, slow.asked)) == {str((tftp, "staff.csv"))}
    slow.asked.clear()
    desk.fetch(f"{DIRECTORY}: https://files.test:444/staff?all=1\n")
    https = Server("https", "files.test", 444)
    assert set(map(str, slow.asked)) == {str((https, "staff?all=1"))}


def test_what_nobody_wants_any_more_is_not_kept(tmp_path: Path, authority: Authority) -> None:
    desk = Desk(tmp_path, authority, Slow(authority.certificate_pem))
    nothing = desk.configured("")
    desk.fetch(f"{CA}: https://files.test/ca.pem\n", lambda files: files.renew(nothing))
    assert not copy_path(desk.state, CA).exists()
    assert desk.kept == 0


def test_a_disk_that_keeps_nothing_is_said(
    server: FileServer, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("firmware.runtime.linked_files.save_copy", full)
    desk.fetch(f"{CA}: {server.url('/ca.pem')}\n")
    assert [fault.partition("/ca.pem: ")[2] for fault in desk.faults] == [
        "cannot be kept: No space left on device"
    ]
