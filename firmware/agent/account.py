"""What the administrator chose for the accounts, as frozen values."""

from __future__ import annotations

from dataclasses import field
from enum import IntEnum

from firmware.agent.events import Intercom
from firmware.frozen import frozen
from firmware.media.formats import DEFAULT_CHOICES, CodecChoice
from firmware.media.negotiation import SrtpMode

ACCOUNTS_MAX = 9
"""`sip line1` to `sip line9`."""


class ContactMatching(IntEnum):
    """How the own Contact is found in a 200, where no `+sip.instance` tells.

    The values are those of `sip contact matching`. A registrar behind a router shows the public
    address in place of ours, hence the looser ways; user names alone are the default.
    """

    WHOLE_URI = 0  # RFC 3261 19.1.4.
    ADDRESS = 1
    USER = 2
    ADDRESS_AND_USER = 3


class DigitMethod(IntEnum):
    """How digits are sent in a call: `sip dtmf method`."""

    RTP = 0
    INFO = 1
    BOTH = 2


@frozen
class RegistrationSettings:
    """How one account is registered; times in seconds."""

    period_s: int = 0  # 0: leave it to the registrar.
    renewal_s: float = 15.0  # How long before expiry the registration is renewed.
    rejected_retry_s: float = 1800.0  # F4.
    timeout_retry_s: float = 120.0
    contact_matching: ContactMatching = ContactMatching.USER


@frozen
class Account:
    """One account: the N of `sip lineN` and who it is."""

    number: int  # 1 to 9.
    user: str
    domain: str  # The registrar's configured name; "" is an account that does not register.
    auth_name: str = ""  # Where it differs from the user.
    password: str = field(default="", repr=False)  # T4.
    display_name: str = ""
    screen_name: str = ""
    registration: RegistrationSettings = RegistrationSettings()
    codecs: tuple[CodecChoice, ...] = DEFAULT_CHOICES
    srtp: SrtpMode = SrtpMode.ONLY
    session_timer_s: int = 0  # RFC 4028; 0: none is asked for.
    digits: DigitMethod = DigitMethod.RTP
    digit_events: bool = True  # In RTP: as events (RFC 4733); else as sound.
    intercom: Intercom | None = Intercom()  # None: no call is answered by itself.
    subscribes: bool = False  # To its mailbox (RFC 3842); what comes unasked is taken anyway.
    watches: tuple[str, ...] = ()  # The numbers whose lamps it shows (RFC 4235).
    watch_period_s: int = 3600  # How long that is asked for.

    def __post_init__(self) -> None:
        assert 1 <= self.number <= ACCOUNTS_MAX, f"account {self.number}"

    @property
    def credentials_name(self) -> str:
        """The user name of the digest."""
        return self.auth_name or self.user

    @property
    def name(self) -> str:
        """What a screen calls the account."""
        return self.screen_name or self.display_name or self.user

    @property
    def address(self) -> str:
        """The address of record as a person writes it."""
        return f"{self.user}@{self.domain}" if self.domain else self.user


@frozen
class UseAccounts:
    """Go by these settings from now on (L5); which accounts there are stays as it was."""

    accounts: tuple[Account, ...]
    settings: AgentSettings


@frozen
class AgentSettings:
    """What holds for every account; times in seconds."""

    instance: str  # "urn:uuid:...": this phone, for ever (RFC 5626 4.1).
    outbound: bool = True  # RFC 5626; a 439 falls back.
    send_sips: bool = False  # `sips:` in place of `sip:` with `transport=tls`.
    user_agent: str = "handset"
    rtp_port: int = 3000  # The first of those that calls use.
    t1_s: float = 0.5  # RFC 3261 17.1.1.1.
    t2_s: float = 4.0
