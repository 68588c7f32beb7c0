"""The mailboxes of all accounts: those that are subscribed to, and NOTIFY that comes unasked.

NOTIFY is taken only over the link, like all else (T1): whatever its From says, the proxy that was
authenticated let it through.
"""

from __future__ import annotations

from collections.abc import Iterable

from firmware.agent.answering import answer
from firmware.agent.events import MailboxRefused, MessagesWaiting
from firmware.agent.line import Line
from firmware.agent.subscription import Subscription
from firmware.agent.summary import MessageSummary, check_summary
from firmware.machine import earliest
from firmware.sip.message import Request, Response
from firmware.transaction.events import RequestFailed, RequestReceived, SendResponse, ServiceUp


class Mailboxes:
    """The subscriptions, by the account's number."""

    def __init__(self, lines: Iterable[Line]) -> None:
        self._all = {
            line.account.number: Subscription(line) for line in lines if line.account.subscribes
        }
        self._refusals: dict[int, str] = {}  # As they were told.

    def deadline(self) -> float | None:
        """Return when one of them has something to do."""
        return earliest(subscription.deadline() for subscription in self._all.values())

    def wake(self, now: float) -> list[object]:
        """Let each do what is due."""
        return [item for s in self._all.values() for item in s.wake(now)]

    def service_up(self, event: ServiceUp, now: float) -> None:
        """There is a link: each goes with its registration (F7)."""
        for subscription in self._all.values():
            subscription.service_up(event.proxy, now)

    def service_lost(self) -> None:
        """There is no link any more."""
        for subscription in self._all.values():
            subscription.service_lost()

    def ask(self, accounts: Iterable[int], now: float) -> list[object]:
        """Subscribe for those of these accounts where it is due: they are registered."""
        mine = (self._all[number] for number in accounts if number in self._all)
        return [item for subscription in mine for item in subscription.ask(now)]

    def leave(self) -> list[object]:
        """The phone stops, or goes to another proxy."""
        return [item for s in self._all.values() for item in s.leave()]

    def response(self, key: str, response: Response, now: float) -> list[object] | None:
        """Hear an answer; None where the request was none of ours."""
        for subscription in self._all.values():
            if subscription.owns(key):
                return [*subscription.response(response, now), *self._refused(subscription)]
        return None

    def failed(self, event: RequestFailed, now: float) -> None:
        """Hear that no answer will come, where the request was ours."""
        for subscription in self._all.values():
            if subscription.owns(event.key):
                subscription.failed(event.failure, now)

    def notified(self, event: RequestReceived, now: float) -> list[object] | None:
        """Take a NOTIFY within a dialog of ours; None where it belongs to none."""
        request = event.request
        holders = (s for s in self._all.values() if s.holds(request))
        subscription = next(holders, None) if request.method == "NOTIFY" else None
        if subscription is None:
            return None
        told = self._told(request, subscription.line)
        subscription.notified(request, now)
        return [SendResponse(event.key, answer(request, 200)), *told, *self._refused(subscription)]

    def _refused(self, subscription: Subscription) -> list[object]:
        """Say why a mailbox tells nothing, where that is news."""
        account, reason = subscription.line.account.number, subscription.refusal
        if reason == self._refusals.get(account, ""):
            return []
        self._refusals[account] = reason
        return [MailboxRefused(account, reason)]

    def unasked(self, key: str, request: Request, line: Line, tag: str) -> list[object]:
        """Take a NOTIFY that nobody has subscribed to (RFC 3842 2)."""
        told = self._told(request, line)
        return [SendResponse(key, answer(request, 200, line.user_agent, tag=tag)), *told]

    @staticmethod
    def _told(request: Request, line: Line) -> list[object]:
        """Return what a NOTIFY says; one without a body tells nothing new (RFC 6665 4.1.3)."""
        check_summary(request)
        if not request.body:
            return []
        said = MessageSummary.parse(request.body)
        news = MessagesWaiting(line.account.number, said.waiting, said.new, said.old, said.mailbox)
        return [news]
