"""The torture tests of RFC 4475 on a stream: each message gets its verdict, however it is cut."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from firmware.sip.errors import RemoteProtocolError
from firmware.sip.message import Request, Response, parse_message
from firmware.sip.stream import Item, Ping, StreamParser, Unacceptable
from firmware.sip.uri import OtherUri, SipUri
from tests.unit.sip.torture import Torture, load
from tests.unit.sip.wire import OPTIONS, Ended, byte_by_byte, read, whole

MESSAGES = load()

EACH_MESSAGE = pytest.mark.parametrize("message", MESSAGES.values(), ids=MESSAGES.keys())


def verdict(item: Item | Ended) -> str:
    match item:
        case Request() | Response():
            return "ok"
        case Unacceptable(answer, _):
            return str(answer.status)
        case Ended():
            return "end"
        case _:
            raise AssertionError(f"{item} in a message")


def verdicts(items: list[Item | Ended]) -> str:
    """Tell what became of a message that OPTIONS was sent behind."""
    last = items[-1] if items else None
    if isinstance(last, Request) and last.call_id == "c1":
        return ",".join([verdict(item) for item in items[:-1]]) or "dropped"
    return ",".join([verdict(item) for item in items]) or "waits"


def read_request(name: str) -> Request:
    request = parse_message(MESSAGES[name].data)
    assert isinstance(request, Request)
    return request


@EACH_MESSAGE
@pytest.mark.parametrize("reader", [whole, byte_by_byte])
def test_each_message_gets_its_verdict(
    message: Torture, reader: Callable[[bytes], list[Item | Ended]]
) -> None:
    assert verdicts(reader(message.data + OPTIONS)) == message.verdict


@EACH_MESSAGE
def test_each_message_is_the_same_wherever_it_is_cut_in_two(message: Torture) -> None:
    data = message.data + OPTIONS
    expected = whole(data)
    for cut in range(1, len(data), 7):
        assert read(StreamParser(), [data[:cut], data[cut:]]) == expected


def test_none_is_missing() -> None:
    sections = [f"3.1.1.{n}" for n in range(1, 14)] + [f"3.1.2.{n}" for n in range(1, 20)]
    sections += ["3.2.1", *(f"3.3.{n}" for n in range(1, 16)), "3.4.1"]
    assert [message.section for message in MESSAGES.values()] == sections


@EACH_MESSAGE
def test_what_is_taken_is_written_and_read_again(message: Torture) -> None:
    for item in whole(message.data):
        if isinstance(item, Request | Response):
            assert whole(bytes(item)) == [item]


@EACH_MESSAGE
def test_an_answer_to_a_malformed_request_is_well_formed(message: Torture) -> None:
    """But for what it has to repeat of the request."""
    for item in whole(message.data):
        if isinstance(item, Unacceptable):
            again = parse_message(bytes(item.answer))
            assert again == item.answer
            assert item.why.isprintable()


def test_every_response_to_a_repeated_malformed_request_is_the_same() -> None:
    """8.2.7: it is sent without a state, so its To tag must come out the same."""
    once, twice = whole(MESSAGES["mismatch01"].data * 2)
    assert once == twice
    assert isinstance(once, Unacceptable)
    assert once.answer.to.tag


def test_a_content_length_that_is_no_number_ends_the_stream() -> None:
    """Which 3.1.2.3 asks for beside its -999."""
    data = MESSAGES["ncl"].data
    for length in (b"five", b"+5", b"0x10", b"1e2", b"", b"12 13", "٣".encode()):
        assert verdicts(whole(data.replace(b"-999", length) + OPTIONS)) == "end", length


def test_wsinv_reads_through_its_white_space() -> None:
    request = read_request("wsinv")
    assert request.to.tag == "1918181833n"
    assert request.from_.display_name == 'J Rosenberg \\"'
    assert request.from_.tag == "98asjd8"
    assert (request.max_forwards, request.cseq.number) == (68, 9)
    assert [(via.transport, via.host, via.branch) for via in request.vias] == [
        ("UDP", "192.0.2.2", "390skdjuw"),
        ("TCP", "spindle.example.com", "z9hG4bK9ikj8"),
        ("UDP", "192.168.255.111", "z9hG4bK30239"),
    ]
    assert request.headers.get("NewFangledHeader") == "newfangled value continued newfangled value"
    assert request.headers.get("Subject") == ""
    (contact,) = request.contacts
    assert contact.display_name == 'Quoted string ""'
    assert (contact.parameters.get("q"), "secondparam" in contact.parameters) == ("0.33", True)
    assert len(request.body) == 150


def test_intmeth_takes_every_character_that_a_token_may_have() -> None:
    request = read_request("intmeth")
    assert request.method == "!interesting-Method0123456789_*+`.%indeed'~"
    assert request.to.display_name == "BEL:\x07 NUL:\x00 DEL:\x7f"
    assert request.from_.display_name == "token1~` token2'+_ token3*%!.-"
    assert request.from_.parameters.get("fromParam''~+*_!.-%") == '"работающий"'
    assert request.headers.get("extensionHeader-!.%*+_`'~") == "\ufeff大停電"
    assert isinstance(request.uri, SipUri)
    assert request.uri.host == "example.com"


def test_escapes_are_resolved_in_the_user_and_nowhere_else() -> None:
    request = read_request("esc01")
    assert isinstance(request.uri, SipUri)
    assert request.uri.user == "sips:user@example.com"
    assert isinstance(request.to.uri, SipUri)
    assert isinstance(request.from_.uri, SipUri)
    assert (request.to.uri.user, request.from_.uri.user) == ("user", "I have spaces")
    uri = request.contacts[0].uri
    assert isinstance(uri, SipUri)
    assert str(uri.parameters) == ";%6C%72;n%61me=v%61lue%25%34%31"
    assert read_request("esc02").method == "RE%47IST%45R"
    assert len(read_request("esc02").contacts) == 2, "C%6Fntact is not Contact"
    assert [str(contact.uri) for contact in read_request("escnull").contacts] == [
        "sip:%00@host5.example.com",
        "sip:%00%00@host5.example.com",
    ]


def test_longreq_has_room() -> None:
    request = read_request("longreq")
    assert len(request.vias) == 34
    assert request.call_id == f"longreq.one{'really' * 20}longcallid"
    assert request.from_.tag == f"12{'982' * 50}424"


def test_semiuri_has_a_user_with_a_parameter() -> None:
    uri = read_request("semiuri").uri
    assert isinstance(uri, SipUri)
    assert (uri.user, uri.host) == ("user;par=u@example.net", "example.com")


def test_any_transport_may_stand_in_a_via() -> None:
    vias = read_request("transports").vias
    assert [via.transport for via in vias] == ["UDP", "SCTP", "TLS", "UNKNOWN", "TCP"]


def test_a_reason_phrase_is_any_text_or_none() -> None:
    long, none = (parse_message(MESSAGES[name].data) for name in ("unreason", "noreason"))
    assert isinstance(long, Response)
    assert long.reason == "= 2**3 * 5**2 но сто девяносто девять - простое"
    assert isinstance(none, Response)
    assert (none.status, none.reason) == (100, "Trying")


def test_mpart01_has_a_binary_body() -> None:
    request = read_request("mpart01")
    assert request.content_type is not None
    assert request.content_type.parameters.get("boundary") == "7a9cbec02ceef655"
    assert b"\x0d\x0a\x0d\x0a\x00\xff" in request.body


def test_what_is_between_two_messages_is_not_a_ping() -> None:
    """The one CRLF of dblreq belongs to neither message."""
    assert Ping() not in whole(MESSAGES["dblreq"].data)


def test_a_display_name_without_quotes_may_hold_a_comma() -> None:
    """3.1.2.14 and 3.1.2.15: what is meant is plain, so it is taken."""
    request = read_request("baddn")
    assert (request.from_.display_name, request.from_.tag) == ("Bell, Alexander", "43")
    assert str(read_request("badaspec").to.uri) == "sip:t.watson@example.org"


def test_an_unknown_scheme_is_a_uri() -> None:
    """3.3.2 to 3.3.4: who serves the request answers 416 (tests/unit/agent/test_screening.py)."""
    assert read_request("unkscm").uri == OtherUri("nobodyknowsthisscheme", "totallyopaquecontent")
    assert read_request("novelsc").uri == OtherUri("soap.beep", "//192.0.2.103:3002")
    request = read_request("unksm2")
    assert str(request.to.uri) == "isbn:2983792873"
    assert [str(contact.uri) for contact in request.contacts] == ["name:John_Smith"]


def test_an_unknown_parameter_is_the_fields_without_brackets_and_the_uris_within() -> None:
    (outside,), (inside,) = read_request("cparam01").contacts, read_request("cparam02").contacts
    assert "unknownparam" in outside.parameters
    assert isinstance(outside.uri, SipUri)
    assert "unknownparam" not in outside.uri.parameters
    assert "unknownparam" not in inside.parameters
    assert isinstance(inside.uri, SipUri)
    assert "unknownparam" in inside.uri.parameters


def test_headers_in_a_contact_need_brackets() -> None:
    with pytest.raises(RemoteProtocolError, match="Contact"):
        _ = read_request("regbadct").contacts
    (contact,) = read_request("regescrt").contacts
    assert isinstance(contact.uri, SipUri)
    assert contact.uri.headers == (("Route", "%3Csip:sip.example.com%3E"),)


def test_bcast_has_two_vias_for_the_transaction_layer_to_see() -> None:
    assert len(parse_message(MESSAGES["bcast"].data).vias) == 2
