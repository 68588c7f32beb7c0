"""How long sound takes from one card to another: a train of clicks, and both ends on one recording.

Theory of operation
-------------------
Clicks are played on the card `mouth`, whose microphone hears them. PipeWire's own recorder takes
what this card and the card `ear` play as the two channels of one stream, which has one clock: the
distance of a click in the one channel from its copy in the other is exact to the sample. Nothing
of the recorder's own delay is in it.

A click is a chirp of 20 ms over the telephone's band, so that every codec lets it through, and its
copy is found as the peak of the correlation.
"""

from __future__ import annotations

import signal
import subprocess
import time
import wave
from pathlib import Path

import numpy as np

from tests.lab.processes import Program
from tests.lab.sound import SoundServer
from tests.unit.media.sounds import Samples

RATE = 48_000
MOUTH, EAR = "mouth", "ear"

CLICK_S = 0.02
PERIOD_S = 0.5
LONGEST_S = 0.4
"""A copy that comes later is not looked for: the next click is near."""

FROM_HZ, TO_HZ = 400.0, 3000.0
LOUDNESS = 20_000
STARTS_S = 1.0
HEARD = 1500
"""What is louder than this is a click: a codec's noise is far below."""


def click() -> Samples:
    """Return one click."""
    moments = np.arange(round(CLICK_S * RATE)) / RATE
    phase = 2 * np.pi * (FROM_HZ + (TO_HZ - FROM_HZ) * moments / CLICK_S / 2) * moments
    return np.rint(LOUDNESS * np.hanning(len(moments)) * np.sin(phase)).astype(np.int16)


def play_and_record(server: SoundServer, directory: Path, clicks: int) -> list[float]:
    """Play a train on the mouth; return each click's seconds to the ear."""
    train, heard = directory / "train.wav", directory / "heard.wav"
    period = np.zeros(round(PERIOD_S * RATE), np.int16)
    period[: len(click())] = click()
    _write(train, np.tile(period, clicks))
    recorder = _recorder(server, heard)
    try:
        words = [*server.prefix, "pw-play", "--target", MOUTH, str(train)]
        subprocess.run(words, check=True, capture_output=True)
        time.sleep(LONGEST_S)
    finally:
        recorder.signal(signal.SIGINT)
        recorder.stop()
    return delays(*_read(heard))


def delays(mouth: Samples, ear: Samples) -> list[float]:
    """Return each click's delay in seconds; one that does not arrive gives none."""
    one = click().astype(float)
    found = []
    at, reach = 0, round(LONGEST_S * RATE)
    while (loud := np.flatnonzero(np.abs(mouth[at : -reach - len(one)].astype(int)) > HEARD)).size:
        start = max(0, at + int(loud[0]) - len(one))
        said_at = start + _peak(mouth[start : start + 3 * len(one)], one)
        window = ear[said_at : said_at + reach + len(one)]
        if np.abs(window.astype(int)).max() > HEARD:
            found.append(_peak(window, one) / RATE)
        at = said_at + round(PERIOD_S * RATE / 2)
    return found


def _peak(sound: Samples, one: np.ndarray[tuple[int], np.dtype[np.float64]]) -> int:
    return int(np.abs(np.correlate(sound.astype(float), one, "valid")).argmax())


def _recorder(server: SoundServer, file: Path) -> Program:
    """Record the mouth on the left and the ear on the right."""
    file.unlink(missing_ok=True)
    words = ["pw-record", "--target", "0", "--channels", "2", "--rate", str(RATE)]
    program = Program([*server.prefix, *words, "--format", "s16", str(file)])
    for device, channel in ((MOUTH, "FL"), (EAR, "FR")):
        _link(server, f"{device}:capture_MONO", f"pw-record:input_{channel}")
    return program


def _link(server: SoundServer, source: str, target: str) -> None:
    """Join two ports; the recorder's come a moment after its start."""
    by = time.monotonic() + STARTS_S * 5
    words = [*server.prefix, "pw-link", source, target]
    while subprocess.run(words, capture_output=True, check=False).returncode:
        assert time.monotonic() < by, f"no {source} or {target}"
        time.sleep(0.05)


def _write(path: Path, sound: Samples) -> None:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(sound.tobytes())


def _read(path: Path) -> tuple[Samples, Samples]:
    with wave.open(str(path)) as file:
        both = np.frombuffer(file.readframes(file.getnframes()), np.int16).reshape(-1, 2)
    return both[:, 0], both[:, 1]
