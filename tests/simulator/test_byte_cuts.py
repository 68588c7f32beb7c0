"""A whole session, what is sent cut at every single position: the same result each time.

In one session each write is cut after its first byte, in the next after its second, and so on.
Both ends are our machines: the phone's stack against a peer of our stream and transactions. Two
accounts register, pings are answered, a call goes out and one comes in, the phone says goodbye.
"""

from __future__ import annotations

import os
from collections import deque
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field, replace
from functools import cache
from itertools import chain, count
from random import Random

from firmware.agent.account import Account, AgentSettings
from firmware.agent.events import CallAnswered, CallEnded, IncomingCall, UnregisterAll
from firmware.link.events import (
    Address,
    Connect,
    Connected,
    LinkStatus,
    LinkUp,
    MessageReceived,
    Proxy,
    Received,
    Role,
    SendMessage,
    TcpConnected,
    TlsFacts,
    Write,
)
from firmware.link.settings import LinkSettings
from firmware.phone.events import AnswerCall, DialTarget, EndCall, Report
from firmware.phone.settings import PhoneSettings
from firmware.sip.message import Request, Response
from firmware.sip.stream import Ping, Pong, StreamParser
from firmware.sip.uri import SipUri
from firmware.stack import Stack, StackSettings
from firmware.transaction.events import (
    AckReceived,
    RequestReceived,
    ResponseReceived,
    SendAck,
    SendRequest,
    SendResponse,
    ServiceUp,
)
from firmware.transaction.layer import Transactions
from tests.simulator.dialogs import FAR_CONTACT, SESSION, far_request, final
from tests.unit.agent.registrar import Registrar

LOCAL = Address("192.0.2.7", 40000)
PROXY = Proxy(Role.PRIMARY, "198.51.100.10", 5061)
FACTS = TlsFacts(LOCAL, "TLSv1.3", "AES", resumed=False, certificate_ends=4e9)
START_S = 1000.0
NEVER = -1
EVERYWHERE = -2
CHUNK = 16
INVITE_MIN = 500
"""Bytes; an INVITE with its session has more."""


@dataclass
class Way:
    """One direction: what was sent over it, and after how many bytes each write is cut."""

    cut_at: int
    sent: bytearray = field(default_factory=bytearray)
    longest: int = 0  # Of its writes.

    def pieces(self, data: bytes) -> list[bytes]:
        """Cut what is sent now."""
        at = self.cut_at
        self.sent += data
        self.longest = max(self.longest, len(data))
        if self.cut_at == EVERYWHERE:
            return [data[i : i + 1] for i in range(len(data))]
        return [data[:at], data[at:]] if 0 < at < len(data) else [data]


class Peer:
    """A proxy and the people behind it; `out` is what it sends."""

    def __init__(self, now: float) -> None:
        self.out: list[bytes] = []
        self.acks = 0
        self.answers: list[int] = []  # To its INVITE and BYE.
        ids = (f"peer{number}" for number in count(1))
        self._stream = StreamParser()
        self._transactions = Transactions(ids)
        self._registrar = Registrar()
        self._dialog: Response | None = None  # The phone's 2xx.
        self.feed(LinkUp(PROXY, Address(PROXY.host, 5061)), now)

    def receive(self, data: bytes, now: float) -> None:
        """Read what the phone sent."""
        self._stream.receive(data)
        while (item := self._stream.next_item()) is not None:
            match item:
                case Ping():
                    self.out.append(b"\r\n")
                case Pong():
                    pass
                case Request() | Response():
                    self.feed(MessageReceived(item), now)
                case _:
                    raise AssertionError(f"the phone sent {item}")

    def ping(self) -> None:
        """Ask the phone for a pong."""
        self._stream.expect_pong()
        self.out.append(b"\r\n\r\n")

    def call(self, now: float) -> None:
        """Call the first account."""
        (contact,) = self._registrar.bindings["sip:201@example.org"]
        assert isinstance(contact.uri, SipUri)
        self._ask("INVITE", contact.uri, "<sip:201@example.org>", 1, now)

    def hang_up(self, now: float) -> None:
        """End that call."""
        assert self._dialog is not None
        to = self._dialog.headers.get("To") or ""
        self._ask("BYE", self._dialog.contacts[0].uri, to, 2, now)

    def _ask(self, method: str, uri: object, to: str, cseq: int, now: float) -> None:
        assert isinstance(uri, SipUri)
        request = _far(method, uri, to, cseq)
        self.feed(SendRequest(method, request), now)

    def feed(self, event: object, now: float) -> None:
        """Carry an event and all that follows from it."""
        work = deque([event])
        while work:
            match work.popleft():
                case SendMessage(message):
                    self.out.append(bytes(message))
                case RequestReceived(key, request):
                    work.extend(SendResponse(key, answer) for answer in self._answers(request))
                case ResponseReceived(key, response):
                    work.extend(self._answered(key, response))
                case AckReceived():
                    self.acks += 1
                case ServiceUp():
                    pass
                case item:
                    work.extend(self._transactions.handle(item, now))  # type: ignore[arg-type] # the rest is its own

    def _answers(self, request: Request) -> list[Response]:
        match request.method:
            case "REGISTER":
                return [self._registrar.answer(request)]
            case "INVITE":
                contact = ("Contact", FAR_CONTACT)
                return [
                    final(request, 180, "far", contact),
                    final(request, 200, "far", contact, body=SESSION),
                ]
            case _:
                return [final(request, 200, "far")]

    def _answered(self, key: str, response: Response) -> list[object]:
        self.answers.append(response.status)
        if key != "INVITE" or response.status < 200:
            return []
        self._dialog = response
        uri, to = response.contacts[0].uri, response.headers.get("To") or ""
        assert isinstance(uri, SipUri)
        return [SendAck(_far("ACK", uri, to, 1))]


def _far(method: str, uri: SipUri, to: str, cseq: int) -> Request:
    from_ = '"Far" <sip:100@example.org>;tag=caller'
    body = SESSION if method == "INVITE" else b""
    request = far_request(method, uri, from_, to, "in", cseq, "none", body)
    return replace(request, headers=request.headers.without("Via"))


class Session:
    """The phone, the peer, and the wire between them."""

    def __init__(self, cut_at: int) -> None:
        self.now = START_S
        self.up, self.down = Way(cut_at), Way(cut_at)
        self.said: list[object] = []  # What people are told, but for the link's status.
        self.status: LinkStatus | None = None
        ids = (f"id{number}" for number in count(1))
        self.stack = Stack(_settings(), ids, Random(1), self.now)
        self.peer = Peer(self.now)

    def play(self) -> Session:
        """Live through all of it."""
        self.wait(70.0)
        self.peer.ping()
        self.carry([])
        self.do(DialTarget("300"))
        self.wait(3.0)
        self.do(EndCall())
        self.peer.call(self.now)
        self.carry([])
        self.do(AnswerCall())
        self.wait(2.0)
        self.peer.hang_up(self.now)
        self.carry([])
        self.do(UnregisterAll())
        return self

    def result(self) -> tuple[object, ...]:
        """Return all that must not depend on where the stream was cut."""
        sent = bytes(self.up.sent), bytes(self.down.sent)
        return (*sent, self.said, self.status, self.peer.acks, self.peer.answers)

    def do(self, event: object) -> None:
        """Give the phone an event, and let both ends talk."""
        self.carry(self.stack.handle(event, self.now))

    def wait(self, seconds: float) -> None:
        """Let time pass for the phone."""
        until = self.now + seconds
        while (due := self.stack.deadline()) is not None and due <= until:
            self.now = max(self.now, due)
            self.carry(self.stack.wake(self.now))
        self.now = until

    def carry(self, out: list[object]) -> None:
        """Carry what both ends say until they are quiet."""
        work = deque(out)
        while work or self.peer.out:
            while work:
                work.extend(self._carry_out(work.popleft()))
            sent, self.peer.out = self.peer.out, []
            for piece in chain.from_iterable(map(self.down.pieces, sent)):
                work.extend(self.stack.handle(Received(1, piece), self.now))

    def _carry_out(self, item: object) -> list[object]:
        match item:
            case Connect(attempt):
                opened = [TcpConnected(attempt), Connected(attempt, FACTS)]
                return [out for event in opened for out in self.stack.handle(event, self.now)]
            case Write(_, data):
                for piece in self.up.pieces(data):
                    self.peer.receive(piece, self.now)
            case Report(LinkStatus() as status):
                self.status = status
            case Report(fact):
                self.said.append(fact)
            case _:
                pass
        return []


def _settings() -> StackSettings:
    accounts = tuple(
        Account(number=n, user=f"20{n}", domain="example.org", password="secret") for n in (1, 2)
    )
    link = LinkSettings((PROXY,), keep_alive_s=30.0)
    return StackSettings(link, accounts, AgentSettings(instance="urn:uuid:1"), PhoneSettings())


@cache
def uncut() -> Session:
    """Return a session that is not cut."""
    return Session(NEVER).play()


def makes_a_difference(cut_at: int) -> bool:
    """Tell whether the session is another one where each write is cut there."""
    return Session(cut_at).play().result() != uncut().result()


def test_the_session_is_a_whole_one() -> None:
    session = uncut()
    kinds = [type(fact) for fact in session.said]
    assert kinds.count(IncomingCall) == 1
    assert kinds.count(CallAnswered) == kinds.count(CallEnded) == 2
    assert session.peer.acks == 1
    assert session.peer.answers == [180, 200, 200]
    assert session.up.sent.count(b"REGISTER sip:") == 6
    assert session.up.sent.count(b"Expires: 0") == 2
    assert session.status is not None
    assert session.status.answers_pings is True


def test_a_cut_at_any_position_changes_nothing() -> None:
    longest = max(uncut().up.longest, uncut().down.longest)
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        differ = list(pool.map(makes_a_difference, range(1, longest), chunksize=CHUNK))
    assert not any(differ), f"cuts after {differ.index(True) + 1} bytes change the session"
    assert len(differ) > INVITE_MIN


def test_byte_by_byte_is_the_same_session() -> None:
    assert Session(EVERYWHERE).play().result() == uncut().result()
