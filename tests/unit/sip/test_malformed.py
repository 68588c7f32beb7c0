"""A malformed message is answered, dropped, or ends the stream.

405, 415, 416 and 420 are for what is well formed and not served here. The agent gives them:
tests/unit/agent/test_screening.py.
"""

from __future__ import annotations

import pytest

from firmware.sip.message import Response
from firmware.sip.stream import Unacceptable
from tests.unit.sip.wire import (
    CRLF,
    OK,
    OPTIONS,
    REQUEST_LINE,
    Ended,
    byte_by_byte,
    message,
    names,
    whole,
)


@pytest.mark.parametrize(
    ("start_line", "lines", "status"),
    [
        ("OPTIONS sip:b@h SIP/3.0", [], 505),
        ("OPTIONS sip:b@h SIP/2.1", [], 505),
        ("OPTIONS sip: SIP/2.0", [], 400),
        ("OPTIONS b SIP/2.0", [], 400),
        ("OPTIONS sip:b@h?Subject=x SIP/2.0", [], 400),
        ("OPTIONS sip:b@[1::2::3] SIP/2.0", [], 400),
        ("OPTIONS sip:b@h:99999 SIP/2.0", [], 400),
        ("OPTIONS sip:b%4@h SIP/2.0", [], 400),
        ("OPT(IONS sip:b@h SIP/2.0", [], 400),
        (REQUEST_LINE, ["From: garbage"], 400),
        (REQUEST_LINE, ["To: <sip:b"], 400),
        (REQUEST_LINE, ["Via: SIP/2.0/TLS"], 400),
        (REQUEST_LINE, ["Call-ID: two words"], 400),
        (REQUEST_LINE, ["Call-ID:"], 400),
        (REQUEST_LINE, ["CSeq: 1 INVITE"], 400),
        (REQUEST_LINE, ["CSeq: 1 options"], 400),
        (REQUEST_LINE, ["CSeq: 2147483648 OPTIONS"], 400),
        (REQUEST_LINE, ["Max-Forwards: 256"], 400),
        (REQUEST_LINE, ["Max-Forwards: -1"], 400),
        (REQUEST_LINE, ["no colon"], 400),
        (REQUEST_LINE, ["Bad Name: x"], 400),
        (REQUEST_LINE, ["Subject: bare \r return"], 400),
        (REQUEST_LINE, ["Subject: bare \n line feed"], 400),
        (REQUEST_LINE, ["Subject: null \0"], 400),
        (REQUEST_LINE, ["To: <sip:b@h>", "t: <sip:c@h>"], 400),
        (REQUEST_LINE, ["Content-Type: a/b", "c: a/c"], 400),
    ],
)
def test_a_malformed_request_is_answered_and_the_stream_goes_on(
    start_line: str, lines: list[str], status: int
) -> None:
    data = message(start_line, *lines) + OK
    item, after = whole(data)
    assert isinstance(item, Unacceptable)
    assert isinstance(after, Response)
    assert byte_by_byte(data) == [item, after]
    answer = item.answer
    assert answer.status == status
    assert answer.headers.count("Via") == answer.headers.count("CSeq") == 1
    assert status == 505 or item.why in answer.reason
    assert names(whole(bytes(answer) + OK)) in {"Response Response", "Response"}


@pytest.mark.parametrize(
    "data",
    [
        message("ACK sip:b@h SIP/2.0", "From: garbage", method="ACK"),
        message("ACK sip:b@h SIP/3.0", method="ACK"),
        message("SIP/2.0 200 OK", "CSeq: x"),
        message("SIP/2.0 99 Low"),
        message("SIP/2.0 700 High"),
        message("SIP/2.0 2000 Long"),
        message("SIP/3.0 200 OK"),
        message("SIP/2.0 200 OK", "Via: nonsense"),
        message("SIP/2.0 200 OK", "no colon"),
    ],
)
def test_what_nobody_may_answer_is_dropped(data: bytes) -> None:
    assert names(whole(data + OPTIONS)) == "Request"
    assert names(byte_by_byte(data + OPTIONS)) == "Request"


@pytest.mark.parametrize(
    "head",
    [
        "OPTIONS sip:b@h SIP/2.0\r\nCSeq: 1 OPTIONS\r\nContent-Length: 0",
        "OPTIONS sip:b@h SIP/2.0\r\nVia: SIP/2.0/TLS h\r\nContent-Length: 0",
        "OPTIONS sip:b@h SIP/2.0\r\nContent-Length: 0",
        "OPTIONS sip:b@h SIP/2.0\r\nVia: SIP/2.0/TLS h\r\nCSeq: 1 OPTIONS",
        "GET / HTTP/1.1\r\nHost: h",
        "\x16\x03\x01\x02",
        "SSH-2.0-OpenSSH_9.2",
    ],
)
def test_what_cannot_be_answered_ends_the_stream(head: str) -> None:
    data = head.encode() + CRLF * 2 + OK
    (last,) = whole(data)
    assert isinstance(last, Ended)
    assert byte_by_byte(data) == [last]


def test_an_answer_takes_what_an_answer_takes() -> None:
    data = message(
        REQUEST_LINE,
        "Via: SIP/2.0/TLS p2;branch=z9hG4bK2, SIP/2.0/TLS p3;branch=z9hG4bK3",
        "Via: SIP/2.0/TLS p4;branch=z9hG4bK4",
        "Record-Route: <sip:p2;lr>",
        "Max-Forwards: many",
    )
    (item,) = whole(data)
    assert isinstance(item, Unacceptable)
    fields = [name for name, _ in item.answer.headers]
    assert fields == ["Via", "Via", "From", "To", "Call-ID", "CSeq"]
    assert item.answer.vias[2].host == "p4"
    assert item.answer.to.tag
    assert item.answer.from_.tag == "f"


def test_an_answer_keeps_the_tag_that_is_there() -> None:
    (item,) = whole(message(REQUEST_LINE, "To: <sip:b@h>;tag=theirs", "Max-Forwards: many"))
    assert isinstance(item, Unacceptable)
    assert item.answer.to.tag == "theirs"
