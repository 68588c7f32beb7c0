"""Whatever is written reads back as itself; whatever is read is a value or a protocol error."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from firmware.sip.address import NameAddress, parse_list
from firmware.sip.auth import AuthenticationInfo, Challenge
from firmware.sip.cseq import CSeq
from firmware.sip.errors import RemoteProtocolError
from firmware.sip.fields import MediaType, Reason
from firmware.sip.grammar import Parameters, quote, split_list, unescape, unquote
from firmware.sip.message import Request, Response, parse_message
from firmware.sip.sdp import SessionDescription
from firmware.sip.uri import SipUri, parse_uri
from firmware.sip.via import Via
from tests.unit.sip import strategies as draw

READERS: dict[str, tuple[Callable[[str], object], st.SearchStrategy[Any]]] = {
    "uri": (parse_uri, draw.uris),
    "address": (NameAddress.parse, draw.addresses),
    "via": (Via.parse, draw.vias),
    "cseq": (CSeq.parse, draw.cseqs),
    "parameters": (Parameters.parse, draw.header_parameters),
    "media type": (MediaType.parse, draw.media_types),
    "reason": (Reason.parse, draw.reasons),
    "challenge": (Challenge.parse, draw.challenges),
}


@pytest.mark.parametrize("name", READERS)
def test_what_is_written_reads_back(name: str) -> None:
    parse, values = READERS[name]

    @settings(max_examples=60, deadline=None)
    @given(values)
    def check(value: object) -> None:
        assert parse(str(value)) == value
        assert str(parse(str(value))) == str(value)

    check()


@settings(max_examples=60, deadline=None)
@given(draw.messages)
def test_a_message_reads_back(message: Request | Response) -> None:
    again = parse_message(bytes(message))
    assert again == message
    assert bytes(again) == bytes(message)


@settings(max_examples=40, deadline=None)
@given(draw.messages)
def test_the_typed_fields_of_a_message_read_back(message: Request | Response) -> None:
    again = parse_message(bytes(message))
    assert str(again.via) == message.headers.get("Via")
    assert str(again.from_) == message.headers.get("From")
    assert again.from_.tag == "f"
    assert str(again.to) == message.headers.get("To")
    assert str(again.cseq) == message.headers.get("CSeq")


@settings(max_examples=60, deadline=None)
@given(draw.descriptions)
def test_a_session_description_reads_back(description: SessionDescription) -> None:
    assert SessionDescription.parse(bytes(description)) == description


@given(draw.line_text)
def test_a_quoted_text_says_what_was_quoted(text: str) -> None:
    assert unquote(quote(text)) == text


@given(st.lists(draw.addresses, max_size=4))
def test_a_joined_list_is_split_again(addresses: list[NameAddress]) -> None:
    assert parse_list(", ".join(map(str, addresses))) == tuple(addresses)


@given(st.text(max_size=40))
def test_a_list_is_split_without_losing_a_word(text: str) -> None:
    """Never raises; but for commas and white space everything is still there."""
    kept = "".join("".join(split_list(text)).split())
    without_commas = "".join("".join(text.split(",")).split())
    assert kept == without_commas or '"' in text or "<" in text
    assert len(kept) <= len(text)


def test_the_escapes_of_a_user_are_kept_as_they_were_spelled() -> None:
    for text in ("sip:a%3Bb@h", "sip:%61lice@h", "sip:sips%3Auser%40example.com@example.net"):
        assert str(parse_uri(text)) == text


NEVER_WRITTEN = {AuthenticationInfo.parse, unescape, unquote}
"""What a phone only reads; there is no way back to compare with."""

ANYTHING = st.one_of(
    st.text(max_size=40),
    st.text('sip:s@<>";,=?%[]:/ \\Dta1 gestnonc', max_size=40),
    draw.addresses.map(str),
    draw.vias.map(str),
    draw.challenges.map(str),
)


@pytest.mark.parametrize(
    "parse",
    [
        parse_uri,
        SipUri.parse,
        NameAddress.parse,
        Via.parse,
        CSeq.parse,
        Parameters.parse,
        MediaType.parse,
        Reason.parse,
        Challenge.parse,
        AuthenticationInfo.parse,
        unescape,
        unquote,
    ],
)
def test_any_text_is_a_value_or_a_protocol_error(parse: Callable[[str], object]) -> None:
    @settings(max_examples=80, deadline=None)
    @given(ANYTHING)
    @example("")
    @example("9" * 5000 + " INVITE")
    @example("sip:[::ffff:1.2.3.4%25eth0]")
    @example("sip:host:99999")
    def check(text: str) -> None:
        try:
            value = parse(text)
        except RemoteProtocolError as refusal:
            assert_is_for_people(refusal)
            return
        assert parse in NEVER_WRITTEN or parse(str(value)) == value

    check()


def assert_is_for_people(refusal: RemoteProtocolError) -> None:
    assert refusal.status >= 400
    assert str(refusal).isprintable()


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=200) | draw.descriptions.map(bytes))
@example(b"v=0\r\no=- " + b"9" * 5000 + b" 1 IN IP4 h\r\n")
@example(b"v=0\r\nm=audio 1 RTP/AVP 0\r\na=rtpmap:0\r\n")
def test_any_bytes_are_a_session_description_or_a_protocol_error(data: bytes) -> None:
    try:
        description = SessionDescription.parse(data)
    except RemoteProtocolError:
        return
    assert SessionDescription.parse(bytes(description)).media == description.media


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=100), draw.messages, st.integers(0, 400))
def test_a_message_with_anything_in_it_is_a_message_or_a_protocol_error(
    junk: bytes, message: Request | Response, place: int
) -> None:
    data = bytes(message)
    try:
        parsed = parse_message(data[:place] + junk + data[place:])
        _ = parsed.via, parsed.vias, parsed.from_, parsed.to, parsed.call_id, parsed.cseq
    except RemoteProtocolError as refusal:
        assert_is_for_people(refusal)
