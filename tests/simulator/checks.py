"""Safety: what must hold after every single step of the phone.

Demanded is only what the phone can know. Each check names the rule that it stands for.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from firmware.agent.account import RegistrationSettings
from firmware.agent.events import (
    AccountStatus,
    CallAnswered,
    CallEnded,
    Dialling,
    EndCause,
    IncomingCall,
    RegistrationState,
    RemoteRinging,
    Repeating,
    TieChanged,
)
from firmware.link.events import FailureKind, LinkState, LinkStatus
from firmware.link.state import State
from firmware.media.plan import MediaPlan
from firmware.media.tone_table import ToneKind
from firmware.phone.events import Report, SetLamp, SetRinger, Show, StartVoice, StopVoice
from firmware.phone.state import State as PhoneState
from firmware.transaction.layer import SERVERS_MAX
from tests.simulator.faults import Ending
from tests.simulator.holds import held_until
from tests.simulator.moves import LEAVE_S, Moves
from tests.simulator.registrar import SECRET
from tests.simulator.retries import Phase, Retries
from tests.simulator.rings import Rings

if TYPE_CHECKING:
    from tests.simulator.simulator import Simulator

PONG_LIMIT_MAX_S = 10.0
PONG_LIMIT_MIN_S = 2.0
SHOWN_SLACK_S = 4.0
UNPROVEN_S = 60.0
STEP_S = 0.3
"""What a step may be late by: the jitter of the wire, the 200 ms of S2."""

DRIFT_S = 1.0
"""What two clocks may differ by over the longest registration."""

REGISTER_TIMEOUT_S = 33.0
"""Before the first REGISTER is answered there is no keep-alive: its timer F is the bound."""

REPEATED_S = 1.0
"""How long an account may be registered before its lost INVITE goes again (F5)."""

PATIENCE_S = 299.0
"""For so long a call without a link is not given up (F5)."""

MOVING = {"moving to the primary", "the settings were changed"}
SECOND_S = 5.0
BOUND_S = 20.0
"""A sign-off that comes late, the REGISTER that follows it, and a slow registrar."""

RENEWAL_S = RegistrationSettings().renewal_s
"""A binding lasts no longer than this beyond the moment of its renewal."""

OPEN_MAX = SERVERS_MAX + 60
CALLS_MAX = 8

PHASES = {
    State.OFF: Phase.WAITING,
    State.WAITING: Phase.WAITING,
    State.CONNECTING: Phase.CONNECTING,
    State.UP: Phase.UP,
}


@dataclass
class Checks:
    """What was seen of the phone, and whether it may be so."""

    retries: Retries
    moves: Moves
    now: float = 0.0
    status: LinkStatus | None = None
    accounts: dict[int, AccountStatus] = field(default_factory=dict)
    open_calls: set[int] = field(default_factory=set)
    standing: set[int] = field(default_factory=set)
    given_up_at: float = -1.0  # When a call that stood ended by itself.
    rings: Rings = field(default_factory=Rings)
    sounding: dict[int, MediaPlan] = field(default_factory=dict)
    is_ringing: bool = False
    tone: ToneKind | None = None
    placed: dict[int, tuple[int, float]] = field(default_factory=dict)  # Account, and when.
    repeating: dict[int, float] = field(default_factory=dict)  # Calls whose link died, and when.
    registered_since: dict[int, float] = field(default_factory=dict)  # Over this link.
    starts_seen: int = 0
    moving_since: dict[int, float] = field(default_factory=dict)  # Accounts that signed off.
    last_attempt: int | None = None
    was_registered: int = 0
    served_attempt: int | None = None  # The attempt on which a REGISTER was answered with 2xx.
    served_since: float = 0.0
    seen: dict[str, int] = field(
        default_factory=lambda: dict.fromkeys(
            ["dialled", "answered", "ended", "registered", "repeating", "repeated", "tied"], 0
        )
    )

    # What the phone says.

    def hear(self, said: Show | SetRinger | SetLamp | Report) -> None:
        """Look at an output for people."""
        assert SECRET not in repr(said), "a secret where people can read it (T4)"
        self.rings.hear(said.fact if isinstance(said, Report) else said, self.now)
        match said:
            case SetRinger(ringing):
                assert ringing is not self.is_ringing, "the ringer was told twice"
                self.is_ringing = ringing
            case Report(LinkStatus() as status):
                self.status = status
                down = status.state not in {LinkState.UP, LinkState.UNPROVEN}
                # A machine that slept hears of both at once: the one need not be for the other.
                together = self.given_up_at == self.now != self.retries.woke_at
                assert not (down and together), "a call ends with its link (F6)"
            case Report(AccountStatus() as account):
                self.accounts[account.account] = account
                # A machine that slept may hear of the link's end in the same breath.
                registered = account.state is RegistrationState.REGISTERED
                self.retries.may_have_served |= registered
                due = account.renew_at if registered else None
                over = due is not None and due + RENEWAL_S < self.now - DRIFT_S
                assert not over, "a binding of long ago is claimed"
            case Report(Dialling(call, account)):
                self._begins(call)
                self.placed[call] = account, self.now
            case Report(IncomingCall(call)):
                self._begins(call)
            case Report(Repeating(call)):
                assert call in self.placed, f"call {call} is repeated and was not placed"
                self.repeating[call] = self.now
                self.seen["repeating"] += 1
            case Report(RemoteRinging(call)):
                assert call in self.open_calls, f"call {call} rings and is not there"
            case Report(CallAnswered(call)):
                assert call in self.open_calls, f"call {call} is answered and is not there"
                assert call not in self.repeating, f"call {call} is answered without an INVITE"
                self.standing.add(call)
                self.seen["answered"] += 1
            case Report(TieChanged(call)) if call not in self.rings.open:
                assert call in self.standing, f"call {call} is tied and does not stand"
                self.seen["tied"] += 1
            case Report(CallEnded(call, cause)):
                assert call in self.open_calls or call == 0, f"call {call} ends twice"
                self._ends_in_time(call, cause)
                if call in self.standing and cause in {EndCause.LINK_LOST, EndCause.FAILED}:
                    self.given_up_at = self.now
                self.standing.discard(call)
                self.open_calls.discard(call)
                self.seen["ended"] += 1
            case _:
                pass

    def hear_sound(self, said: StartVoice | StopVoice) -> None:
        """Look at an output for whoever makes sound."""
        match said:
            case StartVoice(call, plan):
                assert call in self.open_calls, f"call {call} sounds and is not there"
                assert plan.is_encrypted, f"call {call} sounds in clear"
                before = self.sounding.get(call)
                assert plan != before, f"call {call} is told the same sound twice"
                before = before or plan
                same = plan.key_out == before.key_out or plan.key_in != before.key_in
                assert same, f"our key of call {call} changes and theirs does not"
                self.sounding[call] = plan
            case StopVoice(call):
                assert call in self.sounding, f"call {call} falls silent twice"
                del self.sounding[call]

    def _begins(self, call: int) -> None:
        assert call not in self.open_calls, f"call {call} begins twice"
        self.open_calls.add(call)
        self.seen["dialled"] += 1

    def _ends_in_time(self, call: int, cause: EndCause) -> None:
        """F5: a call that was placed waits for the next link as long as its caller does."""
        placed, since = self.placed.pop(call, (0, self.now))
        self.repeating.pop(call, None)
        lost = cause is EndCause.LINK_LOST and placed
        assert not lost or self.now - since >= PATIENCE_S, f"call {call} ends with its link (F5)"

    def refused(self, said: object) -> str:
        """Return the user whose account turns out to be refused, or nothing."""
        match said:
            case Report(AccountStatus(state=RegistrationState.REFUSED) as status):
                known = self.accounts.get(status.account)
                is_new = known is None or known.state is not RegistrationState.REFUSED
                return status.address.split("@")[0] if is_new else ""
            case _:
                return ""

    # After a step.

    def before_step(self, simulator: Simulator) -> None:
        """What was shown until now must have been true until now (S2)."""
        self.now = simulator.schedule.now
        self._status_is_true(simulator)
        self.moves.before_step(simulator)

    def after_step(self, simulator: Simulator) -> None:
        """Look at the whole phone."""
        stack, now = simulator.stack, simulator.schedule.now
        up = stack.link.attempt is not None
        waiting = stack.transactions.waiting_requests
        assert up or not waiting, f"requests wait on a link that is down: {waiting}"
        assert stack.transactions.open_transactions <= OPEN_MAX, "transactions without end"
        assert len(stack.agent.calls) <= CALLS_MAX, "calls without end"
        assert set(stack.agent.calls) == self.open_calls, "calls that people do not know of"
        assert not self.is_ringing or self.rings.open, "rings without a call"
        idle = simulator.stack.phone.state is PhoneState.IDLE
        assert not (idle and self.tone), f"{self.tone} in an idle phone"
        assert self.sounding.keys() <= self.open_calls, "sound goes on after the call"
        registered = bool(stack.agent.registered_accounts)
        assert up or not registered, "registered without a link"
        if registered and stack.link.attempt != self.served_attempt:
            self.served_attempt, self.served_since = stack.link.attempt, now
            self.seen["registered"] += 1
            simulator.served()
        phase = PHASES[stack.link.state]
        self._note_end(simulator)
        self._note_starts(simulator, phase, registered=registered)
        self.moves.after_step(simulator)
        self._dead_link_is_noticed(simulator)
        self._keeps_alive(simulator)
        self._asks_again(simulator)
        self._status_is_told(simulator)
        self._calls_go_again(simulator)
        self._cancels_what_it_owes(simulator)
        self.rings.look(simulator.woke_at, now)
        self.rings.look_at(stack.phone)
        self._claims_no_more(simulator)
        self._is_bound(simulator)
        self._moves_on(simulator)
        self.was_registered = len(stack.agent.registered_accounts)

    def _note_starts(self, simulator: Simulator, phase: Phase, *, registered: bool) -> None:
        """Tell races from probes, and look at both."""
        wire, now = simulator.wire, simulator.schedule.now
        new = wire.starts[len(wire.starts) - (wire.begun - self.starts_seen) :]
        new = new if wire.begun > self.starts_seen else []
        self.starts_seen = wire.begun
        is_probe = phase is self.retries.phase is Phase.UP
        for start in new if is_probe else ():
            self.retries.asks(start)
            self.retries.may_be_fit(start.site.role)
        attempt, races = simulator.stack.link.attempt, [] if is_probe else new
        self.retries.step(phase, races, attempt, registered=registered, now=now)
        if attempt is None:
            return
        connection = wire.connections[attempt]
        if connection.has_accepted and simulator.woke_at >= connection.opened_at:
            self.retries.may_have_served_at = self.retries.may_have_served_at or now
        if registered:
            self.retries.serves(connection.site.role)

    def _note_end(self, simulator: Simulator) -> None:
        """D8: what the end of a link says of its proxy, and for how long that is left alone."""
        old, attempt = self.last_attempt, simulator.stack.link.attempt
        self.last_attempt = attempt
        if old is None or old == attempt:
            return
        if attempt is not None:
            return  # Home, in one step (F3).
        now, connection = simulator.schedule.now, simulator.wire.connections[old]
        role, reason = connection.site.role, self.status.reason if self.status else None
        by_choice = reason is not None and reason.kind is FailureKind.SETTINGS
        if by_choice:
            self.retries.left_by_choice_at = now
        if connection.proxy != connection.site.proxy:
            return  # Of what was known of the old name, the phone knows nothing of the new one.
        if not by_choice:
            self.retries.link_ended(role, now)
        is_unfit = reason is not None and reason.kind is FailureKind.UNFIT
        holds = [failing.retry_after_s for failing in connection.failings]
        if any(holds):
            until = held_until(connection, simulator.sent)
            self.retries.holds(role, until, now + max(holds))
            simulator.held(max(holds))
        if by_choice or (not is_unfit and old == self.served_attempt):
            return
        if connection.has_accepted and simulator.woke_at >= connection.opened_at:
            # A machine that slept may have read that 2xx, too late to be bound by it.
            self.retries.may_have_served = True
            if not is_unfit:
                self.retries.may_be_fit(role)
        certain = (is_unfit or not connection.has_accepted) and simulator.woke_at < now
        self.retries.disappoints(role, now, certain=certain, anew=is_unfit)
        # Silence is heard later; else every account that was registered must have been failed.
        silent = reason is not None and "answer" in reason.text
        others = not silent and self.was_registered > len(holds) > 0
        assert not is_unfit or not others, "a proxy is left for one account's trouble (D8)"

    def _calls_go_again(self, simulator: Simulator) -> None:
        """F5: a call that waits for its account goes again as soon as that is registered."""
        now, agent = simulator.schedule.now, simulator.stack.agent
        registered = set(agent.registered_accounts)
        for number in set(self.registered_since) - registered:
            del self.registered_since[number]
        for number in registered:
            self.registered_since.setdefault(number, now)
        for call, since in list(self.repeating.items()):
            account, _ = self.placed[call]
            if simulator.sent.invited_since(simulator.users[account - 1], since):
                del self.repeating[call]
                self.seen["repeated"] += 1
            elif account in registered:
                waited_s = now - max(self.registered_since[account], simulator.woke_at)
                assert waited_s <= REPEATED_S, f"call {call} does not go again (F5)"

    def _cancels_what_it_owes(self, simulator: Simulator) -> None:
        """F5: an INVITE that went down with its link rings no longer than until the next one."""
        attempt, now = simulator.stack.link.attempt, simulator.schedule.now
        for number, since in self.registered_since.items() if attempt else ():
            user = simulator.users[number - 1]
            site = simulator.wire.connections[attempt or 0].site
            late = now - max(since, simulator.woke_at) > REPEATED_S
            assert not late or not simulator.sent.owed_at(site, now, user), (
                f"{user} is registered, and an INVITE of then is not cancelled (F5)"
            )

    def _dead_link_is_noticed(self, simulator: Simulator) -> None:
        """D2: a dead or mute proxy is noticed within a bound."""
        attempt, now = simulator.stack.link.attempt, simulator.schedule.now
        connection = simulator.wire.connections[attempt] if attempt else None
        if connection is None or connection.path is None:
            return
        since = max(connection.path_since, simulator.woke_at)
        gone_s, period_s = now - since, simulator.period_s(connection, since)
        if not period_s:
            return
        limit_s = period_s + STEP_S
        if attempt != self.served_attempt:
            limit_s += REGISTER_TIMEOUT_S
        if connection.path is Ending.DEAD:
            limit_s += simulator.pong_limit_s(connection)
        else:
            # D3: where no ping was ever answered, OPTIONS gets its own time.
            ponged_at = connection.ponged_at
            learnt = ponged_at and ponged_at + PONG_LIMIT_MIN_S < connection.path_since
            limit_s += PONG_LIMIT_MAX_S * (1 if learnt else 2)
        assert gone_s <= limit_s, f"{connection.path.value} for {gone_s:.1f} s, not noticed (D2)"

    def _keeps_alive(self, simulator: Simulator) -> None:
        """L6: once it is registered, the phone never says nothing for longer than the period."""
        attempt = simulator.stack.link.attempt
        if attempt is None or attempt != self.served_attempt or not simulator.keep_alive_s:
            return
        connection, changed_at = simulator.wire.connections[attempt], simulator.changes.period_since
        since = max(connection.written_at, simulator.woke_at, self.served_since, changed_at)
        silent_s = simulator.schedule.now - since
        limit_s = simulator.period_s(connection, since) + STEP_S
        assert silent_s <= limit_s, f"silent for {silent_s:.1f} s (L6)"

    def _asks_again(self, simulator: Simulator) -> None:
        """D3: a ping that nothing followed is followed by OPTIONS."""
        attempt, now = simulator.stack.link.attempt, simulator.schedule.now
        connection = simulator.wire.connections[attempt] if attempt else None
        if connection is None or connection.pinged_at is None:
            return
        answered = (connection.proof_at or 0.0) >= connection.pinged_at
        silent_s = now - max(connection.pinged_at, simulator.woke_at)
        if not answered and silent_s > SECOND_S + STEP_S:
            assert connection.is_followed, "a silent ping, and no OPTIONS (D3)"

    def _claims_no_more(self, simulator: Simulator) -> None:
        """S1: nobody is shown as registered whose binding has run out at the registrar."""
        attempt, now = simulator.stack.link.attempt, simulator.schedule.now
        if attempt is None or simulator.woke_at >= now - STEP_S:
            return
        at = simulator.sites.index(simulator.wire.connections[attempt].site)
        for number in simulator.stack.agent.registered_accounts:
            login = simulator.plan.logins[at][number - 1]
            own = [b for b in login.bindings if b.connection == attempt]
            assert all(b.expires_at > now - DRIFT_S for b in own), (
                f"{login.user} is shown as registered, and its binding has run out"
            )

    def _is_bound(self, simulator: Simulator) -> None:
        """Who is registered is bound to this link, and to no other that was left behind.

        Where locations are shared, a binding that was undone from elsewhere is made anew (F3);
        leftovers that the registrar shows are asked away (lesson 26).
        """
        attempt, now = simulator.stack.link.attempt, simulator.schedule.now
        if attempt is None or not self._is_quiet(simulator, now):
            return
        site = simulator.wire.connections[attempt].site
        wise = simulator.sites if simulator.plan.is_shared else [site]
        opened_at = simulator.wire.connections[attempt].opened_at
        calm = simulator.calm_since is not None and opened_at > simulator.calm_since
        quiet = calm and all(one.serves for one in simulator.sites)
        if not quiet and any(simulator.loses_answers(one) for one in wise):
            return
        logins = simulator.plan.logins[simulator.sites.index(site)]
        for number, since in self.registered_since.items():
            login = logins[number - 1]
            written = simulator.sent.registers.get((attempt, login.user))
            if written is None or not written.expires or now - since < BOUND_S:
                continue  # It signs off, or was registered just now.
            live = [b.connection for b in login.bindings if b.expires_at > now]
            assert attempt in live, f"{login.user} is registered and not bound (F3)"
            if login.stale_at is not None and now - login.stale_at < BOUND_S:
                continue  # A slow registrar's nonces are over too soon: the phone still asks.
            recent = [connection for connection in live if connection > attempt - 8]
            assert len(recent) == 1, f"{len(recent)} bindings of one phone"

    def _moves_on(self, simulator: Simulator) -> None:
        """F3: who signed off for the way home is soon there, or signs on here again."""
        attempt, now = simulator.stack.link.attempt, simulator.schedule.now
        moving = {n for n, account in self.accounts.items() if account.reason in MOVING}
        for number in set(self.moving_since) - moving:
            del self.moving_since[number]
        for number in moving if attempt else ():
            since = max(self.moving_since.setdefault(number, now), simulator.woke_at)
            assert now - since <= LEAVE_S + STEP_S, f"account {number} has signed off for nothing"

    def _is_quiet(self, simulator: Simulator, now: float) -> bool:
        """Tell whether the link has had no trouble for a while."""
        connection = simulator.wire.connections[simulator.stack.link.attempt or 0]
        quiet_since = max(connection.excused_at, simulator.woke_at)
        return connection.path is None and connection.stands and now - quiet_since > BOUND_S

    def _status_is_true(self, simulator: Simulator) -> None:
        """S2: shown as up only with a proof of life that is fresh enough."""
        if self.status is None or self.status.state is not LinkState.UP:
            return
        attempt = simulator.stack.link.attempt
        assert attempt is not None, "shown as up without a link"
        connection = simulator.wire.connections[attempt]
        assert connection.proof_at is not None
        age_s = simulator.schedule.now - max(connection.proof_at, simulator.woke_at)
        limit_s = simulator.keep_alive_s + simulator.pong_limit_s(connection) + SHOWN_SLACK_S
        if not simulator.keep_alive_s:
            limit_s = UNPROVEN_S
        assert age_s <= limit_s + STEP_S, f"shown as up, last proof of life {age_s:.1f} s ago (S2)"

    def _status_is_told(self, simulator: Simulator) -> None:
        """S1, S2: what people see is what is so, after every step."""
        assert self.status is not None, "no status"
        up = simulator.stack.link.attempt is not None
        shown = self.status.state in {LinkState.UP, LinkState.UNPROVEN}
        assert shown == up, f"the link is shown as {self.status.state}"
        attempt = simulator.stack.link.attempt
        if attempt is not None:
            real = simulator.wire.connections[attempt].proxy
            assert self.status.proxy == real, f"{self.status.proxy} is shown, not {real} (S1)"
        told = {n for n, account in self.accounts.items() if account.state.value == "registered"}
        assert told == set(simulator.stack.agent.registered_accounts), "accounts shown wrongly"
