"""The far end: a registrar and proxy, and the people behind it.

It reads the phone's stream with the same parser as the phone reads its own; what it says, and what
it expects, is written out here by hand. What it asserts is what any peer may demand: whole and
well-formed messages, each request under a new branch and with the sent-by of its connection, an
answer to every request, an ACK for every final answer to an INVITE.
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from firmware.sip.message import Request, Response
from firmware.sip.stream import Ping, Pong, Unacceptable
from firmware.sip.uri import SipUri
from tests.simulator.callee import Callee
from tests.simulator.caller import Caller
from tests.simulator.connection import Connection
from tests.simulator.dialogs import Leg, Legs, far_request, final
from tests.simulator.faults import Faults
from tests.simulator.holds import Failing
from tests.simulator.keeper import Keeper
from tests.simulator.line import GIVE_UP_S, Line, OnResponse, Waiting
from tests.simulator.registrar import OTHER_REALM, REALM, SECRET, Binding, Login, Registrar
from tests.simulator.schedule import Schedule
from tests.simulator.sent import Sent
from tests.simulator.site import Site
from tests.simulator.wire import Wire

FAILS = {500, 503, 504}
"""What a registrar answers that does not serve (D8)."""

CUT_SHORT = 0.3
"""The share of Retry-Afters whose link ends before every account can have its verdict."""

PATIENCE_S = 8.0
"""An answer or ACK of the phone is here by then, over any wire without trouble."""


class ProxyEnd:
    """Everything beyond the wire."""

    def __init__(
        self,
        schedule: Schedule,
        random: Random,
        wire: Wire,
        site: Site,
        registrar: Registrar,
        legs: Legs,
        sent: Sent,
    ) -> None:
        self.schedule = schedule
        self.random = random
        self.site = site
        self.nature = site.nature
        self.registrar = registrar
        self.legs = legs
        self.sent = sent
        self.peers = [self]  # The proxies that people are reached through, with this one.
        self.callee = Callee(self)
        self.caller = Caller(self)
        self.keeper = Keeper(self)
        self.is_calm = False
        self.on_opened: Callable[[Connection], None] = lambda connection: None
        self.on_bound: Callable[[Connection, str], None] = lambda connection, user: None
        self.lines: dict[int, Line] = {}
        self.invites: dict[str, Line] = {}  # Where an INVITE went, by its branch; of all proxies.
        kinds = ["requests", "responses", "pings", "pongs", "asked", "unanswered", "lost acks"]
        kinds += ["spoke first", "moved answers"]
        self.seen = dict.fromkeys(kinds, 0)
        self._wire = wire

    @property
    def faults(self) -> Faults:
        """What goes wrong just now."""
        return self.site.faults

    # What the wire tells.

    def opened(self, connection: Connection) -> None:
        """A connection of the phone stands."""
        line = Line(connection)
        self.on_opened(connection)
        self.lines = {n: one for n, one in self.lines.items() if one.is_open}
        self.lines[connection.attempt] = line
        if self.nature.pings_every_s:
            first_s = self.nature.pings_first_s or self.nature.pings_every_s
            self.schedule.later(first_s, lambda: self._ping(line))
        if self.nature.speaks_first and not self.is_calm:
            self.seen["spoke first"] += 1
            self._speak_first(line)

    def _speak_first(self, line: Line) -> None:
        """Ask who is there; on a candidate the phone must not listen (L10)."""
        uri = SipUri("sip", line.connection.local.host, port=line.connection.local.port)
        me = f"<sip:proxy@example.org>;tag={self.new_tag()}"
        first = far_request("OPTIONS", uri, me, f"<{uri}>", self.new_tag(), 1, self.new_branch())
        self.write(line, first)

    def closed(self, connection: Connection) -> None:
        """A connection is gone, and with it what waited on it."""
        line = self.lines[connection.attempt]
        line.is_open, line.closed_at = False, self.schedule.now
        line.waiting = {k: one for k, one in line.waiting.items() if k[1] == "INVITE"}
        line.acks_due.clear()
        self.callee.cut_off(line)
        for proxy in self.peers:
            proxy.caller.cut_off(line)
        self.registrar.lost(connection.attempt, self.schedule.now)

    def received(self, connection: Connection, data: bytes) -> None:
        """Read what came; the phone never sends what cannot be read."""
        line = self.lines[connection.attempt]
        assert SECRET.encode() + b"-password" not in data, "a password on the wire"
        line.parser.receive(data)
        while (item := line.parser.next_item()) is not None:
            match item:
                case Ping():
                    self.seen["pings"] += 1
                    if self.nature.answers_pings:
                        connection.ponged_at = connection.ponged_at or self.schedule.now
                        self._wire.send(connection, b"\r\n")
                case Pong():
                    self.seen["pongs"] += 1
                case Request():
                    self.seen["requests"] += 1
                    self._requested(line, item)
                case Response():
                    self.seen["responses"] += 1
                    self._answered(line, item)
                case Unacceptable():
                    raise AssertionError(f"the phone sent nonsense: {item.why}")

    def end(self, line: Line) -> None:
        """End a connection of the phone's."""
        if line.is_open and line.connection.stands and not self.is_calm:
            self._wire.end(line.connection)

    def _ping(self, line: Line) -> None:
        if line.is_open:
            line.parser.expect_pong()
            line.connection.pings_down += 1
            self._wire.send(line.connection, b"\r\n\r\n")
            self.schedule.later(self.nature.pings_every_s, lambda: self._ping(line))

    # What the phone asks.

    def _requested(self, line: Line, request: Request) -> None:
        line.call_ids.add(request.call_id)
        self._check_request(line, request)
        if request.method == "BYE":
            for proxy in self.peers:
                proxy.caller.said_goodbye(request.call_id)
        match request.method:
            case "ACK" if self._loses_ack(line, request):
                pass
            case "ACK":
                self.callee.acknowledged(line, request)
            case "CANCEL":
                self.callee.cancelled(line, request)
            case _ if self.random.random() < self.faults.unanswered:
                self._leave_unanswered(request)
            case _:
                slow_s = self.random.uniform(0, self.faults.slow_s)
                self.schedule.later(slow_s, lambda: self._serve(line, request))

    def _loses_ack(self, line: Line, ack: Request) -> bool:
        """Lose the ACK of a 2xx once, behind the proxy: the 2xx comes again (13.3.1.4)."""
        leg = self.legs.find(ack)
        if leg is None or leg.has_lost_ack or ack.via.branch in line.acks_due:
            return False
        if leg.acked or leg.is_confirmed:  # Nobody repeats the 2xx of a re-INVITE.
            return False
        leg.has_lost_ack = self.random.random() < self.faults.lost_behind
        self.seen["lost acks"] += leg.has_lost_ack
        return leg.has_lost_ack

    def _leave_unanswered(self, request: Request) -> None:
        """Lose the request, but a BYE has been heard: it is its answer that is lost."""
        self.seen["unanswered"] += 1
        leg = self.legs.find(request) if request.method == "BYE" else None
        if leg is not None:
            self.legs.forget(leg)

    def _check_request(self, line: Line, request: Request) -> None:
        via, local = request.via, line.connection.local
        assert len(request.vias) == 1, "more than one Via"
        # The CANCEL of an INVITE that went down with its link bears the Via of then (F5).
        of_the_past = request.method == "CANCEL" and (via.port or 0) < local.port
        assert via.host == local.host, "Via of another host"
        assert via.port == local.port or of_the_past, "Via of another connection"
        assert via.branch.startswith("z9hG4bK"), "no branch"
        assert request.from_.tag, "no From tag"
        assert request.max_forwards is not None, "no Max-Forwards"
        own_branch = request.method != "CANCEL" and via.branch not in line.acks_due
        assert not own_branch or via.branch not in line.branches or request.method == "ACK", (
            "a branch used twice"
        )
        assert request.method != "CANCEL" or of_the_past or via.branch in line.branches, (
            "CANCEL of no request"
        )
        line.branches.add(via.branch)
        self.registrar.arrived(request, line.connection, self.schedule.now)

    def _serve(self, line: Line, request: Request) -> None:
        if not line.is_open and request.method != "REGISTER":
            return  # A REGISTER that has arrived is served, whatever became of its connection.
        match request.method:
            case "REGISTER":
                self._register(line, request)
            case "OPTIONS":
                self.reply(line, final(request, self.random.choice([200, 404, 483]), "proxy"))
            case "INVITE":
                self._invited(line, request)
            case "BYE":
                self.callee.said_goodbye(line, request)
            case _:
                self.reply(line, final(request, 501, "proxy"))

    def _register(self, line: Line, request: Request) -> None:
        now = self.schedule.now
        response = self.registrar.answer(request, line.connection.attempt, now)
        if not line.is_open:
            self.registrar.forget_refusals()  # Nobody hears them.
        line.connection.has_accepted |= response.status < 300
        self.reply(line, response)
        if response.status < 300 and request.expires != 0:
            for proxy in self.peers:
                proxy.caller.reachable_again(line, response.to.uri)
            self.on_bound(line.connection, self._account_of(request))
        if response.status in FAILS and line.connection.stands:  # Else it is not on its way.
            self._note_failing(line.connection, response)

    def _note_failing(self, connection: Connection, response: Response) -> None:
        """Keep what was asked for, until it is seen whether the phone has read that (D8)."""
        user = response.to.uri.user or ""  # type: ignore[union-attr] # the phone writes SIP URIs
        cseq, held_s, at = response.cseq.number, response.retry_after or 0, self.schedule.now
        connection.failings.append(Failing(user, cseq, held_s, at, connection.sent_down))
        if held_s and not self.is_calm and self.random.random() < CUT_SHORT:
            ends_s = self.random.uniform(0.2, 1.0)
            self.schedule.later(ends_s, lambda: self._wire.end(connection))

    def _invited(self, line: Line, request: Request) -> None:
        account = self._account_of(request)
        if request.to.tag:
            self.keeper.reinvited(line, request, account)
            return
        if self.nature.challenges_calls and self._challenges(line, request, account):
            return
        if named := request.replaces:
            self.keeper.replaced(line, request, account, named)
            return
        self.callee.invited(line, request, account)

    def _challenges(self, line: Line, request: Request, account: str) -> bool:
        realm = OTHER_REALM if self.nature.call_realm_differs else REALM
        login = self.registrar.logins[account]
        challenge = self.registrar.challenge(request, login, self.schedule.now, 407, realm)
        if challenge is None:
            return False
        if request.method == "INVITE":
            self.expect_ack(line, request)
        self.reply(line, challenge)
        return True

    def challenges_in_dialog(self, line: Line, request: Request, account: str) -> bool:
        """Challenge a BYE, in some runs."""
        return self.nature.challenges_dialogs and self._challenges(line, request, account)

    def _account_of(self, request: Request) -> str:
        return request.from_.uri.user or ""  # type: ignore[union-attr] # the phone writes SIP URIs

    # What the far end sends.

    def reply(self, line: Line, response: Response) -> None:
        """Send an answer, if the connection still stands."""
        if line.is_open:
            if response.status >= 200:
                self.sent.answered(line.connection.attempt, response)
            self._wire.send(line.connection, bytes(response))

    def write(self, line: Line, request: Request) -> None:
        """Send a request that nobody waits for."""
        if line.is_open:
            line.asked.add(request.via.branch)
            if request.method == "INVITE":
                self.peers[0].invites[request.via.branch] = line
            self._wire.send(line.connection, bytes(request))

    def ask(self, line: Line, request: Request, heard: OnResponse) -> None:
        """Send a request; `heard` takes what is answered."""
        if not line.is_open:
            return
        key = (request.via.branch, request.method)
        line.waiting[key] = waiting = Waiting(request, self.schedule.now, heard)
        self.write(line, request)
        self.schedule.later(PATIENCE_S, lambda: self._insist_on_answer(line, key, waiting))
        if request.method != "INVITE":
            self.schedule.later(GIVE_UP_S, lambda: self._tire(line, key, waiting))

    def _insist_on_answer(self, line: Line, key: tuple[str, str], waiting: Waiting) -> None:
        """Every request gets an answer, an INVITE at least a provisional one."""
        if waiting.was_provisional or line.waiting.get(key) is not waiting:
            return
        owed = line.is_owed_since(waiting.since)
        assert not owed, f"the phone does not answer {waiting.request.method} {key[0]}"

    def expect_ack(self, line: Line, invite: Request) -> None:
        """A refusal goes out: the phone has to acknowledge it."""
        branch = invite.via.branch
        line.acks_due.add(branch)
        what = f"acknowledge the end of INVITE {branch}"
        self.insist(line, what, lambda: branch not in line.acks_due)

    def insist(self, line: Line, what: str, is_done: Callable[[], bool]) -> None:
        """Assert that something has come of what was sent just now, if nothing was in the way."""
        since = self.schedule.now

        def look() -> None:
            owed = not is_done() and line.is_owed_since(since)
            assert not owed, f"the phone does not {what}"

        self.schedule.later(PATIENCE_S, look)

    def _tire(self, line: Line, key: tuple[str, str], waiting: Waiting) -> None:
        if line.waiting.get(key) is waiting:
            del line.waiting[key]

    def _answered(self, line: Line, response: Response) -> None:
        key = (response.via.branch, response.cseq.method)
        line.call_ids.add(response.call_id)
        self._moves(line, key)
        assert response.via.branch in line.asked, "an answer to what was not asked here"
        assert line.finals.get(key, response.status) == response.status, "another final answer"
        if response.status >= 200 and not line.connection.is_garbled:
            line.finals[key] = response.status
        waiting = line.waiting.get(key)
        if waiting is None:
            return  # The far end has given up, or the answer is a repetition.
        request = waiting.request
        assert response.vias == request.vias, "the Vias of an answer"
        for name in ("From", "Call-ID", "CSeq"):
            assert response.headers.get(name) == request.headers.get(name), f"{name} of an answer"
        assert response.status == 100 or response.to.tag, f"a {response.status} without To tag"
        if response.status >= 200 and not (request.method == "INVITE" and response.status < 300):
            del line.waiting[key]
        waiting.was_provisional = True
        if response.status == 400 and line.connection.is_garbled:
            return  # What was asked did not arrive as it was sent.
        waiting.heard(response)

    def _moves(self, line: Line, key: tuple[str, str]) -> None:
        """Hear over another connection of the phone's to this proxy what one that is gone asked."""
        branch, method = key
        old = self.peers[0].invites.get(branch)
        if method != "INVITE" or old is None or old is line:
            return
        if old.connection.site is not self.site:
            return
        self.seen["moved answers"] += 1
        self.peers[0].invites[branch] = line
        line.asked.add(branch)
        if key in old.finals:
            line.finals[key] = old.finals[key]
        if waiting := old.waiting.pop(key, None):
            line.waiting[key] = waiting
        for proxy in self.peers:
            proxy.caller.moves(branch, line)

    # Life in a call.

    def live(self, leg: Leg) -> None:
        """Talk for a while: ask something in the dialog, hang up, or leave that to the phone."""
        if self.is_calm:
            return
        for _ in range(self.random.choice([0, 0, 1, 2])):
            self.schedule.later(self.random.uniform(0.1, 30), lambda: self._ask_within(leg))
        if self.random.random() < 0.5:
            self.schedule.later(self.random.uniform(0, 60), lambda: self.hang_up(leg))

    def _ask_within(self, leg: Leg) -> None:
        line = self.way_to(leg.account)
        if leg.is_over or line is None:
            return
        method, body = self.random.choice(
            [("OPTIONS", b""), ("UPDATE", b""), ("INFO", b""), ("INVITE", leg.session)]
        )
        request = leg.request(method, self.new_branch(), body)
        self.seen["asked"] += 1

        def heard(response: Response) -> None:
            if method == "INVITE" and response.status >= 200:
                cseq = request.cseq.number
                same = request.via.branch if response.status >= 300 else self.new_branch()
                ack = leg.request("ACK", same)
                self.write(line, _with_cseq(ack, cseq))

        self.ask(line, request, heard)

    def hang_up(self, leg: Leg, tries: int = 0) -> None:
        """Send a BYE over whatever connection reaches the phone; try for a while."""
        if leg.is_over:
            return
        line = self.way_to(leg.account)
        if line is not None:
            bye = leg.request("BYE", self.new_branch())
            self.legs.forget(leg)
            self.ask(line, bye, lambda _: None)
        elif tries < 20:
            self.schedule.later(3.0, lambda: self.hang_up(leg, tries + 1))
        else:
            self.legs.forget(leg)

    def way_to(self, account: str) -> Line | None:
        """The connection over which an account is reached, through any of the proxies."""
        ways = self.ways_to(account)
        return ways[-1][0] if ways else None

    def ways_to(self, account: str) -> list[tuple[Line, Binding]]:
        """All of them, the latest last."""
        known = {id(login): login for p in self.peers if (login := p.registrar.logins[account])}
        bindings = [
            binding
            for login in known.values()
            for binding in login.bindings
            if binding.expires_at > self.schedule.now
        ]
        lines = {n: line for p in self.peers for n, line in p.lines.items() if line.is_open}
        found = [(lines[b.connection], b) for b in bindings if b.connection in lines]
        return sorted(found, key=lambda way: way[1].connection)

    def disturb(self) -> None:
        """Somebody calls, or asks something, on an account that can be reached."""
        for account in self.random.sample(
            sorted(self.registrar.logins), len(self.registrar.logins)
        ):
            ways = self.ways_to(account)
            if not ways:
                continue
            line, target = ways[-1][0], ways[-1][1].contact
            if self.random.random() < self.faults.malformed:
                self.caller.ask_something(line, account, target)
            else:
                self.caller.call(line, account, target)
            return

    def new_branch(self) -> str:
        """A branch of the far end."""
        return f"z9hG4bKfar{self.legs.new_number()}"

    def new_tag(self) -> str:
        """A tag of the far end."""
        return f"t{self.legs.new_number()}"


def _with_cseq(ack: Request, number: int) -> Request:
    return Request("ACK", ack.uri, ack.headers.set("CSeq", f"{number} ACK"), ack.body)


def new_login(number: int, *, is_wrong: bool) -> Login:
    """An account that the registrar knows."""
    return Login(f"20{number}", f"{SECRET}-password{number}", is_wrong)
