"""What the phone hears: each request gets an expectation of its answer."""

from __future__ import annotations

from firmware.sip.message import Message, Request, Response
from tests.simulator.peers.dialog import INTERVAL_S_MIN, Dialog, Stage, expires, takes
from tests.simulator.peers.ledger import Sent
from tests.simulator.peers.pages import Pages
from tests.simulator.peers.sdp import Said

KNOWN = {"BYE", "CANCEL", "INFO", "INVITE", "OPTIONS", "PRACK", "UPDATE"}
REFUSED = {"MESSAGE", "NOTIFY", "PUBLISH", "REFER", "REGISTER", "SUBSCRIBE"}

CROSSING_S = 2.0
"""INVITEs that cross meet within this."""

OWNER_WAIT_S, OTHER_WAIT_S = (2.1, 4.0), (0.0, 2.0)


class Hearing(Pages):
    """The half of the book that follows the far ends."""

    def hear(self, message: Message, now: float) -> None:
        """A message reaches the phone."""
        self.now, self._heard = now, message
        self._expire()
        if isinstance(message, Response):
            self._hear_response(message)
            return
        key = (message.via.branch, message.method)
        is_new = key not in self.ledger.heard
        self.ledger.hear_request(message, now)
        if message.method == "ACK":
            self._ack_heard(message)
        elif is_new:
            self._expected[key] = self._expect(message)

    def _expect(self, request: Request) -> set[int]:
        """Return the statuses that this may be answered with; none: any."""
        if request.method == "CANCEL":
            invite = self.ledger.heard.get((request.via.branch, "INVITE"))
            moved = invite is not None and invite.lost_with is not None
            return {200, 481} if moved else {200} if invite else {481}
        if not request.to.tag:
            return self._expect_outside(request)
        dialog = self._of_theirs(request)
        if dialog is None or dialog.stage is Stage.OVER:
            known = dialog is not None and not dialog.was_asked_away and request.method == "BYE"
            return {200, 481} if known else {481}
        if dialog.is_fading:
            if request.method == "PRACK" and dialog.is_moved:
                self._expect_prack(dialog, request)
            return set()
        if dialog.is_dropped or (dialog.has_left and dialog.unacked is None):  # Its BYE is owed.
            return {200} if request.method == "BYE" else {481}
        if any(tag not in {"100rel", "timer", "replaces"} for tag in request.require):
            return {420}
        if dialog.their_cseq is not None and request.cseq.number <= dialog.their_cseq:
            return {500}
        dialog.their_cseq = request.cseq.number
        if request.method in {"INVITE", "UPDATE"}:
            dialog.aims(request)  # 12.2.2.
        return self._expect_within(dialog, request)

    def _expect_outside(self, request: Request) -> set[int]:
        if request.method in {"BYE", "UPDATE", "INFO", "PRACK"}:
            return {481}
        if request.method not in KNOWN:
            return {405} if request.method in REFUSED else {501}
        if request.method == "OPTIONS":
            return {200}
        if any(tag not in {"100rel", "timer", "replaces"} for tag in request.require):
            return {420}
        if request.replaces:
            return self._expect_replaced(request)
        interval_s, _ = expires(request)
        if interval_s and interval_s < INTERVAL_S_MIN and "timer" in request.supported:
            return {422, 486}
        bad = request.body and not self._takes(request)
        return {488, 486} if bad else {180, 200, 480, 486, 487, 488, 504, 603}

    def _expect_replaced(self, request: Request) -> set[int]:
        dialog = self._named(request)
        if dialog is None:
            return {481}
        if self._younger(dialog):
            return {200, 403, 422, 481, 488, 491, 500}  # Nobody may have heard its 2xx.
        if dialog.stage is Stage.OVER or dialog.has_left:
            return {481, 603}
        if dialog.stage is Stage.EARLY:
            return {481}
        if dialog.unacked is not None or dialog.is_loose:
            return {200, 403, 422, 491, 500, 488}
        if not self._is_theirs(dialog, request):
            return {403}
        interval_s, _ = expires(request)
        is_small = 0 < interval_s < INTERVAL_S_MIN and "timer" in request.supported
        return {422} if is_small else {200, 488}

    def _younger(self, old: Dialog) -> list[Dialog]:
        """Return what took a dialog's place, where that may have been heard by nobody."""
        return [one for one in self._up() if one.elder is old and not one.was_acked]

    def _is_theirs(self, dialog: Dialog, request: Request) -> bool:
        """Tell whether a request comes from the far end of a dialog."""
        return str(request.from_.uri) == dialog.party

    def _expect_within(self, dialog: Dialog, request: Request) -> set[int]:
        match request.method:
            case "BYE":
                return {200}
            case "OPTIONS" | "INFO":
                return {200}
            case "INVITE" | "UPDATE":
                return self._expect_refresh(dialog, request)
            case "PRACK":
                return self._expect_prack(dialog, request)
            case method:
                return {405} if method in REFUSED else {501}

    def _expect_refresh(self, dialog: Dialog, request: Request) -> set[int]:
        interval_s, _ = expires(request)
        up = dialog.stage is Stage.UP
        if dialog.stage is Stage.EARLY and dialog.is_caller:
            if request.method == "INVITE" or (request.body and dialog.sound is None):
                return {491}
            return {200} if not request.body or self._takes(request) else {488}
        if interval_s and interval_s < INTERVAL_S_MIN and "timer" in request.supported:
            return {422}
        if request.method == "UPDATE" and not request.body:
            return {200}
        if dialog.asked and not self._gives_way(dialog, request):
            return {491}
        if dialog.unacked is not None or (request.method == "INVITE" and not up):
            return {500}
        if not up and not dialog.is_settled:
            return {500}
        return {488} if request.body and not self._takes(request) else {200}

    def _gives_way(self, dialog: Dialog, request: Request) -> bool:
        """F6: a refresh that has been out for long was lost on its way; theirs is taken."""
        sent = self.ledger.sent.get(dialog.asked)
        out_s = self.now - sent.at if sent else 0.0
        if request.method != "INVITE" or not dialog.is_refreshing or out_s < CROSSING_S:
            return False
        self._drop_asked(dialog)
        return True

    def _expect_prack(self, dialog: Dialog, request: Request) -> set[int]:
        sequence, cseq, method = (request.headers.get("RAck") or "0 0 -").split()
        known = method == "INVITE" and cseq == str(dialog.invite_cseq)
        if not known or int(sequence) != dialog.own_sequence:
            return {481}
        dialog.own_sequence = None
        if request.body and not dialog.own_offered:
            return {491}
        if dialog.own_offered:
            good = dialog.answer_heard(request.body)
            dialog.is_settled = good
            dialog.may_end = dialog.may_end or ("" if good else "a bad answer")
        return {200}

    def _takes(self, request: Request) -> bool:
        return takes(request.body, self._codecs, must=self._must, never=self._never)

    def _ack_heard(self, ack: Request) -> None:
        dialog = self._of_theirs(ack)
        if dialog is None or dialog.unacked != ack.cseq.number or dialog.stage is Stage.OVER:
            return
        dialog.unacked, dialog.was_acked = None, True
        if dialog.has_left:
            dialog.may_end = "the person has left"
        if dialog.ours_open is not None and not dialog.answer_heard(ack.body):
            dialog.may_end = dialog.may_end or "a bad answer"

    def _hear_response(self, response: Response) -> None:
        sent = self.ledger.hear_response(response, self.now)
        if sent is None:
            return
        request = sent.request
        if response.status == 422:
            wanted_s = int(response.headers.get("Min-SE") or 0)
            self._minimum[request.call_id] = max(wanted_s, self._least_s(request.call_id))
        if request.method == "INVITE" and not request.to.tag:
            self._first_answer(sent, response)
        elif dialog := self._of_ours(request):
            self._answer_within(dialog, sent, response)

    def _first_answer(self, sent: Sent, response: Response) -> None:
        """An answer to an INVITE outside a dialog makes dialogs, or ends them."""
        request, tag = sent.request, response.to.tag or ""
        if response.status >= 300:
            for dialog in self.dialogs:
                if (dialog.call_id, dialog.ours) == (request.call_id, request.from_.tag):
                    self._over(dialog, "refused")
            return
        if response.status == 100 or not tag:
            return
        known = self._find(request.call_id, request.from_.tag or "", tag)
        dialog = known or self._opened_by_us(request, response, tag)
        if known is None:
            dialog.is_fading = sent.is_cancelled or sent.is_unwanted
        offer = self._offers[request.via.branch]
        if response.status < 200:
            self._early_answer(sent, dialog, response, offer)
            return
        if dialog.was_up:  # It comes again.
            if dialog.stage is Stage.OVER and dialog.call_id in self._replacing:
                self._spares(dialog, request)
            return
        self._confirm(sent, dialog, response, offer)

    def _opened_by_us(self, request: Request, response: Response, tag: str) -> Dialog:
        contacts = response.contacts
        dialog = Dialog(
            call_id=request.call_id,
            ours=request.from_.tag or "",
            theirs=tag,
            is_caller=True,
            target=str(contacts[0].uri if contacts else request.uri),
            routes=tuple(str(one) for one in reversed(response.record_routes)),
            proxy=self._host,
            must_encrypt=self._must,
            own_cseq=request.cseq.number,
            party=str(response.to.uri),
        )
        dialog.said = self._offers[request.via.branch]
        self.dialogs.append(dialog)
        return dialog

    def _early_answer(self, sent: Sent, dialog: Dialog, response: Response, offer: Said) -> None:
        if dialog.stage is Stage.OVER:
            return  # It has said BYE: what it still says of the INVITE is not heard.
        reliable = "100rel" in response.require and response.headers.get("RSeq")
        if reliable:
            sequence = int(response.headers.get("RSeq") or 0)
            if dialog.their_sequence is not None and sequence != dialog.their_sequence + 1:
                return
            dialog.their_sequence = sequence
            dialog.pracks_due.append((sequence, sent.request.cseq.number))
        if not response.body or dialog.is_settled or sent.is_unwanted:
            return
        sound = dialog.would_sound(offer, response.body)
        if sound is not None:
            dialog.sound, dialog.is_settled = sound, bool(reliable)
            self._early[dialog.call_id] = sound

    def _confirm(self, sent: Sent, dialog: Dialog, response: Response, offer: Said) -> None:
        dialog.aims(response)
        dialog.routes = tuple(str(one) for one in reversed(response.record_routes))
        dialog.stage = Stage.UP
        others = [
            one
            for one in self.dialogs
            if one.was_up and (one.call_id, one.ours) == (dialog.call_id, dialog.ours)
        ]
        dialog.was_up = True
        old = self._replacing.get(dialog.call_id)
        # Who takes our Replaces ends the old dialog, whatever was said there meanwhile (RFC 3891).
        takes_place = old is not None and old.stage is Stage.UP and not old.has_left
        is_late = (sent.is_cancelled or old is not None) and not takes_place
        if sent.is_unwanted or others or is_late:
            self._owe(dialog, "it comes too late")
            return
        for one in self.dialogs:
            same = (one.call_id, one.ours) == (dialog.call_id, dialog.ours)
            if same and one.stage is Stage.EARLY:
                self._over(one, "another one has answered")
        if not dialog.is_settled and (response.body or dialog.sound is None):
            dialog.sound = dialog.would_sound(offer, response.body)
        if dialog.sound is None:
            self._owe(dialog, "nothing is agreed")
            return
        if old is not None:
            interval_s = old.timer.interval_s or self._wanted_s
            self._minimum[dialog.call_id] = least_s = self._least_s(old.call_id)
            dialog.timer.interval_s = interval_s and max(interval_s, least_s)
        dialog.granted_by_them(sent.request, response, self.now, self._wanted_s)
        if old is not None:
            self._owe(old, "it is replaced")

    def _spares(self, dialog: Dialog, invite: Request) -> None:
        """Nobody waits for the ACK: the far end has been told that the dialog is over."""
        key = (dialog.call_id, invite.cseq.number, dialog.theirs)
        self._spare[key] = self._spare.get(key, 0) + self.ledger.acks_due.pop(key, 0)

    def _answer_within(self, dialog: Dialog, sent: Sent, response: Response) -> None:
        request = sent.request
        if dialog.stage is Stage.OVER:
            if response.status >= 200 and dialog.asked == request.via.branch:
                dialog.asked = ""
            self._spares(dialog, request)
            return
        if response.status < 200:
            return
        is_ok, is_invite = response.status < 300, request.method == "INVITE"
        if is_invite and dialog.asked != request.via.branch:
            return  # It comes again.
        if is_invite:
            dialog.asked, dialog.silent_at = "", None
        if not is_ok:
            if is_invite:
                dialog.ours_open = None
                self._is_denied(dialog, response)
            elif response.status == 481 and dialog.stage is Stage.EARLY:
                dialog.gave_up_at = self.now
            return
        if not is_invite and request.method != "UPDATE":
            return
        dialog.aims(response)
        if dialog.stage is Stage.UP:
            dialog.granted_by_them(request, response, self.now, self._wanted_s)
        if is_invite:
            dialog.answer_heard(response.body)

    def _is_denied(self, dialog: Dialog, response: Response) -> None:
        """14.1: after a 491 and after Retry-After the phone waits."""
        dialog.wait_from = dialog.wait_until = 0.0
        if response.status == 491:
            low_s, high_s = OWNER_WAIT_S if dialog.is_caller else OTHER_WAIT_S
            dialog.wait_from, dialog.wait_until = self.now + low_s, self.now + high_s
        elif response.status >= 500 and (wait_s := response.retry_after):
            dialog.wait_from = dialog.wait_until = self.now + wait_s
        if response.status in {408, 481}:
            dialog.is_loose = True  # The way to a new dialog may begin.
