"""Far ends that call the phone: they wait, give up, want 100rel, offer late, never say ACK."""

from __future__ import annotations

from functools import partial
from random import Random
from typing import TYPE_CHECKING

from firmware.sip.headers import Headers
from firmware.sip.message import Request, Response
from firmware.sip.uri import Uri
from tests.simulator.peers.sdp import Session
from tests.simulator.peers.talk import Names, Talk

if TYPE_CHECKING:
    from tests.simulator.peers.hub import Hub

CALLS_AGAIN = 0.6
"""Chance that a caller has lost the same proxy as the phone that rings."""


class Calling:
    """One call to the phone."""

    def __init__(
        self, hub: Hub, phone: Uri, old: Talk | None = None, before: Calling | None = None
    ) -> None:
        self._hub, self._random = hub, hub.random
        random, tag = hub.random, hub.new("t")
        local = f'"Far {tag}" <sip:{random.randint(100, 999)}@example.org>;tag={tag}'
        if old is not None and random.random() < 0.8:  # Else a stranger wants the call.
            local = old.names.local.replace(f"tag={old.names.far_tag}", f"tag={tag}")
        if before is not None:  # The same caller, once more.
            local = before.names.local.replace(f"tag={before.names.far_tag}", f"tag={tag}")
        names = hub.names(hub.new("far"), "", local, "<sip:201@example.org>", phone, tag)
        self._old = old
        secure = hub.offers_keys()
        self._talk = Talk(hub, names, Session(random, secure=secure))
        self._invite: Request | None = None
        self._is_wanted, self._has_final, self._is_provisional = True, False, False
        self._is_settled = self._is_cancelled = False
        self._pracks: set[str] = set()
        self._refuses_prack = random.random() < 0.1
        self._says_offer = random.random() < 0.7

    @property
    def names(self) -> Names:
        """What tells the call apart."""
        return self._talk.names

    @property
    def rings(self) -> bool:
        """Tell whether the phone rings for it, as far as is known."""
        return self._is_provisional and self._is_wanted and not self._has_final

    def cut_off(self) -> None:
        """The phone's link is gone; a caller who had the same proxy calls again (F5)."""
        own = Random(f"{self.names.call_id} {self._hub.now}")
        if self.rings and own.random() < CALLS_AGAIN:
            says_so = own.random() < 0.3
            again_s = own.choice([0.5, 3.0, 12.0, 25.0])
            self._hub.later(again_s, partial(self._call_again, says_so=says_so))

    def _call_again(self, *, says_so: bool) -> None:
        hub = self._hub
        if not self.rings or hub.phone is None or hub.is_calm:
            return
        hub.saw("called again")
        if says_so:
            self._give_up()
        self._is_wanted = False
        Calling(hub, hub.phone, before=self).begin()

    def is_asked(self, request: Request) -> bool:
        """Say whether it still waits, in the early dialog that a 180 has made; False where a
        request belongs elsewhere."""
        names = self.names
        mine = (names.call_id, names.far_tag) == (request.call_id, request.to.tag)
        if not mine or request.method != "UPDATE":
            return False
        own = Random(f"{request.call_id} {request.cseq}")
        status = own.choice((200,) * 8 + (405, 500, 0)) if self.rings else 481
        self._hub.saw("waits" if self.rings else "waits no more")
        if status:
            self._hub.reply(self._hub.answer(request, status, ("Contact", self._hub.contact)))
        return True

    def begin(self) -> None:
        """Send the INVITE; give up some time."""
        self._hub.callers.append(self)
        self._send()
        patience_s = self._random.choice([0.0, 0.3, 5.0, 20.0, 60.0])
        if self._refuses_prack:
            patience_s = 60.0  # Longer than the phone's.
        self._hub.later(patience_s, self._give_up)

    def _send(self, *fields: tuple[str, object]) -> None:
        hub, random, talk = self._hub, self._random, self._talk
        fault = random.choice(["codec", "plain"]) if random.random() < 0.1 else ""
        body = talk.session.offer(fault) if self._says_offer else b""
        rel = random.random() < hub.ways.reliable
        wants = (("Supported", "100rel, timer"),) if talk.knows_timer else ()
        wants = (*wants, *self._replaces())
        if rel:
            wants = (*wants, ("Require", "100rel"))
        if not fields and talk.knows_timer and random.random() < 0.5:
            interval_s = random.choice([60, 90, 100, 300, 1800])
            who = random.choice(["", ";refresher=uac", ";refresher=uas"])
            fields = (("Session-Expires", f"{interval_s}{who}"),)
        names = talk.names
        talk.cseq += 1
        headers = Headers.of(
            *hub.vias(),
            *hub.record_routes(),
            ("Max-Forwards", 69),
            ("From", names.local),
            ("To", names.remote),
            ("Call-ID", names.call_id),
            ("CSeq", f"{talk.cseq} INVITE"),
            ("Contact", hub.contact),
            ("Allow", random.choice(["INVITE, ACK, BYE", "INVITE, ACK, BYE, UPDATE"])),
            *wants,
            *fields,
            *((("Content-Type", "application/sdp"),) if body else ()),
        )
        self._invite = Request("INVITE", names.target, headers, body)
        hub.saw("calls")
        hub.ask(self._invite, self._heard)
        if random.random() < 0.1:
            hub.write(self._invite)  # As over UDP.

    def _replaces(self) -> tuple[tuple[str, object], ...]:
        """Name the call whose place it takes; at times with a tag of nobody."""
        if self._old is None:
            return ()
        self._hub.saw("replaced from there")
        names, bad = self._old.names, "x" * (self._random.random() < 0.2)
        tags = f"to-tag={names.phone_tag};from-tag={names.far_tag}{bad}"
        return (("Replaces", f"{names.call_id};{tags}"), ("Require", "replaces"))

    def _heard(self, response: Response) -> None:
        talk, invite = self._talk, self._invite
        assert invite is not None
        if response.cseq.number != invite.cseq.number:
            return
        if response.to.tag and response.status > 100:
            talk.names.phone_tag = response.to.tag
            talk.names.remote = response.headers.get("To") or ""
            if response.contacts:
                talk.names.target = response.contacts[0].uri
        if response.status < 200:
            self._rings(response)
            return
        self._has_final = True
        if response.status == 422 and self._is_wanted:
            self._has_final = False
            talk.names.remote, talk.names.phone_tag = "<sip:201@example.org>", ""
            self._send(("Session-Expires", 90))
        elif response.status < 300:
            self._answered(response)

    def _answered(self, ok: Response) -> None:
        invite = self._invite
        assert invite is not None
        self._hub.add(self._talk)
        self._talk.took_2xx(invite, ok)
        if not self._is_wanted:
            self._talk.hang_up()

    def _rings(self, response: Response) -> None:
        self._is_provisional = True
        if not self._is_wanted:
            self._cancel()
            return
        sequence = response.headers.get("RSeq")
        if sequence and sequence not in self._pracks and not self._refuses_prack:
            if self._random.random() < self._hub.ways.lost:
                return
            self._pracks.add(sequence)
            late_s = self._random.choice([0.0, 0.0, 0.7, 3.0])
            self._hub.later(late_s, lambda: self._prack(sequence, response))

    def _prack(self, sequence: str, response: Response) -> None:
        """Acknowledge a reliable answer; before that, at times, another one."""
        talk, invite, random = self._talk, self._invite, self._random
        assert invite is not None
        if self._has_final and not talk.is_up:
            return
        self._hub.saw("pracks")
        if random.random() < 0.2:
            talk.send("PRACK", ("RAck", f"{int(sequence) + 5} {invite.cseq.number} INVITE"))
        body = b""
        if response.body:
            fault = random.choice(["codec", "refused"]) if random.random() < 0.15 else ""
            body = talk.session.answer(response.body, fault)
            self._is_settled = not fault
        elif invite.body and random.random() < 0.1:
            body = talk.session.offer()
        rack = ("RAck", f"{sequence} {invite.cseq.number} INVITE")
        talk.send("PRACK", rack, body=body)
        if self._is_settled and random.random() < 0.3:
            self._hub.later(1.0, self._update_early)

    def _update_early(self) -> None:
        if not self._has_final:
            self._talk.update_with_an_offer()

    def _give_up(self) -> None:
        if self._has_final or not self._is_wanted:
            return
        self._is_wanted = False
        if self._is_provisional and self._talk.names.phone_tag and self._random.random() < 0.15:
            self._talk.send("BYE")  # It ends the early dialog, and the INVITE with it (15.1.2).
        elif self._is_provisional:
            self._cancel()

    def _cancel(self) -> None:
        invite = self._invite
        if invite is None or self._has_final or self._is_cancelled:
            return
        self._is_cancelled = True
        reason = self._random.choice([(), (("Reason", "SIP;cause=200"),)])
        headers = invite.headers.set("CSeq", f"{invite.cseq.number} CANCEL")
        headers = headers.without("Content-Type").without("Require")
        for name, value in reason:
            headers = headers.add(name, value)
        self._hub.saw("cancels")
        self._hub.ask(Request("CANCEL", invite.uri, headers), lambda response: None)
