"""Fetching from a real server in this process: HTTPS and HTTP, and all that a server may do."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest

from config.cms import seal, sign
from config.fetched import FetchedFile
from config.store import Store
from firmware.provision.events import (
    Fetch,
    FetchFailed,
    FileAbsent,
    FileFetched,
    FileRefused,
    FileUnchanged,
    Outcome,
)
from firmware.provision.server import Server, server_of
from firmware.runtime.fetching import Fetcher
from firmware.runtime.http_client import HttpClient, HttpError
from firmware.runtime.resolver import Resolver
from tests.lab.authority import Authority, Usage
from tests.lab.file_server import HOST, FileServer

NAME = "startup.cfg"
GOOD = b"sip vmail: 1\n"


@pytest.fixture(scope="module")
def authority() -> Authority:
    return Authority()


@pytest.fixture
def server(authority: Authority) -> Iterator[FileServer]:
    with FileServer(authority.issue(HOST)) as made:
        made.files["/startup.cfg"] = GOOD
        yield made


class Desk:
    """A folder with a configuration, and a fetcher."""

    def __init__(self, folder: Path, authority: Authority) -> None:
        self.folder = folder
        (folder / "ca.pem").write_bytes(authority.certificate_pem)

    def fetch(self, server: FileServer, settings: str = "", etag: str = "") -> Outcome:
        scheme = server.scheme
        lines = (
            f"download protocol: {scheme}\n{scheme} server: {HOST}\n{scheme} port: {server.port}\n"
        )
        (self.folder / NAME).write_text(f"{lines}https user certificates: ca.pem\n{settings}")
        configuration = Store(self.folder).read()
        where = server_of(configuration)
        assert where is not None
        before = FetchedFile(NAME, GOOD, etag=etag) if etag else None

        async def fetch() -> Outcome:
            fetcher = Fetcher(Resolver(Random(1)), self.folder, "Handset/0.1")
            return await fetcher.fetch(Fetch(5, where, NAME, before), configuration)

        return asyncio.run(fetch())


@pytest.fixture
def desk(tmp_path: Path, authority: Authority) -> Desk:
    return Desk(tmp_path, authority)


def fetched(outcome: Outcome) -> FetchedFile:
    assert isinstance(outcome, FileFetched), outcome
    assert outcome.number == 5
    return outcome.file


def reason(outcome: Outcome) -> str:
    assert isinstance(outcome, FetchFailed), outcome
    assert outcome.number == 5
    return outcome.reason


def test_a_file_comes_with_its_etag_and_is_not_sent_twice(server: FileServer, desk: Desk) -> None:
    file = fetched(desk.fetch(server))
    assert (file.data, file.doubt) == (GOOD, "")
    assert file.source == f"https://{HOST}:{server.port}/startup.cfg"
    assert file.etag
    assert desk.fetch(server, etag=file.etag) == FileUnchanged(5)
    server.files["/startup.cfg"] = b"sip vmail: 2\n"
    assert fetched(desk.fetch(server, etag=file.etag)).data == b"sip vmail: 2\n"
    assert server.statuses("/startup.cfg") == [200, 304, 200]


def test_what_comes_over_http_is_doubted(desk: Desk) -> None:
    with FileServer() as server:
        server.files["/startup.cfg"] = GOOD
        assert fetched(desk.fetch(server)).doubt == "it came over HTTP"


def test_a_file_that_is_not_there(server: FileServer, desk: Desk) -> None:
    del server.files["/startup.cfg"]
    assert desk.fetch(server) == FileAbsent(5)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ("large", "larger than 1048576 bytes"),
        ("/startup.cfg", "redirected more than 5 times"),
        ("http://127.0.0.1/startup.cfg", "redirected from https to http"),
        ("https://[::1/", "redirected to what is no URL"),
        ("https://..%2f..%2fetc/passwd", "redirected to what is no host"),
        ("file:///etc/passwd", "redirected to what is no URL"),
        ("half", "the reply is not whole, or no HTTP"),
        ("endless", "the server does not say how long the file is"),
        (401, "the server wants a password"),
        (403, "the server denies access"),
        (418, "the server answers with status 418"),
        (503, "the server cannot serve now (status 503)"),
    ],
)
def test_a_server_that_is_wrong_is_named(
    server: FileServer, desk: Desk, answer: int | str, words: str
) -> None:
    server.answers["/startup.cfg"] = answer
    assert reason(desk.fetch(server)) == words
    assert server.sent_bytes < 8 * 1024 * 1024


def test_a_redirection_is_followed(server: FileServer, desk: Desk) -> None:
    server.answers["/startup.cfg"] = "/elsewhere/a%20b.cfg?x=1"
    server.files["/elsewhere/a%20b.cfg?x=1"] = b"sip vmail: 3\n"
    assert fetched(desk.fetch(server)).data == b"sip vmail: 3\n"


def test_a_path_with_dots_and_spaces_stays_a_path(server: FileServer, desk: Desk) -> None:
    server.files["/a%20b/../c/startup.cfg"] = GOOD
    assert fetched(desk.fetch(server, "https path: /a b/../c/\n")).data == GOOD


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"sip digit timeout: soon\n", "startup.cfg:1: sip digit timeout"),
        (b"<html>" * 3, "startup.cfg:1: no colon"),
    ],
)
def test_a_wrong_file_is_refused(server: FileServer, desk: Desk, data: bytes, words: str) -> None:
    server.files["/startup.cfg"] = data
    outcome = desk.fetch(server)
    assert isinstance(outcome, FileRefused)
    assert outcome.faults[0].startswith(words)


def test_a_file_of_garbage_is_told_in_a_few_sentences(server: FileServer, desk: Desk) -> None:
    server.files["/startup.cfg"] = b"x\n" * 500
    outcome = desk.fetch(server)
    assert isinstance(outcome, FileRefused)
    assert len(outcome.faults) == 6
    assert outcome.faults[-1] == "startup.cfg: 96 more faults"


# Sealed and signed.


def test_a_sealed_file_is_opened_and_one_for_another_phone_refused(
    authority: Authority, server: FileServer, desk: Desk
) -> None:
    own, _ = authority.issue("phone").write(desk.folder, "phone")
    other, _ = authority.issue("other").write(desk.folder, "other")
    keys = "sips local certificate: phone.pem\nsips private key: phone.key\n"
    server.files["/startup.cfg"] = seal(b"sip line1 password: x\n", own)
    file = fetched(desk.fetch(server, keys))
    assert (file.data, file.doubt) == (b"sip line1 password: x\n", "")
    server.files["/startup.cfg"] = seal(b"sip line1 password: x\n", other)
    words = "startup.cfg: is sealed for another certificate than this phone's, or damaged"
    assert desk.fetch(server, keys) == FileRefused(5, (words,))


def test_a_seal_alone_is_no_trust_and_the_signers_signature_is(
    authority: Authority, desk: Desk
) -> None:
    """T2: anybody may seal for the phone; what the signer signed may come by any way."""
    own, _ = authority.issue("phone").write(desk.folder, "phone")
    admin, key = authority.issue("admin").write(desk.folder, "admin")
    settings = "sips local certificate: phone.pem\nsips private key: phone.key\n"
    settings += "configuration signer: admin.pem\n"
    with FileServer() as server:
        server.files["/startup.cfg"] = seal(GOOD, own)
        assert fetched(desk.fetch(server, settings)).doubt == "it came over HTTP"
        server.files["/startup.cfg"] = seal(sign(GOOD, admin, key), own)
        file = fetched(desk.fetch(server, settings))
        assert (file.data, file.doubt) == (GOOD, "")
        harmed = bytearray(sign(GOOD, admin, key))
        harmed[harmed.index(b"vmail")] ^= 1
        server.files["/startup.cfg"] = bytes(harmed)
        words = "startup.cfg: is not signed by the configured signer, or was changed since"
        assert desk.fetch(server, settings) == FileRefused(5, (words,))


# Certificates (I1, I2).


@pytest.mark.parametrize(
    ("how", "words"),
    [
        ({"names": ("other.test",)}, "certificate of 127.0.0.1 is for other.test"),
        (
            {"names": (HOST,), "starts_days": -60, "ends_days": -3.5},
            "certificate of 127.0.0.1 expired 3 days ago",
        ),
        ({"names": (HOST,), "starts_days": 2.5}, "certificate of 127.0.0.1 begins in 2 days"),
        ({"names": (HOST,), "usage": Usage.CLIENT}, "certificate of 127.0.0.1 is not for servers"),
        ({"names": (), "common_name": HOST}, "certificate of 127.0.0.1 names no host (no SAN)"),
    ],
)
def test_a_server_with_a_bad_certificate_gets_no_request(
    authority: Authority, desk: Desk, how: dict[str, object], words: str
) -> None:
    how = dict(how)
    names = how.pop("names")
    assert isinstance(names, tuple)
    with FileServer(authority.issue(*names, **how)) as server:  # type: ignore[arg-type]
        server.files["/startup.cfg"] = GOOD
        assert reason(desk.fetch(server)).startswith(words)
        assert server.asked == []


def test_a_server_of_another_authority_gets_no_request(desk: Desk) -> None:
    with FileServer(Authority().issue(HOST)) as server:
        words = "certificate of 127.0.0.1 is from an unknown authority"
        assert reason(desk.fetch(server)) == words
        assert server.asked == []


def test_a_revoked_server_gets_no_request(authority: Authority, desk: Desk) -> None:
    identity = authority.issue(HOST)
    (desk.folder / "crl.pem").write_bytes(authority.revoke(identity))
    with FileServer(identity) as server:
        settings = "sips certificate revocation list: crl.pem\n"
        assert reason(desk.fetch(server, settings)) == "certificate of 127.0.0.1 is revoked"
        (desk.folder / "crl.pem").unlink()
        assert reason(desk.fetch(server, settings)) == "crl.pem: no such file or directory"
        assert server.asked == []


def test_a_wrong_trust_file_of_the_link_does_not_lock_the_phone_out(
    server: FileServer, desk: Desk
) -> None:
    """The server that gave the wrong name has the right one tomorrow."""
    settings = "sips trusted certificates: nowhere.pem\nsips local certificate: no.pem\n"
    assert fetched(desk.fetch(server, settings)).data == GOOD


@pytest.mark.parametrize(
    ("switch", "how"),
    [
        ("https validate certificates: 0\n", {}),
        ("https validate expires: 0\n", {"starts_days": -60, "ends_days": -3}),
        ("https validate hostname: 0\n", {"names": ("other.test",)}),
    ],
)
def test_what_is_not_checked_is_fetched_and_doubted(
    authority: Authority, desk: Desk, switch: str, how: dict[str, object]
) -> None:
    """T2: trust that was switched off is none."""
    how = dict(how)
    names = how.pop("names", (HOST,))
    assert isinstance(names, tuple)
    issuer = authority if how or names != (HOST,) else Authority()
    with FileServer(issuer.issue(*names, **how)) as server:  # type: ignore[arg-type]
        server.files["/startup.cfg"] = GOOD
        assert fetched(desk.fetch(server, switch)).doubt == "its server is not checked"
        assert isinstance(desk.fetch(server), FetchFailed)


# Time.


def test_a_server_that_is_slow_for_ever_is_given_up(server: FileServer) -> None:
    server.answers["/startup.cfg"] = "slow"

    async def get() -> str:
        client = client_of(server, total_s=1.0)
        with pytest.raises(HttpError) as caught:
            await client.get(plain.url("/startup.cfg"), 1000)
        return str(caught.value)

    with FileServer() as plain:
        plain.answers["/startup.cfg"] = "slow"
        assert asyncio.run(get()) == "not complete within 1 s"


def client_of(server: FileServer, total_s: float) -> HttpClient:
    from firmware.link.events import Address

    async def here(host: str, port: int) -> tuple[Address, ...]:
        return (Address(host, port),)

    return HttpClient(here, "Handset/0.1", total_s=total_s)


def test_nobody_there_is_said(authority: Authority, desk: Desk) -> None:
    server = FileServer()
    server.stop()
    words = f"connection refused by {HOST}:{server.port}"
    assert reason(desk.fetch(server)) == words


def test_a_server_that_says_nothing_is_given_up() -> None:
    from firmware.link.events import Address

    async def get(port: int) -> str:
        async def here(host: str, _: int) -> tuple[Address, ...]:
            return (Address(host, port),)

        with pytest.raises(HttpError) as caught:
            await HttpClient(here, "x", total_s=0.5).get("http://127.0.0.1/a", 1000)
        return str(caught.value)

    with socket.create_server((HOST, 0)) as listening:
        assert asyncio.run(get(listening.getsockname()[1])) == "not complete within 0.5 s"


@pytest.mark.parametrize(
    "reply",
    [
        b"",
        b"\r\n\r\n",
        b"SSH-2.0-x\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: many\r\n\r\nabc",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nabc",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabc",
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 1\r\n\r\nx",
        b"HTTP/1.1 200 OK\r\n" + b"x: y\r\n" * 5000 + b"\r\n",
        b"HTTP/1.1 999999 OK\r\n\r\n",
        b"\xff" * 3000,
    ],
)
def test_nonsense_in_place_of_a_reply_is_an_error_in_words(reply: bytes) -> None:
    from firmware.link.events import Address

    async def get() -> str:
        async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(reply)
            writer.close()

        listening = await asyncio.start_server(answer, HOST, 0)
        port = listening.sockets[0].getsockname()[1]

        async def here(host: str, _: int) -> tuple[Address, ...]:
            return (Address(host, port),)

        async with listening:
            with pytest.raises(HttpError) as caught:
                await HttpClient(here, "x").get("http://127.0.0.1/a", 1000)
        return str(caught.value)

    assert asyncio.run(get()) in {
        "the reply is not whole, or no HTTP",
        "the server does not say how long the file is",
        "compressed, which nobody asked for",
        "larger than 1000 bytes",
    }


def test_servers_as_people_know_them() -> None:
    assert Server("https", "::1", 443, "/phones/").url("a.cfg") == "https://[::1]/phones/a.cfg"
    assert Server("tftp", "pbx.test", 6969).url("a.cfg") == "tftp://pbx.test:6969/a.cfg"
