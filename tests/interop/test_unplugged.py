"""The sound card is unplugged in the middle of a call, and plugged in again.

The far end speaks a tone; the phone plays it on PipeWire's card, whose microphone hears the
earpiece. So the far end hears its tone while there is a card, and silence while there is none.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.interop.accounts import DOMAIN
from tests.interop.conftest import Trust, phone_with_card
from tests.interop.kamailio import Kamailio
from tests.interop.parties import registered
from tests.interop.phone import Event, Phone
from tests.lab.sound import DEVICE, SoundServer
from tests.lab.sounder import PTIME_S, RATE, Sounder
from tests.unit.media.sounds import level, pitch

TONE_HZ = 440
SEEN_S = 15.0
"""A busy machine; the card is missed within a second, and looked for every two."""

CLOCKED_S = 3.0
GONE = f'the sound card "{DEVICE}" is gone'
MISSING = f'no sound card "{DEVICE}"'


@pytest.fixture
def server(tmp_path: Path) -> Iterator[SoundServer]:
    with SoundServer(tmp_path / "sound") as server:
        yield server


@pytest.fixture
def phone(tmp_path: Path, trust: Trust, kamailio: Kamailio, server: SoundServer) -> Iterator[Phone]:
    with phone_with_card(tmp_path / "phone", trust, kamailio, server) as phone:
        phone.wait_registered()
        yield phone


def until(done: Callable[[], bool], what: str) -> None:
    by = time.monotonic() + SEEN_S
    while not done():
        assert time.monotonic() < by, what
        time.sleep(0.1)


def hears_the_tone(sounder: Sounder) -> bool:
    """Whether its tone came back in the last half second."""
    lately = sounder.heard()[-RATE // 2 :]
    is_loud = len(lately) == RATE // 2 and level(lately) > -40
    return bool(is_loud and pitch(lately, RATE) == pytest.approx(TONE_HZ, abs=4))


def says(words: str) -> Callable[[Event], bool]:
    """Return whether a screen shows that."""
    return lambda screen: any(words in line for line in screen["text"])


def shows(phone: Phone, words: str) -> bool:
    at = time.time()
    phone.send("screen")
    return says(words)(phone.wait_for("screen", since=at))


def frames_in(sounder: Sounder, seconds: float) -> float:
    """Return how many packets of sound came, of those that should have."""
    before, at = len(sounder.heard()), time.monotonic()
    time.sleep(seconds)
    came = (len(sounder.heard()) - before) / (RATE * PTIME_S)
    return came / ((time.monotonic() - at) / PTIME_S)


def test_a_card_that_is_unplugged_in_a_call_costs_the_sound_and_not_the_call(
    trust: Trust, kamailio: Kamailio, phone: Phone, server: SoundServer
) -> None:
    with registered(kamailio, trust.file, "dave") as dave, Sounder(TONE_HZ) as sounder:
        phone.send("dial", uri=f"sip:dave@{DOMAIN}")
        invite = dave.read_until(lambda packet: packet.start.startswith("INVITE "))
        dave.respond(invite, 200, "OK", sounder.description())
        phone.wait_for("answered")
        sounder.speak_to(invite.body)
        until(lambda: hears_the_tone(sounder), "the tone does not come back")

        at = time.time()
        server.unplug()
        try:
            fault = phone.wait_for("sound_fault", SEEN_S, at)
            assert fault["text"].startswith((GONE, MISSING))
            until(lambda: shows(phone, "sound card"), "the screen does not say it")
            assert frames_in(sounder, CLOCKED_S) == pytest.approx(1, abs=0.2), "sent in time"
            assert level(sounder.heard()[-RATE // 2 :]) < -60, "silence"
            assert phone.status()["calls"]
        finally:
            at = time.time()
            server.plug_in()
        phone.wait_for("sound_fault", SEEN_S, at, lambda told: not told["text"])
        until(lambda: hears_the_tone(sounder), "the sound does not come back")
        until(lambda: not shows(phone, "sound card"), "the screen still says it")
        assert phone.status()["sound"]["restarts"]

        phone.send("hangup")
        dave.respond(dave.read_until(lambda packet: packet.start.startswith("BYE ")), 200, "OK")
        phone.wait_for("ended")
