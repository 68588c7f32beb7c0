"""What a subscription is about: whom it asks, and what is made of what NOTIFY says.

`subscription.py` knows RFC 6665 and no package; a topic knows one package, and nothing of time.
"""

from __future__ import annotations

from abc import ABC, abstractmethod

from firmware.agent.line import Line
from firmware.agent.package import Package
from firmware.sip.message import Request, Response
from firmware.sip.uri import Uri

PERIOD_S = 3600
"""What is asked for, where nobody says otherwise."""

REFUSALS = {
    401: "wrong password",
    403: "not allowed",
    405: "not told there",
    407: "wrong password",
    489: "not told there",
    501: "not told there",
}
"""Why a notifier says no, in words."""


class Topic(ABC):
    """One thing that an account wants to be told of."""

    package: Package
    not_found: str
    """What 404 means."""
    ended: str
    """What it means that it ends for good."""

    def __init__(self, line: Line, period_s: int = PERIOD_S) -> None:
        self.line, self.period_s = line, period_s
        self.wrong = ""  # Why nobody can be asked, in words.
        self.trouble = ""  # What was wrong with what was told last.

    @property
    @abstractmethod
    def target(self) -> Uri | None:
        """Whom it is asked of; None where `wrong` says why nobody can be."""

    @abstractmethod
    def take(self, notify: Request) -> list[object]:
        """Return what a NOTIFY says; raises `RemoteProtocolError` where it says nothing."""

    @abstractmethod
    def standing(self, *, is_active: bool, refusal: str) -> object:
        """Return what there is to tell of it: told anew whenever that differs."""

    @property
    def wants_all(self) -> bool:
        """Tell whether something was missed, so that all has to be told again."""
        return False

    def forget(self) -> None:
        """Forget what was told: the next subscription begins anew."""
        self.trouble = ""

    def unreadable(self, why: str) -> None:
        """Hear that a NOTIFY was refused, and why."""
        self.trouble = why

    def refusal(self, response: Response) -> str:
        """Say why a SUBSCRIBE was refused, with the status for the administrator."""
        words = {**REFUSALS, 404: self.not_found}.get(response.status, "refused")
        return f"{words} ({response.status})"
