"""An agent whose call stands: where tests of what is asked within a dialog begin."""

from __future__ import annotations

from dataclasses import replace

from firmware.agent.events import Answer, Dial
from firmware.sip.message import Request, Response
from firmware.transaction.events import AckReceived, RequestFailed, RequestFailure, SendRequest
from tests.unit.agent.registrar import answer
from tests.unit.agent.rig import Rig, account, invite, sdp

AUDIO = sdp("m=audio 4000 RTP/AVP 0")
HELD = sdp("m=audio 4000 RTP/AVP 0", "a=recvonly")


class Talking(Rig):
    """An agent with call 1, placed from here or received."""

    def __init__(self, *, placed: bool = True) -> None:
        super().__init__(account(display_name="Ann"))
        self.registered()
        self._cseq = 10
        if placed:
            self.feed(Dial(1, "100"))
            sent = self.one("INVITE")
            self.call_id, self.tag = sent.request.call_id, sent.request.from_.tag or ""
            self.far = '"Bob" <sip:100@example.org>;tag=far'
            self.reply(sent, self.accept(sent.request))
        else:
            self.call_id, self.far = "in1", '"Bob" <sip:100@example.org>;tag=bob'
            key = self.receive(invite(AUDIO))
            self.feed(Answer(1))
            self.tag = self.answers(key)[-1].to.tag or ""
            self.feed(AckReceived(self.within("ACK", cseq=1)))
        assert self.calls() == (1,)
        self.out.clear()

    def within(self, method: str, body: str = "", *, cseq: int = 0) -> Request:
        """Write a request of theirs within the dialog."""
        self._cseq += 1
        to = f"<sip:201@example.org>;tag={self.tag}"
        order = f"{cseq or self._cseq} {method}"
        request = invite(body, From=self.far, To=to, Call_ID=self.call_id, CSeq=order)
        return replace(request, method=method)

    def sends(self, method: str, body: str = "") -> Response:
        """Let a request of theirs come in; return our answer."""
        return self.answers(self.receive(self.within(method, body)))[-1]

    def acknowledges(self, body: str = "") -> list[object]:
        """Let the ACK of our last 2xx come in."""
        return self.feed(AckReceived(self.within("ACK", body, cseq=self._cseq)))

    def asked(self) -> SendRequest:
        """Take the INVITE that is out."""
        return self.one("INVITE")

    def grants(self, sent: SendRequest, body: str = AUDIO) -> list[object]:
        return self.reply(sent, self.accept(sent.request, "far", body))

    def denies(self, sent: SendRequest, status: int, *fields: tuple[str, str]) -> list[object]:
        return self.reply(sent, answer(sent.request, status, *fields))

    def never_answers(self, sent: SendRequest) -> list[object]:
        return self.feed(RequestFailed(sent.key, RequestFailure.TIMEOUT))
