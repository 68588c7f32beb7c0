"""The outage log (S3): when there was no service, why, and what it cost.

Theory of operation
-------------------
    STARTING --service--> SERVED --the link is lost, or moves home--> OUT --service--> SERVED
        |                                                              ^
        +--the first failure: "since the start"------------------------+

*Service* is a link that is up with every account that is owed registered again. Owed are those
that were registered when the link was lost; at the start, all. An account with trouble of its own
keeps nothing open: it was refused (F4), or it waits alone while another one is served (D8).

A phone that is plugged in is on before its network and its clock are there, which is no outage: it
was off. Where that is why nobody is reached, the entry is opened a minute after the start; then it
counts from the start.

One entry is open at a time. A link that is lost again before it served belongs to the outage that
goes on. A move home by choice is an entry of its own kind; one that fails becomes an outage.

Lengths are measured in monotonic seconds, so they are right whatever the clock does. What this run
has seen is dated anew whenever the clock is set; where it never was, the time stays unknown.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum
from typing import assert_never

from firmware.agent.agent import CALLS_MAX
from firmware.agent.events import (
    AccountStatus,
    CallAnswered,
    CallEnded,
    Delayed,
    Dialling,
    EndCause,
    FarChanged,
    IncomingCall,
    Inviting,
    RegistrationState,
    RemoteRinging,
    Repeating,
    Tie,
    TieChanged,
)
from firmware.link.events import Failure, FailureKind, LinkState, LinkStatus, Proxy, Role
from firmware.phone.events import CallFact, OutageEnded, OutageLog, OutagesKept, TimeIs
from firmware.phone.outage import (
    OUTAGES_MAX,
    PROXY_CHARACTERS_MAX,
    EndedBy,
    Outage,
    OutageKind,
    bounded,
    is_by_choice,
    kept_text,
    signs_off_first,
)

LOST = frozenset({EndCause.LINK_LOST, EndCause.FAILED})
"""Ends of a call that an outage is to blame for."""

NOT_YET = frozenset(
    {FailureKind.UNREACHABLE, FailureKind.TIMEOUT, FailureKind.RESOLVE, FailureKind.CLOCK}
)
"""What a phone meets that is on before its network and its clock are there.

A switch that still holds its port back lets nothing through and says nothing: TIMEOUT.
"""

STARTS_S = 60.0
"""So long after the start they may come: a switch may take 30 s for its port, DHCP some more."""

UP = frozenset({LinkState.UP, LinkState.UNPROVEN})

OutageEvent = LinkStatus | AccountStatus | CallFact | TimeIs | OutagesKept


class Stage(Enum):
    """Whether there is service."""

    STARTING = "starting"
    SERVED = "served"
    OUT = "out"


LEGAL = {
    Stage.STARTING: {Stage.SERVED, Stage.OUT},
    Stage.SERVED: {Stage.OUT},
    Stage.OUT: {Stage.SERVED},
}


class Standing(Enum):
    """What an account means for the end of an outage."""

    REGISTERED = "registered"
    OPEN = "open"  # Its registration is to come.
    WAITS = "waits"  # Not served, and told to try later.
    REFUSED = "refused"  # Or never to be registered at all.


@dataclass(slots=True)
class Record:
    """An entry, and when it began and ended in this run's monotonic seconds."""

    outage: Outage
    began_at: float | None = None
    ended_at: float | None = None


class Outages:
    """Watches link, accounts and calls; outputs are `OutageLog` and `OutageEnded`."""

    def __init__(self, accounts: int, now: float) -> None:
        self.stage = Stage.STARTING
        self._accounts = accounts
        self._started_at = now
        self._offset_s: float | None = None  # Wall clock minus monotonic.
        self._link: LinkStatus | None = None
        self._proxy: Proxy | None = None  # The one that serves, or served last.
        self._standings: dict[int, Standing] = {}
        self._left_at: dict[int, float] = {}  # When an account was registered no more.
        self._owed: frozenset[int] | None = None  # None: all of them.
        self._calls: set[int] = set()
        self._hit: set[int] = set()  # Those that the outage has met.
        self._again: dict[int, Record] = {}  # Those that go again for it, until they are answered.
        self._records: list[Record] = []  # The newest first.
        self._told: tuple[Outage, ...] | None = ()

    @property
    def entries(self) -> tuple[Outage, ...]:
        """The log, the newest first."""
        return tuple(record.outage for record in self._records)

    def deadline(self) -> float | None:
        return None

    def handle(self, event: OutageEvent, now: float) -> list[object]:
        record = self._open()
        self._take(event, now)
        record = self._open() or record
        if self.stage is not Stage.SERVED and self._has_service():
            self._serve(now)
        log = self.entries
        if log == self._told:
            return []
        self._told = log
        has_ended = record is not None and not record.outage.is_open
        return [OutageLog(log), *([OutageEnded(record.outage)] if record and has_ended else [])]

    def _take(self, event: OutageEvent, now: float) -> None:
        if isinstance(event, CallFact):
            self._call_told(event)
            return
        match event:
            case LinkStatus():
                self._link_told(event, now)
            case AccountStatus():
                self._account_told(event, now)
            case TimeIs(unix_s):
                self._offset_s = None if unix_s is None else unix_s - now
                self._date_all()
            case OutagesKept(outages):
                self._remember(outages)
            case _:
                assert_never(event)

    # What is heard.

    def _call_told(self, event: CallFact) -> None:
        match event:
            case Dialling(call) | IncomingCall(call):
                if len(self._calls) < CALLS_MAX:
                    self._calls.add(call)
            case CallEnded(call, cause):
                self._call_ended(call, cause)
            case Repeating(call) | TieChanged(call, Tie.REFRESHING):
                if call in self._hit:
                    self._again[call] = self._records[0]
            case CallAnswered(call) | TieChanged(call, Tie.ANCHORED):
                self._again.pop(call, None)
            case Delayed() | Inviting() | RemoteRinging() | FarChanged() | TieChanged():
                pass
            case _:
                assert_never(event)

    def _link_told(self, status: LinkStatus, now: float) -> None:
        before, self._link = self._link, status
        if self.stage is Stage.OUT:
            if before is not None and before.state in UP and not self._is_up:
                self._hit_calls()
                self._home_failed(before.proxy, status.reason)
            return
        if status.reason is None:
            return
        if self.stage is Stage.STARTING:
            is_early = status.reason.kind in NOT_YET and now < self._started_at + STARTS_S
            if not self._is_up and not is_early:
                self._begin(status.reason, None, now)
        elif not self._is_up or status.proxy != self._proxy:
            self._begin(status.reason, self._proxy, now)

    def _account_told(self, status: AccountStatus, now: float) -> None:
        number, was = status.account, self._standings.get(status.account)
        standing = _standing(status, is_first=was is None)
        self._standings[number] = standing
        if standing is Standing.REGISTERED:
            self._left_at.pop(number, None)
        elif was is Standing.REGISTERED:
            self._left_at[number] = now

    def _call_ended(self, call: int, cause: EndCause) -> None:
        """Count a call that is lost; one that goes again may be lost after the outage (F5)."""
        self._calls.discard(call)
        record = self._again.pop(call, self._open() if call in self._hit else None)
        self._hit.discard(call)
        if record is not None and cause in LOST:
            outage = record.outage
            record.outage = replace(outage, calls_lost=outage.calls_lost + 1)

    # Service and its end.

    @property
    def _is_up(self) -> bool:
        return self._link is not None and self._link.state in UP

    def _has_service(self) -> bool:
        """Tell whether the link is up and everybody who is owed it is registered."""
        if not self._is_up:
            return False
        owed = self._standings.keys() if self._owed is None else self._owed
        found = {self._standings[number] for number in owed}
        if self.stage is Stage.STARTING and Standing.REGISTERED in found:
            return True
        if self._owed is None and len(self._standings) < self._accounts:
            return False
        return Standing.OPEN not in found and (
            Standing.REGISTERED in found or Standing.WAITS not in found
        )

    def _serve(self, now: float) -> None:
        assert self._link is not None
        self._proxy = self._link.proxy
        record = self._open()
        self._enter(Stage.SERVED)
        if record is None:
            return
        back_on = self._proxy.role if self._proxy else None
        kind = record.outage.kind if back_on is Role.PRIMARY else OutageKind.OUTAGE
        record.ended_at = now
        record.outage = replace(record.outage, kind=kind, back_on=back_on, ended_by=EndedBy.SERVICE)
        self._date(record)

    def _begin(self, failure: Failure, lost: Proxy | None, now: float) -> None:
        """Open an entry; `lost` is None where nothing was served since the start."""
        self._owed = self._owed_now(now) if lost else None
        self._enter(Stage.OUT)
        home = is_by_choice(failure)
        outage = Outage(
            kind=OutageKind.HOME if home else OutageKind.OUTAGE,
            failure=bounded(failure),
            role=lost.role if lost else None,
            proxy=_name(lost),
            accounts=self._accounts if self._owed is None else len(self._owed),
        )
        # Whoever leaves in order signs off first: from then on there is no registration.
        left = [at for number, at in self._left_at.items() if number in (self._owed or ())]
        leaving = signs_off_first(failure)
        began_at = min(left, default=now) if leaving else now if lost else self._started_at
        record = Record(outage, began_at)
        self._records = [record, *self._records][:OUTAGES_MAX]
        self._date(record)
        self._hit_calls()

    def _owed_now(self, now: float) -> frozenset[int]:
        """Return who is registered, or was until just now: signed off to move, or not served."""

        def is_owed(number: int, standing: Standing) -> bool:
            left_at = self._left_at.get(number)
            just_now = standing is Standing.WAITS and left_at == now
            left = standing is Standing.OPEN and left_at is not None
            return standing is Standing.REGISTERED or left or just_now

        return frozenset(n for n, standing in self._standings.items() if is_owed(n, standing))

    def _home_failed(self, proxy: Proxy | None, failure: Failure | None) -> None:
        """A move home that is lost on the way was an outage."""
        record = self._open()
        assert record is not None
        if record.outage.kind is OutageKind.OUTAGE or failure is None or is_by_choice(failure):
            return
        record.outage = replace(
            record.outage,
            kind=OutageKind.OUTAGE,
            failure=bounded(failure),
            role=proxy.role if proxy else None,
            proxy=_name(proxy),
        )

    def _hit_calls(self) -> None:
        """Count the calls that the loss of the link meets, each once."""
        record = self._open()
        assert record is not None
        new = self._calls - self._hit
        self._hit |= new
        record.outage = replace(record.outage, calls=record.outage.calls + len(new))

    def _enter(self, stage: Stage) -> None:
        """The one door through which the stage changes."""
        assert stage in LEGAL[self.stage], f"{self.stage} -> {stage}"
        self.stage = stage
        self._hit = set()
        if stage is Stage.OUT:  # What was registered is so no more, until it is said anew.
            for number, standing in self._standings.items():
                if standing is Standing.REGISTERED:
                    self._standings[number] = Standing.OPEN
        else:
            self._left_at = {}

    # The log.

    def _open(self) -> Record | None:
        return self._records[0] if self.stage is Stage.OUT else None

    def _remember(self, outages: tuple[Outage, ...]) -> None:
        """Take in what was kept; this run's own entries are newer."""
        for outage in outages[: OUTAGES_MAX - len(self._records)]:
            record = Record(outage)
            if outage.is_open:
                record.outage = replace(outage, ended_by=EndedBy.RESTART)
                record.ended_at = self._started_at
            self._records.append(record)
        self._date_all()
        self._told = None  # Whoever keeps the log begins now: it hears of it whatever is in it.

    def _date_all(self) -> None:
        for record in self._records:
            self._date(record)

    def _date(self, record: Record) -> None:
        """Put times and length to what this run has seen."""
        outage, began_at, ended_at = record.outage, record.began_at, record.ended_at
        began, ended, length_s = outage.began, outage.ended, outage.duration_s
        if self._offset_s is not None:
            began = began if began_at is None else max(0.0, self._offset_s + began_at)
            ended = ended if ended_at is None else max(0.0, self._offset_s + ended_at)
        if ended_at is not None:
            if began_at is not None:
                length_s = ended_at - began_at
            elif began is not None and ended is not None:
                length_s = max(0.0, ended - began)
        record.outage = replace(outage, began=began, ended=ended, duration_s=length_s)


def _name(proxy: Proxy | None) -> str:
    return kept_text(str(proxy), PROXY_CHARACTERS_MAX) if proxy else ""


def _standing(status: AccountStatus, *, is_first: bool) -> Standing:
    match status.state:
        case RegistrationState.REGISTERED:
            return Standing.REGISTERED
        case RegistrationState.REFUSED:
            return Standing.REFUSED
        case RegistrationState.OFF:  # Signed off, unless it never was to be registered.
            return Standing.REFUSED if is_first else Standing.OPEN
        case RegistrationState.WAITING:
            return Standing.OPEN if status.retry_at is None else Standing.WAITS
        case RegistrationState.REGISTERING:
            return Standing.OPEN
        case _:
            assert_never(status.state)
