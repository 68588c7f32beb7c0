"""All subscriptions of all accounts: an answer and a NOTIFY find theirs, news is told once.

Each goes with the registration of its account, and over the same link (F7).
"""

from __future__ import annotations

from collections.abc import Iterable

from firmware.agent.answering import answer
from firmware.agent.line import Line
from firmware.agent.mailboxes import Mailbox
from firmware.agent.subscription import Subscription
from firmware.agent.topic import Topic
from firmware.machine import earliest
from firmware.sip.errors import RemoteProtocolError
from firmware.sip.message import Request, Response
from firmware.transaction.events import RequestFailed, RequestReceived, SendResponse, ServiceUp


class Subscriptions:
    """The subscriptions, account by account."""

    def __init__(self, lines: Iterable[Line]) -> None:
        self._all = [Subscription(topic) for line in lines for topic in _topics(line)]

    def renew(self, line: Line, now: float) -> list[object]:
        """An account is somebody else (L5), or has a mailbox and had none: begin anew."""
        out: list[object] = []
        for subscription in self._of(line):
            out += subscription.leave() if line.is_up else []
            out += subscription.over()
        others = [s for s in self._all if s.line is not line]
        self._all = [*others, *map(Subscription, _topics(line))]
        if line.proxy is not None:
            for subscription in self._of(line):
                subscription.service_up(line.proxy, now)
        return out

    def _of(self, line: Line) -> list[Subscription]:
        return [s for s in self._all if s.line is line]

    def deadline(self) -> float | None:
        """Return when one of them has something to do."""
        return earliest(subscription.deadline() for subscription in self._all)

    def wake(self, now: float) -> list[object]:
        """Let each do what is due."""
        return [item for s in self._all for item in s.wake(now)]

    def service_up(self, event: ServiceUp, now: float) -> None:
        """There is a link: each goes with its registration (F7)."""
        for subscription in self._all:
            subscription.service_up(event.proxy, now)

    def service_lost(self) -> None:
        """There is no link any more."""
        for subscription in self._all:
            subscription.service_lost()

    def ask(self, accounts: Iterable[int], now: float) -> list[object]:
        """Subscribe for those of these accounts where it is due: they are registered."""
        wanted = frozenset(accounts)
        due = (s for s in self._all if s.line.account.number in wanted)
        return [item for subscription in due for item in subscription.ask(now)]

    def leave(self) -> list[object]:
        """The phone stops, or goes to another proxy."""
        return [item for s in self._all for item in s.leave()]

    def response(self, key: str, response: Response, now: float) -> list[object] | None:
        """Hear an answer; None where the request was none of ours."""
        for subscription in self._all:
            if subscription.owns(key):
                return subscription.response(response, now)
        return None

    def failed(self, event: RequestFailed, now: float) -> None:
        """Hear that no answer will come, where the request was ours."""
        for subscription in self._all:
            if subscription.owns(event.key):
                subscription.failed(event.failure, now)

    def notified(self, event: RequestReceived, now: float) -> list[object] | None:
        """Take a NOTIFY within a dialog of ours; None where it belongs to none."""
        request = event.request
        holders = (s for s in self._all if s.holds(request))
        subscription = next(holders, None) if request.method == "NOTIFY" else None
        if subscription is None:
            return None
        standing = subscription.check(request)
        told = self._taken(subscription.topic, request)
        subscription.notified(request, standing, now)
        missed = subscription.is_active and subscription.topic.wants_all
        again = subscription.ask_again(now) if missed else []
        return [SendResponse(event.key, answer(request, 200)), *told, *again]

    @staticmethod
    def _taken(topic: Topic, notify: Request) -> list[object]:
        try:
            return topic.take(notify)
        except RemoteProtocolError as error:
            topic.unreadable(error.text)
            raise

    def news(self) -> list[object]:
        """Return how those stand that stand otherwise than was told."""
        return [item for s in self._all for item in s.news()]


def _topics(line: Line) -> list[Topic]:
    """Return what an account subscribes to; of a burst the mailbox's SUBSCRIBE goes out first."""
    account = line.account
    mailbox: list[Topic] = [Mailbox(line)] if account.subscribes else []
    return [*mailbox, *_lamps(line)]


def _lamps(line: Line) -> list[Topic]:
    """Return the lamps that an account watches; without any, what reads XML is not loaded."""
    if not line.account.watches:
        return []
    from firmware.agent.lamps import LampField  # noqa: PLC0415 (it loads expat)

    return [LampField(line, number) for number in line.account.watches]
