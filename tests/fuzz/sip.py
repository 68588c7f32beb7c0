"""The fuzz targets of the SIP layer: each takes any bytes and fails where a property does not hold.

What all have in common: reading gives a value or a `RemoteProtocolError`, never another exception;
what was read is written and reads back as itself; what a reader of ours takes for a secret does not
pass the mask (T4). The fuzzer itself bounds the time and memory of each input.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import TypeVar

from firmware.sip.address import NameAddress, parse_list
from firmware.sip.auth import AuthenticationInfo, Challenge, answer_challenge, best
from firmware.sip.cseq import CSeq
from firmware.sip.errors import RemoteProtocolError
from firmware.sip.fields import MediaType, Reason
from firmware.sip.grammar import FORBIDDEN, quote, split_list, unescape, unquote
from firmware.sip.head import content_length, read_head
from firmware.sip.mask import masked_bytes, masked_uri, masked_value
from firmware.sip.message import Message, Request, Response, parse_message
from firmware.sip.sdp import Media, SessionDescription
from firmware.sip.stream import MESSAGE_BYTES_MAX, Item, Ping, Pong, StreamParser, Unacceptable
from firmware.sip.uri import SipUri, TelUri, parse_uri
from firmware.sip.via import Via
from tests.fuzz import secrets
from tests.lab import digest
from tests.unit.sip.wire import Ended, in_pieces, read, whole

Given = TypeVar("Given")
Read = TypeVar("Read")

TYPED_FIELDS = (
    "via",
    "vias",
    "from_",
    "to",
    "call_id",
    "cseq",
    "contacts",
    "contact_is_star",
    "routes",
    "record_routes",
    "path",
    "service_routes",
    "p_asserted_identity",
    "max_forwards",
    "expires",
    "min_expires",
    "retry_after",
    "flow_timer",
    "supported",
    "require",
    "unsupported",
    "allow",
    "content_type",
    "www_challenges",
    "proxy_challenges",
    "reason_values",
)

READERS: tuple[Callable[[str], object], ...] = (
    parse_uri,
    SipUri.parse,
    TelUri.parse,
    NameAddress.parse,
    Via.parse,
)


def attempt(reader: Callable[[Given], Read], given: Given) -> Read | None:
    """Return what is read, None where it is refused in words; any other exception passes."""
    try:
        return reader(given)
    except RemoteProtocolError as refusal:
        _check_refusal(str(refusal), refusal.status)
        return None


def _check_refusal(why: str, status: int) -> None:
    assert why.isprintable()
    assert status >= 400


def stream(data: bytes) -> None:
    """Check that a stream gives the same items however it is cut, and that each can be written.

    The first byte says how many pongs are owed, the second how long a piece is.
    """
    pongs, size, rest = int.from_bytes(data[:1]) % 4, int.from_bytes(data[1:2]) + 2, data[2:]
    items = _items([rest], pongs)
    assert _items(in_pieces(rest), pongs) == items
    assert _items(in_pieces(rest, size), pongs) == items
    for item in items:
        _check_item(item)
    masked_bytes(rest)


def _items(pieces: Iterable[bytes], pongs: int) -> list[Item | Ended]:
    parser = StreamParser()
    for _ in range(pongs):
        parser.expect_pong()
    items = read(parser, pieces)
    assert len(parser._buffer) - parser._start < MESSAGE_BYTES_MAX
    return items


def _check_item(item: Item | Ended) -> None:
    match item:
        case Request() | Response():
            assert whole(bytes(item)) == [item]
        case Unacceptable(answer, why):
            assert why.isprintable()
            assert parse_message(bytes(answer)) == answer
        case Ended(why, status):
            _check_refusal(why, status)
        case Ping() | Pong():
            pass


def message(data: bytes) -> None:
    """Check one message that stands alone: its fields, its body, what is shown of it."""
    shown = masked_bytes(data)
    found = attempt(parse_message, data)
    if found is None:
        return
    again = parse_message(bytes(found))
    assert again == found
    assert bytes(again) == bytes(found)
    list(_typed(found))
    _check_body(found.body)
    text = data.decode("utf-8", "backslashreplace")
    secrets.assert_hidden(secrets.of_message(found), text, shown)
    if isinstance(found, Request):
        for status in (100, 200, 400):
            answer = found.answer(status, to_tag="t")
            assert parse_message(bytes(answer)) == answer


def _typed(found: Message) -> Iterator[object]:
    """Read every typed field; yield each value, None for what is refused."""
    for name in TYPED_FIELDS:
        yield attempt(lambda field: getattr(found, field), name)


def _check_body(body: bytes) -> None:
    description = attempt(SessionDescription.parse, body)
    if description is not None:
        again = SessionDescription.parse(bytes(description))
        assert bytes(again) == bytes(description)
        assert list(map(_in_order, again.media)) == list(map(_in_order, description.media))


def _in_order(media: Media) -> Media:
    """Return it with its other lines sorted: they are written in the order of RFC 8866 5."""
    return replace(media, others=tuple(sorted(media.others)))


def headers(data: bytes) -> None:
    """Check header fields in the frame of a response: every typed one, written and read again."""
    head = read_head(b"SIP/2.0 200 OK\r\n" + data)
    attempt(content_length, head.headers)
    if head.flaw is not None:
        _check_refusal(str(head.flaw), head.flaw.status)
        return
    fields = head.headers.without("Content-Length")
    response = Response(200, "OK", fields)
    again = parse_message(bytes(response))
    assert again == response
    values = list(_typed(response))
    assert list(_typed(again)) == values
    for value in values:
        for one in value if isinstance(value, tuple) else (value,):
            _check_value(one)
    text = "\r\n".join(value for _, value in fields)
    secrets.assert_hidden(secrets.of_headers(fields), text, repr(fields))


def _check_value(value: object) -> None:
    """Check that a typed value reads back."""
    if isinstance(value, NameAddress | Via | CSeq | MediaType | Reason | Challenge):
        assert type(value).parse(str(value)) == value


def uri(data: bytes) -> None:
    """Check URIs, addresses and hops, each as the value of a header field."""
    text = FORBIDDEN.sub("", data.decode("utf-8", "replace"))
    for parse in READERS:
        value = attempt(parse, text)
        if value is not None:
            assert parse(str(value)) == value
            assert str(parse(str(value))) == str(value)
        if isinstance(value, SipUri):
            assert value.equals(SipUri.parse(str(value)))
    addresses = attempt(parse_list, text)
    if addresses is not None:
        assert parse_list(", ".join(map(str, addresses))) == addresses
    assert len("".join(split_list(text))) <= len(text)
    unescape(text)
    shown = masked_uri(text)
    secrets.assert_hidden(secrets.of_uri_text(text), text, shown)
    secrets.assert_hidden(secrets.of_address(text), text, shown)


def auth(data: bytes) -> None:
    """Check digest: a challenge read and answered, and the answer against the lab's formula.

    The lines: a challenge, a user, a password, a body.
    """
    lines = [FORBIDDEN.sub("", line) for line in data.decode("utf-8", "replace").split("\n")]
    text, user, password, body = (*lines, "", "", "", "")[:4]
    shown = masked_value("WWW-Authenticate", text)
    secrets.assert_hidden(secrets.of_credentials(text), text, shown)
    attempt(AuthenticationInfo.parse, text)
    assert unquote(quote(text)) == text
    challenge = attempt(Challenge.parse, text)
    if challenge is None:
        return
    assert Challenge.parse(str(challenge)) == challenge
    if best([challenge]) is not None:
        _check_answer(challenge, user, password, body.encode())


def _check_answer(challenge: Challenge, user: str, password: str, body: bytes) -> None:
    answer = answer_challenge(
        challenge,
        user=user,
        password=password,
        method="INVITE",
        uri="sip:b@example.org",
        body=body,
        nc=7,
        cnonce="0a4f113b",
    )
    assert not FORBIDDEN.search(answer)
    given = digest.parse_parameters(answer)
    assert given["username"] == user
    assert given["realm"] == challenge.realm
    assert given["nonce"] == challenge.nonce
    assert given["response"] == digest.response(given, password, "INVITE", body)
    assert given["response"] not in masked_value("Authorization", answer)
