"""Safety: what must hold after every single step of the phone.

Demanded is only what the phone can know. Each check names the rule that it stands for.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from firmware.agent.events import (
    AccountStatus,
    CallAnswered,
    CallEnded,
    Dialling,
    IncomingCall,
    MediaChanged,
    MediaEnded,
    RegistrationState,
    RemoteRinging,
)
from firmware.link.events import FailureKind, LinkState, LinkStatus
from firmware.link.link import State
from firmware.media.plan import MediaPlan
from firmware.phone.events import Report, SetLamp, SetRinger, Show
from firmware.transaction.layer import SERVERS_MAX
from tests.simulator.faults import Ending
from tests.simulator.registrar import SECRET
from tests.simulator.retries import Phase, Retries

if TYPE_CHECKING:
    from tests.simulator.simulator import Simulator

PONG_LIMIT_MAX_S = 10.0
PONG_LIMIT_MIN_S = 2.0
SHOWN_SLACK_S = 4.0
UNPROVEN_S = 60.0
STEP_S = 0.3
"""What a step may be late by: the jitter of the wire, the 200 ms of S2."""

REGISTER_TIMEOUT_S = 33.0
"""Before the first REGISTER is answered there is no keep-alive: its timer F is the bound."""

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

    status: LinkStatus | None = None
    accounts: dict[int, AccountStatus] = field(default_factory=dict)
    open_calls: set[int] = field(default_factory=set)
    offered: set[int] = field(default_factory=set)  # Calls that ring here.
    sounding: dict[int, MediaPlan] = field(default_factory=dict)
    is_ringing: bool = False
    retries: Retries = field(default_factory=Retries)
    served_attempt: int | None = None  # The attempt on which a REGISTER was answered with 2xx.
    served_since: float = 0.0
    seen: dict[str, int] = field(
        default_factory=lambda: {"dialled": 0, "answered": 0, "ended": 0, "registered": 0}
    )

    # What the phone says.

    def hear(self, said: Show | SetRinger | SetLamp | Report) -> None:
        """Look at an output for people."""
        assert SECRET not in repr(said), "a secret where people can read it (T4)"
        match said:
            case SetRinger(ringing):
                assert ringing is not self.is_ringing, "the ringer was told twice"
                self.is_ringing = ringing
            case Report(LinkStatus() as status):
                self.status = status
            case Report(AccountStatus() as account):
                self.accounts[account.account] = account
            case Report(Dialling(call) | IncomingCall(call)):
                assert call not in self.open_calls, f"call {call} begins twice"
                self.open_calls.add(call)
                self.seen["dialled"] += 1
                if isinstance(said.fact, IncomingCall):
                    self.offered.add(call)
            case Report(RemoteRinging(call)):
                assert call in self.open_calls, f"call {call} rings and is not there"
            case Report(CallAnswered(call)):
                assert call in self.open_calls, f"call {call} is answered and is not there"
                self.offered.discard(call)
                self.seen["answered"] += 1
            case Report(CallEnded(call)):
                assert call in self.open_calls or call == 0, f"call {call} ends twice"
                self.open_calls.discard(call)
                self.offered.discard(call)
                self.seen["ended"] += 1
            case _:
                pass

    def hear_sound(self, said: MediaChanged | MediaEnded) -> None:
        """Look at an output for whoever makes sound."""
        match said:
            case MediaChanged(call, plan):
                assert call in self.open_calls, f"call {call} sounds and is not there"
                assert plan.is_encrypted, f"call {call} sounds in clear"
                before = self.sounding.get(call)
                assert plan != before, f"call {call} is told the same sound twice"
                before = before or plan
                same = plan.key_out == before.key_out or plan.key_in != before.key_in
                assert same, f"our key of call {call} changes and theirs does not"
                self.sounding[call] = plan
            case MediaEnded(call):
                assert call in self.sounding, f"call {call} falls silent twice"
                del self.sounding[call]

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
        self._status_is_true(simulator)

    def after_step(self, simulator: Simulator) -> None:
        """Look at the whole phone."""
        stack, now = simulator.stack, simulator.schedule.now
        up = stack.link.attempt is not None
        waiting = stack.transactions.waiting_requests
        assert up or not waiting, f"requests wait on a link that is down: {waiting}"
        assert stack.transactions.open_transactions <= OPEN_MAX, "transactions without end"
        assert len(stack.agent.calls) <= CALLS_MAX, "calls without end"
        assert set(stack.agent.calls) == self.open_calls, "calls that people do not know of"
        assert not self.is_ringing or self.offered, "rings without a call"
        assert self.sounding.keys() <= self.open_calls, "sound goes on after the call"
        registered = bool(stack.agent.registered_accounts)
        assert up or not registered, "registered without a link"
        if registered and stack.link.attempt != self.served_attempt:
            self.served_attempt, self.served_since = stack.link.attempt, now
            self.seen["registered"] += 1
        phase = PHASES[stack.link.state]
        self._note_hold(simulator, phase)
        self.retries.step(phase, len(simulator.wire.rounds), registered=registered, now=now)
        self._dead_link_is_noticed(simulator)
        self._keeps_alive(simulator)
        self._status_is_told(simulator)

    def _note_hold(self, simulator: Simulator, phase: Phase) -> None:
        """D8: a proxy that said Retry-After is left alone for so long."""
        if phase is not Phase.WAITING or self.retries.phase is not Phase.UP:
            return
        now = simulator.schedule.now
        reason = self.status.reason if self.status else None
        if reason is None or reason.kind is not FailureKind.UNFIT:
            return
        holds = simulator.registrar.holds
        if simulator.woke_at < now:  # Else it may have lost patience before it read the answers.
            self.retries.held_until = now + min(holds, default=0)
        self.retries.may_be_held_until = max(
            self.retries.may_be_held_until, now + max(holds, default=0)
        )

    def _dead_link_is_noticed(self, simulator: Simulator) -> None:
        """D2: a dead or mute proxy is noticed within a bound."""
        attempt, now = simulator.stack.link.attempt, simulator.schedule.now
        if attempt is None or not simulator.keep_alive_s:
            return
        connection = simulator.wire.connections[attempt]
        if connection.path is None:
            return
        gone_s = now - max(connection.path_since, simulator.woke_at)
        limit_s = simulator.period_s + STEP_S
        if attempt != self.served_attempt:
            limit_s += REGISTER_TIMEOUT_S
        if connection.path is Ending.DEAD:
            limit_s += simulator.pong_limit_s
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
        written_at = simulator.wire.connections[attempt].written_at
        silent_s = simulator.schedule.now - max(written_at, simulator.woke_at, self.served_since)
        assert silent_s <= simulator.period_s + STEP_S, f"silent for {silent_s:.1f} s (L6)"

    def _status_is_true(self, simulator: Simulator) -> None:
        """S2: shown as up only with a proof of life that is fresh enough."""
        if self.status is None or self.status.state is not LinkState.UP:
            return
        attempt = simulator.stack.link.attempt
        assert attempt is not None, "shown as up without a link"
        connection = simulator.wire.connections[attempt]
        assert connection.proof_at is not None
        age_s = simulator.schedule.now - max(connection.proof_at, simulator.woke_at)
        limit_s = simulator.keep_alive_s + simulator.pong_limit_s + SHOWN_SLACK_S
        if not simulator.keep_alive_s:
            limit_s = UNPROVEN_S
        assert age_s <= limit_s + STEP_S, f"shown as up, last proof of life {age_s:.1f} s ago (S2)"

    def _status_is_told(self, simulator: Simulator) -> None:
        """S1, S2: what people see is what is so, after every step."""
        assert self.status is not None, "no status"
        up = simulator.stack.link.attempt is not None
        shown = self.status.state in {LinkState.UP, LinkState.UNPROVEN}
        assert shown == up, f"the link is shown as {self.status.state}"
        told = {n for n, account in self.accounts.items() if account.state.value == "registered"}
        assert told == set(simulator.stack.agent.registered_accounts), "accounts shown wrongly"
