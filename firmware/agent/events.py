"""The words between the agent and the phone above it.

The agent numbers calls; an account is the N of `sip lineN`.
"""

from __future__ import annotations

from enum import Enum

from firmware.frozen import frozen
from firmware.media.plan import MediaPlan


class RegistrationState(Enum):
    """Where an account stands with its registrar."""

    OFF = "off"  # Not configured to register.
    WAITING = "waiting"  # For the link, or for `retry_at`.
    REGISTERING = "registering"
    REGISTERED = "registered"
    REFUSED = "refused"  # The registrar said no; `reason` says why (F4).


@frozen
class AccountStatus:
    """One account's registration, for screens (S1); moments are monotonic seconds."""

    account: int
    name: str  # What the screen calls it: screen name, display name or user.
    address: str  # "201@example.org"
    state: RegistrationState
    reason: str = ""  # In words, "" while all is well: "wrong password".
    retry_at: float | None = None
    renew_at: float | None = None


@frozen
class Party:
    """The far end as a person reads it."""

    name: str  # Display name, or "".
    number: str  # The user part, or the whole URI where there is none.


class EndCause(Enum):
    """Why a call is over."""

    HUNG_UP_HERE = "hung up"
    HUNG_UP_THERE = "ended"
    REFUSED = "refused"  # `CallEnded.status` and `.reason` say how.
    CANCELLED_THERE = "caller gave up"
    ANSWERED_ELSEWHERE = "answered elsewhere"
    LINK_LOST = "link lost"
    FORWARDED = "sent on"  # By a 302 of ours; `reason` says where.
    FAILED = "failed"  # No answer in time, no common media, a bad response.


@frozen
class ResyncAsked:
    """The proxy wants the phone to fetch its configuration anew (NOTIFY check-sync, T1)."""

    restarts: bool  # And to start anew, whatever has changed.


# Commands from above.
@frozen
class Dial:
    """Call digits, user@host or a SIP URI from an account; `Dialling` or `CallEnded` follows.

    For `wait_s` seconds the call may wait for a link and a registration that are on their way.
    """

    account: int
    target: str
    is_emergency: bool = False  # Goes out over a link that is up, registered or not.
    wait_s: float = 0.0


@frozen
class Answer:
    """Take an incoming call."""

    call: int


@frozen
class Reject:
    """Refuse an incoming call: 486 Busy Here, or another final status."""

    call: int
    status: int = 486


class ForwardReason(Enum):
    """Why a call is sent on, in the words of RFC 5806."""

    ALWAYS = "unconditional"
    BUSY = "user-busy"
    NO_ANSWER = "no-answer"
    NO_DISTURBANCE = "do-not-disturb"


@frozen
class Forward:
    """Send an incoming call on (302): to digits, user@host or a SIP URI."""

    call: int
    target: str
    reason: ForwardReason


@frozen
class HangUp:
    """End a call in whatever state it is: CANCEL, BYE or 486."""

    call: int


@frozen
class Hold:
    """Hold a call that stands: the far end hears nothing; `HoldChanged` follows."""

    call: int


@frozen
class Resume:
    """Take a held call back; `HoldChanged` follows."""

    call: int


@frozen
class SendDigit:
    """Send a digit in a call, the way that `sip dtmf method` says."""

    call: int
    digit: str


@frozen
class FarEndSounds:
    """Whether anything comes from the far end of a call, sound or reports."""

    call: int
    heard: bool


@frozen
class UnregisterAll:
    """The phone stops: end every call and take every registration away."""


# Events to above.
@frozen
class Dialling:
    """The call is there: its INVITE is on its way, unless `Delayed` follows."""

    call: int
    account: int
    far: Party


@frozen
class RemoteRinging:
    """180 from the far end."""

    call: int


@frozen
class Repeating:
    """The link died before the far end answered: the call goes again over the next one (F5)."""

    call: int


@frozen
class Delayed:
    """The INVITE has to wait until the account is registered over a link: not for long."""

    call: int


@frozen
class Inviting:
    """An INVITE that was delayed, or that is repeated, is on its way."""

    call: int


class Ring(Enum):
    """How a call rings that the proxy distinguishes (Alert-Info)."""

    NORMAL = "normal"
    INTERNAL = "internal"
    EXTERNAL = "external"
    GROUP = "group"
    PRIORITY = "priority"
    SPLASH = "splash"


@frozen
class Intercom:
    """A call that is to be answered by itself, as the administrator allows it."""

    muted: bool = True  # At first.
    tone: bool = True  # Tells of it.


@frozen
class IncomingCall:
    """Somebody calls; 180 has been sent."""

    call: int
    account: int
    far: Party
    ring: Ring = Ring.NORMAL
    intercom: Intercom | None = None
    may_forward: bool = True  # It has not come in a circle, nor been sent on too often.


@frozen
class CallAnswered:
    """The call stands: 2xx sent or received, ACK on its way."""

    call: int


@frozen
class FarChanged:
    """The far end is somebody else, or said its name (RFC 3325, 4916)."""

    call: int
    far: Party


@frozen
class HoldChanged:
    """Whether we hold the call, after each attempt to change that."""

    call: int
    on: bool


class Tie(Enum):
    """How a call that stands, or rings here, is tied to its far end (F6)."""

    ANCHORED = "anchored"  # The dialog goes over the link.
    REFRESHING = "refreshing"  # Its link was lost: the next one is waited for.
    REPLACING = "replacing"  # That failed: an INVITE with Replaces asks for a new dialog.
    ADRIFT = "adrift"  # That failed too: there is sound, and no way to say anything.
    GONE = "gone"  # And no sound any more: the call ends in a moment.


@frozen
class TieChanged:
    """The tie to the far end has changed; a call is ANCHORED when it begins."""

    call: int
    tie: Tie


@frozen
class CallEnded:
    """The call is over. `call` is 0 for a Dial that never became one."""

    call: int
    cause: EndCause
    status: int = 0  # SIP status where one came, else 0.
    reason: str = ""  # In words: "busy", "no such number", "not registered".


@frozen
class DigitFailed:
    """A digit could not be sent by INFO. It is never repeated: a second one would be two (F5)."""

    call: int
    digit: str
    reason: str  # In words.


@frozen
class DigitReceived:
    """The far end sent a digit by INFO."""

    call: int
    digit: str
    duration_ms: int


@frozen
class MessagesWaiting:
    """What an account's mailbox holds (RFC 3842); counts are 0 too where it does not count."""

    account: int
    waiting: bool
    new: int = 0
    old: int = 0
    mailbox: str = ""  # Where the messages are heard, "" where it is not said.


@frozen
class MailboxRefused:
    """Why an account's mailbox does not tell of messages, in words; "": nothing is wrong."""

    account: int
    reason: str


class Lamp(Enum):
    """What a lamp field shows of somebody else's phone (RFC 4235)."""

    UNKNOWN = "not known"  # There is no link, or nobody tells.
    IDLE = "free"
    RINGING = "ringing"
    BUSY = "busy"


@frozen
class LampChanged:
    """What the lamp of a number shows that an account watches."""

    account: int
    number: str  # As configured.
    lamp: Lamp
    reason: str = ""  # Why nobody tells, in words; "": nothing is wrong.
    detail: str = ""  # What exactly was wrong with what was told, for the log.


# Events to the outside: whoever makes sound takes them.
@frozen
class MediaChanged:
    """What a call's sound is from now on; the first of a call starts it."""

    call: int
    plan: MediaPlan


@frozen
class MediaEnded:
    """A call's sound is over."""

    call: int
