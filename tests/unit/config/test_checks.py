"""What the parameters say together, and the certificate files that they name."""

from __future__ import annotations

import datetime
import os
from collections.abc import Iterable
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
)
from cryptography.x509.oid import NameOID

from config.checks import check, check_settings, link_blocker
from config.fetched import FetchedFile, save_copy
from config.store import Severity, Store

NO_TRUST = "persistent TLS needs trusted certificates (sips trusted certificates)"
NO_PROXY = "no proxy is configured (sip proxy ip)"
LINK = "sip proxy ip: pbx\nsips trusted certificates: ca.pem\n"
USER = "sip user name: 200\n"
PASSWORD = "correct horse"
START = datetime.datetime(2024, 1, 1, tzinfo=datetime.UTC)
END = START + datetime.timedelta(days=3650)


def certificate(key: ec.EllipticCurvePrivateKey) -> bytes:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "phone")])
    builder = x509.CertificateBuilder(name, name, key.public_key(), 1, START, END)
    return builder.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM)


def revocations(key: ec.EllipticCurvePrivateKey, encoding: Encoding = Encoding.PEM) -> bytes:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "ca")])
    builder = x509.CertificateRevocationListBuilder(name, START, END)
    return builder.sign(key, hashes.SHA256()).public_bytes(encoding)


def pem(key: ec.EllipticCurvePrivateKey, encryption: KeySerializationEncryption) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption)


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder of good and bad certificate files."""
    folder = tmp_path_factory.mktemp("certificates")
    own, other = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    encrypted = BestAvailableEncryption(PASSWORD.encode())
    traditional = own.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, encrypted)
    files = {
        "ca.pem": certificate(other) + certificate(own),
        "phone.pem": certificate(own),
        "phone.key": pem(own, NoEncryption()),
        "other.key": pem(other, NoEncryption()),
        "locked.key": pem(own, encrypted),
        "old.key": traditional,
        "revoked.pem": revocations(other) * 2,
        "revoked.der": revocations(other, Encoding.DER),
        "text.pem": b"This is no certificate.\n",
        "torn.pem": certificate(own)[:200] + b"\n-----END CERTIFICATE-----\n",
        "torn.key": pem(own, NoEncryption())[:80] + b"\n-----END PRIVATE KEY-----\n",
        "torn.crl": b"-----BEGIN X509 CRL-----\nAAAA\n-----END X509 CRL-----\n",
        "der.pem": x509.load_pem_x509_certificate(certificate(own)).public_bytes(Encoding.DER),
        "large.pem": b"#" * (4 * 1024 * 1024 + 1),
        "empty.pem": b"",
    }
    for name, data in files.items():
        (folder / name).write_bytes(data)
    (folder / "folder.pem").mkdir()
    os.mkfifo(folder / "pipe.pem")
    return folder


def errors(directory: Path, text: str) -> list[str]:
    (directory / "startup.cfg").write_text(text)
    configuration = Store(directory).read()
    assert configuration.problems == ()
    found = check(configuration, directory)
    return [str(problem) for problem in found if problem.severity is Severity.ERROR]


def test_a_good_configuration_has_no_problems(directory: Path) -> None:
    text = (
        f"{LINK}{USER}sips root and intermediate certificates: ca.pem\n"
        f"sips local certificate: {directory}/phone.pem\nsips private key: phone.key\n"
        "sips certificate revocation list: revoked.pem\n"
    )
    assert errors(directory, text) == []
    assert errors(directory, text.replace("revoked.pem", "revoked.der")) == []
    assert errors(directory, f"{text}sips persistent tls: 0\n") == []


def test_persistent_tls_needs_trusted_certificates(directory: Path) -> None:
    assert errors(directory, f"sip proxy ip: pbx\n{USER}") == [NO_TRUST]


def test_plain_tls_mode_needs_all_four_files(directory: Path) -> None:
    text = f"{LINK}{USER}sips persistent tls: 0\nsips local certificate: phone.pem\n"
    missing = "sips root and intermediate certificates, sips private key"
    assert errors(directory, text)[0] == f"TLS mode needs all four files; not set: {missing}"


@pytest.mark.parametrize(
    ("text", "blocker"),
    [
        ("", NO_TRUST),
        ("sips trusted certificates: none.pem", ""),  # Missing now, looked for at each attempt.
        ("sips persistent tls: 0\nsips trusted certificates: a", "TLS mode needs all four files"),
    ],
)
def test_what_keeps_the_link_off_is_in_the_parameters(
    directory: Path, text: str, blocker: str
) -> None:
    (directory / "startup.cfg").write_text(text)
    said = link_blocker(Store(directory).read())
    assert said.startswith(blocker)
    assert bool(said) is bool(blocker)


def test_no_proxy_and_no_account(directory: Path) -> None:
    (directory / "startup.cfg").write_text("sips trusted certificates: ca.pem\n")
    found = check(Store(directory).read(), directory)
    assert [(str(p), p.severity) for p in found] == [
        (NO_PROXY, Severity.ERROR),
        ("no account is configured (sip user name)", Severity.NOTE),
    ]


LINES = "sip line1 user name: 201\nsip line2 user name: 202\n"
TRUST = "sips trusted certificates: ca.pem\n"
ELSEWHERE = "all lines share the one link, which goes to"

STRAYS: list[tuple[str, tuple[int, ...], Iterable[str]]] = [
    ("sip proxy ip: a\nsip line2 proxy ip: A.\n", (1, 2), []),
    ("sip proxy ip: a\nsip line2 registrar ip: b\n", (1, 2), []),
    ("sip proxy ip: 10.0.0.1\nsip line2 proxy port: 5061\n", (1, 2), []),
    ("sip outbound proxy: o\nsip line2 proxy ip: b\n", (1, 2), []),
    (
        "sip proxy ip: a\nsip line2 proxy ip: b\n",
        (1,),
        [f"startup.cfg:5: sip line2 proxy ip: {ELSEWHERE} a; the line is refused"],
    ),
    (
        "sip proxy ip: a\nsip line2 proxy port: 5070\n",
        (1,),
        [f"startup.cfg:5: sip line2 proxy port: {ELSEWHERE} a; the line is refused"],
    ),
    (
        "sip proxy ip: a\nsip line1 outbound proxy: 2001:db8::1\nsip proxy port: 7\n",
        (2,),
        [f"startup.cfg:5: sip line1 outbound proxy: {ELSEWHERE} a:7; the line is refused"],
    ),
    # The proxy stands in the lines only: the lowest line's is the link's.
    ("sip line1 proxy ip: a\nsip line2 registrar ip: a\n", (1, 2), []),
    (
        "sip line1 proxy ip: 10.1.1.1\nsip line2 proxy ip: b\n",
        (1,),
        [f"startup.cfg:5: sip line2 proxy ip: {ELSEWHERE} 10.1.1.1; the line is refused"],
    ),
    # Another backup alone does not cost a line its place.
    (
        "sip proxy ip: a\nsip backup proxy ip: b\nsip line2 backup proxy ip: c\n",
        (1, 2),
        [f"startup.cfg:6: sip line2 backup proxy ip: {ELSEWHERE} b; it is not used"],
    ),
]


@pytest.mark.parametrize(("text", "accounts", "wanted"), STRAYS)
def test_a_line_with_another_proxy_is_refused(
    directory: Path, text: str, accounts: tuple[int, ...], wanted: Iterable[str]
) -> None:
    assert errors(directory, f"{TRUST}{LINES}{text}") == list(wanted)
    assert Store(directory).read().accounts() == accounts


@pytest.mark.parametrize(
    ("text", "primary", "backup"),
    [
        ("", None, None),
        ("sip registrar ip: r", "r", None),
        ("sip registrar ip: r\nsip proxy ip: p\nsip proxy port: 5", "p:5", None),
        ("sip proxy ip: p\nsip outbound proxy: [2001:db8::1]", "2001:db8::1", None),
        ("sip outbound proxy: ::1\nsip outbound proxy port: 5", "[::1]:5", None),
        ("sip proxy ip: p\nsip backup proxy ip: 0.0.0.0", "p", None),
        ("sip proxy ip: p\nsip backup registrar ip: b\nsip backup registrar port: 5", "p", "b:5"),
        ("sip backup outbound proxy: b\nsip backup outbound proxy port: 5", None, "b:5"),
    ],
)
def test_where_the_link_goes(
    directory: Path, text: str, primary: str | None, backup: str | None
) -> None:
    (directory / "startup.cfg").write_text(text)
    configuration = Store(directory).read()
    hops = [configuration.hop(), configuration.hop(backup=True)]
    assert [str(hop) if hop else None for hop in hops] == [primary, backup]


FILES = [
    ("sips trusted certificates", "none.pem", "No such file or directory"),
    ("sips trusted certificates", "folder.pem", "Is a directory"),
    ("sips trusted certificates", "pipe.pem", "Not a regular file"),
    ("sips trusted certificates", "text.pem", "no certificate in PEM form"),
    ("sips trusted certificates", "empty.pem", "no certificate in PEM form"),
    ("sips trusted certificates", "der.pem", "no certificate in PEM form"),
    ("sips trusted certificates", "phone.key", "no certificate in PEM form"),
    ("sips trusted certificates", "torn.pem", "a certificate in it is damaged"),
    ("sips trusted certificates", "large.pem", "larger than 4194304 bytes"),
    ("sips trusted certificates", "ca.pem/x", "Not a directory"),
    ("sips root and intermediate certificates", "none.pem", "No such file or directory"),
    ("sips certificate revocation list", "ca.pem", "no revocation list"),
    ("sips certificate revocation list", "torn.crl", "a revocation list in it is damaged"),
]


@pytest.mark.parametrize(("name", "file", "why"), FILES)
def test_what_is_wrong_with_a_file(directory: Path, name: str, file: str, why: str) -> None:
    text = f"sip proxy ip: pbx\n{USER}sips trusted certificates: ca.pem\n{name}: {file}\n"
    assert errors(directory, text) == [f"startup.cfg:4: {name}: {file}: {why}"]


def test_a_file_by_url_is_the_phones_to_fetch(directory: Path) -> None:
    text = f"sip proxy ip: pbx\n{USER}sips trusted certificates: https://me:hunter2@host/ca.pem\n"
    (directory / "startup.cfg").write_text(text)
    shown = "startup.cfg:3: sips trusted certificates: https://****@host/ca.pem"
    (note,) = check(Store(directory).read(), directory)
    assert str(note) == f"{shown}: is fetched by the phone, and was not looked at"
    assert note.severity is Severity.NOTE
    phone = Store(directory, directory / "state")
    (missing,) = check(phone.read(), directory)
    assert str(missing) == f"{shown}: not fetched yet"
    assert missing.severity is Severity.ERROR
    save_copy(directory / "state", FetchedFile("sips trusted certificates", b"no PEM"))
    (damaged,) = check(phone.read(), directory)
    assert str(damaged) == f"{shown}: no certificate in PEM form"
    authority = (directory / "ca.pem").read_bytes()
    save_copy(directory / "state", FetchedFile("sips trusted certificates", authority))
    assert check(phone.read(), directory) == ()


KEY_PAIRS = [
    ("phone.pem", "phone.key", "", []),
    ("phone.pem", "phone.key", "not needed", []),
    ("phone.pem", "locked.key", PASSWORD, []),
    ("phone.pem", "old.key", PASSWORD, []),
    (
        "phone.pem",
        "other.key",
        "",
        ["sips private key: the key does not belong to the certificate (sips local certificate)"],
    ),
    (
        "phone.pem",
        "locked.key",
        "",
        ["sips private key: locked.key: the key is encrypted (sips private key password)"],
    ),
    (
        "phone.pem",
        "old.key",
        "wrong horse",
        ["sips private key: old.key: the password does not open it (sips private key password)"],
    ),
    (
        "phone.pem",
        "locked.key",
        "wrong horse",
        ["sips private key: locked.key: the password does not open it (sips private key password)"],
    ),
    ("phone.pem", "torn.key", "", ["sips private key: torn.key: the private key in it is damaged"]),
    ("phone.pem", "ca.pem", "", ["sips private key: ca.pem: no private key in PEM form"]),
    (
        "phone.key",
        "phone.key",
        "",
        ["sips local certificate: phone.key: no certificate in PEM form"],
    ),
    ("", "phone.key", "", ["sips private key: needs sips local certificate beside it"]),
    ("phone.pem", "", "", ["sips local certificate: needs sips private key beside it"]),
]


@pytest.mark.parametrize(("own", "key", "password", "wanted"), KEY_PAIRS)
def test_key_and_certificate(
    directory: Path, own: str, key: str, password: str, wanted: list[str]
) -> None:
    text = f"sips local certificate: {own}\nsips private key: {key}\n{LINK}{USER}"
    said = errors(directory, f"{text}sips private key password: {password}\n")
    assert [line.partition(": ")[2] for line in said] == wanted
    assert "horse" not in "".join(said)


def test_the_settings_alone_are_checked_without_files(tmp_path: Path) -> None:
    (tmp_path / "startup.cfg").write_text(f"{LINK}{USER}")
    assert check_settings(Store(tmp_path).read()) == ()
