"""The words between the phone and the world: keys, hook, commands in; screen, ring, lamp out."""

from __future__ import annotations

from enum import Enum

from firmware.agent.events import (
    AccountStatus,
    CallAnswered,
    CallEnded,
    Delayed,
    Dialling,
    DigitFailed,
    DigitReceived,
    FarChanged,
    HoldChanged,
    IncomingCall,
    Inviting,
    LampChanged,
    MessagesWaiting,
    RemoteRinging,
    Repeating,
    Ring,
    TieChanged,
)
from firmware.frozen import frozen
from firmware.link.events import LinkStatus
from firmware.media.events import SoundFault, SoundReport
from firmware.media.plan import MediaPlan
from firmware.phone.language import ENGLISH, Language
from firmware.phone.outage import Outage
from firmware.phone.preferences import Preferences
from firmware.phone.screen import Progress, Screen

KEYS = (
    *"123456789*0#",
    "soft1", "soft2", "up", "down",
    "hold", "mute", "volume", "speaker",
)  # fmt: skip
"""The 4 x 5 keypad: twelve digits, two soft keys, up and down, four function keys."""


# Events from the world.
@frozen
class KeyPressed:
    """A key of `KEYS` went down."""

    key: str


@frozen
class KeyHeld:
    """The key that was pressed last has stayed down alone for 0.8 s; once for each `KeyPressed`.

    What its press means has been done by then: a digit has begun a number. `up`, `down` and
    `volume` are not held, they repeat.
    """

    key: str


@frozen
class HookLifted:
    """The handset was taken off the hook."""


@frozen
class HookReplaced:
    """The handset was put back."""


@frozen
class DialTarget:
    """A program dials: digits or a SIP URI, from an account (0: the phone's first usable one)."""

    target: str
    account: int = 0


@frozen
class AnswerCall:
    """A program answers the call that rings."""


@frozen
class EndCall:
    """A program hangs up the call in the foreground."""


@frozen
class HoldCall:
    """A program holds the call in the foreground, or takes it back."""

    on: bool


@frozen
class TimeIs:
    """The wall clock: Unix seconds and the local offset from UTC in seconds; None: not set (I3)."""

    unix_s: float | None
    offset_s: int = 0
    is_synchronised: bool = False  # By a time server, as the system says.


@frozen
class LanguageIs:
    """The language of the screens, from now on."""

    language: Language


@frozen
class FactsTold:
    """A page of facts that the machines do not know, by its title: labels and values."""

    title: str
    rows: tuple[tuple[str, str], ...]
    progress: Progress | None = None  # Of what is being done.


@frozen
class SettingsAre:
    """What is set on the phone (`preferences.py`), and which time zones there are."""

    preferences: Preferences
    zones: tuple[str, ...] = ()


@frozen
class OutagesKept:
    """What the outage log kept over a restart, the newest first; once, soon after the start."""

    outages: tuple[Outage, ...]


@frozen
class OutageLogTrouble:
    """What is wrong with the file of the outage log, as a sentence; "": nothing any more."""

    text: str


@frozen
class WarningsChanged:
    """What a person should know while the phone still works, as sentences; empty: all is well."""

    sentences: tuple[str, ...]


@frozen
class ProblemsAre:
    """What is wrong with the configuration in force, as sentences; empty: nothing any more."""

    sentences: tuple[str, ...]


@frozen
class SoundHealth:
    """Frames of sound that this phone itself lost since its start; all zero where it is well."""

    held_up: int = 0  # The sound's thread was late by more than a few frames, and gave them up.
    overflows: int = 0  # The card's own words for what was captured and not fetched in time,
    underflows: int = 0  # and for what was to be played and not there.
    late: int = 0  # The card was given nothing to play.
    dropped: int = 0  # Nobody took it in time.
    restarts: int = 0  # Times that the card was gone and opened anew.


# Outputs to the world.
@frozen
class Show:
    """Show this screen; the words that stand on every such screen are in this language."""

    screen: Screen
    language: Language = ENGLISH


@frozen
class StartVoice:
    """Let a call be heard as agreed, or go on with what is agreed anew."""

    call: int
    plan: MediaPlan


@frozen
class StopVoice:
    """A call's sound is over."""

    call: int


@frozen
class SetRinger:
    """Start or stop the ringer."""

    ringing: bool


class LampPattern(Enum):
    """What the message lamp does."""

    OFF = "off"
    ON = "on"
    FLASHING = "flashing"


@frozen
class SetLamp:
    """Set the lamp."""

    pattern: LampPattern


CallFact = (
    Dialling | Delayed | Inviting | RemoteRinging | Repeating | IncomingCall | CallAnswered
    | FarChanged | TieChanged | CallEnded
)  # fmt: skip
Reportable = (
    LinkStatus | AccountStatus | CallFact | WarningsChanged | ProblemsAre | SoundHealth
)  # fmt: skip
Told = (
    Reportable | SoundReport | SoundFault | HoldChanged | DigitFailed | DigitReceived
    | MessagesWaiting | LampChanged
)  # fmt: skip


@frozen
class Report:
    """A fact from below, passed on to whoever watches the phone: script, console, web."""

    fact: Told


@frozen
class KeepSetting:
    """The person has set a parameter: it is to be kept, and a language or zone to be told."""

    parameter: str
    text: str  # As files write it.


@frozen
class FactoryReset:
    """Forget all that was set or remembered on this phone, and start anew."""


@frozen
class TuneRinger:
    """How the ringer sounds from now on; of the volume, 0 is silent."""

    tone: str  # Of `RING_TONES`.
    volume: int
    ring: Ring = Ring.NORMAL  # What the proxy says of the call.


@frozen
class SampleRing:
    """Let the ring tone be heard while it is chosen, or no longer."""

    on: bool


@frozen
class SetDisplay:
    """How bright the display is in use, of 10, and when it dims, 0: never."""

    contrast: int
    dim_s: int


@frozen
class OutageLog:
    """The outage log as it is now, the newest first: to be kept over a restart (S3)."""

    outages: tuple[Outage, ...]


@frozen
class OutageEnded:
    """There is service again."""

    outage: Outage
