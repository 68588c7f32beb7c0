"""A link on a bench: the test is the driver below it and the layers above it."""

from __future__ import annotations

from itertools import count
from random import Random
from typing import TypeVar

from firmware.link.events import (
    Address,
    Connect,
    Connected,
    DeliveryChecked,
    Failure,
    FailureKind,
    LinkStatus,
    Lost,
    Proxy,
    Received,
    Role,
    SendMessage,
    TcpConnected,
    TlsFacts,
    Write,
)
from firmware.link.link import Link, LinkEvent
from firmware.link.settings import LinkSettings
from firmware.sip.message import Request, Response, parse_message
from firmware.sip.uri import parse_uri

T = TypeVar("T")

PRIMARY = Proxy(Role.PRIMARY, "192.0.2.1", 5061)
BACKUP = Proxy(Role.BACKUP, "192.0.2.2", 5061)
LOCAL = Address("192.0.2.99", 40000)
FACTS = TlsFacts(LOCAL, "TLSv1.3", "TLS_AES_256_GCM_SHA384", resumed=False, certificate_ends=2e9)
REFUSED = Failure(FailureKind.REFUSED, "connection refused by 192.0.2.1:5061")
PING = b"\r\n\r\n"


class Rig:
    """Feeds a link and remembers what it says."""

    def __init__(self, *proxies: Proxy, seed: int = 1, **settings: object) -> None:
        self.now = 1000.0
        chosen = LinkSettings(proxies=proxies or (PRIMARY,), **settings)  # type: ignore[arg-type] # a test's own words
        ids = (f"id{number}" for number in count(1))
        self.link = Link(chosen, ids, Random(seed), self.now)
        self.out: list[object] = []

    def feed(self, event: LinkEvent) -> list[object]:
        out = self.link.handle(event, self.now)
        self.out += out
        return out

    def advance(self, to: float) -> list[object]:
        """Let time pass until `to`, waking the link whenever it asks; answer for the kernel not."""
        out: list[object] = []
        while (due := self.link.deadline()) is not None and due <= to:
            self.now = max(self.now, due)
            out += self.link.wake(self.now)
            later = self.link.deadline()
            assert later is None or later > self.now
        self.now = to
        self.out += out
        return out

    def until(self, kind: type[T], limit_s: float = 1000.0) -> T:
        """Let time pass until the link says a `kind`."""
        end = self.now + limit_s
        while (due := self.link.deadline()) is not None and due <= end:
            out = self.advance(max(due, self.now))
            if found := of(kind, out):
                return found[0]
        raise AssertionError(f"no {kind.__name__} within {limit_s} s")

    def connect(self) -> int:
        """Wait for the next attempt and bring it up; return its number."""
        attempt = self.until(Connect).attempt
        self.feed(TcpConnected(attempt))
        self.feed(Connected(attempt, FACTS))
        return attempt

    def registered(self) -> int:
        """Bring the link up and answer a REGISTER; the first ping has gone out and was answered."""
        attempt = self.connect()
        self.feed(SendMessage(request("REGISTER")))
        self.receive(attempt, bytes(answer("REGISTER")))
        self.receive(attempt, b"\r\n")
        return attempt

    def receive(self, attempt: int, data: bytes) -> list[object]:
        return self.feed(Received(attempt, data))

    def lose(self, attempt: int, failure: Failure = REFUSED) -> list[object]:
        return self.feed(Lost(attempt, failure))

    def kernel(self, attempt: int, unacknowledged: int) -> list[object]:
        return self.feed(DeliveryChecked(attempt, unacknowledged))

    @property
    def status(self) -> LinkStatus:
        """The status told last."""
        return of(LinkStatus, self.out)[-1]


def of(kind: type[T], out: list[object]) -> list[T]:
    """Those of the outputs that are of a kind."""
    return [item for item in out if isinstance(item, kind)]


def written(out: list[object]) -> bytes:
    return b"".join(write.data for write in of(Write, out))


def request(method: str, branch: str = "z9hG4bKrig", call_id: str = "rig") -> Request:
    text = (
        f"{method} sip:example.org SIP/2.0\r\nVia: SIP/2.0/TLS 192.0.2.99:40000;branch={branch}\r\n"
        "Max-Forwards: 70\r\nFrom: <sip:201@example.org>;tag=a\r\nTo: <sip:201@example.org>\r\n"
        f"Call-ID: {call_id}\r\nCSeq: 1 {method}\r\nContent-Length: 0\r\n\r\n"
    )
    message = parse_message(text.encode())
    assert isinstance(message, Request)
    assert str(message.uri) == str(parse_uri("sip:example.org"))
    return message


def answer(method: str, status: int = 200, branch: str = "z9hG4bKrig") -> Response:
    return request(method, branch).answer(status)
