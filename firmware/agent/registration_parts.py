"""What a registration is made of: its states, what it is to become."""

from __future__ import annotations

from firmware.agent.account import Account, AgentSettings
from firmware.agent.events import RegistrationState
from firmware.agent.line import Line
from firmware.agent.rate import TokenBucket
from firmware.frozen import frozen

BURST_MAX = 10
REFILL_S = 3.0
"""REGISTERs per account: ten in a row serve any challenge and reconnect, then one in 3 s."""

UNDONE_S = 5.0
"""A REGISTER that the last proxy did not answer may reach a registrar that both share after the new
one, and take the new binding away: so long after that, the account registers once more."""

RETRY_SPREAD = 1.1
"""Waits are drawn from 100-110 %, so that a fleet does not come back in one instant."""

CHANGED = "the settings were changed"

CHANGES_MAX = 4
"""Times that one registration is changed to please the registrar (423, 420, 439)."""


LEGAL = {
    RegistrationState.OFF: {RegistrationState.WAITING},  # Other settings name a registrar (L5).
    RegistrationState.WAITING: {
        RegistrationState.WAITING,
        RegistrationState.REGISTERING,
        RegistrationState.REFUSED,
        RegistrationState.OFF,
    },
    RegistrationState.REGISTERING: {
        RegistrationState.REGISTERING,
        RegistrationState.REGISTERED,
        RegistrationState.REFUSED,
        RegistrationState.WAITING,
        RegistrationState.OFF,
    },
    RegistrationState.REGISTERED: {
        RegistrationState.REGISTERED,
        RegistrationState.REGISTERING,
        RegistrationState.REFUSED,
        RegistrationState.WAITING,
        RegistrationState.OFF,
    },
    RegistrationState.REFUSED: {
        RegistrationState.REFUSED,
        RegistrationState.REGISTERING,
        RegistrationState.WAITING,
        RegistrationState.OFF,
    },
}


def bucket() -> TokenBucket:
    """Return an account's right to register, which refills with time."""
    return TokenBucket(BURST_MAX, REFILL_S)


def spread(wait_s: float, line: Line) -> float:
    """Return a wait with some chance in it."""
    return wait_s * line.random.uniform(1.0, RETRY_SPREAD)


@frozen
class Wanted:
    """Other settings of an account, and what follows from the difference (L5)."""

    account: Account
    settings: AgentSettings

    def renames(self, line: Line) -> bool:
        """Tell whether the account is somebody else: its old binding is to be taken away."""
        return _name(line.account, line.settings) != _name(self.account, self.settings)

    def pleads_otherwise(self, line: Line) -> bool:
        """Tell whether a registrar that has refused the account may see it otherwise (F4)."""
        old, new = line.account, self.account
        return self.renames(line) or _credentials(old) != _credentials(new)

    def registers_otherwise(self, line: Line) -> bool:
        """Tell whether the registrar is to be asked anew."""
        mine = _manner(line.account, line.settings)
        return self.renames(line) or mine != _manner(self.account, self.settings)

    def subscribes_otherwise(self, line: Line) -> bool:
        """Tell whether what it subscribes to is something else, or asked for otherwise."""
        return self.renames(line) or _topics(line.account) != _topics(self.account)


def _name(account: Account, settings: AgentSettings) -> tuple[object, ...]:
    return account.user, account.domain, settings.send_sips


def _topics(account: Account) -> tuple[object, ...]:
    return account.subscribes, account.watches, account.watch_period_s


def _manner(account: Account, settings: AgentSettings) -> tuple[object, ...]:
    seen = account.display_name, account.registration, settings.outbound
    return *_credentials(account), *seen


def _credentials(account: Account) -> tuple[str, ...]:
    return account.auth_name, account.password
