"""Certificates that were cut, stretched and flipped: refused in a sentence, never an exception."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given, settings
from hypothesis import strategies as st

from firmware.link.events import Failure, ServerName
from firmware.link.identity import RevocationList, verify
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
