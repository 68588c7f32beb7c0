"""A stream cut into messages, pings and pongs means the same wherever it is cut."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firmware.sip.message import Request, Response
from firmware.sip.stream import (
    PONGS_OWED_MAX,
    Item,
    Ping,
    Pong,
    StreamParser,
)
from tests.unit.sip import strategies as draw
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


def after_pings(pings: int) -> StreamParser:
    """Return a parser while that many pongs are owed to us."""
    parser = StreamParser()
    for _ in range(pings):
        parser.expect_pong()
    return parser


def every_cut(data: bytes) -> Iterator[list[bytes]]:
    """Cut bytes in two, and in three, at every place."""
    for first in range(len(data) + 1):
        for second in range(first, len(data) + 1):
            yield [data[:first], data[first:second], data[second:]]


# CRLFs between messages (RFC 3261 7.5, RFC 5626 3.5.1 and 5.4).


@pytest.mark.parametrize(
    ("pings", "data", "expected"),
    [
        (0, CRLF, ""),
        (0, CRLF * 2, "Ping"),
        (0, CRLF * 3, "Ping"),
        (0, CRLF * 4, "Ping Ping"),
        (1, CRLF, "Pong"),
        (1, CRLF * 2, "Pong"),
        (1, CRLF * 3, "Pong Ping"),
        (2, CRLF * 2, "Pong Pong"),
        (3, CRLF * 2, "Pong Pong"),
        (2, CRLF * 4, "Pong Pong Ping"),
        (0, CRLF + OK, "Response"),
        (0, CRLF * 2 + OK, "Ping Response"),
        (0, CRLF * 3 + OK, "Ping Response"),
        (1, CRLF + OK, "Pong Response"),
        (1, CRLF * 3 + OK, "Pong Ping Response"),
        (1, OK + CRLF, "Response Pong"),
        (0, OK + CRLF + OPTIONS + CRLF, "Response Request"),
        (0, CRLF + OPTIONS + CRLF * 2, "Request Ping"),
    ],
)
def test_what_line_ends_mean_does_not_depend_on_where_they_are_cut(
    pings: int, data: bytes, expected: str
) -> None:
    assert names(read(after_pings(pings), in_pieces(data))) == expected
    cuts = every_cut(data) if len(data) < 40 else ([data[:c], data[c:]] for c in range(len(data)))
    for pieces in cuts:
        assert names(read(after_pings(pings), pieces)) == expected, pieces


def test_two_pongs_however_far_apart_are_two_pongs() -> None:
    """Lesson 1: glued into a ping, they made another phone answer and lose its link."""
    parser = StreamParser()
    for _ in range(5):
        parser.expect_pong()
        assert read(parser, [CRLF]) == [Pong()]
        assert read(parser, [b""]) == []


@pytest.mark.parametrize("cut", range(3))
def test_a_late_pong_and_the_next_one_are_not_a_ping(cut: int) -> None:
    parser = after_pings(1)
    late = CRLF * 2
    assert names(read(parser, [late[:cut]])) == ("Pong" if cut == 2 else "")
    parser.expect_pong()
    assert names(read(parser, [late[cut:]])) == ("Pong" if cut == 2 else "Pong Pong")


def test_a_loose_line_end_is_not_glued_to_the_pong_of_a_later_ping() -> None:
    parser = StreamParser()
    assert read(parser, [CRLF]) == []
    parser.expect_pong()
    assert read(parser, [CRLF]) == [Pong()]
    assert read(parser, [CRLF]) == []
    assert read(parser, [CRLF]) == [Ping()]


def test_a_loose_line_end_is_forgotten_when_a_message_begins() -> None:
    assert names(whole(CRLF + OK + CRLF + OK + CRLF * 2 + OK)) == "Response Response Ping Response"


def test_a_pong_does_not_stay_before_the_next_message() -> None:
    """Lesson 2: the 200 OK behind a pong that was kept began with a CRLF and was refused."""
    parser = after_pings(1)
    assert read(parser, [CRLF]) == [Pong()]
    assert names(read(parser, [OK])) == "Response"


def test_a_double_line_end_that_nobody_asked_for_is_a_ping() -> None:
    """Lesson 4: some exchanges send it on their own."""
    assert whole(CRLF * 2) == byte_by_byte(CRLF * 2) == [Ping()]


def test_a_ping_that_crosses_ours_is_completed_by_the_pong() -> None:
    """Three CRLFs in whatever order they were meant are one ping and one pong."""
    assert names(read(after_pings(1), [CRLF, CRLF, CRLF])) == "Pong Ping"


@pytest.mark.parametrize("body", [b"", CRLF, CRLF * 2, CRLF * 5])
def test_line_ends_in_a_message_are_no_sign_of_life(body: bytes) -> None:
    data = message(REQUEST_LINE, body=body)
    for cut in range(1, len(data)):
        parser = after_pings(1)
        assert read(parser, [data[:cut]]) == []
        parser.expect_pong()
        (item,) = read(parser, [data[cut:]])
        assert isinstance(item, Request)
        assert item.body == body
        assert read(parser, [CRLF, CRLF]) == [Pong(), Pong()]


def test_pongs_are_owed_up_to_a_limit() -> None:
    parser = after_pings(PONGS_OWED_MAX + 10)
    out = read(parser, [CRLF * (PONGS_OWED_MAX + 2)])
    assert out == [Pong()] * PONGS_OWED_MAX + [Ping()]


@pytest.mark.parametrize("start", [b"\n", b"\r\r", b"\r\n\r\r\n", b" ", b"\0", b"\xff", b"\x7f"])
def test_half_a_line_end_cannot_begin_a_message(start: bytes) -> None:
    for out in (whole(start + OK), byte_by_byte(start + OK)):
        assert out == [Ended("a message cannot begin like this", 400)]


Step = bytes | None
"""Bytes from the peer, or a ping of ours."""

steps = st.lists(st.sampled_from([None, CRLF, CRLF, OK, OPTIONS]), max_size=14)


def meaning(steps: list[Step]) -> list[str]:
    """Say what the module's text says: the machine without a buffer."""
    owed, half, out = 0, False, []
    for step in steps:
        if step is None:
            owed, half = min(owed + 1, PONGS_OWED_MAX), False
        elif step != CRLF:
            half = False
            out.append("Response" if step == OK else "Request")
        elif owed:
            owed -= 1
            out.append("Pong")
        else:
            half = not half
            if not half:
                out.append("Ping")
    return out


@settings(max_examples=150, deadline=None)
@given(steps, st.integers(1, 200))
def test_any_order_of_pings_pongs_and_messages_means_the_same_in_pieces_of_any_size(
    steps: list[Step], size: int
) -> None:
    parser = StreamParser()
    out: list[Item | Ended] = []
    for step in steps:
        if step is None:
            parser.expect_pong()
        else:
            out += read(parser, in_pieces(step, size))
    assert names(out) == " ".join(meaning(steps))


# Messages.


@settings(max_examples=60, deadline=None)
@given(st.lists(draw.messages, min_size=1, max_size=3), st.integers(1, 300))
def test_messages_in_a_row_are_read_one_by_one(
    messages: list[Request | Response], size: int
) -> None:
    data = b"".join(map(bytes, messages))
    out = whole(data)
    assert read(StreamParser(), in_pieces(data, size)) == out
    assert len(out) == len(messages)
    for sent, item in zip(messages, out, strict=True):
        assert item == sent


@pytest.mark.parametrize("cut", range(1, len(OPTIONS)))
def test_a_message_comes_when_its_last_byte_comes(cut: int) -> None:
    parser = StreamParser()
    assert read(parser, [OPTIONS[:cut]]) == []
    assert names(read(parser, [OPTIONS[cut:]])) == "Request"


@pytest.mark.parametrize("name", ["Content-Length", "content-length", "l", "L", "CONTENT-LENGTH "])
def test_the_length_is_found_under_each_of_its_names(name: str) -> None:
    data = message(REQUEST_LINE, f"{name}: 0005", "Content-Length: 5", body=b"hello")
    (item,) = whole(data)
    assert isinstance(item, Request)
    assert item.body == b"hello"
    assert "Content-Length" not in item.headers


def test_the_version_is_compared_without_regard_to_case() -> None:
    assert names(whole(message("OPTIONS sip:b@h sip/2.0"))) == "Request"
    assert names(whole(message("sip/2.0 200 OK"))) == "Response"
