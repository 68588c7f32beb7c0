"""Dialogs: route set, order, target (RFC 3261 12)."""

from __future__ import annotations

import pytest

from firmware.agent.dialog import Dialog
from firmware.agent.hop import Hop
from firmware.link.events import Address, Proxy, Role
from firmware.sip.message import Request, Response, parse_message

INVITE = """\
INVITE sip:100@example.org SIP/2.0
Via: SIP/2.0/TLS a;branch=z9hG4bK1
Max-Forwards: 70
{routes}From: "Ann" <sip:201@example.org>;tag=ann
To: <sip:100@example.org>
Call-ID: c1
CSeq: 7 INVITE
Contact: <sip:201@a:5061;transport=tls>

"""
OK = """\
SIP/2.0 200 OK
Via: SIP/2.0/TLS a;branch=z9hG4bK1
{routes}From: "Ann" <sip:201@example.org>;tag=ann
To: <sip:100@example.org>;tag=bob
Call-ID: c1
CSeq: 7 INVITE
{contact}
"""
IN_DIALOG = """\
{method} sip:201@a:5061 SIP/2.0
Via: SIP/2.0/TLS b;branch=z9hG4bK2
Max-Forwards: 70
From: <sip:100@example.org>;tag={from_tag}
To: <sip:201@example.org>;tag={to_tag}
Call-ID: {call_id}
CSeq: {cseq} {method}
Contact: <sip:new@b>

"""
HOP = Hop(Proxy(Role.PRIMARY, "p1.example.org", 5061), Address("192.0.2.1", 5061))
OTHER = Hop(Proxy(Role.BACKUP, "p2.example.org"), Address("2001:db8::2", 5071))
LOOSE = "Record-Route: <sip:p2;lr>\nRecord-Route: <sip:p1;lr>\n"
STRICT = "Record-Route: <sip:p2>, <sip:p1>\n"


def request(template: str, **fields: object) -> Request:
    message = parse_message(template.format(**fields).replace("\n", "\r\n").encode())
    assert isinstance(message, Request)
    return message


def response(routes: str = "", contact: str = "Contact: <sip:bob@b>\n") -> Response:
    text = OK.format(routes=routes, contact=contact)
    message = parse_message(text.replace("\n", "\r\n").encode())
    assert isinstance(message, Response)
    return message


def ours(routes: str = "") -> Dialog:
    return Dialog.opened_by_us(request(INVITE, routes=""), response(routes), HOP)


def theirs(**fields: object) -> Request:
    given = {"method": "BYE", "from_tag": "bob", "to_tag": "ann", "call_id": "c1", "cseq": 1}
    return request(IN_DIALOG, **{**given, **fields})


def test_our_route_set_is_theirs_reversed() -> None:
    dialog, bye = ours(LOOSE).next_request("BYE")
    assert str(bye.uri) == "sip:bob@b"
    assert bye.headers.all("Route") == ("<sip:p1;lr>", "<sip:p2;lr>")
    assert bye.cseq.number == dialog.local_cseq == 8
    assert (bye.from_.tag, bye.to.tag) == ("ann", "bob")
    assert str(bye.from_) == '"Ann" <sip:201@example.org>;tag=ann'


def test_a_strict_router_gets_its_own_uri_first() -> None:
    _, bye = ours(STRICT).next_request("BYE")
    assert str(bye.uri) == "sip:p1"
    assert bye.headers.all("Route") == ("<sip:p2>", "<sip:bob@b>")


def test_their_route_set_keeps_its_order() -> None:
    dialog = Dialog.opened_by_them(request(INVITE, routes=LOOSE), "bob", HOP)
    _, bye = dialog.next_request("BYE")
    assert str(bye.uri) == "sip:201@a:5061;transport=tls"
    assert bye.headers.all("Route") == ("<sip:p2;lr>", "<sip:p1;lr>")
    assert (bye.cseq.number, bye.from_.tag, bye.to.tag) == (1, "bob", "ann")


def test_without_a_contact_the_next_request_goes_where_the_first_went() -> None:
    dialog = Dialog.opened_by_us(request(INVITE, routes=""), response(contact=""), HOP)
    assert str(dialog.target) == "sip:100@example.org"


def test_the_ack_has_the_number_of_its_invite() -> None:
    ack = ours(LOOSE).acknowledge(7, ("User-Agent", "x"))
    assert (ack.method, str(ack.cseq)) == ("ACK", "7 ACK")
    assert ack.headers.get("User-Agent") == "x"


@pytest.mark.parametrize(
    "fields", [{"from_tag": "eve"}, {"to_tag": "eve"}, {"call_id": "c2"}], ids=str
)
def test_a_request_of_another_dialog_is_not_held(fields: dict[str, str]) -> None:
    assert ours().holds(theirs())
    assert not ours().holds(theirs(**fields))


@pytest.mark.parametrize(("last", "next_", "good"), [(None, 0, True), (5, 6, True), (5, 5, False)])
def test_requests_come_in_order(last: int | None, next_: int, good: bool) -> None:
    dialog = ours()
    if last is not None:
        dialog = dialog.learn(theirs(cseq=last))
    assert dialog.accepts(theirs(cseq=next_)) is good


@pytest.mark.parametrize(("method", "moves"), [("INVITE", True), ("UPDATE", True), ("INFO", False)])
def test_a_target_refresh_moves_the_target(method: str, moves: bool) -> None:
    dialog = ours().learn(theirs(method=method, cseq=3))
    assert str(dialog.target) == ("sip:new@b" if moves else "sip:bob@b")
    assert dialog.remote_cseq == 3


@pytest.mark.parametrize(
    ("routes", "after"),
    [
        ("<sip:far;lr>, <sip:p1.example.org;lr>", ("new", "<sip:far;lr>")),
        ("<sip:far;lr>, <sip:P1.example.org:5061;transport=tls;lr>", ("new", "<sip:far;lr>")),
        ("<sip:far;lr>, <sip:192.0.2.1:5061;lr>", ("new", "<sip:far;lr>")),
        ("<sip:far;lr>, <sip:192.0.2.1;r2=on;lr>, <sip:192.0.2.1:5060;r2=on;lr>",
         ("new", "<sip:far;lr>")),
        ("<sip:192.0.2.1:5061;lr>, <sip:far;lr>, <sip:192.0.2.1:5061;lr>",
         ("new", "<sip:far;lr>", "new")),
        ("<sip:192.0.2.1:5099;lr>", ("<sip:192.0.2.1:5099;lr>",)),
        ("<sip:far;lr>", ("<sip:far;lr>",)),
    ],
)  # fmt: skip
def test_entries_that_name_the_lost_proxy_lead_over_the_new_one(
    routes: str, after: tuple[str, ...]
) -> None:
    """F6; and back again."""
    new = "<sip:[2001:db8::2]:5071;transport=tls;lr>"
    dialog = ours(f"Record-Route: {routes}\n")
    moved = dialog.over(OTHER)
    _, bye = moved.next_request("BYE")
    assert bye.headers.all("Route") == tuple(new if one == "new" else one for one in after)
    assert moved.over(OTHER) == moved
    assert dialog.over(HOP) == dialog
    home = "<sip:192.0.2.1:5061;transport=tls;lr>"
    _, back = moved.over(HOP).next_request("BYE")
    assert back.headers.all("Route") == tuple(home if one == "new" else one for one in after)


def test_a_dialog_without_routes_goes_straight_to_the_far_end() -> None:
    _, bye = ours().over(OTHER).next_request("BYE")
    assert not bye.headers.all("Route")
