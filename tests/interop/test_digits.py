"""Digits in calls with baresip, in each of the three ways and in both directions where it can: as
events (RFC 4733), by INFO, which baresip reads and does not write, and as sound.
"""

from __future__ import annotations

import time
import wave
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from firmware.media.dtmf import DigitEnded, DigitStarted
from firmware.media.dtmf_inband import DigitDetector
from tests.interop.baresip import Baresip, write_sound
from tests.interop.couple import Couple, couple
from tests.interop.phone import Event, Phone
from tests.unit.media.sounds import Samples, frames, sine

DIGITS = "159#"
PRESS_S = 0.25
"""Longer than baresip needs for a digit and the pause behind it."""

EVENTS, INFO, SOUND = "alice", "bob", "carol"
"""The accounts, by how they send their digits."""

WAYS = {"sip line2 dtmf method": "1", "sip line3 out-of-band dtmf": "0"}

TONES = {"1": (697, 1209), "5": (770, 1336), "9": (852, 1477), "#": (941, 1477)}
"""Q.23."""

RATE = 48000


@pytest.fixture(scope="module")
def ends(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Couple]:
    folder = tmp_path_factory.mktemp("digits")
    with couple(folder, (EVENTS, INFO, SOUND), WAYS, tone_hz=300) as made:
        yield made


def press_here(phone: Phone) -> None:
    for digit in DIGITS:
        phone.send("key", key=digit)
        time.sleep(PRESS_S)


def wait_heard_here(phone: Phone, since: float) -> None:
    def heard(event: Event) -> bool:
        return (event["fact"], event.get("digit")) == ("digit ended", DIGITS[-1])

    phone.wait_for("sound", 5, since, heard)
    facts = [event for event in phone.events("sound", since) if event["fact"] == "digit"]
    assert "".join(fact["digit"] for fact in facts) == DIGITS


def wait_heard_there(peer: Baresip, since: float) -> None:
    by = time.time() + 5
    while (heard := started(peer, since)) != DIGITS:
        assert time.time() < by, f"it heard {heard!r}"
        time.sleep(0.02)
    time.sleep(PRESS_S)
    assert started(peer, since) == DIGITS, "each of them once"


def started(peer: Baresip, since: float) -> str:
    events = [event for event in peer.events if event["at"] >= since]
    return "".join(e["param"] for e in events if e.get("type") == "CALL_DTMF_START")


def test_events_both_ways(ends: Couple) -> None:
    phone, peer = ends.phone, ends.peer
    with ends.talking(account=EVENTS) as at:
        press_here(phone)
        wait_heard_there(peer, at)
        for digit in DIGITS:
            peer.press(digit)
            time.sleep(PRESS_S)
        wait_heard_here(phone, at)
        assert not peer.says("^INFO ", at)


def test_info_to_baresip(ends: Couple) -> None:
    phone, peer = ends.phone, ends.peer
    with ends.talking(account=INFO) as at:
        press_here(phone)
        wait_heard_there(peer, at)
        assert len(peer.says("^INFO ", at)) == len(DIGITS)
        assert not phone.events("digit_failed", at)


def test_sound_both_ways(ends: Couple, tmp_path: Path) -> None:
    phone, peer = ends.phone, ends.peer
    file = tmp_path / "digits.wav"
    write_sound(file, spoken(), RATE)
    with ends.talking(account=SOUND) as at:
        port = phone.wait_for("media", since=at)["port"]
        assert peer.wait_to_say(f"^m=audio {port} ", at).split()[3:] == ["0", "8"], "no events"
        press_here(phone)
        peer.play(file)
        wait_heard_here(phone, at)
        assert not started(peer, at), "no event came beside the sound"
    assert digits_in(peer.heard_sound()) == DIGITS


def spoken() -> Samples:
    """Return the digits as sound, 100 ms each, between silences."""
    pause = np.zeros(RATE // 5, np.int16)
    pairs = [TONES[digit] for digit in DIGITS]
    parts = [sine(low, RATE, 0.1, 6000) + sine(high, RATE, 0.1, 6000) for low, high in pairs]
    return np.concatenate([pause] + [sound for part in parts for sound in (part, pause)])


def digits_in(file: Path) -> str:
    """Return the digits in a recording."""
    with wave.open(str(file)) as sound:
        rate, channels = sound.getframerate(), sound.getnchannels()
        samples = np.frombuffer(sound.readframes(sound.getnframes()), np.int16)[::channels]
    detector = DigitDetector(rate)
    facts = [fact for frame in frames(samples, rate // 50) for fact in detector.take(frame)]
    assert all(isinstance(fact, DigitStarted | DigitEnded) for fact in facts)
    return "".join(fact.digit for fact in facts if isinstance(fact, DigitStarted))
