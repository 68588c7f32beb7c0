"""The codecs of this phone as session descriptions and configuration name them.

`sip customized codec` names codecs by payload type: 0 and 8 are G.711, 9 is G.722 (RFC 3551 6);
a dynamic number, 96-127, is Opus (RFC 7587), and that number stands for it in our offers. Codecs
of other phones in such a list are passed over.
"""

from __future__ import annotations

from firmware.frozen import frozen

OPUS_PAYLOAD_TYPE = 107

DYNAMIC = range(96, 128)

PTIME_MS_MIN = 10

EVENT = "TELEPHONE-EVENT"
"""RFC 4733."""

EVENT_PAYLOAD_TYPES = {8000: 101, 48000: 102}
"""What our offers call digits, by the clock of the codec beside them (RFC 4733 2.1)."""

COMFORT_NOISE = 13
"""RFC 3389: the static payload type, of a clock of 8000."""

COMFORT_NOISE_LINE = ("rtpmap", f"{COMFORT_NOISE} CN/8000")


@frozen
class Codec:
    """A codec as SDP names it (RFC 3551 table 4, RFC 7587 7)."""

    name: str
    clock_rate: int
    sample_rate: int
    channels: int  # Of rtpmap; this phone has one ear.
    ptimes_ms: tuple[int, ...]  # What one packet may hold.
    parameters: str = ""  # What our fmtp says.

    @property
    def encoding(self) -> str:
        """The value of rtpmap (RFC 8866 6.6)."""
        tail = f"/{self.channels}" if self.channels > 1 else ""
        return f"{self.name}/{self.clock_rate}{tail}"

    def ptime_ms(self, wanted_ms: int) -> int:
        """Return the longest packet of this codec that is not longer than what is wanted."""
        return max((ms for ms in self.ptimes_ms if ms <= wanted_ms), default=PTIME_MS_MIN)


_EVERY_TEN = (10, 20, 30, 40, 50, 60)

OPUS = Codec("opus", 48000, 48000, 2, (10, 20, 40, 60), "useinbandfec=1")
G722 = Codec("G722", 8000, 16000, 1, _EVERY_TEN)
PCMU = Codec("PCMU", 8000, 8000, 1, _EVERY_TEN)
PCMA = Codec("PCMA", 8000, 8000, 1, _EVERY_TEN)

CODECS = (OPUS, G722, PCMU, PCMA)
"""All of them, the best first."""

BY_ENCODING = {codec.encoding.upper(): codec for codec in CODECS}

STATIC = {0: PCMU, 8: PCMA, 9: G722}


@frozen
class CodecChoice:
    """One codec of the administrator's list."""

    codec: Codec
    payload_type: int
    ptime_ms: int = 20
    silence_suppression: bool = False


DEFAULT_CHOICES = (
    CodecChoice(OPUS, OPUS_PAYLOAD_TYPE),
    CodecChoice(G722, 9),
    CodecChoice(PCMU, 0),
    CodecChoice(PCMA, 8),
)


def read_choices(text: str, *, silence_suppression: bool = False) -> tuple[CodecChoice, ...]:
    """Read `payload=9;ptime=20;silsupp=off,payload=8`; a codec counts once, by its first place.

    `silence_suppression` holds for those codecs that say nothing of it.
    """
    usual = "on" if silence_suppression else "off"
    found: dict[str, CodecChoice] = {}
    for part in text.split(",") if text else ():
        values = dict(word.split("=", 1) for word in part.split(";"))
        number = int(values["payload"])
        codec = OPUS if number in DYNAMIC else STATIC.get(number)
        if codec is not None:
            ptime_ms = codec.ptime_ms(int(values.get("ptime", "20")))
            silent = values.get("silsupp", usual) == "on"
            found.setdefault(codec.name, CodecChoice(codec, number, ptime_ms, silent))
    return tuple(found.values()) or default_choices(silence_suppression=silence_suppression)


def default_choices(*, silence_suppression: bool) -> tuple[CodecChoice, ...]:
    """Return the usual codecs."""
    return tuple(
        CodecChoice(choice.codec, choice.payload_type, choice.ptime_ms, silence_suppression)
        for choice in DEFAULT_CHOICES
    )
