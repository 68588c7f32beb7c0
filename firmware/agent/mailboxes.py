"""An account's mailbox: what it tells of messages, asked for or not (RFC 3842).

NOTIFY is taken only over the link, like all else (T1): whatever its From says, the proxy that was
authenticated let it through.
"""

from __future__ import annotations

from firmware.agent.answering import answer
from firmware.agent.events import MailboxRefused, MessagesWaiting
from firmware.agent.line import Line
from firmware.agent.summary import PACKAGE, MessageSummary
from firmware.agent.topic import Topic
from firmware.sip.message import Request
from firmware.sip.uri import Uri
from firmware.transaction.events import SendResponse


class Mailbox(Topic):
    """The messages of an account."""

    package = PACKAGE
    not_found = "no mailbox there"
    ended = "refused by the mailbox"

    @property
    def target(self) -> Uri:
        return self.line.address_of_record

    def take(self, notify: Request) -> list[object]:
        return told_by(notify, self.line)

    def standing(self, *, is_active: bool, refusal: str) -> MailboxRefused:
        return MailboxRefused(self.line.account.number, refusal)


def told_by(notify: Request, line: Line) -> list[object]:
    """Return what a NOTIFY says; one without a body tells nothing new (RFC 6665 4.1.3)."""
    PACKAGE.check(notify)
    if not notify.body:
        return []
    said = MessageSummary.parse(notify.body)
    return [MessagesWaiting(line.account.number, said.waiting, said.new, said.old, said.mailbox)]


def told_unasked(key: str, request: Request, line: Line, tag: str) -> list[object]:
    """Take a NOTIFY that nobody has subscribed to (RFC 3842 2)."""
    told = told_by(request, line)
    return [SendResponse(key, answer(request, 200, line.user_agent, tag=tag)), *told]
