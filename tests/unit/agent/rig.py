"""An agent on a bench: the test is the transaction layer below it and the person above it."""

from __future__ import annotations

from dataclasses import fields, replace
from itertools import count
from random import Random
from typing import TypeVar

from firmware.agent.account import Account, AgentSettings, RegistrationSettings
from firmware.agent.agent import Agent, AgentEvent
from firmware.agent.events import AccountStatus, CallEnded
from firmware.link.events import Address, Failure, FailureKind, Proxy, Role
from firmware.media.formats import read_choices
from firmware.media.negotiation import SrtpMode
from firmware.sip.message import Request, Response, parse_message
from firmware.transaction.events import (
    RequestFailed,
    RequestFailure,
    RequestReceived,
    ResponseReceived,
    SendRequest,
    SendResponse,
    ServiceLost,
    ServiceUp,
)
from tests.unit.agent.registrar import Registrar, answer

T = TypeVar("T")

PRIMARY = Proxy(Role.PRIMARY, "proxy1.example.org", 5061)
BACKUP = Proxy(Role.BACKUP, "proxy2.example.org", 5061)
LOCAL = Address("192.0.2.99", 40000)
RESET = Failure(FailureKind.RESET, "connection reset by the proxy")
INSTANCE = "urn:uuid:00000000-0000-4000-8000-000000000001"


def account(number: int = 1, **changes: str) -> Account:
    """An account with G.711 in clear; `test_sessions.py` looks at all the others."""
    texts = {"user": f"20{number}", "domain": "example.org", "password": "secret", **changes}
    plain = Account(number=number, **texts)  # type: ignore[arg-type] # all of them are texts
    return replace(plain, codecs=read_choices("payload=0,payload=8"), srtp=SrtpMode.OFF)


INVITE = """\
INVITE sip:201@192.0.2.99:40000;transport=tls;ob SIP/2.0
Via: SIP/2.0/TLS proxy1.example.org;branch=z9hG4bK1
Record-Route: <sip:proxy1.example.org;lr>
Max-Forwards: 69
From: "Bob" <sip:100@example.org>;tag=bob
To: <sip:201@example.org>
Call-ID: in1
CSeq: 1 INVITE
Contact: <sip:bob@198.51.100.7:5061;transport=tls>

"""


class Rig:
    """Feeds an agent and remembers what it says."""

    def __init__(self, *accounts: Account, **settings: object) -> None:
        self.now = 1000.0
        accounts = accounts or (account(),)
        names = {field.name for field in fields(RegistrationSettings)}
        registering = {name: settings.pop(name) for name in names & set(settings)}
        if registering:
            chosen_registration = RegistrationSettings(**registering)  # type: ignore[arg-type] # so are these
            accounts = tuple(replace(one, registration=chosen_registration) for one in accounts)
        chosen = AgentSettings(instance=INSTANCE, user_agent="handset/1", **settings)  # type: ignore[arg-type] # a test's own words
        ids = (f"id{number}" for number in count(1))
        self.agent = Agent(accounts, chosen, ids, Random(1))
        self.registrar = Registrar()
        self.out: list[object] = []
        self.open: list[SendRequest] = []  # Requests that nobody has answered yet.
        self._keys = count(1)

    def feed(self, event: AgentEvent) -> list[object]:
        return self._keep(self.agent.handle(event, self.now))

    def advance(self, to: float) -> list[object]:
        """Let time pass until `to`, waking the agent whenever it asks."""
        out: list[object] = []
        while (due := self.agent.deadline()) is not None and due <= to:
            self.now = max(self.now, due)
            out += self._wake()
        self.now = to
        return out

    def sleep(self, seconds: float) -> list[object]:
        """Let a machine sleep: whatever was due meanwhile is due at once."""
        self.now += seconds
        return self._wake()

    def _wake(self) -> list[object]:
        out = self._keep(self.agent.wake(self.now))
        later = self.agent.deadline()
        assert later is None or later > self.now, "a wake has to move the deadline"
        return out

    def wait(self, seconds: float) -> list[object]:
        return self.advance(self.now + seconds)

    def up(self, proxy: Proxy = PRIMARY, local: Address = LOCAL) -> list[object]:
        return self.feed(ServiceUp(proxy, local))

    def down(self, failure: Failure = RESET) -> list[object]:
        """Lose the link: every open request fails first, as the transaction layer does it."""
        out: list[object] = []
        lost, self.open = self.open, []
        for sent in lost:
            invite = sent.request if sent.request.method == "INVITE" else None
            out += self.feed(RequestFailed(sent.key, RequestFailure.LINK_LOST, invite))
        return out + self.feed(ServiceLost(failure))

    def register(self, limit: int = 20) -> int:
        """Let the registrar answer REGISTERs until none is open; return the round trips."""
        trips = 0
        while sent := self.take("REGISTER"):
            trips += 1
            assert trips < limit, "the agent does not stop"
            for request in sent:
                self.reply(request, self.registrar.answer(request.request))
        return trips

    def registered(self) -> Rig:
        """Bring the link up and every account with it."""
        self.up()
        self.register()
        assert self.agent.registered_accounts
        self.out.clear()
        return self

    def accounts(self) -> tuple[int, ...]:
        return self.agent.registered_accounts

    def calls(self) -> tuple[int, ...]:
        return self.agent.calls

    def take(self, method: str) -> list[SendRequest]:
        """Take the open requests of a method."""
        found = [sent for sent in self.open if sent.request.method == method]
        self.open = [sent for sent in self.open if sent.request.method != method]
        return found

    def one(self, method: str) -> SendRequest:
        (sent,) = self.take(method)
        return sent

    def reply(self, sent: SendRequest, response: Response) -> list[object]:
        return self.feed(ResponseReceived(sent.key, response))

    def receive(self, request: Request) -> str:
        """Let a request come in; return its key."""
        key = f"in{next(self._keys)}"
        self.feed(RequestReceived(key, request))
        return key

    def accept(self, invite: Request, tag: str = "far", body: str | None = None) -> Response:
        """Write the 2xx of a far end."""
        session = sdp("m=audio 4000 RTP/AVP 0") if body is None else body
        fields = [("Contact", "<sip:far@198.51.100.7:5061;transport=tls>")]
        fields += [("Record-Route", "<sip:proxy1.example.org;lr>")]
        fields += [("Content-Type", "application/sdp")] if session else []
        return replace(answer(invite, 200, *fields, tag=tag), body=session.encode())

    def answers(self, key: str) -> list[Response]:
        return [i.response for i in self.out if isinstance(i, SendResponse) and i.key == key]

    def statuses(self, number: int = 1) -> list[AccountStatus]:
        return [s for s in of(AccountStatus, self.out) if s.account == number]

    def ended(self) -> CallEnded:
        (ended,) = of(CallEnded, self.out)
        return ended

    def _keep(self, out: list[object]) -> list[object]:
        self.out += out
        self.open += of(SendRequest, out)
        return out


def invite(body: str, *fields: tuple[str, str], **changes: str) -> Request:
    message = parse_message(INVITE.replace("\n", "\r\n").encode())
    assert isinstance(message, Request)
    headers = message.headers
    for name, value in changes.items():
        headers = headers.set(name.replace("_", "-"), value)
    content = [("Content-Type", "application/sdp")] if body else []
    for name, value in (*content, *fields):
        headers = headers.add(name, value)
    return replace(message, headers=headers, body=body.encode())


def sdp(*media: str) -> str:
    """Write a session description with these media lines."""
    lines = ["v=0", "o=- 7 1 IN IP4 198.51.100.7", "s=-", "c=IN IP4 198.51.100.7", "t=0 0", *media]
    return "\r\n".join(lines) + "\r\n"


def of(kind: type[T], items: list[object]) -> list[T]:
    return [item for item in items if isinstance(item, kind)]


def text(message: Request | Response) -> str:
    """Return a message as people read it in a golden comparison."""
    return bytes(message).decode().replace("\r\n", "\n")
