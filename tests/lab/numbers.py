"""The numbers that an exchange answers itself, so that one phone alone can try every call.

600  answers after two seconds  601  rings for ever
602  is busy                    603  calls you back
604  leaves you a message       605  plays your messages
any other number without a phone does not exist
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass

from firmware.media.sdes import Crypto, MasterKey, Suite, read_cryptos
from firmware.sip.headers import Headers
from firmware.sip.message import Message, Request, Response
from firmware.sip.uri import SipUri, parse_uri
from tests.lab.lamps import LampFields
from tests.lab.mailbox import Mailboxes
from tests.lab.notifier import Post

ANSWERS, RINGS, BUSY, CALLS_BACK = "600", "601", "602", "603"
LEAVES, PLAYS = "604", "605"
NUMBERS = {ANSWERS, RINGS, BUSY, CALLS_BACK, LEAVES, PLAYS}

ANSWER_S = 2.0
"""How long 600 rings."""

CALL_BACK_S = 2.0
"""How long 603 waits before it calls."""

GIVE_UP_S = 30.0
"""How long 603 lets the phone ring."""

REPEAT_S = (0.5, 1.0, 2.0, 4.0, 4.0, 4.0, 4.0, 4.0, 4.0)
"""When a 2xx is said again while its ACK is missing (RFC 3261 13.3.1.4)."""

CALLS_MAX = 100
"""Calls remembered; the oldest are forgotten."""

Later = Callable[[float, Callable[[], None]], None]


@dataclass(eq=False)
class Call:
    """One call at a test number."""

    number: str
    invite: Request
    tag: str
    acknowledged: bool = False
    answered: bool = False
    over: bool = False


class Numbers:
    """The far end that lives in the exchange: an end like a phone's connection."""

    alive = True

    def __init__(self, address: str, domain: str, send: Callable[[Message], None], later: Later):
        self._address, self._domain = address, domain
        self._send, self._later = send, later
        self._calls: dict[str, Call] = {}
        self.mailboxes = Mailboxes(Post(address, domain, self._send))
        self.mailboxes.number = PLAYS
        self.lamps = LampFields(Post(address, domain, self._send))

    def send(self, message: Message) -> None:
        """Take a message, in the next turn of the loop."""
        self._later(0.0, lambda: self._take(message))

    @property
    def calls(self) -> int:
        """How many calls are up or ringing."""
        return sum(not call.over for call in self._calls.values())

    def _take(self, message: Message) -> None:
        if isinstance(message, Response):
            self._take_response(message)
            return
        match message.method:
            case "INVITE":
                self._take_invite(message)
            case "ACK":
                self._take_ack(message)
            case "CANCEL":
                self._take_cancel(message)
            case "BYE":
                self._take_bye(message)
            case _:
                self._send(message.answer(200, to_tag=message.to.tag or secrets.token_hex(4)))

    def _take_invite(self, request: Request) -> None:
        known = self._calls.get(request.call_id)
        if request.to.tag:
            self._take_again(request, known)
            return
        if not isinstance(request.uri, SipUri):
            return
        number = request.uri.user or ""
        call = self._remember(Call(number, request, secrets.token_hex(4)))
        match number:
            case "602":
                self._answer(call, 486)
            case "603":
                self._answer(call, 480, "Will call you back")
                caller = str(request.from_.uri)
                self._later(CALL_BACK_S, lambda: self._call(caller))
            case "604":
                self._answer(call, 480, "Left a message")
                self._later(CALL_BACK_S, lambda: self.mailboxes.leave(user_of(request)))
            case "605":
                self._accept(call)
                self.mailboxes.hear(user_of(request))
            case "600":
                self._answer(call, 180)
                self._later(ANSWER_S, lambda: self._accept(call))
            case _:
                self._answer(call, 180)

    def _take_again(self, request: Request, call: Call | None) -> None:
        """A re-INVITE: the same session goes on."""
        if call is None or call.over:
            self._send(request.answer(481))
            return
        call.invite, call.acknowledged = request, False
        self._say(call, self._success(call))

    def _accept(self, call: Call) -> None:
        if not call.over:
            call.answered = True
            self._say(call, self._success(call))

    def _say(self, call: Call, success: Response, turn: int = 0) -> None:
        """Send a 2xx, and again until its ACK has come."""
        if call.acknowledged or call.over or turn == len(REPEAT_S):
            return
        self._send(success)
        self._later(REPEAT_S[turn], lambda: self._say(call, success, turn + 1))

    def _take_ack(self, request: Request) -> None:
        call = self._calls.get(request.call_id)
        if call is not None:
            call.acknowledged = True

    def _take_cancel(self, request: Request) -> None:
        self._send(request.answer(200))
        call = self._calls.get(request.call_id)
        if call is not None and not call.answered and not call.over:
            self._answer(call, 487)

    def _take_bye(self, request: Request) -> None:
        call = self._calls.get(request.call_id)
        status = 481 if call is None or call.over else 200
        if call is not None:
            call.over = True
        self._send(request.answer(status))

    def _answer(self, call: Call, status: int, reason: str = "") -> None:
        call.over = status >= 300
        answer = call.invite.answer(status, reason, to_tag=call.tag)
        self._send(self._with_contact(answer, call.number))

    def _success(self, call: Call) -> Response:
        answer = self._with_contact(call.invite.answer(200, to_tag=call.tag), call.number)
        session = answer_session(call.invite.body.decode(errors="replace"))
        headers = answer.headers.set("Content-Type", "application/sdp")
        return Response(200, answer.reason, headers, session.encode())

    def _with_contact(self, answer: Response, number: str) -> Response:
        contact = f"<sip:{number}@{self._address};transport=tls>"
        headers = answer.headers.set("Contact", contact)
        return Response(answer.status, answer.reason, headers, answer.body)

    def _call(self, uri: str) -> None:
        """Call somebody, as 603 does."""
        headers = Headers.of(
            ("Via", f"SIP/2.0/TLS {self._address};branch=z9hG4bK{secrets.token_hex(8)}"),
            ("Max-Forwards", "70"),
            ("From", f'"Call back" <sip:{CALLS_BACK}@{self._domain}>;tag={secrets.token_hex(4)}'),
            ("To", f"<{uri}>"),
            ("Call-ID", secrets.token_hex(8)),
            ("CSeq", "1 INVITE"),
            ("Contact", f"<sip:{CALLS_BACK}@{self._address};transport=tls>"),
            ("Content-Type", "application/sdp"),
        )
        request = Request("INVITE", parse_uri(uri), headers, offer_session().encode())
        call = self._remember(Call(CALLS_BACK, request, request.from_.tag or ""))
        self._send(request)
        self._later(GIVE_UP_S, lambda: self._give_up(call))

    def _give_up(self, call: Call) -> None:
        if not call.answered and not call.over:
            self._send(self._within(call, "CANCEL"))

    def _take_response(self, response: Response) -> None:
        call = self._calls.get(response.call_id)
        if call is None or response.cseq.method != "INVITE" or response.status < 200:
            return
        if response.status >= 300:
            call.over = True
            return
        call.answered = True
        self._send(self._within(call, "ACK", response))

    def _within(self, call: Call, method: str, success: Response | None = None) -> Request:
        """Return the CANCEL, or the ACK for a success, of a call that we made."""
        headers = call.invite.headers.without("Content-Type").without("Contact")
        headers = headers.set("CSeq", f"1 {method}")
        if success is None:
            return Request(method, call.invite.uri, headers)
        branch = f"SIP/2.0/TLS {self._address};branch=z9hG4bK{secrets.token_hex(8)}"
        headers = headers.set("Via", branch).set("To", str(success.to))
        for route in reversed(success.record_routes):
            headers = headers.add("Route", str(route))
        target = success.contacts[0].uri if success.contacts else call.invite.uri
        return Request(method, target, headers)

    def _remember(self, call: Call) -> Call:
        self._calls[call.invite.call_id] = call
        while len(self._calls) > CALLS_MAX:
            del self._calls[next(iter(self._calls))]
        return call


def user_of(request: Request) -> str:
    """Return who calls."""
    uri = request.from_.uri
    return (uri.user or "") if isinstance(uri, SipUri) else ""


TOP = ("v=0", "o=- 1 1 IN IP4 127.0.0.1", "s=-", "c=IN IP4 127.0.0.1", "t=0 0")

SILENT = "a=inactive"
"""A session without sound."""


def offer_session() -> str:
    """Offer G.711, with a key for whoever wants one."""
    crypto = Crypto(1, MasterKey.make(Suite.AES_CM_128_HMAC_SHA1_80, secrets.token_bytes))
    maps = ("a=rtpmap:0 PCMU/8000", "a=rtpmap:8 PCMA/8000")
    key = f"a=crypto:{crypto.to_sdp()}"
    return "\r\n".join([*TOP, "m=audio 9 RTP/AVP 0 8", *maps, key, SILENT, ""])


def answer_session(offer: str) -> str:
    """Answer an offer: its first audio format, without sound; our own offer where there is none."""
    media = next((line for line in offer.splitlines() if line.startswith("m=audio ")), "")
    if not media:
        return offer_session()
    _, _, profile, form, *_ = media.split()
    lines = [*TOP, f"m=audio 9 {profile} {form}"]
    lines += [line for line in offer.splitlines() if line.startswith(f"a=rtpmap:{form} ")][:1]
    values = (line.partition(":")[2] for line in offer.splitlines() if line.startswith("a=crypto:"))
    for theirs in read_cryptos(values)[:1]:
        ours = Crypto(theirs.tag, MasterKey.make(theirs.key.suite, secrets.token_bytes))
        lines.append(f"a=crypto:{ours.to_sdp()}")
    return "\r\n".join([*lines, SILENT, ""])
