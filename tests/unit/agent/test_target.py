"""What a person dials."""

from __future__ import annotations

from random import Random

import pytest

from firmware.agent.account import AgentSettings
from firmware.agent.credentials import Credentials
from firmware.agent.events import Party
from firmware.agent.line import Line
from firmware.agent.target import BadTargetError, parse_target, party_of
from firmware.sip.address import NameAddress
from tests.unit.agent.rig import INSTANCE, account


def line(*, send_sips: bool = False) -> Line:
    ids = iter(("a", "b"))
    chosen = AgentSettings(instance=INSTANCE, send_sips=send_sips)
    return Line(account(), chosen, Credentials(ids), ids, Random(1))


GOOD = [
    ("100", "sip:100@example.org"),
    (" 100 ", "sip:100@example.org"),
    ("+49 (30) 123-456", "sip:+4930123456@example.org"),
    ("*72", "sip:*72@example.org"),
    ("100#", "sip:100%23@example.org"),
    ("bob", "sip:bob@example.org"),
    ("bob.miller", "sip:bob.miller@example.org"),
    ("bob@elsewhere.org", "sip:bob@elsewhere.org"),
    ("bob@[2001:db8::1]:5070", "sip:bob@[2001:db8::1]:5070"),
    ("sip:bob@elsewhere.org;transport=udp", "sip:bob@elsewhere.org;transport=udp"),
    ("SIPS:bob@elsewhere.org", "sips:bob@elsewhere.org"),
    ("sip:conference.example.org", "sip:conference.example.org"),
    ("sip:bob@elsewhere.org?Replaces=x", "sip:bob@elsewhere.org"),
    ("sip:bob@elsewhere.org;method=BYE", "sip:bob@elsewhere.org"),
    ("tel:+49-30-123", "sip:+4930123@example.org;user=phone"),
    ("tel:123;phone-context=example.org", "tel:123;phone-context=example.org"),
]


@pytest.mark.parametrize(("text", "uri"), GOOD)
def test_a_good_target(text: str, uri: str) -> None:
    assert str(parse_target(text, line())) == uri


@pytest.mark.parametrize(
    ("text", "uri"),
    [("100", "sips:100@example.org"), ("bob@elsewhere.org", "sips:bob@elsewhere.org")],
)
def test_sips_is_dialled_where_it_is_spoken(text: str, uri: str) -> None:
    assert str(parse_target(text, line(send_sips=True))) == uri


BAD = [
    ("", "nothing dialled"),
    ("   ", "nothing dialled"),
    ("1" * 513, "number too long"),
    ("a b c", "not a number or address"),
    ("sip:", "not a number or address"),
    ("sip:bob@", "not a number or address"),
    ("@example.org", "not a number or address"),
    ("bob@exa mple.org", "not a number or address"),
    ("bob@example.org:99999", "not a number or address"),
    ("100\r\nEvil: header", "not a number or address"),
    ("bob\x00@example.org", "not a number or address"),
    ("http://example.org", "not a number or address"),
    ("tel:", "not a number or address"),
    ("größe", "not a number or address"),
]


@pytest.mark.parametrize(("text", "reason"), BAD)
def test_a_bad_target_says_why(text: str, reason: str) -> None:
    with pytest.raises(BadTargetError) as error:
        parse_target(text, line())
    assert str(error.value) == reason


@pytest.mark.parametrize(
    ("address", "party"),
    [
        ('"Bob Miller" <sip:100@example.org>', Party("Bob Miller", "100")),
        ("<sip:example.org>", Party("", "example.org")),
        ("<tel:+4930123>", Party("", "+4930123")),
        ("<urn:service:sos>", Party("", "urn:service:sos")),
        ('"a\tb" <sip:x@y>', Party("a b", "x")),
        (f'"{"n" * 100}" <sip:{"u" * 100}@y>', Party("n" * 64, "u" * 64)),
        ("<sip:%23100@y>", Party("", "#100")),
    ],
)
def test_a_party_is_what_a_person_reads(address: str, party: Party) -> None:
    assert party_of(NameAddress.parse(address)) == party
