"""Parts of the handset tried out for whoever sits at the console: one at a time, by the phone's own
drivers, and given back to the phone whatever ends it: time, Ctrl-C, a call that comes in.

While the keypad is tried, or the sound, keys and hook are heard here and not by the phone.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable

from drivers.interfaces import FRAME_S, LampPattern, Voice, nobody
from drivers.pictures import pictures
from firmware.agent.events import IncomingCall
from firmware.console.part_tests import Part
from firmware.phone.events import Report
from firmware.runtime.panel import Panel

KEY_S = 60.0
"""Without a key for so long, nobody is there any more: a console may be gone without a word."""

SHOWN_S = 2.0
"""Each picture, and each pattern of the lamp."""

TONE_S, ECHO_S = 1.0, 1.0
ECHOES = 5
TONE_HZ, TONE_PEAK = 500.0, 8000
"""Whole periods in a frame: one frame, again and again, is a tone without clicks."""

FULL = 32768.0
"""The loudest sample: levels are below that."""

Tell = Callable[[str], None]


class PartTests:
    """A panel and a sound card, and one test at a time."""

    def __init__(self, panel: Panel, voice: Voice) -> None:
        self._panel, self._voice = panel, voice
        self._running: asyncio.Task[str] | None = None
        self._ear: _Ear | None = None  # While the sound card is ours.

    async def run(self, part: Part, tell: Tell) -> str:
        """Try a part; `tell` what is seen of it. Return how it ended, as a sentence."""
        if self._running is not None:
            return "Another test is under way."
        trials = {
            Part.KEYPAD: self._keypad, Part.SCREEN: self._screen,
            Part.LAMP: self._lamp, Part.AUDIO: self._audio,
        }  # fmt: skip
        self._running = running = asyncio.create_task(trials[part](tell))
        try:
            await asyncio.wait({running})
        finally:
            running.cancel()
            self._running = None
        return "A call comes in: the test is over." if running.cancelled() else running.result()

    def take(self, output: object) -> None:
        """End the test where somebody calls: the phone needs its parts, and its sound at once."""
        if isinstance(output, Report) and isinstance(output.fact, IncomingCall) and self._running:
            self._stop_listening()
            self._running.cancel()

    async def _keypad(self, tell: Tell) -> str:
        heard: asyncio.Queue[str] = asyncio.Queue()
        with self._panel.lend_keys(heard.put_nowait):
            while True:
                try:
                    async with asyncio.timeout(KEY_S):
                        tell(await heard.get())
                except TimeoutError:
                    return f"No key for {KEY_S:.0f} s: the test is over."

    async def _screen(self, tell: Tell) -> str:
        with self._panel.lend_display() as display:
            for name, image in pictures(display.size):
                display.show(image, (name,))
                tell(name)
                await asyncio.sleep(SHOWN_S)
            return display.fault or "The phone has its display back."

    async def _lamp(self, tell: Tell) -> str:
        with self._panel.lend_lamp() as lamp:
            for pattern in (LampPattern.FLASHING, LampPattern.ON, LampPattern.OFF):
                lamp.show(pattern)
                tell(pattern.value)
                await asyncio.sleep(SHOWN_S)
            return lamp.fault or "The phone has its lamp back."

    async def _audio(self, tell: Tell) -> str:
        """A tone, then whatever the microphone hears, a frame later, and how loud that is."""
        ear = self._ear = _Ear(self._voice)
        with self._panel.lend_keys(nobody):
            self._voice.start(ear.tick)
            try:
                tell(f"a tone of {TONE_HZ:.0f} Hz")
                await asyncio.sleep(TONE_S)
                ear.echoes = True
                tell("speak: you hear yourself")
                for _ in range(ECHOES):
                    ear.peak = 0
                    await asyncio.sleep(ECHO_S)
                    tell(f"microphone {level(ear.peak)}")
                return self._voice.fault or f"{ear.frames} frames of {FRAME_S * 1000:.0f} ms."
            finally:
                self._stop_listening()

    def _stop_listening(self) -> None:
        if self._ear is not None:
            self._ear = None
            self._voice.stop()


class _Ear:
    """On the card's thread: plays a tone, then what it hears."""

    def __init__(self, voice: Voice) -> None:
        self._voice = voice
        self.echoes = False
        self.peak = self.frames = 0
        samples = voice.frame_bytes // 2
        step = 2 * math.pi * TONE_HZ / voice.rate
        wave = (round(TONE_PEAK * math.sin(step * number)) for number in range(samples))
        self._tone = b"".join(value.to_bytes(2, "little", signed=True) for value in wave)

    def tick(self) -> None:
        """Swap a frame."""
        heard = self._voice.take()
        self.frames += 1
        self.peak = max(self.peak, *map(abs, memoryview(heard).cast("h")))
        self._voice.give(heard if self.echoes else self._tone)


def level(peak: int) -> str:
    """Say how loud the loudest sample was: "-12 dB", or "silent"."""
    return f"{20 * math.log10(peak / FULL):.0f} dB" if peak else "silent"
