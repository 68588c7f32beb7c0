"""`python -m config certificate`: a request for a certificate, and the list of those in use."""

from __future__ import annotations

import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding

from config.__main__ import main
from config.certificate_list import TEXT_MAX, listed, printable
from config.store import Store
from tests.lab.authority import Authority, KeyKind, Usage

PARAMETERS = """\
sip proxy ip: proxy1.example.com
sip user name: 200
sips trusted certificates: trusted.pem
sips root and intermediate certificates: chain.pem
sips local certificate: phone.pem
sips private key: phone.key
sips certificate revocation list: revoked.pem
"""


def run(capsys: pytest.CaptureFixture[str], *words: object) -> tuple[int, list[str]]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["config", "certificate", *map(str, words)])
        status = main()
    return status, capsys.readouterr().out.splitlines()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a phone's folder with all five files."""
    root = Authority()
    middle = root.intermediate(ends_days=20.5)
    own = middle.issue("phone.example", "192.0.2.7", usage=Usage.BOTH, ends_days=12.5)
    replace(own, chain=()).write(tmp_path, "phone")
    (tmp_path / "trusted.pem").write_bytes(
        root.certificate_pem + Authority("RSA root", key_kind=KeyKind.RSA).certificate_pem
    )
    (tmp_path / "chain.pem").write_bytes(middle.certificate_pem)
    (tmp_path / "revoked.pem").write_bytes(root.revoke(own, ends_days=-5.5))
    (tmp_path / "startup.cfg").write_text(PARAMETERS)
    return tmp_path


def test_show_lists_every_file_with_what_matters(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    status, lines = run(capsys, "show", folder)
    assert status == 0
    text = "\n".join(lines)
    for line in (
        "sips trusted certificates: trusted.pem",
        "    subject   CN=RSA root",
        "    key       RSA 2048",
        "    warning:  certificate of authority Lab intermediate ends in 20 days",
        "    subject   CN=phone.example",
        "    issuer    CN=Lab intermediate",
        "    names     phone.example, 192.0.2.7",
        "    left      12 days",
        "    key       EC secp256r1",
        "    warning:  this phone's certificate ends in 12 days",
        "sips private key: phone.key",
        "    fits      belongs to the certificate",
        "    encrypted no",
        "    revoked   1",
        "    warning:  revocation list of Lab root expired 5 days ago",
    ):
        assert line in lines, text
    certificate = x509.load_pem_x509_certificate((folder / "phone.pem").read_bytes())
    digest = certificate.fingerprint(hashes.SHA256()).hex(":").upper()
    assert f"    sha256    {digest}" in lines
    assert "PRIVATE" not in text


@pytest.mark.parametrize(
    ("file", "data", "words"),
    [
        ("trusted.pem", b"", "no certificate in PEM form"),
        ("chain.pem", None, "No such file or directory"),
        ("phone.pem", b"-----BEGIN CERTIFICATE-----\n", "a certificate in it is damaged"),
        ("phone.key", b"-----BEGIN PRIVATE KEY-----\n", "the private key in it is damaged"),
        ("revoked.pem", b"\x30\x00", "a revocation list in it is damaged"),
    ],
)
def test_a_file_that_is_wrong_is_said_beside_the_others(
    folder: Path, capsys: pytest.CaptureFixture[str], file: str, data: bytes | None, words: str
) -> None:
    (folder / file).unlink() if data is None else (folder / file).write_bytes(data)
    status, lines = run(capsys, "show", folder)
    assert status == 1
    assert f"    error:    {words}" in lines
    assert sum(line.startswith("sips ") for line in lines) >= 5


def test_a_key_of_another_certificate_is_named(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Authority().issue("other").write(folder, "phone2")
    (folder / "phone.key").write_bytes((folder / "phone2.key").read_bytes())
    status, lines = run(capsys, "show", folder)
    assert status == 1
    assert "    error:    it does not belong to the certificate" in lines


@pytest.mark.parametrize(
    ("extension", "words"),
    [
        (x509.DeltaCRLIndicator(1), "a delta revocation list; the full one is needed"),
        (
            x509.IssuingDistributionPoint(None, None, False, False, None, True, False),
            "an indirect revocation list; the authority's own is needed",
        ),
    ],
)
def test_a_list_that_says_only_half_is_refused_in_words(
    folder: Path, extension: x509.ExtensionType, words: str
) -> None:
    """RFC 5280 5.2.4 and 5.2.5: neither says by itself what its issuer has revoked."""
    (folder / "revoked.pem").write_bytes(Authority().revoke(extensions=(extension,)))
    entries = listed(Store(folder).read(), folder, datetime.now(UTC))
    assert entries[-1].wrong == words


def test_a_list_behind_a_good_one_that_is_cut_short_is_noticed(folder: Path) -> None:
    whole, second = Authority().revoke(), Authority("Second").revoke()
    for data in (whole + second[: len(second) // 2], whole + b"-----BEGIN X509 CRL-----\n"):
        (folder / "revoked.pem").write_bytes(data)
        entries = listed(Store(folder).read(), folder, datetime.now(UTC))
        assert entries[-1].wrong == "a revocation list in it is cut short"


def test_a_list_may_stand_below_a_note_and_in_either_form(folder: Path) -> None:
    pem = Authority().revoke()
    der = x509.load_pem_x509_crl(pem).public_bytes(Encoding.DER)
    for data in (b"0 days left\n" + pem, b"caf\xe9\n" + pem + b"the end\n", der):
        (folder / "revoked.pem").write_bytes(data)
        assert not listed(Store(folder).read(), folder, datetime.now(UTC))[-1].wrong


def test_a_list_of_a_part_of_its_issuers_certificates_is_taken(folder: Path) -> None:
    part = x509.IssuingDistributionPoint(None, None, True, False, None, False, False)
    (folder / "revoked.pem").write_bytes(Authority().revoke(extensions=(part,)))
    assert not listed(Store(folder).read(), folder, datetime.now(UTC))[-1].wrong


def test_what_somebody_else_wrote_does_no_harm_to_a_terminal() -> None:
    assert printable("CN=\x1b[2J\n") == "CN=?[2J?"
    assert len(printable("a" * 1000)) == TEXT_MAX


def test_nothing_configured_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(capsys, "show", tmp_path) == (0, ["no certificate file is configured"])


# A request.


def test_a_request_says_what_to_do_next_and_shows_no_key(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    status, lines = run(
        capsys, "request", tmp_path, "--mac", "0050C2A1B2C3", "--san", "p.example", "--file", "new"
    )
    assert status == 0
    assert lines[-2:] == ["sips private key: new.key", "sips local certificate: new.pem"]
    assert "PRIVATE" not in "\n".join(lines)
    request = x509.load_pem_x509_csr((tmp_path / "new.csr").read_bytes())
    assert request.subject.rfc4514_string() == "CN=0050C2A1B2C3"
    assert (tmp_path / "new.key").exists()


def test_a_key_in_use_is_named_as_such(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = (folder / "phone.key").read_bytes()
    words = (
        f"{folder}/phone.key is in use (sips private key): choose another --file, or --replace it"
    )
    assert run(capsys, "request", folder) == (1, [words])
    (folder / "other.key").touch()
    words = f"{folder}/other.key is there already: choose another --file, or --replace it"
    assert run(capsys, "request", folder, "--file", "other") == (1, [words])
    assert (folder / "phone.key").read_bytes() == before
    assert run(capsys, "request", folder, "--replace")[0] == 0
    assert (folder / "phone.key").read_bytes() != before


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--san", "two words"), '"two words" is no host name in ASCII'),
        (("--name", "a" * 65), "is no name: 1-64 printable characters"),
        (("--file", "../x"), '"../x" is no name of a file'),
        (("--mac", "12"), "is not a hardware address"),
    ],
)
def test_what_cannot_be_asked_for_is_said_and_nothing_is_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], said: str
) -> None:
    status, lines = run(capsys, "request", tmp_path, *words)
    assert status == 1
    assert said in lines[0]
    assert list(tmp_path.iterdir()) == []
