"""The certificate matrix: each row is a real handshake, and the sentence that it puts on the screen.

"" stands for a proxy that is let in. Every row is played in TLS 1.2 and in TLS 1.3. What differs
from a good proxy is made at run time and named in the row; the rest is good (I1-I5, L1, L2).
"""

from __future__ import annotations

import ssl
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509

from config.validity import in_short
from firmware.link.events import Failure, FailureKind, Lost, Received
from firmware.runtime.failures import ERRNO_WORDS
from firmware.runtime.tls import TlsFiles
from firmware.runtime.tls_words import ALERT_WORDS, CHAIN_WORDS, KEY_REASONS, REFUSED, REFUSED_LATE
from tests.lab import authority as lab_authority
from tests.lab.authority import Authority, Identity, KeyKind, Usage
from tests.unit.phone.rig import assert_readable
from tests.unit.runtime.wire import (
    HOST,
    NAME,
    Ear,
    Server,
    listening_ear,
    run,
    server_context,
    until,
)

LONG_NAME = "sip-proxy-01.voice.branch.example.com"
OTHER = "other.example"
OURS = x509.DNSName("example.com")
THEIRS = x509.DNSName("example.org")


@dataclass(frozen=True)
class Case:
    """A proxy, and what the phone knows of it."""

    shown: Identity  # The certificate, its key, and the chain in the order that it is sent in.
    crl: bytes = b""
    name: str = NAME
    wildcard: bool = False
    oldest: ssl.TLSVersion = ssl.TLSVersion.TLSv1_2
    newest: ssl.TLSVersion | None = None
    ciphers: str = ""
    clients: Authority | None = None  # The proxy demands a certificate of this authority,
    own: Identity | None = None  # and this is the phone's.


@dataclass
class Lab:
    """Authorities; the phone trusts all but the stranger."""

    root: Authority = field(default_factory=Authority)
    rsa_root: Authority = field(default_factory=lambda: Authority("RSA root", None, KeyKind.RSA))
    weak_root: Authority = field(
        default_factory=lambda: Authority("Weak root", None, KeyKind.WEAK_RSA)
    )
    old_root: Authority = field(default_factory=lambda: Authority("Old root", ends_days=-3.5))
    stranger: Authority = field(default_factory=lambda: Authority("Somebody else"))

    @property
    def trusted(self) -> bytes:
        known = (self.root, self.rsa_root, self.weak_root, self.old_root)
        return b"".join(authority.certificate_pem for authority in known)

    def not_an_authority(self) -> Identity:
        """A leaf that was signed by another leaf."""
        middle = self.root.issue("another.example")
        forged = Authority.pretend(middle).issue(NAME)
        return replace(forged, chain=(middle.certificate,))

    def deep(self) -> Identity:
        """Below an authority that may have no further authority below it."""
        return self.root.intermediate(path_length=0).intermediate("Too deep").issue(NAME)

    def own_signature(self) -> Identity:
        made = Authority(NAME)
        return Identity(made.certificate, made._key)

    def reversed_chain(self) -> Identity:
        leaf = self.root.intermediate().intermediate("Lower").issue(NAME)
        return replace(leaf, chain=leaf.chain[::-1])

    def with_its_root(self, authority: Authority) -> Identity:
        return replace(authority.issue(NAME), chain=(authority.certificate,))

    def under(self, constraints: x509.NameConstraints) -> Identity:
        return self.root.intermediate(constraints=constraints).issue(NAME)

    def revoked(self, starts_days: float = -60, ends_days: float = 30) -> Case:
        leaf = self.root.issue(NAME)
        crl = self.root.revoke(leaf, starts_days=starts_days, ends_days=ends_days)
        return Case(leaf, crl=crl)

    def revoked_below(self) -> Case:
        middle = self.root.intermediate()
        leaf = middle.issue(NAME)
        return Case(leaf, crl=self.root.revoke() + middle.revoke(leaf))

    def revoked_middle(self) -> Case:
        middle = self.root.intermediate()
        shown = middle.issue(NAME)
        return Case(shown, crl=self.root.revoke(Identity(middle.certificate, shown.key)))

    def address_as_a_name(self) -> Case:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(lab_authority, "_general_name", x509.DNSName)
            return Case(self.root.issue(HOST), name=HOST)

    def demanding(self, own: Identity | None = None, **changes: ssl.TLSVersion) -> Case:
        return replace(Case(self.root.issue(NAME), clients=self.root, own=own), **changes)  # type: ignore[arg-type]

    def phone(self, authority: Authority, ends_days: float = 365) -> Identity:
        return authority.issue("phone.example", usage=Usage.CLIENT, ends_days=ends_days)


PROXY = f"certificate of {NAME}"
V2, V3 = ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3
NO_1_2 = "the proxy speaks neither TLS 1.2 nor 1.3"
NOTHING_IN_COMMON = "the proxy and this phone have no TLS settings in common"

ROWS: dict[str, tuple[Callable[[Lab], Case], str]] = {
    # The name (I1).
    "SAN DNS": (lambda a: Case(a.root.issue(NAME)), ""),
    "one of several SAN DNS": (lambda a: Case(a.root.issue(OTHER, NAME)), ""),
    "wrong name": (lambda a: Case(a.root.issue(OTHER)), f"{PROXY} is for {OTHER}"),
    "two wrong names": (lambda a: Case(a.root.issue("a.example", OTHER)), f"{PROXY} is for a.example, more"),
    "CN only": (lambda a: Case(a.root.issue(common_name=NAME)), f"{PROXY} names no host (no SAN)"),
    "SAN URI": (lambda a: Case(a.root.issue(uris=(f"sip:{NAME}",))), ""),
    "SAN URI of another beside the right DNS": (
        lambda a: Case(a.root.issue(NAME, uris=(f"sip:{OTHER}",))), f"{PROXY} is for sip:{OTHER}"),
    "SAN URI that is no SIP beside the right DNS": (lambda a: Case(a.root.issue(NAME, uris=("https://example.org",))), ""),
    "SAN URI of a person": (
        lambda a: Case(a.root.issue(NAME, uris=("sip:bob@example.org",))), f"{PROXY} is for sip:bob@example.org"),
    "wildcard, off": (lambda a: Case(a.root.issue("*.example.com")), f"{PROXY} has only a wildcard name"),
    "wildcard, on": (lambda a: Case(a.root.issue("*.example.com"), wildcard=True), ""),
    "wildcard of another domain, on": (lambda a: Case(a.root.issue("*.example.org"), wildcard=True), f"{PROXY} is for *.example.org"),
    "IP literal as IP": (lambda a: Case(a.root.issue(HOST), name=HOST), ""),
    "IP literal as DNS": (lambda a: a.address_as_a_name(), f"certificate of {HOST} lists it as a name only"),
    "IP literal, a name in the SAN": (lambda a: Case(a.root.issue(NAME), name=HOST), f"certificate of {HOST} is for {NAME}"),
    "a long wrong name for a long name": (
        lambda a: Case(a.root.issue("www." + LONG_NAME), name=LONG_NAME),
        "certificate of sip-proxy-…ample.com is for www.sip-pr…ample.com"),
    # The days (I2).
    "expired": (lambda a: Case(a.root.issue(NAME, starts_days=-60, ends_days=-3.5)), f"{PROXY} expired 3 days ago"),
    "expired long ago": (
        lambda a: Case(a.root.issue(NAME, starts_days=-2000, ends_days=-1500.5)),
        f"is it {datetime.now(UTC):%Y}? {PROXY} expired 4 years ago"),
    "not yet valid": (lambda a: Case(a.root.issue(NAME, starts_days=5.5)), f"{PROXY} begins in 5 days"),
    "expired intermediate": (
        lambda a: Case(a.root.intermediate(ends_days=-3.5).issue(NAME)),
        "certificate of authority Lab intermediate expired 3 days ago"),
    "expired root": (lambda a: Case(a.old_root.issue(NAME)), "certificate of authority Old root expired 3 days ago"),
    # The chain.
    "unknown CA": (lambda a: Case(a.stranger.issue(NAME)), f"{PROXY} is from an unknown authority"),
    "unknown CA that comes along": (lambda a: Case(a.with_its_root(a.stranger)), f"{PROXY} is from an unknown authority"),
    "a CA with only the name of ours": (lambda a: Case(Authority().issue(NAME)), f"{PROXY} is from an unknown authority"),
    "self-signed": (lambda a: Case(a.own_signature()), f"{PROXY} is self-signed, not trusted"),
    "chain": (lambda a: Case(a.root.intermediate().issue(NAME)), ""),
    "chain with its root": (lambda a: Case(a.with_its_root(a.root)), ""),
    "chain missing": (
        lambda a: Case(replace(a.root.intermediate().issue(NAME), chain=())), f"{PROXY} is from an unknown authority"),
    "chain reversed": (lambda a: Case(a.reversed_chain()), ""),
    "non-CA issuer": (lambda a: Case(a.not_an_authority()), f"{PROXY} is signed by a non-authority"),
    "path length": (lambda a: Case(a.deep()), f"{PROXY} has too long a chain"),
    "name constraint, permitted": (lambda a: Case(a.under(x509.NameConstraints([OURS], None))), ""),
    "name constraint, another permitted": (
        lambda a: Case(a.under(x509.NameConstraints([THEIRS], None))), f"{PROXY} bears a forbidden name"),
    "name constraint, excluded": (
        lambda a: Case(a.under(x509.NameConstraints(None, [OURS]))), f"{PROXY} bears a forbidden name"),
    "name constraint, another excluded": (lambda a: Case(a.under(x509.NameConstraints(None, [THEIRS]))), ""),
    # Strength and purpose (I2).
    "RSA 2048": (lambda a: Case(a.root.issue(NAME, key_kind=KeyKind.RSA)), ""),
    "weak key": (lambda a: Case(a.root.issue(NAME, key_kind=KeyKind.WEAK_RSA)), f"{PROXY} has a weak key"),
    "weak intermediate": (
        lambda a: Case(a.root.intermediate(key_kind=KeyKind.WEAK_RSA).issue(NAME)), f"{PROXY} has a weak authority key"),
    "weak root": (lambda a: Case(a.weak_root.issue(NAME)), f"{PROXY} has a weak authority key"),
    "SHA-1": (lambda a: Case(a.rsa_root.issue(NAME, broken="sha1")), f"{PROXY} has a weak signature"),
    "MD5": (lambda a: Case(a.rsa_root.issue(NAME, broken="md5")), f"{PROXY} has a weak signature"),
    "no serverAuth": (lambda a: Case(a.root.issue(NAME, usage=Usage.CLIENT)), f"{PROXY} is not for servers"),
    "serverAuth and clientAuth": (lambda a: Case(a.root.issue(NAME, usage=Usage.BOTH)), ""),
    "no EKU": (lambda a: Case(a.root.issue(NAME, usage=Usage.NONE)), ""),
    # Revocation (I2).
    "revoked": (lambda a: a.revoked(), f"{PROXY} is revoked"),
    "revoked in an expired CRL": (lambda a: a.revoked(ends_days=-5), f"{PROXY} is revoked"),
    "revoked in a CRL not yet valid": (lambda a: a.revoked(starts_days=5), f"{PROXY} is revoked"),
    "revoked in the CRL of its intermediate": (lambda a: a.revoked_below(), f"{PROXY} is revoked"),
    "revoked intermediate": (lambda a: a.revoked_middle(), "certificate of authority Lab intermediate is revoked"),
    "another one revoked": (lambda a: Case(a.root.issue(NAME), crl=a.revoked().crl), ""),
    "another one revoked, expired CRL": (lambda a: Case(a.root.issue(NAME), crl=a.revoked(ends_days=-5).crl), ""),
    "CRL of a stranger": (lambda a: Case(leaf := a.root.issue(NAME), crl=a.stranger.revoke(leaf)), ""),
    "CRL with only the name of ours": (lambda a: Case(leaf := a.root.issue(NAME), crl=Authority().revoke(leaf)), ""),
    # Versions and ciphers (L1).
    "TLS 1.0": (lambda a: Case(a.root.issue(NAME), oldest=ssl.TLSVersion.TLSv1, newest=ssl.TLSVersion.TLSv1), NO_1_2),
    "TLS 1.1": (lambda a: Case(a.root.issue(NAME), oldest=ssl.TLSVersion.TLSv1, newest=ssl.TLSVersion.TLSv1_1), NO_1_2),
    "no common cipher": (
        lambda a: Case(a.root.issue(NAME, key_kind=KeyKind.RSA), newest=V2, ciphers="AES128-SHA"), NOTHING_IN_COMMON),
    # Mutual TLS (L2).
    "client certificate": (lambda a: a.demanding(a.phone(a.root)), ""),
    "client certificate missing": (lambda a: a.demanding(newest=V3, oldest=V3), "the proxy wants a certificate from this phone"),
    "client certificate missing, 1.2": (lambda a: a.demanding(newest=V2), REFUSED_LATE),
    "client certificate of a stranger": (
        lambda a: a.demanding(a.phone(a.stranger)), "the proxy does not know who signed this phone's certificate"),
    "client certificate expired": (
        lambda a: a.demanding(a.phone(a.root, ends_days=-0.5)), "this phone's certificate has expired, the proxy says"),
}  # fmt: skip


@pytest.fixture(scope="module")
def lab() -> Lab:
    return Lab()


def files_of(case: Case, lab: Lab, directory: Path) -> TlsFiles:
    """Write what the phone has."""
    trusted, crl, folder = directory / "trusted.pem", directory / "crl.pem", directory / "phone"
    folder.mkdir()
    trusted.write_bytes(lab.trusted)
    files = TlsFiles(trusted, allow_wildcard=case.wildcard)
    if case.crl:
        crl.write_bytes(case.crl)
        files = replace(files, crl=crl)
    if case.own:
        certificate, key = case.own.write(folder, "phone")
        files = replace(files, certificate=certificate, key=key)
    return files


async def call(ear: Ear, server: Server, name: str) -> Failure | None:
    """Dial; return why it came to nothing, None once the proxy's first bytes have come."""
    attempt = ear.dial(server.address, name)
    await until(lambda: bool({Lost, Received} & set(ear.kinds())))
    lost = [e.failure for e in ear.heard if isinstance(e, Lost) and e.attempt == attempt]
    return lost[0] if lost else None


@pytest.mark.parametrize("newest", [V2, V3], ids=["1.2", "1.3"])
@pytest.mark.parametrize("row", ROWS)
def test_a_proxy_is_let_in_or_refused_with_this_sentence_on_the_screen(
    row: str, newest: ssl.TLSVersion, lab: Lab, tmp_path: Path
) -> None:
    make, sentence = ROWS[row]
    case, met = make(lab), list[Failure | None]()
    context = server_context(
        case.shown,
        tmp_path,
        oldest=case.oldest,
        newest=case.newest or max(newest, case.oldest),
        ciphers=case.ciphers,
        clients=case.clients,
    )

    async def scene() -> None:
        server = Server(context)
        files = files_of(case, lab, tmp_path)
        async with server.listening(), listening_ear(files) as ear:
            met.append(await call(ear, server, case.name))

    run(scene())
    (failure,) = met
    assert (failure.text if failure else "") == sentence
    if failure:
        about_the_proxy = sentence.startswith(("certificate ", "is it "))
        assert failure.kind is (FailureKind.CERTIFICATE if about_the_proxy else FailureKind.TLS)
        assert_readable(failure)


def test_a_session_of_a_certificate_revoked_since_is_not_resumed(lab: Lab, tmp_path: Path) -> None:
    """I5."""
    leaf = lab.root.issue(NAME)
    files = files_of(Case(leaf, crl=lab.root.revoke()), lab, tmp_path)
    assert files.crl is not None
    crl = files.crl

    async def scene() -> None:
        server = Server(server_context(leaf, tmp_path))
        async with server.listening(), listening_ear(files) as ear:
            assert await call(ear, server, NAME) is None
            assert await call(ear, server, NAME) is None
            assert server.visits[-1].resumed
            crl.write_bytes(lab.root.revoke(leaf))
            failure = await call(ear, server, NAME)
            assert failure == Failure(FailureKind.CERTIFICATE, f"{PROXY} is revoked")
            assert not server.visits[-1].resumed
            assert_readable(failure)

    run(scene())


def test_a_session_whose_authority_expired_since_is_not_resumed(
    lab: Lab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """I5: the whole chain is checked again, and the leaf alone would be good for a year."""
    leaf = lab.root.intermediate(ends_days=10).issue(NAME)
    files = files_of(Case(leaf), lab, tmp_path)
    later = (datetime.now(UTC) + timedelta(days=12, hours=1)).timestamp()

    async def scene() -> None:
        server = Server(server_context(leaf, tmp_path))
        async with server.listening(), listening_ear(files) as ear:
            for _ in range(2):  # The second session comes of a resumed one.
                assert await call(ear, server, NAME) is None
            assert server.visits[-1].resumed
            monkeypatch.setattr("time.time", lambda: later)
            failure = await call(ear, server, NAME)
            words = "certificate of authority Lab intermediate expired 2 days ago"
            assert failure == Failure(FailureKind.CERTIFICATE, words)
            assert not server.visits[-1].resumed

    run(scene())


def test_every_sentence_of_a_handshake_fits_the_screen() -> None:
    """Those that no row above brings about as well, and with the longest name that is shown."""
    words = [*CHAIN_WORDS.values(), REFUSED]
    names = (NAME, in_short(LONG_NAME), in_short("2001:db8:aaaa:bbbb::1234:5678"))
    about = [f"certificate of {name} {text}" for name in names for text in words]
    for text in (*about, *ALERT_WORDS.values(), *KEY_REASONS.values(), REFUSED_LATE):
        assert_readable(Failure(FailureKind.CERTIFICATE, text))
    for kind, text in ERRNO_WORDS.values():
        assert_readable(Failure(kind, text.format(address="203.0.113.255:65535")))


def test_a_certificate_is_said_in_words_whatever_openssl_says_of_it() -> None:
    """No code that a proxy can bring about is left to the word for all others."""
    of_other_settings = {
        3, 5, 8, 11, 12, 15, 16, 17, 23, 33, 35, 36, 38, 40, 44, 50, 54, 55,  # CRLs, proxies, paths.
        *range(56, 66), 69, 70, 71, 72, 73, 74, 75, *range(83, 92), 93,  # Suite B, names, strict.
    }  # fmt: skip
    assert set(range(2, 95)) - of_other_settings == set(CHAIN_WORDS)
