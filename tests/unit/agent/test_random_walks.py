"""Anything may happen in any order: a seeded walk, rules checked after each step, a calm end."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from random import Random

import pytest

from firmware.agent.events import (
    Answer,
    CallAnswered,
    CallEnded,
    Dial,
    Dialling,
    HangUp,
    Hold,
    IncomingCall,
    Reject,
    Resume,
)
from firmware.sip.message import Request
from firmware.transaction.events import (
    AckReceived,
    CancelReceived,
    CancelRequest,
    RequestFailed,
    RequestFailure,
    SendAck,
    SendRequest,
    SendResponse,
)
from tests.unit.agent.registrar import answer, fields_of
from tests.unit.agent.rig import BACKUP, LOCAL, PRIMARY, Rig, account, invite, sdp

STEPS = 250
STATUSES = (
    100,
    180,
    183,
    200,
    200,
    200,
    302,
    401,
    403,
    407,
    408,
    420,
    423,
    439,
    481,
    486,
    491,
    503,
)
METHODS = ("INVITE", "UPDATE", "BYE", "OPTIONS", "INFO", "FROBNICATE")
AUDIO = sdp("m=audio 4000 RTP/AVP 0")


class Walk:
    """One seed: an agent, a world that is sometimes mad, and the rules."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)
        self.rig = Rig(account(1), account(2), rejected_retry_s=60, timeout_retry_s=30)
        self.up = False
        self.was_up = False  # Before this step.
        self.offered: list[tuple[str, Request]] = []
        self.tags: dict[str, str] = {}  # Our tags, by the key of their INVITE.
        self.seen = 0
        self.cseqs: dict[tuple[str | None, ...], int] = {}
        self.counts: dict[str, int] = {}
        self.begun: set[int] = set()
        self.ends: Counter[int] = Counter()
        self.answers: Counter[int] = Counter()

    def step(self) -> None:
        choices = [self.time, self.person, self.person, self.link]
        if self.up:
            choices += [self.respond] * 6 + [self.request] * 3
        self.was_up = self.up
        self.random.choice(choices)()
        self.check()

    # What may happen.

    def time(self) -> None:
        self.rig.wait(self.random.choice((0.0, 0.1, 1.0, 5.0, 40.0, 400.0)))

    def link(self) -> None:
        if self.up:
            self.rig.down()
        else:
            local = replace(LOCAL, port=self.random.randint(40000, 40003))
            self.rig.up(self.random.choice((PRIMARY, PRIMARY, BACKUP)), local)
        self.up = not self.up

    def person(self) -> None:
        call = self.random.randint(1, max(self.begun, default=0) + 1)
        account_number = self.random.randint(1, 2)
        event = self.random.choice(
            (
                *(Dial(account_number, "100"), Answer(call), Reject(call), HangUp(call)),
                *(Hold(call), Resume(call)),
            )
        )
        self.rig.feed(event)

    def respond(self) -> None:
        if not self.rig.open:
            return
        sent = self.random.choice(self.rig.open)
        if self.random.random() < 0.05:
            self.rig.open.remove(sent)
            self.rig.feed(RequestFailed(sent.key, RequestFailure.TIMEOUT))
            return
        request, status = sent.request, self.random.choice(STATUSES)
        if status >= 200:
            self.rig.open.remove(sent)
        if request.method == "REGISTER" and self.random.random() < 0.7:
            self.rig.open = [other for other in self.rig.open if other is not sent]
            self.rig.reply(sent, self.rig.registrar.answer(request))
        elif request.method == "INVITE" and status == 200:
            tag = self.random.choice(("far", "fork"))
            self.rig.reply(sent, self.rig.accept(request, tag))
        else:
            self.rig.reply(sent, answer(request, status, *self.fields(status)))

    def fields(self, status: int) -> list[tuple[str, str]]:
        challenge = self.rig.registrar.realm.challenge(stale=self.random.random() < 0.5)
        return {
            401: [("WWW-Authenticate", challenge)],
            407: [("Proxy-Authenticate", challenge)],
            420: [("Unsupported", self.random.choice(("gruu", "timer")))],
            423: [("Min-Expires", self.random.choice(("9999", "1")))],
            503: [("Retry-After", self.random.choice(("7", "x")))],
        }.get(status, [])

    def request(self) -> None:
        what = self.random.random()
        if what < 0.4 or not self.offered:
            call_id = f"in{self.random.randint(1, 40)}"
            body = self.random.choice((AUDIO, "", "v=1"))
            request = invite(body, Call_ID=call_id)
            key = self.rig.receive(request)
            self.offered.append((key, request))
            return
        key, request = self.random.choice(self.offered)
        tag = next((r.to.tag or "" for r in self.rig.answers(key)), "x")
        if what < 0.5:
            self.rig.feed(CancelReceived(key, self.random.choice(("", "SIP;cause=200"))))
            return
        cseq = self.random.randint(1, 9)
        method = "ACK" if what < 0.7 else self.random.choice(METHODS)
        to = f"<sip:201@example.org>;tag={tag}"
        body = self.random.choice((AUDIO, ""))
        within = invite(body, To=to, Call_ID=request.call_id, CSeq=f"{cseq} {method}")
        within = replace(within, method=method)
        if method == "ACK":
            self.rig.feed(AckReceived(within))
        else:
            self.rig.receive(within)

    # What must hold.

    def check(self) -> None:
        new, self.seen = self.rig.out[self.seen :], len(self.rig.out)
        for item in new:
            self.check_one(item)
        due = self.rig.agent.deadline()
        assert due is None or due > self.rig.now
        assert len(self.rig.calls()) <= 8
        assert len(self.rig.agent._calls) <= 64
        assert set(self.rig.calls()) == {n for n in self.begun if not self.ends[n]}

    def check_one(self, item: object) -> None:
        if isinstance(item, SendRequest | SendAck | CancelRequest | SendResponse):
            # The refusal of an INVITE is owed by its transaction.
            owed = isinstance(item, SendResponse) and item.response.status >= 300
            assert self.up or self.was_up or owed, f"{item} without a link"
        if isinstance(item, SendRequest):
            self.check_order(item.request)
        if isinstance(item, Dialling | IncomingCall):
            self.begun.add(item.call)
        if isinstance(item, CallAnswered):
            self.answers[item.call] += 1
            assert self.answers[item.call] == 1
            assert not self.ends[item.call]
        if isinstance(item, CallEnded) and item.call:
            self.ends[item.call] += 1
            assert item.call in self.begun
            assert self.ends[item.call] == 1, "a call ends once"

    def check_order(self, request: Request) -> None:
        begun = (request.call_id, request.from_.tag, None)
        dialog = (request.call_id, request.from_.tag, request.to.tag)
        last = max(self.cseqs.get(begun, 0), self.cseqs.get(dialog, 0))
        assert request.cseq.number > last, "the CSeq has to grow"
        self.cseqs[dialog] = request.cseq.number
        for name in ("Authorization", "Proxy-Authorization"):
            for value in request.headers.all(name):
                fields = fields_of(value)
                count = int(fields["nc"], 16)
                assert count > self.counts.get(fields["nonce"], 0), "nc has to grow (F5)"
                self.counts[fields["nonce"]] = count

    def calm(self) -> None:
        """A healthy registrar and nobody who wants anything: all registered, nothing owed."""
        if self.up:
            self.link()
        self.link()
        for _ in range(20):
            self.rig.register()
            for sent in [s for s in self.rig.open if s.request.method != "REGISTER"]:
                self.rig.open.remove(sent)
                self.rig.reply(sent, answer(sent.request, 481))
            for number in self.rig.calls():
                self.rig.feed(HangUp(number))
            self.rig.wait(30)
            self.check()
        assert self.rig.accounts() == (1, 2)
        assert self.rig.calls() == ()
        assert not self.rig.agent._calls
        assert not len(self.rig.agent._farewells)
        assert not [s for s in self.rig.open if s.request.method != "REGISTER"]


@pytest.mark.parametrize("seed", range(60))
def test_a_walk_ends_well(seed: int) -> None:
    walk = Walk(seed)
    for _ in range(STEPS):
        walk.step()
    walk.calm()
