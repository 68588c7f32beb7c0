"""Requests outside a call, from the link: who is meant, what is supported (RFC 3261 8.2)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from firmware.agent.events import IncomingCall
from firmware.sip.message import Request, Response
from firmware.sip.uri import parse_uri
from firmware.transaction.events import AckReceived
from tests.unit.agent.calling import Calling
from tests.unit.agent.rig import Rig, account, invite, of, sdp
from tests.unit.agent.test_received import ALLOW

AUDIO = sdp("m=audio 4000 RTP/AVP 0")


def request(method: str, uri: str = "sip:201@192.0.2.99:40000", body: str = "") -> Request:
    return replace(invite(body, CSeq=f"1 {method}"), method=method, uri=parse_uri(uri))


def answered(rig: Rig, sent: Request) -> Response:
    (response,) = rig.answers(rig.receive(sent))
    return response


@pytest.fixture
def rig() -> Rig:
    return Rig(account(1), account(2), account(3, user="201", domain="other.org")).registered()


def test_options_says_what_this_phone_can(rig: Rig) -> None:
    response = answered(rig, request("OPTIONS"))
    assert response.status == 200
    assert response.headers.get("Allow") == ALLOW
    assert response.headers.get("Accept") == "application/sdp"
    assert response.to.tag


def test_options_for_the_phone_as_a_whole_is_a_proxys_ping(rig: Rig) -> None:
    assert answered(rig, request("OPTIONS", "sip:192.0.2.99:40000;transport=tls")).status == 200


@pytest.mark.parametrize("method", ["INVITE", "OPTIONS"])
@pytest.mark.parametrize(
    ("uri", "status"),
    [
        ("sip:999@192.0.2.99:40000", 404),
        ("sip:2011@192.0.2.99", 404),
        ("tel:201", 416),
        ("urn:service:sos", 416),
        ("http://201", 416),
    ],
)
def test_who_is_not_here_is_not_here(rig: Rig, method: str, uri: str, status: int) -> None:
    response = answered(rig, request(method, uri))
    assert (response.status, bool(response.to.tag)) == (status, True)
    assert not of(IncomingCall, rig.out)


def test_an_invite_without_a_user_is_for_nobody(rig: Rig) -> None:
    assert answered(rig, request("INVITE", "sip:192.0.2.99:40000")).status == 404


@pytest.mark.parametrize(
    ("user", "to", "number"),
    [
        ("201", "<sip:201@example.org>", 1),
        ("201", "<sip:201@OTHER.org>", 3),
        ("201", "<sip:201@third.org>", 1),
        ("201", "<tel:201>", 1),
        ("202", "<sip:202@example.org>", 2),
    ],
)
def test_the_account_that_is_called(rig: Rig, user: str, to: str, number: int) -> None:
    sent = replace(invite(AUDIO, To=to), uri=parse_uri(f"sip:{user}@192.0.2.99:40000"))
    rig.receive(sent)
    assert [call.account for call in of(IncomingCall, rig.out)] == [number]


@pytest.mark.parametrize("gruu", ["sip:201@example.org;gr=x", "sip:tgr.77@example.org;gr"])
def test_a_gruu_is_us(gruu: str) -> None:
    rig = Rig()
    rig.up()
    sent = rig.one("REGISTER")
    held = rig.registrar.answer(sent.request)
    sent = rig.one("REGISTER") if held.status == 200 else sent
    contact = sent.request.headers.all("Contact")[0]
    contact += ';pub-gruu="sip:201@example.org;gr=x";temp-gruu="sip:tgr.77@example.org;gr"'
    ok = sent.request.answer(200)
    rig.reply(sent, replace(ok, headers=ok.headers.add("Contact", contact)))
    assert answered(rig, request("OPTIONS", gruu)).status == 200
    assert answered(rig, request("OPTIONS", "sip:tgr.78@example.org;gr")).status == 404


@pytest.mark.parametrize("method", ["INVITE", "OPTIONS"])
def test_what_is_required_and_not_supported_is_named(rig: Rig, method: str) -> None:
    sent = request(method)
    response = answered(rig, replace(sent, headers=sent.headers.add("Require", "100rel, gin, x")))
    assert (response.status, response.headers.get("Unsupported")) == (420, "gin, x")


@pytest.mark.parametrize(
    ("field", "hint"),
    [
        (("Content-Type", "text/plain"), "Accept"),
        (("Content-Type", "multipart/mixed;boundary=x"), "Accept"),
        (("Content-Encoding", "gzip"), "Accept-Encoding"),
    ],
)
def test_a_body_that_is_no_session_is_refused(rig: Rig, field: tuple[str, str], hint: str) -> None:
    sent = invite(AUDIO)
    response = answered(rig, replace(sent, headers=sent.headers.set(*field)))
    assert response.status == 415
    assert hint in response.headers


def test_a_body_without_a_type_is_refused(rig: Rig) -> None:
    sent = invite(AUDIO)
    response = answered(rig, replace(sent, headers=sent.headers.without("Content-Type")))
    assert response.status == 415


@pytest.mark.parametrize(
    ("method", "status"),
    [
        *((m, 405) for m in ("REGISTER", "MESSAGE", "SUBSCRIBE", "PUBLISH", "REFER")),
        ("NOTIFY", 489),
        ("PRACK", 481),
        ("FROBNICATE", 501),
        ("INFO", 481),
        ("BYE", 481),
        ("UPDATE", 481),
    ],
)
def test_a_method_that_is_not_for_us_is_refused(rig: Rig, method: str, status: int) -> None:
    response = answered(rig, request(method))
    assert response.status == status
    assert response.to.tag
    assert (response.headers.get("Allow") == ALLOW) is (status in {405, 501})


@pytest.mark.parametrize("method", ["INVITE", "BYE", "OPTIONS", "INFO", "NOTIFY", "UPDATE"])
def test_a_dialog_that_is_not_known_is_said(rig: Rig, method: str) -> None:
    sent = request(method)
    sent = replace(sent, headers=sent.headers.set("To", "<sip:201@example.org>;tag=unknown"))
    assert answered(rig, sent).status == 481


def test_an_ack_for_nothing_is_ignored(rig: Rig) -> None:
    sent = request("ACK")
    assert not rig.feed(AckReceived(sent))


@pytest.mark.parametrize(
    "field",
    [
        ("Contact", "<garbage"),
        ("Record-Route", "<sip:a;lr"),
        ("Require", "a b"),
        ("Content-Type", "garbage"),
        ("From", "garbage"),
        ("To", "<sip:x"),
        ("CSeq", "x"),
    ],
)
def test_a_request_that_cannot_be_read_is_answered(rig: Rig, field: tuple[str, str]) -> None:
    sent = invite(AUDIO)
    response = answered(rig, replace(sent, headers=sent.headers.set(*field)))
    assert response.status == 400
    assert rig.calls() == ()


# Within a dialog that is not there yet.


@pytest.mark.parametrize(
    ("method", "body", "status"),
    [
        ("INVITE", AUDIO, 491),
        ("UPDATE", AUDIO, 491),
        ("UPDATE", "", 200),
        ("OPTIONS", "", 200),
        ("BYE", "", 200),
        ("INFO", "", 200),
        ("FROBNICATE", "", 501),
    ],
)
def test_an_early_dialog_of_ours_is_known(method: str, body: str, status: int) -> None:
    rig = Calling()
    ours = rig.invite.request
    to = f"<sip:201@example.org>;tag={ours.from_.tag}"
    sent = replace(
        invite(body, To=to, From="<sip:100@example.org>;tag=far", Call_ID=ours.call_id),
        method=method,
    )
    assert answered(rig, sent).status == 481, "nobody of that tag has answered yet"
    rig.hears(183)
    assert answered(rig, sent).status == status
    assert rig.calls() == (1,)
