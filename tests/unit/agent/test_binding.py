"""Which contact of a 200 is ours, and which is left behind."""

from __future__ import annotations

import pytest

from firmware.agent.account import ContactMatching
from firmware.agent.binding import (
    Identity,
    contacts_of,
    granted_s,
    gruu,
    own_binding,
    stale_bindings,
)
from firmware.link.events import Address
from firmware.sip.headers import Headers
from firmware.sip.message import Response
from firmware.sip.uri import SipUri
from tests.unit.agent.rig import INSTANCE, LOCAL

OURS = SipUri.parse("sip:201@192.0.2.99:40000;transport=tls")
FLOW = f'+sip.instance="<{INSTANCE}>";reg-id=1'
OTHER = '+sip.instance="<urn:uuid:other>";reg-id=1'
OLD = Address("192.0.2.99", 39999)


def response(*contacts: str, **fields: str) -> Response:
    pairs = [("Contact", contact) for contact in contacts]
    return Response(200, headers=Headers.of(*pairs, *fields.items()))


def found(*contacts: str, matching: ContactMatching = ContactMatching.USER) -> str | None:
    read = contacts_of(response(*contacts))
    own = own_binding(read, Identity(OURS, INSTANCE, matching))
    return None if own is None else str(own.uri)


def left(*contacts: str) -> list[str]:
    read = contacts_of(response(*contacts))
    identity = Identity(OURS, INSTANCE, ContactMatching.USER)
    own = own_binding(read, identity)
    assert own is not None
    return [str(uri) for uri in stale_bindings(read, own, identity, [OLD])]


def test_instance_and_flow_decide() -> None:
    assert found(f"<sip:x@nat:1>;{FLOW}", f"<sip:201@y>;{OTHER}") == "sip:x@nat:1"


def test_among_flows_of_ours_the_very_address_decides_then_the_freshest() -> None:
    old, new = f"<sip:201@a:1>;{FLOW};expires=9", f"<sip:201@b:1>;{FLOW};expires=99"
    assert found(old, new) == "sip:201@b:1"
    assert found(f"<{OURS}>;{FLOW};expires=1", new) == str(OURS)


def test_another_flow_of_ours_is_not_this_one() -> None:
    other = f'<sip:9@y>;+sip.instance="<{INSTANCE}>";reg-id=2'
    assert found(other) is None


def test_the_instance_is_compared_without_case() -> None:
    assert found(f'<sip:9@y>;+sip.instance="<{INSTANCE.upper()}>";reg-id=1') == "sip:9@y"


ROWS = [
    ("<sip:201@192.0.2.99:40000;transport=tls>", {0, 1, 2, 3}),
    ("<sip:201@192.0.2.99:40000;transport=tls;x=y>", {0, 1, 2, 3}),
    ("<sip:201@198.51.100.1:7000;transport=tls>", {2}),
    ("<sip:201@192.0.2.99:7000>", {1, 2, 3}),
    ("<sip:202@192.0.2.99:40000;transport=tls>", {1}),
    ("<sip:202@198.51.100.1>", set()),
    (f"<sip:201@192.0.2.99:7000>;{OTHER}", set()),
    ("<tel:201>", set()),
    ("*", set()),
]


@pytest.mark.parametrize(("contact", "ways"), ROWS)
@pytest.mark.parametrize("matching", list(ContactMatching))
def test_contact_matching(contact: str, ways: set[int], matching: ContactMatching) -> None:
    assert (found(contact, matching=matching) is not None) is (matching in ways)


def test_a_contact_that_cannot_be_read_is_passed_over() -> None:
    assert found("<garbage", f"<{OURS}>") == str(OURS)


def test_what_is_left_behind() -> None:
    assert left(
        f"<{OURS}>;{FLOW}",
        f"<sip:201@elsewhere:1>;{FLOW}",  # Our instance, another address.
        f"<sip:201@192.0.2.99:39999>;{OTHER}",  # Another phone's.
        "<sip:201@192.0.2.99:39999;transport=tls>",  # An address that was ours.
        "<sip:202@192.0.2.99:39999;transport=tls>",  # Another account of this phone.
        "<sip:201@192.0.2.99:38888;transport=tls>",  # Nobody knows.
    ) == ["sip:201@elsewhere:1", "sip:201@192.0.2.99:39999;transport=tls"]


def test_what_is_left_behind_is_bounded() -> None:
    many = [f"<sip:201@x:{port}>;{FLOW};expires=1" for port in range(1, 30)]
    assert len(left(f"<{OURS}>;{FLOW};expires=99", *many)) == 8


@pytest.mark.parametrize(
    ("contact", "fields", "expected"),
    [
        ("<sip:a@b>;expires=60", {}, 60),
        ("<sip:a@b>;expires=60", {"Expires": "90"}, 60),
        ("<sip:a@b>", {"Expires": "90"}, 90),
        ("<sip:a@b>", {}, 3600),
        ("<sip:a@b>;expires=0", {"Expires": "90"}, 0),
        ("<sip:a@b>;expires=soon", {"Expires": "90"}, 90),
        ("<sip:a@b>;expires=" + "9" * 5000, {}, 3600),
        ("<sip:a@b>", {"Expires": "soon"}, 3600),
    ],
)
def test_the_period_that_is_granted(contact: str, fields: dict[str, str], expected: int) -> None:
    answer = response(contact, **fields)
    assert granted_s(contacts_of(answer)[0], answer, 3600) == expected


@pytest.mark.parametrize(
    ("parameter", "expected"),
    [
        (';pub-gruu="sip:201@x;gr=urn:uuid:1"', "sip:201@x;gr=urn:uuid:1"),
        (';pub-gruu="sip:<>"', None),
        (';pub-gruu="tel:201"', None),
        (";pub-gruu", None),
        ("", None),
    ],
)
def test_a_gruu_that_cannot_be_used_is_none(parameter: str, expected: str | None) -> None:
    (contact,) = contacts_of(response(f"<{OURS}>{parameter}"))
    found = gruu(contact, "pub-gruu")
    assert (None if found is None else str(found)) == expected


def test_the_address_of_the_rig_is_the_one_of_these_tests() -> None:
    assert (OURS.host, OURS.port) == (LOCAL.host, LOCAL.port)
