"""What a person reads of certificates: spans, short names, warnings before and after the end."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.x509.oid import NameOID
from hypothesis import given
from hypothesis import strategies as st

from config.validity import (
    NAME_LENGTH_MAX,
    WARNINGS_MAX,
    authority_name,
    bounded,
    common_name,
    end_warning,
    in_days,
    in_short,
    list_warning,
)
from tests.lab.authority import Authority

NOW = datetime.now(UTC)


@pytest.fixture(scope="module")
def authority() -> Authority:
    return Authority()


@pytest.mark.parametrize(
    ("span", "words"),
    [
        (timedelta(days=800), "2 years"),
        (timedelta(days=729), "729 days"),
        (timedelta(days=400), "400 days"),
        (timedelta(days=1, hours=23), "1 day"),
        (timedelta(hours=23, minutes=59), "23 hours"),
        (timedelta(hours=1), "1 hour"),
        (timedelta(minutes=59), "minutes"),
    ],
)
def test_spans_of_time_are_said_in_one_unit(span: timedelta, words: str) -> None:
    assert in_days(span) == words


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("proxy1.example.com", "proxy1.example.com"),
        ("sip-proxy-01.voice.branch.example.com", "sip-proxy-…ample.com"),
        ("two\nlines\x1b[2J", "two?lines?[2J"),
    ],
)
def test_a_name_fits_a_line(name: str, words: str) -> None:
    assert in_short(name) == words


@given(st.text(max_size=400), st.integers(6, 40))
def test_a_short_name_is_short_and_printable(name: str, length: int) -> None:
    short = in_short(name, length)
    assert len(short) <= length
    assert all(c.isprintable() for c in short)


@pytest.mark.parametrize(
    ("starts", "ends", "words"),
    [
        (-1, 31.5, ""),
        (-1, 30.5, ""),
        (-1, 29.5, "it ends in 29 days"),
        (-1, 1.5, "it ends in 1 day"),
        (-1, 0.3, "it ends in 7 hours"),
        (-1, 0.001, "it ends in minutes"),
        (-40, -2.5, "it expired 2 days ago"),
        (3.5, 365, "it begins in 3 days"),
    ],
)
def test_a_certificate_warns_thirty_days_before_its_end(
    authority: Authority, starts: float, ends: float, words: str
) -> None:
    certificate = authority.issue("p", starts_days=starts, ends_days=ends).certificate
    assert end_warning(certificate, "it", datetime.now(UTC)) == words


@pytest.mark.parametrize(
    ("starts", "ends", "words"),
    [
        (-60, 0.5, ""),
        (-60, -5.5, "revocation list of Lab root expired 5 days ago"),
        (2.5, 30, "revocation list of Lab root begins in 2 days"),
    ],
)
def test_a_revocation_list_warns_outside_its_days(
    authority: Authority, starts: float, ends: float, words: str
) -> None:
    crl = x509.load_pem_x509_crl(authority.revoke(starts_days=starts, ends_days=ends))
    assert list_warning(crl, datetime.now(UTC)) == words


def test_an_authority_is_called_by_what_name_it_has() -> None:
    assert authority_name(Authority("Lab").certificate) == "certificate of authority Lab"
    unit = x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, "Class 3 Authority of Somebody")
    maker = x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Somebody")
    assert common_name(x509.Name([maker, unit])) == in_short("Class 3 Authority of Somebody")
    assert common_name(x509.Name([])) == ""


def test_warnings_are_said_once_and_of_very_many_the_number() -> None:
    assert bounded(["a", "", "b", "a"]) == ("a", "b")
    many = bounded(str(number) for number in range(WARNINGS_MAX + 5))
    assert len(many) == WARNINGS_MAX + 1
    assert many[-1] == "and 5 more warnings"
    assert len(many[0]) <= NAME_LENGTH_MAX
