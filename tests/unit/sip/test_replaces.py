"""Replaces: which dialog an INVITE takes the place of (RFC 3891 6.1)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as some

from firmware.sip.errors import RemoteProtocolError
from firmware.sip.replaces import Replaces
from tests.unit.agent.rig import invite

WORDS = some.text("abcXYZ019-.!%*_+`'~", min_size=1, max_size=20)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("98732@p;from-tag=r33;to-tag=f4", Replaces("98732@p", "f4", "r33")),
        ("c ; to-tag=7 ;from-tag = 6", Replaces("c", "7", "6")),
        ("c;TO-TAG=7;from-tag=6;Early-Only;x=y", Replaces("c", "7", "6", early_only=True)),
        ("12adf2f34456gs5;to-tag=12345;from-tag=0", Replaces("12adf2f34456gs5", "12345", "0")),
    ],
)
def test_it_is_read(text: str, value: Replaces) -> None:
    assert Replaces.parse(text) == value


@pytest.mark.parametrize(
    "text",
    ["", "c", ";to-tag=1;from-tag=2", "c;to-tag=1", "c;from-tag=1", "c;to-tag=;from-tag=1",
     'c;to-tag="1";from-tag=2', "c d;to-tag=1;from-tag=2", "c,d;to-tag=1;from-tag=2"],
)  # fmt: skip
def test_what_names_no_dialog_is_refused(text: str) -> None:
    with pytest.raises(RemoteProtocolError):
        Replaces.parse(text)


@given(some.builds(Replaces, WORDS, WORDS, WORDS, some.booleans()))
def test_what_is_written_is_read(value: Replaces) -> None:
    assert Replaces.parse(str(value)) == value


def test_two_of_them_are_an_error() -> None:
    one = ("Replaces", "c;to-tag=1;from-tag=2")
    assert invite("", one).replaces == Replaces("c", "1", "2")
    assert invite("").replaces is None
    with pytest.raises(RemoteProtocolError):
        assert invite("", one, one).replaces
