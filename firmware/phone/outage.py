"""An outage as the log keeps it (S3): a value without a clock and without a file."""

from __future__ import annotations

from enum import Enum

from firmware.frozen import frozen
from firmware.link.events import Failure, FailureKind, Role

OUTAGES_MAX = 200
"""Entries that the log keeps. A phone that is pulled out every day remembers half a year."""

CAUSE_CHARACTERS_MAX = 160
"""A cause is a sentence; some of its words may come from a proxy."""

PROXY_CHARACTERS_MAX = 272
"""The longest DNS name, brackets, a port."""


class OutageKind(Enum):
    """What an entry is about."""

    OUTAGE = "outage"
    HOME = "moved home"  # By choice, from the backup to the primary (F3).


class EndedBy(Enum):
    """What ended an outage."""

    SERVICE = "registered"
    RESTART = "restart"  # The phone was switched off meanwhile.


@frozen
class Outage:
    """A time without service. Times are Unix seconds, None where the clock was not set.

    `proxy` is the one that was lost, "" where no service had been there since the phone started.
    """

    kind: OutageKind
    failure: Failure
    role: Role | None = None
    proxy: str = ""
    began: float | None = None
    ended: float | None = None
    duration_s: float | None = None  # None: it goes on, or nobody knows.
    back_on: Role | None = None
    calls: int = 0  # In progress or ringing when the link was lost,
    calls_lost: int = 0  # and those of them that did not survive it.
    accounts: int = 0  # Registered when it began; since the start: configured.
    ended_by: EndedBy | None = None

    @property
    def is_open(self) -> bool:
        """Tell whether it goes on."""
        return self.ended_by is None


def bounded(failure: Failure) -> Failure:
    """Return a cause that the log can keep."""
    return Failure(failure.kind, kept_text(failure.text, CAUSE_CHARACTERS_MAX))


def kept_text(text: str, characters_max: int) -> str:
    """Return a text in a bounded number of printable characters."""
    if len(text) > characters_max:
        text = text[: characters_max - 1] + "…"
    return "".join(character if character.isprintable() else "?" for character in text)


def signs_off_first(failure: Failure) -> bool:
    """Tell whether the accounts had signed off when the link was left (F3, L5)."""
    return failure.kind in {FailureKind.HOME, FailureKind.SETTINGS}


def is_by_choice(failure: Failure) -> bool:
    """Tell whether a link was left to go home (F3)."""
    return failure.kind is FailureKind.HOME
