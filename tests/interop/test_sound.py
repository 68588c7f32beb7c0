"""Calls that are heard: baresip says a tone, the phone plays it on PipeWire's sound card, its
microphone hears the earpiece, and baresip records what comes back.
"""

from __future__ import annotations

import time
import wave
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.interop.accounts import DOMAIN
from tests.interop.baresip import Baresip
from tests.interop.conftest import Trust
from tests.interop.kamailio import Kamailio
from tests.interop.phone import Phone
from tests.lab.sound import DEVICE, SoundServer
from tests.unit.media.sounds import level, pitch

TONE_HZ = 440
TALK_S = 3.0
SETTLED_S = 1.5
"""Two jitter buffers have filled by then."""

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
    more = {"sip srtp mode": "2", "sound device": DEVICE}
    proxy = (kamailio.host, kamailio.port)
    with Phone(
        tmp_path / "phone", proxy, trust.file, ("alice",), more=more, prefix=server.prefix
    ) as phone:
        phone.wait_registered()
        yield phone


def recorded(peer: Baresip) -> tuple[np.ndarray[Any, np.dtype[np.int16]], int]:
    """Return what it heard after everything had settled, and the rate."""
    with wave.open(str(peer.heard_sound())) as file:
        rate = file.getframerate()
        sound = np.frombuffer(file.readframes(file.getnframes()), np.int16)
        return sound[:: file.getnchannels()][round(SETTLED_S * rate) :], rate


@pytest.mark.parametrize("codec", CODECS)
def test_a_tone_comes_back_through_the_phones_sound_card(
    tmp_path: Path, trust: Trust, kamailio: Kamailio, phone: Phone, codec: str
) -> None:
    proxy = (kamailio.host, kamailio.port)
    peer = Baresip(
        tmp_path / "baresip",
        trust.file,
        proxy,
        codecs=CODECS[codec],
        tone_hz=TONE_HZ,
        encryption="srtp-mand",
    )
    with peer:
        at = time.time()
        peer.dial(f"sip:alice@{DOMAIN}")
        phone.wait_for("incoming", since=at)
        phone.send("answer")
        peer.wait_for("CALL_ESTABLISHED", at)
        media = phone.wait_for("media", since=at)
        assert media["codec"] == codec
        assert media["encrypted"]
        time.sleep(TALK_S)
        peer.hang_up()
        phone.wait_for("ended", since=at)
        assert not phone.events("sound_fault", at)
        sound, rate = recorded(peer)
        assert pitch(sound, rate) == pytest.approx(TONE_HZ, abs=2)
        assert level(sound) > -40
