"""Whole sounds through two phones' voices: every codec, every key, digits, hold, mute, tones."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import product
from random import Random

import numpy as np
import pytest

from firmware.media.dtmf import DigitStarted
from firmware.media.events import (
    FarEndLeft,
    FarEndSilent,
    HushCall,
    MuteMicrophone,
    PacketReceived,
    PlayTone,
    QualityMeasured,
    SayDigit,
    SendPacket,
    SetVolume,
    SoundBegun,
    SoundReport,
)
from firmware.media.formats import CODECS, G722, OPUS, PCMA, PCMU, Codec
from firmware.media.plan import Direction, Endpoint, Format, MediaPlan
from firmware.media.resample import Resampler
from firmware.media.sdes import Suite
from firmware.media.tone_table import ToneKind
from firmware.media.voices import Said, Voices
from tests.unit.media.ends import HERE, PLAN, THERE, key, mirrored
from tests.unit.media.sounds import Samples, frames, level, noise, pitch, sine

RATE = 48_000
FRAME = 960
CALL = 7
SETTLED = 25
"""Frames until a buffer has filled and a codec has found its feet."""


def plan_of(codec: Codec, ptime_ms: int = 20, **more: object) -> MediaPlan:
    form = Format(96 if codec is OPUS else 0, codec)
    plan = replace(PLAN, sends=form, receives=(form,), ptime_ms=ptime_ms)
    return replace(plan, **more)  # type: ignore[arg-type] # a test's own words


class Phones:
    """Two phones with one call, joined by a wire that takes no time."""

    def __init__(self, plan: MediaPlan) -> None:
        self.now = 100.0
        self.here, self.there = (Voices(RATE, "Germany", Random(seed)) for seed in (1, 2))
        self.told: list[SoundReport] = []  # On the far side.
        self.cut = False
        self.here.agreed(CALL, plan, self.now)
        self.there.agreed(CALL, mirrored(plan), self.now)

    def change(self, plan: MediaPlan) -> None:
        self.here.agreed(CALL, plan, self.now)
        self.there.agreed(CALL, mirrored(plan), self.now)

    def say(self, sound: Samples, seconds: float | None = None) -> tuple[Samples, Samples]:
        """Speak here; return what is heard there, and here."""
        count = len(sound) // FRAME if seconds is None else round(seconds / 0.02)
        spoken: Iterator[Samples] = iter(frames(sound, FRAME))
        heard: tuple[list[bytes], list[bytes]] = [], []
        silence = np.zeros(FRAME, np.int16)
        for _ in range(count):
            self.now += 0.02
            played, out = self.here.exchange(next(spoken, silence).tobytes(), self.now)
            heard[1].append(played)
            self._carry(out + self.here.wake(self.now), self.there, HERE)
            played, out = self.there.exchange(silence.tobytes(), self.now)
            heard[0].append(played)
            self.told += self._carry(out + self.there.wake(self.now), self.here, THERE)
        there, here = (np.frombuffer(b"".join(one), np.int16) for one in heard)
        return there, here

    def _carry(self, said: Said, to: Voices, source: Endpoint) -> list[SoundReport]:
        told = []
        for item in said:
            if isinstance(item, SoundReport):
                told.append(item)
            elif not self.cut:
                self.told += self._arrive(item[1], to, source)
        return told

    def _arrive(self, packet: SendPacket, to: Voices, source: Endpoint) -> list[SoundReport]:
        event = PacketReceived(packet.data, source, packet.from_rtcp_port)
        return [
            item for item in to.received(CALL, event, self.now) if isinstance(item, SoundReport)
        ]

    def facts(self, kind: type) -> list[object]:
        return [report.fact for report in self.told if isinstance(report.fact, kind)]


def settled(sound: Samples) -> Samples:
    return sound[SETTLED * FRAME :]


@pytest.mark.parametrize(("codec", "ptime_ms"), [*product(CODECS, (10, 20, 40)), (PCMU, 60)])
def test_what_is_said_is_heard(codec: Codec, ptime_ms: int) -> None:
    heard, _ = Phones(plan_of(codec, ptime_ms)).say(sine(440, RATE, 2.0))
    assert pitch(settled(heard), RATE) == pytest.approx(440, abs=1)
    assert level(settled(heard)) == pytest.approx(level(sine(440, RATE)), abs=1.5)


@pytest.mark.parametrize("suite", Suite)
def test_under_every_key(suite: Suite) -> None:
    plan = plan_of(PCMA, key_out=key(1, suite), key_in=key(2, suite))
    heard, _ = Phones(plan).say(sine(440, RATE, 1.0))
    assert pitch(settled(heard), RATE) == pytest.approx(440, abs=1)


def test_without_keys() -> None:
    heard, _ = Phones(plan_of(PCMA, key_out=None, key_in=None)).say(sine(440, RATE, 1.0))
    assert pitch(settled(heard), RATE) == pytest.approx(440, abs=1)


@pytest.mark.parametrize("codec", [PCMA, G722])
def test_silence_is_described_and_words_come_whole(codec: Codec) -> None:
    room = noise(RATE, 6, 40)
    words = room.copy()
    words[2 * RATE : 3 * RATE] = sine(440, RATE, 1)
    plan = plan_of(codec, silence_suppression=True, comfort_noise=True)
    phones, phrased = Phones(plan), Phones(plan_of(codec))
    heard, _ = phones.say(words)
    phrased.say(words)
    sent, whole = (each.here._calls[CALL]._session._sender.packets for each in (phones, phrased))
    assert whole == 300
    assert 60 < sent < 110  # A second of words, what hangs over, and a description a second.
    word = heard[int(2.3 * RATE) : int(2.9 * RATE)]
    assert pitch(word, RATE) == pytest.approx(440, abs=1)
    assert level(word) == pytest.approx(level(sine(440, RATE)), abs=1)
    background = heard[int(4.5 * RATE) : int(5.8 * RATE)]
    low = Resampler(RATE, codec.sample_rate).process(room[:RATE])  # What the codec can hear of it.
    assert level(background) == pytest.approx(level(low), abs=3)


@pytest.mark.parametrize("more", [{"silence_suppression": True}, {"comfort_noise": True}])
def test_silence_is_sent_where_only_one_end_would_suppress_it(more: dict[str, bool]) -> None:
    phones = Phones(plan_of(PCMA, **more))
    phones.say(noise(RATE, 2, 40))
    assert phones.here._calls[CALL]._session._sender.packets == 100


def test_one_buffer_serves_codecs_of_several_rates() -> None:
    """The far end may send any codec that it was offered (RFC 3264 6.1)."""
    offered = (Format(9, G722), Format(0, PCMU), Format(96, OPUS))
    for sends in offered:
        plan = replace(PLAN, sends=sends, receives=(sends,))
        phones = Phones(plan)
        phones.there.agreed(CALL, replace(mirrored(plan), receives=offered), phones.now)
        heard, _ = phones.say(sine(440, RATE, 1.0))
        assert pitch(settled(heard), RATE) == pytest.approx(440, abs=1), sends


@pytest.mark.parametrize("length", [1, 37, 159, 161, 1000])
def test_odd_payloads_are_no_trouble(length: int) -> None:
    offered = (Format(9, G722), Format(0, PCMU))
    plan = replace(plan_of(PCMU, key_out=None, key_in=None), receives=offered)
    voices = Voices(RATE, "US", Random(1))
    voices.agreed(CALL, plan, 0.0)
    for number in range(50):
        head = bytes((0x80, number % 2 * 9)) + number.to_bytes(2, "big")
        data = head + (number * 160).to_bytes(4, "big") + b"SSRC" + bytes(length)
        voices.received(CALL, PacketReceived(data, THERE), number * 0.02)
        played, _ = voices.exchange(bytes(2 * FRAME), number * 0.02)
        assert len(played) == 2 * FRAME


def test_a_codec_can_change_during_the_call() -> None:
    phones = Phones(plan_of(PCMU))
    phones.say(sine(440, RATE, 0.6))
    phones.change(plan_of(OPUS))
    heard, _ = phones.say(sine(660, RATE, 1.2))
    assert pitch(settled(heard), RATE) == pytest.approx(660, abs=1)


def test_muted_is_silent_to_the_last_sample() -> None:
    phones = Phones(plan_of(PCMU))
    phones.say(sine(440, RATE, 0.6))
    phones.here.wish(MuteMicrophone(True), 0.0)
    phones.say(sine(440, RATE, 0.4))
    heard, _ = phones.say(sine(440, RATE, 0.4))
    assert not heard.any()
    phones.here.wish(MuteMicrophone(False), 0.0)
    heard, _ = phones.say(sine(440, RATE, 1.0))
    assert level(settled(heard)) > -20


def test_the_next_call_does_not_begin_mute() -> None:
    phones = Phones(plan_of(PCMU))
    phones.here.wish(MuteMicrophone(True), 0.0)
    phones.here.over(CALL, phones.now)
    phones.here.agreed(CALL, plan_of(PCMU), phones.now)
    heard, _ = phones.say(sine(440, RATE, 1.0))
    assert level(settled(heard)) > -20


def test_a_held_far_end_hears_nothing_of_the_room() -> None:
    phones = Phones(plan_of(PCMU))
    phones.say(sine(440, RATE, 0.6))
    phones.change(plan_of(PCMU, direction=Direction.SENDONLY))
    phones.say(sine(440, RATE, 0.4))
    heard, here = phones.say(sine(440, RATE, 0.4))
    assert np.abs(heard).max() < 10
    assert not here.any(), "nor is it heard"
    phones.change(plan_of(PCMU))
    heard, _ = phones.say(sine(440, RATE, 1.0))
    assert level(settled(heard)) > -20


def test_volume_is_the_earpieces_alone() -> None:
    phones = Phones(plan_of(PCMU))
    before, _ = phones.say(sine(440, RATE, 1.0))
    phones.there.wish(SetVolume(-2), 0.0)
    after, _ = phones.say(sine(440, RATE, 1.0))
    assert level(settled(before)) - level(settled(after)) == pytest.approx(6, abs=0.2)


def test_volume_comes_on_top_of_what_the_way_in_use_needs() -> None:
    phones = Phones(plan_of(PCMU))

    def loudness() -> float:
        heard, _ = phones.say(sine(440, RATE, 1.0))
        return level(settled(heard))

    plain = loudness()
    phones.there.use(0.0, 6.0)
    assert loudness() - plain == pytest.approx(6, abs=0.2)
    phones.there.wish(SetVolume(-3), 0.0)
    assert loudness() - plain == pytest.approx(-3, abs=0.2)
    phones.there.use(0.0, 0.0)
    assert loudness() - plain == pytest.approx(-9, abs=0.2)
    phones.there.wish(SetVolume(-1), 0.0)
    assert loudness() - plain == pytest.approx(-3, abs=0.2)
    phones.here.use(-6.0, 0.0)  # The microphone's gain,
    assert loudness() - plain == pytest.approx(-9, abs=0.2)
    phones.here.wish(MuteMicrophone(True), 0.0)
    phones.here.use(0.0, 0.0)
    assert loudness() < -60, "and a microphone that is off stays off"


@pytest.mark.parametrize("codec", [PCMU, OPUS])
def test_digits_are_heard_as_events_and_not_as_sound(codec: Codec) -> None:
    clock = codec.clock_rate
    phones = Phones(plan_of(codec, events_out=101, events_in=((101, clock),)))
    phones.say(sine(0, RATE, 0.6))
    for digit in "42#":
        phones.here.wish(SayDigit(CALL, digit), phones.now)
    heard, _ = phones.say(sine(0, RATE, 1.0))
    digits = [fact.digit for fact in phones.facts(DigitStarted) if isinstance(fact, DigitStarted)]
    assert digits == list("42#")
    assert level(heard) < -60


def test_digits_are_sound_where_the_far_end_takes_no_events() -> None:
    phones = Phones(plan_of(PCMU, events_out=None, events_in=()))
    phones.say(sine(0, RATE, 0.6))
    phones.here.wish(SayDigit(CALL, "5"), phones.now)
    heard, _ = phones.say(sine(0, RATE, 0.4))
    power = np.abs(np.fft.rfft(heard)) ** 2
    hertz = np.fft.rfftfreq(len(heard), 1 / RATE)
    near = [power[abs(hertz - tone) < 40].sum() / power.sum() for tone in (770, 1336)]
    assert sum(near) > 0.9
    assert min(near) > 0.3


def test_digits_as_sound_are_heard_where_no_events_come() -> None:
    phones = Phones(plan_of(PCMU, events_out=None, events_in=()))
    phones.say(sine(0, RATE, 0.6))
    for digit in "42#":
        phones.here.wish(SayDigit(CALL, digit), phones.now)
    phones.say(sine(0, RATE, 1.5))
    digits = [fact.digit for fact in phones.facts(DigitStarted) if isinstance(fact, DigitStarted)]
    assert digits == list("42#")


def test_a_digit_of_a_call_that_is_over_goes_nowhere() -> None:
    plan = plan_of(PCMU, events_out=101, events_in=((101, 8000),))
    phones = Phones(plan)
    phones.here.over(CALL, phones.now)
    assert phones.here.wish(SayDigit(CALL, "1"), phones.now) == []
    phones.change(plan)
    phones.say(sine(0, RATE, 0.6))
    assert not phones.facts(DigitStarted), "nor into the next call"


def test_a_tone_is_that_of_the_country_and_ends_when_told() -> None:
    voices = Voices(RATE, "Germany", Random(1))
    assert voices.is_idle
    voices.wish(PlayTone(ToneKind.DIAL), 0.0)
    assert not voices.is_idle
    played = b"".join(voices.exchange(bytes(2 * FRAME), n * 0.02)[0] for n in range(50))
    assert pitch(np.frombuffer(played, np.int16), RATE) == pytest.approx(425, abs=1)
    voices.wish(PlayTone(None), 0.0)
    assert voices.is_idle
    assert not any(voices.exchange(bytes(2 * FRAME), 2.0)[0])


def test_a_tone_that_is_played_once_ends_by_itself() -> None:
    voices = Voices(RATE, "US", Random(1))
    voices.wish(PlayTone(ToneKind.CONFIRMATION), 0.0)
    for number in range(200):
        voices.exchange(bytes(2 * FRAME), number * 0.02)
    assert voices.is_idle


def test_two_calls_are_heard_at_once_without_a_clip() -> None:
    loud = replace(plan_of(PCMU), key_out=None, key_in=None)
    first, second = Phones(loud), Phones(loud)
    here = Voices(RATE, "US", Random(9))
    for call, phones in ((1, first), (2, second)):
        here.agreed(call, mirrored(loud), 100.0)
        phones.told.clear()
    played = []
    wave = frames(sine(440, RATE, 1.0, 32000), FRAME)
    for number, frame in enumerate(wave):
        now = 100.0 + number * 0.02
        for call, phones in ((1, first), (2, second)):
            _, out = phones.here.exchange(frame.tobytes(), now)
            for item in out:
                assert not isinstance(item, SoundReport)
                here.received(call, PacketReceived(item[1].data, HERE), now)
        played.append(here.exchange(bytes(2 * FRAME), now)[0])
    heard = settled(np.frombuffer(b"".join(played), np.int16))
    assert pitch(heard, RATE) == pytest.approx(440, abs=1)
    assert np.abs(np.diff(heard.astype(int))).max() < 8000, "bent, not cut"


def test_the_far_ends_silence_and_its_goodbye_are_told() -> None:
    phones = Phones(plan_of(PCMU))
    phones.say(sine(440, RATE, 1.0))
    phones.cut = True
    phones.say(sine(440, RATE), seconds=12.0)
    assert phones.facts(FarEndSilent)
    phones.cut = False
    for item in phones.here.over(CALL, phones.now):
        assert not isinstance(item, SoundReport)
        phones.told += phones._arrive(item[1], phones.there, HERE)
    assert phones.facts(FarEndLeft)
    assert phones.facts(QualityMeasured)


def test_packets_of_a_call_that_is_over_are_nobodys() -> None:
    voices = Voices(RATE, "US", Random(1))
    assert voices.received(CALL, PacketReceived(b"\x80", THERE), 0.0) == []
    assert voices.over(CALL, 0.0) == []


def test_who_is_hushed_neither_hears_the_room_nor_is_heard() -> None:
    """Whatever is agreed: without a link nobody can be told to wait."""
    phones = Phones(plan_of(PCMU))
    phones.say(sine(440, RATE, 0.6))
    phones.here.wish(HushCall(CALL, True), 0.0)
    there, _ = phones.say(sine(440, RATE))
    assert not there[SETTLED * FRAME :].any()
    voices = phones.there
    voices.wish(HushCall(CALL, True), 0.0)
    phones.here.wish(HushCall(CALL, False), 0.0)
    there, _ = phones.say(sine(440, RATE))
    assert not there.any()
    voices.wish(HushCall(CALL, False), 0.0)
    there, _ = phones.say(sine(440, RATE))
    assert there[SETTLED * FRAME :].any()


def test_a_call_that_is_over_leaves_no_hush_to_the_next() -> None:
    phones = Phones(plan_of(PCMU))
    phones.here.wish(HushCall(CALL, True), 0.0)
    for voices in (phones.here, phones.there):
        voices.over(CALL, phones.now)
    phones.here.wish(HushCall(CALL, True), 0.0)  # Too late.
    phones.change(plan_of(PCMU))
    there, _ = phones.say(sine(440, RATE))
    assert there[SETTLED * FRAME :].any()


def test_after_a_hold_nothing_of_before_it_is_heard() -> None:
    phones = Phones(plan_of(PCMU))
    phones.say(sine(440, RATE, 2.0))
    phones.change(plan_of(PCMU, direction=Direction.INACTIVE))
    phones.say(np.zeros(FRAME, np.int16), 1.0)
    phones.change(plan_of(PCMU))
    heard, _ = phones.say(np.zeros(FRAME, np.int16), 1.0)
    assert np.abs(heard).max() < 100


def test_the_first_sound_is_told_once_and_that_of_another_far_end_again() -> None:
    phones = Phones(plan_of(PCMU))
    phones.say(sine(440, RATE, 0.2))
    phones.say(sine(440, RATE, 0.2))
    assert len(phones.facts(SoundBegun)) == 2, "each end has heard the other"
    phones.there.over(CALL, phones.now)
    phones.there.agreed(CALL, mirrored(plan_of(PCMU)), phones.now)
    phones.say(sine(440, RATE, 0.2))
    assert len(phones.facts(SoundBegun)) == 4, "a new far end there, a new stream from it here"
