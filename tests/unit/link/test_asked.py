"""OPTIONS for somebody who wants to see: over the link, and over nothing else (L4, L10)."""

from __future__ import annotations

from firmware.link.events import AskProxy, Connect, LinkDown, MessageReceived, ProxyAnswered, Write
from firmware.sip.message import Request, parse_message
from tests.unit.link.rig import Rig, answer, of, written


def asked(rig: Rig) -> Request:
    """Ask; return what was written for it."""
    out = rig.feed(AskProxy())
    (write,) = of(Write, out)
    assert write.attempt == rig.link.attempt
    assert not of(Connect, out)
    message = parse_message(write.data)
    assert isinstance(message, Request)
    return message


def test_the_answer_is_timed_and_goes_to_whoever_asked() -> None:
    rig = Rig()
    attempt = rig.registered()
    request = asked(rig)
    assert request.method == "OPTIONS"
    rig.advance(rig.now + 0.25)
    out = rig.receive(attempt, bytes(request.answer(483)))
    (answer,) = of(ProxyAnswered, out)
    assert (answer.status, round(answer.took_s, 3)) == (483, 0.25)
    assert not of(MessageReceived, out), "no transaction has asked"


def test_a_provisional_answer_is_not_the_one_that_counts() -> None:
    rig = Rig()
    attempt = rig.registered()
    request = asked(rig)
    assert not of(ProxyAnswered, rig.receive(attempt, bytes(request.answer(100))))
    assert of(ProxyAnswered, rig.receive(attempt, bytes(request.answer(200))))


def test_it_is_answered_once_and_never_when_nobody_has_asked() -> None:
    rig = Rig()
    attempt = rig.registered()
    nameless = bytes(answer("OPTIONS")).replace(b";branch=z9hG4bKrig", b"")
    assert not of(ProxyAnswered, rig.receive(attempt, nameless))
    request = asked(rig)
    assert of(ProxyAnswered, rig.receive(attempt, bytes(request.answer(200))))
    assert not of(ProxyAnswered, rig.receive(attempt, bytes(request.answer(200))))


def test_without_a_link_it_is_said_that_there_is_none() -> None:
    rig = Rig()
    assert of(ProxyAnswered, rig.feed(AskProxy())) == [ProxyAnswered(None)]
    assert not written(rig.out)


def test_d4_a_proxy_that_answers_nothing_at_all_is_found_out_by_it() -> None:
    rig = Rig()
    rig.registered()
    asked(rig)
    rig.kernel(rig.link.attempt or 0, 0)
    assert of(LinkDown, rig.advance(rig.now + 15))
