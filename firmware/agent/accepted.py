"""Answers of ours to an INVITE that are repeated until they are acknowledged.

On TLS nothing is lost on the first hop, but behind the proxy there may be UDP: so the agent
repeats a 2xx after T1, doubling up to T2, until its ACK comes, and gives up after 64 x T1
(RFC 3261 13.3.1.4). Reliable provisional answers go likewise (`reliable.py`).
"""

from __future__ import annotations

from copy import copy
from dataclasses import replace
from typing import Self

from firmware.agent.account import AgentSettings
from firmware.machine import earliest, is_due
from firmware.sip.address import NameAddress
from firmware.sip.message import Request, Response
from firmware.transaction.events import SendResponse

GIVE_UP_T1 = 64
"""In T1: how long an acknowledgement is waited for."""


class Repeated:
    """An answer that goes out again and again."""

    def __init__(
        self, key: str, response: Response, t1_s: float, interval_max_s: float, now: float
    ) -> None:
        self._send = SendResponse(key, response)
        self._t1_s = t1_s
        self._interval_max_s = interval_max_s
        self._begin(now)

    def _begin(self, now: float) -> None:
        self._interval_s = self._t1_s
        self._repeat_at: float | None = now + self._t1_s
        self._give_up_at: float | None = now + GIVE_UP_T1 * self._t1_s

    def over(self, contact: NameAddress, now: float) -> Self:
        """Return the same answer for another link, with our Contact there, from the beginning."""
        again, said = copy(self), self._send.response
        headers = said.headers.set("Contact", contact)
        again._send = SendResponse(self._send.key, replace(said, headers=headers))
        again._begin(now)
        return again

    def start(self) -> list[object]:
        """Send it for the first time."""
        return [self._send]

    def deadline(self) -> float | None:
        """Return when to repeat it or to give up."""
        return earliest((self._repeat_at, self._give_up_at))

    def is_hopeless(self, now: float) -> bool:
        """Tell whether it will not be acknowledged any more."""
        return is_due(self._give_up_at, now)

    def wake(self, now: float) -> list[object]:
        """Repeat it when it is time."""
        if not is_due(self._repeat_at, now):
            return []
        self._interval_s = min(2 * self._interval_s, self._interval_max_s)
        self._repeat_at = now + self._interval_s
        return [self._send]

    def rest(self) -> None:
        """Repeat it no more; its acknowledgement may still come."""
        self._repeat_at = self._give_up_at = None


class Accepted(Repeated):
    """A 2xx that waits for its ACK."""

    def __init__(
        self, key: str, response: Response, settings: AgentSettings, now: float, *, offered: bool
    ) -> None:
        super().__init__(key, response, settings.t1_s, settings.t2_s, now)
        self.offered = offered  # The 2xx carried our offer, so the ACK must carry the answer.
        self._cseq = response.cseq.number
        self._sayable_until = now + GIVE_UP_T1 * settings.t1_s  # Timer L of its INVITE.

    def can_be_said(self, now: float) -> bool:
        """Tell whether its INVITE's transaction still stands, which finds the way to the caller."""
        return now < self._sayable_until

    def is_acknowledged_by(self, ack: Request) -> bool:
        """Tell whether an ACK is the one that is waited for."""
        return ack.cseq.number == self._cseq
