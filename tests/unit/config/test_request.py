"""A key and a request made on the phone: what is asked for, and what never happens to a key."""

from __future__ import annotations

import errno
import ipaddress
import os
import stat
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from config.disk import write_flushed
from config.problem import ConfigError
from config.request import Files, KeyType, alternative_name, files, make_key, make_request, write

NAMES = ["phone.example", "192.0.2.7", "2001:db8::7", "sip:phone.example"]


def made(folder: Path, replace: bool = False, name: str = "desk") -> Files:
    place = files(folder, "phone")
    key = make_key(KeyType.EC)
    write(place, key, make_request(key, name, NAMES), replace)
    return place


@pytest.mark.parametrize(
    ("key_type", "kind", "size"),
    [
        (KeyType.EC, ec.EllipticCurvePublicKey, 256),
        (KeyType.RSA_2048, rsa.RSAPublicKey, 2048),
        (KeyType.RSA_3072, rsa.RSAPublicKey, 3072),
    ],
)
def test_a_request_asks_for_both_ends_of_tls(key_type: KeyType, kind: type, size: int) -> None:
    request = make_request(make_key(key_type), "0050C2A1B2C3", NAMES)
    assert request.is_signature_valid
    key = request.public_key()
    assert isinstance(key, kind)
    assert getattr(key, "key_size", 0) == size
    (name,) = request.subject
    assert (name.oid, name.value) == (NameOID.COMMON_NAME, "0050C2A1B2C3")
    extensions = request.extensions
    names = extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["phone.example"]
    addresses = [ipaddress.ip_address(text) for text in NAMES[1:3]]
    assert names.get_values_for_type(x509.IPAddress) == addresses
    assert names.get_values_for_type(x509.UniformResourceIdentifier) == ["sip:phone.example"]
    both = {ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH}
    assert set(extensions.get_extension_for_class(x509.ExtendedKeyUsage).value) == both
    usage = extensions.get_extension_for_class(x509.KeyUsage).value
    assert usage.digital_signature
    assert usage.key_encipherment is (kind is rsa.RSAPublicKey)
    assert not usage.key_cert_sign


def test_without_alternative_names_there_is_no_such_extension() -> None:
    request = make_request(make_key(KeyType.EC), "desk", [])
    with pytest.raises(x509.ExtensionNotFound):
        request.extensions.get_extension_for_class(x509.SubjectAlternativeName)


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        ("dns:192.0.2.7.example", x509.DNSName, "192.0.2.7.example"),
        ("DNS:phone", x509.DNSName, "phone"),
        ("ip:2001:db8::7", x509.IPAddress, ipaddress.ip_address("2001:db8::7")),
        ("uri:urn:uuid:f81d4fae", x509.UniformResourceIdentifier, "urn:uuid:f81d4fae"),
        ("sips:phone.example", x509.UniformResourceIdentifier, "sips:phone.example"),
    ],
)
def test_an_alternative_name_is_what_it_says_or_looks_like(
    text: str, kind: type[x509.GeneralName], value: object
) -> None:
    name = alternative_name(text)
    assert isinstance(name, kind)
    assert name.value == value


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", '"" is no host name in ASCII'),
        ("two words", '"two words" is no host name in ASCII'),
        ("-a.example", '"-a.example" is no host name in ASCII'),
        ("a..example", '"a..example" is no host name in ASCII'),
        ("*.example", '"*.example" is no host name in ASCII'),
        ("müller.example", '"müller.example" is no host name in ASCII'),
        ("a" * 64, f'"{"a" * 60}..." is no host name in ASCII'),
        ("ip:phone", '"phone" is no IP address'),
        ("uri:phone", '"phone" is no URI'),
        ("sip:a b", '"sip:a b" is no URI'),
        ("sip:\x1b[2J", r'"sip:\x1b[2J" is no URI'),
    ],
)
def test_a_name_that_is_none_is_refused_in_words(text: str, words: str) -> None:
    with pytest.raises(ConfigError) as caught:
        make_request(make_key(KeyType.EC), "desk", [text])
    assert str(caught.value) == words


@pytest.mark.parametrize("name", ["", "a" * 65, "two\nlines"])
def test_a_phone_has_a_short_printable_name(name: str) -> None:
    with pytest.raises(ConfigError, match="is no name: 1-64 printable characters"):
        make_request(make_key(KeyType.EC), name, [])


def test_alternative_names_are_bounded() -> None:
    with pytest.raises(ConfigError, match="more than 16"):
        make_request(make_key(KeyType.EC), "desk", ["a.example"] * 17)


@pytest.mark.parametrize("stem", ["", "..", ".hidden", "../phone", "a/b", "a" * 61, "a\nb"])
def test_a_file_has_a_plain_name(tmp_path: Path, stem: str) -> None:
    with pytest.raises(ConfigError, match="is no name of a file"):
        files(tmp_path, stem)


# The key.


def test_only_the_owner_reads_the_key_whatever_the_mask(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        place = made(tmp_path)
    finally:
        os.umask(before)
    assert stat.S_IMODE(place.key.stat().st_mode) == 0o600
    key = load_pem_private_key(place.key.read_bytes(), None).public_key()
    request = x509.load_pem_x509_csr(place.request.read_bytes())
    assert request.public_key() == key
    assert sorted(path.name for path in tmp_path.iterdir()) == ["phone.csr", "phone.key"]


def test_a_key_is_replaced_only_where_that_was_asked_for(tmp_path: Path) -> None:
    place = made(tmp_path)
    before = (place.key.read_bytes(), place.request.read_bytes())
    with pytest.raises(ConfigError, match="there is a key already; it was left alone"):
        made(tmp_path)
    assert (place.key.read_bytes(), place.request.read_bytes()) == before
    made(tmp_path, replace=True)
    assert place.key.read_bytes() != before[0]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["phone.csr", "phone.key"]


def test_a_link_in_the_keys_place_is_not_followed(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.write_text("mine")
    (tmp_path / "phone.key").symlink_to(elsewhere)
    (tmp_path / "phone.key.new").symlink_to(elsewhere)
    with pytest.raises(ConfigError):
        made(tmp_path)
    assert elsewhere.read_text() == "mine"


@pytest.mark.parametrize("failing", [1, 2])
def test_a_full_disk_leaves_what_was_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failing: int
) -> None:
    place = made(tmp_path)
    before = (place.key.read_bytes(), place.request.read_bytes())
    writes = list[Path]()

    def full(path: Path, data: bytes) -> None:
        writes.append(path)
        if len(writes) == failing:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        write_flushed(path, data)

    monkeypatch.setattr("config.request.write_flushed", full)
    with pytest.raises(ConfigError, match="cannot be written: No space left on device"):
        made(tmp_path, replace=True)
    assert (place.key.read_bytes(), place.request.read_bytes()) == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["phone.csr", "phone.key"]
