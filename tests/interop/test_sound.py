"""Calls that are heard: baresip says a tone or speaks, the phone plays it on PipeWire's sound card,
its microphone hears the earpiece, and baresip records what comes back.

Speech is scored by PESQ, from 1 to 4.5. It passed two encoders, two jitter buffers and the card:
RESULTS.md of the benchmarks says what was measured.
"""

from __future__ import annotations

import time
import wave
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from firmware.media.resample import Resampler
from tests.interop.accounts import DOMAIN
from tests.interop.baresip import Baresip, write_sound
from tests.interop.conftest import Trust, phone_with_card
from tests.interop.kamailio import Kamailio
from tests.interop.parties import registered
from tests.interop.phone import Phone
from tests.lab.sound import SoundServer
from tests.lab.sounder import RATE, Sounder
from tests.unit.media.sounds import Samples, frames, level, pitch, speech

TONE_HZ = 440
TALK_S = 3.0
SETTLED_S = 1.5
"""Two jitter buffers have filled by then."""

WORDS = "The birch canoe slid on the smooth planks. Glue the sheet to the dark blue background."

SCORE_MIN = 1.8
"""Far below what is measured; other words have 1.0, noise has up to 1.7."""

TRIES_MAX = 3
"""A busy machine loses frames, which never makes a score better."""

AFTER_S = 1.0
"""On its way there and back."""

FILE_RATE = 48000

CODECS = {
    "opus": "opus/48000/2",
    "G722": "G722/16000/1",
    "PCMU": "PCMU/8000/1",
    "PCMA": "PCMA/8000/1",
}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SoundServer]:
    with SoundServer(tmp_path_factory.mktemp("sound")) as server:
        yield server


@pytest.fixture
def phone(tmp_path: Path, trust: Trust, kamailio: Kamailio, server: SoundServer) -> Iterator[Phone]:
    with phone_with_card(tmp_path / "phone", trust, kamailio, server) as phone:
        phone.wait_registered()
        yield phone


@pytest.fixture
def peer(tmp_path: Path, trust: Trust, kamailio: Kamailio, codec: str) -> Iterator[Baresip]:
    """Who says a tone in the codec of the test."""
    with Baresip(
        tmp_path / "baresip",
        trust.file,
        (kamailio.host, kamailio.port),
        codecs=CODECS[codec],
        tone_hz=TONE_HZ,
        encryption="srtp-mand",
    ) as peer:
        yield peer


def called(phone: Phone, peer: Baresip) -> float:
    """Have baresip call, and the phone answer; return since when."""
    at = time.time()
    peer.dial(f"sip:alice@{DOMAIN}")
    phone.wait_for("incoming", since=at)
    phone.send("answer")
    peer.wait_for("CALL_ESTABLISHED", at)
    return at


def recorded(peer: Baresip, after_s: float) -> tuple[np.ndarray[Any, np.dtype[np.int16]], int]:
    """Return what it heard from that moment of its recording on, and the rate."""
    with wave.open(str(peer.heard_sound())) as file:
        rate = file.getframerate()
        sound = np.frombuffer(file.readframes(file.getnframes()), np.int16)
        return sound[:: file.getnchannels()][round(after_s * rate) :], rate


@pytest.mark.parametrize("codec", CODECS)
def test_a_tone_comes_back_through_the_phones_sound_card(
    phone: Phone, peer: Baresip, codec: str
) -> None:
    at = called(phone, peer)
    media = phone.wait_for("media", since=at)
    assert media["codec"] == codec
    assert media["encrypted"]
    time.sleep(TALK_S)
    peer.hang_up()
    phone.wait_for("ended", since=at)
    assert not phone.events("sound_fault", at)
    sound, rate = recorded(peer, SETTLED_S)
    assert pitch(sound, rate) == pytest.approx(TONE_HZ, abs=2)
    assert level(sound) > -40


@pytest.mark.parametrize("codec", ["PCMU", "opus"])
def test_speech_comes_back_as_it_was_said(tmp_path: Path, phone: Phone, peer: Baresip) -> None:
    said = speech(FILE_RATE, WORDS)
    file = tmp_path / "speech.wav"
    write_sound(file, said, FILE_RATE)
    scores = (score_of_a_call(phone, peer, file, said) for _ in range(TRIES_MAX))
    assert any(score > SCORE_MIN for score in scores)


def score_of_a_call(phone: Phone, peer: Baresip, file: Path, said: Samples) -> float:
    """Have baresip call and speak; return how well that comes back."""
    at = called(phone, peer)
    time.sleep(SETTLED_S)
    peer.play(file)
    time.sleep(len(said) / FILE_RATE + AFTER_S)
    peer.hang_up()
    phone.wait_for("ended", since=at)
    return scored(said, *recorded(peer, 0.0))


def scored(said: Samples, heard: Samples, rate: int) -> float:
    """Return PESQ of what was heard, from where it fits best, in the band of a telephone."""
    from pesq import pesq

    original, arrived = at_rate(said, FILE_RATE, RATE), at_rate(heard, rate, RATE)
    size = 1 << (len(original) + len(arrived)).bit_length()
    spectra = (np.fft.rfft(part.astype(float), size) for part in (arrived, original))
    first = next(spectra)
    start = int(np.fft.irfft(first * np.conj(next(spectra)), size)[: len(arrived)].argmax())
    part = arrived[start : start + len(original)]
    if pitch(part[len(part) // 4 :], RATE) == pytest.approx(TONE_HZ, abs=2):
        return 0.0  # What baresip says before it speaks; PESQ gives it more than 2.
    return float(pesq(RATE, original, part, "nb"))


def at_rate(sound: Samples, source: int, target: int) -> Samples:
    if source == target:
        return sound
    resampler = Resampler(source, target)
    return np.concatenate([resampler.process(part) for part in frames(sound, source // 50)])


def test_what_comes_before_the_answer_is_heard(
    trust: Trust, kamailio: Kamailio, phone: Phone
) -> None:
    """An announcement: 183, sound both ways, and never an answer."""
    with registered(kamailio, trust.file, "dave") as dave, Sounder(TONE_HZ) as sounder:
        at = time.time()
        phone.send("dial", uri=f"sip:dave@{DOMAIN}")
        invite = dave.read_until(lambda packet: packet.start.startswith("INVITE "))
        dave.respond(invite, 183, "Session Progress", sounder.description())
        phone.wait_for("media", since=at)
        sounder.speak_to(invite.body)
        time.sleep(TALK_S)
        assert not phone.events("answered", at)
        phone.send("hangup")
        dave.respond(dave.read(), 200, "OK")
        dave.respond(invite, 487, "Request Terminated")
        phone.wait_for("ended", since=at)
        sound = sounder.heard()[round(SETTLED_S * RATE) :]
        assert pitch(sound, RATE) == pytest.approx(TONE_HZ, abs=2)
        assert level(sound) > -40
