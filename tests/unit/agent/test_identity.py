"""Who the far end is (RFC 3323, 3325, 4916), and why it left (RFC 3326)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from firmware.agent.events import Answer, FarChanged, HangUp, Hold, IncomingCall, Party
from firmware.sip.message import Request
from firmware.sip.uri import SipUri
from firmware.transaction.events import AckReceived, SendRequest
from tests.unit.agent.calling import Calling
from tests.unit.agent.rig import Rig, account, invite, of, sdp
from tests.unit.agent.talking import HELD, Talking

AUDIO = sdp("m=audio 4000 RTP/AVP 0")
ASSERTED = "P-Asserted-Identity"


def called_by(*fields: tuple[str, str], **changes: str) -> Party:
    rig = Rig().registered()
    rig.receive(invite(AUDIO, *fields, **changes))
    (incoming,) = of(IncomingCall, rig.out)
    return incoming.far


@pytest.mark.parametrize(
    ("fields", "far"),
    [
        ((), Party("Bob", "100")),
        (((ASSERTED, '"Robert" <sip:555@example.org>'),), Party("Robert", "555")),
        (((ASSERTED, "<tel:+49301>, <sip:x@y>"),), Party("", "+49301")),
        (((ASSERTED, "garbage<"),), Party("Bob", "100")),
        ((("Remote-Party-ID", '"Eve" <sip:9@x>;party=calling'),), Party("Bob", "100")),
        ((("Privacy", "none"),), Party("Bob", "100")),
        ((("Privacy", "id"), (ASSERTED, "<sip:555@example.org>")), Party("", "anonymous")),
        ((("Privacy", "header; User"),), Party("", "anonymous")),
    ],
)
def test_the_network_comes_before_the_caller_and_privacy_before_both(
    fields: tuple[tuple[str, str], ...], far: Party
) -> None:
    assert called_by(*fields) == far


def test_rfc3323_an_anonymous_caller_is_said_to_be_one() -> None:
    from_ = '"Anonymous" <sip:c8oqz84zk7z@anonymous.invalid>;tag=bob'
    assert called_by(From=from_) == Party("", "anonymous")
    known = called_by((ASSERTED, '"Ann" <sip:7@example.org>'), From=from_)
    assert known == Party("Ann", "7"), "the proxy knows, and nobody asks it to hide"


def test_who_has_answered_is_not_always_who_was_called() -> None:
    rig = Calling()
    ok = rig.accept(rig.invite.request)
    ok = replace(ok, headers=ok.headers.add(ASSERTED, '"Front desk" <sip:9@example.org>'))
    assert of(FarChanged, rig.reply(rig.invite, ok)) == [FarChanged(1, Party("Front desk", "9"))]


def from_another(rig: Talking, method: str, *fields: tuple[str, str]) -> Request:
    request = rig.within(method, AUDIO if method == "INVITE" else "")
    headers = request.headers
    for name, value in fields:
        headers = headers.set(name, value)
    return replace(request, headers=headers)


@pytest.mark.parametrize("method", ["UPDATE", "INVITE"])
def test_rfc4916_another_name_in_the_dialog_is_shown(method: str) -> None:
    rig = Talking(placed=False)
    rig.receive(from_another(rig, method, ("From", '"Carol" <sip:300@example.org>;tag=bob')))
    assert of(FarChanged, rig.out) == [FarChanged(1, Party("Carol", "300"))]
    rig.out.clear()
    rig.receive(from_another(rig, "UPDATE", ("From", '"Carol" <sip:300@example.org>;tag=bob')))
    assert not of(FarChanged, rig.out), "told once"


def test_what_the_proxy_asserts_in_the_dialog_counts_too() -> None:
    rig = Talking()
    rig.receive(from_another(rig, "UPDATE", (ASSERTED, '"Dan" <sip:4@example.org>')))
    assert of(FarChanged, rig.out) == [FarChanged(1, Party("Dan", "4"))]


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        ('SIP;cause=486;text="Out to lunch"', "Out to lunch"),
        ("SIP;cause=486", "busy"),
        ("Q.850;cause=16", ""),
        ("SIP;cause=200", ""),
        ("SIP;cause=999", ""),
        ("Q.850;cause=41, SIP;cause=503", "service not available"),
        ("garbage;;", ""),
    ],
)
def test_rfc3326_the_reason_of_a_bye_is_said_in_words(reason: str, words: str) -> None:
    rig = Talking()
    rig.receive(from_another(rig, "BYE", ("Reason", reason)))
    assert rig.ended().reason == words


CAROL = '"Carol" <sip:300@example.org>;tag='


@pytest.mark.parametrize("method", ["UPDATE", "INVITE"])
@pytest.mark.parametrize("placed", [True, False])
def test_rfc4916_what_is_said_to_them_goes_to_who_they_are_now(method: str, placed: bool) -> None:
    rig = Talking(placed=placed)
    tag = "far" if placed else "bob"
    rig.receive(from_another(rig, method, ("From", CAROL + tag)))
    if method == "INVITE":
        rig.acknowledges()
    rig.feed(HangUp(1))
    to = rig.one("BYE").request.headers.get("To")
    assert to == f'"Carol" <sip:300@example.org>;tag={tag}'
    assert rig.answers(rig.receive(from_another(rig, "BYE")))[-1].status == 200, "the same dialog"


def test_rfc4916_the_extension_is_named_in_requests_and_answers() -> None:
    rig = Calling()
    assert "from-change" in rig.invite.request.supported
    rig.is_answered()
    called = Rig().registered()
    key = called.receive(invite(AUDIO))
    assert "from-change" in called.answers(key)[-1].supported


def test_rfc4916_who_rings_may_say_its_name_before_it_answers() -> None:
    rig = Calling()
    rig.hears(180)
    request = parse_early_update(rig)
    assert rig.answers(rig.receive(request))[-1].status == 200
    assert of(FarChanged, rig.out) == [FarChanged(1, Party("Carol", "300"))]


def parse_early_update(rig: Calling) -> Request:
    """Write an UPDATE without a session by whoever rings."""
    sent = rig.invite.request
    to, call_id = str(sent.from_), sent.call_id
    update = invite("", From=CAROL + "far", To=to, Call_ID=call_id, CSeq="1 UPDATE")
    return replace(update, method="UPDATE")


def test_rfc3325_who_rings_is_shown_where_the_proxy_says_so() -> None:
    rig = Calling()
    out = rig.hears(180, (ASSERTED, '"Front desk" <sip:9@example.org>'))
    assert of(FarChanged, out) == [FarChanged(1, Party("Front desk", "9"))]
    assert not of(FarChanged, rig.hears(180, (ASSERTED, '"Front desk" <sip:9@example.org>')))
    hidden = rig.hears(180, (ASSERTED, "<sip:8@example.org>"), ("Privacy", "id"))
    assert not of(FarChanged, hidden)


def test_rfc3325_the_answer_to_a_request_in_the_dialog_may_say_it_too() -> None:
    rig = Talking()
    rig.feed(Hold(1))
    sent = rig.asked()
    ok = rig.accept(sent.request, "far", HELD)
    ok = replace(ok, headers=ok.headers.add(ASSERTED, '"Dan" <sip:4@example.org>'))
    assert of(FarChanged, rig.reply(sent, ok)) == [FarChanged(1, Party("Dan", "4"))]


def test_rfc3325_nothing_is_asserted_from_here() -> None:
    """What this phone says of itself is for the proxy to vouch for."""
    rig = Calling()
    rig.is_answered()
    rig.feed(Hold(1))
    called = Rig().registered()
    key = called.receive(invite(AUDIO))
    said = [rig.invite.request, rig.one("INVITE").request, called.answers(key)[-1]]
    assert not any(ASSERTED in message.headers for message in said)


# Who we are, to a caller who asked for somebody else (RFC 4916).


def answered(to: str, supported: str, allow: str = "INVITE, UPDATE") -> Rig:
    rig = Rig(account(display_name="Ann")).registered()
    call = invite(AUDIO, ("Supported", supported), ("Allow", allow), To=to)
    key = rig.receive(call)
    rig.feed(Answer(1))
    said = rig.answers(key)[-1].headers.get("To") or ""
    rig.feed(AckReceived(replace(invite("", To=said, CSeq="1 ACK"), method="ACK")))
    return rig


@pytest.mark.parametrize(("allow", "method"), [("INVITE, UPDATE", "UPDATE"), ("INVITE", "INVITE")])
def test_rfc4916_a_caller_who_was_sent_on_to_here_hears_who_answers(
    allow: str, method: str
) -> None:
    rig = answered("<sip:sales@example.org>", "from-change", allow)
    request = rig.one(method).request
    assert request.from_.uri == SipUri("sip", "example.org", user="201")
    assert request.from_.display_name == "Ann"
    assert request.from_.tag == rig.answers("in1")[-1].to.tag, "the dialog is the same"
    (bye,) = (s.request for s in of(SendRequest, rig.feed(HangUp(1))))
    assert bye.from_ == request.from_


@pytest.mark.parametrize(
    ("to", "supported"),
    [("<sip:201@example.org>", "from-change"), ("<sip:sales@example.org>", "timer")],
)
def test_rfc4916_else_the_from_stays_what_the_to_was(to: str, supported: str) -> None:
    rig = answered(to, supported)
    assert not rig.open
    (bye,) = (s.request for s in of(SendRequest, rig.feed(HangUp(1))))
    assert str(bye.from_).startswith(to)
