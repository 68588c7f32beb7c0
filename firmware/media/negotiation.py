"""Offer and answer (RFC 3264, RFC 4568 5) as functions of values.

Theory of operation
-------------------
    offer(wishes, ...)            what this phone would like
    answer(offered, wishes, ...)  what it takes of somebody else's offer, or why nothing
    agree(ours, theirs, wishes)   the plan, once each side has spoken

Both ends' descriptions are read by the same reader (`described.py`), ours too. So the plan follows
from what was said on the wire and from nothing else.

- Every media line is answered in its place; the first that can be used is taken, the others are
  refused with port 0 (RFC 3264 6).
- Of the common codecs the administrator's order decides. All of them are in the answer; the first
  is what this phone sends.
- `sip srtp mode` 2 takes and offers nothing without keys; 0 nothing with them. 1 offers RTP/AVP
  with keys, as baresip and linphone do: RTP/SAVP would be refused by phones without SRTP, and two
  lines for one sound are answered twice or not at all by many a gateway. Whoever refuses that with
  488 is offered RTP/SAVP once (`agent/media.py`). Whatever the mode, an
  answer says the protocol of its offer, and keys may stand beside RTP/AVP too.
- Who offers the key that is in use keeps it; with another key ours changes also, as the far end
  forgets its roll-over counter with the old one.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from enum import IntEnum

from firmware.frozen import frozen
from firmware.media.described import Audio, is_audio, read_audio
from firmware.media.errors import MediaError
from firmware.media.formats import (
    COMFORT_NOISE,
    COMFORT_NOISE_LINE,
    EVENT,
    EVENT_PAYLOAD_TYPES,
    CodecChoice,
)
from firmware.media.plan import Direction, Format, MediaPlan
from firmware.media.sdes import Crypto, MasterKey, SecretSource, Suite
from firmware.sip.sdp import DIRECTIONS, Attributes, Media, SessionDescription

DIGITS = "0-15"
"""The events that are taken: digits, star, pound, A to D (RFC 4733 3.2)."""


class SrtpMode(IntEnum):
    """`sip srtp mode`."""

    OFF = 0
    PREFERRED = 1
    ONLY = 2


@frozen
class MediaWishes:
    """What this phone would like for one call."""

    port: int
    codecs: tuple[CodecChoice, ...]
    srtp: SrtpMode
    digit_events: bool = True  # Digits as events (RFC 4733) beside the sound.

    def choice(self, format_: Format) -> CodecChoice | None:
        """Return the administrator's choice of a codec."""
        return next((c for c in self.codecs if c.codec.name == format_.codec.name), None)


class NoAgreementError(MediaError):
    """The two ends have nothing in common; the text says what, `warning` is RFC 3261 20.43's."""

    def __init__(self, text: str, warning: int) -> None:
        super().__init__(text)
        self.text = text
        self.warning = warning


def make_cryptos(secret: SecretSource) -> tuple[Crypto, ...]:
    """Return a new key for every suite, to be offered."""
    return tuple(
        Crypto(tag, MasterKey.make(suite, secret)) for tag, suite in enumerate(Suite, start=1)
    )


def offer(
    wishes: MediaWishes, host: str, cryptos: tuple[Crypto, ...], direction: Direction
) -> SessionDescription:
    """Return our offer; `cryptos` are ignored where there shall be none."""
    formats = [Format(c.payload_type, c.codec, c.codec.parameters) for c in wishes.codecs]
    taken = {each.payload_type for each in formats}
    clocks = {each.codec.clock_rate for each in formats}
    events = [(n, rate) for rate, n in EVENT_PAYLOAD_TYPES.items() if rate in clocks]
    events = [(n, rate) for n, rate in events if n not in taken and wishes.digit_events]
    protocol = "RTP/SAVP" if wishes.srtp is SrtpMode.ONLY else "RTP/AVP"
    silences = any(choice.silence_suppression for choice in wishes.codecs)
    attributes = (
        *_crypto_lines(cryptos if wishes.srtp is not SrtpMode.OFF else ()),
        *_format_lines(formats, events),
        *((COMFORT_NOISE_LINE,) if silences else ()),
        ("ptime", str(wishes.codecs[0].ptime_ms)),
        ("rtcp-mux", ""),
        (direction.value, ""),
    )
    numbers = _numbers(formats, events, comfort_noise=silences)
    media = Media("audio", wishes.port, protocol, numbers, attributes=attributes)
    return SessionDescription(host, media=(media,))


def answer(
    offered: SessionDescription,
    wishes: MediaWishes,
    host: str,
    direction: Direction,
    current: MediaPlan | None,
    secret: SecretSource,
) -> SessionDescription:
    """Return our answer: every media line in its place, one of them taken (RFC 3264 6)."""
    place, far = _choose(offered, wishes)
    crypto = _choose_crypto(far, wishes, current)
    ours = Crypto(crypto.tag, _own_key(crypto.key, current, secret)) if crypto else None
    line = _answer_line(offered.media[place], far, wishes, ours, direction)
    lines = tuple(
        line if number == place else Media(media.kind, 0, media.protocol, media.formats)
        for number, media in enumerate(offered.media)
    )
    times = tuple(line for line in offered.others if line.startswith("t="))
    return SessionDescription(host, media=lines, others=times)


def turned(ours: SessionDescription, direction: Direction) -> SessionDescription:
    """Return what we said with another direction."""
    place = live_line(ours)
    media = ours.media[place]
    kept = [(name, value) for name, value in media.attributes if name not in DIRECTIONS]
    line = replace(media, attributes=(*kept, (direction.value, "")))
    return replace(ours, media=(*ours.media[:place], line, *ours.media[place + 1 :]))


def live_line(ours: SessionDescription) -> int:
    """Return the place of the one line of ours that is not refused."""
    return next(number for number, media in enumerate(ours.media) if media.port)


def agree(
    ours: SessionDescription,
    theirs: SessionDescription,
    wishes: MediaWishes,
    *,
    we_answered: bool,
) -> MediaPlan:
    """Return what follows from both ends' words; `NoAgreementError` where nothing does."""
    place = live_line(ours)
    line = ours.media[place]
    here = read_audio(ours, line)
    assert here is not None, "our own line is good"
    there = _line(theirs, place)
    both = _common(there, here)
    if not both:
        raise NoAgreementError("no common codec", 305)
    order = [each.codec.name for each in (here if we_answered else there).formats]
    first = min(both, key=lambda each: order.index(each.codec.name))
    choice = wishes.choice(first)
    assert choice is not None, "only what is wished for is common"
    crypto_out, crypto_in = _agreed_cryptos(here, there, wishes)
    return MediaPlan(
        local_port=line.port,
        remote=there.remote,
        remote_rtcp=there.rtcp,
        rtcp_mux=here.rtcp_mux and there.rtcp_mux,
        sends=first,
        receives=tuple(_common(here, there)),
        ptime_ms=_ptime_ms(there, choice),
        direction=_agreed_direction(here, there),
        silence_suppression=choice.silence_suppression,
        comfort_noise=here.comfort_noise and there.comfort_noise,
        events_out=there.events_of(first.codec.clock_rate) if wishes.digit_events else None,
        events_in=here.events,
        key_out=crypto_out,
        key_in=crypto_in,
    )


# Choosing from an offer.


def _choose(offered: SessionDescription, wishes: MediaWishes) -> tuple[int, Audio]:
    """Return the place of the line to take; encrypted before plain, then the first."""
    problem = NoAgreementError("no sound is offered", 304)
    usable: list[tuple[int, Audio]] = []
    for place, media in enumerate(offered.media):
        if not is_audio(media):
            continue
        try:
            usable.append((place, _usable(offered, media, wishes)))
        except NoAgreementError as error:
            problem = error
    if not usable:
        raise problem
    if wishes.srtp is SrtpMode.PREFERRED:
        return min(usable, key=lambda item: not item[1].cryptos)
    return usable[0]


def _usable(offered: SessionDescription, media: Media, wishes: MediaWishes) -> Audio:
    audio = read_audio(offered, media)
    if audio is None:
        raise NoAgreementError("the address for sound cannot be used", 301)
    if audio.is_secure and wishes.srtp is SrtpMode.OFF:
        raise NoAgreementError("encrypted sound is switched off here", 302)
    if audio.is_secure and not audio.cryptos:
        raise NoAgreementError("no common encryption", 302)
    if wishes.srtp is SrtpMode.ONLY and not audio.cryptos:
        raise NoAgreementError("only encrypted sound is taken here", 302)
    if not any(wishes.choice(each) for each in audio.formats):
        raise NoAgreementError("no common codec", 305)
    return audio


def _choose_crypto(far: Audio, wishes: MediaWishes, current: MediaPlan | None) -> Crypto | None:
    """Return the first line of keys, but the one in use where it is offered again."""
    if wishes.srtp is SrtpMode.OFF or not far.cryptos:
        return None
    in_use = current.key_in if current else None
    return next((crypto for crypto in far.cryptos if crypto.key == in_use), far.cryptos[0])


def _own_key(theirs: MasterKey, current: MediaPlan | None, secret: SecretSource) -> MasterKey:
    if current is not None and current.key_out is not None and current.key_in == theirs:
        return current.key_out
    return MasterKey.make(theirs.suite, secret)


def _answer_line(
    media: Media, far: Audio, wishes: MediaWishes, crypto: Crypto | None, wanted: Direction
) -> Media:
    order = [choice.codec.name for choice in wishes.codecs]
    formats = [each for each in far.formats if wishes.choice(each)]
    formats.sort(key=lambda each: order.index(each.codec.name))
    clocks = {each.codec.clock_rate for each in formats}
    events = [(n, rate) for n, rate in far.events if rate in clocks and wishes.digit_events]
    said = [Format(each.payload_type, each.codec, each.codec.parameters) for each in formats]
    choice = wishes.choice(formats[0])
    assert choice is not None, "only what is wished for is common"
    attributes = (
        *_crypto_lines([crypto] if crypto else []),
        *_format_lines(said, events),
        *((COMFORT_NOISE_LINE,) if far.comfort_noise else ()),
        ("ptime", str(_ptime_ms(far, choice))),
        *((("rtcp-mux", ""),) if far.rtcp_mux else ()),
        (_answer_direction(far, wanted).value, ""),
    )
    numbers = _numbers(formats, events, comfort_noise=far.comfort_noise)
    return Media("audio", wishes.port, media.protocol, numbers, attributes=attributes)


def _answer_direction(far: Audio, wanted: Direction) -> Direction:
    """RFC 3264 6.1: send only to who receives, receive only from who sends."""
    return Direction.of(
        sends=wanted.sends and far.direction.receives and far.is_reachable,
        receives=wanted.receives and far.direction.sends,
    )


# What follows from an offer and its answer.


def _line(theirs: SessionDescription, place: int) -> Audio:
    media = theirs.media[place] if place < len(theirs.media) else None
    if media is None or not is_audio(media):
        raise NoAgreementError("no common media", 304)
    audio = read_audio(theirs, media)
    if audio is None:
        raise NoAgreementError("the address for sound cannot be used", 301)
    return audio


def _common(these: Audio, those: Audio) -> list[Format]:
    """Return these formats in their order, those that the other end knows too."""
    names = {each.codec.name for each in those.formats}
    return [each for each in these.formats if each.codec.name in names]


def _agreed_cryptos(
    here: Audio, there: Audio, wishes: MediaWishes
) -> tuple[MasterKey | None, MasterKey | None]:
    """Return our key and theirs: one tag and one suite on both sides, or none on either."""
    if here.cryptos and not there.has_crypto and wishes.srtp is SrtpMode.ONLY:
        raise NoAgreementError("the far end does not encrypt", 302)
    if not here.cryptos or not there.has_crypto:
        if there.is_secure:
            raise NoAgreementError("no common encryption", 302)
        return None, None
    ours = {crypto.tag: crypto.key for crypto in here.cryptos}
    for crypto in there.cryptos:
        key = ours.get(crypto.tag)
        if key is not None and key.suite is crypto.key.suite:
            return key, crypto.key
    raise NoAgreementError("no common encryption", 302)


def _agreed_direction(here: Audio, there: Audio) -> Direction:
    return Direction.of(
        sends=here.direction.sends and there.direction.receives and there.is_reachable,
        receives=here.direction.receives and there.direction.sends,
    )


def _ptime_ms(far: Audio, choice: CodecChoice) -> int:
    """Return the length of our packets: what the far end asks for, else the administrator's."""
    wanted_ms = far.ptime_ms or choice.ptime_ms
    return choice.codec.ptime_ms(min(wanted_ms, far.maxptime_ms or wanted_ms))


# Lines of a description.


def _crypto_lines(cryptos: Iterable[Crypto]) -> Attributes:
    return tuple(("crypto", crypto.to_sdp()) for crypto in cryptos)


def _numbers(
    formats: Iterable[Format], events: Iterable[tuple[int, int]], *, comfort_noise: bool
) -> tuple[str, ...]:
    """Return the payload types of a line: codecs, digits, comfort noise."""
    numbers = [each.payload_type for each in formats] + [number for number, _ in events]
    return tuple(map(str, numbers + [COMFORT_NOISE] * comfort_noise))


def _format_lines(formats: Iterable[Format], events: Iterable[tuple[int, int]]) -> Attributes:
    lines: list[tuple[str, str]] = []
    for each in formats:
        lines.append(("rtpmap", f"{each.payload_type} {each.codec.encoding}"))
        if each.parameters:
            lines.append(("fmtp", f"{each.payload_type} {each.parameters}"))
    for number, rate in events:
        lines.append(("rtpmap", f"{number} {EVENT.lower()}/{rate}"))
        lines.append(("fmtp", f"{number} {DIGITS}"))
    return tuple(lines)
