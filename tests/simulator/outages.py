"""S3 in the simulator: the outage log says what was seen of the link and of the accounts.

It is judged from what the phone reports, not from what its log machine knows: no link means an
open entry, everybody registered or refused means none, an outage is over when whoever was
registered has the registrar's verdict, and each change of the proxy that serves is an entry with
its cause.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from firmware.agent.events import (
    AccountStatus,
    CallEnded,
    Dialling,
    IncomingCall,
    RegistrationState,
)
from firmware.link.events import FailureKind, LinkState, LinkStatus, Role
from firmware.phone.events import OutageEnded, OutageLog, Report
from firmware.phone.outage import OUTAGES_MAX, EndedBy, Outage, OutageKind
from firmware.phone.outages import NOT_YET

SIGN_OFF_S = 10.0
"""A move home that failed counts from the first account that signed off for it (F3)."""


@dataclass
class LogCheck:
    """The newest word of everything, and who served last."""

    status: LinkStatus | None = None
    accounts: dict[int, AccountStatus] = field(default_factory=dict)
    log: tuple[Outage, ...] = ()
    role: Role | None = None
    ended: list[Outage] = field(default_factory=list)  # Since everybody was registered last.
    calls: set[int] = field(default_factory=set)
    lost_at: float = 0.0  # When the link was lost,
    hit: list[AccountStatus] = field(default_factory=list)  # who was registered then,
    calls_hit: int = 0  # and how many calls there were.
    seen: dict[str, int] = field(default_factory=lambda: {"outage": 0, "calls": 0, "lost calls": 0})

    def hear(self, said: object, now: float) -> None:
        """Take in an output of the phone."""
        match said:
            case Report(LinkStatus() as status):
                has_moved = self._is_up and self.status and self.status.proxy != status.proxy
                self.status = status
                if not self._is_open and (has_moved or not self._is_up):
                    self._lost(now)
            case Report(AccountStatus() as account):
                self.accounts[account.account] = account
            case Report(Dialling(call) | IncomingCall(call)):
                self.calls.add(call)
            case Report(CallEnded(call)):
                self.calls.discard(call)
            case OutageLog(outages):
                self.log = outages
            case OutageEnded(outage):
                self._ended(outage, now)
            case _:
                pass

    def after_step(self) -> None:
        """Compare the log with what was reported."""
        assert len(self.log) <= OUTAGES_MAX
        assert not any(outage.is_open for outage in self.log[1:])
        status = self.status
        if status is None:
            return
        if not self._is_up:
            reason = status.reason
            if reason and reason.kind in NOT_YET and self.role is None and not self.log:
                return  # It starts, and has a minute for its network to come.
            missing = reason is not None
            assert self._is_open == missing, f"no link, {status.reason}, but {self.log[:1]}"
        elif self.accounts and all(map(has_verdict, self.accounts.values())):
            assert not self._is_open, f"everybody has a verdict, and it goes on: {self.log[0]}"
            assert status.proxy is not None
            self._served_by(status.proxy.role)

    @property
    def _is_up(self) -> bool:
        return self.status is not None and self.status.state in {LinkState.UP, LinkState.UNPROVEN}

    @property
    def _is_open(self) -> bool:
        return bool(self.log) and self.log[0].is_open

    def _served_by(self, role: Role) -> None:
        if self.role not in {None, role}:
            assert any(outage.back_on is role for outage in self.ended), "a move without an entry"
        self.role, self.ended = role, []

    def _lost(self, now: float) -> None:
        self.lost_at, self.calls_hit = now, len(self.calls)
        self.hit = [account for account in self.accounts.values() if is_served(account)]

    def _ended(self, outage: Outage, now: float) -> None:
        assert outage == self.log[0]
        assert outage.ended_by is EndedBy.SERVICE
        assert outage.failure.text
        assert outage.duration_s is not None
        lasted_s = now - self.lost_at
        assert lasted_s <= outage.duration_s + 1e-6
        # Who was not served before counts from then.
        if outage.role is not None and len(self.hit) == len(self.accounts):
            assert 0 <= outage.duration_s <= lasted_s + SIGN_OFF_S
        assert self.status is not None
        assert self.status.proxy is not None
        assert outage.back_on is self.status.proxy.role
        assert outage.calls_lost <= outage.calls
        assert outage.calls >= self.calls_hit
        assert len(self.hit) <= outage.accounts <= len(self.accounts)
        for hit in self.hit:
            account = self.accounts[hit.account]
            assert has_verdict(account) or account.retry_at, f"over before {account}"
        by_choice = outage.failure.kind is FailureKind.HOME
        if outage.kind is OutageKind.HOME:
            assert by_choice
            assert outage.back_on is Role.PRIMARY
        self.ended.append(outage)
        kind = outage.kind.value
        self.seen[kind] = self.seen.get(kind, 0) + 1
        self.seen["calls"] += outage.calls
        self.seen["lost calls"] += outage.calls_lost


def is_served(account: AccountStatus) -> bool:
    """Tell whether an account is registered."""
    return account.state is RegistrationState.REGISTERED


def has_verdict(account: AccountStatus) -> bool:
    """Tell whether the registrar has said yes or no."""
    return account.state in {RegistrationState.REGISTERED, RegistrationState.REFUSED}
