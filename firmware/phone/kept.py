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


class Condition(Enum):
    """When calls are sent on."""

    ALWAYS = "all calls"
    BUSY = "when busy"
    NO_ANSWER = "no answer"


RING_S = 20
"""How long it rings here before a call that nobody answers is sent on, in seconds."""


@frozen
class AccountServices:
    """What an account does with calls; a number is "" where none are sent on."""

    account: int
    no_disturbance: bool = False
    always: str = ""
    busy: str = ""
    no_answer: str = ""
    ring_s: int = RING_S

    def number(self, condition: Condition) -> str:
        """Return where calls are sent on to, "" where they are not."""
        return {
            Condition.ALWAYS: self.always,
            Condition.BUSY: self.busy,
            Condition.NO_ANSWER: self.no_answer,
        }[condition]

    def sending_on(self, condition: Condition, number: str) -> AccountServices:
        """Return these with another number for a condition."""
        match condition:
            case Condition.ALWAYS:
                return replace(self, always=number)
            case Condition.BUSY:
                return replace(self, busy=number)
            case Condition.NO_ANSWER:
                return replace(self, no_answer=number)


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
class ContactsImported:
    """Checked contacts of a file, from an administrator: known names get the new numbers."""

    contacts: tuple[Contact, ...]


@frozen
class ContactEdited:
    """An administrator puts a checked contact in another's place; None: there was or is none.

    It counts where the directory holds what the administrator saw, and else not: somebody at the
    keys was quicker.
    """

    before: Contact | None
    after: Contact | None


@frozen
class ServicesKept:
    """What accounts do with calls, as a person has set it."""

    services: tuple[AccountServices, ...]


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


@frozen
class ServicesLog:
    """What accounts do with calls, as a person has set it: to be kept."""

    services: tuple[AccountServices, ...]
