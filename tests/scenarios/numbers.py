"""Numbers that answer as a script says: a status, or ringing for ever."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from firmware.sip.message import Message, Request
from firmware.sip.uri import SipUri
from tests.simulator.schedule import Schedule

ANSWER_S = 0.01

RINGING = 180


class ScriptedNumbers:
    """An end of the exchange; what is not a call to one of its numbers is a call that is over."""

    alive = True

    def __init__(self, schedule: Schedule) -> None:
        self.answers: dict[str, tuple[int, str]] = {}
        self.take: Callable[[Message], None]  # The exchange that it lives in.
        self._schedule = schedule

    def send(self, message: Message) -> None:
        """Take a message."""
        if not isinstance(message, Request) or message.method == "ACK":
            return
        status, reason = 200, ""
        if message.method == "INVITE" and isinstance(message.uri, SipUri):
            status, reason = self.answers[message.uri.user or ""]
        self._schedule.later(ANSWER_S, partial(self._answer, message, status, reason))
        if message.method == "CANCEL":
            self._schedule.later(2 * ANSWER_S, partial(self._end, message))

    def _answer(self, request: Request, status: int, reason: str) -> None:
        self.take(request.answer(status, reason, to_tag="number"))

    def _end(self, cancel: Request) -> None:
        headers = cancel.headers.set("CSeq", f"{cancel.cseq.number} INVITE")
        invite = Request("INVITE", cancel.uri, headers)
        self.take(invite.answer(487, to_tag="number"))
