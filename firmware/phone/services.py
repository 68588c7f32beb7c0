"""What accounts do with calls, what their mailboxes hold, and the lamps of others.

Do not disturb and call forwarding belong to an account. The administrator's file says how they are
at first; what a person sets is kept over a restart, and comes before it. A mailbox is known only by
what it has told since the start.
"""

from __future__ import annotations

from dataclasses import replace
from enum import Enum

from firmware.agent.events import (
    AccountStatus,
    Lamp,
    LampChanged,
    MessagesWaiting,
    RegistrationState,
)
from firmware.frozen import frozen
from firmware.phone.directory import DirectoryError, plain_number
from firmware.phone.kept import AccountServices, Condition, ServicesKept, ServicesLog
from firmware.phone.language import Language
from firmware.phone.programmed import KeyKind, ProgrammedKey
from firmware.phone.screen import IdleScreen


class KeyMode(Enum):
    """What a key for a service acts on: the values of `dnd key mode`."""

    ACCOUNT = 0  # That of the key.
    PHONE = 1  # Every account.
    CUSTOM = 2  # The person chooses, each time.


@frozen
class ServiceSettings:
    """What the administrator chose."""

    services: tuple[AccountServices, ...] = ()
    mailboxes: tuple[tuple[int, str], ...] = ()  # Where an account's messages are heard.
    no_disturbance_mode: KeyMode = KeyMode.ACCOUNT
    forward_mode: KeyMode = KeyMode.ACCOUNT
    keys: tuple[ProgrammedKey, ...] = ()


class Services:
    """The services of every account, by its number."""

    def __init__(self, settings: ServiceSettings) -> None:
        self.settings = settings
        self._names: dict[int, str] = {}
        self._users: dict[int, str] = {}
        self._states: dict[int, RegistrationState] = {}
        self._set = {own.account: own for own in settings.services}
        self._kept: dict[int, AccountServices] = {}
        self._mailboxes: dict[int, MessagesWaiting] = {}
        self._lamps: dict[tuple[int, str], Lamp] = {}

    def learn(
        self, event: AccountStatus | MessagesWaiting | LampChanged | ServicesKept
    ) -> list[object]:
        """Hear of an account, of its mailbox, of somebody else's phone, of what was kept."""
        match event:
            case AccountStatus(account, name, address, state):
                self._names[account] = name
                self._states[account] = state
                self._users[account] = address.partition("@")[0]
            case MessagesWaiting(account):
                self._mailboxes[account] = event
            case LampChanged(account, number, lamp):
                self._lamps[account, number] = lamp
            case ServicesKept(services):
                # What somebody has set meanwhile is newer.
                self._kept = {own.account: own for own in services} | self._kept
        return []

    @property
    def accounts(self) -> tuple[int, ...]:
        """The accounts that there are."""
        return tuple(sorted(self._names))

    def name_of(self, account: int) -> str:
        """Return what a screen calls an account."""
        return self._names.get(account, "")

    def is_registered(self, account: int) -> bool:
        """Tell whether an account can call and be called."""
        return self._states.get(account) is RegistrationState.REGISTERED

    # Do not disturb, and forwarding.

    def of(self, account: int) -> AccountServices:
        """Return what an account does with calls."""
        known = self._kept.get(account) or self._set.get(account)
        return known or AccountServices(account)

    def set(self, *services: AccountServices) -> list[object]:
        """Let accounts do this from now on, and over a restart."""
        before = dict(self._kept)
        self._kept |= {own.account: own for own in services}
        if self._kept == before:
            return []
        return [ServicesLog(tuple(self._kept[account] for account in sorted(self._kept)))]

    @property
    def nobody_disturbs(self) -> bool:
        """Tell whether no account takes calls."""
        return bool(self.accounts) and all(self.of(a).no_disturbance for a in self.accounts)

    def disturb_none(self, accounts: tuple[int, ...], *, on: bool) -> list[object]:
        """Switch do not disturb."""
        return self.set(*(replace(self.of(a), no_disturbance=on) for a in accounts))

    def send_on(self, accounts: tuple[int, ...], condition: Condition, number: str) -> list[object]:
        """Send calls on to a number, "" for not at all."""
        return self.set(*(self.of(a).sending_on(condition, number) for a in accounts))

    def ring_for(self, accounts: tuple[int, ...], ring_s: int) -> list[object]:
        """Let calls ring so long before they are sent on."""
        return self.set(*(replace(self.of(a), ring_s=ring_s) for a in accounts))

    def checked(self, text: str) -> str:
        """Return where calls can be sent on to, "" for nowhere; DirectoryError says why not."""
        number = plain_number(text) if text.strip() else ""
        if number.partition("@")[0] in self._users.values():
            raise DirectoryError("that is this phone: calls would come back")
        return number

    # Mailboxes.

    @property
    def waiting(self) -> tuple[int, ...]:
        """The accounts with messages that nobody has heard."""
        return tuple(a for a, told in sorted(self._mailboxes.items()) if told.waiting)

    @property
    def messages(self) -> int:
        """How many there are; 0 too where no mailbox counts."""
        return sum(self._mailboxes[account].new for account in self.waiting)

    def mailbox(self, account: int) -> MessagesWaiting | None:
        """Return what an account's mailbox has told."""
        return self._mailboxes.get(account)

    def mailbox_number(self, account: int) -> str:
        """Return where an account's messages are heard: as configured, else as it says."""
        told = self._mailboxes.get(account)
        return dict(self.settings.mailboxes).get(account, "") or (told.mailbox if told else "")

    @property
    def mailboxes(self) -> tuple[int, ...]:
        """The accounts that have one: its number is known, or it has news; those come first."""
        found = [a for a in self.accounts if self.mailbox_number(a) or a in self.waiting]
        return tuple(sorted(found, key=lambda account: account not in self.waiting))

    # Somebody else's phone.

    def lamp(self, key: ProgrammedKey) -> Lamp:
        """Return what the lamp of a key shows."""
        return self._lamps.get((key.account, key.value), Lamp.UNKNOWN)

    def lamp_of(self, keys: tuple[ProgrammedKey, ...]) -> Lamp | None:
        """Return the lamp of a single key; of several only one that rings, None without."""
        lamps = [self.lamp(key) for key in keys if key.kind is KeyKind.LAMP]
        if len(keys) == 1:
            return next(iter(lamps), None)
        return Lamp.RINGING if Lamp.RINGING in lamps else None

    # The idle screen.

    def on_idle(self, screen: IdleScreen, language: Language) -> IdleScreen:
        """Return the idle screen with what is true of each account's calls."""
        owns = [self.of(account) for account in self.accounts]
        lines = tuple(
            replace(line, note=language.say(_note(own)))
            for line, own in zip(screen.accounts, owns, strict=False)
        )
        return replace(
            screen,
            accounts=lines,
            messages=self.messages,
            messages_wait=bool(self.waiting),
            no_disturbance=any(own.no_disturbance for own in owns),
            forwards=any(own.number(condition) for own in owns for condition in Condition),
        )


def _note(own: AccountServices) -> str:
    """Say what becomes of an account's calls."""
    if own.always:
        return f"sent to {own.always}"
    if own.no_disturbance:
        return "Do not disturb"
    return "may be sent on" if own.busy or own.no_answer else ""
