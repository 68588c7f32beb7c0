"""The newest fact of each kind, for whoever watches the phone: script, console, page.

A watcher is told facts one by one (`Report`) and asked how things are at any moment: this is what
it remembers in between. It lives as long as the phone, so that nobody who comes late knows less.
"""

from __future__ import annotations

from dataclasses import replace
from enum import Enum
from typing import Any, assert_never

from firmware.agent.events import (
    AccountStatus,
    CallAnswered,
    CallEnded,
    Delayed,
    Dialling,
    FarChanged,
    IncomingCall,
    Inviting,
    Party,
    RemoteRinging,
    Repeating,
    Tie,
    TieChanged,
)
from firmware.frozen import frozen
from firmware.link.events import LinkStatus
from firmware.media.events import QualityMeasured, SoundReport
from firmware.media.plan import MediaPlan
from firmware.phone.events import (
    CallFact,
    OutageLog,
    ProblemsAre,
    Report,
    Reportable,
    SoundHealth,
    StartVoice,
    WarningsChanged,
)
from firmware.phone.kept import Contact, DirectoryLog
from firmware.phone.outage import Outage
from firmware.phone.tally import Tally


class CallState(Enum):
    """Where a call stands, in the words of programs."""

    DIALLING = "dialling"
    DELAYED = "delayed"  # It waits for the link.
    RINGING = "ringing"  # There.
    INCOMING = "incoming"
    ANSWERED = "answered"


@frozen
class CallView:
    """A call as it stands."""

    call: int
    account: int
    far: Party
    state: CallState
    tie: Tie = Tie.ANCHORED


class Status:
    """The newest fact of each kind."""

    def __init__(self) -> None:
        self.link: LinkStatus | None = None
        self.accounts: dict[int, AccountStatus] = {}
        self.calls: dict[int, CallView] = {}
        self.outages: tuple[Outage, ...] = ()
        self.warnings: tuple[str, ...] = ()
        self.problems: tuple[str, ...] = ()  # With the configuration.
        self.sound = SoundHealth()
        self.plans: dict[int, MediaPlan] = {}  # What is agreed for a call's sound.
        self.qualities: dict[int, QualityMeasured] = {}
        self.contacts: tuple[Contact, ...] | None = None  # None: as the file has them.
        self.tally = Tally()

    def take(self, output: object) -> None:
        """Take in what the phone says to the outside; most of it is for others."""
        self.tally.take(output)
        match output:
            case Report(fact) if isinstance(fact, Reportable):
                self.learn(fact)
            case Report(SoundReport(call, QualityMeasured() as fact)) if call in self.calls:
                self.qualities[call] = fact
            case OutageLog(outages):
                self.outages = outages
            case DirectoryLog(contacts):
                self.contacts = contacts
            case StartVoice(call, plan) if call in self.calls:
                self.plans[call] = plan
            case _:
                pass

    def learn(self, fact: Reportable) -> None:
        """Take in one fact."""
        if isinstance(fact, CallFact):
            self._learn_of_call(fact)
            return
        match fact:
            case LinkStatus():
                self.link = fact
            case AccountStatus():
                self.accounts[fact.account] = fact
            case WarningsChanged():
                self.warnings = fact.sentences
            case ProblemsAre():
                self.problems = fact.sentences
            case SoundHealth():
                self.sound = fact
            case _:
                assert_never(fact)

    def _learn_of_call(self, fact: CallFact) -> None:
        match fact:
            case Dialling(call, account, far):
                self.calls[call] = CallView(call, account, far, CallState.DIALLING)
            case IncomingCall(call, account, far):
                self.calls[call] = CallView(call, account, far, CallState.INCOMING)
            case RemoteRinging(call):
                self._change(call, state=CallState.RINGING)
            case Repeating(call) | Inviting(call):
                self._change(call, state=CallState.DIALLING)
            case Delayed(call):
                self._change(call, state=CallState.DELAYED)
            case CallAnswered(call):
                self._change(call, state=CallState.ANSWERED)
            case FarChanged(call, far):
                self._change(call, far=far)
            case TieChanged(call, tie):
                self._change(call, tie=tie)
            case CallEnded(call):
                for known in (self.calls, self.plans, self.qualities):
                    known.pop(call, None)
            case _:
                assert_never(fact)

    def call_in(self, *states: CallState) -> CallView | None:
        """Return a call in one of these states (none given: in any), if there is one."""
        calls = (call for call in self.calls.values() if not states or call.state in states)
        return next(calls, None)

    def _change(self, call: int, **changes: Any) -> None:
        if call in self.calls:
            self.calls[call] = replace(self.calls[call], **changes)
