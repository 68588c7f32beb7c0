"""URIs: what is taken, what is refused, and which two are the same (RFC 3261 19.1.4, RFC 3966)."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations

import pytest
from hypothesis import example, given, settings

from firmware.sip.errors import RemoteProtocolError
from firmware.sip.grammar import Parameters
from firmware.sip.uri import OtherUri, SipUri, TelUri, parse_uri
from firmware.sip.via import Via
from tests.unit.sip import strategies as draw

# The examples of 19.1.4: each line holds URIs that are the same.
SAME = [
    ("sip:%61lice@atlanta.com;transport=TCP", "sip:alice@AtLanTa.CoM;Transport=tcp"),
    ("sip:carol@chicago.com", "sip:carol@chicago.com;newparam=5"),
    ("sip:carol@chicago.com", "sip:carol@chicago.com;security=on"),
    (
        "sip:biloxi.com;transport=tcp;method=REGISTER?to=sip:bob%40biloxi.com",
        "sip:biloxi.com;method=REGISTER;transport=tcp?to=sip:bob%40biloxi.com",
    ),
    (
        "sip:alice@atlanta.com?subject=project%20x&priority=urgent",
        "sip:alice@atlanta.com?priority=urgent&subject=project%20x",
    ),
    ("sip:a@[2001:db8::1]", "sip:a@[2001:DB8:0:0::1]"),
]

DIFFERENT = [
    ("SIP:ALICE@AtLanTa.CoM;Transport=udp", "sip:alice@AtLanTa.CoM;Transport=UDP"),
    ("sip:bob@biloxi.com", "sip:bob@biloxi.com:5060"),
    ("sip:bob@biloxi.com", "sip:bob@biloxi.com;transport=udp"),
    ("sip:bob@biloxi.com", "sip:bob@biloxi.com:6000;transport=tcp"),
    ("sip:carol@chicago.com", "sip:carol@chicago.com?Subject=next%20meeting"),
    ("sip:bob@phone21.boxesbybob.com", "sip:bob@192.0.2.4"),
    ("sip:carol@chicago.com;security=on", "sip:carol@chicago.com;security=off"),
    ("sip:a@h", "sips:a@h"),
    ("sip:a@h", "sip:h"),
    ("sip:a:x@h", "sip:a:y@h"),
    ("sip:a@h;user=phone", "sip:a@h"),
    ("sip:a@h;maddr=x", "sip:a@h"),
    ("sip:a@h;ttl=1", "sip:a@h"),
    ("sip:a@h;method=M", "sip:a@h"),
    ("sip:a%3Bb@h", "sip:a;b@h"),
    ("sip:a%40b@h", "sip:a%3Fb@h"),
]


@pytest.mark.parametrize(("one", "other"), SAME)
def test_these_uris_are_the_same(one: str, other: str) -> None:
    assert SipUri.parse(one).equals(SipUri.parse(other))
    assert SipUri.parse(other).equals(SipUri.parse(one))


@pytest.mark.parametrize(("one", "other"), DIFFERENT)
def test_these_uris_are_not_the_same(one: str, other: str) -> None:
    assert not SipUri.parse(one).equals(SipUri.parse(other))
    assert not SipUri.parse(other).equals(SipUri.parse(one))


def test_being_the_same_is_not_transitive() -> None:
    """19.1.4 says so itself: a parameter that only one has does not count."""
    plain, on, off = (SipUri.parse(f"sip:c@h{p}") for p in ("", ";security=on", ";security=off"))
    assert [one.equals(other) for one, other in combinations((plain, on, off), 2)] == [
        True,
        True,
        False,
    ]


@settings(max_examples=60, deadline=None)
@given(draw.sip_uris)
@example(SipUri("sip", "h", "a@b"))
@example(SipUri("sip", "h", "a:b;c"))
def test_a_uri_is_the_same_as_itself_read_back(uri: SipUri) -> None:
    assert uri.equals(uri)
    assert uri.equals(SipUri.parse(str(uri)))


PHONE = Parameters((("user", "phone"),))


@pytest.mark.parametrize(
    ("text", "uri"),
    [
        ("sip:p1", SipUri("sip", "p1")),
        ("SIPS:a@H_x-1.:5061", SipUri("sips", "H_x-1.", "a", port=5061)),
        ("sip:[::1]:0", SipUri("sip", "::1", port=0)),
        ("sip:+49(30)1;x=y@h;user=phone", SipUri("sip", "h", "+49(30)1;x=y", parameters=PHONE)),
        ("sip:a%20%C3%A4@h", SipUri("sip", "h", "a ä")),
        ("sip:a%E4@h", SipUri("sip", "h", "aä")),
        ("sip:ä@h", SipUri("sip", "h", "ä")),
        ("sip:a:@h", SipUri("sip", "h", "a", "")),
        ("tel:+49-30;user=phone", TelUri("+49-30", PHONE)),
        ("TEL:*21#", TelUri("*21#")),
        ("URN:service:sos", OtherUri("urn", "service:sos")),
    ],
)
def test_a_uri_is_read(text: str, uri: SipUri | TelUri | OtherUri) -> None:
    assert parse_uri(text) == uri


@pytest.mark.parametrize(
    "text",
    [
        "",
        "sip",
        "sip:",
        "sip:@h",
        "sip:a@",
        "sip:a b@h",
        "sip:a@h h",
        "sip:a@b@h",
        "sip:a@h:",
        "sip:a@h:65536",
        "sip:a@h:-1",
        "sip:a@h:50601234567890",
        "sip:a@h:\u0665",
        "sip:a@[::1",
        "sip:a@::1",
        "sip:a@[1.2.3.4]",
        "sip:a@[fe80::1%25eth0]",
        "sip:a%4@h",
        "sip:a%zz@h",
        "sip:a@h?",
        "sip:a@h?a",
        "sip:a@h?=b",
        "sip:a@h?a=b&",
        "sip:a@h;",
        "sip:a@h;a=b;;c",
        "sip:a@h;a=1;A=2",
        "<sip:a@h>",
        'sip:"a"@h',
        "tel:",
        "tel:abc-xyz",
        "tel:+49 30",
        "tel:+49;",
        "http:",
        "1http:x",
        "no-scheme",
        "sip:a\r\n@h",
    ],
)
def test_what_is_no_uri_is_refused(text: str) -> None:
    with pytest.raises(RemoteProtocolError):
        parse_uri(text)


def test_a_number_for_people_has_its_digits() -> None:
    assert TelUri("+49-(30).123").digits == "+4930123"
    with pytest.raises(RemoteProtocolError):
        TelUri.parse("sip:a@h")


def test_brackets_are_not_part_of_an_address() -> None:
    assert str(SipUri("sip", "[2001:db8::1]", port=5061)) == "sip:[2001:db8::1]:5061"
    assert SipUri("sip", "[::1]") == SipUri("sip", "::1")
    assert str(Via("[::1]", 5061)) == "SIP/2.0/TLS [::1]:5061"


def test_a_changed_user_is_written_anew() -> None:
    """What it was spelled like is worth nothing then."""
    uri = replace(SipUri.parse("sip:a%3Bb@h"), user="c d")
    assert str(uri) == "sip:c%20d@h"


def test_a_password_is_not_shown_in_a_repr() -> None:
    assert "s3cr3t" not in repr(SipUri.parse("sip:a:s3cr3t@h"))
