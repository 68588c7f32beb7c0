"""The SIP user agent: up to nine accounts and their calls over one link (L4, L8, D8, F4, F5, T1).

Theory of operation
-------------------
The agent routes: an answer goes to whoever sent the request, a request within a dialog to its
call, any other to the line that it names. What a part says in return is for the layers above and
below, but for two words that are for the agent itself:

    OweBye            a dialog has to be ended. The BYE outlives its call, and the link (F5).
    RegistrarFailing  an account was not served. When no account is registered and none has its
                      verdict still to come, the proxy is unfit (D8); else that account waits alone.

On a new link every account registers at once, the one with a call first (L8). What is owed to far
ends goes out whenever the registrar has given its verdict: on a new link, or when a registration
that had run out is renewed.
"""

from __future__ import annotations

from collections.abc import Iterator
from random import Random
from typing import assert_never

from firmware.agent.account import Account, AgentSettings, UseAccounts
from firmware.agent.answering import DIALOG_METHODS, answer, capabilities, refuse_method
from firmware.agent.calls import Calls
from firmware.agent.check_sync import asks_for_resync, resync_asked
from firmware.agent.credentials import Credentials
from firmware.agent.events import Dial, UnregisterAll
from firmware.agent.farewell import Farewells, OweBye
from firmware.agent.identity import caller_of
from firmware.agent.line import Line
from firmware.agent.mailboxes import told_unasked
from firmware.agent.outgoing import OutgoingCall
from firmware.agent.outlasting import OutlastingCall
from firmware.agent.placing import can_send, no_call, waiting_s, why_not
from firmware.agent.reading import or_none
from firmware.agent.registrations import Registrations
from firmware.agent.replaced import find_replaced
from firmware.agent.screening import check, find_line
from firmware.agent.subscriptions import Subscriptions
from firmware.agent.target import BadTargetError, parse_target, party_of
from firmware.agent.verdict import RegistrarFailing
from firmware.agent.wanted import CallCommand, carry_out
from firmware.link.events import CallsInProgress, LeaveSoon, StayHere
from firmware.machine import earliest
from firmware.sip.address import NameAddress
from firmware.sip.errors import RemoteProtocolError
from firmware.sip.message import Request, Response
from firmware.transaction.events import (
    AckReceived,
    CancelReceived,
    RequestFailed,
    RequestReceived,
    ResponseReceived,
    SendResponse,
    ServiceLost,
    ServiceUp,
)

CALLS_MAX = 8
"""Calls that a person can have at once; the next one is busy. More than any screen can show."""

AgentEvent = (
    Dial
    | CallCommand
    | UnregisterAll
    | UseAccounts
    | ServiceUp
    | ServiceLost
    | LeaveSoon
    | StayHere
    | ResponseReceived
    | RequestFailed
    | RequestReceived
    | AckReceived
    | CancelReceived
)


class Agent:
    """All accounts and all calls of this phone."""

    def __init__(
        self,
        accounts: tuple[Account, ...],
        settings: AgentSettings,
        ids: Iterator[str],
        random: Random,
    ) -> None:
        self._ids = ids
        credentials = Credentials(ids)
        lines = [Line(account, settings, credentials, ids, random) for account in accounts]
        self._registrations = Registrations(lines)
        self._lines = lines
        self._calls = Calls(settings.rtp_port)
        self._farewells = Farewells()
        self._subscriptions = Subscriptions(lines)
        self._stopping = False
        self._calls_told = 0

    @property
    def registered_accounts(self) -> tuple[int, ...]:
        """The numbers of the accounts that are registered over this link."""
        return self._registrations.registered

    @property
    def calls(self) -> tuple[int, ...]:
        """The numbers of the calls that are not over for the person."""
        return self._calls.living

    @property
    def remembered(self) -> int:
        """How many calls and BYEs are remembered, over for the person or not."""
        return len(self._calls) + len(self._farewells)

    def deadline(self) -> float | None:
        # S1: that there are accounts, and why they are not registered, is told from the start.
        untold_at = 0.0 if self._registrations.has_news else None
        parts = (self._registrations, self._farewells, self._subscriptions, *self._calls)
        return earliest((untold_at, *(part.deadline() for part in parts)))

    def handle(self, event: AgentEvent, now: float) -> list[object]:
        return self._finish(self._take(event, now), now)

    def wake(self, now: float) -> list[object]:
        out = [*self._registrations.wake(now), *self._subscriptions.wake(now)]
        out += self._farewells.wake(now)
        for call in self._calls:
            out += call.wake(now)
        return self._finish(out, now)

    def _take(self, event: AgentEvent, now: float) -> list[object]:
        if isinstance(event, CallCommand):
            return self._for_call(event, now)
        match event:
            case Dial():
                return self._dial(event, now)
            case UnregisterAll():
                return self._unregister_all(now)
            case ServiceUp():
                return self._service_up(event, now)
            case ServiceLost():
                return self._service_lost(event, now)
            case UseAccounts() | LeaveSoon() | StayHere():
                return self._move(event, now)
            case ResponseReceived(key, response):
                return self._response(key, response, now)
            case RequestFailed():
                return self._failed(event, now)
            case RequestReceived():
                return self._request(event, now)
            case AckReceived(request):
                return self._acknowledged(request)
            case CancelReceived(key, reason):
                return self._cancelled(key, reason)
            case _:
                assert_never(event)

    # What the person wants.

    def _dial(self, dial: Dial, now: float) -> list[object]:
        registration = self._registrations.of(dial.account)
        if registration is None:
            return no_call("no such account")
        goes = can_send(registration, is_emergency=dial.is_emergency)
        wait_s = 0.0 if goes else waiting_s(registration, dial)
        if self._stopping or not (goes or wait_s):
            return no_call(why_not(registration))
        if len(self.calls) >= CALLS_MAX:
            return no_call("too many calls")
        line = registration.line
        try:
            uri = parse_target(dial.target, line)
        except BadTargetError as error:
            return no_call(str(error))
        far, calls = party_of(NameAddress(uri)), self._calls
        call = OutgoingCall(calls.next_number(), line, far, uri, calls.take_port())
        calls.add(call)
        return call.start(now, wait_s, is_emergency=dial.is_emergency)

    def _for_call(self, event: CallCommand, now: float) -> list[object]:
        """Carry it out, unless the call has ended meanwhile."""
        call = self._calls.of(event.call)
        return [] if call is None else carry_out(event, call, now)

    def _unregister_all(self, now: float) -> list[object]:
        """Leave in order: calls first, while the registrar still knows us."""
        self._stopping = True
        ending = [end for call in self._calls for end in call.hang_up(now)]
        ended = [*self._finish(ending, now), *self._subscriptions.leave()]
        return ended + self._registrations.unregister_all(now)

    # The link.

    def _move(self, event: UseAccounts | LeaveSoon | StayHere, now: float) -> list[object]:
        """Sign off here, for another proxy (F3) or another name (L5), or stay after all."""
        match event:
            case UseAccounts():
                return self._registrations.use(event, now)
            case LeaveSoon(why):
                return [*self._subscriptions.leave(), *self._registrations.leave(now, why)]
            case StayHere():
                return self._registrations.stay(now)
            case _:
                assert_never(event)

    def _service_up(self, event: ServiceUp, now: float) -> list[object]:
        for line in self._lines:
            line.service_up(event)
        self._subscriptions.service_up(event, now)
        calling = {call.line.account.number for call in self._calls}
        return self._registrations.service_up(event, calling, now)

    def _service_lost(self, event: ServiceLost, now: float) -> list[object]:
        out: list[object] = []
        self._registrations.service_lost(event.failure)
        self._farewells.service_lost()
        self._subscriptions.service_lost()
        for call in self._calls:
            out += call.service_lost(now)
        for line in self._lines:
            line.service_lost()
        return out

    # Answers.

    def _response(self, key: str, response: Response, now: float) -> list[object]:
        for part in (self._registrations, self._subscriptions):
            mine = part.response(key, response, now)
            if mine is not None:
                return mine
        if call := self._calls.owner_of(key):
            return call.response(key, response, now)
        farewell = self._farewells.owner_of(key)
        return farewell.response(response, now) if farewell else []

    def _failed(self, event: RequestFailed, now: float) -> list[object]:
        mine = self._registrations.failed(event, now)
        if mine is not None:
            return mine
        if call := self._calls.owner_of(event.key):
            return call.failed(event, now)
        if farewell := self._farewells.owner_of(event.key):
            farewell.failed(event.failure, now)
        self._subscriptions.failed(event, now)
        return []

    # Requests.

    def _request(self, event: RequestReceived, now: float) -> list[object]:
        """Serve a request; a peer that is wrong gets the answer that says so."""
        key, request = event.key, event.request
        try:
            if request.to.tag:
                return self._within_dialog(event, now)
            return self._outside_dialog(event, now)
        except RemoteProtocolError as error:
            fields = error.header_lines
            return [SendResponse(key, answer(request, error.status, *fields, tag=next(self._ids)))]

    def _within_dialog(self, event: RequestReceived, now: float) -> list[object]:
        request = event.request
        if call := self._calls.holder_of(request):
            check(request)
            return call.request(event, now)
        told = self._subscriptions.notified(event, now)
        if told is not None:
            return told
        farewell = self._farewells.holder_of(request)
        if farewell is None or request.method != "BYE":
            return [SendResponse(event.key, answer(request, 481))]
        farewell.heard_bye()
        return [SendResponse(event.key, answer(request, 200))]

    def _outside_dialog(self, event: RequestReceived, now: float) -> list[object]:
        key, request = event.key, event.request
        if request.method in DIALOG_METHODS:
            return [SendResponse(key, answer(request, 481, tag=next(self._ids)))]
        if request.method not in {"INVITE", "OPTIONS", "NOTIFY"}:
            return [refuse_method(key, request, next(self._ids))]
        line = find_line(request, self._lines)
        check(request)
        if request.method == "INVITE" and line is not None:
            return self._invited(key, request, line, now)
        tag = next(self._ids)
        if request.method == "NOTIFY" and line is not None:
            taken = resync_asked if asks_for_resync(request) else told_unasked
            return taken(key, request, line, tag)
        return [SendResponse(key, answer(request, 200, *capabilities(line), tag=tag))]

    def _invited(self, key: str, request: Request, line: Line, now: float) -> list[object]:
        rings_on = None if request.replaces else self._calls.awaiting(request, line)
        if rings_on is not None:
            return rings_on.taken_over(key, request, now)
        tag = next(self._ids)
        if self._calls.know(request):
            return [SendResponse(key, answer(request, 482, tag=tag))]  # 8.2.2.2.
        if replaces := request.replaces:
            return find_replaced(request, replaces, self._calls).replaced_by(key, request, now)
        if len(self.calls) >= CALLS_MAX:
            return [SendResponse(key, answer(request, 486, tag=tag))]
        far = caller_of(request)
        number, port = self._calls.next_number(), self._calls.take_port()
        call = OutlastingCall(number, line, far, port, key, request, now)
        self._calls.add(call)
        return call.start(now)

    def _acknowledged(self, ack: Request) -> list[object]:
        if call := or_none(lambda: self._calls.holder_of(ack)):
            return call.acknowledged(ack)
        if farewell := or_none(lambda: self._farewells.holder_of(ack)):
            farewell.acknowledged(ack)
        return []

    def _cancelled(self, key: str, reason: str) -> list[object]:
        call = self._calls.offered_as(key)
        return call.cancelled(reason) if call else []

    # After every step.

    def _finish(self, said: list[object], now: float) -> list[object]:
        """Take out what is for the agent, send what is owed, tidy up, tell what changed."""
        out = self._taken_out(said)
        for line in self._registrations.subscribing_anew():
            out += self._subscriptions.renew(line, now)
        # A link that is about to end (D8) would swallow what is said to it now.
        out += self._registrations.judge_proxy() or self._send_owed(now)
        out += self._registrations.finish()
        self._farewells.forget_done()
        self._calls.tidy()
        return out + self._tell()

    def _taken_out(self, said: list[object]) -> list[object]:
        out: list[object] = []
        for item in said:
            match item:
                case OweBye():
                    out += self._farewells.owe(item, can_send=self._registrations.serves(item.line))
                case RegistrarFailing():
                    out += self._registrations.note_failing(item)
                case _:
                    out.append(item)
        return out

    def _send_owed(self, now: float) -> list[object]:
        calls = [*self._after_verdicts(now), *self._repeat_calls(now), *self._ask_far_ends(now)]
        return calls + self._subscriptions.ask(self._registrations.staying, now)

    def _after_verdicts(self, now: float) -> list[object]:
        """Send what far ends wait for to every account that serves; calls hear once per link."""
        out: list[object] = []
        for number in self._registrations.newly_settled():
            for call in self._calls:
                if call.line.account.number == number:
                    out += self._taken_out(call.service_settled(now))
        for line in self._lines:
            if self._registrations.serves(line):
                out += self._farewells.send_owed(line.account.number)
        return out

    def _repeat_calls(self, now: float) -> list[object]:
        """Send INVITEs that wait, or went down with their link, where their account is served."""
        out: list[object] = []
        for call in self._calls.placed:
            registration = self._registrations.of(call.line.account.number)
            if registration is None or not call.wants_repeating:
                continue
            goes = can_send(registration, is_emergency=call.is_emergency)
            if goes and not registration.is_signing_off:
                out += call.repeat()
            elif not call.has_ended and (registration.is_refused or call.has_waited(now)):
                out += call.give_up_repeating(why_not(registration))
        return out

    def _ask_far_ends(self, now: float) -> list[object]:
        """Send what calls want of their far ends, where nothing else is open (14.1, F6)."""
        calls = [c for c in self._calls if c.wants_asking]
        return [o for c in calls if self._registrations.serves(c.line) for o in c.ask(now)]

    def _tell(self) -> list[object]:
        """Report every account whose status changed (S1), and how many calls there are (F3)."""
        out: list[object] = []
        if len(self.calls) != self._calls_told:
            self._calls_told = len(self.calls)
            out.append(CallsInProgress(self._calls_told))
        return [*out, *self._registrations.news(), *self._subscriptions.news()]
