"""One far end in one dialog: what it asks there, how it answers, what it forgets.

A far end is right most of the time. Where it is wrong, it is so in ways that are met: it repeats
and loses, answers late or not at all, says BYE under a wrong tag, offers what nobody can take.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING

from firmware.sip.headers import Headers
from firmware.sip.message import Request, Response
from firmware.sip.uri import Uri
from tests.simulator.peers.dialog import expires
from tests.simulator.peers.sdp import Session

if TYPE_CHECKING:
    from tests.simulator.peers.hub import Hub

OnResponse = Callable[[Response], None]

GIVE_UP_S = 32.0
REPEATED_S = 25.0
"""A 2xx of the far end is repeated for so long: the phone's transaction lives a little longer."""

HASTY, HASTE_S = 0.05, 0.1
"""Chance that a far end offers again before its ACK, and how soon."""

REINVITED = (200,) * 12 + (491, 491, 488, 500, 503, 481, 408, 404, 407, 422, 0)
UPDATED = (200,) * 8 + (405, 501, 422, 491, 500, 407, 481, 0)
TOLD = (200, 200, 200, 407, 415, 481, 0)
BYES = (200,) * 8 + (407, 481, 0)
PRACKED = (200,) * 8 + (407, 481, 500)
INTERVALS_S = (60, 90, 90, 120, 300, 1800)


@dataclass
class Names:
    """What tells a dialog apart, and the way to the phone."""

    call_id: str
    far_tag: str
    phone_tag: str
    local: str  # From of what the far end sends,
    remote: str  # and To.
    target: Uri


class Talk:
    """One dialog, from the far end's side."""

    def __init__(self, hub: Hub, names: Names, session: Session) -> None:
        self.hub = hub
        self.names = names
        self.session = session
        self.random = hub.random
        self.cseq = hub.random.randrange(1, 1000)
        self.is_up = False
        self.is_over = False
        self.is_mute = hub.random.random() < hub.ways.mute
        """It has died without a word: nothing is answered, nothing is said."""
        self.knows_timer = hub.random.random() < 0.7
        self._is_asking = False  # An INVITE of ours has not come to its end.
        self._acked: set[int] = set()  # INVITEs of the phone's whose ACK has come.
        self._acks: dict[int, bytes] = {}  # What our own ACKs say, by their CSeq.
        self._losses: dict[str, int] = {}  # How often something is still lost.
        self._refresh_at: float | None = None

    @property
    def key(self) -> tuple[str, str]:
        """The name under which the hub finds it."""
        return self.names.call_id, self.names.far_tag

    def begin(self) -> None:
        """The call stands: live for a while."""
        if self.is_up or self.is_over:
            return
        self.is_up = True
        for _ in range(self.random.choice([0, 1, 2, 4])):
            self.hub.later(self.random.expovariate(1 / 25), self._act)
        if self.random.random() < 0.4:
            self.hub.later(self.random.expovariate(1 / 120), self.hang_up)

    # What it asks.

    def send(
        self,
        method: str,
        *fields: tuple[str, object],
        body: bytes = b"",
        heard: OnResponse = lambda response: None,
        **odd: object,
    ) -> Request:
        """Send the next request; `odd` are its number and tag where they are wrong."""
        self.cseq += 1
        request = self._write(method, self.cseq, *fields, body=body, **odd)
        self.hub.ask(request, heard)
        return request

    def _write(
        self,
        method: str,
        cseq: int,
        *fields: tuple[str, object],
        body: bytes = b"",
        **odd: object,
    ) -> Request:
        names = self.names
        number, tag = odd.get("number", cseq), odd.get("tag")
        local = names.local.replace(names.far_tag, str(tag)) if tag else names.local
        contact = [("Contact", self.hub.contact)] if method in {"INVITE", "UPDATE"} else []
        headers = Headers.of(
            *self.hub.vias(),
            ("Max-Forwards", 69),
            ("From", local),
            ("To", names.remote),
            ("Call-ID", names.call_id),
            ("CSeq", f"{number} {method}"),
            *contact,
            *fields,
            *((("Content-Type", "application/sdp"),) if body and method != "INFO" else ()),
        )
        return Request(method, names.target, headers, body)

    def _act(self) -> None:
        """Do something that a far end may do."""
        if self.is_over or self.is_mute or self.hub.is_calm:
            return
        acts: list[tuple[int, Callable[[], None]]] = [
            (5, self._reinvite),
            (3, self._reinvite_without_offer),
            (3, self._update),
            (1, lambda: self._ask("OPTIONS")),
            (1, lambda: self._ask(self.random.choice(["MESSAGE", "REFER", "FOO"]))),
            (2, self._inform),
            (1, self._say_bye_elsewhere),
            (1, lambda: self._ask("OPTIONS", number=max(self.cseq - 3, 1))),
            (1, lambda: self._ask("OPTIONS", ("Require", "pigeons"))),
            (1, lambda: self._ask("PRACK", ("RAck", "7 1 INVITE"))),
            (1, self.update_with_an_offer),
        ]
        weights = [weight for weight, _ in acts]
        self.random.choices([act for _, act in acts], weights)[0]()

    def _ask(self, method: str, *fields: tuple[str, object], **odd: object) -> None:
        self.send(method, *fields, **odd)  # type: ignore[arg-type] # number or tag

    def _inform(self) -> None:
        self.send("INFO", ("Content-Type", "application/dtmf-relay"), body=b"Signal=5\r\n")

    def _say_bye_elsewhere(self) -> None:
        """A BYE with another tag ends nothing."""
        self.send("BYE", tag=f"{self.names.far_tag}x")
        self.cseq -= 1

    def _timer_fields(self) -> tuple[tuple[str, object], ...]:
        if not self.knows_timer:
            return ()
        said = self.random.choice(["", f"{self.random.choice(INTERVALS_S)}"])
        who = self.random.choice(["", ";refresher=uac", ";refresher=uas"])
        wants = (("Session-Expires", said + who),) if said else ()
        return (("Supported", "timer"), *wants)

    def _reinvite(self, fault: str = "") -> None:
        if self._is_asking:
            return
        bad = self.random.random() < 0.15
        fault = self.random.choice(["codec", "plain"]) if bad else ""
        self._invite(self.session.offer(fault), *self._timer_fields())

    def _reinvite_without_offer(self) -> None:
        if not self._is_asking:
            self._invite(b"", *self._timer_fields())

    def _invite(self, body: bytes, *fields: tuple[str, object]) -> None:
        self._is_asking = True

        def heard(response: Response) -> None:
            if response.status < 200:
                return
            if response.status >= 300:
                self._is_asking = False
                return
            self.took_2xx(invite, response)

        invite = self.send("INVITE", *fields, body=body, heard=heard)
        self.hub.later(GIVE_UP_S + 8, self._asks_again)
        if self.random.random() < 0.15:  # And another one crosses it, which comes too early.
            self.hub.later(0.01, self.update_with_an_offer)

    def _asks_again(self) -> None:
        self._is_asking = False

    def took_2xx(self, invite: Request, ok: Response) -> None:
        """Acknowledge a 2xx of the phone's, each time it comes; at times late, badly or never."""
        number = invite.cseq.number
        self.names.target = ok.contacts[0].uri if ok.contacts else self.names.target
        if number not in self._acks:
            if self._is_lost(f"2xx {number}"):
                return
            self._timer_runs(ok, asked_here=True)
            if invite.body and ok.body:
                self.session.took(ok.body)
            self._acks[number] = self._ack_body(invite, ok)
            self._is_hasty(number)
        self._is_asking = False
        ack = self._write("ACK", number, body=self._acks[number])
        late_s = self.random.choice([0.0, 0.0, 0.3] if self.hub.is_calm else [0.0, 0.3, 3.0])
        self.hub.later(late_s, lambda: self.hub.write(ack))
        self.begin()

    def _is_hasty(self, number: int) -> None:
        """At times offer anew before the ACK is on its way, which comes too early (14.2)."""
        own = Random(f"{self.names.call_id} {number}")  # What it decides changes no other drawing.
        if own.random() < HASTY and not self.hub.is_calm:
            self.hub.later(HASTE_S, self._reinvite)

    def _is_lost(self, what: str) -> bool:
        """Tell whether a 2xx or an ACK is lost; how often is drawn when it comes first."""
        if what not in self._losses:
            self._losses[what] = self.hub.losses()
        self._losses[what] -= 1
        return self._losses[what] >= 0

    def _ack_body(self, invite: Request, ok: Response) -> bytes:
        if invite.body or not ok.body:
            return b""
        fault = self.random.choice(["codec", "refused"]) if self.random.random() < 0.1 else ""
        return self.session.answer(ok.body, fault)

    def _update(self) -> None:
        def heard(response: Response) -> None:
            if 200 <= response.status < 300:
                self._timer_runs(response, asked_here=True)

        self.send("UPDATE", *self._timer_fields(), heard=heard)

    def update_with_an_offer(self) -> None:
        """Offer another session by UPDATE, perhaps too early."""
        if self.is_over:
            return

        def heard(response: Response) -> None:
            if 200 <= response.status < 300:
                self.session.took(response.body)

        self.send("UPDATE", body=self.session.offer(), heard=heard)

    def hang_up(self) -> None:
        """Say BYE; where the phone cannot be reached it is lost."""
        if not self.is_over and not self.is_mute:
            self.is_over = True
            self.send("BYE", *self.hub.reasons())

    # The session timer.

    def _timer_runs(self, ok: Response, *, asked_here: bool) -> None:
        interval_s, who = expires(ok)
        mine = who == ("uac" if asked_here else "uas")
        self._refresh_at = None
        if interval_s and mine:
            self._refresh_at = at = self.hub.now + interval_s / 2
            self.hub.later(interval_s / 2, lambda: self._refresh(at))

    def _refresh(self, at: float) -> None:
        if self.is_over or self.is_mute or self._refresh_at != at:
            return
        if self._is_asking:
            return
        wanted = (("Supported", "timer"), ("Session-Expires", "90;refresher=uac"))
        if self.random.random() < 0.5:
            self._invite(self.session.offer(), *wanted)
            return

        def heard(response: Response) -> None:
            if 200 <= response.status < 300:
                self._timer_runs(response, asked_here=True)

        self.send("UPDATE", *wanted, heard=heard)

    # What it answers.

    def asked(self, request: Request) -> None:
        """Answer a request of the phone's in the dialog."""
        if self.is_mute and self.is_up:
            return
        match request.method:
            case "INVITE":
                self._reinvited(request)
            case "UPDATE":
                self._updated(request)
            case "BYE":
                self._left(request)
            case "PRACK":
                self._reply(request, self._draw(PRACKED))
            case _:
                self._reply(request, self._draw(TOLD))

    def _draw(self, statuses: tuple[int, ...]) -> int:
        return 200 if self.hub.is_calm else self.random.choice(statuses)

    def _reinvited(self, request: Request) -> None:
        self.names.target = request.contacts[0].uri
        if not self.hub.is_calm and self.random.random() < 0.1:
            self.update_with_an_offer()  # As if the two had crossed.
        status = 491 if self._is_asking else self._draw(REINVITED)
        if self.random.random() < 0.3:
            self.hub.reply(self.hub.answer(request, 100))
        if status == 481:
            self.hub.forget(self)
        if status != 200:
            self._reply(request, status)
            return
        bad = not self.hub.is_calm and self.random.random() < 0.1
        fault = self.random.choice(["codec", "plain", "tag", "refused"]) if bad else ""
        body = self.session.answer(request.body, fault)
        ok = self.hub.answer(request, 200, *self._grants(request), tag="", body=body)
        self.repeat(ok)

    def _updated(self, request: Request) -> None:
        self.names.target = request.contacts[0].uri
        status = self._draw(UPDATED)
        if status == 200:
            self.hub.reply(self.hub.answer(request, 200, *self._grants(request)))
        else:
            self._reply(request, status)

    def _grants(self, request: Request) -> tuple[tuple[str, object], ...]:
        """Say what becomes of the session's interval."""
        interval_s, who = expires(request)
        fields: list[tuple[str, object]] = [("Contact", self.hub.contact)]
        if self.random.random() < 0.7:
            fields.append(("Allow", "INVITE, ACK, BYE, CANCEL, UPDATE"))
        if interval_s and self.knows_timer:
            interval_s = self.random.choice([interval_s, max(90, interval_s // 2)])
            who = who or self.random.choice(["uac", "uas"])
            fields.append(("Session-Expires", f"{interval_s};refresher={who}"))
            fields += [("Require", "timer")] if who == "uac" else []
            if who == "uas":
                self._refresh_at = at = self.hub.now + interval_s / 2
                self.hub.later(interval_s / 2, lambda: self._refresh(at))
        return tuple(fields)

    def grants(self, request: Request) -> tuple[tuple[str, object], ...]:
        """Return the fields of a 2xx that opens the dialog."""
        return self._grants(request)

    def _left(self, request: Request) -> None:
        status = self._draw(BYES)
        if status in {407, 500} and not self.hub.is_signed(request):
            self._reply(request, status)
            return
        self.hub.forget(self)
        self._reply(request, status)

    def _reply(self, request: Request, status: int) -> None:
        if status == 407 and self.hub.is_signed(request):
            status = 200
        fields: tuple[tuple[str, object], ...] = ()
        match status:
            case 0:
                return
            case 200 if request.method == "INVITE":
                self._reinvited_well(request)
                return
            case 407:
                fields = (self.hub.challenge(),)
            case 422:
                fields = (("Min-SE", self.random.choice([120, 200])),)
            case 503:
                fields = (("Retry-After", 3),)
            case 500 if self.random.random() < 0.5:
                fields = (("Retry-After", self.random.choice([1, 5])),)
        self.hub.reply(self.hub.answer(request, status, *fields))

    def _reinvited_well(self, request: Request) -> None:
        body = self.session.answer(request.body)
        self.repeat(self.hub.answer(request, 200, *self._grants(request), body=body))

    def repeat(self, ok: Response) -> None:
        """Send a 2xx until its ACK comes, at times a few ACKs longer."""
        self._again(ok, 0.5, self.hub.now)

    def _again(self, ok: Response, wait_s: float, since: float) -> None:
        if ok.cseq.number in self._acked or self.is_over:
            return
        if self.hub.now - since > REPEATED_S:
            self.hang_up()  # 13.3.1.4.
            return
        self.hub.reply(ok)
        self.hub.later(wait_s, lambda: self._again(ok, min(2 * wait_s, 4.0), since))

    def acknowledged(self, ack: Request) -> None:
        """Take an ACK, unless it is lost behind the proxy."""
        if ack.cseq.number in self._acked:
            return
        if self._is_lost(f"ACK {ack.cseq.number}"):
            return
        self._acked.add(ack.cseq.number)
        self.begin()
