"""What the administrator chose for the phone, as a frozen value."""

from __future__ import annotations

from config.dial_plan import DialPlan
from firmware.frozen import frozen
from firmware.media.events import AudioMode
from firmware.phone.ear import SPEAKER_KEY
from firmware.phone.preferences import Preferences
from firmware.phone.services import ServiceSettings

FORGOTTEN_S = 60.0
"""How long nobody forgets a far end that waits."""

ENDED_S = 4.0
"""How long the screen says why a call is over."""

FLASH_S = 0.63
"""How long the handset may lie on its hook for a flash: 0.8 s for whoever does it. The driver says
that it was put back after 0.2 s, and that it was lifted after 0.03 s."""

DELAY_S = 10.0
"""How long a call waits for a link and a registration that are on their way: a switch to the
backup takes a second or two, and a person at the phone wants to know after ten."""


DEFAULT_PLAN = DialPlan("x+#|xx+*")
DEFAULT_EMERGENCY = DialPlan("911|999|112|110")
"""As PARAMETERS has them."""


@frozen
class PhoneSettings:
    """What the administrator chose for the phone; times in seconds."""

    digit_timeout_s: float = 4.0
    dial_plan: DialPlan = DEFAULT_PLAN
    emergency_plan: DialPlan = DEFAULT_EMERGENCY
    hash_ends: bool = False  # A # ends a number, whatever the plan says.
    audio_modes: tuple[AudioMode, ...] = SPEAKER_KEY[0]  # Where the speaker key leads to.
    call_waiting: bool = True  # A second call is offered while somebody talks.
    services: ServiceSettings = ServiceSettings()
    preferences: Preferences = Preferences()  # What may be set on the phone, as it is at the start.
    has_pin: bool = False  # The key lock has one.
    problems: tuple[str, ...] = ()  # What is wrong with the configuration, as sentences.
