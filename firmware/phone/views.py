"""What a person finds in the menu, as values: views, and what follows when a row is chosen.

A view has no place on the screen; `menu.py` keeps the way back, `listing.py` says what it lists.
"""

from __future__ import annotations

from firmware.frozen import frozen
from firmware.phone.kept import CallWay, Contact, ContactNumber, PastCall
from firmware.phone.lock import Pin, Purpose
from firmware.phone.service_views import ForwardEntry, ServiceDeed, ServiceView


# Views.
@frozen
class MainMenu:
    """Everything there is."""


@frozen
class CallList:
    """Past calls of one way."""

    way: CallWay


@frozen
class CallDetails:
    """One of them."""

    call: PastCall


@frozen
class ContactList:
    """The directory, or those of it that the keys find."""

    keys: str = ""


@frozen
class ContactDetails:
    """One contact."""

    contact: Contact


@frozen
class NameEntry:
    """A name is typed, for a number or for a contact that has another name."""

    number: str = ""
    contact: Contact | None = None
    name: str = ""  # As whoever called calls himself.


@frozen
class NumberTyped:
    """A number is typed: for a new contact, or for one that is there, in place of `number`."""

    contact: Contact | None = None
    number: ContactNumber | None = None


@frozen
class NumberList:
    """The numbers of a contact, to be changed."""

    contact: Contact


@frozen
class NumberDetails:
    """One of them."""

    contact: Contact
    number: ContactNumber


@frozen
class KindList:
    """Which kinds of numbers there are."""

    contact: Contact
    number: ContactNumber


@frozen
class ContactChoice:
    """The directory, or those of it that the keys find, to give one of them a number."""

    number: str
    keys: str = ""


@frozen
class Sure:
    """Is that really wanted?"""

    question: str
    deed: Deed


@frozen
class LockList:
    """What concerns the key lock."""


@frozen
class PinEntry:
    """A PIN is typed; `first`: a new one, to be typed once more."""

    purpose: Purpose
    first: Pin | None = None


@frozen
class SettingList:
    """What a person may set."""


@frozen
class OptionList:
    """The options of a setting, by its parameter."""

    parameter: str


@frozen
class ZoneList:
    """The regions; or the time zones of one, or those of all that the keys find."""

    region: str = ""
    keys: str = ""


TYPED = NameEntry | NumberTyped | ForwardEntry | PinEntry
View = (
    MainMenu
    | CallList
    | CallDetails
    | ContactList
    | ContactDetails
    | ContactChoice
    | NumberList
    | NumberDetails
    | KindList
    | TYPED
    | Sure
    | SettingList
    | LockList
    | OptionList
    | ZoneList
    | ServiceView
)


# Deeds.
@frozen
class Open:
    """Go on to another view."""

    view: View


@frozen
class Call:
    """Call a number."""

    number: str


@frozen
class ForgetCall:
    """Take a call out of the history."""

    call: PastCall


@frozen
class ForgetCalls:
    """Empty a list of the history."""

    way: CallWay


@frozen
class RemoveContact:
    """Take a contact out of the directory."""

    contact: Contact


@frozen
class ChangeNumbers:
    """Let a contact have these numbers."""

    contact: Contact
    numbers: tuple[ContactNumber, ...]


@frozen
class ShowFacts:
    """Show the pages of facts."""


@frozen
class TakeOption:
    """Set a parameter, to a value as files write it."""

    parameter: str
    text: str


@frozen
class LockKeys:
    """Lock the keys."""


@frozen
class UnlockKeys:
    """Unlock them: the PIN was right."""


@frozen
class ResetPhone:
    """Forget all that was set or remembered."""


@frozen
class GoBack:
    """Leave it as it is."""


Deed = (
    Open | Call | ForgetCall | ForgetCalls | RemoveContact | TakeOption | ShowFacts | GoBack
    | ServiceDeed
    | LockKeys | ChangeNumbers | ResetPhone
)  # fmt: skip


@frozen
class Item:
    """A row of a list; without a deed it only tells."""

    text: str
    side: str = ""
    deed: Deed | None = None
    is_set: bool = False  # Of options: this one.
