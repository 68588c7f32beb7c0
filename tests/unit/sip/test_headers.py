"""Header fields: names by any spelling, values in order, lists split; read as typed values."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware.sip.errors import RemoteProtocolError
from firmware.sip.fields import HOPS_MAX, SECONDS_MAX, read_number
from firmware.sip.grammar import Parameters, split_list
from firmware.sip.headers import COMPACT, KNOWN, LISTS, Headers, canonical
from firmware.sip.message import Request, Response, parse_message
from tests.unit.sip import strategies as draw
from tests.unit.sip.wire import REQUEST_LINE, message


def read(*lines: str) -> Request:
    request = parse_message(message(REQUEST_LINE, *lines))
    assert isinstance(request, Request)
    return request


# Names.


@pytest.mark.parametrize("name", sorted(set(KNOWN.values())))
def test_a_name_in_any_case_is_one_name(name: str) -> None:
    for spelling in (name, name.lower(), name.upper(), name.title(), name.swapcase()):
        assert canonical(spelling) == name


@pytest.mark.parametrize("short", COMPACT)
def test_a_compact_name_is_the_long_one(short: str) -> None:
    assert canonical(short) == canonical(short.upper()) == COMPACT[short]


def test_an_unknown_name_is_one_name_in_any_case() -> None:
    assert canonical("x-my-FIELD") == canonical("X-MY-field") == "X-My-Field"


@given(draw.tokens)
def test_a_canonical_name_stays_what_it_is(name: str) -> None:
    assert canonical(canonical(name)) == canonical(name) == canonical(name.swapcase())


# The multimap.

HEADERS = Headers.of(("Via", "a, b"), ("to", "x"), ("v", "c"), ("Subject", "one, two"))


def test_values_are_found_by_any_spelling_of_their_name() -> None:
    assert HEADERS.get("VIA") == HEADERS.get("v") == "a, b"
    assert HEADERS.get("t") == "x"
    assert "TO" in HEADERS
    assert "From" not in HEADERS
    assert HEADERS.get("From") is None
    assert len(HEADERS) == 4


def test_only_a_field_that_is_a_list_is_split() -> None:
    assert HEADERS.all("Via") == ("a", "b", "c")
    assert HEADERS.all("Subject") == ("one, two",)
    assert HEADERS.all("From") == ()
    assert HEADERS.count("Via") == 2


def test_a_comma_in_quotes_or_brackets_splits_nothing() -> None:
    text = '"A, \\" B" <sip:a,b@h;x=1,2>;p="q,r" , <sip:c@h>,, sip:d@h ,'
    assert split_list(text) == ('"A, \\" B" <sip:a,b@h;x=1,2>;p="q,r"', "<sip:c@h>", "sip:d@h")


def test_a_changed_copy_keeps_the_order() -> None:
    assert [*HEADERS.set("Via", "z")] == [("Via", "z"), ("To", "x"), ("Subject", "one, two")]
    assert [*HEADERS.set("To", "y", "z")][1:3] == [("To", "y"), ("To", "z")]
    assert [*HEADERS.set("From", "f")][-1] == ("From", "f")
    assert [*HEADERS.add("via", "d")][-1] == ("Via", "d")
    assert HEADERS.prepend("via", "d").fields[0] == ("Via", "d")
    assert [*HEADERS.without("v")] == [("To", "x"), ("Subject", "one, two")]
    assert HEADERS.count("Via") == 2, "the original stays"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("Subject", "a\r\nTo: b"),
        ("Subject", "a\nb"),
        ("Subject", "a\rb"),
        ("Subject", "a\0b"),
        ("Subject", '"a\\\r\nTo: b"'),
        ("Subject", '"a\\\nTo: b"'),
        ("Bad Name", "x"),
        ("Bad:Name", "x"),
        ("", "x"),
        ("X\r\nTo", "x"),
    ],
)
def test_what_would_end_a_line_is_never_written(name: str, value: str) -> None:
    for write in (Headers().add, Headers().prepend, Headers().set):
        with pytest.raises(ValueError, match=r"header field name|control character"):
            write(name, value)
    with pytest.raises(ValueError, match=r"header field name|control character"):
        Headers.of((name, value))


def test_a_start_line_is_never_written_with_a_line_end() -> None:
    with pytest.raises(ValueError, match="start line"):
        bytes(Response(200, "OK\r\nTo: x"))


@pytest.mark.parametrize(
    ("name", "value"), [("bad name", None), ("", None), ("p", "a b"), ("p", "a;b"), ("p", '"a')]
)
def test_a_parameter_that_would_not_read_back_is_refused(name: str, value: str | None) -> None:
    with pytest.raises(ValueError, match="parameter"):
        Parameters().with_(name, value)


def test_a_parameter_is_replaced_where_it_stands() -> None:
    parameters = Parameters.parse(";a=1;B;c=3")
    assert str(parameters.with_("A", "2")) == ";A=2;B;c=3"
    assert str(parameters.with_("b", '"x y"')) == ';a=1;b="x y";c=3'
    assert str(parameters.with_("d")) == ";a=1;B;c=3;d"
    assert str(parameters.without("A").without("C")) == ";B"
    assert len(parameters) == 3


# Typed reading.


@pytest.mark.parametrize(
    ("attribute", "field"),
    [
        ("routes", "Route"),
        ("record_routes", "Record-Route"),
        ("path", "Path"),
        ("service_routes", "Service-Route"),
        ("p_asserted_identity", "P-Asserted-Identity"),
        ("contacts", "m"),
    ],
)
def test_a_list_of_addresses_is_joined_from_all_its_fields(attribute: str, field: str) -> None:
    read_as = read(f'{field}: "A, B" <sip:a@h;lr>, <sip:b@h>', f"{field}: <sip:c@h>")
    assert [str(address.uri) for address in getattr(read_as, attribute)] == [
        "sip:a@h;lr",
        "sip:b@h",
        "sip:c@h",
    ]
    assert getattr(read(), attribute) == ()
    with pytest.raises(RemoteProtocolError, match=canonical(field)):
        getattr(read(f"{field}: <sip:a@h>, <garbage"), attribute)


def test_a_contact_of_a_star_is_every_binding_and_no_address() -> None:
    star = read("Contact: *")
    assert (star.contact_is_star, star.contacts) == (True, ())
    assert not read("Contact: <sip:a@h>").contact_is_star


@pytest.mark.parametrize(
    ("attribute", "field"),
    [
        ("expires", "Expires"),
        ("min_expires", "Min-Expires"),
        ("retry_after", "Retry-After"),
        ("flow_timer", "Flow-Timer"),
    ],
)
@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("0", 0),
        ("0060", 60),
        ("120 (in a meeting)", 120),
        ("18000;duration=3600", 18000),
        ("120 (meeting) ;duration=1", 120),
        (str(SECONDS_MAX), SECONDS_MAX),
    ],
)
def test_seconds_are_read(attribute: str, field: str, text: str, seconds: int) -> None:
    assert getattr(read(f"{field}: {text}"), attribute) == seconds
    assert getattr(read(), attribute) is None


@pytest.mark.parametrize("text", ["", "-1", "1.5", "soon", "60 seconds", str(SECONDS_MAX + 1)])
def test_seconds_that_cannot_be_read_are_refused_but_for_expires(text: str) -> None:
    """RFC 3261 10.2.1.1: a malformed Expires counts as none."""
    fields = read(f"Min-Expires: {text}", f"Retry-After: {text}", f"Expires: {text}")
    for attribute in ("min_expires", "retry_after"):
        with pytest.raises(RemoteProtocolError):
            getattr(fields, attribute)
    assert fields.expires is None


def test_max_forwards_goes_up_to_its_limit() -> None:
    assert read(f"Max-Forwards: {HOPS_MAX}").max_forwards == HOPS_MAX
    assert Request("OPTIONS", read().uri).max_forwards is None
    with pytest.raises(RemoteProtocolError):
        _ = read(f"Max-Forwards: {HOPS_MAX + 1}").max_forwards


@pytest.mark.parametrize("text", ["٣", "²", "1_0", "+1", "0x1", "1e3", " ", "9" * 5000])
def test_what_python_would_take_for_a_number_is_none(text: str) -> None:
    with pytest.raises(RemoteProtocolError):
        read_number("n", text, 1000)


def test_option_tags_are_compared_in_lower_case() -> None:
    fields = read("k: 100rel, Outbound", "Supported: GRUU", "Require: X", "Unsupported: y,z")
    assert fields.supported == ("100rel", "outbound", "gruu")
    assert (fields.require, fields.unsupported) == (("x",), ("y", "z"))
    assert read("Allow: INVITE, ack").allow == ("INVITE", "ack")
    assert read().supported == read().allow == ()
    with pytest.raises(RemoteProtocolError, match="Require"):
        _ = read("Require: a b").require


def test_the_type_of_a_body_is_in_lower_case() -> None:
    found = read('c: Application / SDP ; Charset="utf-8"').content_type
    assert found is not None
    assert (found.name, found.parameters.get("charset")) == ("application/sdp", '"utf-8"')
    assert read().content_type is None
    for text in ("application", "application/", "/sdp", "a/b/c", "a b/c", ""):
        with pytest.raises(RemoteProtocolError, match="Content-Type"):
            _ = read(f"Content-Type: {text}").content_type


def test_a_reason_says_its_cause_and_its_text() -> None:
    one, two, three = read(
        'Reason: SIP ;cause=200 ;text="Call completed, elsewhere"', "Reason: Q.850;cause=x, SIP"
    ).reason_values
    assert (one.protocol, one.cause, one.text) == ("SIP", 200, "Call completed, elsewhere")
    assert (two.protocol, two.cause, two.text) == ("Q.850", None, "")
    assert (three.cause, str(three)) == (None, "SIP")
    with pytest.raises(RemoteProtocolError, match="Reason"):
        _ = read("Reason: two words;cause=1").reason_values


@pytest.mark.parametrize(
    "field", ["Via", "From", "To", "Call-ID", "CSeq"], ids=lambda name: f"without {name}"
)
def test_a_field_that_is_missing_is_named(field: str) -> None:
    read_as = read()
    fields = Request("OPTIONS", read_as.uri, read_as.headers.without(field))
    attribute = {"From": "from_"}.get(field, field.lower().replace("-", "_"))
    with pytest.raises(RemoteProtocolError, match=f"{field} is missing"):
        getattr(fields, attribute)


def test_the_topmost_via_is_read_without_those_below_it() -> None:
    """A hop far away may write what we cannot read; a response still takes its way back."""
    fields = read("Via: SIP/2.0/TLS near;branch=b, garbage", "Via: worse")
    assert fields.via.host == "near"
    with pytest.raises(RemoteProtocolError, match="Via"):
        _ = fields.vias


@given(st.lists(draw.addresses, min_size=1, max_size=4))
def test_a_list_reads_the_same_in_one_field_and_in_many(addresses: list[object]) -> None:
    uri = read().uri
    many = Request("M", uri, Headers.of(*(("Route", address) for address in addresses)))
    one = Request("M", uri, Headers.of(("Route", ", ".join(map(str, addresses)))))
    assert one.routes == many.routes == tuple(addresses)


def test_names_of_lists_are_canonical() -> None:
    assert {canonical(name) for name in LISTS} == LISTS


# Status lines.


@pytest.mark.parametrize(
    ("status", "text"), [(198, "Progress"), (298, "Success"), (486, "Busy Here")]
)
def test_a_status_without_a_phrase_has_that_of_its_class(status: int, text: str) -> None:
    assert Response(status).reason == text


def test_a_request_is_answered_with_what_it_brought() -> None:
    request = read("Record-Route: <sip:p;lr>", "Timestamp: 54", "To: <sip:b@h>")
    names = ["Via", "From", "Call-ID", "CSeq"]
    trying, ringing, busy = (request.answer(status, to_tag="t") for status in (100, 180, 486))
    assert [name for name, _ in trying.headers] == ["Timestamp", "To", *names]
    assert [name for name, _ in ringing.headers] == ["Record-Route", "To", *names]
    assert [name for name, _ in busy.headers] == ["To", *names]
    assert (busy.reason, busy.to.tag) == ("Busy Here", "t")
