"""Certificates that were cut, stretched and flipped: refused in a sentence, never an exception."""

from __future__ import annotations

import base64
import time
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given, settings
from hypothesis import strategies as st

from config.certificates import Reader, revocation_lists
from config.validity import UNREADABLE
from firmware.link.events import Failure, ServerName
from firmware.link.identity import RevocationList, verify
from firmware.link.inventory import Inventory, warnings
from tests.lab.authority import Authority, Identity

NAME = "proxy1.example.com"
ROOT = Authority()
MIDDLE = ROOT.intermediate()
LEAF = MIDDLE.issue(NAME, "192.0.2.7", uris=(f"sip:{NAME}",))
CHAIN = [
    certificate.public_bytes(Encoding.DER)
    for certificate in (LEAF.certificate, MIDDLE.certificate, ROOT.certificate)
]
CRL = x509.load_pem_x509_crl(MIDDLE.revoke(Identity(MIDDLE.certificate, LEAF.key)))

NOW = datetime.now(UTC)

Mangle = Callable[[bytes], bytes]
SENTENCE_MAX = 110


def flipped(changes: list[tuple[int, int]]) -> Mangle:
    def mangle(der: bytes) -> bytes:
        out = bytearray(der)
        for place, value in changes:
            out[place % len(out)] = value
        return bytes(out)

    return mangle


def cut(place: int, length: int, filling: bytes) -> Mangle:
    def mangle(der: bytes) -> bytes:
        at = place % len(der)
        return der[:at] + filling + der[at + length :]

    return mangle


places = st.integers(0, 4000)
mangles = st.one_of(
    st.builds(flipped, st.lists(st.tuples(places, st.integers(0, 255)), min_size=1, max_size=3)),
    st.builds(cut, places, st.integers(0, 40), st.binary(max_size=12)),
)


def judge(chain: list[bytes], name: str = NAME) -> Failure | None:
    return verify(chain, ServerName(name), time.time(), [RevocationList(CRL)])


def test_the_chain_that_is_mangled_below_is_good() -> None:
    assert judge(CHAIN) is None


@pytest.mark.filterwarnings("ignore:Attribute's length", "ignore:Parsed a serial number")
@settings(max_examples=600, deadline=None)
@given(mangles, st.integers(0, 2), st.sampled_from([NAME, "192.0.2.7"]))
def test_a_mangled_certificate_is_refused_or_accepted_and_raises_nothing(
    mangle: Mangle, number: int, name: str
) -> None:
    chain = list(CHAIN)
    chain[number] = mangle(chain[number])
    failure = judge(chain, name)
    if failure is not None:
        assert len(failure.text) <= SENTENCE_MAX
        assert failure.text.isprintable()


@pytest.mark.filterwarnings("ignore:Attribute's length", "ignore:Parsed a serial number")
@settings(max_examples=600, deadline=None)
@given(mangles, st.booleans())
def test_a_mangled_revocation_list_is_no_list_or_one_that_raises_nothing(
    mangle: Mangle, as_pem: bool
) -> None:
    """It says what it says, revokes or not, and is warned of; never an exception (I2, I4)."""
    data = mangle(CRL.public_bytes(Encoding.PEM if as_pem else Encoding.DER))
    try:
        lists = tuple(RevocationList(crl) for crl in revocation_lists(data))
    except ValueError:  # What is wrong, in words: nothing else is caught where files are read.
        return
    failure = verify(CHAIN, ServerName(NAME), time.time(), lists)
    assert failure is None or failure.text.startswith("certificate of ")
    chain = tuple(x509.load_der_x509_certificate(der) for der in CHAIN)
    inventory = Inventory(proxies=((ServerName(NAME), chain),), crls=lists)
    assert all(sentence.isprintable() for sentence in warnings(inventory, NOW))


@pytest.mark.filterwarnings("ignore:Attribute's length", "ignore:Parsed a serial number")
@settings(max_examples=600, deadline=None)
@given(mangles, st.integers(0, 2))
def test_a_mangled_certificate_among_the_trusted_ones_is_a_warning_at_most(
    mangle: Mangle, number: int
) -> None:
    try:
        odd = x509.load_der_x509_certificate(mangle(CHAIN[number]))
    except UNREADABLE:
        return
    inventory = Inventory((odd,), (odd,), ((ServerName(NAME), (odd,)),), (RevocationList(CRL),))
    assert all(sentence.isprintable() for sentence in warnings(inventory, NOW))


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=200))
def test_bytes_that_never_were_a_certificate_are_refused(data: bytes) -> None:
    assert judge([data, *CHAIN[1:]]) is not None


def test_a_name_that_the_library_itself_stumbles_over_is_refused_in_words() -> None:
    """Found by the fuzzing above: an attribute of a string type that only one kind may have."""
    utf8, bits = 0x0C, 0x03
    name = b"\x06\x03\x55\x04\x03" + bytes([utf8])  # A common name, and its string type.
    odd = CHAIN[0].replace(name, name[:-1] + bytes([bits]))
    failure = judge([odd, *CHAIN[1:]])
    assert failure is not None
    assert failure.text == f"certificate of {NAME} cannot be read"


def test_a_list_and_a_certificate_of_no_version_are_damaged_in_words() -> None:
    """Found by the fuzzing above: an error of the library's own, which is no ValueError."""
    version = CRL.public_bytes(Encoding.DER).replace(b"\x02\x01\x01\x30", b"\x02\x01\x05\x30", 1)
    with pytest.raises(ValueError, match="a revocation list in it is damaged"):
        revocation_lists(version)
    odd = CHAIN[0].replace(b"\xa0\x03\x02\x01\x02", b"\xa0\x03\x02\x01\x07", 1)
    body = base64.encodebytes(odd)
    pem = b"-----BEGIN CERTIFICATE-----\n" + body + b"-----END CERTIFICATE-----\n"
    with pytest.raises(ValueError, match="a certificate in it is damaged"):
        Reader("").certificates(pem)
