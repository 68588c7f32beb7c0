"""Keys that are made on the phone: their certificate brings them to their place."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from config.checks import CERTIFICATE, KEY
from config.problem import ConfigError
from firmware.runtime import pasted_files
from tests.lab.authority import Authority


def signed(pem: str, authority: Authority) -> str:
    """Return what an authority makes of a request."""
    asked = x509.load_pem_x509_csr(pem.encode())
    return authority.sign_request(asked).public_bytes(Encoding.PEM).decode()


def test_a_request_is_for_a_key_that_stays_here(tmp_path: Path) -> None:
    pem = pasted_files.request(tmp_path, "desk-7", ["desk-7.example.org"], replaces=False)
    asked = x509.load_pem_x509_csr(pem.encode())
    assert asked.is_signature_valid
    assert asked.subject.rfc4514_string() == "CN=desk-7"
    names = asked.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["desk-7.example.org"]
    key = tmp_path / pasted_files.FOLDER / "waiting.key"
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    assert "PRIVATE" not in pem
    assert pasted_files.has_waiting_key(tmp_path)


def test_a_key_that_waits_is_replaced_only_when_that_is_wanted(tmp_path: Path) -> None:
    first = pasted_files.request(tmp_path, "desk-7", [], replaces=False)
    with pytest.raises(ConfigError, match="there is a key already"):
        pasted_files.request(tmp_path, "desk-7", [], replaces=False)
    assert pasted_files.request(tmp_path, "desk-7", [], replaces=True) != first


def test_the_certificate_brings_its_key_and_another_ones_does_not(tmp_path: Path) -> None:
    authority = Authority()
    mine = signed(pasted_files.request(tmp_path, "desk-7", [], replaces=False), authority)
    others = signed(
        pasted_files.request(tmp_path / "other", "desk-8", [], replaces=False), authority
    )
    assert pasted_files.take_waiting_key(tmp_path, others) is None
    assert pasted_files.has_waiting_key(tmp_path)
    pasted_files.keep(tmp_path, CERTIFICATE, mine, "")
    key = pasted_files.take_waiting_key(tmp_path, mine)
    assert key == (tmp_path / pasted_files.FOLDER / pasted_files.NAMES[KEY]).resolve()
    assert not pasted_files.has_waiting_key(tmp_path)
    assert pasted_files.take_waiting_key(tmp_path, mine) is None, "it is in its place"


@pytest.mark.parametrize("name", ["", "x" * 65, "bell\a"])
def test_a_name_that_is_none_is_refused_and_no_key_is_made(tmp_path: Path, name: str) -> None:
    with pytest.raises(ConfigError, match="is no name"):
        pasted_files.request(tmp_path, name, [], replaces=False)
    assert not pasted_files.has_waiting_key(tmp_path)
