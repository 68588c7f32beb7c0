"""Sending a call on, and what the proxy asks for: how it rings, and that it answers itself."""

from __future__ import annotations

from dataclasses import replace

import pytest

from firmware.agent.account import Account
from firmware.agent.events import (
    Answer,
    CallEnded,
    EndCause,
    Forward,
    ForwardReason,
    IncomingCall,
    Intercom,
    Ring,
)
from firmware.sip.message import Response
from tests.unit.agent.rig import Rig, account, invite, of, sdp

AUDIO = sdp("m=audio 4000 RTP/AVP 0")


def called(*fields: tuple[str, str], one: Account | None = None) -> tuple[Rig, str, IncomingCall]:
    rig = Rig(one or account()).registered()
    key = rig.receive(invite(AUDIO, *fields))
    (incoming,) = of(IncomingCall, rig.out)
    return rig, key, incoming


def sent_on(
    target: str, reason: ForwardReason = ForwardReason.ALWAYS
) -> tuple[Response, CallEnded]:
    rig, key, _ = called()
    rig.feed(Forward(1, target, reason))
    assert not rig.calls()
    return rig.answers(key)[-1], rig.ended()


@pytest.mark.parametrize("reason", ForwardReason)
def test_a_call_is_sent_on_by_a_302_that_says_why(reason: ForwardReason) -> None:
    response, ended = sent_on("605", reason)
    assert response.status == 302
    assert response.headers.all("Contact") == ("<sip:605@example.org>",)
    assert response.headers.all("Diversion") == (f"<sip:201@example.org>;reason={reason.value}",)
    assert ended == CallEnded(1, EndCause.FORWARDED, 302, "sent to 605")


def test_it_is_sent_to_addresses_too() -> None:
    response, _ = sent_on("sip:anna@desk.example.net")
    assert response.headers.all("Contact") == ("<sip:anna@desk.example.net>",)


@pytest.mark.parametrize(
    "target", ["201", "sip:201@example.org", "201@EXAMPLE.org", "", "a b", "<x"]
)
def test_to_itself_or_to_nowhere_it_is_busy(target: str) -> None:
    response, ended = sent_on(target)
    assert response.status == 486
    assert ended.cause is EndCause.HUNG_UP_HERE


def test_a_call_that_is_answered_is_not_sent_on() -> None:
    rig, key, _ = called()
    rig.feed(Answer(1))
    rig.feed(Forward(1, "605", ForwardReason.NO_ANSWER))
    assert [response.status for response in rig.answers(key)] == [180, 200]


BOB = "<sip:bob@example.org>;reason=unconditional"
OURS = "<sip:201@example.org>;reason=user-busy"


@pytest.mark.parametrize(
    ("fields", "may"),
    [
        ((), True),
        ((("Diversion", BOB),), True),
        ((("Diversion", BOB), ("Diversion", OURS)), False),
        ((("Diversion", f"{BOB}, {OURS}"),), False),
        ((("Diversion", "nonsense <"),), True),
        ((("Diversion", ", ".join([BOB] * 5)),), False),
        ((("History-Info", ", ".join(["<sip:x@example.org>;index=1"] * 5)),), True),
        ((("History-Info", ", ".join(["<sip:x@example.org>;index=1"] * 6)),), False),
    ],
)
def test_what_has_come_in_a_circle_is_not_sent_on(
    fields: tuple[tuple[str, str], ...], may: bool
) -> None:
    assert called(*fields)[2].may_forward is may


@pytest.mark.parametrize(
    "field",
    [
        ("Call-Info", "<sip:example.org>;answer-after=0"),
        ("Call-Info", '<sip:example.org>; Answer-After = "0"'),
        ("Call-Info", "<http://x/y.png>;purpose=icon, <sip:example.org>;answer-after=0"),
        ("Alert-Info", "info=alert-autoanswer"),
        ("Alert-Info", "<http://127.0.0.1>;info=alert-autoanswer;delay=0"),
        ("Alert-Info", "Auto Answer"),
        ("Alert-Info", "<sip:example.org>;intercom=true"),
        ("Answer-Mode", "Auto"),
        ("Priv-Answer-Mode", "auto;require"),
    ],
)
def test_a_call_asks_to_be_answered_by_itself(field: tuple[str, str]) -> None:
    assert called(field)[2].intercom == Intercom()


@pytest.mark.parametrize(
    "field",
    [
        ("Call-Info", "<sip:example.org>;answer-after=5"),
        ("Call-Info", "<sip:answer-after=0@example.org>"),
        ("Call-Info", "<sip:example.org>;answer-after=05"),
        ("Alert-Info", "<http://127.0.0.1/Bellcore-dr2>"),
        ("Alert-Info", "info=intercommunity"),
        ("Answer-Mode", "Manual"),
        ("Subject", "Auto Answer"),
    ],
)
def test_no_other_call_does(field: tuple[str, str]) -> None:
    assert called(field)[2].intercom is None


def test_as_the_administrator_allows_it() -> None:
    field = ("Answer-Mode", "Auto")
    assert called(field, one=replace(account(), intercom=None))[2].intercom is None
    silent = Intercom(muted=False, tone=False)
    assert called(field, one=replace(account(), intercom=silent))[2].intercom == silent


@pytest.mark.parametrize(
    ("text", "ring"),
    [
        ("<http://127.0.0.1/Bellcore-dr1>", Ring.NORMAL),
        ("<http://127.0.0.1/Bellcore-dr2>", Ring.EXTERNAL),
        ("<http://127.0.0.1/bellcore-dr3>", Ring.PRIORITY),
        ("Bellcore-dr4", Ring.GROUP),
        ("<file://Bellcore-dr5>", Ring.SPLASH),
        ("<http://127.0.0.1>;info=alert-internal", Ring.INTERNAL),
        ("info=external", Ring.EXTERNAL),
        ("info=alert-group", Ring.GROUP),
        ("<urn:alert:source:internal>", Ring.INTERNAL),
        ("<urn:alert:source:external>", Ring.EXTERNAL),
        ("<urn:alert:priority:high>", Ring.PRIORITY),
        ("<http://evil.example.net/tune.wav>", Ring.NORMAL),
        ("internally", Ring.NORMAL),
        ("", Ring.NORMAL),
    ],
)
def test_how_a_call_rings(text: str, ring: Ring) -> None:
    assert called(("Alert-Info", text))[2].ring is ring
