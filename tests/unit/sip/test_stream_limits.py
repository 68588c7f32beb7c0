"""A limit on everything that comes on a stream: exact, in bounded memory, however it is cut."""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterable

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from firmware.sip.head import FIELDS_MAX
from firmware.sip.message import Request, Response
from firmware.sip.stream import (
    HEAD_BYTES_MAX,
    MESSAGE_BYTES_MAX,
    PASSED_OVER_BYTES_MAX,
    Item,
    Ping,
    StreamParser,
    Unacceptable,
)
from tests.unit.sip.wire import (
    CRLF,
    OK,
    OPTIONS,
    REQUEST_LINE,
    Ended,
    byte_by_byte,
    in_pieces,
    message,
    names,
    read,
    whole,
)

RECEIVE_BYTES = 16 * 1024
"""What a driver hands over at once."""

MEMORY_BYTES_MAX = 1024 * 1024
"""A parser that holds one message and works on it stays far below."""


def padded(bytes_wanted: int, *, fields: int = 1) -> bytes:
    """Return a request whose head, without its empty line, has that many bytes."""
    fillers = [f"X-{n}: " for n in range(fields)]
    missing = bytes_wanted - (len(message(REQUEST_LINE, *fillers)) - 4)
    fillers[0] += "x" * missing
    data = message(REQUEST_LINE, *fillers)
    assert len(data) - 4 == bytes_wanted
    return data


@pytest.mark.parametrize("size", [1, 2, 3, 4, 5, 1000, 2**17])
def test_a_head_at_its_limit_is_taken_and_one_above_is_refused(size: int) -> None:
    assert names(read(StreamParser(), in_pieces(padded(HEAD_BYTES_MAX), size))) == "Request"
    for surplus in (1, 2, 3, 4, 5):
        data = padded(HEAD_BYTES_MAX + surplus)
        refusal = [Ended("head of a message too long", 513)]
        assert read(StreamParser(), in_pieces(data, size)) == refusal


@pytest.mark.parametrize("size", [1, 1000, 2**17])
def test_a_message_at_its_limit_is_taken_and_one_above_is_refused(size: int) -> None:
    overhead = len(message(REQUEST_LINE, body=b"x" * 100000)) - 100000
    body = b"x" * (MESSAGE_BYTES_MAX - overhead)
    data = message(REQUEST_LINE, body=body)
    assert len(data) == MESSAGE_BYTES_MAX
    (item,) = read(StreamParser(), in_pieces(data, size))
    assert isinstance(item, Request)
    assert item.body == body
    longer = message(REQUEST_LINE, body=body + b"x")
    refused, after = read(StreamParser(), in_pieces(longer + OK, size))
    assert isinstance(refused, Unacceptable)
    assert (refused.answer.status, refused.why) == (513, "message too long")
    assert isinstance(after, Response), "the link lives"


@pytest.mark.parametrize("size", [1000, 2**19])
@pytest.mark.parametrize(
    "start_line", [REQUEST_LINE, "SIP/2.0 200 OK", "ACK sip:b@example.org SIP/2.0"]
)
def test_a_body_that_is_passed_over_takes_no_memory_and_is_not_read(
    start_line: str, size: int
) -> None:
    body = (OPTIONS * (PASSED_OVER_BYTES_MAX // len(OPTIONS) + 1))[:PASSED_OVER_BYTES_MAX]
    method = start_line.partition(" ")[0] if start_line.startswith("ACK") else "OPTIONS"
    data = message(start_line, body=body, method=method)
    found = read(StreamParser(), in_pieces(data + OK, size))
    assert names(found) == ("Unacceptable Response" if start_line == REQUEST_LINE else "Response")
    parser = StreamParser()
    assert peak_bytes(parser, in_pieces(data, RECEIVE_BYTES))[0] < 4 * RECEIVE_BYTES
    assert read(parser, [CRLF * 2]) == [Ping()]


def test_100_header_fields_are_taken_and_101_are_refused_with_an_answer() -> None:
    own = message(REQUEST_LINE).count(CRLF) - 2
    most = message(REQUEST_LINE, *(f"X-{n}: y" for n in range(FIELDS_MAX - own)))
    (item,) = whole(most)
    assert isinstance(item, Request)
    assert len(item.headers) == FIELDS_MAX - 1, "all but Content-Length"
    more = message(REQUEST_LINE, *(f"X-{n}: y" for n in range(FIELDS_MAX - own + 1)))
    item, after = whole(more + OK)
    assert isinstance(item, Unacceptable)
    assert (item.answer.status, item.why) == (400, "too many header fields")
    assert isinstance(after, Response)


# Bad input in bounded memory.


def peak_bytes(parser: StreamParser, pieces: Iterable[bytes]) -> tuple[int, list[Item | Ended]]:
    """Return the most memory it took, and what came of the last piece."""
    out: list[Item | Ended] = []
    tracemalloc.start()
    try:
        for piece in pieces:
            out = read(parser, [piece])
        return tracemalloc.get_traced_memory()[1], out
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    "start",
    [
        b"OPTIONS sip:b@example.org SIP/2.0\r\nSubject: ",
        b"OPTIONS sip:b@example.org SIP/2.0\r\nSubject: \r\n ",
        b"OPTIONS sip:",
        b"SIP/2.0 200 ",
        b"x",
    ],
)
def test_an_endless_line_ends_the_stream(start: bytes) -> None:
    flood = [b"x" * RECEIVE_BYTES] * 500
    too_long = [Ended("head of a message too long", 513)]
    assert read(StreamParser(), [start, *flood[:5]]) == too_long
    peak, out = peak_bytes(StreamParser(), [start, *flood])
    assert out == too_long
    assert peak < MEMORY_BYTES_MAX


def test_endless_header_fields_end_the_stream() -> None:
    flood = [b"\r\nX: y" * 1000] * 500
    peak, out = peak_bytes(StreamParser(), [OPTIONS[:-4], *flood])
    assert out == [Ended("head of a message too long", 513)]
    assert peak < MEMORY_BYTES_MAX


@pytest.mark.parametrize(
    "length", ["100000000", str(PASSED_OVER_BYTES_MAX + 1), "2147483647", "0" * 900 + "99999999"]
)
def test_a_long_body_is_refused_when_it_is_announced(length: str) -> None:
    announcement = message(REQUEST_LINE, f"Content-Length: {length}")
    assert whole(announcement) == [Ended("message too long", 513)]
    pieces = [announcement, *[b"x" * RECEIVE_BYTES] * 500]
    assert peak_bytes(StreamParser(), pieces)[0] < MEMORY_BYTES_MAX


@pytest.mark.parametrize("length", ["99999999999", "9" * 9000, "-1", "+1", "1.5", "1;x", "a", ""])
def test_a_length_that_cannot_be_known_ends_the_stream(length: str) -> None:
    (last,) = whole(message(REQUEST_LINE, f"Content-Length: {length}"))
    assert isinstance(last, Ended)


def test_a_length_that_stands_twice_must_be_the_same() -> None:
    same = message(REQUEST_LINE, "Content-Length: 2", "l: 002", body=b"hi")
    assert names(whole(same)) == "Request"
    other = message(REQUEST_LINE, "Content-Length: 2", "l: 3", body=b"hi!")
    assert names(whole(other)) == "Ended"
    joined = message(REQUEST_LINE, "Content-Length: 2, 2", body=b"hi")
    assert names(whole(joined)) == "Ended"


def test_a_million_line_ends_are_half_a_million_pings_in_bounded_memory() -> None:
    """The link answers a few of them: PINGS_ANSWERED_MAX in firmware/link/flow.py."""
    parser, piece, pings = StreamParser(), CRLF * 8000, 0
    for _ in range(125):
        parser.receive(piece)
        while (item := parser.next_item()) is not None:
            assert type(item) is Ping
            pings += 1
    assert pings == 500_000
    assert peak_bytes(parser, [piece] * 5)[0] < MEMORY_BYTES_MAX


def test_a_message_in_bytes_takes_no_longer_for_each_byte() -> None:
    """Each byte is looked at a few times, not once for each byte behind it."""
    data = padded(HEAD_BYTES_MAX) + message(REQUEST_LINE, body=b"x" * 40_000)
    assert names(byte_by_byte(data * 2)) == "Request Request Request Request"


SIP_LIKE = st.lists(
    st.sampled_from(
        [
            b"\r\n",
            b"\r",
            b"\n",
            b" ",
            b":",
            b"\r\n\r\n",
            b"\r\n ",
            b"OPTIONS sip:b@h SIP/2.0",
            b"ACK sip:b@h SIP/2.0",
            b"OPTIONS sip:b@h SIP/3.0",
            b"SIP/2.0 200 OK",
            b"SIP/2.0 999",
            b"Content-Length: 0",
            b"l: 3",
            b"Content-Length: 140000",
            b"Content-Length: 270000",
            b"\r\nVia: SIP/2.0/TLS h",
            b"\r\nFrom: <sip:a@h>;tag=1",
            b"\r\nTo: <sip:a@h>",
            b"\r\nCall-ID: 1",
            b"\r\nCSeq: 1 OPTIONS",
            b"\r\nContent-Length: 0\r\n\r\n",
            OPTIONS,
            OK,
            OPTIONS[:-20],
            "ä".encode(),
            b"\xff",
            b"\0",
        ]
    ),
    max_size=20,
).map(b"".join)


@settings(max_examples=400, deadline=None)
@given(SIP_LIKE | st.binary(max_size=100), st.integers(2, 50))
@example(padded(HEAD_BYTES_MAX), 2)
@example(b"x" * (HEAD_BYTES_MAX + 1) + CRLF * 2, 2)
@example(b"x" * (HEAD_BYTES_MAX + 4) + CRLF * 2, 2)
@example(b"x" * HEAD_BYTES_MAX + CRLF, 2)
@example(b"SIP/2.0 200 OK\r\n\r\n", 17)
def test_any_bytes_give_the_same_items_whole_and_in_pieces(data: bytes, size: int) -> None:
    expected = whole(data)
    assert byte_by_byte(data) == expected
    assert read(StreamParser(), in_pieces(data, size)) == expected
    for item in expected:
        if isinstance(item, Unacceptable):
            assert names(whole(bytes(item.answer))) in {"Response", ""}


def test_a_stream_that_has_ended_stays_ended() -> None:
    parser = StreamParser()
    first = read(parser, [b"HTTP/1.1 400 Bad Request\r\n\r\n"])
    assert first == [Ended("not a SIP message", 400)]
    assert read(parser, [OK]) == first
    assert read(parser, [CRLF * 2]) == first
