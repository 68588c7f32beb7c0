"""Real TLS handshakes: who is let in, who is refused and why, and that nobody else hears a byte.

A refused proxy gets no byte of application data, and nothing is written before `Connected` (L1).
"""

from __future__ import annotations

import asyncio
import ssl
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from firmware.link.events import (
    Connected,
    Failure,
    FailureKind,
    Lost,
    Received,
    TcpConnected,
    Write,
)
from firmware.runtime.tls import TlsFiles
from tests.lab.authority import Authority, Identity, KeyKind, Usage
from tests.unit.runtime.openssl import openssl_server
from tests.unit.runtime.wire import HOST, NAME, Server, listening_ear, run, server_context

DAY_S = 86400


@dataclass
class Trust:
    """An authority, the file that says so, and a folder for more."""

    authority: Authority
    rsa_authority: Authority
    directory: Path
    files: TlsFiles

    def context(self, identity: Identity) -> ssl.SSLContext:
        return server_context(identity, self.directory)


@pytest.fixture(scope="module")
def authorities() -> tuple[Authority, Authority]:
    return Authority(), Authority("Lab RSA root", key_kind=KeyKind.RSA)


@pytest.fixture
def trust(tmp_path: Path, authorities: tuple[Authority, Authority]) -> Trust:
    authority, rsa_authority = authorities
    file = tmp_path / "trusted.pem"
    file.write_bytes(authority.certificate_pem + rsa_authority.certificate_pem)
    return Trust(authority, rsa_authority, tmp_path, TlsFiles(file))


def visit(trust: Trust, context: ssl.SSLContext, name: str = NAME) -> tuple[Connected, Server]:
    """Let the phone connect to a proxy; return what either side saw."""
    server, met = Server(context), list[Connected]()

    async def scene() -> None:
        async with server.listening(), listening_ear(trust.files) as ear:
            met.append(await ear.reach(server.address, name))
            ear.transport.do(Write(ear.attempt, b"secret"))
            async with asyncio.timeout(5):
                while server.visits[0].received != b"secret":
                    await asyncio.sleep(0.01)
            assert ear.kinds() == [TcpConnected, Connected, Received]

    run(scene())
    return met[0], server


def refusal(trust: Trust, context: ssl.SSLContext, name: str = NAME) -> Failure:
    """Let the phone refuse a proxy, and see that the proxy heard nothing from it; return why."""
    server, why = Server(context), list[Failure]()

    async def scene() -> None:
        async with server.listening(), listening_ear(trust.files) as ear:
            why.append(await ear.fail(server.address, name))
            ear.transport.do(Write(ear.attempt, b"secret"))  # Nobody is there any more.
            await server.visits[0].ended.wait()
            assert server.visits[0].received == b""
            assert ear.kinds() == [TcpConnected, Lost]

    run(scene())
    return why[0]


@pytest.mark.parametrize(
    "issue",
    [
        lambda a: a.issue(NAME),
        lambda a: a.issue(NAME, key_kind=KeyKind.RSA),
        lambda a: a.issue(uris=(f"sip:{NAME}",)),
        lambda a: a.issue(NAME, usage=Usage.NONE),
        lambda a: a.issue(NAME, usage=Usage.BOTH),
        lambda a: a.intermediate().issue(NAME),
    ],
    ids=["dns", "rsa", "uri", "no usage", "both usages", "intermediate"],
)
def test_a_good_proxy_is_let_in(trust: Trust, issue: Callable[[Authority], Identity]) -> None:
    connected, server = visit(trust, trust.context(issue(trust.authority)))
    assert connected.facts.version == "TLSv1.3"
    assert connected.facts.certificate_ends > time.time()
    assert connected.facts.local.host == HOST
    assert not connected.facts.resumed
    assert server.visits[0].server_name == NAME


@pytest.mark.parametrize(
    ("issue", "words"),
    [
        (lambda a: a.issue("other.example"), f"certificate of {NAME} is for other.example"),
        (lambda a: a.issue(common_name=NAME), f"certificate of {NAME} names no host"),
        (
            lambda a: a.issue(NAME, uris=("sip:other.example",)),
            f"certificate of {NAME} is for sip:other.example",
        ),
        (
            lambda a: a.issue("*.example.com"),
            f"certificate of {NAME} has only a wildcard name",
        ),
        (
            lambda a: a.issue(NAME, starts_days=-60, ends_days=-3.5),
            f"certificate of {NAME} expired 3 days ago",
        ),
        (
            lambda a: a.issue(NAME, starts_days=5.5),
            f"certificate of {NAME} begins in 5 days",
        ),
        (lambda a: a.issue(NAME, usage=Usage.CLIENT), f"certificate of {NAME} is not for servers"),
        (
            lambda a: a.issue(NAME, key_kind=KeyKind.WEAK_RSA),
            f"certificate of {NAME} has a weak key",
        ),
    ],
    ids=["name", "cn", "uri", "wildcard", "expired", "not yet", "usage", "weak"],
)
@pytest.mark.parametrize("newest", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_a_bad_certificate_is_refused_in_words(
    trust: Trust, issue: Callable[[Authority], Identity], words: str, newest: ssl.TLSVersion
) -> None:
    context = server_context(issue(trust.authority), trust.directory, newest=newest)
    failure = refusal(trust, context)
    assert failure.kind is FailureKind.CERTIFICATE
    assert failure.text.startswith(words)


def test_a_signature_with_sha1_is_refused(trust: Trust) -> None:
    failure = refusal(trust, trust.context(trust.rsa_authority.issue(NAME, broken="sha1")))
    assert failure.kind is FailureKind.CERTIFICATE
    assert failure.text in {
        f"certificate of {NAME} has a SHA1 signature",
        f"certificate of {NAME} has a weak signature",
    }


def test_an_unknown_authority_is_refused(trust: Trust) -> None:
    stranger = Authority("Somebody else")
    assert refusal(trust, trust.context(stranger.issue(NAME))) == Failure(
        FailureKind.CERTIFICATE, f"certificate of {NAME} is from an unknown authority"
    )
    chained = replace(stranger.issue(NAME), chain=(stranger.certificate,))
    assert refusal(trust, trust.context(chained)) == Failure(
        FailureKind.CERTIFICATE,
        f"certificate of {NAME} is from an unknown authority",
    )


def test_an_authority_that_only_bears_a_trusted_name_is_refused(trust: Trust) -> None:
    failure = refusal(trust, trust.context(Authority().issue(NAME)))
    assert failure.kind is FailureKind.CERTIFICATE
    assert failure.text == f"certificate of {NAME} is from an unknown authority"


def test_a_self_signed_certificate_is_refused(trust: Trust) -> None:
    own = Authority(NAME)
    context = trust.context(Identity(own.certificate, own._key))
    assert refusal(trust, context) == Failure(
        FailureKind.CERTIFICATE,
        f"certificate of {NAME} is self-signed, not trusted",
    )


def test_a_missing_intermediate_is_refused(trust: Trust) -> None:
    identity = replace(trust.authority.intermediate().issue(NAME), chain=())
    assert refusal(trust, trust.context(identity)) == Failure(
        FailureKind.CERTIFICATE, f"certificate of {NAME} is from an unknown authority"
    )


def test_an_intermediate_may_be_the_authority_that_is_trusted(trust: Trust) -> None:
    """L2: trusted are the authorities that sign proxies; their own superiors need not be known."""
    middle = trust.authority.intermediate()
    assert trust.files.trusted is not None
    trust.files.trusted.write_bytes(middle.certificate_pem)
    visit(trust, trust.context(replace(middle.issue(NAME), chain=())))
    visit(trust, trust.context(middle.issue(NAME)))
    sibling = trust.authority.issue(NAME)
    assert refusal(trust, trust.context(sibling)).kind is FailureKind.CERTIFICATE


def test_a_certificate_that_signs_without_being_an_authority_is_refused(trust: Trust) -> None:
    middle = trust.authority.issue("another.example")
    forged = replace(Authority.pretend(middle).issue(NAME), chain=(middle.certificate,))
    failure = refusal(trust, trust.context(forged))
    assert failure.kind is FailureKind.CERTIFICATE
    assert failure.text == f"certificate of {NAME} is signed by a non-authority"


def test_an_address_is_dialled_by_its_literal_and_named_to_nobody(trust: Trust) -> None:
    connected, server = visit(trust, trust.context(trust.authority.issue(HOST)), name=HOST)
    assert server.visits[0].server_name is None
    assert connected.facts.version == "TLSv1.3"
    failure = refusal(trust, trust.context(trust.authority.issue(NAME)), name=HOST)
    assert failure.text == f"certificate of {HOST} is for {NAME}"


def test_a_wildcard_is_accepted_where_the_administrator_allows_it(trust: Trust) -> None:
    trust.files = replace(trust.files, allow_wildcard=True)
    visit(trust, trust.context(trust.authority.issue("*.example.com")))


def test_a_listed_certificate_is_refused_even_by_an_expired_list(trust: Trust) -> None:
    bad, good = trust.authority.issue(NAME), trust.authority.issue(NAME)
    crl = trust.directory / "revoked.pem"
    crl.write_bytes(trust.authority.revoke(bad, ends_days=-5) + trust.rsa_authority.revoke())
    trust.files = replace(trust.files, crl=crl)
    assert refusal(trust, trust.context(bad)) == Failure(
        FailureKind.CERTIFICATE, f"certificate of {NAME} is revoked"
    )
    visit(trust, trust.context(good))
    pem = trust.authority.revoke(bad)
    crl.write_bytes(x509.load_pem_x509_crl(pem).public_bytes(Encoding.DER))
    assert refusal(trust, trust.context(bad)).text == f"certificate of {NAME} is revoked"


# Versions and ciphers.


def test_tls_1_2_is_accepted(trust: Trust) -> None:
    identity = trust.authority.issue(NAME)
    context = server_context(identity, trust.directory, newest=ssl.TLSVersion.TLSv1_2)
    connected, _ = visit(trust, context)
    assert connected.facts.version == "TLSv1.2"
    assert "ECDHE" in connected.facts.cipher


def test_a_proxy_that_speaks_tls_1_1_only_is_refused(trust: Trust) -> None:
    context = server_context(
        trust.authority.issue(NAME),
        trust.directory,
        oldest=ssl.TLSVersion.TLSv1,
        newest=ssl.TLSVersion.TLSv1_1,
    )
    assert refusal(trust, context) == Failure(
        FailureKind.TLS, "the proxy speaks neither TLS 1.2 nor 1.3"
    )


def test_a_proxy_without_a_common_cipher_is_refused(trust: Trust) -> None:
    context = server_context(
        trust.authority.issue(NAME, key_kind=KeyKind.RSA),
        trust.directory,
        newest=ssl.TLSVersion.TLSv1_2,
        ciphers="AES128-SHA",
    )
    assert refusal(trust, context) == Failure(
        FailureKind.TLS, "the proxy and this phone have no TLS settings in common"
    )


def test_a_proxy_without_a_common_cipher_of_tls_1_3_is_refused(trust: Trust) -> None:
    trust.authority.issue(NAME).write(trust.directory, "proxy")
    options = ("-tls1_3", "-ciphersuites", "TLS_AES_128_CCM_8_SHA256")

    async def scene() -> None:
        server = openssl_server(trust.directory, *options)
        async with server as (_, address), listening_ear(trust.files) as ear:
            assert await ear.fail(address) == Failure(
                FailureKind.TLS, "the proxy and this phone have no TLS settings in common"
            )

    run(scene())


# Mutual TLS.


def own_files(trust: Trust, identity: Identity, password: str = "") -> TlsFiles:
    directory = trust.directory / "phone"
    directory.mkdir()
    certificate, key = identity.write(directory, "phone", password)
    return replace(trust.files, certificate=certificate, key=key, key_password=password or None)


@pytest.mark.parametrize("newest", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
@pytest.mark.parametrize("password", ["", "open sesame"])
def test_the_phone_shows_its_own_certificate(
    trust: Trust, newest: ssl.TLSVersion, password: str
) -> None:
    own = trust.authority.issue("phone.example", usage=Usage.CLIENT)
    trust.files = own_files(trust, own, password)
    identity = trust.authority.issue(NAME)
    context = server_context(identity, trust.directory, newest=newest, clients=trust.authority)
    _, server = visit(trust, context)
    assert server.visits[0].peer == own.certificate.public_bytes(Encoding.DER)


def test_the_phone_shows_the_chain_with_its_own_certificate(trust: Trust) -> None:
    """L2: the chain is a file of its own; a proxy that knows only the root needs it."""
    own = Authority("Phones")
    leaf = own.intermediate().issue("phone.example", usage=Usage.CLIENT)
    chain = trust.directory / "chain.pem"
    chain.write_bytes(b"".join(c.public_bytes(Encoding.PEM) for c in leaf.chain))
    trust.files = replace(own_files(trust, replace(leaf, chain=())), chain=chain)
    context = server_context(trust.authority.issue(NAME), trust.directory, clients=own)
    _, server = visit(trust, context)
    assert server.visits[0].peer == leaf.certificate.public_bytes(Encoding.DER)


@pytest.mark.parametrize("newest", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
@pytest.mark.parametrize("stranger", [False, True])
def test_a_proxy_that_wants_another_certificate_says_so_in_words(
    trust: Trust, newest: ssl.TLSVersion, stranger: bool
) -> None:
    if stranger:
        trust.files = own_files(trust, Authority("Odd").issue("phone.example", usage=Usage.CLIENT))
    identity = trust.authority.issue(NAME)
    context = server_context(identity, trust.directory, newest=newest, clients=trust.authority)
    lost = list[Lost]()

    async def scene() -> None:
        server = Server(context)
        async with server.listening(), listening_ear(trust.files) as ear:
            ear.dial(server.address)
            lost.append(await ear.hear(Lost))

    run(scene())
    assert lost[0].failure.kind is FailureKind.TLS
    assert lost[0].failure.text in {
        "the proxy wants a certificate from this phone",
        "the proxy does not know who signed this phone's certificate",
        "the proxy broke off TLS: does it want a certificate of this phone?",
    }


# Files that cannot be used: no connection is opened (L11).


def unusable(trust: Trust) -> Iterator[tuple[TlsFiles, str]]:
    """Yield files that cannot be used, and what the phone says of them."""
    directory = trust.directory
    own, other = trust.authority.issue("phone"), trust.authority.issue("phone")
    certificate, key = own.write(directory, "own")
    _, wrong_key = other.write(directory, "other")
    _, locked = own.write(directory, "locked", "open sesame")
    nothing, garbage = directory / "nothing.pem", directory / "garbage.pem"
    nothing.touch()
    garbage.write_bytes(bytes(range(256)) * 40)
    good = trust.files
    yield TlsFiles(None), "no trusted certificates (sips trusted certificates)"
    for bad in (nothing, garbage):
        said = f"{bad.name} holds no certificates (sips trusted certificates)"
        yield TlsFiles(bad), said
        unreadable = f"{bad.name}: no certificate in PEM form"
        yield replace(good, certificate=bad, key=key), unreadable
        unreadable = f"{bad.name}: no private key in PEM form"
        yield replace(good, certificate=certificate, key=bad), unreadable
    yield TlsFiles(directory / "gone.pem"), "gone.pem: no such file or directory"
    yield TlsFiles(directory), f"{directory.name}: is a directory"
    yield (
        replace(good, certificate=certificate, key=wrong_key),
        "other.key does not belong to own.pem (sips private key)",
    )
    encrypted = replace(good, certificate=certificate, key=locked)
    yield encrypted, "locked.key is encrypted (sips private key password)"
    for wrong in ("open barley", "open sesame" * 200):
        said = "locked.key: wrong password (sips private key password)"
        yield replace(encrypted, key_password=wrong), said
    said = "garbage.pem: no revocation list"
    yield replace(good, crl=garbage), said


def test_files_that_cannot_be_used_are_named_and_nothing_is_dialled(trust: Trust) -> None:
    async def scene() -> None:
        server = Server(trust.context(trust.authority.issue(NAME)))
        async with server.listening():
            for files, words in unusable(trust):
                async with listening_ear(files) as ear:
                    failure = await ear.fail(server.address)
                    assert failure == Failure(FailureKind.CONFIGURATION, words)
                    assert ear.kinds() == [Lost]
            assert server.visits == []

    run(scene())


def test_a_chain_needs_no_room_on_a_disk(trust: Trust, monkeypatch: pytest.MonkeyPatch) -> None:
    """A full disk must not keep the phone from its proxy."""
    monkeypatch.setattr("tempfile.tempdir", "/dev/full")
    own = trust.authority.intermediate().issue("phone.example", usage=Usage.CLIENT)
    chain = trust.directory / "chain.pem"
    chain.write_bytes(own.certificate_pem)
    trust.files = replace(own_files(trust, own), chain=chain)
    identity = trust.authority.issue(NAME)
    visit(trust, server_context(identity, trust.directory, clients=trust.authority))


def test_the_password_of_the_key_is_in_no_text(trust: Trust) -> None:
    assert "sesame" not in repr(replace(trust.files, key_password="open sesame"))
