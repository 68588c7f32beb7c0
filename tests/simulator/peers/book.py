"""What the phone may say, given all that it has heard: the reference of the second world.

The book follows every dialog from the phone's own end of the wire. Each request that is heard gets
an expectation of its answer; each message that is said is looked at; after every step nothing may
be owed. It demands only what the phone can know.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable

from firmware.agent.account import Account
from firmware.agent.events import (
    CallAnswered,
    CallEnded,
    Dialling,
    EndCause,
    MediaChanged,
    MediaEnded,
    Tie,
    TieChanged,
)
from firmware.agent.rescue import LOOSE
from firmware.link.events import Address, Proxy
from firmware.media.negotiation import SrtpMode
from firmware.media.plan import MediaPlan
from firmware.sip.message import Message, Request, Response
from tests.simulator.peers.dialog import INTERVAL_S_MIN, Dialog, Stage, expires, takes
from tests.simulator.peers.ledger import TIMEOUT_S, Ledger, Sent
from tests.simulator.peers.sdp import Said, Sound, read

KNOWN = {"BYE", "CANCEL", "INFO", "INVITE", "OPTIONS", "PRACK", "UPDATE"}
REFUSED = {"MESSAGE", "NOTIFY", "PUBLISH", "REFER", "REGISTER", "SUBSCRIBE"}
SLACK_S = 1.0
KEPT = 60
"""Dialogs that are remembered when they are over."""

OWNER_WAIT_S, OTHER_WAIT_S = (2.1, 4.0), (0.0, 2.0)


class Book:
    """Dialogs, expectations and what the person was told."""

    def __init__(self, account: Account) -> None:
        self.ledger = Ledger()
        self.dialogs: list[Dialog] = []
        self.plans: dict[int, MediaPlan] = {}  # What is told, by the phone's port.
        self.ports: dict[int, int] = {}  # By call.
        self.now = 0.0
        self.is_settled = False  # The account is registered over this link.
        self._codecs = tuple(choice.codec.encoding.upper() for choice in account.codecs)
        self._must = account.srtp is SrtpMode.ONLY
        self._never = account.srtp is SrtpMode.OFF
        self._wanted_s = account.session_timer_s
        self._proxy: Proxy | None = None
        self._local: Address | None = None
        self._remote: Address | None = None
        self._expected: dict[tuple[str, str], set[int]] = {}
        self._offers: dict[str, Said] = {}  # Of INVITEs outside a dialog, by branch.
        self._early: dict[str, Sound] = {}  # What is heard before an answer, by Call-ID.
        self._reacks: set[tuple[str, str]] = set()  # One more ACK over the next link.
        self._spare: dict[tuple[str, int, str], int] = {}  # ACKs that nobody waits for.
        self._minimum: dict[str, int] = {}  # What a 422 has said, by Call-ID.
        self._ended: list[CallEnded] = []
        self._heard: Message | None = None  # What this step is about.
        self._dialling = 0  # The call whose first INVITE comes next,
        self._answering = 0  # or whose first 2xx.
        self._replacing: dict[str, Dialog] = {}  # By the Call-ID of an INVITE with Replaces.

    # The link.

    def link_up(self, proxy: Proxy, local: Address, remote: Address) -> None:
        """A link stands."""
        self.ledger.link_up(local)
        self._proxy, self._local, self._remote = proxy, local, remote

    def link_down(self) -> None:
        """What was open is gone with it; dialogs that stand are kept (F6)."""
        self.ledger.link_down()
        self.is_settled, self._local = False, None
        self._expected.clear()
        self._early.clear()
        self._replacing.clear()
        self._reacks = {(d.call_id, d.theirs) for d in self._up() if d.is_caller}
        for dialog in self.dialogs:
            dialog.asked, dialog.unacked, dialog.own_sequence = "", None, None
            dialog.ours_open = dialog.theirs_open = None
            dialog.timer.since = None
            dialog.is_loose = True
            dialog.wait_from = dialog.wait_until = 0.0
            if dialog.stage is Stage.EARLY or dialog.has_left:
                self._over(dialog, "the link is gone")

    def settled(self) -> None:
        """The account is registered over this link: sessions count from now on."""
        self.is_settled = True
        for dialog in self._up():
            if dialog.timer.interval_s and dialog.timer.since is None:
                dialog.timer.since, dialog.timer.at_once = self.now, True

    # What the phone hears.

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
            return {200} if invite else {481}
        if not request.to.tag:
            return self._expect_outside(request)
        dialog = self._of_theirs(request)
        if dialog is None or dialog.stage is Stage.OVER:
            known = dialog is not None and not dialog.was_asked_away and request.method == "BYE"
            return {200, 481} if known else {481}
        if dialog.is_fading:
            return set()
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
        if dialog.asked:
            return {491}
        if dialog.elder is not None and dialog.elder.asked:
            return {200, 488, 491}  # An INVITE in the dialog before has no answer yet.
        if dialog.unacked is not None or (request.method == "INVITE" and not up):
            return {500}
        if not up and not dialog.is_settled:
            return {500}
        return {488} if request.body and not self._takes(request) else {200}

    def _expect_prack(self, dialog: Dialog, request: Request) -> set[int]:
        if dialog.is_caller:
            return {405, 481}
        sequence, cseq, method = (request.headers.get("RAck") or "0 0 -").split()
        known = method == "INVITE" and cseq == str(dialog.invite_cseq)
        if not known or int(sequence) != dialog.own_sequence:
            return {481}
        dialog.own_sequence = None
        if request.body and dialog.ours_open is None:
            return {491}
        if dialog.ours_open is not None:
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
            self._minimum[request.call_id] = int(response.headers.get("Min-SE") or 0)
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
            proxy=self._proxy.host if self._proxy else "",
            must_encrypt=self._must,
            own_cseq=request.cseq.number,
            party=str(response.to.uri),
        )
        dialog.said = self._offers[request.via.branch]
        self.dialogs.append(dialog)
        return dialog

    def _early_answer(self, sent: Sent, dialog: Dialog, response: Response, offer: Said) -> None:
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
        is_lost = old is not None and (old.stage is not Stage.UP or not old.is_loose)
        if sent.is_unwanted or others or sent.is_cancelled or is_lost:
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
            dialog.timer.interval_s = old.timer.interval_s
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
            dialog.asked = ""
        if not is_ok:
            if is_invite:
                dialog.ours_open = None
                self._is_denied(dialog, response)
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

    # What the phone says.

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
        least_s = self._minimum.get(request.call_id, 0)
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
            self.ports[self._dialling], self._dialling = _port(said), 0
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
        assert dialog.unacked is None, "an INVITE before theirs is acknowledged (14.1)"
        assert self.now >= dialog.wait_from - 0.01, "asked again too soon (14.1)"
        assert request.body, "a re-INVITE without an offer"
        dialog.asked = request.via.branch
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
        waits = dialog.unacked is not None and not (dialog.is_caller or dialog.was_acked)
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
        if request.method == "INVITE" and not request.to.tag:
            self._say_first_answer(request, response)
        elif dialog := self._of_theirs(request):
            self._say_answer_within(dialog, request, response)

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

    def _opened_by_them(self, request: Request, tag: str) -> Dialog:
        contacts = request.contacts
        dialog = Dialog(
            call_id=request.call_id,
            ours=tag,
            theirs=request.from_.tag or "",
            is_caller=False,
            target=str(contacts[0].uri),
            routes=tuple(str(one) for one in request.record_routes),
            proxy=self._proxy.host if self._proxy else "",
            must_encrypt=self._must,
            their_cseq=request.cseq.number,
            invite_cseq=request.cseq.number,
            party=str(request.from_.uri),
        )
        if old := self._named(request):
            dialog.said = old.said
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
        if response.body:
            assert not request.body, "an offer to an offer"
            dialog.offer_said(response.body)

    def _accept(self, dialog: Dialog, request: Request, response: Response) -> None:
        """The phone's 2xx to an INVITE: its session answers, or offers."""
        waits = dialog.own_sequence is not None and dialog.ours_open is not None
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
            dialog.is_settled, dialog.elder = False, old
            self._owe(old, "it is replaced")

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
        if dialog.stage is Stage.EARLY and dialog.is_caller and dialog.sound:
            self._early[dialog.call_id] = dialog.sound
            dialog.is_settled = dialog.is_settled or bool(request.body)
        if request.method == "UPDATE" and dialog.stage is Stage.UP:
            dialog.granted_by_us(request, response, self.now)
        dialog.is_loose = False

    def _bye_answered(self, dialog: Dialog) -> None:
        for heard in self.ledger.heard.values():
            if dialog.stage is Stage.EARLY and heard.request.call_id == dialog.call_id:
                heard.is_cancelled = heard.request.method == "INVITE"
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

    # What the person hears and wants.

    def told(self, said: object) -> None:
        """The phone tells the outside something."""
        match said:
            case MediaChanged(call, plan):
                self.ports[call] = plan.local_port
                assert self.plans.get(plan.local_port) != plan, "the same sound is told twice"
                self.plans[plan.local_port] = plan
            case Dialling(call):
                self._dialling = call
            case CallAnswered(call) if call not in self.ports:
                self._answering = call
            case MediaEnded(call):
                del self.plans[self.ports[call]]
            case CallEnded() if said.call:
                self._ended.append(said)
            case TieChanged(call, tie):
                self._tied(call, tie)
            case _:
                pass

    def _tied(self, call: int, tie: Tie) -> None:
        for dialog in self.of_call(call):
            dialog.is_loose = tie is not Tie.ANCHORED
            if tie in LOOSE:
                dialog.timer.since = None
            if tie is Tie.GONE:
                dialog.may_end = "the far end is gone"

    def hung_up(self, call: int) -> None:
        """The person ends a call; a dialog that stands may be ended, an INVITE is cancelled."""
        for dialog in self.of_call(call):
            dialog.has_left = True
            dialog.may_end = "the person has left"

    def given_up(self, call: int) -> None:
        """The person gives up a call that nobody has answered yet: its INVITE is cancelled."""
        port = self.ports.get(call)
        for branch, sent in self.ledger.sent.items():
            offer = self._offers.get(branch)
            if offer is not None and not sent.final and _port(offer) == port:
                sent.is_unwanted = not self._replacing.get(sent.request.call_id)
                self._fade(sent.request)

    def _fade(self, invite: Request) -> None:
        """Nobody waits for the far ends that ring for an INVITE any more."""
        for dialog in self.dialogs:
            if (dialog.call_id, dialog.ours) == (invite.call_id, invite.from_.tag):
                dialog.is_fading = dialog.is_fading or dialog.stage is Stage.EARLY

    # After a step.

    def after_step(self, living: Iterable[int]) -> None:
        """Nothing is owed; the sound is what was agreed."""
        self.ledger.after_step()
        for dialog in self.dialogs:
            if dialog.stage is Stage.EARLY and dialog.is_caller:
                assert not dialog.pracks_due, f"no PRACK of {dialog.pracks_due}"
            ended = dialog.stage is not Stage.OVER and dialog.has_left
            waits = not self.is_settled or dialog.unacked is not None
            assert not ended or waits, "a call that was left goes on"
        self._sounds_right()
        for said in self._ended:
            self._ends_for_a_reason(said)
        self._ended.clear()
        self._heard = None

    def _sounds_right(self) -> None:
        for dialog in self._up():
            port = self._port_of(dialog)
            plan = self.plans.get(port)
            if dialog.sound is None or dialog.has_left:
                continue
            assert plan is not None, "a call without its sound"
            _compare(plan, dialog.sound)
        for dialog in self.dialogs:
            early = self._early.get(dialog.call_id)
            plan = self.plans.get(self._port_of(dialog))
            if dialog.stage is Stage.EARLY and dialog.is_caller and early and plan:
                _compare(plan, early)

    def _ends_for_a_reason(self, ended: CallEnded) -> None:
        heard = self._heard
        match ended.cause:
            case EndCause.HUNG_UP_THERE | EndCause.CANCELLED_THERE | EndCause.ANSWERED_ELSEWHERE:
                assert heard is not None, f"{ended.cause} out of the blue"
            case EndCause.REFUSED:
                assert isinstance(heard, Response), "refused by nobody"
                assert ended.status == heard.status, f"{ended.status} is told, not {heard.status}"
            case _:
                pass

    def look(self, now: float) -> None:
        """Time has passed: what the timers ask for is done (RFC 4028 10, 13.3.1.4)."""
        self.now = now
        self._expire()
        self.ledger.look(now)
        for dialog in self._up():
            end_at, refresh_at = dialog.timer.end_at, dialog.timer.refresh_at
            assert end_at is None or now <= end_at + SLACK_S, "a session that has run out goes on"
            if refresh_at is None or dialog.asked or dialog.unacked is not None:
                continue
            waits = now < dialog.wait_until + SLACK_S
            asked = waits or dialog.refreshed_at >= refresh_at - SLACK_S
            assert asked or now <= refresh_at + SLACK_S, f"{dialog.call_id} is not refreshed"
        old = self.dialogs[:-KEPT]
        self.dialogs = [d for d in old if d.stage is not Stage.OVER] + self.dialogs[-KEPT:]

        for dialog in self.dialogs:
            waits = dialog.stage is Stage.EARLY and dialog.own_sequence is not None
            waited_s = now - dialog.own_sequence_at if waits else 0.0
            assert waited_s < TIMEOUT_S + SLACK_S, "a call without its PRACK goes on"

    def _expire(self) -> None:
        """An INVITE in a dialog that nobody has answered is over (timer B, or after its CANCEL)."""
        for dialog in self._up():
            sent = self.ledger.sent.get(dialog.asked)
            if sent is not None and sent.dies_at is not None and self.now >= sent.dies_at:
                dialog.asked, dialog.ours_open, dialog.is_loose = "", None, True

    # Finding.

    def _over(self, dialog: Dialog, why: str) -> None:
        dialog.stage = Stage.OVER
        dialog.may_end = dialog.may_end or why
        dialog.pracks_due.clear()
        for heard in self.ledger.heard.values():
            if heard.request.call_id == dialog.call_id:
                heard.is_moot = True

    def _owe(self, dialog: Dialog, why: str) -> None:
        """The phone has to say BYE."""
        dialog.may_end = why
        dialog.has_left = True

    def _up(self) -> list[Dialog]:
        return [dialog for dialog in self.dialogs if dialog.stage is Stage.UP]

    @property
    def standing(self) -> set[tuple[str, str]]:
        """The calls that stand, by Call-ID and the far end's tag."""
        return {(d.call_id, d.theirs) for d in self._up() if not d.has_left}

    def _find(self, call_id: str, ours: str, theirs: str) -> Dialog | None:
        names = (call_id, ours, theirs)
        return next((d for d in self.dialogs if (d.call_id, d.ours, d.theirs) == names), None)

    def _of_theirs(self, request: Request) -> Dialog | None:
        return self._find(request.call_id, request.to.tag or "", request.from_.tag or "")

    def _of_ours(self, request: Request) -> Dialog | None:
        return self._find(request.call_id, request.from_.tag or "", request.to.tag or "")

    def _named(self, request: Request) -> Dialog | None:
        replaces = request.replaces
        if replaces is None:
            return None
        return self._find(replaces.call_id, replaces.to_tag, replaces.from_tag)

    def of_call(self, call: int) -> list[Dialog]:
        """Return the dialog of a call that stands."""
        port = self.ports.get(call)
        return [d for d in self._up() if port is not None and self._port_of(d) == port]

    def _port_of(self, dialog: Dialog) -> int:
        return _port(dialog.said)


def _port(said: Said | None) -> int:
    return 0 if said is None or said.place is None else said.lines[said.place].port


def _compare(plan: MediaPlan, sound: Sound) -> None:
    """What is heard and sent is what both ends have agreed on."""
    told = (plan.remote.host, plan.remote.port, plan.direction.value, plan.sends.codec.name)
    assert told[:3] == (sound.host, sound.port, sound.direction), f"{told}, not {sound}"
    assert sound.codec.startswith(plan.sends.codec.name.upper()), f"{told}, not {sound}"
    for key, wanted in ((plan.key_out, sound.key_out), (plan.key_in, sound.key_in)):
        assert bool(key) == bool(wanted), "encrypted by halves"
        if key is not None:
            assert wanted.split()[0] == key.suite.value, "a key of another suite"
            assert wanted.endswith(_base64(key.material)), "another key than was agreed"


def _base64(material: bytes) -> str:
    return b64encode(material).decode()
