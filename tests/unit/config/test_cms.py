"""Sealed and signed files, made by `openssl cms` as an administrator would, and by our own hand."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from config.__main__ import main
from config.cms import Keys, SealError, opened, seal, sign
from tests.lab.authority import Authority, KeyKind

FILE = b"sip line1 user name: 201\r\nsip line1 password: never-to-be-read\n"
ELSEWHERE = "is sealed for another certificate than this phone's, or damaged"


class Keyring:
    """The phone's keys, another phone's, an administrator's."""

    def __init__(self, folder: Path, kind: KeyKind = KeyKind.EC, password: str = "") -> None:
        self.folder, authority = folder, Authority()

        def made(name: str, password: str = "") -> tuple[Path, Path]:
            return authority.issue(name, key_kind=kind).write(folder, name, password)

        self.own, self.own_key = made("phone", password)
        self.other, self.other_key = made("other")
        self.admin, self.admin_key = made("admin")
        self.keys = Keys(self.own, self.own_key, password, self.admin)


@pytest.fixture
def ring(tmp_path: Path) -> Keyring:
    return Keyring(tmp_path)


def openssl(*words: str | Path, data: bytes = FILE) -> bytes:
    done = subprocess.run(
        ["openssl", "cms", *map(str, words)], input=data, capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("password", ["", "open sesame"])
@pytest.mark.parametrize("kind", [KeyKind.EC, KeyKind.RSA])
def test_what_is_sealed_for_the_phone_it_opens(
    tmp_path: Path, kind: KeyKind, password: str
) -> None:
    ring = Keyring(tmp_path, kind, password)
    assert b"never-to-be-read" not in seal(FILE, ring.own)
    assert opened(seal(FILE, ring.own), ring.keys).data == FILE
    assert not opened(seal(FILE, ring.own), ring.keys).is_signed


@pytest.mark.parametrize(
    "words",
    [
        ("-encrypt", "-binary", "-outform", "DER", "-aes256"),
        ("-encrypt", "-binary", "-outform", "PEM", "-aes128"),
        ("-encrypt", "-binary", "-outform", "DER", "-aes-256-gcm"),
        ("-encrypt", "-binary", "-stream", "-outform", "DER", "-aes256"),
    ],
)
def test_seals_of_every_usual_form_are_opened(ring: Keyring, words: tuple[str, ...]) -> None:
    assert opened(openssl(*words, ring.own), ring.keys).data == FILE


def test_a_seal_for_several_phones_is_opened_by_each(ring: Keyring) -> None:
    sealed = openssl("-encrypt", "-binary", "-outform", "DER", "-aes256", ring.other, ring.own)
    assert opened(sealed, ring.keys).data == FILE
    assert opened(sealed, Keys(ring.other, ring.other_key)).data == FILE


def test_a_plain_file_is_as_it_is(ring: Keyring) -> None:
    for data in (FILE, b"", b"0", b"0: 1\n", b"-----BEGIN CMS-----\n", b"\xff\xfe0\0"):
        assert opened(data, ring.keys).data == data


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"certificate": None}, "is sealed, and this phone has no certificate"),
        ({"key": Path("/nowhere")}, "is sealed, and this phone's key cannot be read"),
        ({"password": "wrong"}, "is sealed, and this phone's key cannot be read"),
    ],
)
def test_what_a_phone_lacks_is_said(tmp_path: Path, change: dict[str, object], why: str) -> None:
    ring = Keyring(tmp_path, password="open sesame")
    keys = replace(ring.keys, **change)  # type: ignore[arg-type] # a test's own words
    with pytest.raises(SealError, match=why):
        opened(seal(FILE, ring.own), keys)


def test_another_phones_seal_is_not_opened(ring: Keyring) -> None:
    with pytest.raises(SealError, match=ELSEWHERE):
        opened(seal(FILE, ring.other), ring.keys)


def test_a_seal_that_was_harmed_gives_no_file(ring: Keyring) -> None:
    """Half of one, a changed byte of its key, S/MIME, a seal in a seal in a seal in a seal."""
    sealed = seal(FILE, ring.own)
    for harmed in (sealed[: len(sealed) // 2], sealed[:200] + b"\0" + sealed[201:]):
        with pytest.raises(SealError, match=ELSEWHERE):
            opened(harmed, ring.keys)
    with pytest.raises(SealError, match="-outform DER"):
        opened(openssl("-encrypt", "-aes256", ring.own), ring.keys)
    for _ in range(3):
        sealed = seal(sealed, ring.own)
    with pytest.raises(SealError, match="more than 3 times"):
        opened(sealed, ring.keys)
    with pytest.raises(SealError, match="damaged"):
        opened(b"-----BEGIN CMS-----\nabc\n-----END CMS-----\n", ring.keys)


# Signatures.


def test_the_signers_signature_counts_and_nobody_elses(ring: Keyring) -> None:
    good = sign(FILE, ring.admin, ring.admin_key)
    assert opened(good, ring.keys).data == FILE
    assert opened(good, ring.keys).is_signed
    other = sign(FILE, ring.other, ring.other_key)  # Of the same authority.
    with pytest.raises(SealError, match="is not signed by the configured signer"):
        opened(other, ring.keys)
    at = good.index(b"201")
    with pytest.raises(SealError, match="or was changed since"):
        opened(good[:at] + b"202" + good[at + 3 :], ring.keys)


def test_without_a_signer_no_signature_counts(ring: Keyring) -> None:
    found = opened(sign(FILE, ring.admin, ring.admin_key), Keys())
    assert found.data == FILE
    assert not found.is_signed


def test_a_signer_whose_certificate_is_missing_is_said(ring: Keyring) -> None:
    ring.admin.unlink()
    made = sign(FILE, ring.other, ring.other_key)
    with pytest.raises(SealError, match="the signer's certificate is missing"):
        opened(made, ring.keys)


def test_signed_and_sealed_either_way_round(ring: Keyring) -> None:
    inside = seal(sign(FILE, ring.admin, ring.admin_key), ring.own)
    outside = sign(seal(FILE, ring.own), ring.admin, ring.admin_key)
    assert opened(inside, ring.keys).is_signed
    assert opened(outside, ring.keys).is_signed
    assert opened(inside, ring.keys).data == opened(outside, ring.keys).data == FILE


def test_a_machine_without_openssl_says_so(ring: Keyring, monkeypatch: pytest.MonkeyPatch) -> None:
    sealed = seal(FILE, ring.own)
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(SealError, match="the program openssl is missing here"):
        opened(sealed, ring.keys)


def test_the_command_seals_and_signs_for_one_phone(
    ring: Keyring, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = ring.folder / "startup.cfg"
    path.write_bytes(FILE)
    words = ["config", "seal", str(path), "--for", str(ring.own)]
    words += ["--signer", str(ring.admin), "--key", str(ring.admin_key)]
    monkeypatch.setattr("sys.argv", words)
    assert main() == 0
    sealed = ring.folder / "startup.cfg.sealed"
    assert capsys.readouterr().out == f"{sealed}: serve it as startup.cfg\n"
    found = opened(sealed.read_bytes(), ring.keys)
    assert (found.data, found.is_signed) == (FILE, True)


@pytest.mark.parametrize(
    ("text", "words", "why"),
    [
        ("no colon\n", ["--for", "phone.pem"], "is not sealed: startup.cfg:1: no colon"),
        ("a: 1\n", [], "say for whom (--for), or whose signature (--signer, --key)"),
        ("a: 1\n", ["--for", "nowhere.pem"], "startup.cfg: cannot be made: "),
    ],
)
def test_the_command_says_why_it_cannot(
    ring: Keyring,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    text: str,
    words: list[str],
    why: str,
) -> None:
    monkeypatch.chdir(ring.folder)
    Path("startup.cfg").write_text(text)
    monkeypatch.setattr("sys.argv", ["config", "seal", "startup.cfg", *words])
    assert main() == 1
    assert why in capsys.readouterr().out
    assert not Path("startup.cfg.sealed").exists()
