"""Far ends that the phone calls: they ring, fork, answer, refuse, answer too late."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from firmware.sip.message import Request
from tests.simulator.peers.dialog import expires
from tests.simulator.peers.sdp import Session
from tests.simulator.peers.talk import Talk

if TYPE_CHECKING:
    from tests.simulator.peers.hub import Hub

OUTCOMES = (200,) * 9 + (486, 404, 480, 500, 603, 488, 302, 302, 422, 0)
FAULTS = ("codec", "plain", "tag", "refused", "nothing")


@dataclass
class Ringing:
    """One far end that the INVITE was forked to."""

    talk: Talk
    sequence: int
    has_said: bool = False  # Its session, reliably.


class Called:
    """One INVITE of the phone's."""

    def __init__(self, hub: Hub, invite: Request) -> None:
        self._hub, self._invite, self._random = hub, invite, hub.random
        self._final = 0
        self._is_cancelled = False
        self._forks = [self._fork() for _ in range(hub.random.randint(1, hub.ways.forks))]

    def begin(self) -> None:
        """Ring, and decide some time."""
        hub, random = self._hub, self._random
        if self._invite.replaces is not None:
            self._replace()
            return
        if random.random() < 0.8:
            hub.reply(hub.answer(self._invite, 100))
        for ringing in self._forks:
            for _ in range(random.choice([0, 1, 1, 2, 3])):
                hub.later(random.uniform(0, 5), partial(self._ring, ringing))
            if random.random() < 0.2:
                hub.later(random.uniform(3, 8), partial(self._ask_early, ringing))
        status = random.choice(OUTCOMES)
        if random.random() < hub.ways.redirects:
            status = 302
        hub.later(random.choice([0.0, 3.0, 10.0, 40.0]), lambda: self._decide(status))

    def cancelled(self) -> None:
        """The phone gives up; an answer may cross that, and some never say 487."""
        hub, self._is_cancelled = self._hub, True
        if self._final:
            return
        choice = self._random.random()
        if choice < 0.25:
            hub.saw("2xx after CANCEL")
            self._decide(200)
        elif choice < 0.9:
            self._decide(487)
        else:
            self._final = 487  # A peer of RFC 2543: it says nothing.

    def _fork(self) -> Ringing:
        hub, invite = self._hub, self._invite
        tag = hub.new("t")
        to = f"{invite.headers.get('To')};tag={tag}"
        names = hub.names(
            invite.call_id,
            invite.from_.tag or "",
            to,
            invite.headers.get("From") or "",
            invite.contacts[0].uri,
            tag,
        )
        secure = b"a=crypto" in invite.body
        talk = hub.add(Talk(hub, names, Session(hub.random, secure=secure)))
        return Ringing(talk, hub.random.randrange(1, 100000))

    def _fields(self, ringing: Ringing) -> tuple[tuple[str, object], ...]:
        routes = self._hub.record_routes()
        return (("Contact", self._hub.contact), *routes)

    def _ring(self, ringing: Ringing) -> None:
        """Say 180 or 183, reliably or not, with a session or without; at times again, or late."""
        if self._final or ringing.talk.is_over:
            return
        hub, random, ways = self._hub, self._random, self._hub.ways
        status = random.choice([180, 180, 183])
        reliable = random.random() < ways.reliable and "100rel" in self._invite.supported
        body = b""
        if random.random() < ways.early_media and not ringing.has_said:
            fault = random.choice(FAULTS[:3]) if random.random() < 0.1 else ""
            body = ringing.talk.session.answer(self._invite.body, fault)
            ringing.has_said = reliable and not fault
        fields = self._fields(ringing)
        if reliable:
            gap = random.random() < 0.1
            fields = (*fields, ("Require", "100rel"), ("RSeq", ringing.sequence + 2 * gap))
            ringing.sequence += not gap
            hub.saw("reliable")
        response = hub.answer(self._invite, status, *fields, tag=ringing.talk.names.far_tag,
                              body=body)  # fmt: skip
        hub.reply(response)
        if random.random() < 0.2:
            hub.later(0.5, lambda: None if self._final else hub.reply(response))

    def _ask_early(self, ringing: Ringing) -> None:
        """Ask something while it rings."""
        if self._final or ringing.talk.is_over:
            return
        method = self._random.choice(["OPTIONS", "INFO", "UPDATE", "INVITE", "BYE"])
        self._hub.saw("asked early")
        body = b""
        too_early = self._random.random() < 0.5
        if method == "INVITE" or (method == "UPDATE" and (ringing.has_said or too_early)):
            body = ringing.talk.session.offer()
        session, talk = ringing.talk.session, ringing.talk
        talk.is_over = method == "BYE"
        talk.send(method, body=body, heard=lambda r: session.took(r.body) if r.body else None)

    def _decide(self, status: int) -> None:
        if self._final or (not status and not self._is_cancelled):
            return
        self._final = status
        hub, random = self._hub, self._random
        if status != 200:
            self._refuse(status)
            return
        alive = [one for one in self._forks if not one.talk.is_over]
        if not alive:
            self._refuse(480)
            return
        answering = random.sample(alive, random.choice([1, 1, len(alive)]))
        for ringing in answering:
            hub.later(random.choice([0.0, 0.0, 1.0, 6.0]), partial(self._answer, ringing))
        for ringing in self._forks:
            if ringing not in answering:
                hub.forget(ringing.talk)
        if random.random() < 0.05:
            hub.later(0.2, lambda: self._refuse(486))  # It changes its mind: nobody listens.

    def _answer(self, ringing: Ringing, fault: str = "") -> None:
        hub, talk, random = self._hub, ringing.talk, self._random
        if random.random() < 0.08:
            fault = random.choice(FAULTS)
        body = talk.session.answer(self._invite.body, fault)
        body = b"" if ringing.has_said or fault == "nothing" else body
        routes = hub.record_routes()
        ok = hub.answer(
            self._invite,
            200,
            *routes,
            *talk.grants(self._invite),
            tag=talk.names.far_tag,
            body=body,
        )
        hub.saw("answered")
        talk.repeat(ok)

    def _refuse(self, status: int) -> None:
        hub = self._hub
        for ringing in self._forks:
            if not ringing.talk.is_up and status != 486:
                hub.forget(ringing.talk)
        fields: tuple[tuple[str, object], ...] = ()
        if status == 302:
            fields = (("Contact", f"<sip:{hub.new('other')}@example.net>;q=0.5"),)
        elif status == 422:
            asked_s, _ = expires(self._invite)
            fields = (("Min-SE", max(120, 2 * asked_s)),)
        hub.reply(hub.answer(self._invite, status, *fields, tag=hub.new("t")))

    # Replaces.

    def _replace(self) -> None:
        """Take the new dialog in the place of the old one, where that is known."""
        hub, named = self._hub, self._invite.replaces
        assert named is not None
        old = hub.talks.get((named.call_id, named.to_tag))
        is_it = old is not None and not old.is_over and old.names.phone_tag == named.from_tag
        hub.saw("replaces")
        if not is_it or old is None:
            self._final = 481
            self._refuse(481)
            return
        if not hub.is_calm and self._random.random() < 0.3:
            self._final = status = self._random.choice([404, 480, 491, 603, 488])
            self._refuse(status)
            return
        self._final = 200
        (ringing, *others) = self._forks
        for other in others:
            hub.forget(other.talk)
        self._answer(ringing)
        ringing.talk.is_mute = False
        old.hang_up()
