"""What the phone keeps over a restart besides the outage log: past calls and contacts, as values.

The words between the phone and whoever keeps them for it are here too.
"""

from __future__ import annotations

from dataclasses import replace
from enum import Enum

from firmware.frozen import frozen
from firmware.phone.outage import kept_text

TEXT_CHARACTERS_MAX = 64
"""Of a name or a number: three lines of the screen; a far end may send more."""

WHY_CHARACTERS_MAX = 64
"""Of the reason of an end."""


class CallWay(Enum):
    """The three lists of the history."""

    MISSED = "missed"
    RECEIVED = "received"
    DIALLED = "dialled"


@frozen
class PastCall:
    """A call that is over. Times are Unix seconds, None where the clock was not set."""

    way: CallWay
    name: str
    number: str  # What calling back or redialling dials.
    account: int
    began: float | None = None
    duration_s: float | None = None  # None: nobody answered.
    why: str = ""  # In words, of one that nobody answered.
    is_new: bool = False  # A missed one that nobody has looked at.


def kept_call(call: PastCall) -> PastCall:
    """Return a call that can be kept: its texts bounded and printable."""
    return replace(
        call,
        name=kept_text(call.name, TEXT_CHARACTERS_MAX),
        number=kept_text(call.number, TEXT_CHARACTERS_MAX),
        why=kept_text(call.why, WHY_CHARACTERS_MAX),
    )


class NumberKind(Enum):
    """What a number of a contact is."""

    WORK = "work"
    MOBILE = "mobile"
    HOME = "home"
    OTHER = "other"


@frozen
class ContactNumber:
    """One number of a contact: digits, + * #, or an address with an @."""

    kind: NumberKind
    number: str


@frozen
class Contact:
    """An entry of the directory."""

    name: str
    numbers: tuple[ContactNumber, ...]


# Events from whoever keeps: once, soon after the start.
@frozen
class CallsKept:
    """The past calls that were kept, the newest first."""

    calls: tuple[PastCall, ...]


@frozen
class ContactsKept:
    """The contacts that were kept."""

    contacts: tuple[Contact, ...]


@frozen
class KeepingTrouble:
    """What is wrong with the file of a list, as a sentence; "": nothing any more."""

    list_name: str
    text: str


# Outputs.
@frozen
class HistoryLog:
    """The past calls as they are now, the newest first: to be kept."""

    calls: tuple[PastCall, ...]


@frozen
class DirectoryLog:
    """The contacts as they are now: to be kept."""

    contacts: tuple[Contact, ...]
