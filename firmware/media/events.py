"""The words between a call's packets and the world around them."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING

from firmware.frozen import frozen
from firmware.media.dtmf import DigitEnded, DigitStarted
from firmware.media.plan import Endpoint, MediaPlan
from firmware.media.quality import Quality
from firmware.media.tone_table import ToneKind

if TYPE_CHECKING:
    from firmware.media.interfaces import Encoder, JitterBuffer, Samples
    from firmware.media.jitter_counts import JitterStatistics


# In.
@frozen
class PacketReceived:
    """A datagram came, on the call's port or on the one above it, which is for RTCP."""

    data: bytes
    source: Endpoint
    on_rtcp_port: bool = False


@frozen
class SendFrame:
    """One frame of the microphone, when its time has come."""

    frame: Samples


@frozen
class PressDigit:
    """Send a digit, in place of sound, until `ReleaseDigit`."""

    digit: str


@frozen
class ReleaseDigit:
    """The key is up."""


@frozen
class SendDigit:
    """Send a digit of the usual length after those that wait."""

    digit: str


@frozen
class SendSilence:
    """In place of a frame, a description of the background (RFC 3389), or nothing at all."""

    description: bytes


@frozen
class ChangePlan:
    """Go on with another plan: held, moved, other keys or another codec."""

    plan: MediaPlan
    encoder: Encoder
    buffer: JitterBuffer


@frozen
class LeaveMedia:
    """Say BYE; nothing is sent or heard afterwards."""


# Out, besides `DigitStarted` and `DigitEnded` of `dtmf.py`.
@frozen
class SendPacket:
    """Write a datagram, from the call's port or from the one above it."""

    data: bytes
    to: Endpoint
    from_rtcp_port: bool = False


@frozen
class QualityMeasured:
    """How well the call goes, and what its buffer has met so far; after each report of ours."""

    quality: Quality
    buffer: JitterStatistics


@frozen
class FarEndSilent:
    """Nothing has come for so long, neither sound nor reports: it may be gone (lesson 30)."""

    since: float


@frozen
class FarEndHeard:
    """Something comes again."""


@frozen
class SoundBegun:
    """The first sound of a far end is there: a voice, an announcement, its own ringing."""


@frozen
class FarEndLeft:
    """The far end's BYE of RTCP; the call's own end is SIP's to tell."""


@frozen
class WrongKey:
    """What comes cannot be decrypted: the two ends have different keys."""


# Between the sound of all calls and the phone; a call is named by the agent's number.
@frozen
class PlayTone:
    """Let the person hear a tone until another, or None, is asked for."""

    kind: ToneKind | None


@frozen
class MuteMicrophone:
    """Send silence in place of what is said here; or no longer."""

    muted: bool


@frozen
class HushCall:
    """Let a call neither hear this room nor be heard; or no longer."""

    call: int
    hushed: bool


@frozen
class SetVolume:
    """How loud the person hears: by so many steps of 3 dB more or less than is usual."""

    steps: int


class AudioMode(Enum):
    """By which the person hears and speaks."""

    HANDSET = "handset"
    HEADSET = "headset"
    HANDS_FREE = "hands-free"


@frozen
class UseAudio:
    """Let the person hear and speak that way from now on."""

    mode: AudioMode


@frozen
class SayDigit:
    """Send a digit in a call: as an event where the far end takes events, else as sound."""

    call: int
    digit: str


@frozen
class SoundReport:
    """Something that a call's sound has to tell."""

    call: int
    fact: SoundFact


@frozen
class SoundFault:
    """What is wrong with the sound in words, "" while nothing is; of a call, or of the card (0)."""

    call: int
    text: str


SoundFact = (
    QualityMeasured
    | SoundBegun
    | FarEndSilent
    | FarEndHeard
    | FarEndLeft
    | WrongKey
    | DigitStarted
    | DigitEnded
)
