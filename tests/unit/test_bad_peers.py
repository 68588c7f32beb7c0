"""Far ends that do not keep to the rules, as bytes on the wire of a whole phone.

Each time: the right answer on the wire, a plain sentence on the screen where a person has to know,
and another call that is not touched. That other call is with Amy; it stands before Bob begins.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import count
from random import Random

import pytest

from firmware.agent.account import Account, AgentSettings
from firmware.link.events import (
    Address,
    Connect,
    Connected,
    Proxy,
    Received,
    Role,
    TcpConnected,
    TlsFacts,
    Write,
)
from firmware.link.settings import LinkSettings
from firmware.media.formats import read_choices
from firmware.media.negotiation import SrtpMode
from firmware.phone.events import (
    AnswerCall,
    DialTarget,
    EndCall,
    Show,
    StartVoice,
    StopVoice,
)
from firmware.phone.screen import lines
from firmware.phone.settings import PhoneSettings
from firmware.sip.message import Request, Response
from firmware.sip.stream import Ping, StreamParser
from firmware.stack import Stack, StackSettings
from tests.unit.agent.registrar import Registrar
from tests.unit.agent.rig import sdp

PROXY = Proxy(Role.PRIMARY, "198.51.100.10", 5061)
FACTS = TlsFacts(Address("192.0.2.7", 40000), "TLSv1.3", "AES", resumed=False, certificate_ends=4e9)

PLAIN = sdp("m=audio 4000 RTP/AVP 0")
KEY = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwd"
SECURE = sdp(
    "m=audio 4000 RTP/SAVP 0",
    f"a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:{KEY}",
)
NO_CODEC = PLAIN.replace("AVP 0", "AVP 18")
NO_KEYS = sdp("m=audio 4000 RTP/SAVP 0")
LIES = sdp(
    "m=audio 4000/0 RTP/SAVP 0 0 999 -1 x",
    "c=IN IP4 300.1.1.1",
    "a=rtpmap:0 PCMU/0",
    "a=ptime:-20",
    "a=rtcp:99999999999999999999 IN IP6 ::1::",
    "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:AAAA",
)
MANY = sdp(*1000 * ["m=audio 4000 RTP/SAVP 0"])
HUGE = sdp("m=audio 4000 RTP/SAVP 0").ljust(64 * 1024, "\n")
HUGER = sdp("m=audio 4000 RTP/SAVP 0").ljust(200 * 1024, "\n")
NOTHING = sdp()

REQUEST = """\
{method} sip:201@192.0.2.7:40000;transport=tls SIP/2.0
Via: SIP/2.0/TLS 198.51.100.10;branch=z9hG4bK{branch}
Record-Route: <sip:198.51.100.10;transport=tls;lr>
Max-Forwards: 69
From: "{name}" <sip:{name}@example.org>;tag={from_tag}
To: <sip:201@example.org>{to_tag}
Call-ID: {call}
CSeq: {cseq} {method}
Contact: <sip:{name}@203.0.113.5:5061;transport=tls>
"""


class Wire:
    """A registered phone; the test writes what comes from the proxy, and reads what goes there."""

    def __init__(self, srtp: SrtpMode = SrtpMode.OFF) -> None:
        account = Account(number=1, user="201", domain="example.org", password="secret")
        chosen = replace(account, codecs=read_choices("payload=0"), srtp=srtp)
        agent = AgentSettings(instance="urn:uuid:1")
        settings = StackSettings(LinkSettings((PROXY,)), (chosen,), agent, PhoneSettings())
        ids = (f"id{number}" for number in count(1))
        self.now = 1000.0
        self.stack = Stack(settings, ids, Random(1), self.now)
        self.sent: list[Request | Response] = []
        self.screen: list[str] = []
        self.sounds: list[object] = []  # Sound that began, changed or ended.
        self._registrar, self._stream = Registrar(), StreamParser()
        self._branches = count(1)
        self.wait(1.0)
        assert self.stack.agent.registered_accounts
        self.sent.clear()

    def do(self, event: object) -> None:
        """Let a person do something, or the proxy."""
        self._carry(self.stack.handle(event, self.now))

    def wait(self, seconds: float) -> None:
        until = self.now + seconds
        while (due := self.stack.deadline()) is not None and due <= until:
            self.now = max(self.now, due)
            self._carry(self.stack.wake(self.now))
        self.now = until

    def comes(self, head: str, body: str = "") -> None:
        """Let a message come in, as it is written."""
        content = "Content-Type: application/sdp\n" if body else ""
        head = f"{head}{content}Content-Length: {len(body)}\n\n"
        self.do(Received(1, head.replace("\n", "\r\n").encode() + body.encode()))

    def asks(self, name: str, method: str, body: str = "", **changes: str) -> None:
        """Let a request of somebody's call come in."""
        fields = {"from_tag": name, "call": name, "to_tag": "", "cseq": "1", **changes}
        branch = f"{name}{next(self._branches)}"
        self.comes(REQUEST.format(method=method, name=name, branch=branch, **fields), body)

    def answers(self, request: Request, status: str, body: str = "", tag: str = "far") -> None:
        """Let an answer to a request of the phone's come in."""
        names = ("Via", "From", "Call-ID", "CSeq")
        copied = "".join(f"{name}: {request.headers.get(name)}\n" for name in names)
        to = request.headers.get("To") or ""
        to = to if ";tag=" in to else f"{to};tag={tag}"
        contact = "Contact: <sip:bob@203.0.113.5:5061;transport=tls>\n"
        self.comes(f"SIP/2.0 {status}\n{copied}To: {to}\n{contact}", body)

    def last(self) -> tuple[object, ...]:
        """Return what went out since the last look, as methods and statuses, oldest first."""
        told = [m.method if isinstance(m, Request) else m.status for m in self.sent]
        self.sent.clear()
        return tuple(told)

    def request(self, method: str) -> Request:
        """Return the last request of a method that went out."""
        found = [m for m in self.sent if isinstance(m, Request) and m.method == method]
        return found[-1]

    def tag(self) -> str:
        """Return the phone's tag in its last answer, as a parameter."""
        last = [message for message in self.sent if isinstance(message, Response)][-1]
        return f";tag={last.to.tag}"

    def amy_talks(self, body: str = PLAIN) -> str:
        """Have a call with Amy; return our tag in it."""
        self.asks("amy", "INVITE", body)
        self.do(AnswerCall())
        tag = self.tag()
        self.asks("amy", "ACK", to_tag=tag)
        assert self.last() == (100, 180, 200) or self.screen[:2] == ["Connected", "amy"]
        self.sounds.clear()
        return tag

    def amy_is_well(self, tag: str) -> None:
        """See that Amy's call is as it was: her request is taken, and hanging up reaches her."""
        assert self.screen[:2] == ["Connected", "amy"]
        self.sent.clear()
        self.asks("amy", "OPTIONS", to_tag=tag, cseq="20")
        assert self.last() == (200,)
        self.do(EndCall())
        bye = self.request("BYE")
        assert (bye.call_id, f";tag={bye.from_.tag}") == ("amy", tag)

    def _carry(self, out: list[object]) -> None:
        for item in out:
            match item:
                case Connect(attempt):
                    self.do(TcpConnected(attempt))
                    self.do(Connected(attempt, FACTS))
                case Write(_, data):
                    self._stream.receive(data)
                case Show(screen):
                    self.screen = list(lines(screen))
                case StartVoice() | StopVoice():
                    self.sounds.append(item)
                case _:
                    pass
        while (item := self._stream.next_item()) is not None:
            if isinstance(item, Ping):
                self.do(Received(1, b"\r\n"))
            elif isinstance(item, Request) and item.method == "REGISTER":
                self.do(Received(1, bytes(self._registrar.answer(item))))
            elif isinstance(item, Request | Response):
                self.sent.append(item)


# A call that cannot come about.


@pytest.mark.parametrize(
    ("body", "status", "warning"),
    [
        (SECURE.replace("SAVP 0", "SAVP 18"), 488, "no common codec"),
        (PLAIN, 488, "only encrypted sound is taken here"),
        (NO_KEYS, 488, "no common encryption"),
        (NOTHING, 488, "no sound is offered"),
        (LIES, 488, "the address for sound cannot be used"),
        (MANY, 488, "Bad session description"),
        (HUGE, 488, "Bad session description"),
        (HUGER, 513, ""),
        ("v=0\r\nm=audio x\r\n", 400, "Bad session description"),
        ("\0" * 9, 400, "Bad session description"),
    ],
    ids=[
        "codec",
        "plain",
        "no keys",
        "nothing",
        "lies",
        "many lines",
        "64 KiB",
        "200 KiB",
        "no port",
        "zeros",
    ],
)
def test_an_offer_that_cannot_be_taken_is_refused_beside_a_call(
    body: str, status: int, warning: str
) -> None:
    wire = Wire(SrtpMode.ONLY)
    tag = wire.amy_talks(SECURE)
    before = wire.screen
    wire.sent.clear()
    wire.asks("bob", "INVITE", body)
    refusal = wire.sent[-1]
    assert isinstance(refusal, Response)
    assert (refusal.status, warning in (refusal.headers.get("Warning") or "")) == (status, True)
    assert 180 not in wire.last()
    assert wire.screen == before, "nobody is told of a call that never was"
    assert not wire.sounds
    wire.amy_is_well(tag)


@pytest.mark.parametrize(
    ("mode", "body", "sentence"),
    [
        (SrtpMode.OFF, NO_CODEC, "no common codec"),
        (SrtpMode.ONLY, PLAIN, "the far end does not encrypt"),
        (SrtpMode.ONLY, NO_KEYS, "the far end does not encrypt"),
        (SrtpMode.ONLY, SECURE.replace(":1 AES", ":9 AES"), "no common encryption"),
        (SrtpMode.OFF, NOTHING, "no common media"),
        (SrtpMode.OFF, "", "no media in the answer"),
        (SrtpMode.OFF, "nonsense", "the media cannot be read"),
        (SrtpMode.OFF, MANY, "the media cannot be read"),
    ],
)
def test_an_answer_that_cannot_be_used_is_acknowledged_and_the_call_ended(
    mode: SrtpMode, body: str, sentence: str
) -> None:
    wire = Wire(mode)
    wire.do(DialTarget("100"))
    invite = wire.request("INVITE")
    wire.last()
    wire.answers(invite, "200 OK", body)
    assert wire.last() == ("ACK", "BYE")
    assert sentence in wire.screen
    assert not wire.sounds


# A far end that answers more than once, or changes its mind.


def placed(wire: Wire) -> Request:
    """Call Bob, who answers; return our INVITE."""
    wire.do(DialTarget("100"))
    invite = wire.request("INVITE")
    wire.answers(invite, "200 OK", PLAIN)
    assert wire.last() == ("INVITE", "ACK")
    assert len(wire.sounds) == 1
    return invite


def test_a_second_answer_of_the_same_end_is_acknowledged_and_changes_nothing() -> None:
    wire = Wire()
    invite = placed(wire)
    wire.answers(invite, "200 OK", PLAIN.replace("4000", "6000"))
    assert wire.last() == ("ACK",)
    assert len(wire.sounds) == 1
    assert wire.screen[0] == "Connected"


def test_a_second_end_that_answers_is_hung_up_and_the_first_goes_on() -> None:
    wire = Wire()
    invite = placed(wire)
    wire.answers(invite, "200 OK", PLAIN, tag="elsewhere")
    assert wire.request("BYE").to.tag == "elsewhere"
    assert wire.last() == ("ACK", "BYE")
    assert len(wire.sounds) == 1
    assert wire.screen[0] == "Connected"


@pytest.mark.parametrize("status", ["180 Ringing", "183 Session Progress", "486 Busy Here"])
def test_after_the_answer_nothing_else_is_one(status: str) -> None:
    wire = Wire()
    invite = placed(wire)
    wire.answers(invite, status, NO_CODEC)
    assert wire.last() == ()
    assert len(wire.sounds) == 1
    assert wire.screen[0] == "Connected"


def test_after_a_refusal_no_answer_is_one() -> None:
    wire = Wire()
    wire.do(DialTarget("100"))
    invite = wire.request("INVITE")
    wire.answers(invite, "486 Busy Here")
    assert "busy" in wire.screen
    wire.last()
    wire.answers(invite, "200 OK", PLAIN)
    assert not wire.sounds
    assert wire.last() in {(), ("ACK", "BYE")}, "refused or unheard, but never a call"


def test_the_answer_may_say_otherwise_than_what_was_said_while_it_rang() -> None:
    wire = Wire()
    wire.do(DialTarget("100"))
    invite = wire.request("INVITE")
    wire.answers(invite, "183 Session Progress", PLAIN)
    wire.answers(invite, "200 OK", PLAIN.replace("4000", "6000"))
    ports = [item.plan.remote.port for item in wire.sounds if isinstance(item, StartVoice)]
    assert ports == [4000, 6000]
    assert wire.screen[0] == "Connected"


@pytest.mark.parametrize("body", [NO_CODEC, NOTHING, NO_KEYS, "nonsense", MANY])
def test_a_call_that_would_become_impossible_stays_as_it_was(body: str) -> None:
    wire = Wire()
    tag = wire.amy_talks()
    wire.asks("amy", "INVITE", body, to_tag=tag, cseq="2")
    assert wire.last()[-1] in {400, 488}
    assert not wire.sounds
    wire.amy_is_well(tag)


def test_a_call_that_was_encrypted_does_not_become_plain() -> None:
    wire = Wire(SrtpMode.ONLY)
    tag = wire.amy_talks(SECURE)
    wire.asks("amy", "INVITE", PLAIN, to_tag=tag, cseq="2")
    assert wire.last()[-1] == 488
    assert not wire.sounds
    wire.amy_is_well(tag)


# Dialogs that are none.


@pytest.mark.parametrize(
    "changes",
    [
        {"from_tag": "somebody"},
        {"to_tag": ";tag=nobody"},
        {"to_tag": ""},
        {"call": "another"},
        {"from_tag": "bob", "call": "bob"},
    ],
    ids=["their tag", "our tag", "no tag", "call", "somebody else's"],
)
@pytest.mark.parametrize("method", ["BYE", "INVITE", "UPDATE", "INFO"])
def test_a_request_with_the_wrong_names_ends_nothing(changes: dict[str, str], method: str) -> None:
    wire = Wire()
    tag = wire.amy_talks()
    before = wire.screen
    named = {"to_tag": tag, "cseq": "2", **changes}
    if method == "INVITE" and not named["to_tag"]:
        named["to_tag"] = ";tag=nobody"  # Without a tag it is another call.
    wire.asks("amy", method, **named)
    assert wire.last()[-1] in {481, 405}
    assert (wire.screen, wire.sounds) == (before, [])
    wire.amy_is_well(tag)


def test_a_request_that_comes_out_of_order_is_refused() -> None:
    wire = Wire()
    tag = wire.amy_talks()
    wire.asks("amy", "OPTIONS", to_tag=tag, cseq="9")
    wire.asks("amy", "BYE", to_tag=tag, cseq="8")
    assert wire.last()[-2:] == (200, 500)
    wire.amy_is_well(tag)


def test_a_cancel_after_the_answer_ends_nothing() -> None:
    wire = Wire()
    tag = wire.amy_talks()
    wire.asks("amy", "CANCEL")
    assert wire.last()[-1] in {200, 481}
    wire.amy_is_well(tag)


# Who never acknowledges.


def test_a_second_caller_who_never_acknowledges_is_hung_up_and_the_first_goes_on() -> None:
    wire = Wire()
    tag = wire.amy_talks()
    wire.asks("bob", "INVITE", PLAIN)
    wire.do(AnswerCall())
    hold = wire.request("INVITE")
    wire.answers(hold, "200 OK", sdp("m=audio 4000 RTP/AVP 0", "a=recvonly"), tag="amy")
    wire.last()
    wire.wait(33.0)
    back = wire.request("INVITE")  # The first call is taken back by itself.
    told = wire.last()
    assert told.count(200) >= 7, "repeated until 64 x T1 have passed"
    assert told.count("BYE") == 1
    assert back.call_id == "amy"
    wire.answers(back, "200 OK", PLAIN, tag="amy")
    wire.amy_is_well(tag)


def test_a_caller_who_never_acknowledges_is_told_of_on_the_screen() -> None:
    wire = Wire()
    wire.asks("bob", "INVITE", PLAIN)
    wire.do(AnswerCall())
    wire.wait(33.0)
    assert wire.last()[-1] == "BYE"
    assert "the answer was not confirmed" in wire.screen
