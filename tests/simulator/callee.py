"""Somebody whom the phone calls: rings, answers, is busy, forks, hangs up."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

from firmware.sip.message import Request, Response
from tests.simulator.dialogs import (
    FAR_CONTACT,
    FOREIGN_SESSION,
    PLAIN_SESSION,
    SESSION,
    Leg,
    final,
)
from tests.simulator.line import GIVE_UP_S, Line

if TYPE_CHECKING:
    from tests.simulator.proxy import ProxyEnd

OUTCOMES = (200, 200, 200, 200, 486, 404, 480, 302, 500, 603)


@dataclass
class Invitation:
    """An INVITE of the phone and what became of it."""

    line: Line
    request: Request
    account: str
    has_final: bool = False
    legs: list[Leg] = field(default_factory=list)


class Callee:
    """Answers the phone's INVITE, CANCEL, ACK and BYE."""

    def __init__(self, proxy: ProxyEnd) -> None:
        self._proxy = proxy
        self._random = proxy.random
        self._open: dict[str, Invitation] = {}  # By branch.
        kinds = ["invited", "answered", "cancelled", "acked", "byes", "cut off", "self-busy"]
        kinds += ["late cancels"]
        self.seen = dict.fromkeys(kinds, 0)

    def is_ringing(self, request: Request) -> bool:
        """Tell whether the far end rings for an earlier INVITE of the same caller."""
        return any(
            not one.has_final
            and one.request.uri == request.uri
            and one.request.from_.uri == request.from_.uri
            for one in self._open.values()
        )

    def cut_off(self, line: Line) -> None:
        """A connection is gone; the far end rings on for a while."""
        for one in self._open.values():
            if one.line is line and not one.has_final:
                self.seen["cut off"] += 1
                self._later(self._random.uniform(0, 20), partial(self._tire, one))

    def _tire(self, invitation: Invitation) -> None:
        if not invitation.has_final:
            self._refuse(invitation, 480)

    def invited(self, line: Line, request: Request, account: str) -> None:
        """Take a new INVITE: ring, and decide some time."""
        self.seen["invited"] += 1
        invitation = Invitation(line, request, account)
        busy = any(peer.callee.is_ringing(request) for peer in self._proxy.peers)
        self._open[request.via.branch] = invitation
        random = self._random
        if busy and self._proxy.nature.busy_with_itself:
            self.seen["self-busy"] += 1
            self._provisional(invitation, final(request, 100))
            self._refuse(invitation, 486)
            return
        if random.random() < 0.9:
            self._provisional(invitation, final(request, 100))
        ring_s, decide_s = random.uniform(0, 1.5), random.choice([0.0, 2.0, 8.0, 25.0])
        tags = [self._proxy.new_tag() for _ in range(2 if self._proxy.nature.forks else 1)]
        for tag in tags:
            if random.random() < 0.8:
                ringing = final(request, 180, tag, ("Contact", FAR_CONTACT))
                self._later(ring_s, lambda ringing=ringing: self._provisional(invitation, ringing))
        status = random.choice(OUTCOMES)
        self._later(ring_s + decide_s, lambda: self._decide(invitation, status, tags))

    def cancelled(self, line: Line, cancel: Request) -> None:
        """Answer a CANCEL; the INVITE ends with 487 unless it has ended already."""
        invitation = self._open.get(cancel.via.branch)
        if invitation is None:
            self._proxy.reply(line, final(cancel, 481, self._proxy.new_tag()))
            return
        invite = invitation.request
        lost = invitation.line is not line  # It went down with its link (F5).
        self.seen["late cancels"] += lost
        assert lost or cancel.via.branch in line.provisional, "CANCEL before a provisional response"
        assert (cancel.uri, cancel.cseq.number) == (invite.uri, invite.cseq.number), "other INVITE"
        assert cancel.headers.get("Route") == invite.headers.get("Route"), "other Route"
        self.seen["cancelled"] += 1
        self._proxy.reply(line, final(cancel, 200, self._proxy.new_tag()))
        if not invitation.has_final:
            self._refuse(invitation, 487)
            if lost and self._random.random() < 0.5:
                self._proxy.reply(line, final(invite, 487, self._proxy.new_tag()))

    def acknowledged(self, line: Line, ack: Request) -> None:
        """Take an ACK: of a refusal by its branch, of a 2xx by its dialog."""
        if ack.via.branch in line.acks_due:
            line.acks_due.remove(ack.via.branch)
            return
        leg = self._proxy.legs.find(ack)
        if leg is None or leg.is_over or ack.cseq.number in leg.acked:
            return
        leg.acked.add(ack.cseq.number)
        self.seen["acked"] += 1
        leg.is_confirmed = True
        self._proxy.live(leg)

    def said_goodbye(self, line: Line, bye: Request) -> None:
        """Answer a BYE."""
        leg = self._proxy.legs.find(bye)
        if leg is None:
            self._proxy.reply(line, final(bye, 481, self._proxy.new_tag()))
            return
        assert bye.cseq.number > leg.phone_cseq, "BYE's CSeq does not grow"
        leg.phone_cseq = bye.cseq.number
        if self._proxy.challenges_in_dialog(line, bye, leg.account):
            leg.byes_challenged += 1
            if (
                leg.byes_challenged > 1
            ):  # The phone takes the password to be wrong: it has done all.
                self._proxy.legs.forget(leg)
            return
        self.seen["byes"] += 1
        self._proxy.legs.forget(leg)
        self._proxy.reply(line, final(bye, 200))

    def hang_on(self) -> None:
        """The calm phase begins: nobody decides any more."""
        for invitation in list(self._open.values()):
            if not invitation.has_final:
                self._refuse(invitation, 480)

    def _provisional(self, invitation: Invitation, response: Response) -> None:
        if not invitation.has_final:
            invitation.line.provisional.add(invitation.request.via.branch)
            self._proxy.reply(invitation.line, response)

    def _decide(self, invitation: Invitation, status: int, tags: list[str]) -> None:
        if invitation.has_final or not invitation.line.is_open:
            return
        if status >= 300:
            self._refuse(invitation, status)
            return
        invitation.has_final = True
        self.seen["answered"] += 1
        for tag in tags:
            self._answer(invitation, tag)
        self._later(GIVE_UP_S, lambda: self._open.pop(invitation.request.via.branch, None))

    def _refuse(self, invitation: Invitation, status: int) -> None:
        invitation.has_final = True
        branch = invitation.request.via.branch
        fields = (("Contact", "<sip:other@203.0.113.6>"),) if status == 302 else ()
        if invitation.line.is_open:
            if branch in invitation.line.provisional:  # Else its timer B may have fired.
                self._proxy.expect_ack(invitation.line, invitation.request)
            refusal = final(invitation.request, status, self._proxy.new_tag(), *fields)
            self._proxy.reply(invitation.line, refusal)
        self._later(GIVE_UP_S, lambda: self._open.pop(branch, None))

    def _answer(self, invitation: Invitation, tag: str) -> None:
        """Send a 2xx, again and again until its ACK comes (13.3.1.4)."""
        invite = invitation.request
        (body,) = self._random.choices(
            [SESSION, FOREIGN_SESSION, PLAIN_SESSION], weights=[38, 1, 1]
        )
        ok = final(invite, 200, tag, ("Contact", FAR_CONTACT), body=body)
        leg = Leg(
            call_id=invite.call_id,
            tag=tag,
            phone_tag=invite.from_.tag or "",
            account=invitation.account,
            local=ok.headers.get("To") or "",
            remote=invite.headers.get("From") or "",
            target=invite.contacts[0].uri,
            phone_cseq=invite.cseq.number,
        )
        self._proxy.legs.add(leg)
        if invite.via.branch in invitation.line.provisional:  # Else its timer B may have fired.
            done = partial(_is_acknowledged, leg)
            self._proxy.insist(invitation.line, "acknowledge a 2xx", done)
        self.repeat(invitation.line, leg, ok)

    def repeat(self, line: Line, leg: Leg, ok: Response) -> None:
        """Send a 2xx until it is acknowledged."""
        self._repeat(line, leg, ok, 0.5, 0.0)

    def _repeat(self, line: Line, leg: Leg, ok: Response, wait_s: float, waited_s: float) -> None:
        if _is_acknowledged(leg):
            return
        if waited_s > GIVE_UP_S:
            self._proxy.legs.forget(leg)
            return
        if line.is_open:
            self._proxy.reply(line, ok)
        longer_s = min(2 * wait_s, 4.0)
        self._later(wait_s, lambda: self._repeat(line, leg, ok, longer_s, waited_s + wait_s))

    def _later(self, delay_s: float, action: object) -> None:
        self._proxy.schedule.later(delay_s, action)  # type: ignore[arg-type] # a lambda's result is not used


def _is_acknowledged(leg: Leg) -> bool:
    """Tell whether the 2xx needs to be sent no more."""
    return bool(leg.acked) or leg.is_over
