"""Somebody who calls the phone: waits, gives up, talks, hangs up; and strangers with nonsense."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from random import Random
from typing import TYPE_CHECKING

from firmware.sip.message import Request, Response
from firmware.sip.uri import SipUri, Uri
from tests.simulator.dialogs import (
    FOREIGN_SESSION,
    PLAIN_SESSION,
    PROXY_NAME,
    Leg,
    another_session,
    far_request,
)
from tests.simulator.line import Line

if TYPE_CHECKING:
    from tests.simulator.proxy import ProxyEnd

LOSES = 0.25
"""Chance that a phone loses its link while it rings."""

CALLS_AGAIN = 0.5
"""Chance that its caller has lost the same proxy, and calls again."""

FRESH_S = 20.0
"""For so long after a loss the phone rings on for certain, whenever it was noticed."""


@dataclass
class Attempt:
    """An INVITE to the phone and what became of it."""

    line: Line
    invite: Request
    account: str
    since: float
    user: int  # Who calls,
    session: bytes = field(repr=False)  # and what they offer or answer, with keys of their own.
    is_wanted: bool = True  # False: the caller gave up.
    is_provisional: bool = False
    has_lost_answer: bool = False
    has_final: bool = False
    has_bye: bool = False  # The phone said that it is over, whatever its caller has heard.
    leg: Leg | None = None
    ack: Request | None = None


class Caller:
    """Calls the phone."""

    def __init__(self, proxy: ProxyEnd) -> None:
        self._proxy = proxy
        self._random = proxy.random
        self._attempts: list[Attempt] = []
        self.seen = {
            "calls": 0,
            "answered": 0,
            "gave_up": 0,
            "copies": 0,
            "odd": 0,
            "lost answers": 0,
            "called again": 0,
        }

    def call(self, line: Line, account: str, target: Uri, user: int = 0) -> None:
        """Place a call; `user`: as somebody who has called before."""
        random, proxy = self._random, self._proxy
        self.seen["calls"] += 1
        branch, tag = proxy.new_branch(), proxy.new_tag()
        user = user or random.randint(100, 999)
        session = another_session(self.seen["calls"])
        body = random.choice(
            [session, session, session, session, b"", FOREIGN_SESSION, PLAIN_SESSION]
        )
        from_ = f'"Far {tag}" <sip:{user}@example.org>;tag={tag}'
        to = f"<sip:{account}@example.org>"
        invite = far_request("INVITE", target, from_, to, f"far{tag}", 1, branch, body)
        attempt = Attempt(line, invite, account, proxy.schedule.now, user, session)
        proxy.legs.offer(invite.call_id, tag)
        self._attempts = [*self._attempts[-20:], attempt]
        proxy.ask(line, invite, lambda response: self._heard(attempt, response))
        if random.random() < 0.1:
            proxy.write(line, invite)  # Repeated, as over UDP.
        if random.random() < 0.1:
            self._copy(line, invite)
        patience_s = random.choice([0.0, 0.3, 5.0, 20.0, 90.0])
        proxy.schedule.later(patience_s, lambda: self._give_up(attempt))

    def give_up_all(self) -> None:
        """The calm phase begins: nobody rings any more."""
        for attempt in self._attempts:
            self._give_up(attempt)

    # A link that the phone lost while it rang.

    def _rings(self, attempt: Attempt) -> None:
        """A phone that rings may be about to lose its link."""
        own = self._own_random(attempt)
        if attempt.is_provisional or own.random() > LOSES or self._proxy.is_calm:
            return
        line = attempt.line
        self._proxy.schedule.later(own.choice([0.0, 0.1, 2.0]), partial(self._proxy.end, line))

    def cut_off(self, line: Line) -> None:
        """A connection is gone; whoever lost their own proxy with it calls again (F5)."""
        for attempt in self._attempts:
            own = self._own_random(attempt)
            waits = attempt.is_wanted and attempt.is_provisional and not attempt.has_final
            if attempt.line is line and waits and own.random() < CALLS_AGAIN:
                again_s = own.choice([0.3, 2.0, 8.0, 25.0])
                self._proxy.schedule.later(again_s, partial(self._call_again, attempt))

    def _own_random(self, attempt: Attempt) -> Random:
        """Draw for one attempt, so that what this decides changes no other drawing."""
        return Random(f"{attempt.invite.call_id} {self._proxy.schedule.now}")

    def said_goodbye(self, call_id: str) -> None:
        """The phone has ended a call: it owes its caller nothing more."""
        for attempt in self._attempts:
            attempt.has_bye |= attempt.invite.call_id == call_id

    def _call_again(self, attempt: Attempt) -> None:
        ways = self._proxy.ways_to(attempt.account)
        if not attempt.is_wanted or attempt.has_final or not ways or self._proxy.is_calm:
            return
        self.seen["called again"] += 1
        self._give_up(attempt)
        self.call(ways[-1][0], attempt.account, ways[-1][1].contact, attempt.user)

    def moves(self, branch: str, line: Line) -> None:
        """The phone answers an INVITE over another connection than it went out on."""
        for attempt in self._attempts:
            if attempt.invite.via.branch == branch:
                attempt.line = line

    def reachable_again(self, line: Line, address: Uri) -> None:
        """The phone is registered here: what it rang for, it rings for now (F6)."""
        assert isinstance(address, SipUri)
        now = self._proxy.schedule.now
        for attempt in self._attempts:
            old, call_id = attempt.line, attempt.invite.call_id
            here = line.connection.proxy, address.user  # By a name that the phone knew then.
            same = (old.connection.proxy, attempt.account) == here
            is_over = attempt.has_final or attempt.has_bye
            is_over |= self._proxy.sent.has_forgotten(attempt.invite, now)  # It went down.
            waits = attempt.is_provisional and not is_over
            if same and waits and old.closed_at and old.closed_at > now - FRESH_S:
                done = partial(_is_heard_of, line, call_id)
                self._proxy.insist(line, f"ring on for {call_id}", done)

    def _copy(self, line: Line, invite: Request) -> None:
        """Send the same request as if it had come by another way: 482 (8.2.2.2)."""
        self.seen["copies"] += 1
        vias = [str(via) for via in invite.vias]
        branch = self._proxy.new_branch()
        vias[0] = f"SIP/2.0/TLS {PROXY_NAME}:5061;branch={branch}"
        copy = Request("INVITE", invite.uri, invite.headers.set("Via", *vias), invite.body)

        def heard(response: Response) -> None:
            merged = response.status in {482, 503} or line.connection.is_garbled
            assert merged, f"the copy of an INVITE was answered with {response.status}"
            if response.status >= 300:
                self._acknowledge_refusal(line, copy, response)

        self._proxy.ask(line, copy, heard)

    def _heard(self, attempt: Attempt, response: Response) -> None:
        if response.status < 200:
            self._rings(attempt)
            attempt.is_provisional = True
            if not attempt.is_wanted:
                self._cancel(attempt)
        elif response.status < 300:
            self._answered(attempt, response)
        else:
            attempt.has_final = True
            self._acknowledge_refusal(attempt.line, attempt.invite, response)

    def _acknowledge_refusal(self, line: Line, invite: Request, response: Response) -> None:
        ack = far_request(
            "ACK",
            invite.uri,
            invite.headers.get("From") or "",
            response.headers.get("To") or "",
            invite.call_id,
            invite.cseq.number,
            invite.via.branch,
        )
        self._proxy.write(line, ack)

    def _answered(self, attempt: Attempt, ok: Response) -> None:
        """Acknowledge a 2xx, each time it comes; it may be lost behind the proxy (13.3.1.4)."""
        lost = self._proxy.faults.lost_behind
        if not attempt.has_lost_answer and attempt.ack is None and self._random.random() < lost:
            attempt.has_lost_answer = True
            self.seen["lost answers"] += 1
            self._proxy.insist(attempt.line, "repeat a 2xx", lambda: attempt.ack is not None)
            return
        if attempt.ack is None:
            attempt.has_final = True
            self.seen["answered"] += 1
            invite = attempt.invite
            attempt.leg = Leg(
                call_id=invite.call_id,
                tag=invite.from_.tag or "",
                phone_tag=ok.to.tag or "",
                account=attempt.account,
                local=invite.headers.get("From") or "",
                remote=ok.headers.get("To") or "",
                target=ok.contacts[0].uri,
                cseq=1,
            )
            assert ok.to.tag, "a 2xx without To tag"
            assert ok.body, "a 2xx without a session"
            self._proxy.legs.add(attempt.leg)
            body = b"" if invite.body else attempt.session
            attempt.ack = attempt.leg.request("ACK", self._proxy.new_branch(), body)
        assert attempt.leg is not None
        self._proxy.write(attempt.line, attempt.ack)
        if attempt.leg.is_confirmed or attempt.leg.is_over:
            return
        attempt.leg.is_confirmed = True
        if attempt.is_wanted:
            self._proxy.live(attempt.leg)
        else:
            self._proxy.hang_up(attempt.leg)

    def _give_up(self, attempt: Attempt) -> None:
        if attempt.has_final or not attempt.is_wanted:
            return
        attempt.is_wanted = False
        self.seen["gave_up"] += 1
        if attempt.is_provisional:
            self._cancel(attempt)

    def _cancel(self, attempt: Attempt) -> None:
        if attempt.has_final or not attempt.line.is_open:
            return
        invite = attempt.invite
        cancel = far_request(
            "CANCEL",
            invite.uri,
            invite.headers.get("From") or "",
            invite.headers.get("To") or "",
            invite.call_id,
            1,
            invite.via.branch,
        )

        def heard(response: Response) -> None:
            # A phone that was cut off may have forgotten the INVITE: its timer H is over.
            forgotten = response.status == 481 and not attempt.line.is_owed_since(attempt.since)
            assert response.status == 200 or forgotten, f"a CANCEL got {response.status}"
            what = f"end INVITE {invite.via.branch}, which was cancelled"
            self._proxy.insist(attempt.line, what, lambda: attempt.has_final or forgotten)

        self._proxy.ask(attempt.line, cancel, heard)

    # Strangers.

    def ask_something(self, line: Line, account: str, target: Uri) -> None:
        """Send a request that no call needs; the phone has to answer it."""
        self.seen["odd"] += 1
        branch, tag = self._proxy.new_branch(), self._proxy.new_tag()
        from_, to = f"<sip:odd@example.org>;tag={tag}", f"<sip:{account}@example.org>"
        method, wanted = self._random.choice(
            [("OPTIONS", {200}), ("NOTIFY", set()), ("INFO", set()), ("BYE", {481}), ("FOO", {501})]
        )
        if self._random.random() < 0.3:
            to += ";tag=nobody"
            wanted = {481} if method != "FOO" else set()
        request = far_request(method, target, from_, to, f"odd{tag}", 1, branch)
        if self._random.random() < 0.2:
            request = _malformed(request)
            wanted = set()

        def heard(response: Response) -> None:
            if response.status >= 200:
                assert not wanted or response.status in wanted, f"{method}: {response.status}"

        self._proxy.ask(line, request, heard)
        if self._random.random() < 0.3:
            # A CANCEL of nothing (9.2).
            nothing = far_request(
                "CANCEL", target, from_, to, f"x{tag}", 1, self._proxy.new_branch()
            )
            self._proxy.ask(line, nothing, _expects_481)


def _is_heard_of(line: Line, call_id: str) -> bool:
    return call_id in line.call_ids


def _expects_481(response: Response) -> None:
    assert response.status == 481, f"a CANCEL of nothing got {response.status}"


def _malformed(request: Request) -> Request:
    """Spoil a header that the phone needs."""
    return Request(request.method, request.uri, request.headers.set("Max-Forwards", "many"))
