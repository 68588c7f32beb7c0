"""What `--trace` shows: whole messages, nothing secret, and everything is passed on."""

from __future__ import annotations

import logging
from collections.abc import Callable

import pytest

from firmware.link.events import (
    Address,
    Close,
    Connect,
    Failure,
    FailureKind,
    Lost,
    Received,
    ServerName,
    Write,
)
from firmware.runtime.driver import NetworkCommand
from firmware.runtime.trace import Trace

MESSAGE = (
    b"REGISTER sip:example.org SIP/2.0\r\n"
    b"Via: SIP/2.0/TLS 192.0.2.1:5061;branch=z9hG4bK1\r\n"
    b"Max-Forwards: 70\r\nFrom: <sip:201@example.org>;tag=a\r\nTo: <sip:201@example.org>\r\n"
    b"Call-ID: 1\r\nCSeq: 1 REGISTER\r\n"
    b'Authorization: Digest username="201", realm="example.org", nonce="TOPSECRET",'
    b' uri="sip:example.org", response="HUSH", cnonce="QUIET", nc=00000001, qop=auth\r\n'
    b"Content-Length: 0\r\n\r\n"
)


class Wire:
    """A network that only remembers; `feed` is what the trace hears it say."""

    def __init__(self) -> None:
        self.done: list[NetworkCommand] = []
        self.heard: list[object] = []
        self.stopped = False
        self.trace = Trace(self.heard.append, self.join)

    def join(self, feed: Callable[[object], None]) -> Wire:
        self.feed = feed
        return self

    def do(self, command: NetworkCommand) -> None:
        self.done.append(command)

    def stop(self) -> None:
        self.stopped = True


@pytest.fixture
def wire(caplog: pytest.LogCaptureFixture) -> Wire:
    caplog.set_level(logging.DEBUG, "handset.trace")
    return Wire()


@pytest.mark.parametrize("cut", range(0, len(MESSAGE), 7))
def test_no_cut_shows_a_secret(cut: int, wire: Wire, caplog: pytest.LogCaptureFixture) -> None:
    for data in (MESSAGE[:cut], MESSAGE[cut:]):
        if data:
            wire.feed(Received(1, data))
    wire.trace.do(Write(1, MESSAGE))
    assert caplog.text.count("REGISTER sip:example.org SIP/2.0") == 2
    for secret in ("TOPSECRET", "HUSH", "QUIET"):
        assert secret not in caplog.text


def test_everything_is_passed_on(wire: Wire) -> None:
    commands: list[NetworkCommand] = [
        Connect(1, ServerName("p"), Address("192.0.2.1", 5061)),
        Write(1, b"x"),
        Close(1),
    ]
    for command in commands:
        wire.trace.do(command)
    event = Received(1, b"x")
    wire.feed(event)
    assert wire.heard == [event]
    wire.trace.stop()
    assert wire.done == commands
    assert wire.stopped


def test_what_is_not_sip_is_named_and_not_shown(
    wire: Wire, caplog: pytest.LogCaptureFixture
) -> None:
    wire.feed(Received(1, b"HTTP/1.1 400 Bad Request nonce=TOPSECRET\r\n\r\n"))
    wire.feed(Received(1, MESSAGE))
    wire.feed(Lost(1, Failure(FailureKind.RESET, "connection reset")))
    assert "is not SIP" in caplog.text
    assert "TOPSECRET" not in caplog.text
