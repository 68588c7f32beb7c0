"""What forms send: read whole, or refused; whatever the bytes are."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware.web.forms import FIELDS_MAX, FormError, read_form

ENCODED = "application/x-www-form-urlencoded"
PARTED = 'multipart/form-data; boundary="x-1"'
WHOLE = (
    b'--x-1\r\nContent-Disposition: form-data; name="word"\r\n\r\nbeef\r\n'
    b'--x-1\r\nContent-Disposition: form-data; name="pem"; filename="../../ca.pem"\r\n'
    b"Content-Type: text/plain\r\n\r\nline\r\n\r\n\x00\xff\r\n--x-1--\r\n"
)


def test_fields_are_read() -> None:
    form = read_form(f"{ENCODED}; charset=utf-8", b"a=1+2&b=%C3%A4&empty=&a=last")
    assert dict(form.fields) == {"a": "last", "b": "ä", "empty": ""}
    assert form.text("missing") == ""


def test_files_are_read_to_the_byte_and_their_names_are_not_taken() -> None:
    form = read_form(PARTED, WHOLE)
    assert dict(form.fields) == {"word": "beef"}
    assert dict(form.files) == {"pem": b"line\r\n\r\n\x00\xff"}


def test_a_file_that_was_not_chosen_is_none() -> None:
    body = b'--x-1\r\nContent-Disposition: form-data; name="pem"; filename=""\r\n\r\n\r\n--x-1--'
    assert read_form(PARTED, body).files == {}


@pytest.mark.parametrize("length", range(len(WHOLE) - 2))
def test_a_form_that_was_cut_is_refused(length: int) -> None:
    with pytest.raises(FormError):
        read_form(PARTED, WHOLE[:length])


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("", b"a=1"),
        ("application/json", b"{}"),
        ("multipart/form-data", WHOLE),
        (ENCODED, b"a=\xff"),
        (ENCODED, b"&".join([b"a=1"] * (FIELDS_MAX + 1))),
        (PARTED, b"--x-1\r\nX: y\r\n\r\nbeef\r\n--x-1--\r\n"),
        (PARTED, b"--x-1\r\n" * (FIELDS_MAX + 2) + b"--x-1--"),
    ],
)
def test_what_is_no_form_is_refused(kind: str, body: bytes) -> None:
    with pytest.raises(FormError):
        read_form(kind, body)


@given(st.binary(max_size=300))
def test_any_bytes_are_a_form_or_none(body: bytes) -> None:
    for kind in (ENCODED, PARTED):
        try:
            form = read_form(kind, body)
        except FormError:
            continue
        assert all(isinstance(text, str) for text in form.fields.values())


def test_what_was_sent_is_not_printed() -> None:
    assert "beef" not in repr(read_form(PARTED, WHOLE))
