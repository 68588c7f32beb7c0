"""A transaction layer on a bench: the test is the agent above it and the link below it."""

from __future__ import annotations

from itertools import count
from typing import TypeVar

from firmware.link.events import (
    Address,
    Failure,
    FailureKind,
    LinkDown,
    LinkUp,
    MessageReceived,
    Proxy,
    Role,
    SendMessage,
)
from firmware.sip.headers import Headers
from firmware.sip.message import Request, Response, parse_message
from firmware.sip.uri import SipUri
from firmware.transaction.events import (
    CancelRequest,
    RequestReceived,
    SendRequest,
    SendResponse,
)
from firmware.transaction.layer import TransactionEvent, Transactions

T = TypeVar("T")

LOCAL = Address("192.0.2.7", 40000)
PROXY = Proxy(Role.PRIMARY, "proxy.example.org", 5061)
LOST = Failure(FailureKind.RESET, "connection reset")
BOB = SipUri("sip", "example.org", user="bob")


class Bench:
    """Feeds a layer whose link is up."""

    def __init__(self, *, up: bool = True) -> None:
        self.now = 100.0
        self.layer = Transactions(str(number) for number in count(1))
        if up:
            self.feed(LinkUp(PROXY, LOCAL))

    def feed(self, event: TransactionEvent) -> list[object]:
        return self.layer.handle(event, self.now)

    def wait(self, seconds: float) -> list[object]:
        """Let time pass, waking the layer whenever it asks."""
        end, out = self.now + seconds, list[object]()
        while (due := self.layer.deadline()) is not None and due <= end:
            assert due >= self.now
            self.now = due
            out += self.layer.wake(self.now)
            later = self.layer.deadline()
            assert later is None or later > self.now
        self.now = end
        return out

    def send(self, method: str, key: str = "k") -> Request:
        """Send a request of ours; return what went out."""
        return sent(self.feed(SendRequest(key, ours(method))), Request)

    def cancel(self, key: str = "k") -> list[object]:
        return self.feed(CancelRequest(key))

    def answer(self, request: Request, status: int) -> list[object]:
        """Let the peer answer a request of ours."""
        return self.receive(request.answer(status, to_tag="far"))

    def receive(self, message: Request | Response) -> list[object]:
        return self.feed(MessageReceived(message))

    def meet(self, request: Request) -> str:
        """Let a request of theirs come in; return the key it is handed up under."""
        (up,) = self.receive(request)
        assert isinstance(up, RequestReceived)
        assert up.request == request
        return up.key

    def reply(self, key: str, request: Request, status: int) -> list[object]:
        """Answer a request of theirs."""
        return self.feed(SendResponse(key, request.answer(status, to_tag="mine")))

    def lose(self) -> list[object]:
        return self.feed(LinkDown(LOST))


def sent(out: list[object], kind: type[T]) -> T:
    """The one message of a kind among the outputs that goes down."""
    (message,) = [
        o.message for o in out if isinstance(o, SendMessage) and isinstance(o.message, kind)
    ]
    return message


def statuses(out: list[object]) -> list[int]:
    """The statuses of the responses that go down."""
    return [
        o.message.status
        for o in out
        if isinstance(o, SendMessage) and isinstance(o.message, Response)
    ]


def ours(method: str, *fields: tuple[str, object]) -> Request:
    """A request as the agent hands it over: without Via."""
    headers = Headers.of(
        ("Max-Forwards", 70),
        ("From", "<sip:alice@example.org>;tag=mine"),
        ("To", "<sip:bob@example.org>"),
        ("Call-ID", "call-1"),
        ("CSeq", f"7 {method}"),
        *fields,
    )
    return Request(method, BOB, headers)


def theirs(  # Every argument is one of the things that matching looks at.
    method: str,
    branch: str = "z9hG4bKfar1",
    sent_by: str = "proxy.example.org:5061",
    to_tag: str = "",
    from_tag: str = "theirs",
    cseq: int = 1,
) -> Request:
    """A request as it comes over the link."""
    to = f"<sip:alice@example.org>{to_tag and f';tag={to_tag}'}"
    text = (
        f"{method} sip:alice@192.0.2.7:40000;transport=tls SIP/2.0\r\n"
        f"Via: SIP/2.0/TLS {sent_by};branch={branch}\r\n"
        "Via: SIP/2.0/UDP caller.example.net;branch=z9hG4bKbehind\r\n"
        f"Max-Forwards: 69\r\nFrom: <sip:bob@example.org>;tag={from_tag}\r\nTo: {to}\r\n"
        f"Call-ID: call-2\r\nCSeq: {cseq} {method}\r\nContent-Length: 0\r\n\r\n"
    )
    message = parse_message(text.encode())
    assert isinstance(message, Request)
    return message
