"""A program that plays a tone on the sound card and tells what it hears: for the driver's tests.

Each second it prints a JSON line: ticks, the loudness and the frequency of what was captured, the
counts and the fault.
"""

from __future__ import annotations

import json
import sys
import threading
from dataclasses import asdict

import numpy

from drivers.interfaces import FRAME_S
from drivers.voice import SoundCard

TONE_HZ = 425.0
LEVEL = 8000.0
WINDOW_S = 1.0


class Loopback:
    """Counts ticks, plays, listens."""

    def __init__(self, card: SoundCard) -> None:
        self.card = card
        self.heard: list[bytes] = []
        self.enough = threading.Event()
        self._played = 0

    def tick(self) -> None:
        """Take a frame, give a frame."""
        self.heard.append(self.card.take())
        self.card.give(self._tone())
        if len(self.heard) >= WINDOW_S / FRAME_S:
            self.enough.set()

    def _tone(self) -> bytes:
        samples = self.card.frame_bytes // 2
        at = numpy.arange(self._played, self._played + samples) / self.card.rate
        self._played += samples
        wave: bytes = (LEVEL * numpy.sin(2 * numpy.pi * TONE_HZ * at)).astype("<i2").tobytes()
        return wave

    def report(self) -> str:
        """Return what was heard since the last report."""
        heard, self.heard = self.heard, []
        self.enough.clear()
        sound = numpy.frombuffer(b"".join(heard), "<i2").astype(float)
        spectrum = numpy.abs(numpy.fft.rfft(sound))
        strongest = float(spectrum[1:].argmax() + 1) * self.card.rate / len(sound)
        facts = {
            "frames": len(heard),
            "loudness": float(numpy.sqrt(numpy.mean(sound**2))),
            "hertz": strongest,
            "fault": self.card.fault,
            **asdict(self.card.counts),
        }
        return json.dumps(facts)


def main() -> None:
    """Play until somebody stops the program."""
    loopback = Loopback(SoundCard(sys.argv[1]))
    loopback.card.start(loopback.tick)
    while loopback.enough.wait():
        print(loopback.report(), flush=True)


if __name__ == "__main__":
    main()
