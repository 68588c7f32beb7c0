"""The menu's views of services, as values: do not disturb, forwarding, voice mail, keys.

They are apart from `views.py` as `service_listing.py` is from `listing.py`: there are many.
"""

from __future__ import annotations

from firmware.frozen import frozen
from firmware.phone.kept import Condition

Accounts = tuple[int, ...]


# Views.
@frozen
class DisturbanceList:
    """Which accounts are not to be disturbed."""


@frozen
class ForwardList:
    """Where calls are sent on to: those of these accounts, () for a choice among them."""

    accounts: Accounts = ()


@frozen
class ForwardEntry:
    """A number is typed."""

    accounts: Accounts
    condition: Condition


@frozen
class RingTimeList:
    """How long it rings here before calls that nobody answers are sent on."""

    accounts: Accounts


@frozen
class MailboxList:
    """The mailboxes of several accounts."""


@frozen
class KeyList:
    """What the administrator has programmed."""


ServiceView = (
    DisturbanceList | ForwardList | ForwardEntry | RingTimeList | MailboxList | KeyList
)  # fmt: skip


# Deeds.
@frozen
class SwitchDisturbance:
    """Let accounts be disturbed, or not."""

    accounts: Accounts
    on: bool  # Do not disturb.


@frozen
class SetRingTime:
    """Let it ring for so many seconds."""

    accounts: Accounts
    ring_s: int


@frozen
class CallMailbox:
    """Hear the messages of an account."""

    account: int


@frozen
class CallFrom:
    """Call a number from an account."""

    number: str
    account: int


@frozen
class DialFrom:
    """Begin a number that is called from an account."""

    account: int


@frozen
class SwitchRinger:
    """Let the ringer be heard, or not."""


ServiceDeed = SwitchDisturbance | SetRingTime | CallMailbox | CallFrom | DialFrom | SwitchRinger
