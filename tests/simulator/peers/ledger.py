"""The phone's transactions as its own end of the wire shows them (RFC 3261 17, 9.1, 8.2; RFC 4320).

What the phone has heard and said is compared message by message, so nothing that is still on its
way blurs the picture: every request of the far ends is answered at once, every final answer to an
INVITE is acknowledged at once, by the right ACK and once, every branch is new.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from firmware.link.events import Address, Proxy
from firmware.sip.message import Request, Response

TIMEOUT_S = 32.0
REPEAT_S = (0.5, 4.0)
"""The shortest and the longest wait between two 2xx of one INVITE (13.3.1.4)."""

KEPT_S = 31.0
"""For so long after the loss of its link a call rings on for certain."""

SLACK_S = 0.1
BRANCHES_KEPT = 2000


@dataclass
class Sent:
    """A request of the phone's."""

    request: Request
    at: float
    is_provisional: bool = False
    final: int = 0
    to: str = ""  # Of the final answer.
    is_acked: bool = False  # Its refusal.
    is_cancelled: bool = False
    is_unwanted: bool = False  # The person hung up before its final answer.
    dies_at: float | None = None  # Timers B, F and M, and the wait after a CANCEL.

    def lives(self, now: float) -> bool:
        """Tell whether its transaction still takes answers."""
        return self.dies_at is None or now < self.dies_at


@dataclass
class Heard:
    """A request of a far end's, and the phone's answers."""

    request: Request
    at: float
    answers: list[tuple[float, Response]] = field(default_factory=list)
    is_acked: bool = False
    is_cancelled: bool = False
    repetitions: int = 0  # Of the request.
    is_moot: bool = False  # Its dialog is over: its 2xx need not be repeated any more.
    lost_with: Proxy | None = None  # The proxy whose link an INVITE has outlived,
    lost_at: float = 0.0  # and when that was lost.
    is_told: bool = True  # Something was said of it over this link.

    @property
    def final(self) -> int:
        """The status of the final answer, 0 before there is one."""
        return next((r.status for _, r in self.answers if r.status >= 200), 0)


class Ledger:
    """Transactions of one link; with the link all but INVITEs of far ends are forgotten."""

    def __init__(self) -> None:
        self.proxy: Proxy | None = None
        self.local: Address | None = None
        self.sent: dict[str, Sent] = {}  # By branch.
        self.heard: dict[tuple[str, str], Heard] = {}  # By branch and method.
        self.acks_due: dict[tuple[str, int, str], int] = {}  # Call-ID, CSeq, far tag: 2xx heard.
        self._branches: dict[str, None] = {}
        self._asked: list[Heard] = []  # In this step.

    def link_up(self, local: Address, proxy: Proxy) -> None:
        """A link stands."""
        self.local, self.proxy = local, proxy

    def link_down(self, now: float) -> None:
        """All that was open went with the link; an INVITE can be answered over the next one."""
        self.local = None
        self.sent.clear()
        self.heard = {key: one for key, one in self.heard.items() if key[1] == "INVITE"}
        for one in self.heard.values():
            one.is_told = False
            if one.lost_with is None:
                one.lost_with, one.lost_at = self.proxy, now
        self.acks_due.clear()
        self._asked.clear()

    def reaches(self, heard: Heard) -> bool:
        """Tell whether an answer goes over this link."""
        return heard.lost_with in {None, self.proxy}

    def invites_of(self, call_id: str) -> list[Heard]:
        """Return the INVITEs of a far end that are known."""
        known = [one for key, one in self.heard.items() if key[1] == "INVITE"]
        return [one for one in known if one.request.call_id == call_id]

    # What the phone hears.

    def hear_request(self, request: Request, now: float) -> None:
        """A request reaches the phone."""
        if request.method == "ACK":
            self._ack_heard(request)
            return
        key = (request.via.branch, request.method)
        if key in self.heard:
            self.heard[key].repetitions += 1
            return
        self.heard[key] = heard = Heard(request, now)
        self._asked.append(heard)
        if request.method == "CANCEL":
            invite = self.heard.get((request.via.branch, "INVITE"))
            if invite is not None and not invite.final:
                invite.is_cancelled = True

    def hear_response(self, response: Response, now: float) -> Sent | None:
        """An answer reaches the phone; return what it asked, if that may still be heard."""
        sent = self.sent.get(response.via.branch)
        if sent is None or response.cseq.method != sent.request.method:
            return None
        if not sent.lives(now):
            return None
        is_invite, is_ok = sent.request.method == "INVITE", 200 <= response.status < 300
        if sent.final and not (is_invite and is_ok and 200 <= sent.final < 300):
            return None
        if response.status < 200:
            if is_invite and not sent.is_provisional:
                sent.dies_at = None
            sent.is_provisional = True
            return sent
        if not sent.final:
            sent.dies_at = now + TIMEOUT_S
            sent.to = response.headers.get("To") or ""
        if is_ok and is_invite:
            key = (response.call_id, response.cseq.number, response.to.tag or "")
            self.acks_due[key] = self.acks_due.get(key, 0) + 1
        sent.final = sent.final or response.status
        return sent

    def _ack_heard(self, ack: Request) -> None:
        same = self.heard.get((ack.via.branch, "INVITE"))
        if same is not None and same.final >= 300:
            same.is_acked = True
            return
        for heard in self.heard.values():
            one = heard.request
            if one.method == "INVITE" and (one.call_id, one.cseq.number) == (
                ack.call_id,
                ack.cseq.number,
            ):
                heard.is_acked = True

    # What the phone says.

    def say_request(self, request: Request, now: float) -> Sent | None:
        """The phone sends a request; return it, but for an ACK or CANCEL."""
        local, via = self.local, request.via
        assert local is not None, "sent without a link"
        assert len(request.vias) == 1, "not one Via"
        assert request.headers.get("Max-Forwards") == "70", "Max-Forwards"
        lost = request.method == "CANCEL" and via.branch not in self.sent
        assert lost or (via.host, via.port) == (local.host, local.port), "Via of another link"
        match request.method:
            case "CANCEL":
                self._cancel_said(request, now, lost=lost)
                return None
            case "ACK" if via.branch in self.sent:
                self._refusal_acked(request)
                return None
        assert via.branch not in self._branches, "a branch used twice"
        self._branches[via.branch] = None
        if request.method == "ACK":
            return None
        self.sent[via.branch] = sent = Sent(request, now, dies_at=now + TIMEOUT_S)
        return sent

    def _cancel_said(self, cancel: Request, now: float, *, lost: bool) -> None:
        if lost:
            assert cancel.via.branch in self._branches, "CANCEL of nothing"
            return
        sent = self.sent[cancel.via.branch]
        invite = sent.request
        assert sent.is_provisional, "CANCEL before a provisional answer (9.1)"
        assert not sent.final, "CANCEL after the final answer (9.1)"
        assert not sent.is_cancelled, "a second CANCEL"
        for name in ("From", "To", "Call-ID", "Route"):
            assert cancel.headers.all(name) == invite.headers.all(name), f"{name} of a CANCEL"
        assert cancel.uri == invite.uri, "CANCEL to another Request-URI"
        assert cancel.cseq.number == invite.cseq.number, "CSeq of a CANCEL"
        sent.is_cancelled, sent.dies_at = True, now + TIMEOUT_S

    def _refusal_acked(self, ack: Request) -> None:
        sent = self.sent[ack.via.branch]
        assert sent.final >= 300, "ACK of a 2xx under its INVITE's branch"
        assert not sent.is_acked, "a refusal acknowledged twice"
        invite = sent.request
        for name in ("From", "Call-ID", "Route"):
            assert ack.headers.all(name) == invite.headers.all(name), f"{name} of an ACK"
        assert ack.headers.get("To") == sent.to, "To of an ACK"
        assert (ack.uri, ack.cseq.number) == (invite.uri, invite.cseq.number), "ACK of another"
        sent.is_acked = True

    def say_response(self, response: Response, now: float) -> Heard:
        """The phone answers; return what it answers."""
        method = response.cseq.method
        heard = self.heard.get((response.via.branch, method))
        assert heard is not None, f"an answer to no {method}"
        assert self.reaches(heard), "an answer to what another proxy asked"
        request = heard.request
        assert response.vias == request.vias, "the Vias of an answer"
        for name in ("From", "Call-ID", "CSeq"):
            assert response.headers.get(name) == request.headers.get(name), f"{name} of an answer"
        assert response.status == 100 or response.to.tag, f"a {response.status} without To tag"
        assert not request.to.tag or response.to.tag == request.to.tag, "another To tag"
        assert response.status != 408 or method == "INVITE", "408 (RFC 4320)"
        assert response.status <= 100 or response.status >= 200 or method == "INVITE", "a 1xx"
        self._order(heard, response, now)
        if method == "CANCEL" and response.status == 200:
            self._tag_of_cancel(response)
        elif invite := self.heard.get((response.via.branch, "INVITE")):
            invite.is_cancelled = invite.is_cancelled and method != "CANCEL"  # It is over already.
        heard.answers.append((now, response))
        return heard

    def _tag_of_cancel(self, response: Response) -> None:
        """9.2: the answers to a CANCEL and to its INVITE have the same To tag."""
        invite = self.heard.get((response.via.branch, "INVITE"))
        tags = {r.to.tag for _, r in invite.answers if r.to.tag} if invite else set()
        assert not tags or response.to.tag in tags, "To tag of the answer to a CANCEL"

    def _order(self, heard: Heard, response: Response, now: float) -> None:
        """One final answer; a 2xx to INVITE is repeated until its ACK, at ever longer waits."""
        if not heard.is_told:  # Over this link it is the first.
            assert response.status == (heard.final or response.status), "another final answer"
            heard.is_told, heard.answers = True, []
        if not heard.final:
            return
        if heard.repetitions and response.status == heard.final >= 300:
            heard.repetitions -= 1
            return
        is_ok = 200 <= response.status < 300 and heard.request.method == "INVITE"
        assert is_ok, "another final answer"
        assert response.status == heard.final, "another final answer"
        assert not heard.is_acked, "a 2xx repeated after its ACK"
        said = [at for at, one in heard.answers if one.status >= 200]
        gap_s = now - said[-1]
        wanted_s = min(REPEAT_S[0] * 2 ** (len(said) - 1), REPEAT_S[1])
        assert abs(gap_s - wanted_s) < SLACK_S, f"a 2xx repeated after {gap_s:.2f} s"
        assert now - said[0] <= TIMEOUT_S + SLACK_S, "a 2xx repeated for ever"

    # After a step, and now and then.

    def after_step(self) -> None:
        """What was asked is answered, what was answered is acknowledged."""
        for heard in self._asked:
            assert heard.answers, f"{heard.request.method} is not answered"
            final = heard.final or heard.request.method == "INVITE"
            assert final, f"{heard.request.method} is not answered"
        self._asked.clear()
        due = [key for key, number in self.acks_due.items() if number > 0]
        assert not due, f"a 2xx is not acknowledged: {due}"
        for branch, sent in self.sent.items():
            if sent.request.method == "INVITE" and sent.final >= 300:
                assert sent.is_acked, f"a {sent.final} is not acknowledged"
            wants = sent.is_unwanted and sent.is_provisional and not sent.final
            assert not wants or sent.is_cancelled, f"INVITE {branch} is not cancelled"
        for heard in self.heard.values():
            if heard.is_cancelled and self.local and self.reaches(heard):
                assert heard.final, "a cancelled INVITE gets no final answer"

    def settled(self, now: float) -> None:
        """The account is registered: what rings over a link to the same proxy is told so (F6)."""
        for heard in self.heard.values():
            rings = not heard.final and any(one.status > 100 for _, one in heard.answers)
            is_new = heard.lost_with == self.proxy and now - heard.lost_at < KEPT_S
            owed = rings and is_new and not (heard.is_moot or heard.is_told)
            assert not owed, f"{heard.request.call_id} rings, and its caller is not told"

    def look(self, now: float) -> None:
        """Repetitions come in time; what is old is forgotten."""
        for heard in self.heard.values():
            is_moot = heard.is_moot or heard.is_acked or heard.request.method != "INVITE"
            is_moot = is_moot or heard.lost_with is not None
            if is_moot or not 200 <= heard.final < 300:
                continue
            said = [at for at, one in heard.answers if one.status >= 200]
            late = now - said[-1] > REPEAT_S[1] + 1 and now - said[0] < TIMEOUT_S
            assert not late, "a 2xx is not repeated"
        old = now - 4 * TIMEOUT_S
        self.heard = {k: one for k, one in self.heard.items() if one.at > old or not one.final}
        self.sent = {
            k: s for k, s in self.sent.items() if s.at > old or not s.final or s.lives(now)
        }
        while len(self._branches) > BRANCHES_KEPT:
            del self._branches[next(iter(self._branches))]
