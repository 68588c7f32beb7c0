"""What `--trace` shows: whole messages, nothing secret, and everything is passed on."""

from __future__ import annotations

import logging
from collections.abc import Callable

import pytest

from firmware.link.events import (
    Address,
    Close,
    Connect,
    Connected,
    Failure,
    FailureKind,
    Lost,
    Proxy,
    Received,
    Resolve,
    Role,
    ServerName,
    TcpConnected,
    TlsFacts,
    Write,
)
from firmware.runtime.driver import NetworkCommand
from firmware.runtime.tap import Tap
from firmware.runtime.trace import LinkTrace, SipTrace

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
        self.trace = Tap(self.heard.append, self.join)
        self.trace.ears.append(SipTrace())

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


def test_a_connection_is_told_from_look_up_to_end() -> None:
    said: list[str] = []
    ear = LinkTrace(said.append)
    facts = TlsFacts(Address("192.0.2.7", 4000), "TLSv1.3", "TLS_AES_128_GCM_SHA256", True, 0.0)
    ear.sent(Resolve(3, Proxy(Role.PRIMARY, "proxy.example.org", 5061)))
    ear.sent(Connect(3, ServerName("proxy.example.org"), Address("192.0.2.1", 5061)))
    ear.heard(TcpConnected(3))
    ear.heard(Connected(3, facts))
    ear.sent(Write(3, b"\r\n\r\n"))
    ear.heard(Received(3, b"\r\n"))
    ear.sent(Write(3, MESSAGE))
    ear.heard(Received(3, MESSAGE))
    ear.heard(Lost(3, Failure(FailureKind.RESET, "connection reset by the proxy")))
    ear.sent(Close(4))
    assert said == [
        "3 looks up primary proxy.example.org:5061",
        "3 connects to 192.0.2.1:5061, as proxy.example.org",
        "3 has TCP",
        "3 has TLSv1.3, TLS_AES_128_GCM_SHA256, session resumed",
        "3 sends a ping",
        "3 receives a pong",
        "3 has ended: connection reset by the proxy",
        "4 is closed by the phone",
    ]


def test_without_an_ear_nothing_is_looked_at(wire: Wire, caplog: pytest.LogCaptureFixture) -> None:
    wire.trace.ears.clear()
    wire.trace.do(Write(1, MESSAGE))
    wire.feed(Received(1, MESSAGE))
    assert caplog.text == ""
    assert wire.done == [Write(1, MESSAGE)]
    assert wire.heard == [Received(1, MESSAGE)]
