"""What the phone says: each message is looked at, given all that was heard."""

from __future__ import annotations

from firmware.sip.message import Message, Request, Response
from tests.simulator.peers.dialog import INTERVAL_S_MIN, Dialog, Stage, expires
from tests.simulator.peers.hearing import Hearing
from tests.simulator.peers.ledger import TIMEOUT_S
from tests.simulator.peers.pages import port_of
from tests.simulator.peers.sdp import read

SLACK_S = 1.0


class Saying(Hearing):
    """The half of the book that follows the phone."""

    def say(self, message: Message, now: float) -> None:
        """The phone sends a message."""
        self.now = now
        self._expire()
        if isinstance(message, Response):
            self._say_response(message)
        else:
            self._say_request(message)

    def _say_request(self, request: Request) -> None:
        if request.method == "REGISTER":
            self.ledger.say_request(request, self.now)
            return
        sent = self.ledger.say_request(request, self.now)
        interval_s, _ = expires(request)
        least_s = self._least_s(request.call_id)
        assert not interval_s or interval_s >= least_s, f"{interval_s} s asked for after a 422"
        if request.method == "CANCEL":
            self._fade(request)
        if request.method == "ACK" and request.via.branch not in self.ledger.sent:
            self._say_ack(request)
        if sent is None:
            return
        if not request.to.tag:
            self._say_first(request)
            return
        dialog = self._of_ours(request)
        assert dialog is not None, f"{request.method} in no dialog"
        dialog.say(request, str(self._local), self._names())
        match request.method:
            case "INVITE":
                self._say_reinvite(dialog, request)
            case "UPDATE":
                assert not request.body, "an UPDATE with an offer"
                dialog.refreshed_at = self.now
            case "PRACK":
                self._say_prack(dialog, request)
            case "BYE":
                self._say_bye(dialog)
            case _:
                pass

    def _names(self) -> tuple[str, ...]:
        hosts = [one.host for one in (self._proxy, self._remote) if one is not None]
        return tuple(hosts)

    def _say_first(self, request: Request) -> None:
        assert request.method == "INVITE", f"{request.method} outside a dialog"
        assert request.body, "an INVITE without an offer"
        self._offers[request.via.branch] = said = read(request.body)
        if self._dialling:
            self.ports[self._dialling], self._dialling = port_of(said), 0
        if replaces := request.replaces:
            assert "replaces" in request.require, "Replaces without Require"
            old = self._find(replaces.call_id, replaces.from_tag, replaces.to_tag)
            assert old is not None, "Replaces names no dialog that ever was"
            assert old.stage is Stage.UP, "Replaces names a dialog that is over"
            assert old.is_loose, "a dialog that stands is replaced"
            place, before = said.place or 0, old.said
            keys = set(before.lines[before.place or 0].keys) if before else set()
            assert not keys & set(said.lines[place].keys), "a new dialog with the old keys"
            self._replacing[request.call_id] = old
            old.has_wandered = True

    def _say_reinvite(self, dialog: Dialog, request: Request) -> None:
        assert dialog.stage is Stage.UP, "an INVITE in a dialog that does not stand"
        assert not dialog.asked, "a second INVITE before the first is answered (14.1)"
        waits = dialog.waits_for_ack(self.now, self._host)
        assert not waits, "an INVITE before theirs is acknowledged (14.1)"
        assert self.now >= dialog.wait_from - 0.01, "asked again too soon (14.1)"
        assert request.body, "a re-INVITE without an offer"
        dialog.asked, dialog.silent_at = request.via.branch, None
        dialog.refreshed_at = self.now
        dialog.offer_said(request.body)

    def _say_prack(self, dialog: Dialog, request: Request) -> None:
        sequence, cseq, method = (request.headers.get("RAck") or "").split()
        assert method == "INVITE", "RAck of another method"
        due = (int(sequence), int(cseq))
        if due in dialog.pracks_due:
            dialog.pracks_due.remove(due)
            return
        assert "Proxy-Authorization" in request.headers, f"a PRACK of nothing: {due}"

    def _say_bye(self, dialog: Dialog) -> None:
        again, end_at = dialog.stage is Stage.OVER, dialog.timer.end_at
        if dialog.unacked is not None and self.now - dialog.accepted_at > TIMEOUT_S - SLACK_S:
            dialog.unacked, dialog.may_end = None, "no ACK"
        if end_at is not None and abs(self.now - end_at) < SLACK_S:
            dialog.may_end = "the session has run out"
        assert dialog.may_end or again, "BYE for no reason"
        assert not dialog.was_asked_away, "BYE to who has said BYE"
        waits = dialog.waits_for_ack(self.now, self._host) and not (
            dialog.is_caller or dialog.was_acked
        )
        assert again or not waits, "BYE before the ACK (15)"
        self._over(dialog, "the phone has said BYE")

    def _say_ack(self, ack: Request) -> None:
        key = (ack.call_id, ack.cseq.number, ack.to.tag or "")
        due = self.ledger.acks_due.get(key, 0)
        dialog = self._of_ours(ack)
        assert dialog is not None, "ACK in no dialog"
        if not due and (ack.call_id, ack.to.tag or "") in self._reacks:
            self._reacks.discard((ack.call_id, ack.to.tag or ""))
        elif not due and self._spare.get(key, 0):
            self._spare[key] -= 1
        else:
            assert due > 0, "a 2xx acknowledged twice"
            self.ledger.acks_due[key] = due - 1
        if due:
            dialog.say(ack, str(self._local), self._names())
        assert not ack.body, "an ACK with a session, the INVITE had one"

    def _say_response(self, response: Response) -> None:
        heard = self.ledger.say_response(response, self.now)
        request = heard.request
        wanted = self._expected.get((request.via.branch, request.method))
        assert not wanted or response.status in wanted | {100}, (
            f"{response.status} to {request.method}, not {sorted(wanted or ())}"
        )
        if len([1 for _, one in heard.answers if one.status >= 200]) > 1:
            return  # A 2xx goes again.
        if response.status < 300 and heard.lost_with and (known := self._of_theirs_said(response)):
            known.is_fading = False
            if known.stage is Stage.UP:
                known.accepted_at = self.now
                return  # So it does over another link.
        if request.method == "INVITE" and not request.to.tag:
            self._say_first_answer(request, response)
        elif dialog := self._of_theirs(request):
            self._say_answer_within(dialog, request, response)

    def _of_theirs_said(self, response: Response) -> Dialog | None:
        return self._find(response.call_id, response.to.tag or "", response.from_.tag or "")

    def _say_first_answer(self, request: Request, response: Response) -> None:
        if response.status == 100:
            return
        tag = response.to.tag or ""
        dialog = self._find(request.call_id, tag, request.from_.tag or "")
        if response.status >= 300:
            if dialog is not None:
                self._over(dialog, "refused")
            self._says_why(response)
            return
        if dialog is None:
            dialog = self._opened_by_them(request, tag)
        if response.headers.get("RSeq"):
            self._says_reliably(dialog, request, response)
        elif response.status < 200:
            assert "100rel" not in request.require, "100rel is required, and not done"
            assert not response.body, "a session that is not reliable"
        if response.status >= 200 and dialog.stage is Stage.EARLY:
            self._accept(dialog, request, response)
            self._opens_in_place_of(dialog, request)
            self._opens_for_who_comes_again(dialog)

    def _opened_by_them(self, request: Request, tag: str) -> Dialog:
        contacts = request.contacts
        dialog = Dialog(
            call_id=request.call_id,
            ours=tag,
            theirs=request.from_.tag or "",
            is_caller=False,
            target=str(contacts[0].uri),
            routes=tuple(str(one) for one in request.record_routes),
            proxy=self._host,
            must_encrypt=self._must,
            their_cseq=request.cseq.number,
            invite_cseq=request.cseq.number,
            party=str(request.from_.uri),
        )
        if old := self._named(request):  # Its o= goes on from what the call has said last.
            last = [old, *self._younger(old)][-1]
            dialog.said, dialog.has_wandered = last.said, last.has_wandered
        if request.body:
            dialog.offer_heard(request.body)
        self.dialogs.append(dialog)
        return dialog

    def _says_reliably(self, dialog: Dialog, request: Request, response: Response) -> None:
        assert "100rel" in response.require, "RSeq without Require"
        assert "100rel" in (*request.require, *request.supported), "100rel was not asked for"
        sequence = int(response.headers.get("RSeq") or 0)
        known = dialog.confirmed_sequences
        if known and known[-1] == sequence:
            return  # A repetition.
        assert not known or sequence == known[-1] + 1, f"RSeq {sequence} after {known[-1]}"
        assert dialog.own_sequence is None, "two reliable answers at once"
        known.append(sequence)
        dialog.own_sequence, dialog.own_sequence_at = sequence, self.now
        dialog.own_offered = bool(response.body)
        if response.body:
            assert not request.body, "an offer to an offer"
            dialog.offer_said(response.body)

    def _accept(self, dialog: Dialog, request: Request, response: Response) -> None:
        """The phone's 2xx to an INVITE: its session answers, or offers."""
        waits = dialog.own_sequence is not None and dialog.own_offered
        assert not waits, "a 2xx before the PRACK of an offer (RFC 3262 3)"
        dialog.stage = Stage.UP
        dialog.unacked, dialog.accepted_at = request.cseq.number, self.now
        if dialog.is_settled and dialog.ours_open is None and dialog.theirs_open is None:
            assert not response.body, "an answer twice"
        elif dialog.theirs_open is not None:
            dialog.answer_said(response.body)
        else:
            assert response.body, "no offer in the 2xx of an INVITE without one"
            dialog.offer_said(response.body)
        dialog.granted_by_us(request, response, self.now)
        if self._answering:
            self.ports[self._answering], self._answering = self._port_of(dialog), 0

    def _opens_in_place_of(self, dialog: Dialog, request: Request) -> None:
        if old := self._named(request):
            dialog.is_settled = False
            self._drop_asked(old)
            self._minimum[dialog.call_id] = self._least_s(old.call_id)
            for unheard in self._younger(old):
                self._drop_asked(unheard)
                self._owe(unheard, "nobody has heard its 2xx")
            dialog.elder = old
            self._owe(old, "it is replaced")

    def _opens_for_who_comes_again(self, dialog: Dialog) -> None:
        """F6: a caller who has not heard that the call was answered is answered once more."""
        same = [d for d in self._up() if self._port_of(d) == self._port_of(dialog)]
        for one in same:
            if one is dialog or one.has_left:
                continue
            assert not one.was_acked, "another call with the sound of one that stands"
            if any(h.is_told for h in self.ledger.invites_of(one.call_id)):
                self._owe(one, "its caller has come again")
            else:
                self._over(one, "its 2xx went down with the link")

    def _say_answer_within(self, dialog: Dialog, request: Request, response: Response) -> None:
        if response.status == 500 and request.method in {"INVITE", "UPDATE"}:
            self._says_why(response)
        if response.status >= 300 or response.status < 200 or dialog.stage is Stage.OVER:
            return
        match request.method:
            case "BYE":
                self._bye_answered(dialog)
            case "INVITE" | "UPDATE":
                self._refreshed(dialog, request, response)
            case _:
                pass

    def _refreshed(self, dialog: Dialog, request: Request, response: Response) -> None:
        if request.body:
            dialog.offer_heard(request.body)
        if request.method == "INVITE":
            dialog.is_settled = False
            self._accept(dialog, request, response)
        elif request.body:
            dialog.answer_said(response.body)
        else:
            assert not response.body, "an answer to no offer"
        rings = dialog.stage is Stage.EARLY and dialog.is_caller
        if rings and request.body and dialog.sound:  # Who has said something last is heard.
            self._early[dialog.call_id] = dialog.sound
            dialog.is_settled = True
        if request.method == "UPDATE" and dialog.stage is Stage.UP:
            dialog.granted_by_us(request, response, self.now)
        dialog.is_loose = False

    def _bye_answered(self, dialog: Dialog) -> None:
        for heard in self.ledger.heard.values():
            if dialog.stage is Stage.EARLY and heard.request.call_id == dialog.call_id:
                is_invite = heard.request.method == "INVITE"
                heard.is_cancelled = is_invite and self.ledger.reaches(heard)
        dialog.was_asked_away = True
        self._over(dialog, "they have said BYE")

    def _says_why(self, response: Response) -> None:
        """Refusals say what the sender needs to know."""
        headers = response.headers
        match response.status:
            case 420:
                assert headers.get("Unsupported"), "420 without Unsupported"
            case 422:
                assert headers.get("Min-SE") == str(INTERVAL_S_MIN), "422 without Min-SE"
            case 500 if response.to.tag and self._heard is not None:
                wait = headers.get("Retry-After")
                assert wait is None or 0 <= int(wait) <= 10, "Retry-After"
            case _:
                pass
